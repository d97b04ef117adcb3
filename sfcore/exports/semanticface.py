"""JSON lines in the shape of SemanticFace's published results: an answer in four points and 61 numbers, and what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sfcore.exports.answers import coefficients_as_written, description_of, markdown_answer, question
from sfcore.exports.lines import LineFiles, Row, put_picture, rows_of
from sfcore.exports.selection import Source
from sfcore.exports.target import Sink

FILE = "semanticface.jsonl"


def write(source: Source, sink: Sink, decimals: int | None, on_row: Callable[[], None]) -> list[str]:
    """Writes ``semanticface.jsonl`` and ``images/``; returns what a person should know.

    A line holds ``response`` (the answer), ``labels`` (the truth, for predictions), ``logprobs`` (null), ``messages`` and
    ``images``. Unknown channels are left out of the answers; an answer that could not be read stands as the model wrote it.
    """
    unread = 0
    with LineFiles(sink) as files:
        for row in rows_of(source):
            files.add(FILE, _line(row, put_picture(sink, row.columns), decimals))
            unread += row.columns.get("parsed") is False
            on_row()
    notes = ["unknown channels are left out of an answer"]
    return [*notes, f"{unread} answers that could not be read stand as the model wrote them"] if unread else notes


def _line(row: Row, picture: str | None, decimals: int | None) -> dict[str, Any]:
    response = (
        row.columns.get("raw") or "" if row.columns.get("parsed") is False else _text(row.columns, row.coefficients, decimals)
    )
    asked = [{**turn, "loss": None} for turn in question(picture is not None)]
    return {
        "response": response,
        "labels": None if row.truth is None else _text(row.columns, row.truth, decimals, "true_"),
        "logprobs": None,
        "messages": [*asked, {"role": "assistant", "content": response}],
        "images": [{"bytes": None, "path": picture}] if picture else [],
    }


def _text(columns: Mapping[str, Any], values: np.ndarray, decimals: int | None, prefix: str = "") -> str:
    return markdown_answer(description_of(columns, prefix), coefficients_as_written(values, decimals))
