"""The thread sanitizer on generated code: kernels are printed as LLVM IR, their vectors taken apart into single floats (the
sanitizer does not see accesses wider than 16 bytes), instrumented, and put in the place of the library's own. The runtime
itself is looked at by tests/runtime/ThreadsTest.cpp."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCE, BUILD = Path(os.environ["RONDO_SOURCE"]), Path(os.environ["RONDO_BUILD"])
LLVM = Path(os.environ["RONDO_LLVM_BIN"])
LEVEL = "--target=x86-64-v3"
MODELS = {
    "lm": ["lstm_lm.rondo", "V=33", "H=24"],
    "encoder": ["minilm.rondo", "V=50", "E=32", "N=4", "F=48", "L=2", "M=97"],
}


def run(*words, cwd):
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def instrument(folder, name, options):
    """Objects of the model `name`: its kernels under the sanitizer, its tables and runtime as shipped."""
    rondo, model = BUILD / "bin" / "rondo", [SOURCE / "models" / MODELS[name][0], *MODELS[name][1:]]
    run(rondo, "compile", "-q", *model, LEVEL, *options, "--name", name, "-o", "out", cwd=folder)
    run(rondo, "init", "-q", *model, "-o", f"{name}.safetensors", cwd=folder)
    run(rondo, "compile", *model, LEVEL, *options, "--emit=llvm", "-o", f"{name}.ll", cwd=folder)
    text = (folder / f"{name}.ll").read_text()
    lines = [line.replace(") #0 {", ") sanitize_thread #0 {") if line.startswith("define") else line for line in text.splitlines()]
    assert sum("sanitize_thread" in line for line in lines) == sum(line.startswith("define") for line in lines)
    (folder / f"{name}.ll").write_text("\n".join(lines))
    single = "function(scalarize-masked-mem-intrin,scalarizer<load-store;variable-insert-extract>)"
    run(LLVM / "opt", f"-passes={single}", f"{name}.ll", "-o", f"{name}.bc", cwd=folder)
    run(LLVM / "clang", "-O0", "-fsanitize=thread", "-Wno-override-module", "-c", f"{name}.bc", "-o", f"{name}.k.o", cwd=folder)
    # The names by which the library's tables know its kernels, and a barrier that the test stands in.
    symbols = run(LLVM / "llvm-nm", f"{name}.k.o", cwd=folder).splitlines()
    assert any("__tsan_read4" in line for line in symbols)
    renamed = [f"--redefine-sym={line.split()[-1]}={name}_.{line.split()[-1]}" for line in symbols if " T " in line]
    run(LLVM / "llvm-objcopy", *renamed, f"--redefine-sym=rondo_team_wait=told_wait_{name}", f"{name}.k.o", cwd=folder)
    run(LLVM / "llvm-ar", "x", f"out/lib{name}.a", f"{name}.o", f"{name}_runtime.o", cwd=folder)
    return [f"{name}.k.o", f"{name}.o", f"{name}_runtime.o"]


@pytest.mark.parametrize("recurrences", ["examples", "columns"])
def test_eight_threads_two_models(tmp_path, recurrences):
    objects = [part for name in MODELS for part in instrument(tmp_path, name, [f"--recurrences={recurrences}"])]
    said = {}
    for program, flags in (("whole", []), ("without", ["-DNO_BARRIERS"])):
        run(LLVM / "clang++", "-std=c++17", "-O1", "-fsanitize=thread", *flags, "-I", "out", SOURCE / "tests/library/races.cpp",
            *objects, "-lm", "-pthread", "-o", program, cwd=tmp_path)
        done = subprocess.run([f"./{program}", "lm.safetensors", "encoder.safetensors"], cwd=tmp_path, capture_output=True, text=True,
                              timeout=300)
        said[program] = done.stderr
        if program == "whole":
            assert done.returncode == 0 and done.stdout == "24 calls on gangs\n", done.stdout + done.stderr[:4000]
    assert said["whole"] == ""
    # It would have seen something: where threads no longer meet, as far as it knows, they race.
    assert "ThreadSanitizer: data race" in said["without"]
