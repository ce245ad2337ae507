"""Who may know whom, how long a file may be, and one name in four places: a pass is an entry of Passes.td, a file, a flag
and a lit test.

structure.py SOURCE_DIR: prints what is wrong, one line each, and fails if there is anything."""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
wrong = []

# A folder may include from itself and from these.
MAY_KNOW = {
    "ir": set(),
    "dsl": {"ir"},
    "passes": {"ir"},
    "codegen": {"ir", "runtime"},
    "runtime": set(),
    "tools": {"ir", "dsl", "passes", "codegen", "runtime"},
}
FOLDERS = set(MAY_KNOW)

for folder, known in MAY_KNOW.items():
    for path in sorted((root / folder).rglob("*")):
        if path.suffix not in (".h", ".c", ".cpp", ".td"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#?\s*include\s+"([\w./-]+)"', line)
            if not found:
                continue
            target = found.group(1).split("/")[0]
            if target in FOLDERS and target != folder and target not in known:
                wrong.append(f"{path.relative_to(root)}:{number}: {folder} may not know {target}")

for folder in FOLDERS | {"tests", "bench", "scripts"}:
    for path in sorted((root / folder).rglob("*")):
        if path.suffix in (".h", ".hpp", ".c", ".cpp", ".td", ".py", ".sh") and path.read_text().count("\n") > 500:
            wrong.append(f"{path.relative_to(root)}: longer than 500 lines: two subjects")


def dashed(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


table = (root / "passes/Passes.td").read_text()
passes = re.findall(r'^def (\w+) : Rondo_Pass<"([\w-]+)">', table, re.M)
if not passes:
    wrong.append("passes/Passes.td: no passes found")
files = {path.stem: path for path in (root / "passes").glob("*/*.cpp")}
order = (root / "passes/Pipelines.cpp").read_text()
for name, flag in passes:
    if flag != dashed(name):
        wrong.append(f"passes/Passes.td: {name} has the flag rondo-{flag}, expected rondo-{dashed(name)}")
    if name not in files:
        wrong.append(f"passes/Passes.td: {name} has no file {name}.cpp")
        continue
    text = files[name].read_text()
    if not text.startswith("// ") or "before" not in text[:2000] or "after" not in text[:2000]:
        wrong.append(f"{files[name].relative_to(root)}: no banner with before and after")
    test = root / f"tests/passes/{flag}.mlir"
    if not test.exists():
        wrong.append(f"tests/passes/{flag}.mlir: missing, the test of {name}")
    elif f"--rondo-{flag}" not in test.read_text():
        wrong.append(f"tests/passes/{flag}.mlir: does not run --rondo-{flag}")
    if f"create{name}(" not in order:
        wrong.append(f"passes/Pipelines.cpp: {name} is in no pipeline")

print("\n".join(wrong) or f"{len(passes)} passes; includes as they may be")
sys.exit(bool(wrong))
