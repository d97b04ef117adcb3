"""The official codec: answers as SemanticFace's reference repository publishes them, read also as its prompt asks for them.

::

    1. **Facial Expression Category**: felt smile: lip corners up with raised cheeks
    2. **Detailed Facial Muscle Movements**: Lip corners strongly pulled up, cheeks moderately raised.
    3. **Emotional Implication**: enjoyment
    4. **Symmetry**: mostly symmetric

    {"EyeBlinkLeft": 0.0, "EyeLookDownLeft": 0.2, ..., "RightEyeRoll": 0.0}

Points end in Markdown's two spaces, numbers have one decimal, as published. Its prompt asks instead for
``{"analysis": {...}, "arkit": {...}}`` with three decimals. An unknown channel is written null; a key that is missing is unknown.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS, NAMES, Channel, resolve
from sfcore.captions.description import FIELDS, Description
from sfcore.codecs.answer import Answer, AnswerError
from sfcore.codecs.levels import IS_ROTATION, MAX_ANGLE, checked
from sfcore.codecs.prose import Piece, escaped, joined, unescaped

HEADINGS: tuple[str, ...] = (
    "Facial Expression Category",
    "Detailed Facial Muscle Movements",
    "Emotional Implication",
    "Symmetry",
)
_ENDINGS: tuple[str, ...] = ("  \n", "  \n", "  \n", "\n\n")
# Published headings differ in words ("Symmetry or Asymmetry"), not in number.
_POINT = re.compile(r"^([1-4])\. \*\*[^*\n]+\*\*:", re.MULTILINE)
_STEPS = 10  # of one decimal
_LOW = np.where(IS_ROTATION, -round(MAX_ANGLE * _STEPS), 0)
_HIGH = np.where(IS_ROTATION, round(MAX_ANGLE * _STEPS), _STEPS)


class OfficialCodec:
    """Four numbered points, a blank line, one flat JSON object of 61 keys; see the module's docstring."""

    name = "official"

    def encode(self, answer: Answer) -> str:
        """The text of an answer, no newline at the end."""
        words, numbers = self.parts(answer)
        return words + numbers

    def parts(self, answer: Answer) -> tuple[str, str]:
        """The four points with the blank line after them, and the JSON object."""
        written = [_written(value) for value in self.quantised(answer.coefficients)]
        return joined(self.pieces(answer.description)), "".join(_entry(*each) for each in zip(CHANNELS, written, strict=True))

    def pieces(self, description: Description) -> tuple[Piece, ...]:
        """The four points in their pieces."""
        bodies = [f" {escaped(getattr(description, field))}" for field in FIELDS]
        openings = [f"{number}. **{heading}**:" for number, heading in enumerate(HEADINGS, 1)]
        return tuple(map(Piece, openings, bodies, _ENDINGS))

    def decode(self, text: str) -> Answer:
        """The answer written in ``text``, in either shape; raises `AnswerError` when it is none."""
        text = text.strip()
        if text.startswith("{"):
            return _from_object(_object(text))
        begins = re.search(r"^\{", text, re.MULTILINE)
        if begins is None:
            raise AnswerError("expected a JSON object of coefficients at the beginning of a line, found none.")
        return Answer(_points(text[: begins.start()]), _coefficients(_object(text[begins.start() :])))

    def quantised(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """(61,) float32 -> (61,) float32 of one decimal: shapes in 0..1, angles within 1.2 rad of 0, NaN stays NaN."""
        tenths = np.clip(np.rint(checked(coefficients) * _STEPS), _LOW, _HIGH)
        return (tenths / _STEPS + 0.0).astype(np.float32)  # no -0

    def coefficient_slots(self) -> tuple[tuple[str, ...], ...]:
        """61 tuples of texts, each a key with one of its numbers in rising order, then with null; braces belong to the ends."""
        return tuple(
            (*(_entry(channel, _written(tenth / _STEPS)) for tenth in range(low, high + 1)), _entry(channel, "null"))
            for channel, low, high in zip(CHANNELS, _LOW.tolist(), _HIGH.tolist(), strict=True)
        )


def _written(value: float) -> str:
    return "null" if math.isnan(value) else f"{value:.1f}"


def _entry(channel: Channel, number: str) -> str:
    before = ", " if channel.index else "{"
    after = "}" if channel.index == len(CHANNELS) - 1 else ""
    return f'{before}"{channel.name}": {number}{after}'


# Reading --------------------------------------------------------------------------------------------------------------


def _points(text: str) -> Description:
    found = list(_POINT.finditer(text))
    numbers = [match[1] for match in found]
    if numbers != ["1", "2", "3", "4"] or found[0].start() != 0:
        raise AnswerError(f"expected four points '1. **...**:' to '4. **...**:', found {', '.join(numbers) or 'none'}.")
    ends = [*(match.start() for match in found[1:]), len(text)]
    chunks = [text[match.end() : end] for match, end in zip(found, ends, strict=True)]
    return Description(*map(_field, chunks, _ENDINGS))


def _field(chunk: str, ending: str) -> str:
    """A point's text: exactly what was given where one line holds it; others' points run over lines, which stay as they are."""
    inner = chunk.removesuffix(ending)
    if inner != chunk and inner.startswith(" ") and "\n" not in inner:
        return unescaped(inner[1:])
    return chunk.strip()


def _from_object(content: dict[str, Any]) -> Answer:
    if "arkit" not in content:
        return Answer(Description("", "", "", ""), _coefficients(content))
    numbers, analysis = content["arkit"], content.get("analysis") or {}
    if not isinstance(numbers, dict) or not isinstance(analysis, dict):
        raise AnswerError('expected objects under "analysis" and "arkit".')
    fields = [analysis.get(field, "") for field in FIELDS]
    # The prompt leaves open how movements are told: by region, or in one text.
    words = [field if isinstance(field, str) else json.dumps(field, ensure_ascii=False) for field in fields]
    return Answer(Description(*words), _coefficients(numbers))


def _coefficients(content: dict[str, Any]) -> NDArray[np.float32]:
    values = np.full(len(NAMES), np.nan, np.float32)
    told: set[str] = set()
    for key, value in content.items():
        channel = resolve(key)
        if channel is None:
            raise AnswerError(f"{key[:40]!r} is no channel.")
        if channel.name in told:
            raise AnswerError(f"{channel.name} is told twice.")
        told.add(channel.name)
        if value is not None:
            values[channel.index] = _number(value, channel)
    if not told:
        raise AnswerError("the JSON object holds no coefficients.")
    return values


def _number(value: Any, channel: Channel) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnswerError(f"{channel.name} is {str(value)[:20]!r}, which is no number.")
    if not channel.low <= value <= channel.high:
        raise AnswerError(f"{channel.name} is {str(value)[:20]}: expected {channel.low:g} to {channel.high:g}.")
    return float(value) + 0.0


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except AnswerError:
        raise
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise AnswerError(f"the JSON object cannot be read: {said}.") from None
    if not isinstance(content, dict):
        raise AnswerError("expected a JSON object.")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        raise AnswerError("the JSON object tells a key twice.")
    return held
