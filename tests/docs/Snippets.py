"""Runs the pages of docs/: what a page says to type is typed, what it shows is compared.

A page is run from top to bottom in an empty folder. The first line of a code block says what it is:

    ```rondo check            the source is checked as model.rondo; the `text output` block behind it is what is said
    ```rondo right            the source is checked, and nothing is wrong with it
    ```LANGUAGE file=NAME     written to NAME
    ```sh run                 run by bash, from the folder; fails when a command does
    ```sh run fails           the last command must fail
    ```text output            what the block before it printed; a line `...` stands for any lines
    ```LANGUAGE shown         a fragment, or what takes a machine to itself: only shown

Every block says which. The folder has `models`, the repository's. RONDO_UPDATE_EXPECTED=1 writes what is printed now into the pages (not over `...`).
"""

import os
import re
import subprocess
import sys

SOURCE = os.environ["RONDO_SOURCE"]
BUILD = os.environ["RONDO_BUILD"]
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.M | re.S)


def environment():
    env = dict(os.environ, SOURCE=SOURCE, BUILD=BUILD, NO_COLOR="1")
    env["PYTHONPATH"] = os.path.join(SOURCE, "runtime", "python")
    env["PATH"] = os.path.dirname(sys.executable) + os.pathsep + env["PATH"]
    env["PATH"] = os.path.join(BUILD, "bin") + os.pathsep + "/usr/lib/llvm-22/bin" + os.pathsep + env["PATH"]
    return env


def execute(command, folder, fails):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=300)
    assert (done.returncode != 0) == fails, f"exit {done.returncode} of\n{command}\n{done.stdout}"
    return done.stdout


def check(text, folder, right):
    with open(os.path.join(folder, "model.rondo"), "w") as file:
        file.write(text)
    done = subprocess.run([os.path.join(BUILD, "bin", "rondo"), "check", "model.rondo"], cwd=folder, env=environment(),
                          capture_output=True, text=True, timeout=60)
    assert not right or done.returncode == 0, f"{text}\n{done.stdout}"
    return done.stdout


def matches(shown, printed):
    pattern = "".join(".*?" if part == "...\n" else re.escape(part) for part in re.split(r"(?<=\n)(\.\.\.\n)|^(\.\.\.\n)", shown) if part)
    return re.fullmatch(pattern, printed, re.S) is not None


def run_page(path, folder, update=False):
    """Every block of a page. Returns how many were run."""
    with open(path) as file:
        page = file.read()
    printed, ran, edits = None, 0, []
    if not os.path.lexists(os.path.join(folder, "models")):
        os.symlink(os.path.join(SOURCE, "models"), os.path.join(folder, "models"))
    for block in BLOCK.finditer(page):
        words, text = block[1].split(), block[2]
        kind = words[1] if len(words) > 1 else ""
        if kind == "output":
            assert printed is not None, f"nothing was run before\n{text}"
            if not matches(text, printed):
                assert update and "...\n" not in text, f"shown:\n{text}\nprinted:\n{printed}"
                edits.append((block.span(2), printed))
            printed = None
            continue
        if kind in ("check", "right"):
            printed = check(text, folder, kind == "right")
        elif kind == "run":
            printed = execute(text, folder, "fails" in words)
        elif kind.startswith("file="):
            name = os.path.join(folder, kind[5:])
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "w") as file:
                file.write(text)
        else:
            assert kind == "shown", f"this block says not what it is: {block[0]}"
            continue
        ran += 1
    for (begin, end), text in reversed(edits):
        page = page[:begin] + text + page[end:]
    if edits:
        with open(path, "w") as file:
            file.write(page)
    return ran
