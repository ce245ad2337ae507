"""The examples of the documentation: a model compiled from its equations, called from C and from Python."""

import json
import os
import struct
import subprocess

import numpy as np
import pytest
import rondo

SOURCE, BUILD = os.environ["RONDO_SOURCE"], os.environ["RONDO_BUILD"]
TEXTS = [b"In the beginning", b"was", b"the Word, and the Word was with God"]


def write_safetensors(path, cells, seed):
    random, header, data = np.random.default_rng(seed), {}, b""
    for cell in cells:
        array = random.normal(0, 0.3, cell["shape"]).astype("<f4")
        header[cell["name"]] = {
            "dtype": "F32",
            "shape": cell["shape"],
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture(scope="module")
def charlm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("charlm")
    command = [f"{BUILD}/bin/rondo", "compile", f"{SOURCE}/models/lstm_lm.rondo", "H=32", "-o", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((folder / "charlm.json").read_text())
    write_safetensors(folder / "w.safetensors", manifest["cells"], seed=7)
    return folder


def test_python(charlm):
    lm = rondo.load(charlm / "libcharlm.so", charlm / "w.safetensors", threads=2)
    lm.selftest()
    rows = lm.logits(TEXTS)
    scores = lm.score(TEXTS)
    assert [len(each) for each in rows] == [len(text) for text in TEXTS] and rows[0].shape[1] == 256
    for i, text in enumerate(TEXTS):
        np.testing.assert_array_equal(lm.logits([text])[0], rows[i])  # alone: the same bits
        z = rows[i].astype(np.float64)
        log_softmax = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        ids = np.frombuffer(text, dtype=np.uint8)
        np.testing.assert_allclose(scores[i], log_softmax[np.arange(len(ids) - 1), ids[1:]].sum(), rtol=1e-5)
    lm.save(charlm / "charlm.weights")
    np.testing.assert_array_equal(rondo.load(charlm / "libcharlm.so", charlm / "charlm.weights").score(TEXTS), scores)


@pytest.mark.parametrize("compiler", ["gcc", "clang-22"])
def test_c(charlm, compiler):
    program = charlm / f"score-{compiler}"
    subprocess.run(
        [compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", charlm, f"{SOURCE}/docs/examples/score.c"]
        + [charlm / "libcharlm.a", "-lm", "-pthread", "-o", program],
        check=True,
    )
    done = subprocess.run([program, charlm / "w.safetensors", *TEXTS], capture_output=True, check=True)
    lines = done.stdout.splitlines()
    want = rondo.load(charlm / "libcharlm.so", charlm / "w.safetensors").score(TEXTS)
    assert lines == [b"%.4f  %s" % (score, text) for score, text in zip(want, TEXTS)]
    refused = subprocess.run([program, "/nonexistent", "x"], capture_output=True)
    assert refused.returncode == 1 and refused.stderr == b"score: cannot open /nonexistent\n"
    refused = subprocess.run([program, charlm / "w.safetensors", "x", ""], capture_output=True)
    assert refused.returncode == 1 and refused.stderr.endswith(b": example 1 has T = 0; at least 1\n")


@pytest.mark.parametrize("compiler", ["g++", "clang++-22"])
def test_cpp(charlm, compiler):
    program = charlm / f"score-{compiler}"
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wold-style-cast", "-Werror"]
    subprocess.run(
        [compiler, "-std=c++17", *warnings, "-I", charlm, f"{SOURCE}/docs/examples/score.cpp", charlm / "libcharlm.a", "-lm"]
        + ["-pthread", "-o", program],
        check=True,
    )
    done = subprocess.run([program, charlm / "w.safetensors", *TEXTS], capture_output=True, check=True)
    lm = rondo.load(charlm / "libcharlm.so", charlm / "w.safetensors")
    want = zip(lm.score(TEXTS), TEXTS, lm.logits(TEXTS))
    assert done.stdout.splitlines() == [b"%.4f  %s (then %d)" % (score, text, rows[-1].argmax()) for score, text, rows in want]
    refused = subprocess.run([program, "/nonexistent", "x"], capture_output=True)
    assert refused.returncode == 1 and refused.stderr == b"score: cannot open /nonexistent\n"
    refused = subprocess.run([program, charlm / "w.safetensors", "x", ""], capture_output=True)
    assert refused.returncode == 1 and refused.stderr.endswith(b": example 1 has T = 0; at least 1\n")


def test_a_library_compiled_anew_under_a_program(tmp_path):
    """Its structs may be others: the program is told, before they are read."""
    model = "model Small(E = 2) {\n  fn f(%sx: [T, E]) -> [T, E] { return y[t, e] = 2 * x[t, e] }\n  export f\n}\n"
    (tmp_path / "main.cpp").write_text(
        '#include "small.hpp"\n#include <cstdio>\nint main() {\n  try {\n'
        '    small::Model model;\n    std::printf("%g\\n", double(model.f({{1, 2}}).data[1]));\n'
        '  } catch (const rondo::Error &error) {\n    std::printf("%d %s\\n", int(error.code()), error.what());\n  }\n}\n')
    said = []
    for first in ("", "k: int[T], "):
        (tmp_path / "small.rondo").write_text(model % first)
        subprocess.run([f"{BUILD}/bin/rondo", "compile", "small.rondo", "-q"], cwd=tmp_path, check=True)
        if not said:
            subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "main.cpp", "-L.", "-lsmall", "-Wl,-rpath," + str(tmp_path), "-o", "main"],
                           cwd=tmp_path, check=True)
        said.append(subprocess.run(["./main"], cwd=tmp_path, capture_output=True, text=True).stdout)
    assert said == ["4\n", "5 small: the library is not the one that small.hpp was made with\n"]
