"""When the rows of a take were captured: timecodes to seconds, and which of them are out of order.

The timecode is ``HH:MM:SS:FF.mmm`` with FF on a base of 60 whatever the frame rate: a take of 30 frames a second steps by two.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort

import numpy as np
from numpy.typing import NDArray

BASE = 60
_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})[:;](\d{1,3})(?:\.(\d+))?", re.ASCII)
_CLOCK_TIME = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?", re.ASCII)
_HOUR = 3600.0
DAY = 24 * _HOUR
"""Seconds in a day."""
FURTHEST = 1e10
"""Seconds, either way, that a time may lie from 0: what counts from 1970 reaches the year 2286; anything further is damage."""
# Frames a second; pictures that are closer together or further apart show no pace.
_PACES = (1e-4, 1e4)
# Where a day may be taken to begin: one of these lies in the unrecorded hours of any take shorter than 18 hours.
_DAY_STARTS = (0.0, 6 * _HOUR, 12 * _HOUR, 18 * _HOUR)

# A step is a pause when it lasts this many usual steps, and a second at least: cameras drop single frames, not twenty.
_PAUSE_STEPS = 20
_PAUSE_SECONDS = 1.0
# Up to this many rows beyond a pause at either end of a take are damaged timecodes rather than a pause ...
_STRAY_ROWS = 3
# ... or one in so many rows, in takes too short to spare three.
_ROWS_FOR_A_STRAY = 4


def seconds_of_day(timecode: str) -> float:
    """Seconds since midnight, 0..86,400; raises `ValueError` for what is no timecode."""
    match = _TIMECODE.fullmatch(timecode.strip())
    if match is None:
        raise ValueError(timecode)
    hours, minutes, seconds, frames = (int(part) for part in match.groups()[:4])
    if hours >= 24 or minutes >= 60 or seconds >= 60 or frames >= BASE:
        raise ValueError(timecode)
    fraction = float(f"0.{match[5]}") if match[5] else 0.0
    return hours * _HOUR + minutes * 60 + seconds + (frames + fraction) / BASE


def is_clock_time(text: str) -> bool:
    """Whether a text is a time of day or a duration without frames: ``H:MM:SS.mmm``."""
    return _CLOCK_TIME.fullmatch(text.strip()) is not None


def clock_time(text: str) -> float:
    """Seconds of ``H:MM:SS.mmm``, 0..86,400; raises `ValueError` for what is no such time."""
    match = _CLOCK_TIME.fullmatch(text.strip())
    if match is None or int(match[1]) >= 24 or int(match[2]) >= 60 or int(match[3]) >= 60:
        raise ValueError(text)
    return int(match[1]) * _HOUR + int(match[2]) * 60 + int(match[3]) + (float(f"0.{match[4]}") if match[4] else 0.0)


def in_order(times: NDArray[np.float64], of_day: bool = True) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which rows of a take are in order of time, and the rows' times carried on past midnight.

    ``times`` (n,) are seconds since midnight (``of_day``) or since any moment, in the order of the rows, n >= 1. Returns
    ``(kept (n,), running (n,))`` where ``running[kept]`` never falls. As many rows as can be are kept, less `_STRAY_ROWS` for
    each pause between them: a row whose time is damaged goes and its neighbours stay, a real pause stays, and so few rows
    beyond a pause at an end of the take go.
    """
    pause = _pause(times)
    steps = np.diff(times)
    days = np.concatenate([[0.0], np.cumsum(steps < -DAY / 2)]) if of_day else np.zeros(len(times))
    onward = times + DAY * days
    steps = np.diff(onward)
    if (steps >= 0).all() and (steps <= pause).all():
        return np.ones(len(times), np.bool_), onward
    stray = min(_STRAY_ROWS, len(times) // _ROWS_FOR_A_STRAY)
    best, kept, running = -1, np.zeros(len(times), np.bool_), times
    for start in _DAY_STARTS if of_day else _DAY_STARTS[:1]:
        shifted = np.where(times < start, times + DAY, times)
        if start > 0 and not times.min() < start <= times.max():
            continue  # the same order as before
        score, rows = _longest_chain(shifted.tolist(), pause, stray)
        if score > best:
            best, running = score, shifted
            kept = np.zeros(len(times), np.bool_)
            kept[rows] = True
    return kept, running


def pace(frame: NDArray[np.int64], t: NDArray[np.float64]) -> tuple[float | None, int, list[int]]:
    """Frames a second (None without times), how many frames were lost, and the frames after which some are.

    ``frame`` (n,) and ``t`` (n,) of the rows of a take. The rate is that of the median step; frames are lost where two rows that
    follow each other in the source are apart by more than one and a half of it, pauses of a second and more apart.
    """
    if len(t) < 2 or np.isnan(t).any():
        return None, 0, []
    steps = np.diff(t)
    neighbours = np.diff(frame) == 1
    usual = float(np.median(steps[neighbours])) if neighbours.any() else 0.0
    if not 1 / _PACES[1] <= usual <= 1 / _PACES[0]:
        return None, 0, []
    gaps = np.flatnonzero(neighbours & (steps > 1.5 * usual) & (steps < max(_PAUSE_SECONDS, _PAUSE_STEPS * usual)))
    lost = int(np.round(steps[gaps] / usual).sum()) - len(gaps)
    # Over the stretches without gaps, because a median of rounded times is rounded itself.
    smooth = neighbours & (steps <= 1.5 * usual)
    running = float(steps[smooth].sum())
    return (float(smooth.sum()) / running if running else 1 / usual), lost, frame[gaps].tolist()


def spelt(seconds: float) -> str:
    """The timecode of seconds since midnight, to a thousandth of a frame."""
    thousandths = round(seconds % DAY * BASE * 1000)
    whole, thousandth = divmod(thousandths, 1000)
    return (
        f"{whole // (BASE * 3600) % 24:02d}:{whole // (BASE * 60) % 60:02d}:{whole // BASE % 60:02d}:{whole % BASE:02d}"
        f".{thousandth:03d}"
    )


def _pause(times: NDArray[np.float64]) -> float:
    """Seconds between two rows from which on they count as apart."""
    steps = np.diff(times)
    forward = steps[steps > 0]
    # Nine in ten steps: takes that come in bursts of a few rows are usual then, and damaged rows are not.
    usual = float(np.quantile(forward, 0.9, method="lower")) if len(forward) else 0.0
    return max(_PAUSE_SECONDS, _PAUSE_STEPS * usual)


def _longest_chain(times: list[float], pause: float, stray: int) -> tuple[int, list[int]]:
    """The score and the rows, in order, of the best chain whose times never fall: one for each row, less ``stray`` a pause.

    Patience sorting with a level for each score: the best chain at or before a time is found by bisection. Where two rows end
    equal chains, the one nearest in time goes on, and of equal whole chains the one that ends first wins.
    """
    earliest: list[float] = []  # by level: the earliest time at which a chain of that score ends; never falls
    # By level: (-time, -row) of every chain's end, sorted. Within a level times mostly fall, so that ends are added at its end.
    levels: list[list[tuple[float, int]]] = []
    before: list[int] = []
    for row, time in enumerate(times):
        top = bisect_right(earliest, time)
        score, previous = max(top - stray, 0) + 1, -1
        if top > stray:
            previous = _nearest(levels[top - 1], time)[1]
        for level in range(top, max(top - stray, 0), -1):
            near, end = _nearest(levels[level - 1], time)
            if time - near <= pause:
                score, previous = level + 1, end
                break
        if score > len(levels):
            levels.append([])
            earliest.append(time)
        insort(levels[score - 1], (-time, -row))
        earliest[score - 1] = min(earliest[score - 1], time)
        before.append(previous)
    rows = [-levels[-1][-1][1]]
    while before[rows[-1]] >= 0:
        rows.append(before[rows[-1]])
    return len(levels), rows[::-1]


def _nearest(ends: list[tuple[float, int]], time: float) -> tuple[float, int]:
    """The last end at or before a time; ``(-inf, -1)`` when there is none."""
    place = bisect_left(ends, -time, key=lambda end: end[0])
    return (-ends[place][0], -ends[place][1]) if place < len(ends) else (-np.inf, -1)
