"""What is made false on purpose is found, and what a stranger may not say is not let through."""

from __future__ import annotations

import numpy as np
import pytest

from sfcore.arkit import INDEX
from sfcore.captions.admissible import inadmissible
from sfcore.captions.description import Description
from sfcore.captions.grammar import describe
from sfcore.captions.lies import LIES
from sfcore.captions.verify import verify
from sfcore.recordings.prior import draw_take


def drawn_faces() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    sparse = (rng.random((250, 61)) < 0.12) * rng.random((250, 61))
    dense = rng.random((100, 61))
    unknown = rng.beta(0.3, 0.7, (100, 61))
    unknown[rng.random((100, 61)) < 0.4] = np.nan
    return [face.astype(np.float32) for face in (*draw_take(4, 0, 250), *sparse, *dense, *unknown)]


@pytest.mark.parametrize("name", LIES)
def test_at_least_99_of_100_lies_are_found(name: str) -> None:
    told = found = 0
    for number, face in enumerate(drawn_faces()):
        false = LIES[name](describe(face, str(number)), face, np.random.default_rng(number))
        if false is not None:
            told += 1
            found += bool(verify(false, face).faults)
    assert told >= 100
    assert found >= 0.99 * told


FACE = np.zeros(61, np.float32)
for _name, _value in {
    "MouthSmileLeft": 0.70,
    "MouthSmileRight": 0.68,
    "CheekSquintLeft": 0.45,
    "CheekSquintRight": 0.45,
    "BrowOuterUpLeft": 0.35,
    "JawOpen": 0.20,
    "HeadYaw": 0.30,
}.items():
    FACE[INDEX[_name]] = _value
MOVES = (
    "Left outer brow moderately raised. Cheeks moderately raised. Lip corners strongly pulled up. Jaw slightly dropped. "
    "Head moderately turned to the left."
)
TRUE = {
    "expression_category": "felt smile: lip corner pull with cheek raise",
    "muscle_movements": MOVES,
    "emotional_implication": "felt enjoyment",
    "symmetry": "asymmetric: outer brow raise noticeably stronger on the left",
}


def faults(**changed: str) -> tuple[str, ...]:
    description = Description(**{**TRUE, **changed})
    return (*verify(description, FACE).faults, *inadmissible(description))


@pytest.mark.parametrize(
    "moves",
    [
        MOVES,
        "The left outer brow is moderately raised. The corners of the mouth are strongly pulled up. The jaw is slightly dropped.",
        "Moderate raise of the left outer brow. Strong bilateral lip corner pull, moderately raised cheeks. Slight jaw drop.",
        "Mouth: lip corners strongly drawn upward, jaw slightly lowered. Cheeks: moderate raise on both sides.",
        "The smile is strong on both sides and the cheeks rise moderately. The head turns moderately to the left.",
    ],
)
def test_a_true_caption_in_other_words_is_taken(moves: str) -> None:
    assert faults(muscle_movements=moves) == ()


@pytest.mark.parametrize(
    "said",
    [
        "Strong downward pull of the lip corners.",
        "Eyes to the right.",
        "Strong brows.",
        "Jaw dropped to the left.",
        "Lip corners slightly strongly pulled up.",
        "Lip corners pulled up on the left only.",
        "Cheeks brows moderately raised.",
        "Chin shifted left.",
        "The eyes wink.",
        "No action in the mouth.",
        "No clear facial action.",
        "Brows at rest.",
        "The lower face is inactive.",
        "Everything is symmetric.",
        "Upper lip pushed down.",
        "Head turned left and tilted.",
        "Gaze ahead.",
        "Outer brows raised.",
        "Lip corners pulled up, right much stronger.",
        "Left cheek stronger than the right.",
        "A red hat.",
        "Jaw not dropped.",
        "Lips parted.",
        "Mouth neutral.",
        "The cheeks rise while the outer brows remain neutral.",
        "Both sides at rest.",
        "An angry brow.",
        "Brows and cheeks moderately raised.",
        "Upper and lower lip rolled in.",
        "Lower upper lip raised.",
        "Clear action.",
        "Eyes, not nose and tongue at rest.",
        "Cheeks moderately moderately raised.",
        "Slightly.",
    ],
)
def test_false_and_uncheckable_sentences_are_refused(said: str) -> None:
    assert faults(muscle_movements=f"{MOVES} {said}")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("expression_category", "felt smile with wink"),
        ("expression_category", "felt smile, sadness"),
        ("expression_category", "neutral: no clear facial action"),
        ("expression_category", "a lovely smile"),
        ("emotional_implication", "enjoyment with alarm"),
        ("emotional_implication", "enjoyment and pride"),
        ("emotional_implication", "no enjoyment"),
        ("emotional_implication", "excited"),
        ("emotional_implication", "strong enjoyment"),
        ("emotional_implication", "not clearly observable, sadness"),
        ("symmetry", "mostly symmetric"),
        ("symmetry", "asymmetric: outer brow raise much stronger on the left"),
        ("symmetry", "asymmetric: outer brow raise stronger on the right"),
        ("symmetry", "the left side leads"),
        ("symmetry", "left asymmetric"),
    ],
)
def test_each_field_is_checked(field: str, said: str) -> None:
    assert faults(**{field: said})


def test_the_grammars_own_captions_are_all_admissible() -> None:
    for number, face in enumerate(drawn_faces()):
        assert inadmissible(describe(face, str(number))) == (), number
