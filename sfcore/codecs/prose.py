"""The words of an answer as four short lines, one for each field of a description; a field's own line breaks are escaped.

::

    E: felt smile: lip corners up with raised cheeks
    M: Lip corners strongly pulled up, cheeks moderately raised.
    I: enjoyment
    S: mostly symmetric
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import AnswerError

PREFIXES: tuple[str, ...] = ("E", "M", "I", "S")

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {written: meant for meant, written in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\.?", re.DOTALL)


class Piece(NamedTuple):
    """One field of a description as it is written: what stands before it, the field itself, and what ends it."""

    opening: str
    body: str
    ending: str


def escaped(text: str) -> str:
    """The text on one line: backslash, line feed and carriage return as two signs each."""
    return re.sub(r"[\\\n\r]", lambda m: _ESCAPES[m[0]], text)


def unescaped(text: str) -> str:
    """What `escaped` was given; a backslash that begins no escape stands for itself."""
    return _ESCAPED.sub(lambda m: _UNESCAPES.get(m[0], m[0]), text)


def short_lines(description: Description) -> tuple[Piece, ...]:
    """The four lines, each with its line feed."""
    fields = (getattr(description, field) for field in FIELDS)
    return tuple(Piece(f"{prefix}:", f" {escaped(text)}", "\n") for prefix, text in zip(PREFIXES, fields, strict=True))


def read_short_lines(lines: list[str]) -> Description:
    """The description in four lines without their line feeds; raises `AnswerError` with a sentence when it is none."""
    return Description(*(_field_of(*each) for each in zip(lines, PREFIXES, FIELDS, strict=True)))


def joined(pieces: tuple[Piece, ...]) -> str:
    """The text of pieces."""
    return "".join("".join(piece) for piece in pieces)


def _field_of(line: str, prefix: str, field: str) -> str:
    if not line.startswith(f"{prefix}: "):
        raise AnswerError(f"expected a line '{prefix}: ...' for {field}, found {line[:40]!r}.")
    text = line[len(prefix) + 2 :]
    for match in _ESCAPED.finditer(text):
        if match[0] not in _UNESCAPES:
            raise AnswerError(f"the line of {field} holds '{match[0]}', which is no escape: write a backslash twice.")
    return unescaped(text)
