"""Whether a caption is true of the coefficients it was written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, AT, PAIRS, SHIFTS, Measures
from sfcore.captions.category import Seen, see
from sfcore.captions.claims import Claim, claims_of_field
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.intensity import BANDS, DIFFERENCE, MODERATE, NONE, STRONG, band
from sfcore.captions.vocabulary import PHRASES

# A claim one band off is nearer to the truth than one about an action that is not there.
_ONE_BAND_OFF = 0.5

_REGIONS: dict[str, tuple[int, ...]] = {}
for _place, _action in enumerate(ACTIONS):
    _REGIONS[_action.region] = (*_REGIONS.get(_action.region, ()), _place)

_GAZE = frozenset(_REGIONS["gaze"])
# EMFACS sees enjoyment in the felt smile alone; loosely, people call any smile happy.
_FEELING_CATEGORIES = {"enjoyment": ("felt smile",), "happiness": ("felt smile", "social smile")}


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
    return m.left_bands[place], m.right_bands[place]


def _seen(m: Measures, claim: Claim, place: int) -> tuple[int, ...]:
    """Bands that a truthful claim of this side could give."""
    on_left, on_right = _bands(m, place)
    if claim.side == "left":
        return (on_left,)
    if claim.side == "right":
        return (on_right,)
    both = m.both(place)
    return (both,) if both is not None else ()


def _known(m: Measures, claim: Claim, place: int) -> bool:
    sides = {"left": (m.left,), "right": (m.right,)}.get(claim.side, (m.left, m.right))
    return all(side[place] == side[place] for side in sides)


def _judge_action(face: Seen, claim: Claim) -> tuple[float, str]:
    m = face.measures
    place = AT[claim.subject]
    side = f" on the {claim.side}" if claim.side != "both" else ""
    on_left, on_right = _bands(m, place)
    there = max({"left": (on_left,), "right": (on_right,)}.get(claim.side, (on_left, on_right)))
    if claim.negated:
        if not _known(m, claim, place):
            return 0.0, f"denies {_name(place)}{side}, which nobody can know"
        return (1.0, "") if there == NONE else (0.0, f"denies {_name(place)}{side}, which is {_word(there)}")
    if claim.band is None:
        if not there:
            return 0.0, f"claims {_name(place)}{side}, which is not visible"
        # Said of both sides, it has to be seen on both, or on the face as a whole.
        if claim.side == "both" and not (on_left and on_right) and not m.both(place):
            return 0.0, f"claims {_name(place)} on both sides, left {_word(on_left)}, right {_word(on_right)}"
        return 1.0, ""
    told = BANDS.index(claim.band) + 1
    seen = _seen(m, claim, place)
    if told in seen:
        return 1.0, ""
    if not seen:
        return 0.0, f"claims {claim.band} {_name(place)} on both sides, left {_word(on_left)}, right {_word(on_right)}"
    credit = _ONE_BAND_OFF if abs(seen[0] - told) == 1 else 0.0
    return credit, f"claims {claim.band} {_name(place)}{side}, which is {_word(seen[0])}"


def _judge_impossible(_: Seen, claim: Claim) -> tuple[float, str]:
    return 0.0, f"says that the {claim.subject} does what it cannot"


def _judge_stronger(face: Seen, claim: Claim) -> tuple[float, str]:
    m = face.measures
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


def _judge_rest(face: Seen, claim: Claim) -> tuple[float, str]:
    m = face.measures
    for place in _REGIONS[claim.subject]:
        moving = max(_bands(m, place))
        if not m.known(place):
            return 0.0, f"says that the {claim.subject} rest, where {_name(place)} is unknown"
        if moving:
            return 0.0, f"says that the {claim.subject} rest, where {_name(place)} is {_word(moving)}"
    return 1.0, ""


def _judge_idle(face: Seen, _: Claim) -> tuple[float, str]:
    m = face.measures
    for place, action in enumerate(ACTIONS):
        if action.region != "head" and max(_bands(m, place)) >= MODERATE:
            return 0.0, f"says that nothing clear acts, where {_name(place)} is {_word(max(_bands(m, place)))}"
    return 1.0, ""


def _largest_difference(m: Measures) -> float:
    """Of the pairs that are visible at all; 0 when both sides of none are known."""
    return max((abs(m.difference(p)) for p in PAIRS if max(_bands(m, p))), default=0.0)


def _judge_symmetry(face: Seen, claim: Claim) -> tuple[float, str]:
    m = face.measures
    shift = max(m.left_bands[p] for p in SHIFTS)
    if not shift and not any(m.known(place) for place in PAIRS):
        return 0.0, "speaks of symmetry, where no pair is known on both sides"
    largest = _largest_difference(m)
    says_even = (claim.kind == "symmetric") != claim.negated
    halves = [p for p in PAIRS if max(_bands(m, p)) and not m.known(p)]
    if says_even and halves:
        return 0.0, f"calls the face symmetric, where one side of {_name(halves[0])} is unknown"
    # "mostly symmetric" allows for slight differences, "asymmetric" needs a visible one.
    if says_even and largest >= DIFFERENCE[1]:
        return 0.0, f"calls the face symmetric, where the sides differ by {largest:.2f}"
    if says_even and shift >= MODERATE:
        return 0.0, "calls the face symmetric, where mouth or jaw go to one side"
    if not says_even and largest < DIFFERENCE[0] and not shift:
        return 0.0, "calls the face asymmetric, where no visible pair differs"
    return 1.0, ""


def _judge_feeling(face: Seen, claim: Claim) -> tuple[float, str]:
    names = _FEELING_CATEGORIES.get(claim.subject, (claim.subject,))
    there = any(name in names for name in face.reading.signs)
    if there != claim.negated:
        return 1.0, ""
    if claim.negated:
        return 0.0, f"denies {claim.subject}, whose signs are there"
    return 0.0, f"claims {claim.subject}, whose muscles do not show it"


def _judge_category(face: Seen, claim: Claim) -> tuple[float, str]:
    reading = face.reading
    if claim.subject == reading.category or claim.subject in reading.signs:
        return 1.0, ""
    return 0.0, f"calls the expression {claim.subject}, where the actions make it {reading.category}"


_JUDGES = {
    "action": _judge_action,
    "impossible": _judge_impossible,
    "stronger": _judge_stronger,
    "rest": _judge_rest,
    "idle": _judge_idle,
    "symmetric": _judge_symmetry,
    "asymmetric": _judge_symmetry,
    "feeling": _judge_feeling,
    "category": _judge_category,
}


class _Sign(NamedTuple):
    """A strong action that a caption should tell: who tells one of ``accepted`` (subject, side) has told it."""

    accepted: tuple[tuple[str, str], ...]
    fault: str


def _signs(m: Measures) -> list[_Sign]:
    """Every strong action of a face, sides apart where they differ."""
    hidden = m.gaze_hidden()
    signs = []
    for place, action in enumerate(ACTIONS):
        if m.left_bands[place] < STRONG and m.right_bands[place] < STRONG:
            continue
        both = m.both(place)
        on_left, on_right = _bands(m, place) if both is None else (both, both)
        if max(on_left, on_right) < STRONG or (hidden and place in _GAZE):
            continue
        whole = (action.key, "both")
        if action.kind == "single":
            signs.append(_Sign((whole,), f"does not tell {_word(on_left)} {_name(place)}"))
            continue
        sides = (("left", on_left), ("right", on_right))
        signs += [
            _Sign((whole, (action.key, s)), f"does not tell {_word(n)} {_name(place)} on the {s}")
            for s, n in sides
            if n >= STRONG
        ]
    return signs


def _untold(signs: list[_Sign], movements: tuple[Claim, ...]) -> list[str]:
    """A sentence for every strong action that the muscle movements do not tell; elsewhere it is only alluded to."""
    if not signs:
        return []
    told = {(c.subject, c.side) for c in movements if c.kind == "action" and not c.negated}
    return [sign.fault for sign in signs if told.isdisjoint(sign.accepted)]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many claims a caption makes and how many hold; how many strong actions a face shows and how many are told."""

    claims: int
    hold: int
    signs: int
    told: int


def tally(description: Description, coefficients: NDArray[np.float32]) -> Tally:
    """Counts a description against (61,) float32, NaN = unknown, by the judgement of `verify`; a band off does not hold."""
    face = see(coefficients)
    claims, movements = _claims(description)
    signs = _signs(face.measures)
    hold = sum(_JUDGES[claim.kind](face, claim)[0] == 1.0 for claim in claims)
    return Tally(len(claims), hold, len(signs), len(signs) - len(_untold(signs, movements)))


def _claims(description: Description) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """All claims of a description, and those of its muscle movements."""
    by_field = {field: claims_of_field(getattr(description, field), field) for field in FIELDS}
    return sum(by_field.values(), ()), by_field["muscle_movements"]


def verify(description: Description, coefficients: NDArray[np.float32]) -> Verification:
    """Checks every claim of a description against (61,) float32, NaN = unknown, and that no strong action is left out.

    Bands are exact (see `intensity`). A claim about an unknown channel is false: nobody can know it. A description that claims
    nothing scores 0. Never raises on any text.
    """
    return verify_seen(description, see(coefficients))


def verify_seen(description: Description, face: Seen) -> Verification:
    """See `verify`, for a face that was measured before."""
    claims, movements = _claims(description)
    credit = 0.0
    faults = []
    for claim in claims:
        worth, fault = _JUDGES[claim.kind](face, claim)
        credit += worth
        if fault:
            faults.append(fault)
    untold = _untold(_signs(face.measures), movements)
    count = len(claims) + len(untold)
    if not count:
        return Verification(0.0, ("says nothing that can be checked",))
    return Verification(credit / count, (*faults, *untold))
