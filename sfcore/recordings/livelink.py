"""Live Link Face CSV: a timecode, a count, and the 61 channels by name."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.errors import WrongUse
from sfcore.recordings import delimited, timecode
from sfcore.recordings.take import Reject, RejectReason, Take, content_hash

FORMAT = "livelink-csv"
_COUNT_COLUMNS = {"blendshapecount"}  # both spellings, BlendShapeCount and BlendshapeCount, fold to this

# A file with fewer known channels than this is some other table that happens to name one or two.
FEWEST_CHANNELS = 10
# Published takes leave 0..1 by at most 0.016; a value further out than this is a damaged number, not an overshoot to clip.
FURTHEST_SHAPE = 0.5
FURTHEST_ROTATION = math.pi
_LONGEST_DETAIL = 200


class _BadRow(Exception):
    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: RejectReason = reason
        self.detail = detail[:_LONGEST_DETAIL]


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    width: int
    timecode: int | None
    channels: tuple[tuple[int, arkit.Channel], ...]
    extra: tuple[str, ...]

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma in a number is its decimal point: only where it does not separate cells."""
        return self.delimiter != ","


@dataclass(frozen=True, slots=True)
class _Row:
    """A row whose cells can be read: its number in the source, its timecode, and (61,) float64 values, NaN = no such column."""

    frame: int
    timecode: str
    time: float
    values: NDArray[np.float64]


def sniff(head: bytes) -> bool:
    """Whether the first line of a file, given its first bytes, names enough channels to be such a recording."""
    first = next(iter(delimited.lines(delimited.decode_head(head))), "")
    return _named(_cells(first, _delimiter(first))) >= FEWEST_CHANNELS


def read(content: bytes, name: str) -> Take:
    """Reads a recording; ``name`` is the file's name and serves as the take's name without its suffix.

    Cells are separated by commas, semicolons or tabs, whichever makes most channels of the first line; with the latter two a
    comma in a number is its decimal point. Raises `WrongUse` when the content is no such recording. A row that is damaged becomes
    a reject, never a guess: lines of the file that are not blank, less the first, are rows kept or rows rejected.
    """
    lines = delimited.lines(delimited.decode(content, name))
    header = _header(lines[0] if lines else "", name)
    read_rows, damaged = _rows(lines[1:], header)
    rows, t, late = _in_order(read_rows)
    rejects = sorted(damaged + late, key=lambda reject: reject.row)
    if not rows:
        raise WrongUse(f"{name} is not a recording: none of its {len(rejects)} rows can be read{_first(rejects)}.")
    frame = np.array([row.frame for row in rows], np.int64)
    clipped, coefficients = _clip(np.stack([row.values for row in rows]))
    return Take(
        name=unicodedata.normalize("NFC", PurePosixPath(name).stem),
        format=FORMAT,
        source_name=name,
        source_hash=content_hash(frame, t, coefficients),
        frame=frame,
        t=t,
        coefficients=coefficients,
        clipped=clipped,
        rejects=tuple(rejects),
        notes=tuple(_notes(header, coefficients)),
    )


def _first(rejects: list[Reject]) -> str:
    return f" (row {rejects[0].row}: {rejects[0].reason}, {rejects[0].detail!r})" if rejects else ""


def _named(cells: list[str]) -> int:
    return len({channel.name for cell in cells if (channel := arkit.resolve(cell))})


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a first line, none when its quotes are damaged."""
    try:
        return delimited.cells(line, delimiter)
    except delimited.StrayQuote:
        return []


def _delimiter(first: str) -> str:
    return max(delimited.DELIMITERS, key=lambda delimiter: _named(_cells(first, delimiter)))


def _header(first: str, name: str) -> _Header:
    delimiter = _delimiter(first)
    cells = _cells(first, delimiter)
    if _named(cells) < FEWEST_CHANNELS:
        raise WrongUse(
            f"{name} is not a recording: its first line names {_named(cells)} of the 61 facial channels "
            f"(a Live Link Face take names all of them, such as EyeBlinkLeft and JawOpen)."
        )
    channels: dict[str, tuple[int, arkit.Channel]] = {}
    time: int | None = None
    extra: list[str] = []
    for column, cell in enumerate(cells):
        word = cell.strip().lower()
        channel = arkit.resolve(cell)
        if channel is not None:
            if channel.name in channels:
                raise WrongUse(f"{name} has two columns for {channel.name}: remove one of them.")
            channels[channel.name] = (column, channel)
        elif word == "timecode":
            if time is not None:
                raise WrongUse(f"{name} has two columns for Timecode: remove one of them.")
            time = column
        elif word not in _COUNT_COLUMNS:
            extra.append(cell.strip())
    return _Header(delimiter, len(cells), time, tuple(channels.values()), tuple(extra))


def _rows(lines: list[str], header: _Header) -> tuple[list[_Row], list[Reject]]:
    rows: list[_Row] = []
    rejects: list[Reject] = []
    for number, line in enumerate(lines):
        try:
            rows.append(_row(number, line, header))
        except _BadRow as bad:
            rejects.append(Reject(number, bad.reason, bad.detail))
    return rows, rejects


def _row(number: int, line: str, header: _Header) -> _Row:
    try:
        cells = delimited.cells(line, header.delimiter)
    except delimited.StrayQuote:
        raise _BadRow("stray quote", line) from None
    if len(cells) != header.width:
        raise _BadRow("wrong number of fields", f"{len(cells)} fields where the header has {header.width}")
    text = "" if header.timecode is None else cells[header.timecode]
    time = math.nan if header.timecode is None else _seconds(text)
    values = np.full(len(arkit.NAMES), np.nan)
    for column, channel in header.channels:
        values[channel.index] = _value(cells[column], channel, header.decimal_comma)
    return _Row(number, text, time, values)


def _in_order(rows: list[_Row]) -> tuple[list[_Row], NDArray[np.float64], list[Reject]]:
    """The rows in order of time, their (n,) seconds from the first of them, and those out of order."""
    times = np.array([row.time for row in rows], np.float64)
    if not rows or np.isnan(times[0]):  # no Timecode column: every row is unknown
        return rows, times, []
    kept, running = timecode.in_order(times)
    late = [Reject(row.frame, "time out of order", row.timecode) for row, keep in zip(rows, kept, strict=True) if not keep]
    t = running[kept]
    return [row for row, keep in zip(rows, kept, strict=True) if keep], t - t[0], late


def _seconds(text: str) -> float:
    try:
        return timecode.seconds_of_day(text)
    except ValueError:
        raise _BadRow("bad timecode", text) from None


def _value(cell: str, channel: arkit.Channel, decimal_comma: bool) -> float:
    number = cell.replace(",", ".") if decimal_comma else cell
    try:
        # float() also takes 0.1_2, which is Python's spelling of a number and nobody else's.
        value = math.nan if "_" in number else float(number)
    except ValueError:
        value = math.nan
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


def _notes(header: _Header, coefficients: NDArray[np.float32]) -> Iterator[str]:
    if header.decimal_comma:
        separator = "tabs" if header.delimiter == "\t" else "semicolons"
        yield f"cells are separated by {separator}, so a comma in a number was read as its decimal point"
    if header.extra:
        yield f"columns that are no facial channel were left out: {', '.join(header.extra)}"
    if header.timecode is None:
        yield "no Timecode column: the time of its rows is unknown"
    missing = [c.name for c in arkit.CHANNELS if np.isnan(coefficients[:, c.index]).all()]
    if missing:
        yield f"channels it does not know: {', '.join(missing)}"
    if len(coefficients) == 1:
        yield "a single row: nothing in it moves"
        return
    still = [c.name for c in arkit.CHANNELS if c.name not in missing and np.ptp(coefficients[:, c.index]) == 0]
    if still:
        yield f"channels that never change: {', '.join(still)}"
