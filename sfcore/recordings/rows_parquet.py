"""Parquet of this project and others: a row for each frame, channels by name, and maybe take, frame, t, subject, image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS, Channel
from sfcore.errors import WrongUse
from sfcore.recordings import beside, clocks
from sfcore.recordings.channel_table import FEWEST_CHANNELS
from sfcore.recordings.named import channels_named
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take
from sfcore.recordings.takes_by_name import TakesByName, is_exported

FORMAT = "labels-parquet"
_MARK = b"PAR1"
_BATCH = 16_384
# Rows with a picture each: a hundred kilobytes or so.
_PICTURE_BATCH = 256
_OWN = ("take", "frame", "subject", "dataset", "split", "format", "source_name", "source_hash", "clipped", "provenance")


def sniff(head: bytes) -> bool:
    """Whether a Parquet file begins."""
    return head.startswith(_MARK)


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the takes of a table; null is unknown, NaN spoils its row. Raises `WrongUse` for damage and for other tables."""
    with damage_told(source), source.opener() as stream:
        yield from takes_of(pq.ParquetFile(stream), source, reading)


@contextmanager
def damage_told(source: SourceFile) -> Iterator[None]:
    """Turns what Parquet's reader meets into `WrongUse`."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:  # names in it may be no UTF-8
        reason = " ".join(str(error).split()).rstrip(".")[:160]
        raise WrongUse(f"{source.name} is damaged Parquet ({reason}): copy or export it again.") from None


def takes_of(file: Any, source: SourceFile, reading: Reading) -> Iterator[Take]:
    """The takes of an open `pyarrow.parquet.ParquetFile`, or of what has its ``schema_arrow`` and ``iter_batches``."""
    schema = file.schema_arrow
    try:
        columns, others = channels_named(schema.names)
    except ValueError as error:
        raise WrongUse(f"{source.name} has two columns for {error}: remove one of them.") from None
    numeric = [(place, channel) for place, channel in columns if _is_number(schema.field(place).type)]
    if len(numeric) < FEWEST_CHANNELS:
        raise WrongUse(f"{source.name} is not a recording: {len(numeric)} of its columns are facial channels.")
    picture = next((name for name in beside.KEYS if name in schema.names), None)
    clock = _clock_in(schema)
    wanted = [schema.names[place] for place, _ in numeric]
    told = ("take", "frame", "subject", *(["split"] if is_exported(schema.names) else []), clock, picture)
    wanted += [name for name in told if name in schema.names]
    left = [name for name in others if name not in (*_OWN, clock, picture)]
    notes = [f"columns that are no facial channel were left out: {', '.join(left)}"] if left else []
    takes = TakesByName(source, reading, FORMAT)
    row = 0
    for batch in file.iter_batches(batch_size=_PICTURE_BATCH if picture else _BATCH, columns=list(dict.fromkeys(wanted))):
        _add(takes, batch, row, numeric, schema.names, clock, picture, source)
        row += batch.num_rows
        yield from takes.ready(notes)
    yield from takes.rest(notes)


# What pandas calls an index without a name.
_INDEX = "__index_level_0__"


def _clock_in(schema: Any) -> str | None:
    """The column that holds time: by its name, else an index of moments without one."""
    named = (name for name in schema.names if clocks.folded(name) in clocks.NAMES and _is_time(schema.field(name).type))
    return next(named, _INDEX if _INDEX in schema.names and pa.types.is_temporal(schema.field(_INDEX).type) else None)


def _is_time(kind: Any) -> bool:
    return _is_number(kind) or pa.types.is_temporal(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: Any) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _add(
    takes: TakesByName,
    batch: Any,
    row: int,
    columns: list[tuple[int, Channel]],
    names: list[str],
    clock: str | None,
    picture: str | None,
    source: SourceFile,
) -> None:
    n = batch.num_rows
    values = np.full((n, len(CHANNELS)), np.nan)
    for place, channel in columns:
        values[:, channel.index] = _numbers(batch.column(names[place]))
    rows = np.arange(row, row + n)
    frame = _numbers(batch.column("frame")) if "frame" in batch.schema.names else rows
    numbered = np.where((frame >= 0) & (frame < 2**53), frame, rows).astype(np.int64)  # NaN compares as false
    t = _times(takes, batch.column(clock), clock) if clock else np.full(n, np.nan)
    named = _texts(batch, "take", n)
    subjects = _texts(batch, "subject", n)
    splits = _texts(batch, "split", n) if "split" in batch.schema.names else None
    entries = batch.column(picture).to_pylist() if picture else []
    images = [beside.picture_beside(source, {"image": entry}) for entry in entries] if picture else None
    by_take: dict[str | None, list[int]] = {}
    for place, name in enumerate(named):
        by_take.setdefault(name, []).append(place)
    for name, mine in by_take.items():
        kept = None if images is None else [images[place] for place in mine]
        split = None if splits is None else [splits[place] for place in mine]
        takes.add(name, numbered[mine], t[mine], values[mine], kept, subjects[mine[0]], split)


def _times(takes: TakesByName, column: Any, name: str) -> NDArray[np.float64]:
    """(m,) seconds by the one clock of the file, NaN for null, infinity for no time."""
    if pa.types.is_temporal(column.type):
        takes.clock = takes.clock or clocks.Clock(name, _temporal_kind(column.type), "stated")
        return _seconds(column)
    cells: list[Any] | NDArray[np.float64] = _numbers(column) if _is_number(column.type) else column.to_pylist()
    if takes.clock is None:
        known = [cell for cell in cells[: 4 * _BATCH] if cell is not None and cell == cell]
        takes.clock = clocks.clock_of(name, known)
    if takes.clock is None:
        return np.full(len(column), np.nan)
    if isinstance(cells, np.ndarray):
        return cells * clocks.SCALE[takes.clock.kind] if takes.clock.kind in clocks.SCALE else np.full(len(cells), np.inf)
    return takes.clock.seconds(cells)


def _temporal_kind(kind: Any) -> clocks.Kind:
    if pa.types.is_duration(kind):
        return "seconds"
    return "clock time" if pa.types.is_time(kind) else "date and time"


def _seconds(column: Any) -> NDArray[np.float64]:
    """(m,) seconds of moments, durations or times of day; NaN for null."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    whole = column.cast(pa.int32()) if pa.types.is_time32(column.type) else column
    parts = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[column.type.unit]
    return np.array(whole.cast(pa.int64()).to_numpy(zero_copy_only=False), np.float64) / parts


def _numbers(column: Any) -> NDArray[np.float64]:
    """(m,) float64: NaN for null, infinity for NaN."""
    if not _is_number(column.type):
        return np.full(len(column), np.nan)
    plain = column.cast(pa.float64())
    read = np.array(plain.to_numpy(zero_copy_only=False), np.float64)
    read[np.asarray(pc.fill_null(pc.is_nan(plain), False).to_numpy(zero_copy_only=False), np.bool_)] = np.inf
    return read


def _texts(batch: Any, name: str, n: int) -> list[str | None]:
    if name not in batch.schema.names:
        return [None] * n
    return [None if value is None else str(value) for value in batch.column(name).to_pylist()]
