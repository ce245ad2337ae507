"""`rondo import` on weights and outputs recorded from PyTorch (torch/, made by torch_layers.py)."""

import os
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torch_layers import CASES, HERE, model_of, name_of

RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")
MAPS = Path(os.environ["RONDO_SOURCE"]) / "models" / "maps"


def run_import(folder, case, map_file, weights, *more):
    command = [RONDO, "import", *model_of(*case), weights, "--map", map_file, "-o", folder / "out.safetensors", *more]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("case", CASES, ids=lambda case: name_of(*case))
def test_recorded_layers_agree(tmp_path, case):
    recorded = HERE / "torch" / name_of(*case)
    done = run_import(tmp_path, case, MAPS / f"torch_{case[0]}.map", f"{recorded}.weights.npz",
                      "--reference", f"{recorded}.reference.npz")
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("unused 0  missing 0  shape errors 0") and last.endswith("ok")
    assert (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("kind, right, swapped", [("lstm", "Wi Wf Wg Wo", "Wf Wi Wg Wo"), ("gru", "Ur Uz Un", "Uz Ur Un")])
def test_permuted_gates_are_caught_by_the_reference(tmp_path, kind, right, swapped):
    wrong = tmp_path / "wrong.map"
    wrong.write_text((MAPS / f"torch_{kind}.map").read_text().replace(right, swapped))
    recorded = HERE / "torch" / name_of(kind, 2, True)
    weights, reference = f"{recorded}.weights.npz", f"{recorded}.reference.npz"
    # Every tensor fits; only the numbers can tell.
    assert run_import(tmp_path, (kind, 2, True), wrong, weights).returncode == 0
    (tmp_path / "out.safetensors").unlink()
    done = run_import(tmp_path, (kind, 2, True), wrong, weights, "--reference", reference)
    assert done.returncode == 1 and "DIFFERENT" in done.stdout and "nothing written" in done.stderr
    assert not (tmp_path / "out.safetensors").exists()


def test_a_gru_of_another_equation_is_caught(tmp_path):
    """`gru` resets before the product, PyTorch after it: the layout agrees but for one bias."""
    case = ("gru", 1, False)
    path, *sizes = model_of(*case)
    model = tmp_path / "torch.rondo"
    model.write_text(path.read_text().replace("gru_reset_after", "gru"))
    other = tmp_path / "gru.map"
    other.write_text((MAPS / "torch_gru.map").read_text().replace("_ _ cn", "_ _ _"))
    recorded = HERE / "torch" / name_of(*case)
    command = [RONDO, "import", model, *sizes, f"{recorded}.weights.npz", "--map", other, "-o", tmp_path / "out.safetensors",
               "--reference", f"{recorded}.reference.npz"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr


def test_every_tensor_is_accounted_for(tmp_path):
    recorded = np.load(HERE / "torch" / "lstm1.weights.npz")
    weights = {name: recorded[name] for name in recorded.files}
    weights["extra"] = np.zeros(3, np.float32)
    del weights["bias_hh_l0"]
    weights["weight_hh_l0"] = weights["weight_hh_l0"][:, :5]
    np.savez(tmp_path / "odd.npz", **weights)
    done = run_import(tmp_path, ("lstm", 1, False), MAPS / "torch_lstm.map", tmp_path / "odd.npz")
    assert done.returncode == 1 and not (tmp_path / "out.safetensors").exists()
    assert "unused: extra [3]" in done.stdout
    assert "missing: fore.0.bf [10]" in done.stdout
    assert "fore.0.Ui is [10, 10] in the model, and [10, 5] comes from the file" in done.stdout
    assert "the file has no bias_hh_l0" in done.stdout


def test_checkpoints_of_torch_are_told_what_to_become(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
    (tmp_path / "empty.map").write_text("")
    command = [RONDO, "import", *model_of("lstm", 1, False), "model.pt", "--map", "empty.map"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 2 and "safetensors.torch.save_file" in done.stderr


def test_names_do_not_steer_the_terminal(tmp_path):
    np.savez(tmp_path / "w.npz", **{"a\x1b[31m": np.zeros(3, np.float32)})
    (tmp_path / "empty.map").write_text("")
    for words in (["inspect", "w.npz"], ["import", *model_of("lstm", 1, False), "w.npz", "--map", "empty.map"]):
        done = subprocess.run([RONDO, *map(str, words)], capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert "\x1b" not in done.stdout + done.stderr and "a?[31m" in done.stdout, done.stderr


def test_numbers_beyond_f32_are_told(tmp_path):
    (tmp_path / "w.rondo").write_text("model W() {\n  param b : [2]\n  fn f(x: [T, 2]) -> [T, 2] { return y[t, i] = b[i] * x[t, i] }\n  export f\n}\n")
    (tmp_path / "b.map").write_text("b -> b\n")
    for number, right in ((1e300, False), (np.inf, True), (1e-300, True)):
        np.savez(tmp_path / "b.npz", b=np.array([1, number]))
        command = [RONDO, "import", "w.rondo", "b.npz", "--map", "b.map"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert done.returncode == (0 if right else 1) and ("b holds 1.0" in done.stdout) != right, done.stdout + done.stderr


MASKED = """model Masked(H = 4) {
  param W : [H]
  fn f(x: [T, H]) -> [T] { return y[t] = if t < 1 then log(0) else sum(i) W[i] * x[t, i] }
  export f
}
"""


@pytest.mark.parametrize("want, right", [([-np.inf, 4, 4], True), ([-np.inf, 4, 5], False), ([np.inf, 4, 4], False), ([0, 4, 4], False)])
def test_infinities_are_compared(tmp_path, want, right):
    (tmp_path / "masked.rondo").write_text(MASKED)
    (tmp_path / "masked.map").write_text("W -> W\n")
    (tmp_path / "masked").mkdir()  # a folder is no map
    (tmp_path / "maps").mkdir()
    (tmp_path / "masked.map").rename(tmp_path / "maps" / "masked.map")
    np.savez(tmp_path / "w.npz", W=np.ones(4, np.float32))
    np.savez(tmp_path / "reference.npz", x=np.ones((3, 4), np.float32), y=np.array(want, np.float32))
    command = [RONDO, "import", "masked.rondo", "w.npz", "--map", "masked", "--reference", "reference.npz"]
    missing = subprocess.run(command[:4] + ["--map", "w"], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert missing.returncode == 2 and "no map `w`: neither a file, nor in `maps`" in missing.stderr
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == (0 if right else 1), done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("ok" if right else "DIFFERENT")


def test_a_reference_that_says_nothing(tmp_path):
    (tmp_path / "masked.rondo").write_text(MASKED)
    (tmp_path / "w.map").write_text("W -> W\n")
    np.savez(tmp_path / "w.npz", W=np.ones(4, np.float32))
    x, y = np.ones((3, 4), np.float32), np.array([-np.inf, 4, 4], np.float32)
    for reference, says in (
        ({"x": x[:0], "y": y[:0], "T.offsets": np.array([0])}, "holds no example"),
        ({"x": x, "y": y[None]}, "y has shape [1, 3], the model gives [3]"),
        ({"x": x.T, "y": y, "T.offsets": np.array([0, 3])}, "x has shape [4, 3], and 3 rows of [4] are expected"),
        ({"x": x}, "none of the results"),
    ):
        np.savez(tmp_path / "reference.npz", **reference)
        command = [RONDO, "import", "masked.rondo", "w.npz", "--map", "w.map", "--reference", "reference.npz"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert done.returncode in (1, 2) and says in done.stderr and not (tmp_path / "w.rondo.safetensors").exists(), done.stderr
