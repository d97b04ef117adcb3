"""Which expression a face shows, by rules that can be read.

Prototypes of emotion follow EMFACS (Friesen and Ekman, 1983; the table is reprinted in Ekman, Friesen and Hager, *FACS
Investigator's Guide*, 2002): enjoyment 6+12, sadness 1+4+15 or 1+15+17, surprise 1+2+5+26, fear 1+2+4+5+20, anger 4+5/7 with lip
tension 23/24, disgust 9 or 10+15/17, contempt unilateral 12 or 14. A prototype is as strong as the mean of its parts and needs
every part; its thresholds are ours, set so that a part must be visible (see `intensity`). A face that moves without a prototype
is named by what moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, AT, Measures, measure
from sfcore.captions.intensity import SHAPE

EMOTIONS: tuple[str, ...] = ("felt smile", "social smile", "surprise", "fear", "anger", "disgust", "sadness", "contempt")
ACTS: tuple[str, ...] = (
    "wink",
    "eyes closed",
    "tongue show",
    "cheek puff",
    "pucker",
    "brow raise",
    "lowered brow",
    "speech",
    "gaze shift",
)
CATEGORIES: tuple[str, ...] = ("neutral", *EMOTIONS, *ACTS, "mixed", "unclear")
"""The closed set; one of them begins every ``expression_category``."""

_VISIBLE = SHAPE[0]
_MODERATE = SHAPE[1]
_STRONG = SHAPE[2]
# Two prototypes whose strengths differ by less are both there.
_TIE = 0.12

Alternatives = tuple[tuple[str, ...], float]
"""Action keys of which the strongest must reach the threshold."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """An expression as parts that must all be there and limits that none may pass."""

    name: str
    parts: tuple[Alternatives, ...]
    limits: tuple[tuple[str, float], ...] = ()


PROTOTYPES: tuple[Prototype, ...] = (
    Prototype("felt smile", ((("corner_pull",), 0.25), (("cheek_raise",), 0.20))),
    Prototype("social smile", ((("corner_pull",), 0.25),), (("cheek_raise", 0.20),)),
    Prototype(
        "surprise",
        ((("inner_brow_raise",), 0.25), (("outer_brow_raise",), 0.25), (("eye_widen", "jaw_drop"), 0.25)),
        (("brow_lower", 0.30), ("lip_stretch", 0.55)),
    ),
    Prototype(
        "fear",
        (
            (("inner_brow_raise",), 0.25),
            (("eye_widen",), 0.25),
            (("lip_stretch",), 0.25),
            (("brow_lower", "outer_brow_raise"), 0.15),
        ),
    ),
    Prototype(
        "anger",
        (
            (("brow_lower",), 0.35),
            (("lid_tighten", "eye_widen"), 0.20),
            (("lip_press", "upper_lip_roll", "lower_lip_roll", "chin_raise", "upper_lip_raise"), 0.20),
        ),
        (("corner_pull", 0.30), ("eye_close", 0.55), ("inner_brow_raise", 0.35)),
    ),
    Prototype(
        "disgust",
        ((("nose_wrinkle",), 0.35), (("upper_lip_raise", "chin_raise", "corner_depress"), 0.20)),
        (("corner_pull", 0.40),),
    ),
    Prototype(
        "sadness",
        ((("inner_brow_raise",), 0.25), (("corner_depress",), 0.25)),
        (("eye_widen", 0.30), ("corner_pull", 0.25), ("jaw_drop", 0.55)),
    ),
)

# One side this much ahead of a still other side; EMFACS asks for unilateral action, coders accept a trace on the other side.
_CONTEMPT_LEAD = 0.25
_WINK_LEAD = 0.40

_FACE = tuple(place for place, action in enumerate(ACTIONS) if action.region not in ("gaze", "head"))
_MOUTH = tuple(place for place, action in enumerate(ACTIONS) if action.region in ("mouth", "jaw"))
_GAZE = tuple(place for place, action in enumerate(ACTIONS) if action.region == "gaze")
_PLAN = tuple(
    (
        prototype.name,
        tuple((tuple(AT[key] for key in keys), threshold) for keys, threshold in prototype.parts),
        tuple((AT[key], limit) for key, limit in prototype.limits),
    )
    for prototype in PROTOTYPES
)
# Below this share of known actions nothing can be said of the whole face.
_KNOWN_SHARE = 0.5


def _strength(m: Measures, parts: tuple[tuple[tuple[int, ...], float], ...], limits: tuple[tuple[int, float], ...]) -> float:
    """Mean strength of the parts, 0 when a part is missing or a limit is passed or unknown."""
    total = 0.0
    for places, threshold in parts:
        best = max((value for place in places if (value := m.mean(place)) == value), default=0.0)
        if best < threshold:
            return 0.0
        total += min(best, 1.0)
    for place, limit in limits:
        if not m.mean(place) < limit:
            return 0.0
    return total / len(parts)


def _lead(m: Measures, place: int) -> float:
    """How far the stronger side of a pair is ahead of the other; 0 when a side is unknown."""
    difference = abs(m.left[place] - m.right[place])
    return difference if difference == difference else 0.0


def _trough(m: Measures, place: int) -> float:
    """The weaker side of a pair; NaN when a side is unknown."""
    left, right = m.left[place], m.right[place]
    return left if left != left or left < right else right


def _contempt(m: Measures) -> float:
    """Strength of a unilateral dimple or smile whose other side stays below the visible."""
    strength = 0.0
    for key in ("dimple", "corner_pull"):
        place = AT[key]
        if _lead(m, place) >= _CONTEMPT_LEAD and _trough(m, place) < _VISIBLE:
            strength = max(strength, min(m.peak(place), 1.0))
    return strength


def emotions(m: Measures) -> dict[str, float]:
    """Emotion prototypes that are there, with their strengths 0..1, strongest first."""
    found = {name: strength for name, parts, limits in _PLAN if (strength := _strength(m, parts, limits)) > 0}
    contempt = _contempt(m)
    if contempt > 0 and "felt smile" not in found:
        found.pop("social smile", None)
        found["contempt"] = contempt
    if "fear" in found:
        # Fear holds all of surprise and more.
        found.pop("surprise", None)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _act(m: Measures) -> str:
    """The named act of a face without a prototype, or "" when none stands out."""

    def peak(key: str) -> float:
        value = m.peak(AT[key])
        return value if value == value else 0.0

    lids = AT["eye_close"]
    mouth = sum(m.peak(place) >= _MODERATE for place in _MOUTH)
    checks = (
        ("wink", _lead(m, lids) >= _WINK_LEAD and peak("eye_close") >= _STRONG),
        ("tongue show", peak("tongue_show") >= _MODERATE),
        ("cheek puff", peak("cheek_puff") >= _MODERATE),
        ("eyes closed", _trough(m, lids) >= _STRONG),
        ("pucker", peak("lip_pucker") >= _STRONG),
        ("brow raise", max(peak("inner_brow_raise"), peak("outer_brow_raise")) >= _MODERATE and mouth == 0),
        ("lowered brow", peak("brow_lower") >= _MODERATE and mouth == 0),
        ("speech", 1 <= mouth <= 4),
    )
    return next((name for name, fires in checks if fires), "")


def _known(m: Measures) -> float:
    return sum(m.peak(place) == m.peak(place) for place in _FACE) / len(_FACE)


def category_from(m: Measures) -> str:
    """The category of measured actions; see `category_of`."""
    found = emotions(m)
    if found:
        strongest = list(found.values())
        return "mixed" if len(strongest) > 1 and strongest[0] - strongest[1] < _TIE else next(iter(found))
    act = _act(m)
    if act:
        return act
    if _known(m) < _KNOWN_SHARE or any(m.peak(place) >= _MODERATE for place in _FACE):
        return "unclear"
    return "gaze shift" if any(m.peak(place) >= _MODERATE for place in _GAZE) else "neutral"


def category_of(coefficients: NDArray[np.float32]) -> str:
    """One of `CATEGORIES` for (61,) float32, NaN = unknown.

    A prototype wins over acts; two prototypes of nearly equal strength are ``mixed``. ``neutral`` means that nothing but the
    gaze and the head reaches a moderate strength; ``unclear`` that something does without a name, or that half of the face is
    unknown.
    """
    return category_from(measure(coefficients))
