"""JSON lines of sface's own: one object a row with the names of the table's columns, exact numbers and no pictures."""

from __future__ import annotations

import json
from collections.abc import Callable

from sfcore.arkit import NAMES
from sfcore.exports.answers import coefficients_as_written
from sfcore.exports.lines import rows_of
from sfcore.exports.selection import Source
from sfcore.exports.target import Sink

SUFFIX = ".jsonl"


def write(source: Source, sink: Sink, decimals: int | None, on_row: Callable[[], None]) -> list[str]:
    """Writes one file of lines into the sink's own place; unknown channels are null; returns what a person should know."""
    pictures = 0
    with sink.open("") as file:
        for row in rows_of(source):
            known = coefficients_as_written(row.coefficients, decimals)
            pictures += row.columns.get("image") is not None
            content = {
                name: known.get(name) if name in NAMES else value
                for name, value in row.columns.items()
                if name != "image" and not name.startswith("true_")
            }
            file.write((json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode())
            on_row()
    return [f"{pictures} pictures are left out: huggingface and chat carry pictures"] if pictures else []
