"""Fields of a caption say nothing that the numbers or another field contradict."""

from __future__ import annotations

import numpy as np
import pytest
from faces_by_name import face
from numpy.typing import NDArray

from sfcore.captions.admissible import inadmissible
from sfcore.captions.category import category_of
from sfcore.captions.claims import claims_of_field
from sfcore.captions.description import Description
from sfcore.captions.grammar import NOT_OBSERVABLE, SYMMETRIC, describe
from sfcore.captions.verify import verify
from sfcore.recordings.prior import draw_take

Face = NDArray[np.float32]
UNKNOWN = float("nan")


def captions(values: Face) -> list[Description]:
    """The same face in many words, all of them true and all of them open to checking."""
    told = [describe(values, f"words {n}") for n in range(40)]
    assert all(verify(description, values).faults == inadmissible(description) == () for description in told)
    return told


def actions(text: str, field: str) -> set[str]:
    return {claim.subject for claim in claims_of_field(text, field) if claim.kind in ("action", "stronger")}


@pytest.mark.parametrize(
    ("category", "values"),
    [
        ("lowered lids", {"EyeBlinkLeft": 0.5}),
        ("lowered lids", {"EyeBlink": 0.5}),
        ("lowered lids", {"EyeBlinkLeft": 0.6, "EyeBlinkRight": 0.5}),
        ("eyes closed", {"EyeBlink": 0.6}),
        ("eyes closed", {"EyeBlinkLeft": 1.0, "EyeBlinkRight": 0.58}),
        ("wink", {"EyeBlinkLeft": 0.6}),
        # Corners pulled up and down at once are no smile and no contempt.
        ("unclear", {"MouthSmile": 0.32, "CheekSquint": 0.21, "MouthFrown": 0.6}),
        ("unclear", {"MouthSmile": 0.8, "MouthFrown": 0.8}),
        ("unclear", {"MouthSmileLeft": 0.8, "MouthFrownRight": 0.8}),
        ("felt smile", {"MouthSmile": 0.7, "CheekSquint": 0.5, "MouthFrown": 0.2}),
        # What cancels is not rest.
        ("unclear", {"EyeBlink": 1.0, "EyeWide": 0.9}),
        ("unclear", {"EyeLookUpLeft": 0.8, "EyeLookDownRight": 0.8}),
        ("unclear", {"JawLeft": 0.8, "JawRight": 0.8}),
        ("neutral", {"MouthLeft": 0.2, "MouthRight": 0.2}),
    ],
)
def test_a_category_claims_no_more_than_the_face_shows(category: str, values: dict[str, float]) -> None:
    assert category_of(face(**values)) == category
    assert all("enjoyment" not in d.emotional_implication for d in captions(face(**values)) if category == "unclear")


@pytest.mark.parametrize(
    ("unseen", "values"),
    [
        ("eyes", {"EyeBlink": 1.0, "EyeWide": 0.9}),
        ("eyes", {"EyeLookUpLeft": 0.8, "EyeLookDownRight": 0.8}),
        ("eyes", {"EyeLookIn": 0.6, "EyeLookOut": 0.6}),
        ("jaw", {"JawLeft": 0.8, "JawRight": 0.8}),
        ("mouth", {"JawOpen": 0.7}),
        ("mouth", {"TongueOut": 0.7}),
    ],
)
def test_what_cancels_or_stands_open_is_not_said_to_rest(unseen: str, values: dict[str, float]) -> None:
    for description in captions(face(**values)):
        resting = description.muscle_movements.rsplit(". ", 1)[-1].lower()
        assert unseen not in resting.replace(",", "").split()
        assert "cheeks" in resting


@pytest.mark.parametrize("stem", ["MouthSmile", "EyeBlink", "MouthDimple"])
@pytest.mark.parametrize(("seen", "other"), [("Left", "Right"), ("Right", "Left")])
def test_nobody_calls_a_face_symmetric_whose_other_side_is_unknown(stem: str, seen: str, other: str) -> None:
    half = face(**{f"{stem}{seen}": 0.8, f"{stem}{other}": UNKNOWN})
    assert all(description.symmetry == NOT_OBSERVABLE for description in captions(half))
    assert describe(face(**{f"{stem}{other}": UNKNOWN}), "x").symmetry == SYMMETRIC


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("eye_close", {"EyeBlink": 0.9, "EyeSquint": 1.0, "MouthShrugLower": 0.95, "JawOpen": 1.0}),
        ("eye_close", {"EyeBlinkLeft": 0.7, "MouthPucker": 0.9, "JawOpen": 0.9}),
        ("tongue_show", {"TongueOut": 0.4, "MouthLeft": 0.8, "BrowInnerUp": 0.7}),
    ],
)
def test_the_evidence_begins_with_what_made_the_category(action: str, values: dict[str, float]) -> None:
    for description in captions(face(**values)):
        category, _, evidence = description.expression_category.partition(":")
        # "tongue show, with mouth shift to the left": the category is the action.
        first = evidence.split(" with ")[0] or category.split(",")[0]
        assert action in actions(first, "muscle_movements")


def test_what_other_fields_name_is_told_among_the_movements() -> None:
    crowded = np.random.default_rng(4).random((100, 61)).astype(np.float32)
    prior = np.concatenate([draw_take(901, take, 120)[::12] for take in range(40)])
    for number, values in enumerate(np.concatenate([crowded, prior])):
        description = describe(values, f"face {number}")
        told = actions(description.muscle_movements, "muscle_movements")
        assert actions(description.symmetry, "symmetry") <= told
        assert actions(description.expression_category, "expression_category") <= told
        assert verify(description, values).faults == inadmissible(description) == ()


@pytest.mark.parametrize(
    ("clumsy", "values"),
    [
        ("eyes: eyes", {"EyeLookIn": 0.9}),
        ("eyes: eyes", {"EyeLookOut": 0.9, "EyeLookUp": 0.6}),
        ("nose wrinkle: nose wrinkle", {"NoseSneerRight": 0.6}),
        ("squint: squint", {"EyeSquintLeft": 0.6}),
    ],
)
def test_nothing_is_said_twice_in_a_row(clumsy: str, values: dict[str, float]) -> None:
    for description in captions(face(**values)):
        assert clumsy not in f"{description.muscle_movements} {description.expression_category}".lower()
