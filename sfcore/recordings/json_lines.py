"""Lines of JSON objects, read block by block so that damage stays in its line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sfcore.recordings import delimited, document
from sfcore.recordings.reading import SNIFFED_BYTES, SourceFile


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


# So many lines tell what a file holds; of these, so large a share must be sound: elsewhere objects stand in lines by chance.
_FIRST_LINES = 20
_SOUND = 0.3


def first_entries(head: bytes) -> tuple[list[dict[str, Any]], str]:
    """The objects of the first lines that end within the head, and the first line's text where it begins an object.

    None where fewer than three in ten of these lines are objects: then the file is no such lines.
    """
    lines = delimited.lines(delimited.decode_head(head))
    line = lines[0].lstrip() if lines else ""
    if len(head) >= SNIFFED_BYTES and len(lines) > 1:
        lines.pop()  # its end may be missing
    found = [entry for text in lines[:_FIRST_LINES] if isinstance(entry := _entry(text), dict)]
    enough = found and len(found) >= _SOUND * min(len(lines), _FIRST_LINES)
    return (found if enough else []), (line if line.startswith("{") else "")
