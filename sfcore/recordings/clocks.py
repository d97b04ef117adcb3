"""Cells that tell when a row was captured: of what kind they are, in which unit, and how that is known.

One clock serves a whole file: what its first rows hold decides, and what was guessed is said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.recordings import timecode
from sfcore.recordings.document import number

Unit = Literal["seconds", "milliseconds", "microseconds", "nanoseconds"]
Kind = Literal[
    "timecode",
    "timecode with milliseconds",
    "clock time",
    "date and time",
    "seconds",
    "milliseconds",
    "microseconds",
    "nanoseconds",
]

NAMES = frozenset(
    {
        *("timecode", "time", "t", "ts", "seconds", "timestamp", "timestampms", "timestampus", "timestampns", "timestampinms"),
        *("timems", "timeus", "timens", "timesec", "timeseconds", "times", "frametime", "timestamps", "timestampseconds"),
    }
)
"""Names of columns and keys that hold a row's time, as `folded`."""

# Two rows of facial motion are less than this apart; larger steps of a number count smaller units.
_LONGEST_STEP_SECONDS = 5.0
_MILLISECOND = 0.001
# Of a clock's cells, so many must be of one kind to make it that kind: the others may be damaged.
_MOST = 0.99
_FEWEST_ROWS = 10
_SAMPLE = 2000
SCALE: dict[str, float] = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
# Endings of names that state a unit, longest first.
_STATED: tuple[tuple[tuple[str, ...], Unit], ...] = (
    (("nanoseconds", "nanos"), "nanoseconds"),
    (("microseconds", "micros"), "microseconds"),
    (("milliseconds", "millis", "msec"), "milliseconds"),
    (("seconds", "secs", "sec"), "seconds"),
    (("ns",), "nanoseconds"),
    (("us",), "microseconds"),
    (("ms",), "milliseconds"),
)
# Everybody means seconds by these; ``times`` and ``timestamps`` fold from ``time_s`` and ``timestamp_s``.
_USUALLY_SECONDS = frozenset({"t", "time", "timecode", "frametime", "times", "timestamps"})
# Nanoseconds of the furthest time there is: larger numbers are damage, and say nothing about a unit.
_FURTHEST_NUMBER = 1e9 * timecode.FURTHEST
_LAYOUT = b"00:00:00:00.000"
# Of the frame numbers of timecodes: fewer different ones, or a shorter time, say nothing about their base.
_FEWEST_NUMBERS, _FEWEST_SECONDS = 8, 3


def folded(name: str) -> str:
    """A column's name without case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_\-]", "", name).lower()


@dataclass(slots=True)
class Clock:
    """How the time cells of a source are read, and what their frame numbers have been so far."""

    name: str
    kind: Kind
    how: Literal["stated", "usual", "detected", "guessed"]
    note: str = ""
    """What a person should know about it."""
    _numbers: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(timecode.BASE, np.bool_))
    _span: tuple[float, float] = (math.inf, -math.inf)

    @property
    def of_day(self) -> bool:
        """Whether times count from midnight, and begin anew there."""
        return self.kind in ("timecode", "timecode with milliseconds", "clock time")

    def seconds(self, cells: Sequence[Any]) -> NDArray[np.float64]:
        """(m,) float64 seconds of cells that are text, numbers or None; NaN for an empty cell, infinity for what is no time."""
        if self.kind in SCALE:
            return np.array([_number(cell) for cell in cells], np.float64) * SCALE[self.kind]
        texts = [cell if isinstance(cell, str) else "" if cell is None else str(cell) for cell in cells]
        if self.kind == "date and time":
            return np.array([_moment(text.strip()) for text in texts], np.float64)
        read = _times_of_day(texts, self.kind)
        if self.kind == "timecode":
            self._see(read[np.isfinite(read)])
        return read

    def spelt(self, seconds: float) -> str:
        """A time as people write it."""
        return timecode.spelt(seconds) if self.of_day else f"{seconds:g} s"

    def known(self) -> dict[str, str]:
        """What a program should know about it."""
        base = self.smaller_base
        return {"clock": self.kind, "clock_known": self.how} | ({"timecode_base": f"60, maybe {base}"} if base else {})

    def notes(self) -> Iterator[str]:
        """What a person should know about it."""
        if self.note:
            yield self.note
        if base := self.smaller_base:
            most = int(np.flatnonzero(self._numbers)[-1])
            yield (
                f"the frame numbers of its timecodes never exceed {most}: they look like {base} frames a second, and "
                f"were read in sixtieths of a second, as Live Link Face writes them; if they count {base} a "
                "second, its rows are further apart than their times say, and nothing is lost between seconds"
            )

    def _see(self, read: NDArray[np.float64]) -> None:
        if len(read):
            self._numbers[np.floor(read % 1.0 * timecode.BASE + 1e-6).astype(np.int64) % timecode.BASE] = True
            self._span = min(self._span[0], float(read.min())), max(self._span[1], float(read.max()))

    @property
    def smaller_base(self) -> int | None:
        """The base of which the timecodes seem to be where it is not 60: that of film, of Europe's video or of America's."""
        seen = np.flatnonzero(self._numbers)
        if len(seen) < _FEWEST_NUMBERS or self._span[1] - self._span[0] < _FEWEST_SECONDS or seen[-1] > 29:
            return None
        return next(base for base in (24, 25, 30) if seen[-1] < base)


def clock_of(name: str, cells: Sequence[Any]) -> Clock | None:
    """The clock of a column or key by what its first cells hold and by its name; None when all of these are empty."""
    sample = [cell for cell in cells[:_SAMPLE] if cell is not None and not (isinstance(cell, str) and not cell.strip())]
    if not sample:
        return None
    texts = [cell.strip() for cell in sample if isinstance(cell, str) and ":" in cell]
    if 2 * len(texts) > len(sample):
        if 2 * sum(map(math.isfinite, map(_moment, texts))) > len(texts):
            return Clock(name, "date and time", "stated")
        if sum(map(timecode.is_clock_time, texts)) * 2 > len(texts):
            return Clock(name, "clock time", "detected")
        if _counts_milliseconds(texts):
            return Clock(name, "timecode with milliseconds", "detected")
        return Clock(name, "timecode", "usual")
    return clock_of_numbers(name, np.array([_number(cell) for cell in sample], np.float64))


def clock_of_numbers(name: str, numbers: NDArray[np.float64]) -> Clock:
    """The clock of a column of (m,) numbers, NaN and infinity for cells without one.

    A name that states a unit decides; ``t`` and ``time`` are seconds, as everybody means by them. Of other names, such as
    ``timestamp``, the unit is guessed by how far apart the numbers are and how large, and the guess is told.
    """
    word = folded(name)
    known = numbers[np.abs(numbers) < _FURTHEST_NUMBER]  # NaN compares as false
    steps = np.diff(known)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    if word in _USUALLY_SECONDS:
        note = (
            f"its rows are {usual:g} apart by '{name}', which was read as seconds: if they are milliseconds, name it {name}_ms"
            if usual > _LONGEST_STEP_SECONDS
            else ""
        )
        return Clock(name, "seconds", "usual", note)
    for endings, unit in _STATED:
        if word.endswith(endings):
            return Clock(name, unit, "stated")
    unit = _guessed(usual, float(np.abs(known).max(initial=0.0)))
    told = f"'{name}' does not say its unit: its numbers were taken for {unit} by their size; name it"
    return Clock(name, unit, "guessed", f"{told} {name}_s or {name}_ms to say so")


def _guessed(step: float, largest: float) -> Unit:
    """The unit in which rows lie less than some seconds apart, and dates before the year 2286."""
    units: tuple[Unit, ...] = ("seconds", "milliseconds", "microseconds")
    for power, unit in enumerate(units):
        if step <= _LONGEST_STEP_SECONDS * 1000**power and largest <= timecode.FURTHEST * 1000**power:
            return unit
    return "nanoseconds"


def _counts_milliseconds(cells: Sequence[str]) -> bool:
    """Whether the digits behind a timecode's point say again where in the second its frame lies.

    Live Link Face writes thousandths of a frame there; some programs that imitate it write milliseconds of the second, of which
    the frame follows.
    """
    found = (re.fullmatch(r"\d+:\d+:\d+[:;](\d+)\.(\d{3})", cell) for cell in cells)
    pairs = [(int(match[1]), int(match[2])) for match in found if match]
    if len(pairs) < _FEWEST_ROWS or len({part for _, part in pairs}) <= 2:
        return False
    told = sum(abs(part / 1000 - (frame + 0.5) / timecode.BASE) <= 0.5 / timecode.BASE + _MILLISECOND for frame, part in pairs)
    return told >= _MOST * len(cells)


def _times_of_day(cells: Sequence[str], kind: Kind) -> NDArray[np.float64]:
    quick = None if kind == "clock time" else _of_one_layout(cells, kind == "timecode with milliseconds")
    return np.array([_time_of_day(cell.strip(), kind) for cell in cells], np.float64) if quick is None else quick


def _of_one_layout(cells: Sequence[str], milliseconds: bool) -> NDArray[np.float64] | None:
    """Timecodes that all are written as the app writes them, many at once; None when one is not, or is out of range."""
    joined = "".join(cells)
    if len(joined) != len(_LAYOUT) * len(cells) or not joined.isascii() or any(len(cell) != len(_LAYOUT) for cell in cells):
        return None
    signs = np.frombuffer(joined.encode(), np.uint8).reshape(len(cells), len(_LAYOUT))
    layout = np.frombuffer(_LAYOUT, np.uint8)
    figures = layout == ord("0")
    digits = signs[:, figures].astype(np.int64) - ord("0")
    if (signs[:, ~figures] != layout[~figures]).any() or (digits < 0).any() or (digits > 9).any():
        return None
    hours, minutes, seconds, frames = (digits[:, 2 * i] * 10 + digits[:, 2 * i + 1] for i in range(4))
    if (hours >= 24).any() or (minutes >= 60).any() or (seconds >= 60).any() or (frames >= timecode.BASE).any():
        return None
    thousandths = digits[:, 8] * 100 + digits[:, 9] * 10 + digits[:, 10]
    part = thousandths / 1000 if milliseconds else (frames + thousandths / 1000) / timecode.BASE
    return np.asarray(hours * 3600.0 + minutes * 60 + seconds + part)


def _time_of_day(cell: str, kind: Kind) -> float:
    if not cell:
        return math.nan
    try:
        if kind == "clock time":
            return timecode.clock_time(cell)
        seconds = timecode.seconds_of_day(cell)
        if kind == "timecode":
            return seconds
        return timecode.seconds_of_day(cell[:8] + ":00") + float(f"0.{cell.partition('.')[2] or 0}")
    except ValueError:
        return math.inf


# A date alone is no moment, though `datetime.fromisoformat` takes it.
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}.*", re.ASCII)


def _moment(cell: str) -> float:
    """Seconds from 1970 of a date and time as ISO 8601 writes it; infinity for what is none, NaN for an empty cell."""
    if not cell:
        return math.nan
    try:
        moment = datetime.fromisoformat(cell) if _MOMENT.fullmatch(cell) else None
        if moment is None:
            return math.inf
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.inf


def _number(cell: Any) -> float:
    return math.nan if isinstance(cell, str) and not cell.strip() else number(cell)
