"""ONNX Runtime and OpenVINO: the encoder exported from PyTorch once, with any batch and length; for ONNX Runtime also as
its own optimizer for BERT rewrites it."""

from peers import BUCKETINGS, batches, bert


def exported(folder):
    path = folder / "minilm-shape.onnx"
    if path.exists():
        return path
    import torch

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = bert()
            self.model.set_attn_implementation("eager")

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    any_size = {0: "batch", 1: "length"}
    words = torch.ones(2, 8, dtype=torch.long)
    torch.onnx.export(
        Plain(),
        (words, words),
        str(path),
        input_names=["ids", "mask"],
        output_names=["y"],
        dynamic_axes={"ids": any_size, "mask": any_size, "y": any_size},
        opset_version=17,
        dynamo=False,
    )
    return path


def onnxruntime_calls(path, threads):
    """[(name, how to run one batch)]"""
    import onnxruntime
    from onnxruntime.transformers import optimizer

    fused = path.with_suffix(".fused.onnx")
    if not fused.exists():
        optimizer.optimize_model(str(path), model_type="bert", num_heads=12, hidden_size=384).save_model_to_file(str(fused))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    found = []
    for name, file in ((f"ONNX Runtime {onnxruntime.__version__}", path), ("  as optimized for BERT", fused)):
        session = onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
        found.append((name, lambda feed, session=session: session.run(None, feed)))
    return found


def openvino_calls(path, threads):
    import openvino

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    return [(f"OpenVINO {openvino.__version__.split('-')[0]}", request.infer)]


def minilm(who, folder, tokens, lengths, threads):
    calls = {"onnxruntime": onnxruntime_calls, "openvino": openvino_calls}[who](exported(folder), threads)

    def way(count, run):
        feeds = [{"ids": ids, "mask": mask} for ids, mask in batches(tokens, lengths, count)]
        return lambda: [run(feed) for feed in feeds]

    return [(f"{name} in {n}", way(n, run)) for name, run in calls for n in BUCKETINGS]
