"""Ctrl-C: heard although an engine drops the first one, and left to the foreground where it belongs."""

from __future__ import annotations

import signal
import subprocess
import sys

_DROPS_IT = """
import signal, time
from flows.interruption import heed_ctrl_c
heed_ctrl_c(again_after=0.2)
class Engine:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
Engine()
print("went on", flush=True)
time.sleep(30)
print("ran to its end")
"""
_BACKGROUND = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from flows.interruption import heed_ctrl_c
heed_ctrl_c()
signal.raise_signal(signal.SIGINT)
print("went on")
"""


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)


def test_an_interrupt_that_a_destructor_dropped_is_raised_again() -> None:
    done = _run(_DROPS_IT)
    assert done.stdout == "went on\n", "Python drops what a destructor raises, and the run went on"
    assert done.returncode == -signal.SIGINT
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


def test_a_background_job_keeps_ignoring_it() -> None:
    done = _run(_BACKGROUND)
    assert (done.returncode, done.stdout) == (0, "went on\n")
