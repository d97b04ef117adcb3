"""Captions from coefficients, as a careful FACS coder would write them: region by region, nothing that the numbers do not show.

Words are chosen by the sample's own stream ("wording"); what is said depends on the numbers alone. A pair whose sides differ
visibly is told side by side, the stronger first, so that the caption of a mirrored face is the same caption with left and right
exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, AT, PAIRS, Measures, measure
from sfcore.captions.category import PROTOTYPES, category_from, emotions
from sfcore.captions.description import Description
from sfcore.captions.intensity import DIFFERENCE, MODERATE, NONE, STRONG, band
from sfcore.captions.vocabulary import ADJECTIVES, ADVERBS, PHRASES
from sfcore.randomness import stream

NOT_OBSERVABLE = "not clearly observable"
SYMMETRIC = "mostly symmetric"

# A coder names what stands out: everything strong, moderate actions up to this many in all, slight ones up to fewer.
_MODERATE_BUDGET = 10
_SLIGHT_BUDGET = 6
_DIFFERENCES_TOLD = 3

# Regions that share a sentence.
_SENTENCES: tuple[tuple[str, ...], ...] = (
    ("brows",),
    ("eyes", "gaze"),
    ("cheeks", "nose"),
    ("mouth",),
    ("jaw", "tongue"),
    ("head",),
)
_RESTING = ("brows", "eyes", "cheeks", "nose", "mouth", "jaw")
_IN_REGION: dict[str, tuple[int, ...]] = {
    region: tuple(place for place, action in enumerate(ACTIONS) if action.region == region) for region in _RESTING
}
_EYE_CLOSE = AT["eye_close"]
_GAZE = frozenset(place for place, action in enumerate(ACTIONS) if action.region == "gaze")
_INNER, _OUTER = AT["inner_brow_raise"], AT["outer_brow_raise"]

_PARTS: dict[str, tuple[tuple[int, ...], ...]] = {
    p.name: tuple(tuple(AT[k] for k in keys) for keys, _ in p.parts) for p in PROTOTYPES
}

_IMPLICATIONS: dict[str, tuple[str, ...]] = {
    "felt smile": ("enjoyment, as the cheeks rise with the smile", "happiness that reaches the cheeks", "felt enjoyment"),
    "social smile": ("politeness or friendliness, felt enjoyment not shown", "a polite smile, no signs of enjoyment"),
    "surprise": ("surprise", "surprise at something sudden", "signs of surprise"),
    "fear": ("fear or alarm", "signs of fear", "fear"),
    "anger": ("anger or irritation", "signs of anger", "anger"),
    "disgust": ("disgust or aversion", "signs of disgust", "disgust"),
    "sadness": ("sadness or distress", "signs of sadness", "sadness"),
    "contempt": ("contempt or disdain", "signs of contempt", "contempt"),
}
_FEELING_WORD = {"felt smile": "enjoyment", "social smile": "politeness"}


class _Wording:
    """Choices of one caption, taken one after another from the sample's stream."""

    __slots__ = ("_at", "_draws")

    def __init__(self, sample_id: str) -> None:
        # One call for 64 choices: drawing them singly costs more than the rest of the caption.
        self._draws = stream(sample_id, "wording").bytes(64)
        self._at = 0

    def number(self, count: int) -> int:
        """0 to count - 1."""
        self._at += 1
        return self._draws[self._at % 64] % count

    def of(self, choices: tuple[str, ...]) -> str:
        """One of the choices."""
        return choices[self.number(len(choices))] if len(choices) > 1 else choices[0]


@dataclass(frozen=True, slots=True)
class Mention:
    """One action as it will be told: a band for the face, or one for each side, the stronger side first."""

    place: int
    band: int
    """For both sides together; 0 where the sides are told apart."""
    sides: tuple[tuple[str, int], ...] = ()
    """(side, band) of each side told apart."""
    weight: float = 0.0

    @property
    def top(self) -> int:
        """The strongest band told."""
        return self.band or max((b for _, b in self.sides), default=NONE)


def sides_differ(left: float, right: float) -> bool:
    """Whether a pair is visibly uneven (both known)."""
    return abs(left - right) >= DIFFERENCE[0]


def _pair_mention(m: Measures, place: int) -> Mention | None:
    left, right = m.left[place], m.right[place]
    on_left, on_right = band(left), band(right)
    if left == left and right == right:
        if on_left == on_right and on_left:
            return Mention(place, on_left, weight=max(left, right))
        if not sides_differ(left, right):
            both = band((left + right) / 2)
            return Mention(place, both, weight=max(left, right)) if both else None
    sides = [("left", on_left, left), ("right", on_right, right)]
    told = sorted((s for s in sides if s[1]), key=lambda s: -s[2])
    return Mention(place, NONE, tuple((s[0], s[1]) for s in told), told[0][2]) if told else None


def _mention(m: Measures, place: int) -> Mention | None:
    action = ACTIONS[place]
    if action.kind == "pair":
        return _pair_mention(m, place)
    number = band(m.left[place], action.thresholds)
    # Angles weigh as the shape of the same band would, so that they compete for the budget on equal terms.
    return Mention(place, number, weight=m.left[place] / action.thresholds[2] * 0.55) if number else None


def gaze_is_hidden(m: Measures) -> bool:
    """Whether closed lids hide where the eyes look."""
    return m.left[_EYE_CLOSE] >= 0.8 and m.right[_EYE_CLOSE] >= 0.8


def _mentions(m: Measures) -> list[Mention]:
    """What stands out, in the order of `ACTIONS`."""
    hidden = gaze_is_hidden(m)
    found = [mention for place in range(len(ACTIONS)) if not (hidden and place in _GAZE) and (mention := _mention(m, place))]
    found.sort(key=lambda mention: -mention.weight)
    kept: list[Mention] = []
    for mention in found:
        top = mention.top
        if top >= STRONG or len(kept) < (_MODERATE_BUDGET if top == MODERATE else _SLIGHT_BUDGET):
            kept.append(mention)
    kept.sort(key=lambda mention: mention.place)
    return kept


def _verbal(mention: Mention, w: _Wording) -> str:
    """ "left cheek strongly raised, right slightly"."""
    phrase = PHRASES[ACTIONS[mention.place].key]
    done = w.of(phrase.done)
    if mention.band:
        return f"{phrase.all} {w.of(ADVERBS[mention.band])} {done}"
    (side, number), *rest = mention.sides
    adverb = w.of(ADVERBS[number])
    first = f"{side} {phrase.one} {adverb} {done}" if phrase.one else f"{phrase.all} {adverb} {done} on the {side}"
    return "".join([first, *(f", {other} {w.of(ADVERBS[n])}" for other, n in rest)])


def _nominal(mention: Mention, w: _Wording) -> str:
    """ "strong cheek raise on the left, slight on the right"."""
    phrase = PHRASES[ACTIONS[mention.place].key]
    noun = w.of(phrase.nouns)
    if mention.band:
        return f"{w.of(ADJECTIVES[mention.band])} {noun}"
    (side, number), *rest = mention.sides
    first = f"{w.of(ADJECTIVES[number])} {noun} on the {side}"
    return "".join([first, *(f", {w.of(ADJECTIVES[n])} on the {other}" for other, n in rest)])


def _joined(phrases: list[str], last: str = " and ") -> str:
    """ "a, b and c"; with a comma before the last where one of them holds a comma itself."""
    if len(phrases) == 1:
        return phrases[0]
    word = "," + last if any("," in phrase for phrase in phrases) else last
    return ", ".join(phrases[:-1]) + word + phrases[-1]


def _gaze_phrase(mentions: list[Mention], w: _Wording) -> str:
    """ "gaze slightly left and strongly down"."""
    ways = [f"{w.of(ADVERBS[x.band])} {w.of(PHRASES[ACTIONS[x.place].key].done)}" for x in mentions]
    return "gaze " + " and ".join(ways)


def _whole_brow(mentions: list[Mention]) -> bool:
    """Whether inner and outer brows rise alike, so that one phrase tells both."""
    raised = [x for x in mentions if x.place in (_INNER, _OUTER)]
    return len(raised) == 2 and raised[0].band == raised[1].band != NONE


def _region_phrases(mentions: list[Mention], w: _Wording) -> list[str]:
    phrases = []
    if _whole_brow(mentions):
        adverb = w.of(ADVERBS[mentions[0].band])
        phrases.append(f"brows {adverb} {w.of(PHRASES['inner_brow_raise'].done)}")
        mentions = [x for x in mentions if x.place not in (_INNER, _OUTER)]
    looks = [x for x in mentions if PHRASES[ACTIONS[x.place].key].all == "gaze"]
    tell: Callable[[Mention, _Wording], str] = _verbal if w.number(5) < 3 else _nominal
    phrases += [tell(x, w) for x in mentions if x not in looks]
    if looks:
        phrases.append(_gaze_phrase(looks, w))
    return phrases


def _resting(m: Measures) -> list[str]:
    """Regions all of whose actions are known and too weak to tell."""
    floor = {
        region: max((m.peak(p) if m.left[p] == m.left[p] and m.right[p] == m.right[p] else 1.0) for p in places)
        for region, places in _IN_REGION.items()
    }
    return [region for region, peak in floor.items() if not band(peak)]


_REST_FRAMES = ("{} at rest", "{} relaxed", "{} still")


def _movements(m: Measures, mentions: list[Mention], w: _Wording) -> str:
    sentences = []
    for regions in _SENTENCES:
        here = [x for x in mentions if ACTIONS[x.place].region in regions]
        if here:
            sentences.append(_joined(_region_phrases(here, w)))
    resting = _resting(m)
    if resting:
        sentences.append(w.of(_REST_FRAMES).format(_joined(resting)))
    if not sentences:
        return "Nothing stands out."
    return " ".join(f"{s[0].upper()}{s[1:]}." for s in sentences)


def _evidence(category: str, m: Measures, mentions: list[Mention], w: _Wording) -> str:
    """Why the category: the parts of its prototype, or what moves most."""
    if category == "mixed":
        return " and ".join(_FEELING_WORD.get(name, name) for name in list(emotions(m))[:2])
    if category in _PARTS:
        chosen = [max(places, key=lambda p: (m.mean(p) == m.mean(p), m.mean(p))) for places in _PARTS[category]]
        return " with ".join(w.of(PHRASES[ACTIONS[p].key].nouns) for p in chosen[:2])
    if category == "neutral":
        return "nothing stands out"
    told = sorted(mentions, key=lambda x: (category == "gaze shift" and x.place not in _GAZE, -x.weight))[:2]
    if category == "unclear":
        told = told[:1]
    nouns = [w.of(PHRASES[ACTIONS[x.place].key].nouns) + (f" on the {x.sides[0][0]}" if x.sides else "") for x in told]
    return " with ".join(nouns) or "too little is known"


def _implication(category: str, m: Measures, w: _Wording) -> str:
    if category == "mixed":
        first, second = (_FEELING_WORD.get(name, name) for name in list(emotions(m))[:2])
        return f"signs of {first} and {second} together"
    return w.of(_IMPLICATIONS[category]) if category in _IMPLICATIONS else NOT_OBSERVABLE


def uneven_pairs(m: Measures) -> list[tuple[int, str, float]]:
    """(place, stronger side, difference) of every visibly uneven pair, the most uneven first."""
    found = []
    for place in PAIRS:
        left, right = m.left[place], m.right[place]
        difference = left - right
        if abs(difference) >= DIFFERENCE[0] and band(max(left, right)):
            found.append((place, "left" if difference > 0 else "right", abs(difference)))
    found.sort(key=lambda item: -item[2])
    return found


def _symmetry(m: Measures, w: _Wording) -> str:
    uneven = uneven_pairs(m)
    if not uneven:
        known = any(m.left[p] == m.left[p] and m.right[p] == m.right[p] for p in PAIRS)
        return SYMMETRIC if known else NOT_OBSERVABLE
    told = [
        f"{w.of(PHRASES[ACTIONS[place].key].nouns)} {w.of(ADVERBS[band(by, DIFFERENCE)])} stronger on the {side}"
        for place, side, by in uneven[:_DIFFERENCES_TOLD]
    ]
    return f"{w.of(('asymmetric', 'uneven'))}: {', '.join(told)}"


def describe(coefficients: NDArray[np.float32], sample_id: str) -> Description:
    """Describes (61,) float32, NaN = unknown: four fields in 20 to 110 words of plain ASCII for most faces.

    The same coefficients and ``sample_id`` give the same words; another ``sample_id`` tells the same in other words. Unknown
    channels are never mentioned. Every claim holds under `sfcore.captions.verify.verify`.
    """
    m = measure(coefficients)
    w = _Wording(sample_id)
    mentions = _mentions(m)
    category = category_from(m)
    return Description(
        expression_category=f"{category}: {_evidence(category, m, mentions, w)}",
        muscle_movements=_movements(m, mentions, w),
        emotional_implication=_implication(category, m, w),
        symmetry=_symmetry(m, w),
    )
