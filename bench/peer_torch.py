"""PyTorch, with its products as they come and by oneDNN."""

import copy

import torch
from peers import BUCKETINGS, batches, bert


class Linear(torch.nn.Module):
    """On AMD processors MKL, which nn.Linear calls, leaves AVX-512 alone; oneDNN, in the same package, is twice as fast."""

    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, x):
        return torch.ops.mkldnn._linear_pointwise(x, self.of.weight, self.of.bias, "none", [], "")


def by_onednn(module):
    for name, child in list(module.named_children()):
        setattr(module, name, Linear(child)) if isinstance(child, torch.nn.Linear) else by_onednn(child)
    return module


def minilm(who, folder, tokens, lengths, threads):
    torch.set_num_threads(threads)
    model = bert()

    def way(count, model):
        groups = [
            {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            for ids, mask in batches(tokens, lengths, count)
        ]

        def call():
            with torch.inference_mode():
                for group in groups:
                    model(**group)

        return call

    ways = [(f"torch {torch.__version__} in {n}", way(n, model)) for n in BUCKETINGS]
    faster = by_onednn(copy.deepcopy(model))
    return ways + [(f"  by oneDNN in {n}", way(n, faster)) for n in BUCKETINGS]
