"""The 61 channels: order, sides, mirrors and spellings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sfcore import arkit


def test_the_order_is_that_of_a_published_take(real_data: Path) -> None:
    with (real_data / "livelink" / "alex_rom_3.csv").open() as lines:
        header = lines.readline().strip().split(",")
    assert tuple(header[2:]) == arkit.NAMES


def test_there_are_52_shapes_and_9_rotations_each_with_its_anatomy() -> None:
    assert (len(arkit.SHAPES), len(arkit.ROTATIONS)) == (52, 9)
    assert all(channel.tissue for channel in arkit.CHANNELS)
    assert {c.side for c in arkit.SHAPES if c.name.endswith("Left")} == {"left", "both"}
    # These name a direction, not a side of the tissue.
    assert {arkit.BY_NAME[n].side for n in ("JawLeft", "JawRight", "MouthLeft", "MouthRight")} == {"both"}


@given(arrays(np.float32, 61, elements=st.floats(-1, 1, width=32)))
def test_mirroring_twice_gives_the_same_face(values: np.ndarray) -> None:
    index, sign = list(arkit.MIRROR_INDEX), np.asarray(arkit.MIRROR_SIGN, np.float32)
    once = values[index] * sign
    assert np.array_equal(once[index] * sign, values)


def test_a_mirrored_face_swaps_sides_and_turns_the_other_way() -> None:
    values = np.zeros(61, np.float32)
    for name, value in {"MouthSmileLeft": 0.5, "JawRight": 0.3, "HeadYaw": 0.2, "HeadPitch": 0.1, "LeftEyeYaw": 0.4}.items():
        values[arkit.INDEX[name]] = value
    mirrored = values[list(arkit.MIRROR_INDEX)] * np.asarray(arkit.MIRROR_SIGN, np.float32)
    shown = {arkit.NAMES[i]: round(float(v), 3) for i, v in enumerate(mirrored) if v}
    assert shown == {"MouthSmileRight": 0.5, "JawLeft": 0.3, "HeadYaw": -0.2, "HeadPitch": 0.1, "RightEyeYaw": -0.4}


@pytest.mark.parametrize("channel", arkit.CHANNELS, ids=lambda channel: channel.name)
def test_every_usual_spelling_is_understood(channel: arkit.Channel) -> None:
    name = channel.name
    lower = name[0].lower() + name[1:]
    spellings = [name, lower, f"blendShapes.{name}", lower.upper(), f" {lower} "]
    if channel.side != "both" and name.endswith(("Left", "Right")):
        stem, side = (lower[:-4], "_L") if name.endswith("Left") else (lower[:-5], "_R")
        spellings.append(stem + side)
    assert [arkit.resolve(spelling) for spelling in spellings] == [channel] * len(spellings)


@pytest.mark.parametrize("word", ["", "Timecode", "BlendShapeCount", "_neutral", "Neutral", "viseme_aa", "eye", "Left"])
def test_what_is_no_channel_is_none(word: str) -> None:
    assert arkit.resolve(word) is None
