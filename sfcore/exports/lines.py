"""JSON lines, each beside the picture it speaks of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from sfcore.exports.pictures import picture_name, suffix_of
from sfcore.exports.selection import Source, coefficients_of
from sfcore.exports.target import Sink

IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its columns, its (61,) float32 coefficients, and those of the truth where it is a prediction."""

    columns: Mapping[str, Any]
    coefficients: np.ndarray
    truth: np.ndarray | None


def rows_of(source: Source) -> Iterator[Row]:
    """The selected rows one by one."""
    for batch in source.rows():
        truths = coefficients_of(batch, "true_") if source.selection.what == "predictions" else [None] * batch.num_rows
        yield from map(Row, batch.to_pylist(), coefficients_of(batch), truths)


class LineFiles:
    """Files of JSON lines that are written side by side, one for each name, each opened with its first line."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._stack = sink, ExitStack()
        self._files: dict[str, BinaryIO] = {}
        self.lines: dict[str, int] = {}

    def __enter__(self) -> LineFiles:
        self._stack.__enter__()
        return self

    def __exit__(self, *trouble: Any) -> bool | None:
        return self._stack.__exit__(*trouble)

    def add(self, file: str, content: Mapping[str, Any]) -> None:
        """Adds one line."""
        if file not in self._files:
            self._files[file] = self._stack.enter_context(self._sink.open(file))
        self._files[file].write((json.dumps(content, ensure_ascii=False) + "\n").encode())
        self.lines[file] = self.lines.get(file, 0) + 1


def put_picture(sink: Sink, row: Mapping[str, Any]) -> str | None:
    """Writes the row's picture below ``images/`` and returns its path there; None where it has none."""
    picture = row.get("image")
    if picture is None:
        return None
    path = f"{IMAGES}/{picture_name(row)}{suffix_of(picture)}"
    with sink.open(path) as file:
        file.write(picture)
    return path
