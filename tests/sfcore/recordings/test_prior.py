"""Drawn takes look like a face in motion: coupled, smooth, without antagonists at war, and using every shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sfcore.arkit import EYE_RADIANS, INDEX, LEFT_RIGHT_PAIRS, NAMES, SHAPES
from sfcore.captions.category import EMOTIONS, category_of
from sfcore.recordings.prior import ANTAGONISTS, HEAD_LIMIT, draw_take

Take = NDArray[np.float32]
LOOKS = [INDEX[name] for name in NAMES if name.startswith("EyeLook")]


def column(take: Take, name: str) -> NDArray[np.float32]:
    return take[:, INDEX[name]]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_a_handful_of_short_takes_uses_every_shape_in_full(seed: int) -> None:
    peaks = np.concatenate([draw_take(seed, take, 60) for take in range(8)])[:, : len(SHAPES)].max(axis=0)
    assert {NAMES[i]: float(peaks[i]) for i in np.flatnonzero(peaks < 0.8)} == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 1000), st.integers(1, 90), st.sampled_from([15.0, 30.0, 60.0]))
def test_ranges_shape_and_antagonists(seed: int, number: int, frames: int, fps: float) -> None:
    take = draw_take(seed, number, frames, fps)
    assert take.shape == (frames, 61)
    assert take.dtype == np.float32
    assert np.isfinite(take).all()
    shapes = take[:, : len(SHAPES)]
    assert shapes.min() >= 0
    assert shapes.max() <= 1
    assert np.abs(take[:, INDEX["HeadYaw"] : INDEX["HeadRoll"] + 1]).max() <= HEAD_LIMIT + 1e-6
    opposed = [*ANTAGONISTS, *((f"EyeLookIn{s}", f"EyeLookOut{s}") for s in ("Left", "Right"))]
    opposed += [(f"EyeLookUp{s}", f"EyeLookDown{s}") for s in ("Left", "Right")]
    for one, other in opposed:
        assert np.minimum(column(take, one), column(take, other)).max() == 0, (one, other)


def test_the_same_numbers_again_and_others_for_another_take_or_seed() -> None:
    assert draw_take(3, 1, 40).tobytes() == draw_take(3, 1, 40).tobytes()
    assert draw_take(3, 1, 40).tobytes() != draw_take(3, 2, 40).tobytes()
    assert draw_take(3, 1, 40).tobytes() != draw_take(4, 1, 40).tobytes()


def test_eyes_turn_as_their_shapes_say() -> None:
    take = draw_take(0, 0, 600)
    for side, sign in (("Left", 1), ("Right", -1)):
        look = column(take, f"EyeLookIn{side}") - column(take, f"EyeLookOut{side}")
        np.testing.assert_allclose(column(take, f"{side}EyeYaw"), sign * EYE_RADIANS * look, atol=1e-6)
        down = column(take, f"EyeLookDown{side}") - column(take, f"EyeLookUp{side}")
        np.testing.assert_allclose(column(take, f"{side}EyePitch"), EYE_RADIANS * down, atol=1e-6)
    assert np.corrcoef(column(take, "LeftEyeYaw"), column(take, "RightEyeYaw"))[0, 1] > 0.7, "the eyes look the same way"


def test_motion_is_smooth() -> None:
    for number in range(4):
        take = draw_take(1, number, 300, fps=60.0)
        steps = np.abs(np.diff(take, axis=0))
        # The fastest thing a face does is a glance: end to end in an eighth of a second or more.
        assert steps.max() < 0.35
        assert np.median(steps.max(axis=1)) < 0.15


def test_sides_mostly_agree_and_sometimes_do_not() -> None:
    takes = np.concatenate([draw_take(2, number, 300) for number in range(6)])
    left = takes[:, [INDEX[a] for a, _ in LEFT_RIGHT_PAIRS if "Look" not in a and a not in ("JawLeft", "MouthLeft")]]
    right = takes[:, [INDEX[b] for a, b in LEFT_RIGHT_PAIRS if "Look" not in a and a not in ("JawLeft", "MouthLeft")]]
    moving = np.maximum(left, right) > 0.2
    apart = np.abs(left - right)[moving] > 0.25
    assert 0.01 < apart.mean() < 0.2


def test_about_a_tenth_of_the_frames_rests_and_the_others_vary() -> None:
    takes = np.concatenate([draw_take(7, number, 200) for number in range(10)])
    still = np.delete(takes[:, : len(SHAPES)], LOOKS, axis=1).max(axis=1) < 0.2
    assert 0.05 < still.mean() < 0.2
    categories = {category_of(frame) for frame in takes[::3]}
    assert len(categories & set(EMOTIONS)) >= 6
    active = (takes[:, : len(SHAPES)] > 0.3).sum(axis=1)
    assert np.quantile(active, 0.9) >= 8, "some frames are dense"
