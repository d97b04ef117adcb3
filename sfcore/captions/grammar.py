"""Captions from coefficients, as a careful FACS coder would write them: region by region, nothing that the numbers do not show.

Words are chosen by the sample's own draws ("wording"); what is said depends on the numbers alone. A pair whose sides differ
visibly is told side by side, the stronger first, so that the caption of a mirrored face is the same caption with left and right
exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.actions import ACTIONS, AT, PAIRS, SHIFTS, Measures
from sfcore.captions.category import Reading, Seen, see
from sfcore.captions.description import Description
from sfcore.captions.intensity import DIFFERENCE, EXTREME, MODERATE, NONE, SHAPE, STRONG, band
from sfcore.captions.vocabulary import ADJECTIVES, ADVERBS, DEGREES, PHRASES, Phrase
from sfcore.randomness import drawn_bytes

NOT_OBSERVABLE = "not clearly observable"
SYMMETRIC = "mostly symmetric"

# A coder names what stands out: everything strong, moderate actions up to this many in all, slight ones up to fewer.
_MODERATE_BUDGET = 10
_SLIGHT_BUDGET = 6
_DIFFERENCES_TOLD = 3

# Regions that share a sentence, with the heading it may bear.
_SENTENCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Brows", ("brows",)),
    ("Eyes", ("eyes", "gaze")),
    ("Midface", ("cheeks", "nose")),
    ("Mouth", ("mouth",)),
    ("Jaw", ("jaw", "tongue")),
    ("Head", ("head",)),
)
_SENTENCE_OF = {region: number for number, (_, regions) in enumerate(_SENTENCES) for region in regions}
_SENTENCE_AT = tuple(_SENTENCE_OF[action.region] for action in ACTIONS)
_RESTING: dict[str, tuple[int, ...]] = {
    region: tuple(place for place, action in enumerate(ACTIONS) if action.region == region)
    for region in ("brows", "eyes", "cheeks", "nose", "mouth", "jaw")
}
_REST_FRAMES = ("{} at rest", "{} relaxed", "{} neutral")
_GAZE = frozenset(place for place, action in enumerate(ACTIONS) if action.region == "gaze")
# Where the eyes look goes by verb in any style; that they cross or part does not.
_LOOKS = _GAZE - {AT["gaze_inward"], AT["gaze_outward"]}
_AIM = _GAZE | {place for place, action in enumerate(ACTIONS) if action.region == "head"}
_FACE = frozenset(range(len(ACTIONS))) - _AIM
_INNER, _OUTER, _CORNER_PULL = AT["inner_brow_raise"], AT["outer_brow_raise"], AT["corner_pull"]
_EYE_CLOSE, _JAW_DROP, _TONGUE = AT["eye_close"], AT["jaw_drop"], AT["tongue_show"]
_PHRASE_AT: tuple[Phrase, ...] = tuple(PHRASES[action.key] for action in ACTIONS)
_OWN_ADVERBS = tuple(dict(phrase.adverbs) for phrase in _PHRASE_AT)

_IMPLICATIONS: dict[str, tuple[str, ...]] = {
    "felt smile": ("enjoyment", "felt enjoyment", "genuine enjoyment", "signs of felt enjoyment"),
    "social smile": ("no signs of felt enjoyment", "no signs of enjoyment", "no sign of felt enjoyment"),
    "surprise": ("surprise", "signs of surprise"),
    "fear": ("fear or alarm", "signs of fear", "fear"),
    "anger": ("anger or irritation", "signs of anger", "anger"),
    "disgust": ("disgust or aversion", "signs of disgust", "disgust"),
    "sadness": ("sadness or distress", "signs of sadness", "sadness"),
    "contempt": ("contempt or disdain", "signs of contempt", "contempt"),
}
_CANCELLED = "little is clearly observable"
_IDLE = ("no clear facial action", "no clear action", "no clear facial activity")
# Acts that are named like the action that stands out in them.
_SAYS_IT_ALL = {
    "eyes closed": "eye_close",
    "lowered lids": "eye_close",
    "squint": "lid_tighten",
    "lowered brow": "brow_lower",
    "cheek puff": "cheek_puff",
    "cheek raise": "cheek_raise",
    "nose wrinkle": "nose_wrinkle",
    "pucker": "lip_pucker",
    "jaw drop": "jaw_drop",
    "tongue show": "tongue_show",
}
# Evidence that has to give its side, in other words than those of the category before it.
_SAID_AGAIN = {"squint": "lid tightening", "cheek raise": "cheek lift", "nose wrinkle": "wrinkling"}
# Acts that are read from one action however strong others are: that action is their first evidence.
_MADE_BY = {"wink": _EYE_CLOSE, "eyes closed": _EYE_CLOSE, "tongue show": _TONGUE}
_FEELING_WORD = {"felt smile": "enjoyment"}


# More than a caption makes; what is over is drawn for nothing.
_CHOICES = 128


class _Wording:
    """Choices of one caption, taken one after another from the sample's stream."""

    __slots__ = ("_at", "_draws")

    def __init__(self, sample_id: str) -> None:
        # One call for all choices: drawing them singly costs more than the rest of the caption.
        self._draws = drawn_bytes(sample_id, "wording", _CHOICES)
        self._at = -1

    def number(self, count: int) -> int:
        """0 to count - 1."""
        self._at = (self._at + 1) % _CHOICES
        return self._draws[self._at] % count

    def of(self, choices: tuple[str, ...]) -> str:
        """One of the choices."""
        return choices[self.number(len(choices))] if len(choices) > 1 else choices[0]


@dataclass(slots=True)
class Mention:
    """One action as it will be told: a band for the face, or one for each side, the stronger side first."""

    place: int
    band: int
    """For both sides together; 0 where the sides are told apart."""
    sides: tuple[tuple[str, int], ...]
    """(side, band) of each side told apart."""
    weight: float
    """What orders mentions where not all are told."""
    top: int
    """The strongest band told."""


def _pair_mention(m: Measures, place: int) -> Mention | None:
    both = m.both(place)
    if both is not None:
        return Mention(place, both, (), m.peak(place), both) if both else None
    told = [(m.left[place], "left", m.left_bands[place]), (m.right[place], "right", m.right_bands[place])]
    told = sorted((side for side in told if side[2]), reverse=True)
    return Mention(place, NONE, tuple((side, number) for _, side, number in told), told[0][0], told[0][2])


def _mention(m: Measures, place: int) -> Mention | None:
    """How a visible action is told; None for a pair that is visible on one side by so little that its mean is not."""
    action = ACTIONS[place]
    if action.kind == "pair":
        return _pair_mention(m, place)
    number = m.left_bands[place]
    # Angles weigh as the shape of the same band would, so that they compete for the budget on equal terms.
    return Mention(place, number, (), m.left[place] * SHAPE[2] / action.thresholds[2], number) if number else None


def _mentions(m: Measures, named: set[int]) -> list[Mention]:
    """What stands out, in the order of `ACTIONS`, and what other fields name."""
    hidden = m.gaze_hidden()
    visible = [p for p, (left, right) in enumerate(zip(m.left_bands, m.right_bands, strict=True)) if left or right]
    found = [x for place in visible if not (hidden and place in _GAZE) and (x := _mention(m, place))]
    if len(found) <= _SLIGHT_BUDGET:
        return found
    found.sort(key=lambda x: -x.weight)
    kept: list[Mention] = []
    for x in found:
        if x.top >= STRONG or x.place in named or len(kept) < (_MODERATE_BUDGET if x.top == MODERATE else _SLIGHT_BUDGET):
            kept.append(x)
    kept.sort(key=lambda x: x.place)
    return kept


def _adverb(place: int, number: int, w: _Wording) -> str:
    return w.of(_OWN_ADVERBS[place].get(number) or ADVERBS[number])


def _subject_and_done(x: Mention) -> tuple[str, str, tuple[str, ...]]:
    """Subject of one side, of both, and participles, as they fit the strongest band told."""
    phrase = _PHRASE_AT[x.place]
    return phrase.faint if phrase.faint and x.top < STRONG else (phrase.one, phrase.all, phrase.done)


def _verbal(x: Mention, before: str, w: _Wording) -> tuple[str, str]:
    """("left cheek strongly raised, right slightly", "") or ("cheeks strongly raised", "cheeks").

    The second is the subject, which the next phrase may leave out when it is the same; ``before`` is that of the last phrase.
    """
    one, both, done = _subject_and_done(x)
    if x.band:
        subject = "" if both == before else f"{both} "
        return f"{subject}{_adverb(x.place, x.band, w)} {w.of(done)}", both
    (side, number), *rest = x.sides
    how = f"{_adverb(x.place, number, w)} {w.of(done)}"
    first = f"{side} {one} {how}" if one else f"{both} {how} on the {side}"
    return "".join([first, *(f", {other} {_adverb(x.place, n, w)}" for other, n in rest)]), ""


def _nominal(x: Mention, w: _Wording) -> str:
    """ "strong cheek raise on the left, slight on the right"."""
    noun = w.of(_PHRASE_AT[x.place].nouns)
    if x.band:
        # Lids that touch are not an extreme of something: they are closed.
        adjectives = ("full",) if (x.place, x.band) == (_EYE_CLOSE, EXTREME) else ADJECTIVES[x.band]
        return f"{w.of(adjectives)} {noun}"
    (side, number), *rest = x.sides
    first = f"{w.of(ADJECTIVES[number])} {noun} on the {side}"
    return "".join([first, *(f", {w.of(ADJECTIVES[n])} on the {other}" for other, n in rest)])


def _joined(phrases: list[str]) -> str:
    """ "a, b and c"; with a comma before the last where one of them holds a comma itself."""
    if len(phrases) == 1:
        return phrases[0]
    word = ", and " if any("," in phrase for phrase in phrases) else " and "
    return ", ".join(phrases[:-1]) + word + phrases[-1]


def _whole_brow(mentions: list[Mention], w: _Wording) -> list[str]:
    """One phrase where inner and outer brows rise alike ("brows strongly raised"); takes both off the mentions."""
    if len(mentions) < 2 or (mentions[0].place, mentions[1].place) != (_INNER, _OUTER):
        return []
    if mentions[0].band != mentions[1].band:
        return []
    del mentions[1]
    number = mentions.pop(0).band
    return [f"brows {w.of(ADVERBS[number])} {w.of(_PHRASE_AT[_INNER].done)}"]


def _region_phrases(mentions: list[Mention], nominal: bool, w: _Wording) -> list[str]:
    """The phrases of one sentence. Where the eyes look is told by verb: "gaze slightly left and strongly down"."""
    phrases = [] if nominal else _whole_brow(mentions, w)
    before = ""
    for x in mentions:
        if nominal and x.place not in _LOOKS:
            phrases.append(_nominal(x, w))
            before = ""
        else:
            phrase, before = _verbal(x, before, w)
            phrases.append(phrase)
    return phrases


def _resting(m: Measures) -> list[str]:
    """Regions all of whose actions are known and too weak to tell.

    Lids rest where the eyes look somewhere. A region where actions cancel does not rest, nor a mouth that jaw or tongue opens.
    """
    looks = not m.gaze_hidden() and ("gaze" in m.opposed or any(m.left_bands[place] for place in _GAZE))
    opened = m.left_bands[_JAW_DROP] or m.left_bands[_TONGUE]
    return [
        "eyelids" if looks and region == "eyes" else region
        for region, places in _RESTING.items()
        if region not in m.opposed
        and not (opened and region == "mouth")
        and not any(m.left_bands[p] or m.right_bands[p] for p in places)
        and all(m.known(p) for p in places)
    ]


def _movements(m: Measures, mentions: list[Mention], w: _Wording) -> str:
    by_sentence: list[list[Mention]] = [[] for _ in _SENTENCES]
    for x in mentions:
        by_sentence[_SENTENCE_AT[x.place]].append(x)
    style = w.number(8)
    sentences = []
    for (heading, _), here in zip(_SENTENCES, by_sentence, strict=True):
        if not here:
            continue
        # One caption in four has headings, as coding sheets have; in the others each region goes by verbs or by nouns.
        headed = style < 2
        phrases = _joined(_region_phrases(here, headed or w.number(5) < 2, w))
        sentences.append(f"{heading}: {phrases}." if headed else f"{phrases[0].upper()}{phrases[1:]}.")
    resting = _resting(m)
    if resting:
        text = w.of(_REST_FRAMES).format(_joined(resting))
        sentences.append(f"{text[0].upper()}{text[1:]}.")
    return " ".join(sentences) or "No clear facial action."


def _noun(place: int, m: Measures, w: _Wording) -> str:
    """ "cheek raise", with its side where one side alone is visible."""
    noun = w.of(_PHRASE_AT[place].nouns)
    left, right = m.left_bands[place], m.right_bands[place]
    if left and right:
        return noun
    # A pair told by its mean may have a side below the visible: the face shows it on both.
    return noun if m.both(place) is not None else f"{noun} on the {'left' if left else 'right'}"


def _reasons(reading: Reading) -> tuple[int, ...]:
    """Actions that made the category, which its evidence names first; empty where that is what moves most."""
    category = reading.category
    if category in reading.signs:
        return reading.signs[category].places[:2]
    if category == "mixed":
        return (_CORNER_PULL,) if "social smile" in list(reading.signs)[:2] else ()
    return (_MADE_BY[category],) if category in _MADE_BY else ()


def _evidence(reading: Reading, m: Measures, mentions: list[Mention], w: _Wording) -> str:
    """Why the category: the parts of its prototype, or what moves most."""
    category = reading.category
    if category == "neutral":
        return w.of(_IDLE)
    if category == "mixed":
        return " and ".join(
            _FEELING_WORD.get(name, name) if name != "social smile" else _noun(_CORNER_PULL, m, w)
            for name in list(reading.signs)[:2]
        )
    places = list(_reasons(reading))
    if category not in _IMPLICATIONS:
        about = _GAZE if category == "gaze shift" else _FACE
        ranked = sorted(mentions, key=lambda x: -x.weight)
        places = [*places, *(x.place for x in ranked if x.place in about and x.place not in places)][:2]
    if places:
        return " with ".join(_noun(place, m, w) for place in places)
    return _CANCELLED if m.opposed else "too little is known"


def _category_told(reading: Reading, m: Measures, mentions: list[Mention], w: _Wording) -> str:
    """ "felt smile: lip corner pull with cheek raise"; an act that names its own evidence does not name it twice."""
    evidence = _evidence(reading, m, mentions, w)
    first, _, others = evidence.partition(" with ")
    noun, _, side = first.partition(" on the ")
    if reading.category not in _SAYS_IT_ALL or noun not in _PHRASE_AT[AT[_SAYS_IT_ALL[reading.category]]].nouns:
        return f"{reading.category}: {evidence}"
    if side:
        return f"{reading.category}: {evidence.replace(noun, _SAID_AGAIN.get(noun, noun), 1)}"
    return f"{reading.category}, with {others}" if others else reading.category


def _implication(reading: Reading, w: _Wording) -> str:
    if reading.category == "mixed":
        felt = [_FEELING_WORD.get(name, name) for name in list(reading.signs)[:2] if name != "social smile"]
        return f"signs of {' and '.join(felt)}"
    return w.of(_IMPLICATIONS[reading.category]) if reading.category in _IMPLICATIONS else NOT_OBSERVABLE


def _asymmetries(m: Measures) -> tuple[list[int], list[int]]:
    """Places of shifts to one side, and of the pairs whose sides differ most: those that the symmetry names."""
    shifts = [p for p in SHIFTS if m.left_bands[p] >= MODERATE]
    uneven = [p for p in PAIRS if m.uneven(p) and (m.left_bands[p] or m.right_bands[p])]
    uneven.sort(key=lambda p: -abs(m.difference(p)))
    return shifts, uneven[: _DIFFERENCES_TOLD - len(shifts)]


def _symmetry(m: Measures, shifts: list[int], uneven: list[int], w: _Wording) -> str:
    if not uneven and not shifts:
        half_known = any((m.left_bands[p] or m.right_bands[p]) and not m.known(p) for p in PAIRS)
        return SYMMETRIC if not half_known and any(m.known(p) for p in PAIRS) else NOT_OBSERVABLE
    told = [w.of(_PHRASE_AT[p].nouns) for p in shifts]
    for place in uneven:
        by = abs(m.difference(place))
        side = "left" if m.left[place] > m.right[place] else "right"
        told.append(f"{w.of(_PHRASE_AT[place].nouns)} {w.of(DEGREES[band(by, DIFFERENCE)])} stronger on the {side}")
    return f"{w.of(('asymmetric', 'uneven'))}: {', '.join(told)}"


def describe(coefficients: NDArray[np.float32], sample_id: str) -> Description:
    """Describes (61,) float32, NaN = unknown: four fields, together 30 to 110 words of plain ASCII for most faces.

    The same coefficients and ``sample_id`` give the same words; another ``sample_id`` tells the same in other words. Unknown
    channels are never mentioned. Every claim holds under `sfcore.captions.verify.verify`.
    """
    return describe_seen(see(coefficients), sample_id)


def describe_seen(seen: Seen, sample_id: str) -> Description:
    """See `describe`, for a face that was measured before."""
    m, reading = seen
    w = _Wording(sample_id)
    shifts, uneven = _asymmetries(m)
    mentions = _mentions(m, {*_reasons(reading), *shifts, *uneven})
    return Description(
        expression_category=_category_told(reading, m, mentions, w),
        muscle_movements=_movements(m, mentions, w),
        emotional_implication=_implication(reading, w),
        symmetry=_symmetry(m, shifts, uneven, w),
    )
