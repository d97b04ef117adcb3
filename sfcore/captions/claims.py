"""What a caption claims, read from its words alone.

A caption of any author (the grammar, a language model, a person) is cut into sentences and clauses; each clause yields the
actions that its part and motion mean, how strong, on which side. A clause without an action of its own speaks of the one before
it ("left cheek strongly raised, right slightly"). Words outside the vocabulary are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

from sfcore.captions.actions import BY_KEY
from sfcore.captions.category import CATEGORIES
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.intensity import BANDS, NONE
from sfcore.captions.vocabulary import (
    ACTING,
    ASYMMETRIC,
    BASES,
    BREAKING_WORDS,
    DIRECTED,
    DOERS,
    FEELINGS,
    INTENSITIES,
    MEANINGS,
    MOTIONS,
    MOVING,
    NEGATIONS,
    PLACING,
    QUALIFIERS,
    REST_REGIONS,
    RESTING,
    SIDES,
    STATES,
    STRONGER,
    SYMMETRIC,
    VAGUE_MOTIONS,
    WEAKER,
)

Kind = Literal["action", "impossible", "stronger", "rest", "idle", "symmetric", "asymmetric", "feeling", "category"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing a caption says of a face.

    ``subject`` is an action key (kinds ``action`` and ``stronger``), a part of the face (``impossible``: it is said to do what it
    cannot, as pressed eyes are), a region (``rest``), a feeling, a category, or empty (``symmetric``, ``asymmetric``, and
    ``idle``: no clear action in the whole face).
    """

    kind: Kind
    subject: str
    side: str = "both"
    """``left``, ``right`` or ``both``; of ``stronger`` the side said to be ahead."""
    band: str | None = None
    """``slight`` to ``extreme``; None where the caption gives no strength. Of ``stronger`` how far ahead: slight, moderate,
    strong."""
    negated: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels the claim is about, in the spelling of `sfcore.arkit`; empty where it is about the whole face."""
        action = BY_KEY.get(self.subject)
        if action is None:
            return ()
        if action.kind == "single" or self.side == "both":
            return action.channels
        return action.left if self.side == "left" else action.right


# A point between digits is a decimal's and ends nothing.
_SENTENCE = re.compile(r"[.;\n]+(?!\d)|(?<!\d)[.;\n]+")
_WORD = re.compile(r"[a-z]+")
# Splits into texts and what stands between them, alternately.
_BREAK = re.compile(rf"([,:()]|\b(?:{'|'.join(BREAKING_WORDS)})\b)")
# Captions of the grammar know some thousand clauses; models add theirs. Each entry is well below a kilobyte.
_CACHED = 16384
_SHORT = 100


def _pairs_of_parts() -> dict[str, str]:
    """Parts with one paired action: to say that such a part is ahead on one side says it of that action."""
    found: dict[str, set[str]] = {}
    for (part, _), keys in MEANINGS.items():
        found.setdefault(part, set()).update(key for key in keys if BY_KEY[key].kind == "pair")
    return {part: next(iter(keys)) for part, keys in found.items() if part and len(keys) == 1}


_PAIRS_OF = _pairs_of_parts()
_OTHER = {"left": "right", "right": "left"}
_RAISES = {"inner brow": "inner_brow_raise", "outer brow": "outer_brow_raise"}


class Clause:
    """The words of one clause, sorted by what they mean."""

    __slots__ = (
        "acting",
        "ahead",
        "asymmetric",
        "band",
        "bases",
        "behind",
        "conflicting",
        "feelings",
        "heads",
        "motions",
        "moves",
        "negated",
        "participles",
        "placed",
        "qualifiers",
        "resting",
        "side",
        "symmetric",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.bases: list[str] = []
        self.qualifiers: list[str] = []
        self.motions: list[str] = []
        # Motions said of a part ("pressed") rather than named ("a press").
        self.participles: list[str] = []
        self.feelings: list[str] = []
        self.side = ""
        self.band: int = 0
        self.heads = False
        # A side that is less is a side behind: "ahead" is said of the other one.
        self.behind = False
        self.moves = False
        # Parts named from here on only tell where another one moves.
        self.placed = False
        self.ahead = self.negated = self.symmetric = self.asymmetric = self.resting = self.acting = False
        # Two strengths or two sides in one clause: the first is taken, the second contradicts it.
        self.conflicting = False

    def take(self, word: str) -> None:
        """Adds one word."""
        if word in BASES or word in QUALIFIERS:
            self._take_part(word)
        elif word in MOTIONS:
            self._take_motion(word)
        elif word in INTENSITIES:
            self.resting = False
            # "slightly more pronounced": the word before the comparison says how far, the one after it says nothing.
            if not self.ahead:
                self.conflicting |= self.band not in (NONE, INTENSITIES[word])
                self.band = self.band or INTENSITIES[word]
        elif word in SIDES:
            self.conflicting |= self.side not in ("", SIDES[word])
            self.side = self.side or SIDES[word]
        else:
            self._take_rare(word)

    def _take_motion(self, word: str) -> None:
        self.motions.append(MOTIONS[word])
        if word.endswith("ed"):
            self.participles.append(MOTIONS[word])
        self.resting = False

    def _take_part(self, word: str) -> None:
        if self.placed:
            return
        if word in BASES:
            self.bases.append(BASES[word])
        else:
            self.qualifiers.append(QUALIFIERS[word])

    def _take_rare(self, word: str) -> None:
        if word in FEELINGS:
            self.feelings.append(FEELINGS[word])
        elif word in STRONGER or word in WEAKER:
            self.conflicting |= self.ahead and self.behind != (word in WEAKER)
            self.behind |= not self.ahead and word in WEAKER
            self.ahead = True
        elif word in NEGATIONS:
            self.negated = word == "nor" or not self.negated
        elif word in RESTING:
            # Said after an action, "still" is an adverb; what is inactive does not act, however it is named.
            self.resting = not self.motions or (word in STATES and not self.band)
        self.placed |= word in PLACING and bool(self.bases and self.motions)
        self.moves |= word in MOVING
        self.symmetric |= word in SYMMETRIC
        self.asymmetric |= word in ASYMMETRIC
        self.acting |= word in ACTING

    def part(self) -> str:
        """The part of the face meant, "" when none is named."""
        bases, qualifiers = self.bases, self.qualifiers
        if not bases:
            return ""
        if "brow" in bases:
            return next((f"{q} brow" for q in ("inner", "outer") if q in qualifiers), "brow")
        if "gaze" in bases:
            return "gaze"
        if "nose" in bases:
            return "nose"
        if "corner" in bases or "lip" in bases:
            qualifier = next((q for q in ("lower", "upper") if q in qualifiers), "") if "lip" in bases else ""
            if qualifier:
                return f"{qualifier} lip"
            return "eye" if "eye" in bases else "corner" if "corner" in bases else "lip"
        return bases[0]


def _directed(part: str, clause: Clause) -> str:
    """The action of a part that goes to a side ("jaw shifted left"), "" when this is none."""
    if clause.side not in ("left", "right"):
        return ""
    for motion in clause.motions or (["move", ""] if clause.moves else [""]):
        pair = DIRECTED.get((part, motion))
        if pair:
            return pair[clause.side == "right"]
    return ""


def can_do(part: str, clause: Clause, motion: str) -> bool:
    """Whether the part that a clause speaks of, or another that it names, can do a motion that says an action alone."""
    doers = DOERS.get(motion)
    if doers is None or part in ("", "gaze"):
        return True
    parts = {part, *clause.bases}
    # The corner of an eye is not one of the lips.
    return not doers.isdisjoint(parts - {"corner"} if "eye" in parts else parts)


def _keys(part: str, clause: Clause, motion: str, inherited: bool) -> tuple[str, ...]:
    """Actions meant by a part and one motion."""
    alone = MEANINGS.get(("", motion), ())
    if alone and inherited and motion not in clause.participles:
        return alone
    return MEANINGS.get((part, motion)) or (alone if can_do(part, clause, motion) else ())


def _meant(part: str, clause: Clause, inherited: bool) -> list[str]:
    """Actions meant by a part and its motions; vague motions speak only where no exact one does.

    A part inherited from the clause before lends itself only to motions that need one or are said of it: a squint after "cheeks
    puffed" is of the lids, "pressed" after "brows lowered" is of the brows. A pull goes where another word says ("downward pull
    of the lip corners"), and up where none does.
    """
    exact: list[str] = []
    vague: list[str] = []
    for motion in clause.motions:
        if motion == "pull" and not {"up", "down", "back"}.isdisjoint(clause.motions):
            continue
        keys = _keys(part, clause, motion, inherited)
        (vague if motion in VAGUE_MOTIONS else exact).extend(keys)
    return list(dict.fromkeys(exact or vague))


def _says_open(clause: Clause, actions: list[str]) -> bool:
    """Whether eyes are only said not to be closed: "eyes open", other than "eyes wide open" and "fully open"."""
    return actions == ["eye_widen"] and clause.motions == ["open"] and not clause.band


class ReadClause(NamedTuple):
    """A clause as it was read."""

    clause: Clause
    part: str
    """The part of the face it speaks of, "" when none is known."""
    actions: tuple[str, ...]
    claims: int
    """Claims of the sentence up to and with this clause."""


class _Reader:
    """Reads the clauses of one sentence in order, remembering of what the last one spoke."""

    def __init__(self, field: str, about: tuple[str, ...] = ()) -> None:
        self.field = field
        self.part = ""
        # Whether the part stands as a heading ("Cheeks: slight squinting") rather than in the clause before.
        self.headed = False
        self.actions = list(about)
        self.claims: list[Claim] = []
        self.read_so_far: list[ReadClause] = []

    def read(self, clause: Clause) -> None:
        """Adds the claims of one clause."""
        named = clause.part()
        part = named or self.part
        actions, side = self._actions(clause, part, named)
        self.headed = (self.headed and not named) or (clause.heads and not clause.motions)
        self.part = part
        if actions:
            # What is said of the other eye after "left eye open" is of neither closing nor widening for certain.
            self.actions = [] if _says_open(clause, actions) else actions
            self._claim(clause, actions, side)
        elif any(not can_do(part, clause, motion) for motion in clause.motions):
            self.actions = []
            if not clause.negated:
                self.claims.append(Claim("impossible", part))
        elif self._weighs_the_last(clause):
            self.claims[-1] = replace(self.claims[-1], band=BANDS[clause.band - 1])
        else:
            # A part that is only named takes the sentence away from the action before.
            self.actions = [] if named else self.actions
            self._claim_whole(clause)
        if clause.feelings and self.field in ("expression_category", "emotional_implication"):
            self.claims += [Claim("feeling", feeling, negated=clause.negated) for feeling in clause.feelings]
        self.read_so_far.append(ReadClause(clause, part, tuple(actions), len(self.claims)))

    def _actions(self, clause: Clause, part: str, named: str) -> tuple[list[str], str]:
        directed = _directed(part, clause)
        if directed:
            return [directed], "both"
        side = clause.side or "both"
        meant = _meant(part, clause, not named and not self.headed)
        if meant:
            return meant, side
        if clause.ahead and not clause.motions and part in _PAIRS_OF and (named or not self.actions):
            return [_PAIRS_OF[part]], side
        speaks_on = not named and not clause.motions and (clause.side or clause.ahead)
        return (self.actions, side) if speaks_on else ([], side)

    def _claim(self, clause: Clause, actions: list[str], side: str) -> None:
        band = BANDS[clause.band - 1] if clause.band else None
        if clause.ahead:
            self._compare(clause, actions, side, band)
            return
        # "The left side remains neutral" denies what the sentence speaks of; "gaze still to the left" denies nothing.
        negated = clause.negated != (clause.resting and _directed(self.part, clause) == "")
        if _says_open(clause, actions):
            actions, negated = ["eye_close"], not negated
        for key in actions:
            on = side if BY_KEY[key].kind == "pair" else "both"
            self.claims.append(Claim("action", key, on, band, negated))

    def _compare(self, clause: Clause, actions: list[str], side: str, band: str | None) -> None:
        """ "stronger on the left"; a comparison that puts no side ahead ("jaw dropped more") still tells an action."""
        for key in actions:
            if side in _OTHER and BY_KEY[key].kind == "pair":
                ahead = _OTHER[side] if clause.behind else side
                self.claims.append(Claim("stronger", key, ahead, band, clause.negated))
            elif clause.motions and not clause.negated:
                self.claims.append(Claim("action", key))

    def _weighs_the_last(self, clause: Clause) -> bool:
        """Whether a clause only says how strong the action before it is: "squinting (high intensity)"."""
        weighs = clause.band and not (clause.bases or clause.motions or clause.side or clause.ahead or clause.negated)
        # One action: of two that a clause names, nobody says which is meant.
        last = self.claims[-1] if weighs and len(self.actions) == 1 and self.claims else None
        return last is not None and last.kind == "action" and last.band is None and not last.negated

    def _rest(self, clause: Clause) -> None:
        """ "the outer brows remain neutral" within a sentence that speaks of other things too."""
        part = clause.part()
        if part in REST_REGIONS:
            self.claims.append(Claim("rest", REST_REGIONS[part]))
        elif part in _RAISES:
            self.claims.append(Claim("action", _RAISES[part], negated=True))

    def _claim_whole(self, clause: Clause) -> None:
        if clause.resting and not (clause.motions or clause.side or clause.negated):
            self._rest(clause)
            return
        if clause.negated and clause.acting and not clause.motions:
            region = REST_REGIONS.get(self.part)
            self.claims.append(Claim("rest", region) if region else Claim("idle", ""))
            return
        if self.field == "symmetry" and not clause.bases and not clause.motions:
            if clause.symmetric:
                self.claims.append(Claim("symmetric", "", negated=clause.negated))
            elif clause.asymmetric:
                self.claims.append(Claim("asymmetric", "", negated=clause.negated))


@lru_cache(maxsize=_CACHED)
def _clause(text: str, ending: str) -> Clause:
    """The clause of lower-case ``text`` that ends before ``ending``; cached, so nobody may change it."""
    clause = Clause(text.strip())
    for word in _WORD.findall(text):
        clause.take(word)
    clause.heads = ending == ":"
    return clause


def _clauses(sentence: str) -> list[Clause]:
    pieces = _BREAK.split(sentence.lower())
    return [_clause(text, ending) for text, ending in zip(pieces[::2], [*pieces[1::2], ""], strict=True) if text.strip()]


def _rest_claims(clauses: list[Clause]) -> tuple[Claim, ...] | None:
    """The claims of a sentence like "Brows, nose and jaw at rest", None when it is not of that kind."""
    if not any(c.resting for c in clauses) or any(c.motions or c.band or c.side or c.negated for c in clauses):
        return None
    parts = dict.fromkeys(base for c in clauses for base in c.bases)
    return tuple(Claim("rest", REST_REGIONS[part]) for part in parts if part in REST_REGIONS)


@lru_cache(maxsize=_CACHED)
def _sentence_claims(sentence: str, field: str, about: tuple[str, ...]) -> tuple[Claim, ...]:
    """Claims of one sentence; cached, as sentences recur among captions."""
    return _read_sentence(sentence, field, about)[0]


def _read_sentence(sentence: str, field: str, about: tuple[str, ...]) -> tuple[tuple[Claim, ...], list[ReadClause]]:
    """Claims of one sentence, and how its clauses were read; a sentence of things at rest tells what it could not read.

    ``about`` are the actions that the sentence speaks of before it names any.
    """
    clauses = _clauses(sentence)
    resting = _rest_claims(clauses)
    if resting is not None:
        all_told = resting and all(base in REST_REGIONS for c in clauses for base in c.bases)
        return resting, [] if all_told else [ReadClause(c, "", (), 0) for c in clauses if c.resting]
    reader = _Reader(field, about)
    for clause in clauses:
        reader.read(clause)
    claims = reader.claims + _leads(reader.claims) if field == "symmetry" else reader.claims
    return tuple(claims), reader.read_so_far


def _leads(claims: list[Claim]) -> list[Claim]:
    """What a sentence on symmetry says by naming one side alone: "asymmetric: smile on the right" puts the right side ahead."""
    compared = {(c.subject, side) for c in claims for side in _OTHER if c.kind == "stronger" or c.side in (side, "both")}
    return [
        Claim("stronger", c.subject, c.side)
        for c in claims
        if c.kind == "action" and c.side in _OTHER and not c.negated and (c.subject, _OTHER[c.side]) not in compared
    ]


_OPENING = re.compile(r"\s*([a-z ]+?)\s*(?:[:,;.(\n]|$)")


def claims_of_field(text: str, field: str) -> tuple[Claim, ...]:
    """Everything that one of the four fields claims, in the order of the text; never raises on any text."""
    return _whole_field(text, field) if len(text) < _SHORT else _by_sentence(text, field)


def _by_sentence(text: str, field: str) -> tuple[Claim, ...]:
    claims, rest = _opening(text, field)
    about = _named_by(claims[0].subject) if claims else ()
    for sentence in _sentences(rest):
        claims += _sentence_claims(sentence, field, about)
        about = ()
    return claims


@lru_cache
def _named_by(category: str) -> tuple[str, ...]:
    """The one action that a category names, on which its sentence may go on: "nose wrinkle, on the left"."""
    clause = _clause(category, "")
    actions = _meant(clause.part(), clause, False)
    return tuple(actions) if len(actions) == 1 else ()


# Categories, implications and symmetries recur as a whole, movements sentence by sentence.
_whole_field = lru_cache(maxsize=_CACHED)(_by_sentence)


def _opening(text: str, field: str) -> tuple[tuple[Claim, ...], str]:
    """The category that an expression category begins with, and the text after it."""
    opening = _OPENING.match(text.lower()) if field == "expression_category" else None
    if opening and opening[1] in CATEGORIES:
        return (Claim("category", opening[1]),), text[opening.end() :]
    return (), text


def after_opening(text: str, field: str) -> str:
    """A field without the category that it begins with."""
    return _opening(text, field)[1]


def _sentences(text: str) -> list[str]:
    return [stripped for sentence in _SENTENCE.split(text) if (stripped := sentence.strip())]


def claims_of(description: Description) -> tuple[Claim, ...]:
    """Everything the four fields claim, in the order of the text; never raises on any text."""
    claims: tuple[Claim, ...] = ()
    for field in FIELDS:
        claims += claims_of_field(getattr(description, field), field)
    return claims


def clauses_of_field(text: str, field: str) -> list[list[ReadClause]]:
    """How each clause of one field was read, by sentence; never raises on any text."""
    claims, rest = _opening(text, field)
    about = _named_by(claims[0].subject) if claims else ()
    return [_read_sentence(sentence, field, () if n else about)[1] for n, sentence in enumerate(_sentences(rest))]
