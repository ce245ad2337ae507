"""Manners of the command line: what goes where, exit statuses, hints."""

import json
import os
import subprocess

RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")

COMMANDS = ("check", "compile", "run", "verify", "explain", "import", "init", "fmt", "inspect", "doctor", "score", "bench")


def rondo(*words, **options):
    return subprocess.run([RONDO, *words], capture_output=True, text=True, timeout=120, **options)


def test_help_is_a_result():
    for words in (["--help"], *([name, "--help"] for name in COMMANDS)):
        done = rondo(*words)
        assert done.returncode == 0 and "Usage: rondo" in done.stdout and done.stderr == ""
        assert "101 a bug in rondo" in done.stdout


def test_wrong_words_are_usage_errors_with_a_hint():
    for words, hint in (
        (["chekc", "x.rondo"], "no command `chekc`; did you mean `check`?"),
        (["check", "--jsn", "x.rondo"], "unknown option `--jsn`; did you mean `--json`?"),
        (["compile", "--emit=ruby", "x.rondo"], "ruby"),
        ([], "which command?"),
    ):
        done = rondo(*words)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.startswith("error: ") and hint in done.stderr
        assert done.stderr.count("\n") == 1


def test_version():
    assert rondo("--version").stdout.startswith("rondo ")


def test_check_reports_on_stdout(tmp_path):
    wrong = tmp_path / "wrong.rondo"
    wrong.write_text("model A( {\n}\n")
    done = rondo("check", str(wrong))
    assert done.returncode == 1 and done.stderr == ""
    assert "wrong.rondo:1:10: error[R0103]" in done.stdout and "\x1b" not in done.stdout
    assert "\x1b[" in rondo("check", "--color=always", str(wrong)).stdout
    listed = json.loads(rondo("check", "--json", str(wrong)).stdout)
    assert [entry["code"] for entry in listed] == ["R0103"]


def test_check_reads_standard_input():
    done = rondo("check", "-", input="model A( {\n}\n")
    assert done.returncode == 1 and "<stdin>:1:10" in done.stdout


def test_a_missing_file_is_a_usage_error():
    for words in (["check", "none.rondo"], ["run", "libnone.so"]):
        done = rondo(*words)
        assert done.returncode == 2 and done.stdout == "" and "none" in done.stderr


def test_fmt_writes_one_form(tmp_path):
    crooked, straight = "layer a(E){\n param b:[E]=0 # bias\n}\n", "layer a(E) {\n  param b : [E] = 0   # bias\n}\n"
    assert rondo("fmt", "-", input=crooked).stdout == straight
    (tmp_path / "below").mkdir()
    one, other = tmp_path / "one.rondo", tmp_path / "below" / "other.rondo"
    one.write_text(crooked)
    other.write_text(straight)
    listed = rondo("fmt", "--check", str(tmp_path))
    assert listed.returncode == 1 and listed.stdout == f"{one}\n" and one.read_text() == crooked
    done = rondo("fmt", str(tmp_path))
    assert done.returncode == 0 and done.stderr == f"formatted {one}\n" and one.read_text() == straight
    assert rondo("fmt", "--check", str(tmp_path)).returncode == 0
    wrong = rondo("fmt", "-", input="layer a(\n")
    assert wrong.returncode == 1 and wrong.stdout == "" and "<stdin>:1" in wrong.stderr
