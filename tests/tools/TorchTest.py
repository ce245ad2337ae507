"""`rondo import` against a live PyTorch: 1 to 3 layers, both directions, larger and odd sizes. Needs torch."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from torch_layers import CASES, model_of, name_of, run_torch

torch = pytest.importorskip("torch", reason="torch is not installed (scripts/test.sh --all)")
if not hasattr(torch, "manual_seed"):  # the folder of recorded answers beside this file looks like a package
    pytest.skip("torch is not installed (scripts/test.sh --all)", allow_module_level=True)
RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")
MAPS = Path(os.environ["RONDO_SOURCE"]) / "models" / "maps"


@pytest.mark.parametrize("case", CASES, ids=lambda case: name_of(*case))
@pytest.mark.parametrize("inputs, hidden", [(24, 64), (7, 33)])
def test_layers_agree(tmp_path, case, inputs, hidden):
    weights, reference = run_torch(*case, inputs, hidden, lengths=[97, 1, 40, 16, 33, 64, 2], seed=hidden)
    np.savez(tmp_path / "weights.npz", **weights)
    np.savez(tmp_path / "reference.npz", **reference)
    command = [RONDO, "import", *model_of(*case, inputs, hidden), tmp_path / "weights.npz", "--map",
               MAPS / f"torch_{case[0]}.map", "--reference", tmp_path / "reference.npz",
               "-o", tmp_path / "out.safetensors"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout.rstrip().endswith("ok"), done.stdout + done.stderr
