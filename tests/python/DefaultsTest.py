"""Inputs with defaults: left out in C, C++, Python and JSON lines, they are as if given, in bits."""

import json
import os
import subprocess

import numpy as np
import pytest
import rondo

BUILD = os.environ["RONDO_BUILD"]
MODEL = """model M(V = vocab(4, unk = 1), E = 2) {
  const table : [V] = 3
  fn f(x: [T, E], z: [S], s: [T] = 0.5, at: token(T)[S] = 0, n: token(V) = V.unk, on: bool = true, h0: [E] = -2) -> [T, E] {
    h[t, e] = 0.5 * h[t-1, e] + x[t, e] * s[t] * table[n] + (if on then n else 0)   where h[-1] = h0
    return y[t, e] = h[t, e] + sum(u) z[u] * x[at[u], e]
  }
  fn g(by: [] = 2) -> [E] { return y[e in E] = by * e }
  export f
  export g
}
"""
PROGRAM = """#include "m.hpp"
#include <cstdio>
#include <cstring>
int main() {
  try {
    m::Model model(nullptr, 2);
    rondo::Batch<float> x = {{1, 2, 3, 4, 5, 6}, {7, 8}};
    rondo::Batch<float> z = {{1}, {2, 3}};
    auto left = model.f(x, z);
    auto given = model.f(x, z, {{.5, .5, .5}, {.5}}, {{0}, {0, 0}}, {{1}, {1}}, {{1}, {1}}, {{-2, -2}, {-2, -2}});
    // The struct of C, of the second example alone: its first offset is not 0.
    int64_t T[] = {3, 4}, S[] = {1, 3};
    float rows[] = {1, 2, 3, 4, 5, 6, 7, 8}, ends[] = {1, 2, 3}, alone[2];
    model.call(m_f_in{1, T, S, rows, ends, nullptr, nullptr, nullptr, nullptr, nullptr}, m_f_out{alone, 2});
    for (float value : left.data)
      std::printf("%a ", static_cast<double>(value));
    bool same = left.data == given.data && !std::memcmp(alone, left[1].begin(), sizeof alone);
    std::puts(same ? "same" : "differ");
  } catch (const rondo::Error &error) {
    std::puts(error.what());
    return 1;
  }
}
"""
X = [np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32), np.array([[7, 8]], dtype=np.float32)]
Z, AT = [[1], [2, 3]], [[0], [0, 0]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("defaults")
    (folder / "m.rondo").write_text(MODEL)
    for command in (["init", "m.rondo", "-o", "w.safetensors"], ["compile", "m.rondo", "--weights=w.safetensors", "-o", "."]):
        subprocess.run([f"{BUILD}/bin/rondo", *command], cwd=folder, check=True, capture_output=True)
    return folder


def expected():
    rows = []
    for x, z in zip(X, Z):
        h, out = np.full(2, -2.0), []
        for row in x.astype(np.float64):
            h = 0.5 * h + row * 0.5 * 3 + 1
            out.append(h + sum(z) * x[0])
        rows.append(np.array(out))
    return rows


def test_python(folder):
    model = rondo.load(folder / "libm.so", threads=2)
    model.selftest()
    left = model.f(X, Z)
    for one, wanted in zip(left, expected()):
        np.testing.assert_allclose(one, wanted, rtol=1e-6)
    s = [np.full(len(x), 0.5) for x in X]
    given = model.f(X, Z, s, AT, [1, 1], [True, True], [[-2, -2], [-2, -2]])
    np.testing.assert_array_equal(left.data, given.data)
    np.testing.assert_array_equal(model.f(X, Z, s=None, n=None, h0=[[-2, -2]] * 2).data, left.data)
    assert not np.array_equal(model.f(X, Z, n=[2, 2]).data, left.data)
    with pytest.raises(TypeError, match="needs z"):
        model.f(X)
    np.testing.assert_array_equal(model.g(batch=3), [[0, 2]] * 3)
    with pytest.raises(TypeError, match="g: no input tells how many examples there are; say batch=N"):
        model.g()
    with pytest.raises(TypeError, match="g: the inputs tell how many examples"):
        model.g([1, 2], batch=2)


def test_json_and_cpp(folder):
    lines = "".join(json.dumps({"x": x.tolist(), "z": z}) + "\n" for x, z in zip(X, Z))
    run = [f"{BUILD}/bin/rondo", "run", "libm.so", "--fn", "f"]
    done = subprocess.run(run, cwd=folder, input=lines, capture_output=True, text=True, check=True)
    for line, wanted in zip(done.stdout.splitlines(), expected()):
        np.testing.assert_allclose(json.loads(line)["y"], wanted, rtol=1e-6)
    (folder / "main.cpp").write_text(PROGRAM)
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["g++", *flags, "main.cpp", "libm.a", "-lm", "-pthread", "-o", "main"], cwd=folder, check=True)
    words = subprocess.run(["./main"], cwd=folder, capture_output=True, text=True).stdout.split()
    assert words[-1] == "same", words
    np.testing.assert_allclose([float.fromhex(word) for word in words[:-1]], np.concatenate(expected()).ravel(), rtol=1e-6)
    header = (folder / "m.h").read_text()
    assert "NULL: all 0.5" in header and "NULL: all -2" in header
