"""A text table whose columns are named after channels: what CSV readers share.

Blocks of sound lines are parsed by Arrow; a block in which anything is amiss is read line by line, so that damage stays in its
row. Both ways give the same rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from sfcore import arkit
from sfcore.errors import WrongUse
from sfcore.recordings import delimited
from sfcore.recordings.clocks import NAMES as CLOCK_NAMES
from sfcore.recordings.clocks import folded
from sfcore.recordings.reading import SourceFile
from sfcore.recordings.take import RejectReason

# A file with fewer known channels than this is some other table that happens to name one or two.
FEWEST_CHANNELS = 10

_COUNT_COLUMNS = {"blendshapecount"}  # both spellings, BlendShapeCount and BlendshapeCount, fold to this
PICTURES = {"image", "filename", "file", "imagepath", "path", "imagefile", "picture", "img", "frameimage"}
"""Names of columns that name a row's picture."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a table: ``channels`` with their columns, and which columns hold time and picture."""

    cells: tuple[str, ...]
    delimiter: str
    channels: tuple[tuple[int, arkit.Channel], ...]
    clock: int | None
    picture: int | None
    extra: tuple[str, ...]

    @property
    def width(self) -> int:
        """Cells of a row."""
        return len(self.cells)

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma in a number is its decimal point: only where it does not separate cells."""
        return self.delimiter != ","

    def notes(self) -> Iterator[str]:
        """What a person should know about the columns."""
        if self.decimal_comma:
            separator = "tabs" if self.delimiter == "\t" else "semicolons"
            yield f"cells are separated by {separator}, so a comma in a number was read as its decimal point"
        if self.extra:
            yield f"columns that are no facial channel were left out: {', '.join(self.extra)}"


def first_line(head: bytes) -> str:
    """The first line that is not blank and no preamble."""
    return _cut_header(delimited.decode_head(head))[0]


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
# What Excel writes before a table to say its separator, and comments, as data loggers and numpy write them.
_SEPARATOR = re.compile(r"sep=[,;|]?", re.IGNORECASE)


def _cut_header(text: str) -> tuple[str, int]:
    """The first line that is no preamble, and where the line behind it begins; of comments alone the one that names channels.

    Lines that are blank, that say the separator, or that are comments may come before it.
    """
    place, commented = 0, ("", 0)
    while place < len(text) and (match := _LINE.match(text, place)):
        line, place = match[0].strip("\r\n"), match.end()
        word = line.strip()
        if word.startswith("#"):
            bare = word.lstrip("# ")
            commented = (bare, place) if _named(header_cells(bare)[0]) >= FEWEST_CHANNELS else commented
        elif word and not _SEPARATOR.fullmatch(word.strip('"')):
            # numpy puts its header into a comment: then numbers follow, and no names.
            return commented if commented[0] and not names_enough(line) else (line, place)
    return commented


def header_cells(line: str) -> tuple[list[str], str]:
    """The cells of a first line and what separates them: whatever makes most channels of it."""
    delimiter = max(delimited.DELIMITERS, key=lambda one: _named(_cells(line, one)))
    return _cells(line, delimiter), delimiter


def names_enough(line: str) -> bool:
    """Whether a first line names as many channels as a recording's does."""
    return _named(header_cells(line)[0]) >= FEWEST_CHANNELS


def _named(cells: list[str]) -> int:
    return len({channel.name for cell in cells if (channel := arkit.resolve(cell))})


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a first line, none when its quotes are damaged."""
    try:
        return delimited.cells(line, delimiter)
    except delimited.StrayQuote:
        return []


def header_of(line: str, name: str, with_pictures: bool = False) -> Header:
    """Reads a first line; raises `WrongUse` when it names too few channels, or a column twice."""
    cells, delimiter = header_cells(line)
    if _named(cells) < FEWEST_CHANNELS:
        raise WrongUse(
            f"{name} is not a recording: its first line names {_named(cells)} of the 61 facial channels "
            f"(a Live Link Face take names all of them, such as EyeBlinkLeft and JawOpen)."
        )
    channels: dict[str, tuple[int, arkit.Channel]] = {}
    clocks: list[int] = []
    pictures: list[int] = []
    extra: list[str] = []
    for column, cell in enumerate(cells):
        word, channel = folded(cell), arkit.resolve(cell)
        if channel is not None:
            if channel.name in channels:
                raise WrongUse(f"{name} has two columns for {channel.name}: remove one of them.")
            channels[channel.name] = (column, channel)
        elif word in CLOCK_NAMES:
            clocks.append(column)
        elif with_pictures and word in PICTURES:
            pictures.append(column)
        elif word not in _COUNT_COLUMNS and cell.strip():
            extra.append(cell.strip())
    # The one named Timecode wins over others.
    clocks.sort(key=lambda column: folded(cells[column]) != "timecode")
    if len(clocks) > 1 and folded(cells[clocks[0]]) == folded(cells[clocks[1]]):
        raise WrongUse(f"{name} has two columns for {cells[clocks[0]].strip()}: remove one of them.")
    extra += [cells[column].strip() for column in [*clocks[1:], *pictures[1:]]]
    clock, picture = (next(iter(found), None) for found in (clocks, pictures))
    return Header(tuple(cells), delimiter, tuple(channels.values()), clock, picture, tuple(extra))


@dataclass(frozen=True, slots=True)
class Rows:
    """m rows of a block whose cells can be read: (m,) numbers in the source, time and picture cells, (m, k) float64 values."""

    frame: NDArray[np.int64]
    clock: list[str]
    picture: list[str]
    values: NDArray[np.float64]


Faults = list[tuple[int, RejectReason, str]]
"""Rows that cannot be read: number in the source, why, and the offending text."""


def rows_of(source: SourceFile, with_pictures: bool = False) -> tuple[Header, Iterator[tuple[Rows, Faults]]]:
    """A table's header, and its rows block by block, each with the rows that cannot be read."""
    stream = source.opener()
    blocks = delimited.blocks(stream, source.name)
    pending = next(blocks, b"")
    line, end = _cut_header(pending.decode())
    if not line:
        raise WrongUse(f"{source.name} is not a recording: it has no line that is not blank.")
    header, pending = header_of(line, source.name, with_pictures), pending.decode()[end:].encode()

    def following(header: Header) -> Iterator[tuple[Rows, Faults]]:
        with stream:
            number = 0
            for part in _chained(pending, blocks):
                quick = _quick(part, number, header)
                for rows, faults in [quick] if quick is not None else _careful(part, number, header):
                    number += len(rows.frame) + len(faults)
                    yield rows, faults

    return header, following(header)


def _chained(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from others


def _quick(block: bytes, number: int, header: Header) -> tuple[Rows, Faults] | None:
    """The rows of a block in which nothing is amiss, parsed by Arrow; None for others."""
    if b'"' in block or b"\x00" in block:
        return None
    comma = header.decimal_comma and b"," in block
    names = [str(column) for column in range(header.width)]
    texts = [column for column in (header.clock, header.picture) if column is not None]
    wanted = {column: pa.float64() for column, _ in header.channels} | {column: pa.string() for column in texts}
    try:
        table = csv.read_csv(
            pa.py_buffer(block),
            read_options=csv.ReadOptions(column_names=names, block_size=len(block) + 1),
            parse_options=csv.ParseOptions(delimiter=header.delimiter, quote_char=False, ignore_empty_lines=True),
            convert_options=csv.ConvertOptions(
                column_types={names[column]: kind for column, kind in wanted.items()},
                include_columns=[names[column] for column in wanted],
                null_values=[],
                decimal_point="," if comma else ".",
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    n = table.num_rows
    # Column after column in memory, as Arrow has them and as tables want them.
    values = np.empty((len(header.channels), n)).T
    for place, (column, _) in enumerate(header.channels):
        values[:, place] = table[names[column]].to_numpy()
    if not np.isfinite(values).all():
        return None
    clock, picture = (
        table[names[column]].to_pylist() if column is not None else [""] * n for column in (header.clock, header.picture)
    )
    return Rows(np.arange(number, number + n), _with_points(clock, header), picture, values), []


# Lines looked at one by one, before they are handed on: rows as numbers and faults as words take more memory than text.
_CAREFUL_LINES = 16_384


def _careful(block: bytes, number: int, header: Header) -> Iterator[tuple[Rows, Faults]]:
    lines = delimited.lines(block.decode())
    for start in range(0, len(lines), _CAREFUL_LINES):
        yield _line_by_line(lines[start : start + _CAREFUL_LINES], number + start, header)


def _line_by_line(lines: list[str], number: int, header: Header) -> tuple[Rows, Faults]:
    faults: Faults = []
    frames: list[int] = []
    clocks: list[str] = []
    pictures: list[str] = []
    values: list[list[float]] = []
    for row, line in enumerate(lines, start=number):
        try:
            cells = delimited.cells(line, header.delimiter)
        except delimited.StrayQuote:
            faults.append((row, "stray quote", line))
            continue
        if len(cells) != header.width:
            faults.append((row, "wrong number of fields", f"{len(cells)} fields where the header has {header.width}"))
            continue
        numbers = [_number(cells[column], header.decimal_comma) for column, _ in header.channels]
        if not all(map(math.isfinite, numbers)):
            place = next(i for i, value in enumerate(numbers) if not math.isfinite(value))
            column, channel = header.channels[place]
            faults.append((row, "not a number", f"{channel.name}: {cells[column]!r}"))
            continue
        frames.append(row)
        values.append(numbers)
        clocks.append("" if header.clock is None else cells[header.clock])
        pictures.append("" if header.picture is None else cells[header.picture])
    shaped = np.array(values, np.float64).reshape(len(frames), len(header.channels))
    return Rows(np.array(frames, np.int64), _with_points(clocks, header), pictures, shaped), faults


def _with_points(clocks: list[str], header: Header) -> list[str]:
    """Cells of times with a decimal point, also where a spreadsheet has put a comma for it."""
    return [cell.replace(",", ".") for cell in clocks] if header.decimal_comma else clocks


def _number(cell: str, decimal_comma: bool) -> float:
    number = cell.replace(",", ".") if decimal_comma else cell
    try:
        # float() also takes 0.1_2, which is Python's spelling of a number and nobody else's.
        return math.nan if "_" in number else float(number)
    except ValueError:
        return math.nan
