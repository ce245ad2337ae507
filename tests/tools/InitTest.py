"""`rondo init`: a new cell has weights before anything is trained."""

import json
import os
import subprocess

import numpy

RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")
MODEL = """model Small(V = vocab(7), H = 6) {
  param E : [V, H] = normal(0.5)
  param W : [H, H] = orthogonal
  param U : [H, H] = glorot
  param b : [H]    = 0.25
  fn logits(text: token(V)[T]) -> [T, V] {
    h[t] = tanh(W @ E[text[t]] + U @ h[t-1] + b)   where h[-1] = 0
    return z[t] = E @ h[t]
  }
  export logits
}
"""


def rondo(*words, **options):
    return subprocess.run([RONDO, *words], capture_output=True, text=True, timeout=300, **options)


def read(path):
    """A safetensors file without the package of that name: a header of JSON, then plain floats."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    return {name: numpy.frombuffer(data[8 + length:], "<f4")[entry["data_offsets"][0] // 4:entry["data_offsets"][1] // 4]
            .reshape(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def test_values_are_what_the_initialisers_say(tmp_path):
    (tmp_path / "small.rondo").write_text(MODEL)
    done = rondo("init", "small.rondo", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "wrote small.safetensors: 4 tensors, 120 values, seed 1\n"
    weights = read(tmp_path / "small.safetensors")
    assert sorted(weights) == ["E", "U", "W", "b"]
    assert (weights["b"] == 0.25).all()
    assert numpy.abs(weights["W"] @ weights["W"].T - numpy.eye(6)).max() < 1e-6
    assert 0 < numpy.abs(weights["U"]).max() <= (6 / 12) ** 0.5
    assert 0.2 < weights["E"].std() < 1


def test_the_seed_decides_and_nothing_is_overwritten(tmp_path):
    (tmp_path / "small.rondo").write_text(MODEL)
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert rondo("init", "small.rondo", "--seed", seed, "-o", name, cwd=tmp_path).returncode == 0
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b and a != c
    refused = rondo("init", "small.rondo", "-o", "a", cwd=tmp_path)
    assert refused.returncode == 2 and "a exists" in refused.stderr and "--force" in refused.stderr
    assert rondo("init", "small.rondo", "--seed=4", "--force", "-o", "a", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a").read_bytes() == c


def test_a_table_that_comes_from_outside_is_named(tmp_path):
    (tmp_path / "given.rondo").write_text("""model Given(H = 4) {
  const table : [H]
  fn f(x: [T, H]) -> [T, H] { return y[t] = x[t] * table }
  export f
}
""")
    done = rondo("init", "given.rondo", cwd=tmp_path)
    assert done.returncode == 1 and "`table` has no initialiser" in done.stderr
    assert not (tmp_path / "given.safetensors").exists()


def test_the_file_opens_the_library(tmp_path):
    (tmp_path / "small.rondo").write_text(MODEL)
    assert rondo("init", "small.rondo", cwd=tmp_path).returncode == 0
    done = rondo("run", "small.rondo", "--weights", "small.safetensors", input='{"text": [1, 2, 6]}\n', cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.count("[") == 4, done.stderr
