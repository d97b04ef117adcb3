"""A series of rows of one take, in order of time, on its way into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.errors import WrongUse
from sfcore.exports.decimals import Short, are_short

# Cameras and editors run at these rates; a take's own clock is off by a thousandth or two.
_USUAL_RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0, 90.0, 100.0, 120.0)
_OFF_BY = 0.005
_SHAPES = np.array([channel.kind == "shape" for channel in arkit.CHANNELS])
# Steps from which the rate of a take is read: five minutes at 60 frames a second tell it.
_STEPS_FOR_RATE = 20_000


@dataclass(frozen=True, slots=True)
class Rows:
    """``frame`` (n,) int64, ``t`` (n,) float64 seconds, ``coefficients`` (n, 61), NaN = unknown; times never fall.

    Coefficients are float32, as tables hold them, or float64, as their source wrote them (`Take.raw`).
    """

    frame: NDArray[np.int64]
    t: NDArray[np.float64]
    coefficients: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        return len(self.frame)

    def with_some_channel(self) -> Rows:
        """The rows, less those of which no channel is known."""
        kept = ~np.isnan(self.coefficients).all(axis=1)
        return Rows(self.frame[kept], self.t[kept], self.coefficients[kept])

    def timed(self, fps: float | None) -> Rows:
        """The rows with a time each: frame number over ``fps`` where none is known: a hole in the numbers takes time."""
        unknown = np.isnan(self.t)
        if fps is None or not unknown.any():
            return self
        return Rows(self.frame, np.where(unknown, self.frame / fps, self.t), self.coefficients)


@dataclass
class Survey:
    """What has to be known of a series before its first row is written; filled by `see`, batch after batch."""

    rows: int = 0
    failed: int = 0
    """Rows in which every channel is unknown: a picture that could not be answered."""
    untimed: int = 0
    start: float = np.nan
    end: float = np.nan
    short: Short = field(default_factory=lambda: np.ones(len(arkit.NAMES), np.bool_))
    """(61,) whether all values of a channel's kind have at most seven significant digits: rotations may have been converted."""
    unknown: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(arkit.NAMES), np.int64))
    """(61,) rows, failed ones aside, in which each channel is unknown."""
    moving: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(len(arkit.NAMES), np.bool_))
    """(61,) whether a channel is ever anything but 0."""
    _steps: list[NDArray[np.float64]] = field(default_factory=list)
    _counted: int = 0

    def see(self, rows: Rows) -> None:
        """Takes the next rows into account."""
        if not len(rows):
            return
        nothing = np.isnan(rows.coefficients)
        failed = nothing.all(axis=1)
        self.failed += int(failed.sum())
        self.untimed += int(np.isnan(rows.t).sum())
        for kind in (_SHAPES, ~_SHAPES):
            self.short[kind] &= are_short(rows.coefficients[:, kind])
        self.unknown += nothing[~failed].sum(axis=0)
        self.moving |= (np.nan_to_num(rows.coefficients) != 0).any(axis=0)
        if self._counted < _STEPS_FOR_RATE:
            before = [self.end] if self.rows else []
            steps = np.diff(np.concatenate([before, rows.t]))
            self._steps.append(steps[steps > 0])
            self._counted += len(steps)
        if not self.rows:
            self.start = float(rows.t[0])
        self.end = float(rows.t[-1])
        self.rows += len(rows)

    @property
    def rate(self) -> float | None:
        """Frames a second, from the usual step; the usual rate next to it where one is near. None for fewer than two times."""
        steps = np.concatenate(self._steps) if self._steps else np.empty(0)
        if not len(steps):
            return None
        rate = 1.0 / float(np.quantile(steps, 0.5, method="lower"))
        near = min(_USUAL_RATES, key=lambda usual: abs(usual - rate))
        return near if abs(near - rate) <= _OFF_BY * near else round(rate, 3)

    def names_unknown(self, channels: Iterable[arkit.Channel]) -> list[str]:
        """Those of the channels that are unknown in some row that has others."""
        return [channel.name for channel in channels if self.unknown[channel.index]]


@dataclass(frozen=True, slots=True)
class Motion:
    """One series: its name, what is known of it, and its rows, which can be asked for once."""

    name: str
    survey: Survey
    batches: Iterator[Rows]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person may ask of a file of motion: ``fps`` frames a second, ``start`` seconds of day of a take's time 0."""

    fps: float | None = None
    start: float = 0.0


MotionWriter = Callable[[Motion, Wish, BinaryIO], "Written"]
"""Writes a series into an open file."""


@dataclass(frozen=True, slots=True)
class Written:
    """Rows of the table that are in the file, and sentences about what could not be written as it stands."""

    rows: int
    notes: tuple[str, ...] = ()


def need_times(motion: Motion) -> None:
    """Raises `WrongUse` when some row has no time: none was recorded, and no rate was given to make it from."""
    if motion.survey.untimed:
        raise WrongUse(
            f"take '{motion.name}' does not know the time of its rows: say with --fps how many frames a second it has."
        )


def zero_note(survey: Survey, channels: Iterable[arkit.Channel]) -> list[str]:
    """The note for formats that have no word for 'unknown'."""
    names = survey.names_unknown(channels)
    return [f"unknown channels are written as 0: {', '.join(names)}"] if names else []


def left_out_note(survey: Survey, channels: Iterable[arkit.Channel], why: str) -> list[str]:
    """The note for channels that move and that the format has no place for."""
    names = [channel.name for channel in channels if survey.moving[channel.index]]
    return [f"{', '.join(names)} left out: {why}"] if names else []
