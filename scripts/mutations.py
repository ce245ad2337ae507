#!/usr/bin/env python3
"""Does the test suite notice mistakes? Each fault of tests/mutations/faults.txt is made in a copy of the tree, one at a
time; what it touches is built again and the tests run, quick ones first, until one fails.

  scripts/mutations.py                        all faults (about an hour on two cores)
  scripts/mutations.py NAME...                these
  scripts/mutations.py --check                only whether every fault still applies
  scripts/mutations.py --markdown FILE        writes each result into the table there at once; what stands there already
                                              is not tried again, unless it is named or --again says so
"""
import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def ctest(tests):
    return lambda build: [["ctest", "--test-dir", str(build), "-j2", "--stop-on-failure", "--timeout", "1500", "-R", tests]]


def small_programs(build):
    tree = build.parent.parent
    files = sorted(path for folder in ("corners", "found") for path in (tree / "tests/random" / folder).glob("*.rondo"))
    return [[str(build / "bin/rondo"), "verify", "--target", "x86-64-v3", "--inputs", "8", "--longest", "40", str(file)] for file in files]


def random_programs(build):
    return [[str(build / "bin/rondo-random"), "--count", "14", "--targets", "x86-64-v3", "--stop", "--quiet"]]


# What to build, then what to run, and for how many seconds of the processor each at most: most faults are seen by the first.
STAGES = [
    ("small programs", ["rondo"], small_programs, 60),
    ("random programs", ["rondo-random"], random_programs, 120),
    ("models, small programs at every level", ["rondo"], ctest(r"^random.found$|^models\.(own_past|gpt_window|seq2seq|tagger|lstm_lm|gathered_window|columns_[23])"), 300),
    ("kernels, passes", ["codegen_math_test", "codegen_product_test", "codegen_rows_test", "codegen_fold_test", "codegen_fold_tile_test",
                         "forward_test", "rondo-opt"], ctest(r"Forward|^Fold|^Product|Levels/|Math|passes-lit|Rows|Spills"), 300),
    ("everything", ["all"], ctest("."), 600),
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


def run(command, tree, log, limit=0):
    """The exit status. A fault may make a program run for ever: `limit` is in seconds of the processor, which a busy machine
    does not change. One that waits is ended by the clock, much later."""

    def bound():
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))

    with open(log, "a") as out:
        try:
            bounds = {"timeout": 20 * limit, "preexec_fn": bound} if limit else {}
            return subprocess.run(command, cwd=tree, stdout=out, stderr=out, **bounds).returncode
        except subprocess.TimeoutExpired:
            return "waits"


def first_failure(log, status, tree):
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith(("seed ", "error: ")) or " x86-64-v3: " in line:
            return line.replace(str(tree) + "/", "")
        if "***" in line and ":" in line:
            return line.split(":", 1)[1].split(" ..")[0].strip()
    return f"status {status}"


said_last = []


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
        for what, targets, commands, limit in stages:
            if run(["ninja", "-C", str(build), "-j2", *targets], tree, log):
                return None, "does not build: " + str(log)
            # What noticed the last fault goes first: neighbours are noticed by the same.
            for test in sorted(commands(build), key=lambda words: words != said_last):
                if status := run(test, tree, log, limit):
                    said_last[:] = test
                    return True, f"{first_failure(log, status, tree)} ({what})"
        return False, ""
    finally:
        (tree / fault.path).write_text(before)


class Table:
    """The results in a file of Markdown: one row a fault; what people wrote around the rows and in the last column stays."""

    HEAD = ["| fault | in | noticed by | first unnoticed? |", "|---|---|---|---|"]

    def __init__(self, path, faults):
        self.path, self.order = path, [self.title(f) for f in faults]
        lines = path.read_text().splitlines() if path.exists() else []
        rows = [i for i, line in enumerate(lines) if line.startswith("|")]
        self.before, self.after = (lines[: rows[0]], lines[rows[-1] + 1 :]) if rows else (lines, [])
        cells = ([cell.strip() for cell in lines[i].strip("|").split("|")] for i in rows[2:])
        self.rows = {row[0]: row for row in cells if row[0] in self.order}

    @staticmethod
    def title(fault):
        return fault.name.replace("_", " ")

    def has(self, fault):
        return bool(self.rows.get(self.title(fault), [""] * 4)[2])

    def put(self, fault, said):
        title = self.title(fault)
        note = self.rows[title][3] if title in self.rows else ""
        self.rows[title] = [title, f"`{fault.path}`", said, note]
        rows = [re.sub(" +", " ", f"| {' | '.join(self.rows[t])} |") for t in self.order if t in self.rows]
        self.path.write_text("\n".join(self.before + self.HEAD + rows + self.after) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--again", action="store_true", help="also those whose result stands in the table")
    parser.add_argument("--tree", type=pathlib.Path, default=ROOT / "build" / "mutations", help="where the copy is kept")
    parser.add_argument("--stages", type=int, default=len(STAGES), help="only the first so many stages")
    args = parser.parse_args()
    faults = read_faults(ROOT / "tests/mutations/faults.txt")
    table = Table(args.markdown, faults) if args.markdown else None
    if table and not args.names and not args.again and not args.check:
        faults = [f for f in faults if not table.has(f)]
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
    for command in (["cmake", "--preset", "dev"], ["ninja", "-C", str(build), "-j2", *STAGES[0][1]]):
        if run(command, args.tree, said_in):
            sys.exit(f"the tree as it is does not build: {said_in}")
    for test in STAGES[0][2](build):
        if run(test, args.tree, said_in):
            sys.exit(f"a test fails without any fault: {said_in}")
    noticed_of_all = 0
    for fault in faults:
        started = time.time()
        noticed, by = try_fault(fault, args.tree, build, STAGES[: args.stages])
        said = {True: "noticed", False: "UNNOTICED", None: "no fault"}[noticed]
        noticed_of_all += noticed is True
        print(f"{fault.name}: {said}: {by} ({time.time() - started:.0f} s)", flush=True)
        if table:
            table.put(fault, by if noticed else said)
    print(f"{len(faults)} faults, {noticed_of_all} noticed")
    return noticed_of_all != len(faults)


sys.exit(main())
