"""Cells that tell when a row was captured, of whatever kind a column or key turns out to hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.recordings import timecode

Kind = Literal["timecode", "timecode with milliseconds", "seconds", "milliseconds", "microseconds"]

# Two rows of facial motion are less than this apart; larger steps of a number count milliseconds.
_LONGEST_STEP_SECONDS = 5.0
_MILLISECOND = 0.001
# Of a clock's cells, so many must be of one kind to make it that kind: the others may be damaged.
_MOST = 0.99
_FEWEST_ROWS = 10
_SCALE = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6}
_LAYOUT = b"00:00:00:00.000"


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time cells of a source are read."""

    kind: Kind

    @property
    def of_day(self) -> bool:
        """Whether times count from midnight, and begin anew there."""
        return self.kind.startswith("timecode")

    def seconds(self, cells: Sequence[str]) -> NDArray[np.float64]:
        """(m,) float64 seconds; infinity for a cell that holds no time."""
        if self.of_day:
            return _timecodes(cells, self.kind == "timecode with milliseconds")
        return np.array([_number(cell) for cell in cells], np.float64) * _SCALE[self.kind]


def clock_of(name: str, cells: Sequence[str]) -> Clock:
    """The clock of a column: what its first cells hold decides, its name only between units."""
    sample = [cell for cell in cells[:2000] if cell.strip()]
    if any(":" in cell for cell in sample[:50]):
        return Clock("timecode with milliseconds" if _counts_milliseconds(sample) else "timecode")
    word = re.sub(r"[\s_\-]", "", name).lower()
    return Clock(unit_of_numbers(word, np.array([_number(cell) for cell in sample])))


def unit_of_numbers(word: str, numbers: NDArray[np.float64]) -> Literal["seconds", "milliseconds", "microseconds"]:
    """The unit of times by their name, or else by how far apart they are."""
    if word.endswith(("microseconds", "us")) and word != "us":
        return "microseconds"
    if word.endswith(("ms", "milliseconds", "millis")):
        return "milliseconds"
    steps = np.diff(numbers[np.isfinite(numbers)])
    steps = steps[steps > 0]
    usual = float(np.median(steps)) if len(steps) else 0.0
    if usual > _LONGEST_STEP_SECONDS * 1000:
        return "microseconds"
    return "milliseconds" if usual > _LONGEST_STEP_SECONDS else "seconds"


def _counts_milliseconds(cells: Sequence[str]) -> bool:
    """Whether the digits behind a timecode's point say again where in the second its frame lies.

    Live Link Face writes thousandths of a frame there; some programs that imitate it write milliseconds of the second, of which
    the frame follows.
    """
    found = (re.fullmatch(r"\d+:\d+:\d+[:;](\d+)\.(\d{3})", cell.strip()) for cell in cells)
    pairs = [(int(match[1]), int(match[2])) for match in found if match]
    if len(pairs) < _FEWEST_ROWS or len({part for _, part in pairs}) <= 2:
        return False
    told = sum(abs(part / 1000 - (frame + 0.5) / timecode.BASE) <= 0.5 / timecode.BASE + _MILLISECOND for frame, part in pairs)
    return told >= _MOST * len(cells)


def _timecodes(cells: Sequence[str], milliseconds: bool) -> NDArray[np.float64]:
    quick = _of_one_layout(cells, milliseconds)
    return np.array([_timecode(cell, milliseconds) for cell in cells], np.float64) if quick is None else quick


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


def _timecode(cell: str, milliseconds: bool) -> float:
    try:
        seconds = timecode.seconds_of_day(cell)
        if not milliseconds:
            return seconds
        return timecode.seconds_of_day(cell.strip()[:8] + ":00") + float(f"0.{cell.partition('.')[2].strip() or 0}")
    except ValueError:
        return math.inf


def _number(cell: str) -> float:
    try:
        value = math.inf if "_" in cell else float(cell)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf
