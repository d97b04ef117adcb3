"""Whether a caption is true of the coefficients it was written from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, AT, PAIRS, Measures, measure
from sfcore.captions.category import category_from, emotions
from sfcore.captions.claims import Claim, claims_of
from sfcore.captions.description import Description
from sfcore.captions.grammar import gaze_is_hidden, sides_differ
from sfcore.captions.intensity import BANDS, DIFFERENCE, NONE, STRONG, band
from sfcore.captions.vocabulary import PHRASES

# A claim one band off is nearer to the truth than one about an action that is not there.
_ONE_BAND_OFF = 0.5

_REGIONS: dict[str, tuple[int, ...]] = {}
for _place, _action in enumerate(ACTIONS):
    _REGIONS[_action.region] = (*_REGIONS.get(_action.region, ()), _place)

_GAZE = frozenset(_REGIONS["gaze"])
_FEELING_CATEGORIES = {"enjoyment": ("felt smile",)}


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on one caption."""

    score: float
    """0..1: share of claims that hold (half for one band off), strong actions left untold counted as claims that fail."""
    faults: tuple[str, ...]
    """One sentence for each false claim and each strong action left untold."""


def _name(place: int) -> str:
    return PHRASES[ACTIONS[place].key].nouns[0]


def _word(number: int) -> str:
    return BANDS[number - 1] if number else "not visible"


def _bands(m: Measures, place: int) -> tuple[int, int]:
    thresholds = ACTIONS[place].thresholds
    return band(m.left[place], thresholds), band(m.right[place], thresholds)


def _both_band(m: Measures, place: int) -> int | None:
    """The one band that tells both sides truly; None when the sides need telling apart."""
    on_left, on_right = _bands(m, place)
    if on_left == on_right:
        return on_left
    left, right = m.left[place], m.right[place]
    if left == left and right == right and not sides_differ(left, right):
        return band((left + right) / 2, ACTIONS[place].thresholds)
    return None


def _seen(m: Measures, claim: Claim, place: int) -> tuple[int, ...]:
    """Bands that a truthful claim of this side could give."""
    on_left, on_right = _bands(m, place)
    if claim.side == "left":
        return (on_left,)
    if claim.side == "right":
        return (on_right,)
    both = _both_band(m, place)
    return (both,) if both is not None else ()


def _judge_action(m: Measures, claim: Claim) -> tuple[float, str]:
    place = AT[claim.subject]
    side = f" on the {claim.side}" if claim.side != "both" else ""
    on_left, on_right = _bands(m, place)
    there = max({"left": (on_left,), "right": (on_right,)}.get(claim.side, (on_left, on_right)))
    if claim.negated:
        return (1.0, "") if there == NONE else (0.0, f"denies {_name(place)}{side}, which is {_word(there)}")
    if claim.band is None:
        return (1.0, "") if there else (0.0, f"claims {_name(place)}{side}, which is not visible")
    told = BANDS.index(claim.band) + 1
    seen = _seen(m, claim, place)
    if told in seen:
        return 1.0, ""
    if not seen:
        return (
            0.0,
            f"claims {claim.band} {_name(place)} on both sides, where the left is {_word(on_left)} and the right {_word(on_right)}",
        )
    credit = _ONE_BAND_OFF if abs(seen[0] - told) == 1 else 0.0
    return credit, f"claims {claim.band} {_name(place)}{side}, which is {_word(seen[0])}"


def _judge_stronger(m: Measures, claim: Claim) -> tuple[float, str]:
    place = AT[claim.subject]
    difference = m.left[place] - m.right[place]
    ahead = difference if claim.side == "left" else -difference
    seen = band(ahead, DIFFERENCE)
    told = BANDS.index(claim.band) + 1 if claim.band else seen
    if claim.negated:
        return (1.0, "") if seen == NONE else (0.0, f"denies that {_name(place)} is stronger on the {claim.side}")
    if seen == NONE:
        return 0.0, f"claims {_name(place)} stronger on the {claim.side}, which it is not"
    if seen == told:
        return 1.0, ""
    credit = _ONE_BAND_OFF if abs(seen - told) == 1 else 0.0
    return credit, f"claims {_name(place)} stronger on the {claim.side} to a {claim.band} degree, which is {_word(seen)}"


def _judge_rest(m: Measures, claim: Claim) -> tuple[float, str]:
    for place in _REGIONS[claim.subject]:
        moving = max(_bands(m, place))
        if moving:
            return 0.0, f"says that the {claim.subject} rest, where {_name(place)} is {_word(moving)}"
    return 1.0, ""


def _largest_difference(m: Measures) -> float:
    """Of the pairs that are visible at all; 0 when both sides of none are known."""
    visible = (p for p in PAIRS if max(_bands(m, p)))
    return max((d for p in visible if (d := abs(m.left[p] - m.right[p])) == d), default=0.0)


def _judge_symmetry(m: Measures, claim: Claim) -> tuple[float, str]:
    largest = _largest_difference(m)
    says_even = (claim.kind == "symmetric") != claim.negated
    # "mostly symmetric" allows for slight differences, "asymmetric" needs a visible one.
    if says_even and largest >= DIFFERENCE[1]:
        return 0.0, f"calls the face symmetric, where the sides differ by {largest:.2f}"
    if not says_even and largest < DIFFERENCE[0]:
        return 0.0, "calls the face asymmetric, where no visible pair differs"
    return 1.0, ""


def _judge_feeling(m: Measures, claim: Claim) -> tuple[float, str]:
    names = _FEELING_CATEGORIES.get(claim.subject, (claim.subject,))
    there = any(name in names for name in emotions(m))
    if there != claim.negated:
        return 1.0, ""
    return (
        0.0,
        f"denies {claim.subject}, whose signs are there"
        if claim.negated
        else f"claims {claim.subject}, whose muscles do not show it",
    )


def _judge_category(m: Measures, claim: Claim) -> tuple[float, str]:
    category = category_from(m)
    if claim.subject == category or claim.subject in emotions(m):
        return 1.0, ""
    return 0.0, f"calls the expression {claim.subject}, where the actions make it {category}"


_JUDGES = {
    "action": _judge_action,
    "stronger": _judge_stronger,
    "rest": _judge_rest,
    "symmetric": _judge_symmetry,
    "asymmetric": _judge_symmetry,
    "feeling": _judge_feeling,
    "category": _judge_category,
}


def _untold(m: Measures, claims: tuple[Claim, ...]) -> list[str]:
    """A sentence for every strong action that no claim speaks of."""
    told = {(c.subject, c.side) for c in claims if c.kind == "action" and not c.negated}
    hidden = gaze_is_hidden(m)
    faults = []
    for place, action in enumerate(ACTIONS):
        both = _both_band(m, place)
        on_left, on_right = _bands(m, place) if both is None else (both, both)
        if max(on_left, on_right) < STRONG or (hidden and place in _GAZE) or (action.key, "both") in told:
            continue
        if action.kind == "single":
            faults.append(f"does not tell {_word(on_left)} {_name(place)}")
            continue
        sides = (("left", on_left), ("right", on_right))
        faults += [
            f"does not tell {_word(n)} {_name(place)} on the {s}" for s, n in sides if n >= STRONG and (action.key, s) not in told
        ]
    return faults


def verify(description: Description, coefficients: NDArray[np.float32]) -> Verification:
    """Checks every claim of a description against (61,) float32, NaN = unknown, and that no strong action is left out.

    Bands are exact (see `intensity`). A claim about an unknown channel is false: nobody can know it. A description that claims
    nothing scores 0. Never raises on any text.
    """
    m = measure(coefficients)
    claims = claims_of(description)
    credit = 0.0
    faults = []
    for claim in claims:
        worth, fault = _JUDGES[claim.kind](m, claim)
        credit += worth
        if fault:
            faults.append(fault)
    untold = _untold(m, claims)
    count = len(claims) + len(untold)
    if not count:
        return Verification(0.0, ("says nothing that can be checked",))
    return Verification(credit / count, (*faults, *untold))
