"""How a step tells its progress: to the terminal, to Prefect, to nobody; the step does not know which."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

# A forecast from less of the work than this says more about how engines start than about how they run.
_LEAST_SHARE = 0.05


class Progress(Protocol):
    """Where a step reports to."""

    def begin(self, step: str, total: int, unit: str) -> None:
        """A step starts that will do ``total`` units."""

    def advance(self, done: int, note: str = "") -> None:
        """``done`` units of it are finished so far."""

    def end(self, summary: str) -> None:
        """The step is over; ``summary`` is one sentence for people."""


class Silent:
    """Reports to nobody."""

    def begin(self, step: str, total: int, unit: str) -> None:
        """Says nothing."""

    def advance(self, done: int, note: str = "") -> None:
        """Says nothing."""

    def end(self, summary: str) -> None:
        """Says nothing."""


@dataclass
class Several:
    """Reports to each of several."""

    members: list[Progress]

    def begin(self, step: str, total: int, unit: str) -> None:
        """Tells each."""
        for member in self.members:
            member.begin(step, total, unit)

    def advance(self, done: int, note: str = "") -> None:
        """Tells each."""
        for member in self.members:
            member.advance(done, note)

    def end(self, summary: str) -> None:
        """Tells each."""
        for member in self.members:
            member.end(summary)


@dataclass
class Pace:
    """Rate and time left of one step.

    Measured from the step's first report, not from its begin: engines take their time to start, and work found done is not speed.
    """

    total: int
    started: float = field(default_factory=time.monotonic)
    _first: tuple[float, int] | None = None

    def rate(self, done: int) -> float | None:
        """Units a second since the first report; None on that report itself."""
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        then, before = self._first
        return (done - before) / (now - then) if now > then and done > before else None

    def in_words(self, done: int, unit: str) -> str:
        """For instance "12.5 samples/s, 40 s left"; empty while too little is done to say."""
        rate = self.rate(done)
        if not rate or done - (self._first or (0.0, 0))[1] < _LEAST_SHARE * self.total:
            return ""
        return f"{rate:.1f} {unit}/s, {(self.total - done) / rate:.0f} s left"
