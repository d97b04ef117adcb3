"""Ctrl-C that cannot get lost: said again until the command has heard it."""

from __future__ import annotations

import signal

# Clearing up after an interrupted run (Ray's processes above all) was measured at 3 to 5 seconds on two cores; to interrupt that
# as well would leave processes behind.
_SECONDS_UNTIL_SAID_AGAIN = 10.0


def heed_ctrl_c(again_after: float = _SECONDS_UNTIL_SAID_AGAIN) -> None:
    """Makes SIGINT raise `KeyboardInterrupt`, and once more every ``again_after`` seconds until `ctrl_c_was_heard`.

    An exception that is raised while C++ or Rust calls back into Python, or in a destructor, is printed and dropped there: a run
    that was told to stop then went on to its end.
    """

    def interrupt(*_signal_and_frame: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, again_after)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return  # a shell's background job, which Ctrl-C is not meant for
    signal.signal(signal.SIGALRM, interrupt)
    signal.signal(signal.SIGINT, interrupt)


def ctrl_c_was_heard() -> None:
    """Ends the repetition: the command is about to end."""
    signal.setitimer(signal.ITIMER_REAL, 0)
