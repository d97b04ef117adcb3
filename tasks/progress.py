"""How a step tells its progress: to the terminal, to Prefect, to nobody; the step does not know which."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol


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
    """Rate and time left of one step, from what was done since it began."""

    total: int
    started: float = field(default_factory=time.monotonic)

    def rate(self, done: int) -> float:
        """Units a second so far."""
        elapsed = time.monotonic() - self.started
        return done / elapsed if elapsed > 0 else 0.0

    def seconds_left(self, done: int) -> float | None:
        """Seconds to go at this rate; None before anything is done."""
        rate = self.rate(done)
        return (self.total - done) / rate if rate > 0 else None
