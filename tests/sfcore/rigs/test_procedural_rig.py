"""What a user of a rig relies on: the right tissue on the right side, closed lids, lips that touch, honest refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sfcore.arkit import BY_NAME, INDEX, LEFT_RIGHT_PAIRS, MIRROR_INDEX, MIRROR_SIGN, NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.render.traits import draw_traits
from sfcore.rigs.parts import Part
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("procedural")


def _face(**values: float) -> np.ndarray:
    coefficients = np.zeros(len(NAMES), np.float32)
    for name, value in values.items():
        coefficients[INDEX[name]] = value
    return coefficients


def _nobody(rig: Rig) -> np.ndarray:
    return np.zeros(len(rig.mode_names), np.float32)


people = arrays(np.float32, len(load_rig("procedural").mode_names), elements=st.floats(-2, 2, width=32))
expressions = arrays(np.float32, len(SHAPES), elements=st.floats(0, 1, width=32))


def _whole(shapes: np.ndarray) -> np.ndarray:
    return np.concatenate([shapes, np.zeros(len(NAMES) - len(SHAPES), np.float32)])


def _mirror(rig: Rig) -> np.ndarray:
    """Vertex that lies at each vertex's mirror image in the bald neutral head (hair is not symmetric)."""
    order = {tuple(np.round(p, 4)): i for i, p in enumerate(rig.neutral[: rig.hair_start].tolist())}
    partner = [
        order.get((round(-x, 4) + 0.0, round(y, 4), round(z, 4)), -1) for x, y, z in rig.neutral[: rig.hair_start].tolist()
    ]
    return np.array(partner)


def test_every_shape_moves_something_and_no_two_move_the_same(rig: Rig) -> None:
    moved = [rig.shapes.dense(i, len(rig.neutral)) for i in range(len(SHAPES))]
    assert min(np.abs(m).max() for m in moved) > 0.03
    for i in range(len(SHAPES)):
        for j in range(i):
            a, b = moved[i].ravel(), moved[j].ravel()
            assert (a @ b) / np.sqrt((a @ a) * (b @ b)) < 0.98, (NAMES[i], NAMES[j])


SIDED = [(left, right) for left, right in LEFT_RIGHT_PAIRS if BY_NAME[left].side == "left"]


@pytest.mark.parametrize(("left", "right"), SIDED)
def test_sided_shapes_move_their_side(rig: Rig, left: str, right: str) -> None:
    for name, side in ((left, 1.0), (right, -1.0)):
        move = np.linalg.norm(rig.shapes.dense(INDEX[name], len(rig.neutral)), axis=1)
        own, other = rig.neutral[:, 0] * side > 0.6, rig.neutral[:, 0] * side < -0.6
        assert move[own].sum() > 20 * move[other].sum(), name


@settings(max_examples=25, deadline=None)
@given(shapes=expressions)
def test_mirrored_coefficients_give_the_mirrored_face(rig: Rig, shapes: np.ndarray) -> None:
    face = _whole(shapes)
    face[INDEX["HeadYaw"]] = 0.3
    mirrored = face[list(MIRROR_INDEX)] * np.array(MIRROR_SIGN, np.float32)
    partner = _mirror(rig)
    paired = np.flatnonzero(partner >= 0)
    assert len(paired) > 0.85 * rig.hair_start
    here, there = rig.pose(_nobody(rig), face), rig.pose(_nobody(rig), mirrored)
    assert np.allclose(here[paired] * [-1, 1, 1], there[partner[paired]], atol=2e-3)


@settings(max_examples=25, deadline=None)
@given(shapes=expressions, person=people)
def test_lids_never_sink_into_the_eyeball(rig: Rig, shapes: np.ndarray, person: np.ndarray) -> None:
    posed = rig.pose(person, _whole(shapes))
    for eye in rig.eyes:
        radius = np.linalg.norm(posed[eye.pole] - posed[eye.centre])
        for edge in (eye.upper, eye.lower):
            assert np.linalg.norm(posed[edge] - posed[eye.centre], axis=1).min() > 1.0 * radius


@settings(max_examples=25, deadline=None)
@given(person=people)
def test_a_full_blink_closes_the_eyes_of_everybody(rig: Rig, person: np.ndarray) -> None:
    modest = np.clip(person, -1.5, 1.5)
    posed = rig.pose(modest, _face(EyeBlinkLeft=1, EyeBlinkRight=1))
    for eye in rig.eyes:
        assert np.abs(posed[eye.upper, 1] - posed[eye.lower, 1]).max() < 0.12


@settings(max_examples=25, deadline=None)
@given(shapes=expressions, person=people)
def test_lips_never_cross(rig: Rig, shapes: np.ndarray, person: np.ndarray) -> None:
    posed = rig.pose(person, _whole(shapes))
    assert (posed[rig.lips[:, 0], 1] - posed[rig.lips[:, 1], 1]).min() > -1e-4


def test_mouth_close_brings_the_lips_together_over_an_open_jaw(rig: Rig) -> None:
    def gap(**values: float) -> float:
        posed = rig.pose(_nobody(rig), _face(**values))
        return float((posed[rig.lips[:, 0], 1] - posed[rig.lips[:, 1], 1]).max())

    assert gap(JawOpen=1) > 2.0
    assert gap(JawOpen=0.6, MouthClose=0.6) < 0.15 * gap(JawOpen=0.6)


def test_signs_of_the_head_are_those_of_the_channels(rig: Rig) -> None:
    nose = int(np.argmax(rig.neutral[: rig.hair_start, 2]))
    crown = int(np.argmax(rig.neutral[: rig.hair_start, 1]))
    rest = rig.pose(_nobody(rig), _face())
    turned = {name: rig.pose(_nobody(rig), _face(**{name: 0.3})) - rest for name in ("HeadYaw", "HeadPitch", "HeadRoll")}
    assert turned["HeadYaw"][nose, 0] > 1.0, "a positive yaw turns to the subject's left"
    assert turned["HeadPitch"][nose, 1] < -1.0, "a positive pitch nods down"
    assert turned["HeadRoll"][crown, 0] < -1.0, "a positive roll tilts to the subject's right shoulder"
    axes = rig.gaze(_face(LeftEyeYaw=0.3, RightEyePitch=0.2))
    assert axes[0, 0] < -0.2, "a positive eye yaw looks to the subject's right"
    assert axes[1, 1] < -0.1, "a positive eye pitch looks down"


def test_unknown_channels_are_drawn_at_rest(rig: Rig) -> None:
    assert np.array_equal(rig.pose(_nobody(rig), np.full(61, np.nan, np.float32)), rig.pose(_nobody(rig), _face()))


@pytest.mark.parametrize("wrong", [np.zeros(60), np.zeros((1, 61)), np.r_[np.inf, np.zeros(60)]])
def test_wrong_coefficients_are_refused_in_one_sentence(rig: Rig, wrong: np.ndarray) -> None:
    with pytest.raises(WrongUse, match=r"^[^\n]+\.$"):
        rig.pose(_nobody(rig), wrong)


def test_wrong_identities_and_rigs_are_refused(rig: Rig) -> None:
    with pytest.raises(WrongUse, match="identity weights"):
        rig.pose(np.full(len(rig.mode_names), np.nan), _face())
    with pytest.raises(WrongUse, match=r"did you mean 'procedural'\?"):
        load_rig("procedual")
    with pytest.raises(WrongUse, match="triangles name vertices"):
        replace(rig, triangles=rig.triangles + len(rig.neutral))
    with pytest.raises(WrongUse, match="not finite"):
        replace(rig, neutral=np.full_like(rig.neutral, np.nan))


def test_arrays_are_read_only_and_the_digest_covers_them(rig: Rig) -> None:
    with pytest.raises(ValueError, match="read-only"):
        rig.neutral[0, 0] = 1.0
    nudged = rig.neutral.copy()
    nudged[0, 0] += 1e-3
    assert len(rig.digest) == 32
    assert replace(rig, neutral=nudged).digest != rig.digest == replace(rig, version=rig.version).digest


def test_only_eye_rolls_are_hidden(rig: Rig) -> None:
    assert [NAMES[i] for i in np.flatnonzero(~rig.channels_shown)] == ["LeftEyeRoll", "RightEyeRoll"]


def test_heads_have_a_jaw_wider_than_the_neck_and_a_chin_that_drops(rig: Rig) -> None:
    def half_width(points: np.ndarray, low: float, high: float) -> float:
        skin = points[: rig.hair_start][np.isin(np.arange(rig.hair_start), rig.triangles[rig.parts == Part.SKIN])]
        return float(skin[(skin[:, 1] > low) & (skin[:, 1] < high), 0].max())

    for name in range(40):
        modes = np.array(draw_traits(f"person {name}", rig, 0.0).modes, np.float32)
        points, _ = rig.person(modes)
        neck = half_width(points, -13.4, -12.6)
        assert 0.45 < neck / half_width(points, -2.0, 6.0) < 0.75, name
        assert neck < half_width(points, -7.5, -6.5), name
    rest, wide = rig.pose(_nobody(rig), _face()), rig.pose(_nobody(rig), _face(JawOpen=1))
    chin = int(np.argmin(np.abs(rest[: rig.hair_start] - [0.0, -10.2, 9.0]).sum(axis=1)))
    assert wide[chin, 1] < rest[chin, 1] - 1.8
