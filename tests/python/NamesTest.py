"""Names that C++ and Python have for themselves, and a library that is compiled again while its first form is loaded."""

import os
import subprocess

import numpy as np
import pytest
import rondo

BUILD = os.environ["RONDO_BUILD"]
FNS = ["need", "configure", "Free", "session", "reserve", "call", "exports", "lambda", "a_open", "rondo_error", "int64_t", "pair_result"]
MODEL = """model A(H = 4) {
  fn mix(batch: [T, H], out: [T, H] = 0, call: [T] = 1, result: [T] = 0) -> [T, H] {
    return z[t, i] = batch[t, i] + out[t, i] * call[t] + result[t]
  }
  fn types(int64_t: [T, H], size_t: [T, H]) -> [T, H] { return y[t, i] = int64_t[t, i] + size_t[t, i] }
  fn pair(x: [T, H]) -> ([T, H], [T, H]) { return def[t, i] = x[t, i], class[t, i] = 2 * x[t, i] }
  fn alone(batch: [H] = 1) -> [H] { return z[i] = 2 * batch[i] }
  export alone
  export mix
  export types
  export pair
"""
CPP = """#include "a.hpp"
int main() {
  a::Model model;
  const rondo::Batch<float> x = {{1, 2, 3, 4}};
  bool good = model.mix(x, x).data[1] == 4 && model.types(x, x).data[1] == 4 && model.pair(x).class_.data[1] == 4;
  for (const auto &y : {model.need(x), model.configure(x), model.Free(x), model.session_(x), model.reserve_(x), model.call_(x),
                        model.exports(x), model.lambda(x), model.a_open(x), model.rondo_error(x), model.int64_t_(x),
                        model.pair_result(x)})
    good = good && y.data[1] == 3;
  good = good && model.alone({}, 3).data == std::vector<float>(12, 2);
  // What a limit of 0 follows from, and room for a self-test that tries something.
  model.selftest();
  const std::vector<float> rows(111 * 4);
  std::vector<float> room(111 * 4);
  const int64_t ends[] = {0, 37, 74, 111};
  model.call(a_need_in{3, ends, rows.data()}, a_need_out{room.data(), room.size()});
  return good ? 0 : 1;
}
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    named = [fn if fn != "session" else "session_" for fn in FNS]
    model = MODEL + "".join(f"  fn {fn}(x: [T, H]) -> [T, H] {{ return y[t, i] = 1 + x[t, i] }}\n  export {fn}\n" for fn in named)
    (folder / "a.rondo").write_text(model + "}\n")
    done = subprocess.run([f"{BUILD}/bin/rondo", "compile", "a.rondo", "-o", "."], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_cpp(odd):
    (odd / "a.cpp").write_text(CPP)
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Wshadow", "-Werror", "a.cpp", "liba.a", "-lm", "-pthread", "-o", "a"]
    done = subprocess.run(command, cwd=odd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert subprocess.run(["./a"], cwd=odd).returncode == 0


def test_python(odd):
    model = rondo.load(odd / "liba.so")
    assert {"need", "reserve_", "exports_", "lambda_", "pair"} <= set(model.exports)
    x = [np.ones((2, 4), np.float32)]
    for name in set(model.exports) - {"mix", "types", "pair", "alone"}:
        np.testing.assert_array_equal(getattr(model, name)(x).data, 2)
    np.testing.assert_array_equal(model.mix(batch=x, out=x).data, 2)
    assert model.pair(x)._fields == ("_0", "_1")
    model.reserve(2, T=(8, 0))


def test_a_library_made_anew_is_loaded_anew(odd, tmp_path):
    path = tmp_path / "library.so"
    for name, file in (("a", odd / "liba.so"), ("one", f"{BUILD}/tests/runtime/libone.so"), ("a", odd / "liba.so")):
        subprocess.run(["cp", file, tmp_path / "new"], check=True)
        (tmp_path / "new").rename(path)
        model = rondo.load(path, weights=None if name == "a" else WEIGHTS)
        assert model.name == name and rondo.load(path, weights=None if name == "a" else WEIGHTS).name == name


def weights():
    header = b'{"E":{"dtype":"F32","shape":[8,3],"data_offsets":[0,96]},"b":{"dtype":"F32","shape":[3],"data_offsets":[96,108]}}'
    return len(header).to_bytes(8, "little") + header + bytes(108)


WEIGHTS = weights()


def test_one_version():
    done = subprocess.run([f"{BUILD}/bin/rondo", "--version"], capture_output=True, text=True)
    assert done.stdout == f"rondo {rondo.__version__}\n"
