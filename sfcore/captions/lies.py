"""Captions made false on purpose, one statement at a time: what the verifier is tested with and what the fake teacher tells.

Each lie takes a true description of a face and gives a false one, or None where the face offers no room for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, PAIRS, measure
from sfcore.captions.category import CATEGORIES, read_category
from sfcore.captions.claims import claims_of_field
from sfcore.captions.description import Description
from sfcore.captions.intensity import NONE, STRONG
from sfcore.captions.vocabulary import ADVERBS, FEELINGS, INTENSITIES, PHRASES

T = TypeVar("T")
Face = NDArray[np.float32]
Lie = Callable[[Description, Face, np.random.Generator], Description | None]

_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.]+\.\s*")
_OTHER = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
_TELLING = ("muscle_movements", "symmetry")


def _chosen(choices: list[T], rng: np.random.Generator) -> T:
    return choices[int(rng.integers(len(choices)))]


def flip_side(description: Description, _: Face, rng: np.random.Generator) -> Description | None:
    """One left becomes right, or one right left."""
    places = [(field, at) for field in _TELLING for at in _SIDE.finditer(getattr(description, field))]
    if not places:
        return None
    field, at = _chosen(places, rng)
    text = getattr(description, field)
    return replace(description, **{field: f"{text[: at.start()]}{_OTHER[at[0]]}{text[at.end() :]}"})


def _weighed(text: str) -> list[re.Match[str]]:
    return [at for at in re.finditer(r"[A-Za-z]+", text) if at[0].lower() in INTENSITIES]


def shift_intensity(description: Description, _: Face, rng: np.random.Generator) -> Description | None:
    """One word of strength becomes one of another band."""
    text = description.muscle_movements
    places = _weighed(text)
    if not places:
        return None
    at = _chosen(places, rng)
    band = _chosen([number for number in ADVERBS if number != INTENSITIES[at[0].lower()]], rng)
    word = ADVERBS[band][0]
    word = word.capitalize() if at[0][0].isupper() else word
    return replace(description, muscle_movements=f"{text[: at.start()]}{word}{text[at.end() :]}")


def drop_strong(description: Description, _: Face, rng: np.random.Generator) -> Description | None:
    """The sentence of a strong or extreme action is left out of the muscle movements."""
    sentences = _SENTENCE.findall(description.muscle_movements)
    strong = ("strong", "extreme")
    told = [i for i, s in enumerate(sentences) if any(c.band in strong for c in claims_of_field(s, "muscle_movements"))]
    if not told:
        return None
    out = _chosen(told, rng)
    return replace(description, muscle_movements="".join(s for i, s in enumerate(sentences) if i != out).strip() or "Face.")


def negate(description: Description, _: Face, rng: np.random.Generator) -> Description | None:
    """One action that is there is denied."""
    text = description.muscle_movements
    places = _weighed(text)
    if not places:
        return None
    at = _chosen(places, rng)
    return replace(description, muscle_movements=f"{text[: at.start()]}not {text[at.start() :]}")


def invent_action(description: Description, face: Face, rng: np.random.Generator) -> Description | None:
    """A strong action that is not there, or that nobody knows of, is told."""
    m = measure(face)
    absent = [p for p in range(len(ACTIONS)) if m.left_bands[p] == m.right_bands[p] == NONE]
    if not absent:
        return None
    phrase = PHRASES[ACTIONS[_chosen(absent, rng)].key]
    said = f"{phrase.all} {ADVERBS[STRONG][0]} {phrase.done[0]}"
    return replace(description, muscle_movements=f"{description.muscle_movements} {said[0].upper()}{said[1:]}.")


def widen_to_both(description: Description, face: Face, rng: np.random.Generator) -> Description | None:
    """What one side does is told of both."""
    m = measure(face)
    uneven = [p for p in PAIRS if m.both(p) is None and max(m.left_bands[p], m.right_bands[p]) >= STRONG]
    if not uneven:
        return None
    phrase = PHRASES[ACTIONS[_chosen(uneven, rng)].key]
    said = f"{phrase.all} {ADVERBS[STRONG][0]} {phrase.done[0]}"
    return replace(description, muscle_movements=f"{description.muscle_movements} {said[0].upper()}{said[1:]}.")


def other_category(description: Description, face: Face, rng: np.random.Generator) -> Description | None:
    """The expression is called by another name."""
    reading = read_category(measure(face))
    others = [name for name in CATEGORIES if name != reading.category and name not in reading.signs]
    rest = description.expression_category[len(reading.category) :]
    return replace(description, expression_category=f"{_chosen(others, rng)}{rest}")


def other_feeling(description: Description, face: Face, rng: np.random.Generator) -> Description | None:
    """A feeling is claimed that the muscles do not show."""
    signs = read_category(measure(face)).signs
    shown = {"enjoyment", "happiness"} if {"felt smile", "social smile"} & set(signs) else set[str]()
    absent = sorted(set(FEELINGS.values()) - set(signs) - shown)
    return replace(description, emotional_implication=f"signs of {_chosen(absent, rng)}")


def opposite_symmetry(description: Description, _: Face, __: np.random.Generator) -> Description | None:
    """An uneven face is called symmetric; an even one uneven."""
    if description.symmetry == "mostly symmetric":
        return replace(description, symmetry="asymmetric: cheek raise much stronger on the left")
    return replace(description, symmetry="mostly symmetric") if "noticeably" in description.symmetry else None


LIES: dict[str, Lie] = {
    "lie-side": flip_side,
    "lie-intensity": shift_intensity,
    "lie-omission": drop_strong,
    "lie-denial": negate,
    "lie-invention": invent_action,
    "lie-both": widen_to_both,
    "lie-category": other_category,
    "lie-feeling": other_feeling,
    "lie-symmetry": opposite_symmetry,
}
