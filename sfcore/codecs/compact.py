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

import re
import string

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS
from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import Answer, AnswerError

LEVELS = 61
ALPHABET = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[:LEVELS]
"""One character for each level, in order: digits, capitals, small letters without z."""
UNKNOWN = "-"
PREFIXES: tuple[str, ...] = ("E", "M", "I", "S")

# A head turned further than this (69 degrees) shows no face to read; farther values are clipped.
MAX_ANGLE = 1.2

_HALF = LEVELS // 2
_RANK = {symbol: level for level, symbol in enumerate(ALPHABET)}
_IS_ROTATION = np.array([c.kind == "rotation" for c in CHANNELS])


def _angle_grid() -> NDArray[np.float32]:
    """(61,) float32 radians, odd around an exact 0: steps grow from 0.017 beside zero to 0.063 at the ends (ours).

    Eyes and heads spend their time near zero, where 0.017 rad is one degree.
    """
    share = np.arange(1, _HALF + 1) / _HALF
    half = MAX_ANGLE * (0.4 * share + 0.6 * share**2)
    return np.concatenate([-half[::-1], [0.0], half]).astype(np.float32)


SHAPE_GRID: NDArray[np.float32] = (np.arange(LEVELS) / (LEVELS - 1)).astype(np.float32)
ANGLE_GRID: NDArray[np.float32] = _angle_grid()
_ANGLE_EDGES = ((ANGLE_GRID[1:].astype(np.float64) + ANGLE_GRID[:-1]) / 2).astype(np.float64)

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {written: meant for meant, written in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\.?", re.DOTALL)


def _levels(coefficients: NDArray[np.float32]) -> NDArray[np.int64]:
    """(61,) float -> (61,) int: nearest level of each channel's grid, -1 for unknown."""
    values = np.asarray(coefficients, dtype=np.float64)
    if values.shape != (len(CHANNELS),):
        raise ValueError(f"an answer needs {len(CHANNELS)} coefficients, not an array of shape {values.shape}")
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    shapes = np.rint(np.clip(filled, 0.0, 1.0) * (LEVELS - 1)).astype(np.int64)
    angles = np.searchsorted(_ANGLE_EDGES, filled).astype(np.int64)
    return np.where(known, np.where(_IS_ROTATION, angles, shapes), -1)


def _values(levels: NDArray[np.int64]) -> NDArray[np.float32]:
    values = np.where(_IS_ROTATION, ANGLE_GRID[levels], SHAPE_GRID[levels])
    return np.where(levels < 0, np.float32(np.nan), values).astype(np.float32)


def _escaped(text: str) -> str:
    return re.sub(r"[\\\n\r]", lambda m: _ESCAPES[m[0]], text)


def _unescaped(text: str, field: str) -> str:
    def meant(match: re.Match[str]) -> str:
        if match[0] not in _UNESCAPES:
            raise AnswerError(f"the line of {field} holds '{match[0]}', which is no escape: write a backslash twice.")
        return _UNESCAPES[match[0]]

    return _ESCAPED.sub(meant, text)


def _field_of(line: str, prefix: str, field: str) -> str:
    if not line.startswith(f"{prefix}: "):
        raise AnswerError(f"expected a line '{prefix}: ...' for {field}, found {line[:40]!r}.")
    return _unescaped(line[len(prefix) + 2 :], field)


def _levels_of(line: str) -> NDArray[np.int64]:
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
        fields = (getattr(answer.description, field) for field in FIELDS)
        words = "".join(f"{prefix}: {_escaped(text)}\n" for prefix, text in zip(PREFIXES, fields, strict=True))
        levels = _levels(answer.coefficients).tolist()
        return words, " ".join(UNKNOWN if level < 0 else ALPHABET[level] for level in levels)

    def decode(self, text: str) -> Answer:
        """The answer written in ``text`` (white space around it is ignored); raises `AnswerError` when it is none."""
        lines = text.strip().split("\n")
        if len(lines) != len(FIELDS) + 1:
            raise AnswerError(f"an answer has {len(FIELDS) + 1} lines, this text has {len(lines)}.")
        fields = [_field_of(*each) for each in zip(lines, PREFIXES, FIELDS, strict=False)]
        return Answer(Description(*fields), _values(_levels_of(lines[-1])))

    def quantised(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """(61,) float32 -> (61,) float32 on the grid: shapes in steps of 1/60, angles on `ANGLE_GRID`, NaN stays NaN."""
        return _values(_levels(coefficients))

    def coefficient_slots(self) -> tuple[tuple[str, ...], ...]:
        """61 tuples of 62 texts: the levels in rising order, then "-" for unknown; all but the first begin with their space."""
        symbols = (*ALPHABET, UNKNOWN)
        spaced = tuple(f" {symbol}" for symbol in symbols)
        return (symbols, *(spaced,) * (len(CHANNELS) - 1))
