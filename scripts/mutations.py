#!/usr/bin/env python3
"""Does the test suite notice mistakes? Each fault of tests/mutations/faults.txt is made in a copy of the tree, one at a
time; what it touches is built again and the tests run, quick ones first, until one fails.

  scripts/mutations.py                        all faults (an hour and a half on two cores), a table at the end
  scripts/mutations.py NAME...                these
  scripts/mutations.py --check                only whether every fault still applies
  scripts/mutations.py --markdown FILE        writes the table there, too
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def ctest(tests):
    return lambda build: ["ctest", "--test-dir", str(build), "-j2", "--stop-on-failure", "--timeout", "300", "-R", tests]


def small_programs(build):
    files = sorted(str(path) for folder in ("corners", "found") for path in (ROOT / "tests/random" / folder).glob("*.rondo"))
    return [str(build / "bin/rondo"), "verify", "--inputs", "8", "--longest", "40", *files, "--target", "x86-64-v3"]


def random_programs(build):
    return [str(build / "bin/rondo-random"), "--count", "14", "--targets", "x86-64-v3", "--stop", "--quiet"]


# What to build, then what to run: most faults are seen by the first.
STAGES = [
    ("small programs", ["rondo"], small_programs),
    ("random programs", ["rondo-random"], random_programs),
    ("models", [], ctest(r"^models\.(own_past|gpt_window|seq2seq|tagger|lstm_lm|gathered_window)")),
    ("kernels, passes", ["codegen_math_test", "codegen_product_test", "codegen_rows_test", "codegen_fold_test", "codegen_fold_tile_test",
                         "forward_test", "rondo-opt"], ctest(r"Forward|^Fold|^Product|Levels/|Math|passes-lit|Rows|Spills")),
    ("everything", [], ctest(".")),
]


class Fault:
    def __init__(self, name, path, which):
        self.name, self.path, self.which = name, path, which
        self.old, self.new = [], []

    def made_in(self, text):
        """The text with the fault; None where it does not apply."""
        old, new = "\n".join(self.old) + "\n", "\n".join(self.new) + "\n"
        at = -1
        for _ in range(self.which):
            at = text.find("\n" + old, at + 1)
            if at < 0:
                return None
        if self.which == 1 and not self.several and text.count("\n" + old) != 1:
            return None
        return text[: at + 1] + new + text[at + 1 + len(old):]


def read_faults(path):
    faults = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("@ "):
            words = line[2:].split()
            faults.append(Fault(words[0], words[1], int(words[2]) if len(words) > 2 else 1))
            faults[-1].several = len(words) > 2
        elif line.startswith(("- ", "+ ")):
            (faults[-1].old if line[0] == "-" else faults[-1].new).append(line[2:])
        elif line and not line.startswith("#"):
            sys.exit(f"{path}:{number}: neither fault nor comment")
    return faults


def copy_tree(tree):
    """The files that git knows, newer ones only: what was built stays built."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in names.stdout.splitlines():
        source, target = ROOT / name, tree / name
        if source.is_file() and (not target.exists() or source.read_bytes() != target.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)


def run(command, tree, log, limit=1800):
    with open(log, "a") as out:
        try:
            return subprocess.run(command, cwd=tree, stdout=out, stderr=out, timeout=limit).returncode
        except subprocess.TimeoutExpired:
            return "took too long"


def first_failure(log):
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("seed ") or " x86-64-v3: " in line:
            return line.replace(str(ROOT) + "/", "")
        if "***" in line and ":" in line:
            return line.split(":", 1)[1].split(" ..")[0].strip()
    return "?"


def try_fault(fault, tree, build, stages):
    """(noticed, by what)."""
    before = (tree / fault.path).read_text()
    after = fault.made_in(before)
    if after is None:
        return None, "does not apply any more"
    (tree / fault.path).write_text(after)
    log = build / "mutation.log"
    log.write_text("")
    try:
        for what, targets, command in stages:
            if run(["ninja", "-C", str(build), "-j2", *targets], tree, log):
                return None, "does not build: " + str(log)
            if run(command(build), tree, log):
                return True, f"{first_failure(log)} ({what})"
        return False, ""
    finally:
        (tree / fault.path).write_text(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--tree", type=pathlib.Path, default=ROOT / "build" / "mutations", help="where the copy is kept")
    parser.add_argument("--stages", type=int, default=len(STAGES), help="only the first so many stages")
    args = parser.parse_args()
    faults = read_faults(ROOT / "tests/mutations/faults.txt")
    if args.names:
        faults = sorted((f for f in faults if f.name in args.names), key=lambda f: args.names.index(f.name))
    if args.check:
        stale = 0
        for fault in faults:
            if fault.made_in((ROOT / fault.path).read_text()) is None:
                print(f"{fault.name}: {fault.path} no longer has these lines")
                stale += 1
        print(f"{len(faults)} faults, {stale} stale")
        return stale != 0
    (args.tree / "build").mkdir(parents=True, exist_ok=True)
    copy_tree(args.tree)
    build = args.tree / "build" / "dev"
    said_in = args.tree / "build" / "mutations-build.log"
    for command in (["cmake", "--preset", "dev"], ["ninja", "-C", str(build), "-j2", *[t for s in STAGES[: args.stages] for t in s[1]]]):
        if run(command, args.tree, said_in):
            sys.exit(f"the tree as it is does not build: {said_in}")
    rows, unnoticed = [], 0
    for fault in faults:
        started = time.time()
        noticed, by = try_fault(fault, args.tree, build, STAGES[: args.stages])
        said = {True: "noticed", False: "UNNOTICED", None: "no fault"}[noticed]
        unnoticed += noticed is not True
        rows.append((fault, said, by))
        print(f"{fault.name}: {said}: {by} ({time.time() - started:.0f} s)", flush=True)
    print(f"{len(rows)} faults, {len(rows) - unnoticed} noticed")
    if args.markdown:
        text = "| fault | in | noticed by |\n|---|---|---|\n"
        text += "".join(f"| {f.name.replace('_', ' ')} | `{f.path}` | {by if said == 'noticed' else said} |\n" for f, said, by in rows)
        args.markdown.write_text(text)
    return unnoticed != 0


sys.exit(main())
