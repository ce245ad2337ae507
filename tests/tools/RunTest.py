"""`rondo run`: inputs and results as JSON lines and NPZ, on the hand-written library of tests/runtime."""

import json
import os
import struct
import subprocess

import numpy as np
import pytest

RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")
LIBRARY = os.path.join(os.environ["RONDO_BUILD"], "tests", "runtime", "libone.so")
E = np.arange(24, dtype=np.float32).reshape(8, 3) / 4
B = np.array([100, 200, 300], dtype=np.float32)


@pytest.fixture
def weights(tmp_path):
    header, data = {}, b""
    for name, array in {"E": E, "b": B}.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def run(weights, *words, text=None):
    command = [RONDO, "run", LIBRARY, "--weights", str(weights), *map(str, words)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)


def mean(ids):
    return (E[list(ids)].mean(axis=0) if len(ids) else 0) + B


def test_json_lines_in_and_out(weights):
    done = run(weights, "--fn", "mean", text='{"text": [1, 2, 3]}\n{"text": []}\n{"text": [7]}\n')
    assert done.returncode == 0 and done.stderr == "", done.stderr
    rows = [json.loads(line)["mean"] for line in done.stdout.splitlines()]
    assert np.allclose(rows, [mean([1, 2, 3]), mean([]), mean([7])])


def test_several_axes_and_results(weights):
    line = {"x": [[1, 2], [3, 4], [5, 6]], "y": [[1, 0], [0, 1]], "gold": [2, 0], "flag": True}
    done = run(weights, "--fn", "dots", text=json.dumps(line) + "\n")
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert np.array(out["dots"]).shape == (3, 2) and len(out["twice"]) == 2


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_in_and_out(weights, tmp_path, save):
    ids = [[1, 2, 3], [7], [4, 4]]
    save(tmp_path / "in.npz", **{"text": np.concatenate(ids).astype(np.int64), "T.offsets": np.cumsum([0, 3, 1, 2])})
    done = run(weights, "--fn", "mean", "-i", tmp_path / "in.npz", "-o", tmp_path / "out.npz")
    assert done.returncode == 0 and done.stdout == "", done.stderr
    out = np.load(tmp_path / "out.npz")
    assert np.allclose(out["mean"], [mean(one) for one in ids]) and out["T.offsets"].tolist() == [0, 3, 4, 6]


def test_npz_of_one_example_needs_no_offsets(weights, tmp_path):
    np.savez(tmp_path / "in.npz", text=np.array([5, 6], np.int32))
    done = run(weights, "--fn", "mean", "-i", tmp_path / "in.npz", "--format", "jsonl")
    assert np.allclose(json.loads(done.stdout)["mean"], mean([5, 6]))


def test_what_is_wrong_is_named(weights):
    for words, text, hint in (
        (["--fn", "mean"], '{"text": [1, 9]}\n', "error: mean: text[1] is 9; expected 0 to 7 (status 7)\n"),  # the library itself refuses the id
        (["--fn", "mean"], '{"text": [1]}\n{"txt": [1]}\n', "line 2: `txt` is no input of mean, which has: text"),
        (["--fn", "mean"], '{"text": [1]}\n{}\n', '<stdin>: line 2: input "text" is missing'),
        (["--fn", "mean"], '{"text": [1.5]}\n', "line 1"),
        (["--fn", "mean"], "nonsense\n", "line 1"),
        ([], "", "which fn? --fn is one of: mean, dots"),
        (["--fn", "men"], "", "there are: mean, dots"),
    ):
        done = run(weights, *words, text=text)
        assert done.returncode == 2 and done.stdout == "" and hint in done.stderr, (words, text, done.stderr)
