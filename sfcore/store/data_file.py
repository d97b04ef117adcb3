"""A Parquet file on its way into a table: written row group by row group beside the table, and moved to its place when whole."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from sfcore.store.patience import patiently

if TYPE_CHECKING:
    import pyarrow as pa

    from sfcore.store.workspace import Workspace

UNFINISHED = "unfinished"
"""Folder of a local workspace where files are written; what lies there long belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file that a worker has written below a table: ``path`` relative to the table, ``size`` in bytes, ``rows``."""

    path: str
    size: int
    rows: int


class _Hashed:
    """A file to write that hashes what goes through it; what pyarrow asks of a Python file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash, self.size, self.closed, self.dropped = file, hashlib.blake2b(digest_size=8), 0, False, False

    def write(self, content: Any) -> int:
        if self.dropped:
            return memoryview(content).nbytes
        self.hash.update(content)
        self.size += memoryview(content).nbytes
        return self._file.write(content)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._file.flush()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class DataFileWriter:
    """Writes one file; the same rows in the same groups under the same stem give the same name and bytes.

    The name ends in a hash of the bytes, so nobody overwrites a file that somebody else has committed with other content: what is
    never committed is an orphan that vacuum finds. Leaving the ``with`` block without `finish` leaves nothing behind.
    """

    def __init__(self, workspace: Workspace, table: str, stem: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._workspace, self._table, self._stem = workspace, table, stem
        self._schema, self._rows = workspace.schemas[table], 0
        folder = Path(workspace.address.at(UNFINISHED).root) if workspace.address.is_local else Path(gettempdir())
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"sface-{os.getpid()}-{uuid.uuid4().hex}.parquet"
        self._file = self._path.open("wb")
        self._sink = _Hashed(self._file)
        # Words repeat, numbers do not: a dictionary of them is built to be thrown away.
        words = [column.name for column in self._schema if pa.types.is_string(column.type)]
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd", use_dictionary=words or False
        )

    def __enter__(self) -> DataFileWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # After a failure, a Parquet file that is closed would write its end: to nowhere.
        self._sink.dropped = True
        with suppress(Exception):
            self._writer.close()
        with suppress(Exception):
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, rows: pa.Table) -> None:
        """Adds rows as one row group; nothing happens without any."""
        if rows.num_rows:
            self._writer.write_table(rows.cast(self._schema), row_group_size=rows.num_rows)
            self._rows += rows.num_rows

    def finish(self) -> DataFile:
        """Closes the file and puts it in its place below the table, without committing it."""
        self._writer.close()
        self._file.close()
        path = f"{self._stem}-{self._sink.hash.hexdigest()}.parquet"
        patiently(lambda: self._workspace.take_in(self._path, f"tables/{self._table}/{path}"))
        return DataFile(path, self._sink.size, self._rows)
