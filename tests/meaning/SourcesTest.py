"""The sources of other tests, each export for one example."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from compare import deep, differences

LEFT_OUT = {
    *("skipgram", "statistics", "translate", "vae"),  # draws, states and settings are not built yet
    *("skipthought", "small", "transformer"),  # sizes for which element by element takes minutes
    "undecided_rows",  # rounding decides which of two rows is nearest
}
SOURCES = [
    path
    for folder in ("forward", "dsl/right", "random/found", "random/corners")
    for path in sorted((HERE.parent / folder).rglob("*.rondo"))
    if path.stem not in LEFT_OUT and "\nmodel " in "\n" + path.read_text()
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_source(path, tmp_path):
    assert deep(lambda: differences(path.read_text(), tmp_path)) == []


def test_what_differs_is_told(tmp_path):
    """A source compiled in place of another: of two results one differs."""
    text = "model M() {\n  fn f(x: [T]) {\n    return y[t] = x[t] + 1, z[t] = if t == 0 then x[t] else x[t-1]\n  }\n  export f\n}\n"
    wrong = deep(lambda: differences(text, tmp_path, 1, text.replace("x[t-1]", "x[0]").replace("t == 0", "t == 1")))
    assert len(wrong) == 1 and wrong[0].startswith("f, result 1")
