"""Rows and cells of a text: cut into physical lines first, so that a stray quote spoils its own line and no other."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from sfcore.errors import WrongUse

DELIMITERS = (",", ";", "\t")
"""Comma as the app writes; semicolon and tab as spreadsheets of many countries save it."""

_LINE_END = re.compile(r"\r\n|\n|\r")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class StrayQuote(ValueError):
    """A line in which a quoted cell does not end, or goes on behind its closing quote."""


def _encoding(content: bytes) -> str:
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8-sig")


def decode(content: bytes, name: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its byte order mark; raises `WrongUse` for any other encoding."""
    encoding = _encoding(content)
    if encoding == "utf-32":
        raise WrongUse(f"{name} is UTF-32 text: save it as CSV in UTF-8.")
    try:
        return content.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        spoken = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise WrongUse(f"{name} is not {spoken} text (byte {error.start}): save or export it again as CSV in UTF-8.") from None


def decode_head(head: bytes) -> str:
    """The text at the beginning of any file, with a mark in place of what cannot be decoded; never raises."""
    return head.decode(_encoding(head), errors="replace").lstrip("\ufeff")


def lines(text: str) -> list[str]:
    """The lines that are not blank; LF, CRLF and CR end a line, nothing else does."""
    return [line for line in _LINE_END.split(text) if line.strip()]


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line, quoted or not; raises `StrayQuote` when its quotes do not pair up around whole cells."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        raise StrayQuote(line) from None


BLOCK = 4 * 1024**2
"""Bytes of a file that are read at a time."""
# A line of this many bytes without an end is no line of a table.
_LONGEST_LINE = 16 * BLOCK


def blocks(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """A file in UTF-8, or in UTF-16 with its mark, as blocks of whole lines in UTF-8 without a mark.

    Raises `WrongUse` for any other encoding, and for what has no lines.
    """
    first = stream.read(BLOCK)
    encoding = _encoding(first)
    if encoding == "utf-32":
        raise WrongUse(f"{name} is UTF-32 text: save it as CSV in UTF-8.")
    decoder = codecs.getincrementaldecoder("utf-16")() if encoding == "utf-16" else None
    read, rest, chunk = 0, b"", first if decoder else first.removeprefix(codecs.BOM_UTF8)
    while chunk:
        following = stream.read(BLOCK)
        try:
            text = decoder.decode(chunk, final=not following).encode() if decoder else chunk
        except UnicodeDecodeError as error:
            raise _wrongly_encoded(name, "UTF-16", read + error.start) from None
        rest += text if read else text.removeprefix(codecs.BOM_UTF8)
        read += len(chunk)
        end = len(rest) if not following else _last_end(rest)
        if end:
            yield _checked(rest[:end], name, read - len(rest))
            rest = rest[end:]
        elif len(rest) > _LONGEST_LINE:
            raise WrongUse(f"{name} is no table: it has a line of more than {_LONGEST_LINE // 1024**2} MiB.")
        chunk = following


def _last_end(text: bytes) -> int:
    """Where the last whole line ends; 0 where none does."""
    end = text.rfind(b"\n") + 1
    # A CR at the very end may be the first half of a CRLF.
    return end or text.rfind(b"\r", 0, len(text) - 1) + 1


def _checked(block: bytes, name: str, start: int) -> bytes:
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError as error:
            raise _wrongly_encoded(name, "UTF-8", start + error.start) from None
    return block


def _wrongly_encoded(name: str, encoding: str, byte: int) -> WrongUse:
    return WrongUse(f"{name} is not {encoding} text (byte {max(byte, 0)}): save or export it again as CSV in UTF-8.")
