"""PyTorch on the same MiniLM shape, for bench/run.py --peers torch: the best of four ways to put sentences into batches,
with its products as they come and by oneDNN."""

import copy

import numpy as np

from measure import Trouble

BUCKETINGS = (1, 2, 4, 8)


def minilm(tokens, lengths, threads):
    """[(name, call)]: one call encodes all sentences, sorted by length, in 1, 2, 4 or 8 padded batches."""
    try:
        import torch
        from transformers import BertConfig, BertModel
    except ImportError as error:
        raise Trouble(f"--peers torch: {error}; pip install torch==2.13.0 transformers") from None
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    config = BertConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    model = BertModel(config, add_pooling_layer=False).eval()

    # On AMD processors MKL, which nn.Linear calls, leaves AVX-512 alone; oneDNN, in the same package, is twice as fast.
    class Linear(torch.nn.Module):
        def __init__(self, of):
            super().__init__()
            self.of = of

        def forward(self, x):
            return torch.ops.mkldnn._linear_pointwise(x, self.of.weight, self.of.bias, "none", [], "")

    def by_onednn(module):
        for name, child in list(module.named_children()):
            setattr(module, name, Linear(child)) if isinstance(child, torch.nn.Linear) else by_onednn(child)
        return module

    starts = np.concatenate([[0], np.cumsum(lengths)])
    sentences = sorted((tokens[a:b] for a, b in zip(starts, starts[1:])), key=len)

    def batch(group):
        longest = max(map(len, group))
        ids = np.zeros((len(group), longest), np.int64)
        mask = np.zeros_like(ids)
        for i, sentence in enumerate(group):
            ids[i, : len(sentence)], mask[i, : len(sentence)] = sentence, 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

    def way(count, model):
        size = len(sentences) // count
        groups = [batch(sentences[i : i + size]) for i in range(0, len(sentences), size)]

        def call():
            with torch.inference_mode():
                for group in groups:
                    model(**group)

        return call

    ways = [(f"torch {torch.__version__} in {n}", way(n, model)) for n in BUCKETINGS]
    faster = by_onednn(copy.deepcopy(model))
    return ways + [(f"  by oneDNN in {n}", way(n, faster)) for n in BUCKETINGS]
