"""`cmake --install` into an empty prefix, used from there: check, compile, verify, run, import, and calls from C, C++,
Python, CMake and pkg-config. The checkout and the build folder are covered up meanwhile where the system lets us (an empty
file system is mounted over each, seen by these commands only); that no installed file names them is tested everywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOURCE, BUILD = Path(os.environ["RONDO_SOURCE"]), Path(os.environ["RONDO_BUILD"])
RECORDED = SOURCE / "tests" / "tools" / "torch"
TEXTS = ["In the beginning", "was the word"]

MODEL = """model Small(V = vocab(256), H = 8) {
  embed = embedding(V, H)
  param W, U : [H, H] = glorot
  fn last(text: token(V)[T]) -> [H] {
    x = embed(text)
    h[t] = tanh(W @ x[t] + U @ h[t-1])   where h[-1] = 0
    return sum(t) h[t]
  }
  export last
}
"""

C = """#include <small.h>
#include <stdio.h>
int main(int argc, char **argv) {
  small_model *model = 0; small_session *session = 0; rondo_error error = {0};
  small_limits limits = {1, 4, 4};
  int64_t ends[] = {0, 3}; int32_t text[] = {65, 66, 67}; float last[SMALL_H];
  small_last_in in = {1, ends, text}; small_last_out out = {last, SMALL_H};
  if (argc < 2 || small_open(&model, argv[1], 0, &error) || small_session_new(&session, model, &limits, &error) ||
      small_last(session, &in, &out, &error))
    return fprintf(stderr, "%s\\n", error.text), 1;
  for (int i = 0; i < SMALL_H; ++i) printf("%.6f ", last[i]);
  small_session_free(session); small_close(model);
  return 0;
}
"""

CPP = """#include <small.hpp>
#include <cstdio>
int main(int argc, char **argv) {
  if (argc < 2) return 1;
  small::Model model(argv[1]);
  rondo::Ragged<float> last = model.last({rondo::bytes("ABC")});
  for (float value : last[0]) std::printf("%.6f ", static_cast<double>(value));
}
"""

PYTHON = """import sys, rondo
model = rondo.load(sys.argv[1], sys.argv[2])
print("".join("%.6f " % value for value in model.last([b"ABC"])[0]), end="")
"""

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C CXX)
find_package(Rondo REQUIRED)
rondo_compile(Small small.rondo SIZES H=8 TARGETS x86-64-v2 x86-64-v3)
rondo_compile(small_so small.rondo SHARED NAME small TARGETS x86-64-v3)
add_executable(c_user user.c)
target_link_libraries(c_user PRIVATE Small)
add_executable(cpp_user user.cpp)
target_compile_features(cpp_user PRIVATE cxx_std_17)
target_link_libraries(cpp_user PRIVATE small_so)
find_package(small CONFIG REQUIRED PATHS "${CMAKE_CURRENT_SOURCE_DIR}/out" NO_DEFAULT_PATH)
add_executable(found_user user.c)
target_link_libraries(found_user PRIVATE small::static)
"""


def covered():
    """Words before a command that hide the checkout from it; none where mounting is not allowed."""
    hidden = [entry for entry in SOURCE.iterdir() if entry.is_dir() and entry.name != ".venv"]
    if BUILD.resolve() not in [entry.resolve() for entry in hidden] and SOURCE.resolve() not in BUILD.resolve().parents:
        hidden.append(BUILD)
    script = " && ".join(f"mount -t tmpfs none '{entry}'" for entry in hidden) + ' && exec "$@"'
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        words = [*unshare, "sh", "-c", script, "sh"]
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    return []


class Installed:
    def __init__(self, folder):
        self.folder, self.prefix = folder, folder / "prefix"
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix, "--strip"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        self.cover = covered()
        (folder / "small.rondo").write_text(MODEL)

    def run(self, *words, **environment):
        done = subprocess.run(
            [*self.cover, *map(str, words)], cwd=self.folder, env=dict(os.environ, **environment), capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    def rondo(self, *words):
        return self.run(self.prefix / "bin" / "rondo", *words)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("install"))


@pytest.fixture(scope="module")
def answer(installed):
    """The library in `out`, weights beside it, and what its `last` gives for ABC."""
    assert "parameters" in installed.rondo("compile", "small.rondo", "-o", "out")
    random = np.random.default_rng(3)
    np.savez(installed.folder / "raw.npz", **{name: random.normal(0, 0.3, shape).astype("f4") for name, shape in
                                             {"E": (256, 8), "W": (8, 8), "U": (8, 8)}.items()})
    (installed.folder / "raw.map").write_text("E -> embed.W\nW -> W\nU -> U\n")
    installed.rondo("import", "small.rondo", "raw.npz", "--map", "raw.map", "-o", "w.safetensors")
    (installed.folder / "user.c").write_text(C)
    include = installed.folder / "out"
    installed.run("gcc", "-std=c99", "-Wall", "-Werror", "-I", include, "user.c", include / "libsmall.a", "-lm", "-pthread", "-o", "c")
    values = installed.run("./c", "w.safetensors")
    assert len(values.split()) == 8
    return values


def test_no_file_names_the_checkout(installed):
    names = {str(SOURCE).encode(), str(BUILD).encode()}
    for path in installed.prefix.rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert not [name for name in names if len(name) > 4 and name in text], path


def test_everything_is_there(installed):
    files = {str(path.relative_to(installed.prefix)) for path in installed.prefix.rglob("*") if path.is_file()}
    for name in ("bin/rondo", "bin/rondo-opt", "include/rondo.h", "include/rondo.hpp", "share/pkgconfig/rondo.pc",
                 "share/rondo/models/lstm_lm.rondo", "share/rondo/models/maps/torch_lstm.map", "share/rondo/python/rondo/__init__.py",
                 "share/doc/rondo/LICENSE", "share/doc/rondo/language.md", "share/doc/rondo/examples/score.c"):
        assert name in files
    assert any(name.endswith("cmake/Rondo/RondoConfig.cmake") for name in files)
    assert not [name for name in files if "pycache" in name or name.endswith((".pyc", "CMakeLists.txt"))]


def test_the_command(installed):
    installed.rondo("check", "small.rondo")
    installed.rondo("verify", "-q", "small.rondo", "--inputs", "5", "--target", "x86-64-v3")
    installed.rondo("check", installed.prefix / "share" / "rondo" / "models" / "lstm_lm.rondo")
    assert "hoist" in installed.rondo("explain", "small.rondo")
    (package,) = (f for f in json.loads(installed.rondo("doctor", "--json")) if f["what"] == "Python package")
    assert package["ok"] or package["fix"].startswith(f"export PYTHONPATH={installed.prefix.resolve()}/share/rondo/python ")
    kernels = installed.rondo("compile", "--emit=rondo", "small.rondo")
    (installed.folder / "small.mlir").write_text(kernels)
    assert "kernel" in installed.run(installed.prefix / "bin" / "rondo-opt", "--rondo-forward", "small.mlir")


def test_weights_of_torch(installed):
    """The map is found though the model is the user's."""
    for name in ("lstm1.weights.npz", "lstm1.reference.npz"):
        shutil.copy(RECORDED / name, installed.folder)
    shutil.copy(installed.prefix / "share" / "rondo" / "models" / "torch" / "lstm.rondo", installed.folder / "mine.rondo")
    sys.path.insert(0, str(SOURCE / "tests" / "tools"))
    from torch_layers import model_of

    sizes = model_of("lstm", 1, False)[1:]
    said = installed.rondo("import", "mine.rondo", *sizes, "lstm1.weights.npz", "--map", "torch_lstm",
                           "--reference", "lstm1.reference.npz", "-o", "torch.safetensors")
    assert said.splitlines()[-1].endswith("ok")


def test_run(installed, answer):
    (installed.folder / "lines").write_text('{"text": "ABC"}\n')
    said = installed.rondo("run", "out/libsmall.so", "--weights", "w.safetensors", "-i", "lines")
    np.testing.assert_allclose(json.loads(said)["last"], [float(word) for word in answer.split()], atol=1e-6)


def test_python(installed, answer):
    package = installed.prefix / "share" / "rondo" / "python"
    (installed.folder / "user.py").write_text(PYTHON)
    said = installed.run(sys.executable, "user.py", "out/libsmall.so", "w.safetensors", PYTHONPATH=str(package), PYTHONDONTWRITEBYTECODE="1")
    assert said == answer


@pytest.mark.skipif(not shutil.which("pkg-config"), reason="pkg-config is not installed")
def test_pkg_config(installed, answer):
    (installed.folder / "user.cpp").write_text(CPP)
    found = {"PKG_CONFIG_PATH": f"{installed.folder}/out:{installed.prefix}/share/pkgconfig"}
    flags = installed.run("pkg-config", "--cflags", "--libs", "small", **found).split()
    installed.run("g++", "-std=c++17", "-Wall", "-Werror", "user.cpp", *flags, f"-Wl,-rpath,{installed.folder}/out", "-o", "pc")
    assert installed.run("./pc", "w.safetensors") == answer
    assert Path(installed.run("pkg-config", "--variable=rondo", "rondo", **found).strip()).resolve() == installed.prefix / "bin" / "rondo"
    assert (Path(installed.run("pkg-config", "--cflags", "rondo", **found).strip()[2:]) / "rondo.hpp").exists()


def test_cmake(installed, answer):
    (installed.folder / "user.cpp").write_text(CPP)
    (installed.folder / "CMakeLists.txt").write_text(CMAKE)
    installed.run("cmake", "-G", "Ninja", "-B", "build", "-S", ".", f"-DCMAKE_PREFIX_PATH={installed.prefix}", "-DCMAKE_C_COMPILER=gcc",
                  "-DCMAKE_CXX_COMPILER=g++")
    installed.run("cmake", "--build", "build")
    for user in ("c_user", "cpp_user", "found_user"):
        assert installed.run(f"build/{user}", "w.safetensors") == answer, user
    # Nothing to do until the model changes.
    assert "no work to do" in installed.run("cmake", "--build", "build")
    (installed.folder / "small.rondo").write_text(MODEL.replace("tanh", "sigmoid"))
    installed.run("cmake", "--build", "build")
    assert installed.run("build/c_user", "w.safetensors") != answer
