"""False captions in words that once hid them, and true ones in words that were once taken for false."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from faces_by_name import face

from sfcore.captions.admissible import inadmissible
from sfcore.captions.grammar import NOT_OBSERVABLE, describe
from sfcore.captions.verify import verify

REST = face()
LOPSIDED = face(MouthSmileLeft=0.9, MouthSmileRight=0.2)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (REST, "Jaw still fully dropped."),
        (REST, "Brows still strongly raised, mouth still fully open."),
        (REST, "Relaxed smile."),
        (REST, "Neutral jaw drop."),
        (REST, "The rest of the brows strongly raised."),
        (REST, "Tongue still fully shown. Cheeks still fully puffed."),
        (REST, "Jaw fully dropped still."),
        (REST, "Gaze still strongly to the left."),
        (REST, "Jaw never not fully dropped."),
        (REST, "No lack of jaw drop."),
        (REST, "Jaw drop not absent."),
        (REST, "Brows not without strong raise."),
        (REST, "Jaw less fully dropped."),
        (face(NoseSneer=0.7), "Forehead strongly wrinkled."),
        (face(NoseSneer=0.7), "Eyes strongly wrinkled."),
        (face(NoseSneer=0.7), "Chin strongly wrinkled."),
        (face(MouthPress=0.9), "Eyes fully pressed."),
        (face(MouthPress=0.9), "Brows fully pressed together."),
        (face(MouthPress=0.9, BrowDown=0.9), "Brows fully lowered and fully pressed together."),
        (face(MouthStretch=0.9), "Jaw fully stretched."),
        (face(MouthStretch=0.9), "Eyes fully stretched."),
        (face(MouthPucker=0.9), "Brows fully puckered."),
        (face(CheekPuff=0.9), "Eyes fully puffed."),
        (face(EyeBlinkLeft=1.0), "Left eye fully closed, right eye not open."),
    ],
)
def test_false_movements_are_found(shapes: np.ndarray, said: str) -> None:
    assert verify(replace(describe(shapes, "x"), muscle_movements=said), shapes).faults


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (REST, "Jaw still."),
        (REST, "Brows at rest, cheeks and nose neutral, jaw relaxed."),
        (REST, "Dimpling inactive."),
        (REST, "No brow raise nor lowering."),
        (REST, "The eyes are open."),
        (face(EyeBlink=0.2), "Eyes still slightly closed."),
        (face(EyeBlinkLeft=1.0), "Left eye fully closed, right eye remains open."),
        (face(EyeBlinkLeft=1.0), "The left eye is fully closed while the right stays open."),
        (face(EyeBlink=1.0), "Eyes fully pressed shut."),
        (face(EyeWide=0.9), "Eyes fully open."),
        (face(JawLeft=0.9), "Jaw moves fully to the left."),
        (face(JawOpen=0.9), "Jaw still fully dropped."),
        (face(JawOpen=0.9), "Jaw never not fully dropped."),
        (face(JawOpen=0.45, TongueOut=0.9), "Jaw moderately dropped, tongue fully stuck out over the lower lip."),
    ],
)
def test_true_movements_are_taken(shapes: np.ndarray, said: str) -> None:
    description = replace(describe(shapes, "x"), muscle_movements=said)
    assert (*verify(description, shapes).faults, *inadmissible(description)) == ()


@pytest.mark.parametrize(
    ("said", "true"),
    [
        ("asymmetric: lip corner pull markedly weaker on the right", True),
        ("asymmetric: lip corner pull markedly weaker on the left", False),
        ("asymmetric: smile on the left", True),
        ("asymmetric: smile on the right", False),
        ("asymmetric: smile extreme on the left, slight on the right", True),
    ],
)
def test_a_side_behind_and_a_side_named_alone(said: str, true: bool) -> None:
    description = replace(describe(LOPSIDED, "x"), symmetry=said)
    assert (verify(description, LOPSIDED).faults == ()) is true


def test_nobody_knows_that_a_face_is_even_whose_smile_is_known_on_one_side_alone() -> None:
    half = face(MouthSmileLeft=0.8, MouthSmileRight=np.nan)
    told = describe(half, "x")
    assert told.symmetry == NOT_OBSERVABLE
    assert verify(told, half).faults == ()
    assert verify(replace(told, symmetry="mostly symmetric"), half).faults
