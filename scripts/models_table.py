"""Writes the tables of docs/models.md: what each model is (its own first sentence) and what `rondo explain` says of it.

usage: models_table.py RONDO [--check]

A line `<!-- models: NAME ... -->` is followed by the table of these models. With --check nothing is written: exits with 1
when a table is not what it would be, or a model of models/ stands in no table or in two.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE, MODELS = ROOT / "docs" / "models.md", ROOT / "models"
MARK = re.compile(r"^<!-- models: (.*) -->$")
EXPORT = re.compile(r"^(\w+) +(\d+)  (\S.*)$")
MEMORY = re.compile(r"^(\w+): a session stores (.*) bytes per example")
PARAMETERS = re.compile(r"^([\d,]+) parameters")


def first_sentence(path):
    lines = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return re.split(r"(?<! al)\.(?= |$)", " ".join(lines))[0] + "."


def row(rondo, name):
    path = MODELS / f"{name}.rondo"
    done = subprocess.run([rondo, "explain", "--target", "x86-64-v3", "--color", "never", path], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"rondo explain {path}: {done.stderr}")
    exports, parameters = {}, ""
    for line in done.stdout.splitlines():
        if found := EXPORT.match(line):
            exports[found[1]] = [found[2], found[3].replace("*", " "), ""]
        elif (found := MEMORY.match(line)) and found[1] in exports:
            exports[found[1]][2] = found[2].replace("*", " ")
        elif found := PARAMETERS.match(line):
            parameters = found[1]
    if not exports or not parameters:
        sys.exit(f"rondo explain {path}: no table in its output")
    columns = ["<br>".join(column) for column in zip(*([f"`{fn}`", *cost] for fn, cost in exports.items()))]
    return f"| [`{name}`](../models/{name}.rondo) | {first_sentence(path)} | {' | '.join([*columns, parameters])} |"


def main(rondo, check=False):
    names, page = [], PAGE.read_text().splitlines()
    for line in page:
        if found := MARK.match(line):
            names += found[1].split()
    there = sorted(path.stem for path in MODELS.glob("*.rondo"))
    if sorted(names) != there:
        sys.exit(f"docs/models.md: each model belongs in one table; differing: {sorted(set(names) ^ set(there)) or 'some twice'}")
    with ThreadPoolExecutor(2) as pool:
        rows = dict(zip(names, pool.map(lambda name: row(rondo, name), names)))
    made, skipping = [], False
    for line in page:
        skipping = skipping and line.startswith("|")
        if skipping:
            continue
        made.append(line)
        if found := MARK.match(line):
            made += ["| model | what it is | export | kernels | operations for one example | bytes a session stores for it | parameters |",
                     "|---|---|---|---|---|---|---|", *(rows[name] for name in found[1].split())]
            skipping = True
    text = "\n".join(made) + "\n"
    if not check:
        PAGE.write_text(text)
    elif text != PAGE.read_text():
        old = set(page)
        print("\n".join(line for line in made if line not in old))
        sys.exit("docs/models.md is stale: run scripts/models_table.py build/.../bin/rondo and commit it")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:] == ["--check"])
