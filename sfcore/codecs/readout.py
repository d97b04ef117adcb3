"""The readout codec: four short lines of words are written, then 61 channel tokens are read, all in one forward pass.

A channel token asks for its channel: where it stands, the model's logits over 61 marks, the levels of the channel's grid, are a
distribution, and its mean is the answer. As text, an answer ends in 61 numbers of three decimals::

    E: felt smile: lip corners up with raised cheeks
    M: Lip corners strongly pulled up, cheeks moderately raised.
    I: enjoyment
    S: mostly symmetric
    0.031 0.000 ? ... -0.112

Marks are the characters of the compact codec, which every tokenizer has; channel tokens are new to it.
"""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS, NAMES
from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import Answer, AnswerError
from sfcore.codecs.compact import ALPHABET
from sfcore.codecs.levels import IS_ROTATION, MAX_ANGLE, checked
from sfcore.codecs.prose import Piece, joined, read_short_lines, short_lines

CHANNEL_TOKENS: tuple[str, ...] = tuple(f"<|{name}|>" for name in NAMES)
"""What a tokenizer learns: a token for each channel, in Live Link order."""
MARKS: tuple[str, ...] = tuple(ALPHABET)
"""The token of each level, in rising order."""
UNKNOWN = "?"

_STEPS = 1000  # of three decimals
_LOW, _HIGH = np.where(IS_ROTATION, -round(MAX_ANGLE * _STEPS), 0), np.where(IS_ROTATION, round(MAX_ANGLE * _STEPS), _STEPS)
_NUMBER = re.compile(r"-?[01]\.\d{3}")


class ReadoutCodec:
    """Four prefixed lines and one line of 61 numbers; see the module's docstring."""

    name = "readout"

    def encode(self, answer: Answer) -> str:
        """The text of an answer: five lines, no newline at the end."""
        words, numbers = self.parts(answer)
        return words + numbers

    def parts(self, answer: Answer) -> tuple[str, str]:
        """The four lines of words, each with its newline, and the line of numbers without one."""
        return joined(self.pieces(answer.description)), " ".join(map(_written, self.quantised(answer.coefficients)))

    def pieces(self, description: Description) -> tuple[Piece, ...]:
        """The four lines in their pieces."""
        return short_lines(description)

    def decode(self, text: str) -> Answer:
        """The answer written in ``text`` (white space around it is ignored); raises `AnswerError` when it is none."""
        lines = text.strip().split("\n")
        if len(lines) != len(FIELDS) + 1:
            raise AnswerError(f"an answer has {len(FIELDS) + 1} lines, this text has {len(lines)}.")
        return Answer(read_short_lines(lines[:-1]), _values_in(lines[-1]))

    def quantised(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """(61,) float32 -> (61,) float32 of three decimals: shapes in 0..1, angles within 1.2 rad of 0, NaN stays NaN."""
        thousandths = np.clip(np.rint(checked(coefficients) * _STEPS), _LOW, _HIGH)
        return (thousandths / _STEPS + 0.0).astype(np.float32)  # no -0

    def coefficient_slots(self) -> tuple[tuple[str, ...], ...]:
        """61 tuples of the texts in each place: all numbers, rising, then "?"; all but the first begin with their space."""
        return _slots()


@cache
def _slots() -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(f"{' ' if i else ''}{text}" for text in (*(_written(n / _STEPS) for n in range(low, high + 1)), UNKNOWN))
        for i, (low, high) in enumerate(zip(_LOW.tolist(), _HIGH.tolist(), strict=True))
    )


def _written(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{value:.3f}"


def _values_in(line: str) -> NDArray[np.float32]:
    numbers = line.split(" ")
    if len(numbers) != len(CHANNELS):
        raise AnswerError(f"expected {len(CHANNELS)} coefficients in the last line, found {len(numbers)}.")
    return np.array([_value(*each) for each in zip(numbers, NAMES, _LOW, _HIGH, strict=True)], dtype=np.float32)


def _value(text: str, name: str, low: int, high: int) -> float:
    if text == UNKNOWN:
        return math.nan
    if not _NUMBER.fullmatch(text) or not text.isascii() or text == "-0.000" or not low <= float(text) * _STEPS <= high:
        limits = f"{low / _STEPS:.3f} to {high / _STEPS:.3f}"
        raise AnswerError(f"{name} is {text[:20]!r}: expected a number of three decimals, {limits}, or '{UNKNOWN}'.")
    return float(text)
