"""Lines of JSON objects, read block by block so that damage stays in its line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sfcore.recordings import delimited, document
from sfcore.recordings.reading import SourceFile


def entries(source: SourceFile) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Row number and object of each line that is not blank, or a string that says what is wrong with the line."""
    row = 0
    with source.opener() as stream:
        for block in delimited.blocks(stream, source.name):
            for line in delimited.lines(block.decode()):
                yield row, _entry(line)
                row += 1


def _entry(line: str) -> dict[str, Any] | str:
    try:
        value = document.parse(line)
    except ValueError as error:
        return f"{str(error)[:80]}: {line[:80]}"
    return value if isinstance(value, dict) else f"no object: {line[:80]}"


def first_entry(head: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object of the first line where it ends within the head, and the line's text."""
    text = document.starts_like_json(head)
    lines = delimited.lines(text)
    if not lines or not text.startswith("{"):
        return None, ""
    found = _entry(lines[0])
    return (found if isinstance(found, dict) else None), lines[0]
