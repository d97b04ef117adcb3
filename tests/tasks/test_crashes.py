"""kill -9 in four ways at a random moment, each once; `python benchmarks/crashes.py` does the same twenty times each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DRILL = Path(__file__).parents[2] / "benchmarks" / "crashes.py"


def test_whatever_is_killed_the_table_ends_as_if_nothing_had_been() -> None:
    order = [sys.executable, str(DRILL), "--times", "1", "--samples", "160", "--workers", "2"]
    done = subprocess.run(order, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for way in ("worker", "node", "driver", "commit"):
        assert f"{way}: 1 of 1 ended as an undisturbed run" in done.stdout
