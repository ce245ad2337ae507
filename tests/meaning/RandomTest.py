"""Random programs, more by hand: compare.py 1000 500."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from compare import deep, differences, of_seed


@pytest.mark.parametrize("seed", range(1, 41))
def test_random(seed, tmp_path):
    assert deep(lambda: differences(of_seed(seed), tmp_path, seed)) == []
