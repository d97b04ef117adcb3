"""Live Link Face CSV: a timecode, a count, and the 61 channels by name.

The timecode is ``HH:MM:SS:FF.mmm`` with FF on a base of 60 whatever the frame rate: a take of 30 frames a second steps by two.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sfcore import arkit
from sfcore.errors import WrongUse
from sfcore.randomness import digest
from sfcore.recordings.take import Reject, RejectReason, Take

FORMAT = "livelink-csv"
TIMECODE_BASE = 60
_COUNT_COLUMNS = {"blendshapecount"}  # both spellings, BlendShapeCount and BlendshapeCount, fold to this
_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})[:;](\d{1,3})(?:\.(\d+))?")
_HALF_DAY = 12 * 3600.0

# A file with fewer known channels than this is some other table that happens to name one or two.
FEWEST_CHANNELS = 10
# Published takes leave 0..1 by at most 0.016; a value further out than this is a damaged number, not an overshoot to clip.
FURTHEST_SHAPE = 0.5
FURTHEST_ROTATION = math.pi


class _BadRow(Exception):
    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: RejectReason = reason
        self.detail = detail[:200]


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    timecode: int | None
    channels: tuple[tuple[int, arkit.Channel], ...]
    extra: tuple[str, ...]


def sniff(head: str) -> bool:
    """Whether the first line of a text names enough channels to be such a recording."""
    first = next(csv.reader(io.StringIO(head.lstrip("\ufeff"))), [])
    return len({channel.name for cell in first if (channel := arkit.resolve(cell))}) >= FEWEST_CHANNELS


def read(content: bytes, name: str) -> Take:
    """Reads a recording; ``name`` is the file's name and serves as the take's name without its suffix.

    Raises `WrongUse` when the content is no such recording. A row that is damaged becomes a reject, never a guess: rows in the
    file = rows kept + rows rejected.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUse(f"{name} is not UTF-8 text (byte {error.start}): export the recording again as CSV.") from None
    lines = csv.reader(io.StringIO(text, newline=""), strict=False)
    try:
        header = _header(next(lines, []), name)
        kept, rejects = _rows(lines, header)
    except csv.Error as error:
        raise WrongUse(f"{name} is not a CSV file that can be read: {error}.") from None
    if not kept:
        raise WrongUse(f"{name} is not a recording: none of its {len(rejects)} rows can be read{_first(rejects)}.")
    frames, times, values = zip(*kept, strict=True)
    raw = np.asarray(values, np.float64)
    clipped, coefficients = _clip(raw)
    t = np.asarray(times, np.float64)
    return Take(
        name=name.rsplit("/", 1)[-1].rsplit(".", 1)[0],
        format=FORMAT,
        source_name=name,
        source_hash=digest(content),
        frame=np.asarray(frames, np.int64),
        t=t - t[0],
        coefficients=coefficients,
        clipped=clipped,
        rejects=tuple(rejects),
        notes=tuple(_notes(header, coefficients)),
    )


def _first(rejects: list[Reject]) -> str:
    return f" (row {rejects[0].row}: {rejects[0].reason})" if rejects else ""


def _header(cells: list[str], name: str) -> _Header:
    channels: dict[str, tuple[int, arkit.Channel]] = {}
    timecode: int | None = None
    extra: list[str] = []
    for column, cell in enumerate(cells):
        word = cell.strip().lower()
        channel = arkit.resolve(cell)
        if channel is not None:
            if channel.name in channels:
                raise WrongUse(f"{name} has two columns for {channel.name}: remove one of them.")
            channels[channel.name] = (column, channel)
        elif word == "timecode":
            timecode = column
        elif word not in _COUNT_COLUMNS:
            extra.append(cell.strip())
    if len(channels) < FEWEST_CHANNELS:
        raise WrongUse(
            f"{name} is not a recording: its first line names {len(channels)} of the 61 facial channels "
            f"(a Live Link Face take names all of them, such as EyeBlinkLeft and JawOpen)."
        )
    return _Header(len(cells), timecode, tuple(channels.values()), tuple(extra))


def _rows(lines: Iterator[list[str]], header: _Header) -> tuple[list[tuple[int, float, list[float]]], list[Reject]]:
    kept: list[tuple[int, float, list[float]]] = []
    rejects: list[Reject] = []
    last_time = -math.inf
    row = -1
    for cells in lines:
        if not cells:
            continue
        row += 1
        try:
            time, values = _row(cells, header, last_time)
        except _BadRow as bad:
            rejects.append(Reject(row, bad.reason, bad.detail))
            continue
        last_time = last_time if math.isnan(time) else time
        kept.append((row, time, values))
    return kept, rejects


def _row(cells: list[str], header: _Header, last_time: float) -> tuple[float, list[float]]:
    if len(cells) != header.width:
        raise _BadRow("wrong number of fields", f"{len(cells)} fields where the header has {header.width}")
    time = math.nan if header.timecode is None else _seconds(cells[header.timecode])
    if time < last_time - _HALF_DAY:  # the clock passed midnight
        time += 2 * _HALF_DAY
    if time < last_time:
        raise _BadRow("time runs backwards", cells[header.timecode or 0])
    values = [math.nan] * len(arkit.NAMES)
    for column, channel in header.channels:
        values[channel.index] = _value(cells[column], channel)
    return time, values


def _seconds(timecode: str) -> float:
    match = _TIMECODE.fullmatch(timecode.strip())
    if match is None:
        raise _BadRow("bad timecode", timecode)
    hours, minutes, seconds, frames = (int(part) for part in match.groups()[:4])
    if minutes >= 60 or seconds >= 60 or frames >= TIMECODE_BASE:
        raise _BadRow("bad timecode", timecode)
    fraction = float(f"0.{match[5]}") if match[5] else 0.0
    return hours * 3600 + minutes * 60 + seconds + (frames + fraction) / TIMECODE_BASE


def _value(cell: str, channel: arkit.Channel) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise _BadRow("not a number", f"{channel.name}: {cell!r}") from None
    if not math.isfinite(value):
        raise _BadRow("not a number", f"{channel.name}: {cell!r}")
    beyond = FURTHEST_ROTATION if channel.kind == "rotation" else FURTHEST_SHAPE
    if not channel.low - beyond <= value <= channel.high + beyond:
        raise _BadRow("out of range", f"{channel.name}: {cell}")
    return value


def _clip(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shapes = np.array([c.kind == "shape" for c in arkit.CHANNELS])
    with np.errstate(invalid="ignore"):
        outside = shapes & ((raw < 0) | (raw > 1))
    clipped = np.where(shapes, np.clip(raw, 0.0, 1.0), raw)
    return outside.sum(axis=1).astype(np.int32), clipped.astype(np.float32)


def _notes(header: _Header, coefficients: np.ndarray) -> Iterator[str]:
    if header.extra:
        yield f"columns that are no facial channel were left out: {', '.join(header.extra)}"
    if header.timecode is None:
        yield "no Timecode column: the time of its rows is unknown"
    missing = [c.name for c in arkit.CHANNELS if np.isnan(coefficients[:, c.index]).all()]
    if missing:
        yield f"channels it does not know: {', '.join(missing)}"
    still = [c.name for c in arkit.CHANNELS if c.name not in missing and np.ptp(coefficients[:, c.index]) == 0]
    if still:
        yield f"channels that never change: {', '.join(still)}"
