"""inspect, doctor, score and bench: what they say is so, of a small language model with bytes as tokens."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

BUILD = os.environ["RONDO_BUILD"]
SOURCE = os.environ["RONDO_SOURCE"]
RONDO = os.path.join(BUILD, "bin", "rondo")

MODEL = """model Tiny(V = vocab(256), E = 4) {
  embed, out = embedding(V, E), linear(E, V)
  fn score(text: token(V)[T]) -> [] {
    z = out(embed(text))
    return -(sum(t | t < T - 1) cross_entropy(z[t], text[t+1]))
  }
  fn pair(a: token(V)[S], b: token(V)[T]) -> ([], []) {
    return score(a), score(b)
  }
  fn logits(text: token(V)[T]) -> [T, V] = out(embed(text))
  export score
  export pair
  export logits
}
"""


def rondo(*words, status=0, **options):
    done = subprocess.run([RONDO, *map(str, words)], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measure")
    (folder / "tiny.rondo").write_text(MODEL)
    rondo("init", folder / "tiny.rondo", "-o", folder / "w.safetensors")
    rondo("compile", folder / "tiny.rondo", "--weights", folder / "w.safetensors", "-o", folder)
    return folder


def weights(folder):
    raw = (folder / "w.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    head = json.loads(raw[8 : 8 + size])
    return {
        name: np.frombuffer(raw[8 + size :][slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in head.items()
        if name != "__metadata__"
    }


def expected(folder, text):
    w = weights(folder)
    z = w["embed.W"][list(text)].astype(float) @ w["out.W"].T + w["out.b"]
    return sum(z[t, text[t + 1]] - np.log(np.exp(z[t]).sum()) for t in range(len(text) - 1))


def test_score_gives_each_line_its_number(folder):
    texts = [b"hello", b"a", b"world of many words"]
    text = b"\n".join(texts).decode() + "\n"
    library = folder / "libtiny.so"
    got = rondo("score", library, "--fn", "score", input=text)
    assert np.allclose([float(x) for x in got.stdout.split()], [expected(folder, t) for t in texts], atol=1e-3)
    assert "3 lines, 25 rows" in got.stderr
    lines = rondo("score", library, "--fn", "score", "--json", "-q", input=text)
    assert lines.stderr == "" and len([json.loads(line)["score"] for line in lines.stdout.splitlines()]) == 3
    # JSON lines, two inputs, two numbers.
    both = rondo("score", library, "--fn", "pair", input="ab\thello\n").stdout.split()
    assert np.allclose([float(x) for x in both], [expected(folder, b"ab"), expected(folder, b"hello")], atol=1e-3)
    again = rondo("score", library, "--fn", "score", input=json.dumps({"text": list(b"hello")}) + "\n").stdout
    assert again == got.stdout.splitlines(keepends=True)[0]


def test_score_names_what_is_wrong(folder):
    library = folder / "libtiny.so"
    assert "line 2: 0 bytes" in rondo("score", library, "--fn", "score", input="a\n\nb\n", status=2).stderr
    assert "no single number" in rondo("score", library, "--fn", "logits", input="a\n", status=2).stderr
    assert "--fn is one of" in rondo("score", library, input="a\n", status=2).stderr
    assert "1 fields" in rondo("score", library, "--fn", "pair", input="a\n", status=2).stderr


def test_inspect_knows_each_kind_of_file(folder):
    files = [folder / name for name in ("libtiny.so", "libtiny.a", "tiny.json", "w.safetensors")]
    facts = json.loads(rondo("inspect", "--json", *files).stdout)
    assert [f["kind"] for f in facts] == ["library", "archive", "manifest", "weights"]
    assert facts[0]["sha256"] == subprocess.run(["sha256sum", files[0]], capture_output=True, text=True).stdout.split()[0]
    assert "libc.so.6" in facts[0]["needs"] and facts[0]["parameters"] == facts[3]["elements"] == 256 * 4 + 256 * 4 + 256
    text = rondo("inspect", *files).stdout
    assert "score(text: token(256)[T])" in text and "weights: inside" in text and "embed.W" in text
    bad = folder / "bad.npz"
    np.savez(bad, x=np.array([1.0, np.nan]))
    assert "1 not finite" in rondo("inspect", bad).stdout
    (folder / "no").write_text("neither")
    assert "neither a library" in rondo("inspect", folder / "no", status=2).stderr


@pytest.mark.parametrize("source", ["int other_manifest = 3;", "extern int other_manifest(void) __attribute__((weak)); int f(void) { return !!other_manifest; }",
                                    "const char *other_manifest(void) { return \"{\\\"exports\\\": [{}]}\"; }"])
def test_libraries_of_others(tmp_path, source):
    """A symbol called so makes no model: what it is not, is not called."""
    (tmp_path / "other.c").write_text(source)
    subprocess.run(["gcc", "-shared", "-fPIC", "other.c", "-o", "other.so"], cwd=tmp_path, check=True)
    for command in ("inspect", "run", "bench"):
        assert "is not a library compiled by rondo" in rondo(command, "other.so", status=2, cwd=tmp_path, input="").stderr
    words = [sys.executable, "-c", "import rondo; rondo.load('other.so')"]
    env = dict(os.environ, PYTHONPATH=os.path.join(SOURCE, "runtime", "python"))
    assert "is not a library compiled by rondo" in subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True).stderr


def test_doctor_compiles_a_model():
    findings = {f["what"]: f for f in json.loads(rondo("doctor", "--json").stdout)}
    assert findings["compile and run"]["ok"] and findings["linker"]["ok"]
    assert all(f["ok"] or f["fix"] for f in findings.values())
    env = dict(os.environ, PYTHONPATH=os.path.join(SOURCE, "runtime", "python"))
    with_package = {f["what"]: f for f in json.loads(rondo("doctor", "--json", env=env).stdout)}
    assert with_package["Python package"]["ok"] == with_package["Python"]["ok"]


def test_bench_measures_and_counts(folder):
    report = json.loads(
        rondo("bench", folder / "tiny.rondo", "--fn", "logits", "--lengths", "1..9", "--batch", 5, "--rounds", 2, "--json").stdout
    )
    (row,) = report["results"]
    assert row["examples"] == 5 and row["rows"] == 1 + 3 + 5 + 7 + 9 and row["ms"] > 0
    assert row["flops"] >= 2 * 256 * 4 * row["rows"]
    assert rondo("bench", folder / "libtiny.so", "--fn", "score", "--rounds", 1, "--lengths", "3,4").stdout.startswith("score: 2 examples")
    assert "--lengths x" in rondo("bench", folder / "libtiny.so", "--fn", "score", "--lengths", "x", status=2).stderr


def test_the_report_stands_alone(folder):
    page = folder / "report.html"
    rondo("explain", folder / "tiny.rondo", "--html", page)
    text = page.read_text()
    assert text.count("<svg") >= 3 and "http" not in text and "cross_entropy" in text and len(text) < 2_000_000
    # Every link within the page has its target.
    import re

    for target in re.findall(r"href=#([\w-]+)", text):
        assert f"id={target}" in text, target


TABLES = """model Tables(H = 4) {
  const next : token(H)[8]
  fn f(x: [T, H]) -> [] { return log(0) + sum(t, i) x[t, i] * next[t mod 8] }
  fn g(x: [T], y: [T div 4], at: token(T div 4)[U]) -> [U] { return z[u] = y[at[u]] + x[4 * at[u]] }
  fn h(x: [T], at: token(T div 4)[U]) -> [U] { return z[u] = x[4 * at[u]] }
  fn k(a: [H] = 1, b: [H]) -> [H] { return c[i] = a[i] + b[i] }
  export f
  export g
  export h
  export k
}
"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    (folder / "tables.rondo").write_text(TABLES)
    (folder / "next.map").write_text("next -> next\n")
    np.savez(folder / "next.npz", next=np.zeros(8, np.int32))
    rondo("import", "tables.rondo", "next.npz", "--map", "next.map", "-o", "w.safetensors", cwd=folder)
    rondo("compile", "tables.rondo", "-o", ".", cwd=folder)
    return folder


def test_score_of_what_is_no_number(tables):
    """-inf is what a masked log-probability is; JSON readers know it as -Infinity."""
    line = json.dumps({"x": [[1, 2, 3, 4]]}) + "\n"
    words = ["score", tables / "libtables.so", "--fn", "f", "--weights", tables / "w.safetensors", "-q"]
    assert json.loads(rondo(*words, "--json", input=line).stdout) == {"f": -np.inf}
    assert float(rondo(*words, input=line).stdout) == -np.inf


def test_tables_and_made_axes_are_measured(tables):
    for fn in "fgh":
        for file in ("libtables.so", "tables.rondo"):
            rondo("bench", tables / file, "--fn", fn, "--rounds", 1, "--lengths", "3,4,9")
    rondo("verify", tables / "tables.rondo", "--inputs", 12, "--longest", 20, "--target", "x86-64-v3")


def test_ids_below_a_length_that_no_value_has(tables):
    """`at` is below T div 4, which is the length of nothing in `h`."""
    words = ["run", tables / "libtables.so", "--fn", "h", "--weights", tables / "w.safetensors"]
    for x, at, status in (([1, 2, 3, 4], [0], 0), ([1, 2, 3, 4], [1], 2), ([1, 2, 3], [0], 2)):
        rondo(*words, input=json.dumps({"x": x, "at": at}) + "\n", status=status)


def test_a_batch_without_sequence_axes(tables):
    np.savez(tables / "b.npz", b=np.ones((5, 4), np.float32))
    words = ["run", tables / "libtables.so", "--fn", "k", "--weights", tables / "w.safetensors", "-i", tables / "b.npz"]
    rondo(*words, "-o", tables / "c.npz")
    assert (np.load(tables / "c.npz")["c"] == 2).all() and np.load(tables / "c.npz")["c"].shape == (5, 4)


def test_score_of_texts_over_an_axis_made_of_another(tmp_path):
    (tmp_path / "twice.rondo").write_text(
        "model Twice(V = vocab(256)) {\n  fn f(a: token(V)[T], b: token(V)[2*T]) -> [] { return sum(t) (a[t] + b[2*t+1]) }\n  export f\n}\n"
    )
    rondo("compile", "twice.rondo", "-o", ".", cwd=tmp_path)
    done = rondo("score", "libtwice.so", input="ab\tcdef\nx\tyz\n", cwd=tmp_path)
    assert [float(line) for line in done.stdout.split()] == [sum(b"abdf"), sum(b"xz")]
    done = rondo("score", "libtwice.so", input="ab\tcdef\nab\tc\n", cwd=tmp_path, status=2)
    assert "<stdin>: line 2: an input has 1 along 2*T, and 4 is needed" in done.stderr
