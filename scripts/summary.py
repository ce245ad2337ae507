"""Condenses one CTest run: one line per suite, what was skipped and why, failures last with the command to rerun them.

usage: summary.py ctest.xml ctest.log BUILD_FOLDER
"""

import sys
import xml.etree.ElementTree as xml
from collections import defaultdict
from pathlib import Path


def suite_of(case):
    """A test is named `area.rest`, `Suite.Case` or `Instances/Suite.Case/parameter`: what stands before the first dot."""
    return case.get("name").split(".", 1)[0]


def main(report, log, folder):
    suites = defaultdict(lambda: {"run": 0, "fail": 0, "skip": 0, "time": 0.0})
    failures, skips = [], []
    if Path(report).exists():
        for case in xml.parse(report).getroot().iter("testcase"):
            row = suites[suite_of(case)]
            row["time"] += float(case.get("time", 0))
            if case.get("status") == "fail":
                row["fail"] += 1
                failures.append(case)
            elif case.get("status") in ("notrun", "disabled"):
                row["skip"] += 1
                reason = case.find("skipped")
                skips.append((case.get("name"), reason.get("message") if reason is not None else ""))
            else:
                row["run"] += 1
    width = max([len(name) for name in suites] + [5])
    for name, row in sorted(suites.items()):
        state = "FAIL" if row["fail"] else "ok"
        extra = f"  {row['fail']} failed" if row["fail"] else ""
        extra += f"  {row['skip']} skipped" if row["skip"] else ""
        print(f"{name:<{width}}  {row['run']:5} passed{extra}  {row['time']:7.1f} s  {state}")
    for name, reason in skips:
        print(f"skipped {name}: {reason}")
    for case in failures:
        out = case.findtext("system-out") or ""
        print(f"\n---- {case.get('name')}")
        print("\n".join(out.strip().splitlines()[-40:]))
        print(f"again: ctest --test-dir {folder} --output-on-failure -R '^{case.get('name')}$'")
    # CTest's own closing lines, which other tools look for.
    lines = Path(log).read_text(errors="replace").splitlines()
    closing = [line for line in lines if "tests passed" in line or line.startswith(("No tests", "Total Test time"))]
    print("\n".join(closing or lines[-5:]))


if __name__ == "__main__":
    main(*sys.argv[1:4])
