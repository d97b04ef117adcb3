"""Rigs of other people, read from what they published: counts, sides, lids, marks, and what each says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.rigs.checking import check_rig
from sfcore.rigs.frontal import place_of, seen_from_front
from sfcore.rigs.importing import import_rig
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.skin import mouth_half_width
from sfcore.rigs.rig import Rig
from sfcore.rigs.rig_file import rig_from_bytes, rig_to_bytes


@pytest.fixture(scope="session")
def mpfb_rig(real_data: Path) -> Rig:
    return import_rig("mpfb", real_data / "mpfb")


@pytest.fixture(scope="session")
def mask_rig(real_data: Path) -> Rig:
    return import_rig("obj", real_data / "arkit-reference", "mask")


@pytest.fixture(params=["ict_rig", "mpfb_rig", "mask_rig"])
def rig(request: pytest.FixtureRequest) -> Rig:
    chosen: Rig = request.getfixturevalue(request.param)
    return chosen


def _values(**named: float) -> np.ndarray:
    values = np.zeros(len(NAMES), np.float32)
    for name, value in named.items():
        values[INDEX[name]] = value
    return values


def _average(rig: Rig) -> np.ndarray:
    return np.zeros(len(rig.mode_names), np.float32)


def _gaps(rig: Rig, side: int, posed: np.ndarray) -> np.ndarray:
    eye = rig.eyes[side]
    return posed[eye.upper, 1] - posed[eye.lower, 1]


def test_ict_holds_its_hundred_modes_and_the_merged_shapes(ict_rig: Rig) -> None:
    assert ict_rig.mode_names == tuple(f"identity{k:03d}" for k in range(100))
    assert [shape.name for shape in SHAPES if not ict_rig.channels_shown[shape.index]] == ["TongueOut"]
    assert ict_rig.notes == ("rig 'ict' has no tongueOut: the channel is masked.",)
    brows = ict_rig.shapes.dense(INDEX["BrowInnerUp"], len(ict_rig.neutral))
    left, right = (np.abs(brows[sign * ict_rig.neutral[:, 0] > 0.5]).max() for sign in (1, -1))
    assert left == pytest.approx(right, rel=0.05)
    assert left > 0.4
    arrays = ict_rig.modes.nbytes + ict_rig.stretch.nbytes + ict_rig.shapes.offsets.nbytes + ict_rig.hair.nbytes
    assert arrays < 100 << 20


def test_one_unit_of_identity_is_one_deviation_among_people(ict_rig: Rig) -> None:
    """Faces of one standard deviation in all modes differ by half a centimetre, as people of one size do."""
    skin = np.unique(ict_rig.triangles[ict_rig.parts == Part.SKIN])
    spread = np.sqrt((ict_rig.modes[:, skin] ** 2).sum(axis=(0, 2)).mean())
    assert 0.3 < spread < 0.9


def test_left_shapes_move_the_subjects_left(rig: Rig) -> None:
    shown = np.unique(rig.triangles)
    for shape in SHAPES:
        if shape.side == "both" or not rig.channels_shown[shape.index]:
            continue
        size = np.linalg.norm(rig.shapes.dense(shape.index, len(rig.neutral))[shown], axis=1) ** 2
        if size.max() == 0:
            assert shape.name.startswith("EyeLook")
            continue
        towards = float((size * rig.neutral[shown, 0]).sum() / size.sum())
        assert (towards > 0) == (shape.side == "left"), shape.name


def test_a_blink_closes_the_lids_of_every_person(rig: Rig) -> None:
    draw = np.random.Generator(np.random.Philox(1))
    people = [_average(rig)] + [
        draw.normal(size=len(rig.mode_names)).astype(np.float32) for _ in range(5 * len(rig.mode_names[:1]))
    ]
    for person in people:
        base, stretch = rig.person(person)
        rest = rig.express(base, stretch, _values())
        shut = rig.express(base, stretch, _values(EyeBlinkLeft=1.0, EyeBlinkRight=1.0))
        for side in (0, 1):
            assert _gaps(rig, side, rest).max() > 0.5
            assert _gaps(rig, side, shut).max() < 0.25 * _gaps(rig, side, rest).max()
        assert _gaps(rig, 0, rig.express(base, stretch, _values(EyeBlinkRight=1.0))).max() > 0.5


def test_lids_stay_outside_the_eyeballs(rig: Rig) -> None:
    for name in ("EyeBlinkLeft", "EyeSquintLeft", "EyeLookDownLeft", "EyeWideLeft"):
        posed = rig.pose(_average(rig), _values(**{name: 1.0}))
        eye = rig.eyes[0]
        radius = np.linalg.norm(posed[eye.pole] - posed[eye.centre])
        ray = posed[eye.keep_out] - posed[eye.centre]
        assert (np.linalg.norm(ray, axis=1)[ray[:, 2] > 0] > 0.999 * radius).all()


def test_gaze_shapes_leave_the_eyeballs_where_they_are(rig: Rig) -> None:
    ball = np.unique(rig.triangles[np.isin(rig.parts, (Part.EYE_LEFT, Part.EYE_RIGHT))])
    for shape in SHAPES:
        moved = rig.shapes.dense(shape.index, len(rig.neutral))[ball]
        assert not moved.any(), shape.name


def test_mouth_close_shuts_an_open_jaw_and_does_little_alone(ict_rig: Rig) -> None:
    lips = np.unique(ict_rig.triangles[ict_rig.parts == Part.LIPS])
    lower = lips[ict_rig.neutral[lips, 1] < features.MOUTH_LINE - 0.8]

    def fall(**named: float) -> float:
        posed = ict_rig.pose(_average(ict_rig), _values(**named))
        return float((posed[lower, 1] - ict_rig.neutral[lower, 1]).mean())

    jaw = fall(JawOpen=1.0)
    assert jaw < -2.0
    assert fall(JawOpen=1.0, MouthClose=1.0) > 0.55 * jaw
    assert abs(fall(MouthClose=1.0)) < 0.25 * abs(jaw)


def test_paint_lands_on_the_features(rig: Rig) -> None:
    """Lips are red at the mouth and nowhere else; the side and the back of the head take no face paint."""
    front = rig.neutral[:, 2] > 6
    lips = np.unique(rig.triangles[rig.parts == Part.LIPS])
    seen = seen_from_front(rig.neutral, rig.triangles).owner
    rows, columns = np.nonzero((seen >= 0) & (rig.parts[np.maximum(seen, 0)] == Part.LIPS))
    across, heights = place_of(rows, columns)
    assert -8.6 < heights.min() < -7.0
    assert -6.4 < heights.max() < -5.2
    assert 2.0 < np.abs(across).max() < 3.0
    red = rig.uv[lips]
    assert np.abs(red[:, 0]).max() < mouth_half_width() + 0.6
    skin = np.unique(rig.triangles[rig.parts == Part.SKIN])
    back = skin[rig.neutral[skin, 2] < -3]
    assert (np.abs(rig.uv[back, 0]) > 8).all()
    lids = skin[front[skin] & (np.hypot(np.abs(rig.neutral[skin, 0]) - 3.1, rig.neutral[skin, 1]) < 1.2)]
    assert np.abs(rig.uv[lids] - rig.neutral[lids, :2]).max() < 0.8


def test_the_frame_is_the_embedded_heads(rig: Rig) -> None:
    left, right = (rig.neutral[eye.centre] for eye in rig.eyes)
    assert left[0] - right[0] == pytest.approx(6.2, abs=0.15)
    assert abs(left[1]) < 0.05
    assert rig.neutral[rig.eyes[0].pole, 2] == pytest.approx(features.EYE_CENTRE[2] + features.EYE_RADIUS, abs=0.1)
    assert 9.0 < rig.neutral[:, 2].max() < 13.0


def test_no_head_is_bald_or_floats(rig: Rig) -> None:
    assert rig.hair.shape[0] == len(rig.hair_names) > 5
    assert (rig.parts == Part.SHIRT).any()
    shirt = np.unique(rig.triangles[rig.parts == Part.SHIRT])
    assert not rig.head_share[shirt].any()
    assert rig.head_share[rig.eyes[0].centre] == 1
    assert (rig.parts == Part.TEETH_UPPER).any()


def test_no_shape_is_wrong(rig: Rig) -> None:
    assert [finding.sentence for finding in check_rig(rig) if finding.severity == "wrong"] == []


def test_the_file_keeps_the_digest(rig: Rig) -> None:
    content = rig_to_bytes(rig)
    assert rig_from_bytes(content, rig.name).digest == rig.digest
    assert len(content) < 24 << 20


def test_sources_say_their_licence_and_domain(ict_rig: Rig, mpfb_rig: Rig, mask_rig: Rig) -> None:
    assert (ict_rig.name, ict_rig.domain) == ("ict", "ict")
    assert ict_rig.licence.startswith("MIT")
    assert (mpfb_rig.name, mpfb_rig.domain) == ("mpfb", "mpfb")
    assert (mask_rig.domain, mask_rig.licence) == ("obj:mask", "none stated")
    assert mpfb_rig.channels_shown[INDEX["TongueOut"]]


def test_an_unknown_kind_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"no kind of rig 'ict-facekitt' \(did you mean 'ict-facekit'\?\)"):
        import_rig("ict-facekitt", tmp_path)
