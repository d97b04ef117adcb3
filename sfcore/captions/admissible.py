"""What a caption may say at all when nobody who is trusted has written it.

The reader of claims passes over words that it does not know, which is right for measuring other people's texts. A language model
could hide anything in such words (a hat, a mood, a raised ear), so here each word must either mean something to the reader or be
one of those that mean nothing by themselves, and each clause that speaks of the face must make a claim.
"""

from __future__ import annotations

import re

from sfcore.captions.category import CATEGORIES
from sfcore.captions.claims import claims_of, unread_of
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.grammar import NOT_OBSERVABLE
from sfcore.captions.vocabulary import (
    ACTING,
    ASYMMETRIC,
    BASES,
    BREAKING_WORDS,
    FEELINGS,
    INTENSITIES,
    MOTIONS,
    NEGATIONS,
    QUALIFIERS,
    RESTING,
    SIDES,
    STRONGER,
    SYMMETRIC,
)


def _words(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


# Words that hold a sentence together and claim nothing, and words of anatomy and of coding sheets that need a motion to claim.
_EMPTY = _words(
    """
    a an the this that these those it its they their them there here is are be being been was were has have having had do does as
    at by for from of on onto to into so such than then also too only each other another one ones which who whose where when i s
    overall together while both
    face facial faces expression expressions subject person muscle muscles region regions area areas side sides position state
    pair degree extent intensity strength visible visibly observed seen appear appears observable clearly clear apparent present
    mostly largely generally
    sign signs signal signals indicate indicates indicating suggest suggests suggesting show shows showing reflect reflects
    reflecting consistent typical meaning characteristic defined marked dominated combined accompanied most
    pulled drawn brought opened held set kept placed moved moves moving sideways lateral laterally horizontally vertically toward
    towards along across around over under above below within between tipped pitch
    orbicularis oculi oris zygomatic major minor corrugator supercilii frontalis levator depressor anguli labii mentalis masseter
    midface forehead social little known emotion emotional feeling feelings
    """
)
_OF_CATEGORIES = frozenset(word for name in CATEGORIES for word in name.split())
# What one of our own implications says beside its feeling.
_OF_IMPLICATIONS = _words("alarm irritation aversion distress disdain something sudden")
_KNOWN = frozenset().union(
    *(BASES, QUALIFIERS, MOTIONS, INTENSITIES, SIDES, NEGATIONS, STRONGER, SYMMETRIC, ASYMMETRIC, RESTING, ACTING, FEELINGS),
    *(BREAKING_WORDS, _EMPTY, _OF_CATEGORIES),
)
_FELT = ("expression_category", "emotional_implication")
_WORD = re.compile(r"[a-z]+")


def inadmissible(description: Description) -> tuple[str, ...]:
    """One sentence for each thing in a description that nobody could check; empty for a description that may be taken.

    Feelings are read in the category and the implication alone, so they are not admitted elsewhere.
    """
    faults = [fault for field in FIELDS for fault in _of_field(getattr(description, field), field)]
    opening = re.match(r"[a-z ]+", description.expression_category.lower())
    if not opening or opening[0].strip() not in CATEGORIES:
        faults.append("expression_category begins with none of the categories")
    implied = description.emotional_implication.lower().rstrip(". ")
    if implied != NOT_OBSERVABLE and not any(
        claim.kind == "feeling" for claim in claims_of(Description("", "", description.emotional_implication, ""))
    ):
        faults.append(f'emotional_implication names no feeling and does not say "{NOT_OBSERVABLE}"')
    if (
        not claims_of(Description("", "", "", description.symmetry))
        and description.symmetry.lower().rstrip(". ") != NOT_OBSERVABLE
    ):
        faults.append("symmetry says nothing of symmetry")
    return tuple(faults)


def _of_field(text: str, field: str) -> list[str]:
    if field in ("emotional_implication", "symmetry") and text.lower().rstrip(". ") == NOT_OBSERVABLE:
        return []
    known = _KNOWN | _OF_IMPLICATIONS if field == "emotional_implication" else _KNOWN
    words = dict.fromkeys(_WORD.findall(text.lower()))
    faults = [f"{field} says '{word}', which cannot be checked" for word in words if word not in known]
    if field not in _FELT:
        faults += [f"{field} names a feeling ('{word}')" for word in words if word in FEELINGS]
    faults += [f"{field}: '{clause}' makes no claim that can be checked" for clause in unread_of(text, field)]
    return faults
