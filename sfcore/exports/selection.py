"""Which rows of a workspace leave it, and in what order: as series of motion, or row by row with their pictures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.errors import WrongUse, nearest
from sfcore.exports.motion import Rows
from sfcore.recordings.timecode import seconds_of_day
from sfcore.store.query import connect
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset

What = Literal["labels", "supervision", "predictions"]
WHATS: tuple[str, ...] = get_args(What)

# What sorting may keep in memory; the rest goes to a temporary folder.
_MEMORY = "1GB"
# Takes are sorted together up to so many rows, of 300 bytes; ingest cuts a recording into takes before one has more.
_SORTED_ROWS = 100_000
_MOTION_BATCH = 4096
_PICTURE_BATCH = 64
_SAMPLE_KEYS = ("dataset", "take", "frame", "variant", "split", "domain", "identity", "image")


@dataclass(frozen=True, slots=True)
class Selection:
    """What to write: ``model`` belongs to predictions alone; None means all."""

    what: What
    dataset: str
    take: str | None = None
    split: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What tells one series of a dataset from another: pictures of one take differ by variant and by recipe."""

    take: str
    variant: int
    recipe: str


class Source:
    """The rows of one selection, as the tables stood when it was opened; asked as often as need be."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, selection: Selection, tables: dict[str, pyarrow.dataset.Dataset] | None = None
    ) -> None:
        self._con, self.selection, self._tables = con, selection, tables or {}

    def count(self) -> int:
        """Rows that are selected."""
        return int(self._ask("count(*)").fetchall()[0][0])

    def splits(self) -> dict[str, int]:
        """Split -> rows, most first."""
        rows = self._ask(f"{self._keys}.split, count(*) as n", "group by 1 order by n desc, 1").fetchall()
        return {str(split): int(n) for split, n in rows}

    def values(self, column: str) -> list[str]:
        """Different values of a text column of labels or supervision, sorted, null left out."""
        rows = self._ask(f"distinct {self._keys}.{column} as v", "order by v").fetchall()
        return [str(row[0]) for row in rows if row[0] is not None]

    def clipped(self) -> tuple[int, int]:
        """Values that ingest brought back into 0..1, and the rows that have some; of labels alone, others are not clipped."""
        if self.selection.what != "labels":
            return 0, 0
        values, rows = self._ask("coalesce(sum(l.clipped), 0), count(*) filter (l.clipped > 0)").fetchall()[0]
        return int(values), int(rows)

    def starts(self) -> dict[str, float]:
        """Take -> seconds of day of its time 0, for takes that were recorded with a timecode."""
        labels = self._tables.get("labels")
        if labels is None or "provenance" not in labels.schema.names:
            return {}
        query = "select take, any_value(provenance) from labels where dataset = ? group by take"
        found = {}
        for take, provenance in self._con.execute(query, [self.selection.dataset]).fetchall():
            with suppress(ValueError, TypeError, AttributeError, KeyError):
                found[take] = seconds_of_day(json.loads(provenance)["starts"])
        return found

    def motion(self, fps: float | None) -> Iterator[tuple[SeriesKey, Iterator[Rows]]]:
        """Each series with its rows in batches, ordered by take, variant, recipe and frame; finish one before the next.

        Rows without a time get frame number over ``fps`` where that is given.
        """
        drawn = "0 as variant, '' as recipe" if self._keys == "l" else "s.variant as variant, s.recipe_digest as recipe"
        channels = ", ".join(f'{self._values}."{name}"' for name in NAMES)
        columns = f"{self._keys}.take as take, {drawn}, {self._keys}.frame as frame, l.t as t, {channels}"
        return _series(chain.from_iterable(self._ordered(columns, *span) for span in self._spans()), fps)

    def _spans(self) -> Iterator[tuple[str, str]]:
        """First and last take of groups of takes that are small enough to be sorted in memory, in order."""
        first = last = None
        rows = 0
        for take, count in self._ask(f"{self._keys}.take as take, count(*)", "group by 1 order by take").fetchall():
            if first is not None and last is not None and rows + count > _SORTED_ROWS:
                yield first, last
                first, rows = None, 0
            first, last, rows = take if first is None else first, take, rows + count
        if first is not None and last is not None:
            yield first, last

    def _ordered(self, columns: str, first: str, last: str) -> pa.RecordBatchReader:
        return self._ask(columns, "order by take, variant, recipe, frame", (first, last)).to_arrow_reader(_MOTION_BATCH)

    def rows(self) -> Iterator[pa.RecordBatch]:
        """The selected rows with their pictures, few at a time; of labels and supervision in the order in which they were made.

        Predictions come with the picture and the keys of their sample, and with its words and coefficients as ``true_<name>``.
        """
        if self.selection.what != "predictions":
            return self._scanned(self._tables[self.selection.what])
        keys = ", ".join(f"s.{name}" for name in _SAMPLE_KEYS)
        truth = ", ".join(f's."{name}" as "true_{name}"' for name in (*NAMES, *FIELDS))
        order = "order by s.take, s.frame, s.variant, s.sample_id"
        return iter(self._ask(f"{keys}, p.*, {truth}", order).to_arrow_reader(_PICTURE_BATCH))

    def _scanned(self, table: pyarrow.dataset.Dataset) -> Iterator[pa.RecordBatch]:
        import pyarrow.compute as pc

        wanted = pc.field("dataset") == self.selection.dataset
        for name, value in (("take", self.selection.take), ("split", self.selection.split)):
            if value is not None:
                wanted &= pc.field(name) == value
        columns = [name for name in table.schema.names if name != "scene"]
        # Little is read ahead: a batch of pictures can be large.
        scanner = table.scanner(
            columns=columns, filter=wanted, batch_size=_PICTURE_BATCH, batch_readahead=2, fragment_readahead=1
        )
        return iter(scanner.to_batches())

    @property
    def _keys(self) -> str:
        """The table that holds keys and splits."""
        return "l" if self.selection.what == "labels" else "s"

    @property
    def _values(self) -> str:
        """The table that holds the coefficients."""
        return self.selection.what[0]

    def _ask(self, columns: str, rest: str = "", span: tuple[str, str] | None = None) -> Any:
        """Asks for columns of the selected rows; with a ``span`` of takes also for the times of their labels."""
        tables = {
            "labels": "labels l",
            "supervision": "supervision s",
            "predictions": "predictions p join supervision s using (sample_id)",
        }[self.selection.what]
        if span and self._keys == "s":
            tables += " left join labels l on l.dataset = s.dataset and l.take = s.take and l.frame = s.frame"
        asked = self.selection
        wanted = {"dataset": asked.dataset, "take": asked.take, "split": asked.split}
        given = {f"{self._keys}.{name}": value for name, value in wanted.items() if value is not None}
        if asked.model is not None:
            given["p.model_id"] = asked.model
        where = " and ".join(f"{name} = ?" for name in given)
        values = list(given.values())
        if span:
            where += f" and {self._keys}.take between ? and ?"
            values += span
        return self._con.sql(f"select {columns} from {tables} where {where} {rest}", params=values)


@contextmanager
def opened_source(workspace: Workspace, selection: Selection) -> Iterator[Source]:
    """The selected rows, for as long as the block runs.

    Raises `WrongUse` when nothing is selected, with what there is instead, or when predictions of several models are there and
    none is named.
    """
    versions = {name: workspace.version(name) for name in WHATS if workspace.has_table(name)}
    tables = {name: workspace.dataset(name, version) for name, version in versions.items()}
    with tempfile.TemporaryDirectory(prefix="sface-export-") as folder, connect(workspace, versions) as con:
        con.execute(f"set memory_limit = '{_MEMORY}'")
        con.execute("set temp_directory = ?", [folder])
        _check(con, selection)
        yield Source(con, selection, tables)


def _check(con: duckdb.DuckDBPyConnection, selection: Selection) -> None:
    table = "labels" if selection.what == "labels" else "supervision"
    datasets = _words(con, f"select distinct dataset from {table}", [])
    if selection.dataset not in datasets:
        step = "ingest" if table == "labels" else "supervise"
        there = f"there is {', '.join(datasets)}" if datasets else f"run {step} first"
        raise WrongUse(f"no {table} of a dataset '{selection.dataset}'{nearest(selection.dataset, datasets)}: {there}.")
    for column, wanted in (("take", selection.take), ("split", selection.split)):
        if wanted is None:
            continue
        known = _words(con, f"select distinct {column} from {table} where dataset = ?", [selection.dataset])
        if wanted not in known:
            shown = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
            raise WrongUse(f"dataset '{selection.dataset}' has no {column} '{wanted}'{nearest(wanted, known)}: there is {shown}.")
    if selection.what == "predictions":
        _check_model(con, selection)
    if not Source(con, selection).count():
        raise WrongUse(f"no {selection.what} of dataset '{selection.dataset}' has all that was asked for: nothing was written.")


def _check_model(con: duckdb.DuckDBPyConnection, selection: Selection) -> None:
    query = "select distinct p.model_id from predictions p join supervision s using (sample_id) where s.dataset = ?"
    models = _words(con, query, [selection.dataset])
    if not models:
        raise WrongUse(f"no model has answered pictures of dataset '{selection.dataset}': run evaluate first.")
    if selection.model is None and len(models) > 1:
        raise WrongUse(
            f"several models have answered pictures of '{selection.dataset}': name one of {', '.join(models)} with --model."
        )
    if selection.model is not None and selection.model not in models:
        raise WrongUse(
            f"model '{selection.model}'{nearest(selection.model, models)} has answered no picture of dataset "
            f"'{selection.dataset}': there is {', '.join(models)}."
        )


def _words(con: duckdb.DuckDBPyConnection, query: str, values: list[str]) -> list[str]:
    return sorted(str(row[0]) for row in con.execute(query, values).fetchall())


# Series ---------------------------------------------------------------------------------------------------------------


def _series(batches: Iterable[pa.RecordBatch], fps: float | None) -> Iterator[tuple[SeriesKey, Iterator[Rows]]]:
    """Cuts ordered batches where the series changes."""
    pieces = _pieces(batches, fps)
    waiting = next(pieces, None)
    while waiting is not None:
        key = waiting[0]
        current: tuple[SeriesKey, Rows] | None = waiting

        def of_series(key: SeriesKey = key) -> Iterator[Rows]:
            nonlocal current
            while current is not None and current[0] == key:
                yield current[1]
                current = next(pieces, None)

        yield key, of_series()
        while current is not None and current[0] == key:  # rows that nobody asked for
            current = next(pieces, None)
        waiting = current


def _pieces(batches: Iterable[pa.RecordBatch], fps: float | None) -> Iterator[tuple[SeriesKey, Rows]]:
    for batch in batches:
        keys = list(zip(*(batch.column(name).to_pylist() for name in ("take", "variant", "recipe")), strict=True))
        rows = Rows(
            batch.column("frame").to_numpy(zero_copy_only=False).astype(np.int64),
            batch.column("t").to_numpy(zero_copy_only=False).astype(np.float64),
            coefficients_of(batch),
        ).timed(fps)
        start = 0
        for end in range(1, len(keys) + 1):
            if end == len(keys) or keys[end] != keys[start]:
                yield SeriesKey(*keys[start]), Rows(rows.frame[start:end], rows.t[start:end], rows.coefficients[start:end])
                start = end


def coefficients_of(batch: pa.RecordBatch, prefix: str = "") -> NDArray[np.float32]:
    """(n, 61) float32 in Live Link order, NaN = unknown."""
    columns = [batch.column(f"{prefix}{name}").to_numpy(zero_copy_only=False) for name in NAMES]
    return np.stack(columns, axis=1).astype(np.float32) if batch.num_rows else np.empty((0, len(NAMES)), np.float32)
