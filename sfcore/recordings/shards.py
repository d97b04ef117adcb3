"""Parquet files of one folder that are parts of one dataset: takes whose rows lie in several of them come together again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.errors import WrongUse
from sfcore.recordings import rows_parquet
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Reject, Take
from sfcore.recordings.unkept import NothingKept

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = rows_parquet.FORMAT
# "train-00000.parquet", "test-00000-of-00003.parquet", "part-00012-<digits>.snappy.parquet", "0007.parquet".
_SHARD = re.compile(r"(?:.*[^0-9])?\d{3,}(?:-of-\d+)?(?:-[0-9a-f-]{8,})?(?:\.\w+)?\.parquet", re.IGNORECASE)
# Files that are open at once; more would meet the limit of many systems.
_MOST = 500


def shards_in(files: Sequence[SourceFile]) -> list[list[SourceFile]]:
    """Groups of two and more Parquet files of one folder that are numbered as shards are, and have the same columns, among them
    ``take`` and ``frame``, which tell whose rows they are; all others, and damaged ones, are in no group."""
    groups: dict[tuple[str, tuple[str, ...]], list[SourceFile]] = defaultdict(list)
    for file in files:
        path = PurePosixPath(file.name)
        if _SHARD.fullmatch(path.name):
            names = _columns(file)
            if {"take", "frame"} <= set(names):
                groups[str(path.parent), names].append(file)
    return [group for group in groups.values() if len(group) > 1]


def _columns(file: SourceFile) -> tuple[str, ...]:
    """Names of its columns; none where it is damaged, which its own reader tells."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.opener() as stream:
            return tuple(pq.ParquetFile(stream).schema_arrow.names)
    except (pa.ArrowException, OSError, EOFError, ValueError):
        return ()


def whole_of(shards: Sequence[SourceFile]) -> SourceFile:
    """What messages and tables call the shards: one file of their folder."""
    folder = PurePosixPath(shards[0].name).parent
    first = shards[0]
    name = str(folder / f"{len(shards)} shards")
    return SourceFile(name, sum(shard.size for shard in shards), first.opener, first.beside, first.namesakes)


@dataclass
class Shards:
    """A format (`sfcore.recordings.source.Format`) of several files: ``read`` gives each take once, whole."""

    files: Sequence[SourceFile]
    FORMAT: str = FORMAT

    def sniff(self, head: bytes) -> bool:
        """Whether a Parquet file begins."""
        return rows_parquet.sniff(head)

    def read(self, source: SourceFile, reading: Reading) -> Iterator[Take]:
        """The takes of all files, each with its rows in order of its frames. Raises as `rows_parquet.read`."""
        if len(self.files) > _MOST:
            raise WrongUse(f"{source.name}: more than {_MOST} shards in one folder: divide them into folders.")
        with rows_parquet.damage_told(source), ExitStack() as stack:
            parts = [_Part.of(file, stack) for file in self.files]
            loose: list[Reject] = []
            for take in dict.fromkeys(take for part in parts for take in part.groups):
                try:
                    yield from rows_parquet.takes_of(_Whole(take, parts), source, reading)
                except NothingKept as nothing:
                    loose += nothing.rejects
            if loose:
                raise NothingKept(source.name, loose)


@dataclass
class _Part:
    """An open shard, and in which of its row groups each take has rows."""

    file: Any
    groups: dict[str | None, list[int]]
    _held: tuple[int, tuple[str, ...]] | None = None
    _table: Any = field(default=None, repr=False)

    @staticmethod
    def of(file: SourceFile, stack: ExitStack) -> _Part:
        import pyarrow.parquet as pq

        opened = pq.ParquetFile(stack.enter_context(file.opener()))
        groups: dict[str | None, list[int]] = defaultdict(list)
        for number in range(opened.num_row_groups):
            for take in opened.read_row_group(number, columns=["take"])["take"].unique().to_pylist():
                groups[take].append(number)
        return _Part(opened, dict(groups))

    def rows(self, take: str | None, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows of one take, a row group at a time; the last group stays in memory, since small takes share one."""
        import pyarrow.compute as pc

        for number in self.groups.get(take, ()):
            if self._held != (number, tuple(columns)):
                self._table = self.file.read_row_group(number, columns=list(columns))
                self._held = (number, tuple(columns))
            named = self._table["take"]
            yield self._table.filter(pc.is_null(named) if take is None else pc.equal(named, take))


@dataclass(frozen=True, slots=True)
class _Whole:
    """One take of several shards, with as much of `pyarrow.parquet.ParquetFile` as its reader asks for."""

    take: str | None
    parts: Sequence[_Part]

    @property
    def schema_arrow(self) -> Any:
        return self.parts[0].file.schema_arrow

    def iter_batches(self, batch_size: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for rows in _in_order([part.rows(self.take, columns) for part in self.parts if self.take in part.groups]):
            yield from rows.combine_chunks().to_batches(max_chunksize=batch_size)


def _in_order(streams: Iterable[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """Rows of several tables, each in order of its frames, in order of all their frames."""
    heads = [head for head in map(_Head.of, streams) if head is not None]
    while heads:
        first = min(heads, key=lambda head: head.frame)
        others = [head.frame for head in heads if head is not first]
        yield first.up_to(min(others, default=None))
        heads = [head for head in heads if head.is_there]


@dataclass
class _Head:
    """Where one stream stands."""

    stream: Iterator[pa.Table]
    table: Any = None
    frames: Any = None
    place: int = 0

    @staticmethod
    def of(stream: Iterator[pa.Table]) -> _Head | None:
        head = _Head(stream)
        return head if head.is_there else None

    @property
    def is_there(self) -> bool:
        """Whether rows are left; fetches the next of them."""
        while self.table is None or self.place >= self.table.num_rows:
            table = next(self.stream, None)
            if table is None:
                return False
            frames = np.nan_to_num(table["frame"].to_numpy().astype(np.float64), nan=-1.0)
            self.table, self.frames, self.place = table, frames, 0
        return True

    @property
    def frame(self) -> float:
        return float(self.frames[self.place])

    def up_to(self, frame: float | None) -> pa.Table:
        """The next rows, until one is behind a frame."""
        left = self.frames[self.place :]
        behind = np.flatnonzero(left > (np.inf if frame is None else frame))
        count = max(1, int(behind[0])) if behind.size else len(left)
        rows = self.table.slice(self.place, count)
        self.place += count
        return rows
