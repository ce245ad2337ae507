"""PyTorch's recurrent layers and their Rondo models (models/torch), shared by the tests of `rondo import`.

Run as a program (with torch installed) this records weights and outputs of a few layers into torch/, so that the tests
need no torch: python torch_layers.py
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "models" / "torch"
LENGTHS = [7, 1, 12, 3, 17]
KINDS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
CASES = [(kind, layers, both) for kind in KINDS for layers in (1, 2, 3) for both in (False, True)]


def name_of(kind, layers, both):
    return f"{kind}{layers}{'_both' if both else ''}"


def model_of(kind, layers, both, inputs=6, hidden=10):
    """The words of the command line that name the model and its sizes."""
    return [MODELS / f"{'bi' if both else ''}{kind}.rondo", f"E={inputs}", f"H={hidden}", f"L={layers}"]


def run_torch(kind, layers, both, inputs, hidden, lengths=LENGTHS, seed=0):
    """(weights, reference): what `rondo import` reads and what it compares with."""
    import torch

    torch.manual_seed(seed)
    module = getattr(torch.nn, KINDS[kind])(inputs, hidden, layers, bidirectional=both, batch_first=True)
    examples = [torch.randn(length, inputs) for length in lengths]
    with torch.no_grad():
        states = [module(x[None])[0][0] for x in examples]
    weights = {name: value.numpy() for name, value in module.state_dict().items()}
    reference = {
        "x": torch.cat(examples).numpy(),
        "read": torch.cat(states).numpy(),
        "T.offsets": np.cumsum([0, *lengths]),
    }
    return weights, reference


def record():
    for case in CASES:
        weights, reference = run_torch(*case, inputs=6, hidden=10)
        np.savez_compressed(HERE / "torch" / f"{name_of(*case)}.weights.npz", **weights)
        np.savez_compressed(HERE / "torch" / f"{name_of(*case)}.reference.npz", **reference)


if __name__ == "__main__":
    sys.exit(record())
