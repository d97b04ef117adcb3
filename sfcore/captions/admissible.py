"""What a caption may say at all when nobody who is trusted has written it.

The reader of claims passes over words that it does not know, which is right for measuring other people's texts. A language model
could hide anything in such words (a hat, a mood, a raised ear), so here each word must either mean something to the reader or be
one of those that mean nothing by themselves, and each clause that speaks of the face must make a claim.
"""

from __future__ import annotations

import re

from sfcore.captions.actions import BY_KEY
from sfcore.captions.claims import Clause, ReadClause, after_opening, can_do, claims_of_field, clauses_of_field
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.grammar import NOT_OBSERVABLE
from sfcore.captions.vocabulary import (
    ACTING,
    ASYMMETRIC,
    BASES,
    BREAKING_WORDS,
    DIRECTED,
    FEELINGS,
    INTENSITIES,
    MEANINGS,
    MOTIONS,
    MOVING,
    NEGATIONS,
    QUALIFIERS,
    RESTING,
    SIDES,
    STRONGER,
    SYMMETRIC,
    VAGUE_MOTIONS,
    WEAKER,
)


def _words(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


# Words that hold a sentence together and claim nothing, and words of anatomy and of coding sheets that need a motion to claim.
_EMPTY = _words(
    """
    a an the this that these those it its they their them there here is are be being been was were has have having had do does as
    in at by for from of on onto to into so such then also too each which who whose where when s
    overall together while both
    face facial faces expression expressions subject person muscle muscles region regions area areas side sides position state
    pair degree extent intensity strength visible visibly observed seen appear appears observable clearly clear apparent present
    mostly largely generally
    sign signs signal signals indicate indicates indicating suggest suggests suggesting show shows showing reflect reflects
    reflecting consistent typical meaning characteristic defined marked dominated combined accompanied most
    pulled drawn brought opened held set kept placed remain remains remained stay stays stayed
    sideways lateral laterally horizontally vertically toward
    towards along across around over under above below within between tipped pitch
    orbicularis oculi oris zygomatic major minor corrugator supercilii frontalis levator depressor anguli labii mentalis masseter
    midface little known emotion emotional feeling feelings
    """
)
_KNOWN = frozenset().union(
    *(BASES, QUALIFIERS, MOTIONS, INTENSITIES, SIDES, NEGATIONS, STRONGER, WEAKER, SYMMETRIC, ASYMMETRIC, RESTING, ACTING),
    *(FEELINGS, MOVING, BREAKING_WORDS, _EMPTY),
)
_FELT = ("expression_category", "emotional_implication")
_WORD = re.compile(r"[a-z]+")
_STAMMER = re.compile(r"\b([a-z]+) \1\b")
# Parts that are named together without meaning two: the corner of a lip, the lid of an eye, the gaze of an eye.
_TOGETHER = ({"corner", "lip"}, {"lid", "eye"}, {"gaze", "eye"}, {"jaw", "chin"})
# Motions that only bear out another one ("pushed forward"); any other beside it would be passed over.
_AGREEING = {
    "push": {"up"},
    "forward": {"push", "thrust", "out"},
    "thrust": {"forward", "out"},
    "out": {"stick", "show", "push", "thrust"},
    "inward": {"turn"},
    "outward": {"turn"},
    "up": {"pull", "turn"},
    "down": {"pull", "turn"},
    "shrug": {"up"},
    "smile": {"up", "pull"},
    "puff": {"out"},
    "stick": {"out"},
    "show": {"out"},
    "wide": {"open", "up"},
    "drop": {"open", "down"},
    "press": {"together", "close"},
    "close": {"press"},
    "squint": {"close"},
    "blink": {"close"},
    "wrinkle": {"up"},
    "dimple": {"pull"},
    "stretch": {"pull"},
}


def inadmissible(description: Description) -> tuple[str, ...]:
    """One sentence for each thing in a description that nobody could check; empty for a description that may be taken.

    Feelings are read in the category and the implication alone, so they are not admitted elsewhere.
    """
    faults = [fault for field in FIELDS for fault in _of_field(getattr(description, field), field)]
    if not any(claim.kind == "category" for claim in claims_of_field(description.expression_category, "expression_category")):
        faults.append("expression_category begins with none of the categories")
    if not _unobservable(description.emotional_implication) and not any(
        claim.kind == "feeling" for claim in claims_of_field(description.emotional_implication, "emotional_implication")
    ):
        faults.append(f'emotional_implication names no feeling and does not say "{NOT_OBSERVABLE}"')
    if not _unobservable(description.symmetry) and not claims_of_field(description.symmetry, "symmetry"):
        faults.append("symmetry says nothing of symmetry")
    return tuple(faults)


def _unobservable(text: str) -> bool:
    return text.lower().rstrip(". ") == NOT_OBSERVABLE


def _of_field(text: str, field: str) -> list[str]:
    if field in ("emotional_implication", "symmetry") and _unobservable(text):
        return []
    words = dict.fromkeys(_WORD.findall(after_opening(text, field).lower()))
    faults = [f"{field} says '{word}', which cannot be checked" for word in words if word not in _KNOWN]
    faults += [f"{field} stammers '{again[0]}'" for again in _STAMMER.finditer(text.lower())]
    if field not in _FELT:
        faults += [f"{field} names a feeling ('{word}')" for word in words if word in FEELINGS]
    for sentence in clauses_of_field(text, field):
        before = 0
        for read in sentence:
            trouble = _trouble(read, read.claims > before)
            before = read.claims
            if trouble:
                faults.append(f"{field}: '{read.clause.text}' {trouble}")
    return faults


def _trouble(read: ReadClause, claims: bool) -> str:
    """What a clause says beyond its claims, "" when that is nothing."""
    c = read.clause
    if not claims:
        # A part alone may be a heading; in "brows and cheeks raised" it would be said to rise and not be read.
        named = (c.bases or c.qualifiers or c.acting) and not c.heads
        says = c.motions or c.band or c.side or c.negated or c.ahead or c.resting or c.symmetric or c.asymmetric
        return "makes no claim that can be checked" if says or named else ""
    if c.conflicting or len(set(c.qualifiers)) > 1:
        return "says two strengths, two sides or two halves at once"
    if c.feelings and c.band:
        return "gives a feeling a strength, which nobody measures"
    if (c.symmetric or c.asymmetric) and (read.actions or c.side or c.ahead):
        return "calls an action symmetric or asymmetric instead of telling its sides"
    if len(set(c.bases)) > 1 and not any(set(c.bases) <= together for together in _TOGETHER):
        return "speaks of two parts of the face at once"
    if c.side in ("left", "right") and any(not _sided(key, c) for key in read.actions):
        return f"gives a side ({c.side}) to what has none"
    return "moves two ways at once" if _odd_motions(read) else ""


def _sided(key: str, clause: Clause) -> bool:
    return BY_KEY[key].kind == "pair" or key.endswith(f"_{clause.side}")


def _odd_motions(read: ReadClause) -> bool:
    """Whether a motion was passed over that does not bear out those that were read."""
    motions = set(read.clause.motions)
    meaning = {motion for motion in motions if (read.part, motion) in DIRECTED}
    meaning = meaning or {motion for motion in motions if _means(read, motion)}
    exact = {motion for motion in meaning if motion not in VAGUE_MOTIONS} or meaning
    return not motions <= exact.union(*(_AGREEING.get(motion, set()) for motion in exact))


def _means(read: ReadClause, motion: str) -> bool:
    if (read.part, motion) in MEANINGS:
        return True
    # What a clause names no part for may be of another part than the one before it.
    return ("", motion) in MEANINGS and (not read.clause.bases or can_do(read.part, read.clause, motion))
