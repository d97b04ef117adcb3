"""Parquet of this project and others: a row for each frame, channels by name, and maybe take, frame, t, subject, image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS, Channel
from sfcore.errors import WrongUse
from sfcore.recordings import beside, clocks
from sfcore.recordings.channel_table import CLOCKS, FEWEST_CHANNELS
from sfcore.recordings.named import channels_named
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take
from sfcore.recordings.takes_by_name import TakesByName

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
    try:
        with source.opener() as stream:
            yield from _takes(pq.ParquetFile(stream), source, reading)
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:  # names in it may be no UTF-8
        reason = " ".join(str(error).split()).rstrip(".")[:160]
        raise WrongUse(f"{source.name} is damaged Parquet ({reason}): copy or export it again.") from None


def _takes(file: Any, source: SourceFile, reading: Reading) -> Iterator[Take]:
    schema = file.schema_arrow
    try:
        columns, others = channels_named(schema.names)
    except ValueError as error:
        raise WrongUse(f"{source.name} has two columns for {error}: remove one of them.") from None
    numeric = [(place, channel) for place, channel in columns if _is_number(schema.field(place).type)]
    if len(numeric) < FEWEST_CHANNELS:
        raise WrongUse(f"{source.name} is not a recording: {len(numeric)} of its columns are facial channels.")
    picture = next((name for name in beside.KEYS if name in schema.names), None)
    clock = next((name for name in schema.names if name.lower() in CLOCKS and _is_number(schema.field(name).type)), None)
    wanted = [schema.names[place] for place, _ in numeric]
    wanted += [name for name in ("take", "frame", "subject", clock, picture) if name in schema.names]
    left = [name for name in others if name not in (*_OWN, clock, picture)]
    notes = [f"columns that are no facial channel were left out: {', '.join(left)}"] if left else []
    takes = TakesByName(source, reading, FORMAT)
    row = 0
    for batch in file.iter_batches(batch_size=_PICTURE_BATCH if picture else _BATCH, columns=list(dict.fromkeys(wanted))):
        _add(takes, batch, row, numeric, schema.names, clock, picture, source, reading)
        row += batch.num_rows
        yield from takes.ready(notes)
    yield from takes.rest(notes)


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
    reading: Reading,
) -> None:
    n = batch.num_rows
    values = np.full((n, len(CHANNELS)), np.nan)
    for place, channel in columns:
        values[:, channel.index] = _numbers(batch.column(names[place]))
    rows = np.arange(row, row + n)
    frame = np.nan_to_num(_numbers(batch.column("frame")), nan=-1, posinf=-1) if "frame" in batch.schema.names else rows
    numbered = np.where(frame < 0, rows, frame).astype(np.int64)
    t = _numbers(batch.column(clock)) if clock else np.full(n, np.nan)
    if clock:
        t = t * {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6}[clocks.unit_of_numbers(clock.lower(), t)]
    elif reading.fps:
        t = numbered / reading.fps
    named = _texts(batch, "take", n)
    subjects = _texts(batch, "subject", n)
    entries = batch.column(picture).to_pylist() if picture else []
    images = [beside.picture_beside(source, {"image": entry}) for entry in entries] if picture else None
    for name in dict.fromkeys(named):
        mine = np.array([one == name for one in named], np.bool_)
        kept = None if images is None else [image for image, keep in zip(images, mine, strict=True) if keep]
        takes.add(name, numbered[mine], t[mine], values[mine], kept, subjects[int(np.flatnonzero(mine)[0])])


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
