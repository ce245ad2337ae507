"""`rondo compile`, `verify`, `explain` on a model of the test's own: files, stages, manners."""

import hashlib
import json
import os
import subprocess

import pytest

RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")
MODEL = """\
model Small(V = vocab(40), E = 12, H = 20) {
  embed, out = embedding(V, E), linear(H, V)
  param W : [H, E] = glorot
  param U : [H, H] = orthogonal
  fn logits(text: token(V)[T]) -> [T, V] {
    x = embed(text)
    h[t] = tanh(W @ x[t] + U @ h[t-1])   where h[-1] = 0
    return out(h)
  }
  export logits
  export next = stream logits over T
}
"""


def rondo(*words, **options):
    return subprocess.run([RONDO, *map(str, words)], capture_output=True, text=True, timeout=300, **options)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.rondo"
    path.write_text(MODEL)
    return path


def test_compile_writes_a_library_and_its_header(model, tmp_path):
    done = rondo("compile", model, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for name in ("libsmall.so", "libsmall.a", "small.h", "rondo.h"):
        assert (tmp_path / "out" / name).exists(), name
    assert "1,960 parameters" in done.stdout
    assert "left out: next" in done.stdout
    assert "SMALL_E = 12" in (tmp_path / "out" / "small.h").read_text()


def test_sizes_are_replaced(model, tmp_path):
    done = rondo("compile", model, "E=8", "-o", tmp_path / "out", "--name", "other")
    assert done.returncode == 0, done.stderr
    assert "OTHER_E = 8" in (tmp_path / "out" / "other.h").read_text()
    done = rondo("check", model, "K=8")
    assert done.returncode != 0 and "K" in done.stdout + done.stderr
    for command in ("run", "score", "bench"):
        done = rondo(command, tmp_path / "out" / "libother.so", "E=4", input="")
        assert done.returncode == 2 and "E=4: the sizes of a library are fixed" in done.stderr
    assert rondo("bench", model, "E=4", "--rounds", "1", "--lengths", "3").returncode == 0


def test_sizes_in_the_header_are_those_of_the_model(tmp_path):
    (tmp_path / "sizes.rondo").write_text(
        "model Sizes(K = maximum(3, 5), L = 2 + 2, E = K, V = vocab(7, unk = 2), leak = 0.5) {\n  param b : [K]\n"
        "  fn f(x: [T, K]) -> [T, K] { return y[t, i] = x[t, i] + leak * b[i] }\n  export f\n}\n"
    )
    for words, wanted in ([], {"K": 5, "L": 4, "E": 5, "V": 7}), (["K=2"], {"K": 2, "L": 4, "E": 2, "V": 7}):
        assert rondo("compile", tmp_path / "sizes.rondo", *words, "-q", "-o", tmp_path).returncode == 0
        assert json.loads((tmp_path / "sizes.json").read_text())["constants"] == wanted
        assert ", ".join(f"SIZES_{name} = {value}" for name, value in wanted.items()) + " }" in (tmp_path / "sizes.h").read_text()


def test_the_same_bytes_in_any_folder(model, tmp_path):
    """Nothing of where and when a library was made is in it: not the folders, not their names, not the process."""
    hashes = []
    for where in ("here", "a much longer place/than the other"):
        folder = tmp_path / where
        folder.mkdir(parents=True)
        source = folder / "source.rondo"
        source.write_text(MODEL)
        done = rondo("compile", "source.rondo", "--target=x86-64-v2,x86-64-v3,x86-64-v4", "-o", "out", cwd=folder)
        assert done.returncode == 0, done.stderr
        hashes.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "out").iterdir()})
    assert hashes[0] == hashes[1] and len(hashes[0]) == 9


def test_one_level_or_all(model, tmp_path):
    sizes = {}
    for target in ("x86-64-v2", "x86-64-v3", "x86-64-v2,x86-64-v3,x86-64-v4"):
        out = tmp_path / target
        assert rondo("compile", model, f"--target={target}", "-o", out).returncode == 0
        assert json.loads((out / "small.json").read_text())["targets"] == target.split(",")
        sizes[target] = (out / "libsmall.so").stat().st_size
    assert max(sizes, key=sizes.get) == "x86-64-v2,x86-64-v3,x86-64-v4"
    assert rondo("compile", model, "--target=x86-64-v3,x86-64-v3", "-o", tmp_path / "twice").returncode == 0
    assert json.loads((tmp_path / "twice" / "small.json").read_text())["targets"] == ["x86-64-v3"]
    # Every level that this machine has answers as the interpreter does.
    done = rondo("verify", model, "--target=x86-64-v2", "--inputs", "10")
    assert done.returncode == 0 and "x86-64-v2" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("stage, sign", [("equations", "tanh("), ("rondo", "rondo.scan"), ("kernels", "rondo.kernel"),
                                         ("loops", "scf.for"), ("llvm", "define"), ("asm", "vfmadd")])
def test_every_stage_can_be_printed(model, tmp_path, stage, sign):
    done = rondo("compile", model, f"--emit={stage}", "--target=x86-64-v3")
    assert done.returncode == 0 and sign in done.stdout, done.stderr
    done = rondo("compile", model, f"--emit={stage}", "-o", tmp_path / "stage")
    assert done.returncode == 0 and done.stdout == "" and sign in (tmp_path / "stage").read_text()


def test_a_model_runs_without_a_library(model, tmp_path):
    done = rondo("compile", model, "-o", tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "small.json").read_text())
    assert [cell["name"] for cell in manifest["cells"]]
    done = rondo("run", model, input='{"text": [1, 2]}\n')
    assert done.returncode == 2 and done.stderr.endswith("open it with the path of a safetensors file (status 1): --weights FILE\n")


def test_verify_agrees_and_finds_a_mistake(model):
    done = rondo("verify", model, "--inputs", "12")
    assert done.returncode == 0 and done.stdout.rstrip().endswith("ok"), done.stdout + done.stderr
    done = rondo("verify", model, "--inputs", "12", "--inject=swap-gates")
    assert done.returncode == 1
    assert "differs from the interpreter" in done.stdout and "smallest case found: batch 1, T = " in done.stdout


def test_verify_against_a_library_with_other_equations(model, tmp_path):
    assert rondo("compile", model, "-o", tmp_path / "out").returncode == 0
    assert rondo("verify", model, "--inputs", "6", "--against", tmp_path / "out" / "libsmall.so").returncode == 0
    model.write_text(MODEL.replace("tanh", "sigmoid"))
    done = rondo("verify", model, "--inputs", "6", "--against", tmp_path / "out" / "libsmall.so")
    assert done.returncode == 1 and "differs" in done.stdout


def test_verify_against_a_library_of_other_values(tmp_path):
    """Without parameters nothing but the values themselves tells that the library is of another model."""
    texts = {
        "one": "fn f(x: [T, 4], y: [S]) -> [T, 4] { return z[t, i] = x[t, i] + 0 * (sum(s) y[s]) }",
        "wide": "fn f(x: [T, 5], y: [S]) -> [T, 5] { return z[t, i] = x[t, i] + 0 * (sum(s) y[s]) }",
        "axes": "fn f(x: [T, 4], y: [T]) -> [T, 4] { return z[t, i] = x[t, i] + 0 * y[t] }",
        "ints": "fn f(x: int[T, 4], y: [S]) -> [T, 4] { return z[t, i] = x[t, i] + 0 * (sum(s) y[s]) }",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.rondo").write_text(f"model A() {{\n  {text}\n  export f\n}}\n")
        assert rondo("compile", tmp_path / f"{name}.rondo", "-o", tmp_path, "--name", name).returncode == 0
    for name in texts:
        done = rondo("verify", tmp_path / "one.rondo", "--inputs", "6", "--against", tmp_path / f"lib{name}.so")
        assert done.returncode == (name != "one") and (name == "one" or "other inputs or results" in done.stderr), done.stdout + done.stderr


def test_explain_speaks_at_source_lines(model):
    done = rondo("explain", model)
    assert done.returncode == 0, done.stderr
    assert "    7 | h[t] = tanh(W @ x[t] + U @ h[t-1])" in done.stdout
    assert "[hoist]" in done.stdout and "parameters" in done.stdout and "left out: next: not built yet" in done.stdout
    assert rondo("explain", "R0203").stdout.startswith("R0203: sizes differ")


def test_a_wrong_model_does_not_compile(model, tmp_path):
    model.write_text(MODEL.replace("[H, H]", "[H, E]"))
    done = rondo("compile", model, "-o", tmp_path / "out")
    assert done.returncode == 1 and done.stdout == "" and "error[R0203]" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_pipeline_of_ones_own(tmp_path):
    model = tmp_path / "heads.rondo"
    model.write_text("""\
model Heads() {
  param W : [2, 4, 6]
  fn f(x: [T, 6]) -> [T, 2, 4] {
    return q[t, h, i] = sum(e) W[h, i, e] * x[t, e]
  }
  export f
}
""")
    # Without kernels the code is slower, not another; a program of one example is none that a library has.
    for passes, status, says in (
        ("rondo-batch,rondo-flatten-columns", 0, ""),
        ("canonicalize,rondo-forward,cse", 0, ""),
        ("rondo-hoist", 1, "is a program of one example"),
    ):
        pipeline = f"--pass-pipeline=builtin.module({passes})"
        done = rondo("compile", model, "--emit=asm", "--target=x86-64-v3", "-o", tmp_path / "out.s", pipeline)
        assert done.returncode == status and says in done.stderr, done.stderr


def test_memory_is_planned_last(tmp_path):
    # `a` is dead when `c` is made, until form-kernels makes both in one pass over the rows.
    model = tmp_path / "order.rondo"
    model.write_text("""\
model Order(E = 8) {
  fn f(x: [T, E], m: [T, E]) -> [T, E] {
    a[t, i] = tanh(x[t, i])
    b[t, i] = (if t > 0 then a[t-1, i] else 0) * m[t, i] * (if t > 1 then a[t-2, 0] else 1)
    c[t, i] = exp(x[t, i]) * sum(j) x[t, j] * x[t, j]
    return d[t, i] = (if t > 0 then c[t-1, i] else 0) + (if t > 1 then b[t-2, i] else 0) * (if t > 1 then c[t-2, 0] else 1)
  }
  export f
}
""")
    passes = "rondo-batch,rondo-plan-memory,rondo-flatten-columns,rondo-form-kernels"
    done = rondo("compile", model, "-o", tmp_path / "out", f"--pass-pipeline=builtin.module({passes})")
    assert done.returncode == 0, done.stderr
    assert rondo("verify", model, "--inputs", "6", "--against", tmp_path / "out" / "liborder.so").returncode == 0
