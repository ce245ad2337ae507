"""Other systems on the MiniLM shape, for bench/run.py --peers: the same sentences, sorted by length and put into 1, 2, 4
or 8 padded batches, since none of them takes a ragged batch. The best of the four is the peer."""

import importlib

import numpy as np

from measure import Trouble

BUCKETINGS = (1, 2, 4, 8)
NEEDS = {
    "torch": ("peer_torch", "torch==2.13.0 transformers"),
    "onnxruntime": ("peer_onnx", "torch==2.13.0 transformers onnx onnxruntime"),
    "openvino": ("peer_onnx", "torch==2.13.0 transformers onnx openvino"),
}


def batches(tokens, lengths, count):
    """[(ids, mask)]: so many batches of equally many sentences, padded to the longest of each."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    sentences = sorted((tokens[a:b] for a, b in zip(starts, starts[1:])), key=len)
    size, made = len(sentences) // count, []
    for i in range(0, len(sentences), size):
        group = sentences[i : i + size]
        ids = np.zeros((len(group), max(map(len, group))), np.int64)
        mask = np.zeros_like(ids)
        for j, sentence in enumerate(group):
            ids[j, : len(sentence)], mask[j, : len(sentence)] = sentence, 1
        made.append((ids, mask))
    return made


def bert():
    """BertModel of MiniLM's shape; random weights cost the same time as real ones."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    return BertModel(config, add_pooling_layer=False).eval()


def minilm(who, folder, tokens, lengths, threads):
    """[(name, call)] of one peer: a call encodes all sentences."""
    module, packages = NEEDS[who]
    try:
        return importlib.import_module(module).minilm(who, folder, tokens, lengths, threads)
    except ImportError as error:
        raise Trouble(f"--peers {who}: {error}; pip install {packages}") from None
