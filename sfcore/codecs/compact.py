"""The compact codec: four short lines of words, then one character for each of the 61 channels.

::

    E: felt smile: lip corners up with raised cheeks
    M: Lip corners strongly pulled up, cheeks moderately raised.
    I: enjoyment
    S: mostly symmetric
    0 0 3 0 ... U U U

It asks nothing of a tokenizer but letters and digits, and costs about 61 tokens for the numbers where JSON costs a thousand.
"""

from __future__ import annotations

import string

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS
from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import Answer, AnswerError
from sfcore.codecs.levels import LEVELS, levels_of, values_of
from sfcore.codecs.prose import Piece, joined, read_short_lines, short_lines

ALPHABET = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[:LEVELS]
"""One character for each level, in order: digits, capitals, small letters without z."""
UNKNOWN = "-"

_RANK = {symbol: level for level, symbol in enumerate(ALPHABET)}


def _levels_in(line: str) -> NDArray[np.int64]:
    symbols = line.split(" ")
    if len(symbols) != len(CHANNELS):
        raise AnswerError(f"expected {len(CHANNELS)} coefficients in the last line, found {len(symbols)}.")
    for symbol, channel in zip(symbols, CHANNELS, strict=True):
        if symbol != UNKNOWN and symbol not in _RANK:
            raise AnswerError(
                f"{channel.name} is {symbol[:20]!r}, which is no level: expected one of 0-9, A-Z, a-y or '{UNKNOWN}'."
            )
    return np.array([_RANK.get(symbol, -1) for symbol in symbols], dtype=np.int64)


class CompactCodec:
    """Four prefixed lines and one line of 61 characters; see the module's docstring."""

    name = "compact"

    def encode(self, answer: Answer) -> str:
        """The text of an answer: five lines, no newline at the end."""
        words, numbers = self.parts(answer)
        return words + numbers

    def parts(self, answer: Answer) -> tuple[str, str]:
        """The four lines of words, each with its newline, and the line of numbers without one."""
        levels = levels_of(answer.coefficients).tolist()
        numbers = " ".join(UNKNOWN if level < 0 else ALPHABET[level] for level in levels)
        return joined(self.pieces(answer.description)), numbers

    def pieces(self, description: Description) -> tuple[Piece, ...]:
        """The four lines in their pieces."""
        return short_lines(description)

    def decode(self, text: str) -> Answer:
        """The answer written in ``text`` (white space around it is ignored); raises `AnswerError` when it is none."""
        lines = text.strip().split("\n")
        if len(lines) != len(FIELDS) + 1:
            raise AnswerError(f"an answer has {len(FIELDS) + 1} lines, this text has {len(lines)}.")
        return Answer(read_short_lines(lines[:-1]), values_of(_levels_in(lines[-1])))

    def quantised(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """(61,) float32 -> (61,) float32 on the grid: shapes in steps of 1/60, angles on `ANGLE_GRID`, NaN stays NaN."""
        return values_of(levels_of(coefficients))

    def coefficient_slots(self) -> tuple[tuple[str, ...], ...]:
        """61 tuples of 62 texts: the levels in rising order, then "-" for unknown; all but the first begin with their space."""
        symbols = (*ALPHABET, UNKNOWN)
        spaced = tuple(f" {symbol}" for symbol in symbols)
        return (symbols, *(spaced,) * (len(CHANNELS) - 1))
