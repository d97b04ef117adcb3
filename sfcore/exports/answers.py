"""A row as question and answer, for models that are trained on conversations: the reference's shapes, in words of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.exports.decimals import nearest_short

IMAGE_TAG = "<image>"
SYSTEM = "You read faces: you name the facial actions that a picture shows, in words and as ARKit coefficients."
_ASKED = (
    "Say what this face does. Answer with one JSON object that has two keys. "
    '"analysis" holds four texts: "expression_category", "muscle_movements" (brows, eyes, cheeks, mouth and jaw, each with how '
    'strong), "emotional_implication" (only where the muscles show it, else "not clearly observable") and "symmetry". '
    '"arkit" holds a number for each of these channels, shapes from 0 to 1 and rotations in radians; left is the subject\'s: '
)
QUESTION = f"{_ASKED}{', '.join(json.dumps(name) for name in NAMES)}."
"""What is asked about a picture; the tag that stands for the picture goes before it."""
_HEADINGS = ("Facial Expression Category", "Detailed Facial Muscle Movements", "Emotional Implication", "Symmetry")


def question(with_picture: bool) -> list[dict[str, str]]:
    """The turns before the answer."""
    asked = f"{IMAGE_TAG}{QUESTION}" if with_picture else QUESTION
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked}]


def description_of(row: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The four fields, or nothing where the row has none."""
    return {name: row[f"{prefix}{name}"] for name in FIELDS if row.get(f"{prefix}{name}")}


def coefficients_as_written(values: NDArray[np.float32], decimals: int | None) -> dict[str, float]:
    """(61,) float32 -> the known channels, rounded to ``decimals`` or, with None, with the fewest digits that read back."""
    if decimals is None:
        short = nearest_short(values)
        # NumPy writes a float32 with the fewest digits that read back.
        holds = (short.astype(np.float32) == values).tolist()
        exact = [s if held else float(str(v)) for s, held, v in zip(short.tolist(), holds, values, strict=True)]
    else:
        exact = [round(v, decimals) for v in values.tolist()]
    return {name: value for name, value in zip(NAMES, exact, strict=True) if value == value}


def json_answer(description: Mapping[str, str], coefficients: Mapping[str, float]) -> str:
    """``{"analysis": {...}, "arkit": {...}}``, as the reference's prompt asks; no ``analysis`` where nothing was described."""
    analysis = {"analysis": dict(description)} if description else {}
    return json.dumps({**analysis, "arkit": dict(coefficients)}, ensure_ascii=False)


def markdown_answer(description: Mapping[str, str], coefficients: Mapping[str, float]) -> str:
    """Four numbered points, a blank line and one flat JSON object, as the reference's published results are."""
    said = [(heading, description[name]) for heading, name in zip(_HEADINGS, FIELDS, strict=True) if name in description]
    points = "  \n".join(f"{number}. **{heading}**: {text}" for number, (heading, text) in enumerate(said, 1))
    numbers = json.dumps(dict(coefficients), ensure_ascii=False)
    return f"{points}\n\n{numbers}" if points else numbers
