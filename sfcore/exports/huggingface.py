"""A Hugging Face dataset folder: Parquet shards with pictures inside, and the dataset card that names them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from sfcore.exports.pictures import file_name, picture_name, suffix_of
from sfcore.exports.selection import Source, coefficients_of
from sfcore.exports.target import Sink
from sfcore.recordings.channel_tally import ChannelTally
from sfcore.reports.dataset_card import DatasetCard, write_dataset_card

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# What the hub advises for a shard; a row group is what a reader holds at once.
_SHARD_BYTES = 400 * 2**20
_GROUP_BYTES = 16 * 2**20
_GROUP_ROWS = 1000


def write(
    source: Source, sink: Sink, licence: str | None, licences_of_heads: Mapping[str, str], on_row: Callable[[], None]
) -> list[str]:
    """Writes ``data/<split>-<shard>.parquet`` and ``README.md``; returns what a person should know.

    Columns keep the names, types and nulls of the table; pictures are there as `datasets.Image` has them. ``licence`` is what
    the card states, ``licences_of_heads`` those of the heads that were drawn, by domain.
    """
    tally = ChannelTally()
    counts: dict[str, int] = {}
    schema = None
    with ExitStack() as stack:
        shards: dict[str, _Shards] = {}
        for batch in source.rows():
            tally.see(coefficients_of(batch))
            for split in dict.fromkeys(batch.column("split").to_pylist()):
                table = as_dataset(batch, split)
                schema = table.schema
                counts[split] = counts.get(split, 0) + table.num_rows
                if split not in shards:
                    shards[split] = stack.enter_context(_Shards(sink, f"data/{file_name(split)}"))
                shards[split].add(table)
                for _ in range(table.num_rows):
                    on_row()
    assert schema is not None, "a selection without rows is refused before"
    card = DatasetCard(
        source.selection, counts, {split: f"data/{file_name(split)}-*.parquet" for split in counts}, features_of(schema), tally,
        {name: tuple(source.values(name)) for name in _told_of(source)}, licence, dict(licences_of_heads),
    )  # fmt: skip
    with sink.open("README.md") as file:
        file.write(write_dataset_card(card).encode())
    return [] if licence else ["the card states no licence: say with --licence under which one the recordings may be used"]


def _told_of(source: Source) -> tuple[str, ...]:
    return ("take", "subject", "format") if source.selection.what == "labels" else ("take", "identity", "domain")


class _Shards:
    """The Parquet files of one split, each closed when it is large enough."""

    def __init__(self, sink: Sink, stem: str) -> None:
        self._sink, self._stem, self._number = sink, stem, 0
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = self._written = 0

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, kind: type[BaseException] | None, *trouble: Any) -> None:
        if kind is None:
            self._flush()
        self._stack.__exit__(kind, *trouble)

    def add(self, table: pa.Table) -> None:
        """Adds rows; they are written when there are enough for a row group."""
        self._waiting.append(table)
        self._rows += table.num_rows
        self._bytes += table.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        if self._writer is None:
            file = self._stack.enter_context(self._sink.open(f"{self._stem}-{self._number:05d}.parquet"))
            self._writer = self._stack.enter_context(pq.ParquetWriter(file, table.schema, compression="zstd"))
        self._writer.write_table(table)
        self._written += self._bytes
        self._waiting, self._rows, self._bytes = [], 0, 0
        if self._written >= _SHARD_BYTES:
            self._stack.close()
            self._writer, self._number, self._written = None, self._number + 1, 0


def as_dataset(batch: pa.RecordBatch, split: str) -> pa.Table:
    """The batch's rows of one split, with pictures and features as `datasets` keeps them in Parquet."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = pa.Table.from_batches([batch]).filter(pc.equal(batch.column("split"), split))
    if "faults" in rows.column_names:
        # A list has another name in each generation of `datasets`; text has not.
        joined = [None if faults is None else "; ".join(faults) for faults in rows["faults"].to_pylist()]
        rows = rows.set_column(rows.column_names.index("faults"), "faults", pa.array(joined, pa.string()))
    if "image" in rows.column_names:
        keys = rows.select([name for name in ("take", "frame", "sample_id", "image") if name in rows.column_names]).to_pylist()
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        rows = rows.set_column(rows.column_names.index("image"), "image", pa.array(map(_picture, keys), kind))
    features = {name: _feature(field) for name, field in zip(rows.column_names, rows.schema, strict=True)}
    return rows.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _picture(row: dict[str, Any]) -> dict[str, Any] | None:
    picture = row["image"]
    return None if picture is None else {"bytes": picture, "path": picture_name(row) + suffix_of(picture)}


def _feature(field: pa.Field) -> dict[str, str]:
    import pyarrow as pa

    if pa.types.is_struct(field.type):
        return {"_type": "Image"}
    return {"dtype": _HUB_NAMES.get(str(field.type), str(field.type)), "_type": "Value"}


_HUB_NAMES = {"float": "float32", "double": "float64", "halffloat": "float16"}


def features_of(schema: pa.Schema) -> dict[str, str]:
    """Column -> its type, as a dataset card writes it."""
    return {field.name: _feature(field).get("dtype", "image") for field in schema}
