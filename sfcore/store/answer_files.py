"""The answer to a query as a file: CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Literal

from sfcore.errors import WrongUse, nearest
from sfcore.store.query import plain_rows

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["table", "csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json", "parquet")
_ROWS_AT_ONCE = 10_000


def check_format(name: str) -> Format:
    """The format of that name; raises `WrongUse` with the nearest one."""
    found = next((known for known in FORMATS if known == name), None)
    if found is None:
        raise WrongUse(f"'{name}' is not a format{nearest(name, FORMATS)}: use one of {', '.join(FORMATS)}.")
    return found


def format_of_file(name: str) -> Format:
    """The format that a file's ending names; raises `WrongUse` for one that names none."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    found = next((known for known in FORMATS[1:] if known == ending), None)
    if found is None:
        raise WrongUse(f"{name}: end the file's name in .csv, .json or .parquet, or say --format.")
    return found


def csv_bytes(answer: pa.Table) -> bytes:
    """A header and a line for each row; null is empty, bytes are hexadecimal digits, lists and structs are JSON."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(answer.column_names)
    for start in range(0, answer.num_rows, _ROWS_AT_ONCE):
        for row in plain_rows(answer.slice(start, _ROWS_AT_ONCE)):
            writer.writerow([_cell(value) for value in row.values()])
    return sink.getvalue().encode()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, allow_nan=False) if isinstance(value, list | dict) else value


def json_bytes(answer: pa.Table) -> bytes:
    """A list of objects; what is no finite number is null."""
    return json.dumps(plain_rows(answer), allow_nan=False).encode() + b"\n"


def parquet_bytes(answer: pa.Table) -> bytes:
    """The columns with their types as they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(answer, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def encoded(answer: pa.Table, form: Format) -> bytes:
    """The answer in one of the formats of a file."""
    if form == "table":
        raise WrongUse("a table is for the terminal: write csv, json or parquet into a file.")
    return {"csv": csv_bytes, "json": json_bytes, "parquet": parquet_bytes}[form](answer)
