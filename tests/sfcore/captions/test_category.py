"""The category follows from muscles by rules, and says so when it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from faces_by_name import face

from sfcore.arkit import INDEX
from sfcore.captions.category import ACTS, CATEGORIES, EMOTIONS, category_of


@pytest.mark.parametrize(
    ("category", "values"),
    [
        ("neutral", {}),
        ("neutral", {"MouthSmile": 0.2, "BrowInnerUp": 0.2}),
        ("felt smile", {"MouthSmile": 0.7, "CheekSquint": 0.5}),
        ("social smile", {"MouthSmile": 0.7, "CheekSquint": 0.1}),
        ("surprise", {"BrowInnerUp": 0.8, "BrowOuterUp": 0.8, "EyeWide": 0.6, "JawOpen": 0.5}),
        ("fear", {"BrowInnerUp": 0.8, "BrowOuterUp": 0.5, "BrowDown": 0.3, "EyeWide": 0.8, "MouthStretch": 0.7}),
        ("anger", {"BrowDown": 0.8, "EyeSquint": 0.5, "MouthPress": 0.6}),
        ("disgust", {"NoseSneer": 0.8, "MouthUpperUp": 0.6}),
        ("sadness", {"BrowInnerUp": 0.7, "MouthFrown": 0.6}),
        ("contempt", {"MouthDimpleLeft": 0.7}),
        ("contempt", {"MouthSmileRight": 0.5, "MouthSmileLeft": 0.05}),
        ("wink", {"EyeBlinkRight": 0.9}),
        ("eyes closed", {"EyeBlink": 0.9}),
        ("wide eyes", {"EyeWide": 0.7}),
        ("brow raise", {"BrowInnerUp": 0.6, "BrowOuterUp": 0.6}),
        ("lowered brow", {"BrowDown": 0.6}),
        ("cheek puff", {"CheekPuff": 0.8}),
        ("pucker", {"MouthPucker": 0.8}),
        ("jaw drop", {"JawOpen": 0.8}),
        ("mouth movement", {"MouthFunnel": 0.7, "JawOpen": 0.4}),
        ("tongue show", {"TongueOut": 0.9, "JawOpen": 0.5}),
        ("gaze shift", {"EyeLookUp": 0.8}),
        ("mixed", {"BrowInnerUp": 0.8, "BrowOuterUp": 0.8, "EyeWide": 0.7, "NoseSneer": 0.8, "MouthUpperUp": 0.75}),
        ("unclear", {"EyeSquint": 0.7, "MouthLeft": 0.7}),
        # Bared teeth, wrinkled nose and lowered brows: no smile, though the lip corners rise.
        ("disgust", {"MouthSmile": 0.46, "CheekSquint": 0.35, "NoseSneer": 0.8, "BrowDown": 0.75, "MouthUpperUp": 0.6}),
    ],
)
def test_category_of_known_expressions(category: str, values: dict[str, float]) -> None:
    assert category_of(face(**values)) == category


def test_unknown_muscles_show_no_emotion() -> None:
    smile = face(MouthSmile=0.8, CheekSquint=0.6)
    smile[[INDEX["CheekSquintLeft"], INDEX["CheekSquintRight"]]] = np.nan
    assert category_of(smile) not in EMOTIONS
    assert category_of(np.full(61, np.nan, np.float32)) == "unclear"


def test_the_set_is_closed_and_short() -> None:
    assert len(set(CATEGORIES)) == len(CATEGORIES) == 3 + len(EMOTIONS) + len(ACTS)
    assert all(name == name.lower() and len(name) <= 16 and ":" not in name for name in CATEGORIES)
