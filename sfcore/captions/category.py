"""Which expression a face shows, by rules that can be read.

Prototypes of emotion follow EMFACS (Friesen and Ekman, 1983; the table is reprinted in Ekman, Friesen and Hager, *FACS
Investigator's Guide*, 2002): enjoyment 6+12, sadness 1+4+15 or 1+15+17, surprise 1+2+5+26, fear 1+2+4+5+20, anger 4+5/7 with lip
tension 23/24 or 17, disgust 9 with 10, 15 or 17, contempt unilateral 12 or 14. A prototype needs every part and is as strong as
their mean; the thresholds are ours, set so that each part is clearly visible: 0.30 is where `intensity` begins to call an action
moderate. A cheek raise counts from 0.20, since the smile itself lifts the cheek. Brows that rise alike are those of surprise, so
sadness asks for inner ends that lead. A face that moves without a prototype is named by what moves, when one thing stands out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, AT, Measures, measure
from sfcore.captions.intensity import DIFFERENCE, MODERATE, NONE, SHAPE, STRONG

EMOTIONS: tuple[str, ...] = ("felt smile", "social smile", "surprise", "fear", "anger", "disgust", "sadness", "contempt")
ACTS: tuple[str, ...] = (
    *(
        "wink",
        "eyes closed",
        "lowered lids",
        "wide eyes",
        "squint",
        "brow raise",
        "lowered brow",
        "cheek puff",
        "cheek raise",
        "nose wrinkle",
    ),
    *("pucker", "jaw drop", "mouth movement", "tongue show", "gaze shift"),
)
CATEGORIES: tuple[str, ...] = ("neutral", *EMOTIONS, *ACTS, "mixed", "unclear")
"""The closed set; one of them begins every ``expression_category``."""

# From here on lip corners pulled up and corners pulled down contradict each other.
_CORNERS_OPPOSE = 0.30
# Two prototypes whose strengths differ by less are both there.
_TIE = 0.12

Alternatives = tuple[tuple[str, ...], float]
"""Action keys of which the strongest must reach the threshold."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """An expression as parts that must all be there and limits that none may reach."""

    name: str
    parts: tuple[Alternatives, ...]
    limits: tuple[tuple[str, float], ...] = ()
    leads: tuple[tuple[str, str], ...] = ()
    """Pairs of actions, the first of which is visibly stronger than the second."""


PROTOTYPES: tuple[Prototype, ...] = (
    Prototype(
        "felt smile",
        ((("corner_pull",), 0.30), (("cheek_raise",), 0.20)),
        # Bared teeth under a wrinkled nose and lowered brows are a snarl, though lip corners and cheeks rise with them. Corners
        # that are pulled down as well contradict any smile.
        (("nose_wrinkle", 0.60), ("brow_lower", 0.70), ("corner_depress", _CORNERS_OPPOSE)),
    ),
    Prototype("social smile", ((("corner_pull",), 0.30),), (("cheek_raise", 0.20), ("corner_depress", _CORNERS_OPPOSE))),
    Prototype(
        "surprise",
        ((("inner_brow_raise",), 0.30), (("outer_brow_raise",), 0.30), (("eye_widen", "jaw_drop"), 0.30)),
        (("brow_lower", 0.30), ("lip_stretch", 0.55), ("eye_close", 0.30), ("lip_close", 0.30), ("corner_pull", 0.35)),
    ),
    Prototype(
        "fear",
        (
            (("inner_brow_raise",), 0.30),
            (("eye_widen",), 0.30),
            (("lip_stretch",), 0.30),
            (("brow_lower", "outer_brow_raise"), 0.15),
        ),
    ),
    Prototype(
        "anger",
        (
            (("brow_lower",), 0.35),
            (("lid_tighten", "eye_widen"), 0.30),
            (("lip_press", "upper_lip_roll", "lower_lip_roll", "chin_raise", "upper_lip_raise"), 0.30),
        ),
        (("corner_pull", 0.30), ("eye_close", 0.55), ("inner_brow_raise", 0.35)),
    ),
    Prototype(
        "disgust",
        ((("nose_wrinkle",), 0.35), (("upper_lip_raise", "chin_raise", "corner_depress"), 0.30)),
        (("corner_pull", 0.55),),
    ),
    Prototype(
        "sadness",
        ((("inner_brow_raise",), 0.30), (("corner_depress",), 0.30)),
        (("outer_brow_raise", 0.40), ("eye_widen", 0.30), ("corner_pull", 0.25), ("jaw_drop", 0.55)),
        (("inner_brow_raise", "outer_brow_raise"),),
    ),
)

# One side this much ahead of a still other side; EMFACS asks for unilateral action, coders accept a trace on the other side.
_CONTEMPT_LEAD = 0.30
_CONTEMPT = (AT["dimple"], AT["corner_pull"])
# One eye as good as shut, the other in use.
_WINK_LEAD = 0.40
# What moves most names the face only where it is this much ahead of what moves elsewhere in the face.
_ACT_LEAD = 0.25
# A prototype weaker by more than this than some other action is not what the face shows: a hint of a smile in puffed cheeks.
_OVERSHADOWED = 0.40
# Below this share of known actions nothing can be said of the whole face.
_KNOWN_SHARE = 0.5

_NAMED_BY: dict[str, str] = {
    "inner_brow_raise": "brow raise",
    "outer_brow_raise": "brow raise",
    "brow_lower": "lowered brow",
    "eye_close": "lowered lids",
    "eye_widen": "wide eyes",
    "lid_tighten": "squint",
    "cheek_puff": "cheek puff",
    "cheek_raise": "cheek raise",
    "nose_wrinkle": "nose wrinkle",
    "lip_pucker": "pucker",
    "jaw_drop": "jaw drop",
    "tongue_show": "tongue show",
}
"""Act of a face in which this action stands out; what is not named here and belongs to mouth or jaw is a mouth movement."""

# Actions of one area come together (speech moves lips and jaw at once) and do not make a face unclear.
_AREAS = {
    "brows": "upper",
    "eyes": "lids",
    "cheeks": "middle",
    "nose": "middle",
    "mouth": "lower",
    "jaw": "lower",
    "tongue": "lower",
}

_FACE = tuple(place for place, action in enumerate(ACTIONS) if action.region in _AREAS)
_AREA_OF = {place: _AREAS[ACTIONS[place].region] for place in _FACE}
_GAZE = tuple(place for place, action in enumerate(ACTIONS) if action.region == "gaze")
# Lids close and tighten in any expression, so they overshadow none.
_LOUD = tuple(place for place in _FACE if ACTIONS[place].region != "eyes")
_EYE_CLOSE, _TONGUE = AT["eye_close"], AT["tongue_show"]
_CORNERS = (AT["corner_pull"], AT["corner_depress"])
_Plan = tuple[str, tuple[tuple[tuple[int, ...], float], ...], tuple[tuple[int, float], ...], tuple[tuple[int, int], ...]]
_PLAN: tuple[_Plan, ...] = tuple(
    (
        prototype.name,
        tuple((tuple(AT[key] for key in keys), threshold) for keys, threshold in prototype.parts),
        tuple((AT[key], limit) for key, limit in prototype.limits),
        tuple((AT[ahead], AT[behind]) for ahead, behind in prototype.leads),
    )
    for prototype in PROTOTYPES
)


@dataclass(frozen=True, slots=True)
class Sign:
    """A prototype that is there: how strong, and by which actions (places in `ACTIONS`)."""

    strength: float
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The category of a face and why."""

    category: str
    signs: dict[str, Sign]
    """Emotion prototypes that are there, the strongest first."""


def _sign(m: Measures, plan: _Plan) -> Sign | None:
    """The prototype as far as it is there, None when a part is missing or a limit is reached or unknown."""
    _, parts, limits, leads = plan
    total = 0.0
    places = []
    for alternatives, threshold in parts:
        best, at = 0.0, -1
        for place in alternatives:
            value = m.mean(place)
            if value > best:
                best, at = value, place
        if best < threshold:
            return None
        total += min(best, 1.0)
        places.append(at)
    if not all(m.mean(place) < limit for place, limit in limits):
        return None
    if not all(m.mean(ahead) - m.mean(behind) >= DIFFERENCE[0] for ahead, behind in leads):
        return None
    return Sign(total / len(parts), tuple(places))


def _contempt(m: Measures) -> Sign | None:
    """A dimple or smile on one side, the other side still, and no lip corner pulled down."""
    if not m.peak(AT["corner_depress"]) < _CORNERS_OPPOSE:
        return None
    for place in _CONTEMPT:
        still = NONE in (m.left_bands[place], m.right_bands[place])
        if still and abs(m.difference(place)) >= _CONTEMPT_LEAD:
            return Sign(min(m.peak(place), 1.0), (place,))
    return None


def signs_of(m: Measures) -> dict[str, Sign]:
    """Emotion prototypes that are there, the strongest first."""
    found = {plan[0]: sign for plan in _PLAN if (sign := _sign(m, plan))}
    contempt = _contempt(m)
    if contempt and "felt smile" not in found:
        found.pop("social smile", None)
        found["contempt"] = contempt
    if "fear" in found:
        # Fear holds all of surprise and more.
        found.pop("surprise", None)
    return dict(sorted(found.items(), key=lambda item: -item[1].strength)) if len(found) > 1 else found


def _act(m: Measures) -> str:
    """What a face without a prototype does, "" when no one thing stands out.

    Eyes are closed where both lids are strongly so; lids that stand out and are open by more are lowered.
    """
    left, right = m.left_bands[_EYE_CLOSE], m.right_bands[_EYE_CLOSE]
    if max(left, right) >= STRONG > min(left, right) and abs(m.difference(_EYE_CLOSE)) >= _WINK_LEAD:
        return "wink"
    if m.left_bands[_TONGUE] >= MODERATE:
        return "tongue show"
    if left >= STRONG and right >= STRONG:
        return "eyes closed"
    ranked = sorted((-m.peak(p), p) for p in _FACE if max(m.left_bands[p], m.right_bands[p]) >= MODERATE)
    if not ranked:
        return ""
    strength, first = ranked[0]
    if first in _CORNERS and all(m.peak(place) >= _CORNERS_OPPOSE for place in _CORNERS):
        return ""
    rival = next((value for value, place in ranked if _AREA_OF[place] != _AREA_OF[first]), 0.0)
    return _NAMED_BY.get(ACTIONS[first].key, "mouth movement") if rival - strength >= _ACT_LEAD else ""


def _overshadowed(m: Measures, sign: Sign) -> bool:
    """Whether some action outside the strongest prototype is much stronger than it."""
    bound = sign.strength + _OVERSHADOWED
    return any(m.peak(place) > bound and place not in sign.places for place in _LOUD)


def read_category(m: Measures) -> Reading:
    """The category of measured actions, and the prototypes found on the way."""
    signs = signs_of(m)
    if signs and not _overshadowed(m, next(iter(signs.values()))):
        strongest = [sign.strength for sign in signs.values()]
        tie = len(strongest) > 1 and strongest[0] - strongest[1] < _TIE
        return Reading("mixed" if tie else next(iter(signs)), signs)
    act = _act(m)
    if act:
        return Reading(act, signs)
    known = sum(m.peak(place) == m.peak(place) for place in _FACE)
    if known < _KNOWN_SHARE * len(_FACE) or any(max(m.left_bands[p], m.right_bands[p]) >= MODERATE for p in _FACE):
        return Reading("unclear", signs)
    if max(m.opposed.values(), default=0.0) >= SHAPE[MODERATE - 1]:
        return Reading("unclear", signs)
    shifted = any(m.left_bands[place] >= MODERATE for place in _GAZE)
    return Reading("gaze shift" if shifted else "neutral", signs)


class Seen(NamedTuple):
    """A face as those who describe it and those who check a description see it."""

    measures: Measures
    reading: Reading


def see(coefficients: NDArray[np.float32]) -> Seen:
    """What (61,) float32, NaN = unknown, shows. Raises ValueError for another shape."""
    m = measure(coefficients)
    return Seen(m, read_category(m))


def category_of(coefficients: NDArray[np.float32]) -> str:
    """One of `CATEGORIES` for (61,) float32, NaN = unknown.

    A prototype wins over acts; two prototypes of nearly equal strength are ``mixed``. ``neutral`` means that nothing but the head
    reaches a moderate strength; ``unclear`` that several things do without a name in common, that opposing actions cancel, or
    that half of the face is unknown.
    """
    return read_category(measure(coefficients)).category
