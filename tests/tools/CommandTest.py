"""Manners of the command line: what goes where, exit statuses, hints."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

SOURCE = os.environ["RONDO_SOURCE"]
RONDO = os.path.join(os.environ["RONDO_BUILD"], "bin", "rondo")

COMMANDS = ("check", "compile", "run", "verify", "explain", "import", "init", "fmt", "inspect", "doctor", "score", "bench")


def rondo(*words, **options):
    return subprocess.run([RONDO, *words], capture_output=True, text=True, timeout=120, **options)


def test_help_is_a_result():
    for words in (["--help"], *([name, "--help"] for name in COMMANDS)):
        done = rondo(*words)
        assert done.returncode == 0 and "Usage: rondo" in done.stdout and done.stderr == ""
        assert "101 a bug in rondo" in done.stdout


def test_what_takes_longer_says_so_on_a_terminal(tmp_path):
    words = [RONDO, "compile", f"{SOURCE}/models/nat.rondo", "-o", tmp_path]
    terminal, stderr = pty.openpty()
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr)
    os.close(stderr)
    seen = b""
    while piece := read(terminal):
        seen += piece
    assert running.wait() == 0
    assert re.fullmatch(rb"(\r\x1b\[Kcompiling [^\r]*nat\.rondo, \d+ s\r)+\x1b\[K", seen), seen
    assert running.stdout.read().splitlines()[-1].startswith(b"wrote ")
    done = rondo(*words[1:], "--target", "x86-64-v2")
    assert done.returncode == 0 and done.stderr == "", "where nobody looks, nothing is told"


def read(terminal):
    """What stands there; nothing once nobody writes any more."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


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


def test_one_word_is_one_value(model):
    """The model behind an option that may be repeated is the model; a script's empty variable is no value."""
    for words in (["compile", "--emit=asm", "--target", "x86-64-v3,x86-64-v2"], ["bench", "--rounds", "1", "--lengths", "3", "--threads", "1"]):
        done = rondo(*words, model)
        assert done.returncode == 0, done.stderr
    for option in ("--weights", "--output", "--name", "--pass-pipeline"):
        done = rondo("compile", model, option, "")
        assert done.returncode == 2 and done.stderr == f"error: {option}: the value is empty (see `rondo compile --help`)\n"
    for words in (["verify", model, "--bound"], ["import", model, "w.npz", "--map", "m", "--tolerance"]):
        for number in ("-1", "nan", "inf", "x"):
            done = rondo(*words, number)
            assert done.returncode == 2 and f"{number}: a number is expected, 0 at least" in done.stderr


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
    # Links stay links, also in a circle, and files as private as they were.
    one.write_text(crooked)
    one.chmod(0o600)
    (tmp_path / "below" / "link.rondo").symlink_to("../one.rondo")
    (tmp_path / "below" / "circle").symlink_to(".")
    assert rondo("fmt", "--check", str(tmp_path / "below")).stdout == f"{tmp_path}/below/link.rondo\n"
    assert rondo("fmt", str(tmp_path / "below")).returncode == 0 and one.read_text() == straight
    assert (tmp_path / "below" / "link.rondo").is_symlink() and one.stat().st_mode & 0o777 == 0o600
    # A folder that cannot be read is not passed over: this path is longer than any may be.
    os.chdir(tmp_path)
    for _ in range(17):
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    unread = rondo("fmt", "--check", str(tmp_path), cwd=SOURCE)
    os.chdir(SOURCE)
    assert unread.returncode == 2 and "File name too long" in unread.stderr
    wrong = rondo("fmt", "-", input="layer a(\n")
    assert wrong.returncode == 1 and wrong.stdout == "" and "<stdin>:1" in wrong.stderr


MODEL = "model Search(H = 4) {\n  fn f(x: [T, H]) -> [T, H] { return y[t, i] = 2 * x[t, i] }\n  export f\n}\n"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "search.rondo"
    path.write_text(MODEL)
    return str(path)


def test_results_that_cannot_be_written_are_no_bug(model):
    for words in (["check", model], ["compile", "--emit=rondo", model], ["explain", model], ["--help"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([RONDO, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
        assert done.returncode == 2 and done.stderr == "error: cannot write standard output: No space left on device\n", words


def test_closed_streams(model, tmp_path):
    quoted = f"'{RONDO}' compile --name found -o '{tmp_path}/out' '{model}'"
    done = subprocess.run(["sh", "-c", quoted + " <&- >&- 2>&-"], timeout=120)
    assert done.returncode == 0 and (tmp_path / "out" / "found.json").read_text().startswith("{")


def test_what_is_no_file_is_written_as_it_is(model, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
        done = rondo("compile", "--emit=rondo", model, "-o", str(pipe))
        assert done.returncode == 0 and reader.stdout.read() == rondo("compile", "--emit=rondo", model).stdout
    assert pipe.is_fifo()
    done = rondo("compile", "--emit=rondo", model, "-o", str(tmp_path))
    assert done.returncode == 2 and "Is a directory" in done.stderr


def test_what_is_read_is_not_replaced(model, tmp_path):
    (tmp_path / "lines").write_text('{"x": [[1, 2, 3, 4]]}\n')
    lines, text = str(tmp_path / "lines"), open(model).read()
    (tmp_path / "link.rondo").hardlink_to(model)
    for words, kept in (
        (["compile", "--emit=asm", model, "-o", model], model),
        (["compile", "--emit=asm", model, "-o", str(tmp_path / "link.rondo")], model),
        (["explain", model, "--html", model], model),
        (["init", "--force", model, "-o", model], model),
        (["run", model, "-i", lines, "-o", lines], lines),
    ):
        before = open(kept).read()
        done = rondo(*words)
        assert done.returncode == 2 and "would be replaced, and it is read here" in done.stderr and open(kept).read() == before
    assert open(model).read() == text


def test_what_may_not_be_written_stays(tmp_path):
    kept = tmp_path / "kept.rondo"
    kept.write_text("layer a(E){\n}\n")
    kept.chmod(0o444)
    words = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    done = subprocess.run([*words, RONDO, "fmt", kept], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr == f"error: cannot write {kept}: Permission denied\n"
    assert kept.read_text() == "layer a(E){\n}\n" and list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_leaves_nothing_behind(model, tmp_path, number):
    folder = tmp_path / "temporary"
    folder.mkdir()
    words = [RONDO, "bench", model, "--rounds", "100000", "--lengths", "5000"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(folder)}) as running:
        while running.poll() is None and not list(folder.rglob("*.so")):
            time.sleep(0.01)
        running.send_signal(number)
        assert running.wait(60) == -number
    assert not list(folder.iterdir())


def test_quiet_says_nothing(model, tmp_path):
    for words in (["compile", "--name", "found"], ["init"]):
        done = rondo(*words, "-q", model, "-o", str(tmp_path / words[0]))
        assert done.returncode == 0 and done.stdout == done.stderr == "" and (tmp_path / words[0]).exists()


def test_without_a_place_for_temporary_files(model):
    for words in (["run", model], ["verify", model, "--inputs", "2"], ["doctor"]):
        done = rondo(*words, env={**os.environ, "TMPDIR": "/nonexistent"}, input="")
        assert done.returncode == 2 and "cannot make a folder in /nonexistent (TMPDIR" in done.stderr, done.stderr


def test_a_model_called_like_a_header(model, tmp_path):
    """Only what is written for C has names in its way."""
    done = rondo("compile", model, "-o", str(tmp_path / "out"))
    assert done.returncode == 1 and "--name" in done.stderr
    assert rondo("verify", model, "--inputs", "3").returncode == 0
    assert rondo("run", model, input='{"x": [[1, 2, 3, 4]]}\n').stdout == '{"y": [[2, 4, 6, 8]]}\n'


def test_verify_compares_something(model):
    for words in (["--inputs", "0"], ["--batch", "0"], ["--longest", "0"], ["--longest", "4294967295"]):
        assert rondo("verify", model, *words).returncode == 2
    done = rondo("verify", model, "--inputs", "1")
    assert done.returncode == 1 and "nothing was compared" in done.stdout


def test_too_much_to_measure(model, tmp_path):
    done = rondo("bench", model, "--lengths", "1..9223372036854775807")
    assert done.returncode == 2 and "is expected" in done.stderr
    done = subprocess.run(["sh", "-c", f"ulimit -v 8000000; '{RONDO}' bench '{model}' --lengths 2000000000 --rounds 1"],
                          capture_output=True, text=True, timeout=120, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 2 and done.stderr == "error: not enough memory\n"


def test_files_are_no_matter_of_the_model(model, tmp_path):
    (tmp_path / "weights.rondo").write_text(MODEL.replace("fn f", "param b : [H] = 0\n  fn f"))
    for words in (["-o", model], ["--weights", str(tmp_path / "none")], ["--weights", str(tmp_path)]):
        done = rondo("compile", "--name", "found", str(tmp_path / "weights.rondo"), "-o", str(tmp_path / "out"), *words)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("error: "), done.stderr
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~os.umask(os.umask(0o022))
