"""Scenes: whole in JSON, drawn from separate streams, honest about what is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.recipe import Faces
from sfcore.render.grooming import BARE, SHAVEN
from sfcore.render.scene import HEAD_LIMIT, Scene, draw_scene
from sfcore.rigs.registry import load_rig

RIG = load_rig("procedural")
UNKNOWN_ROTATIONS = np.r_[np.zeros(len(SHAPES)), np.full(9, np.nan)].astype(np.float32)


def _scene(key: str = "a", identity: str = "procedural-train-001", faces: Faces | None = None, **values: float) -> Scene:
    coefficients = UNKNOWN_ROTATIONS.copy()
    for name, value in values.items():
        coefficients[INDEX[name]] = value
    return draw_scene(key, RIG, identity, coefficients, faces or Faces())


@settings(max_examples=50, deadline=None)
@given(key=st.text(max_size=20), data=st.data())
def test_json_gives_the_same_scene_again(key: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.one_of(st.none(), st.floats(0, 1, width=32)), min_size=61, max_size=61))
    coefficients = np.array([np.nan if v is None else v for v in values], np.float32)
    often = Faces(glasses_share=0.5, headwear_share=0.5, occluder_share=0.5, cartoon_share=0.5)
    scene = draw_scene(key, RIG, f"procedural-{key}", coefficients, often)
    again = Scene.from_json(scene.to_json())
    assert again == scene
    assert np.array_equal(again.coefficients, scene.coefficients, equal_nan=True)
    assert again.coefficients.dtype == np.float32
    json.loads(scene.to_json(), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_unknown_shapes_stay_unknown_and_known_values_stay_exact() -> None:
    scene = _scene(JawOpen=float("nan"), MouthFunnel=0.123, HeadYaw=0.05)
    assert np.isnan(scene.coefficients[INDEX["JawOpen"]])
    assert scene.coefficients[INDEX["MouthFunnel"]] == np.float32(0.123)
    assert scene.coefficients[INDEX["HeadYaw"]] == np.float32(0.05)
    assert not np.isnan(scene.coefficients[len(SHAPES) :]).any()


def test_unknown_head_poses_are_drawn_within_bounds_or_straight() -> None:
    yaws = np.array([_scene(f"k{i}").coefficients[INDEX["HeadYaw"]] for i in range(300)])
    assert 0.15 < yaws.std() < 0.25
    assert np.abs(yaws).max() <= HEAD_LIMIT + 1e-6
    still = _scene(faces=Faces(head_motion=False)).coefficients
    assert [still[INDEX[n]] for n in ("HeadYaw", "HeadPitch", "HeadRoll")] == [0, 0, 0]


def test_unknown_eye_rotations_follow_the_look_shapes_in_sign() -> None:
    left = _scene(EyeLookInLeft=1, EyeLookOutRight=1).coefficients
    assert left[INDEX["LeftEyeYaw"]] > 0.3
    assert left[INDEX["RightEyeYaw"]] > 0.3, "both look to the subject's right"
    assert _scene(EyeLookDownLeft=1).coefficients[INDEX["LeftEyePitch"]] > 0.3


SWITCHES = {
    "light": (True, False, {"light"}),
    "lights": ({"sun": 1.0}, {"neon": 1.0}, {"light"}),
    "background": (True, False, {"background"}),
    "backgrounds": ({"room": 1.0}, {"foliage": 1.0}, {"background"}),
    "head_motion": (True, False, {"coefficients"}),
    "framing": (True, False, {"camera"}),
    "noise": (
        True,
        False,
        {"sensor.exposure", "sensor.contrast", "sensor.saturation", "sensor.white", "sensor.blur", "sensor.noise"},
    ),
    "colour_cast_share": (1.0, 0.0, {"sensor.white"}),
    "motion_blur_share": (1.0, 0.0, {"sensor.motion"}),
    "defocus_share": (1.0, 0.0, {"sensor.defocus"}),
    "vignette_share": (1.0, 0.0, {"sensor.vignette"}),
    "jpeg_share": (1.0, 0.0, {"sensor.jpeg"}),
    "glasses_share": (1.0, 0.0, {"glasses"}),
    "headwear_share": (1.0, 0.0, {"headwear"}),
    "occluder_share": (1.0, 0.0, {"occluder"}),
    "drawn_share": (1.0, 0.0, {"style"}),
    "make_up_share": (1.0, 0.0, {"traits"}),
    "beard_share": (1.0, 0.0, {"traits"}),
}


def _worn_by(trait: str) -> str:
    """A person on whom make-up or a beard shows."""
    names = (f"person {i}" for i in range(100))
    sure = Faces(make_up_share=1.0, beard_share=1.0, cartoon_share=0.0)
    return next(name for name in names if getattr(_scene(identity=name, faces=sure).traits, trait) not in (BARE, SHAVEN))


def test_make_up_and_beards_change_nothing_else_about_a_person() -> None:
    for switch, own in (("make_up_share", {"make_up", "lips", "blush"}), ("beard_share", {"beard"})):
        changed = set()
        for number in range(40):
            first, second = (vars(_scene(identity=f"p{number}", faces=Faces(**{switch: share})).traits) for share in (1.0, 0.0))
            changed |= {name for name in first if first[name] != second[name]}
        assert changed == own


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_moves_nothing_but_its_own(switch: str) -> None:
    one, other, own = SWITCHES[switch]
    person = {"make_up_share": _worn_by("make_up"), "beard_share": _worn_by("beard")}.get(switch, "procedural-train-001")
    for key in ("s1", "s2", "s3"):
        first, second = (
            json.loads(_scene(key, person, faces=Faces(**{"cartoon_share": 0.0, switch: value})).to_json())
            for value in (one, other)
        )
        for scene in (first, second):
            scene.update({f"sensor.{name}": value for name, value in scene.pop("sensor").items()})
        assert {name for name in first if first[name] != second[name]} == own


def test_everything_off_is_a_plain_photograph() -> None:
    off = {name: 0.0 for name in Faces.model_fields if name.endswith("_share")}
    scene = _scene(faces=Faces(**off, light=False, background=False, noise=False))
    assert scene.style.kind == "photo"
    assert (scene.glasses, scene.headwear, scene.occluder) == (None, None, None)
    sensor = scene.sensor
    assert (sensor.white, sensor.motion, sensor.blur, sensor.defocus, sensor.vignette, sensor.noise, sensor.jpeg) == (
        (1.0, 1.0, 1.0), (0.0, 0.0), 0.0, 0.0, 0.0, 0.0, 0,
    )  # fmt: skip
    assert _scene("another", faces=Faces(**off, light=False, background=False, noise=False)).light == scene.light


def test_shares_are_kept() -> None:
    scenes = [_scene(f"k{i}", identity=f"p{i}") for i in range(600)]
    faces = Faces()
    for name, share in (("glasses", faces.glasses_share), ("headwear", faces.headwear_share), ("occluder", faces.occluder_share)):
        assert abs(np.mean([getattr(s, name) is not None for s in scenes]) - share) < 0.045, name
    assert abs(np.mean([s.sensor.jpeg > 0 for s in scenes]) - faces.jpeg_share) < 0.06
    for field, wanted in (("light", faces.lights), ("background", faces.backgrounds)):
        kinds = [getattr(s, field).kind for s in scenes]
        assert set(kinds) == set(wanted)
        for kind, weight in wanted.items():
            assert abs(kinds.count(kind) / len(kinds) - weight) < 0.06, kind
    assert {s.style.kind for s in scenes} == {"photo", *faces.drawing_styles}


def test_weights_that_are_none_are_refused() -> None:
    for field in ("lights", "backgrounds", "drawing_styles"):
        for weights in ({}, {"cel": 0.0, "sun": 0.0, "room": 0.0}, {"moonshine": 1.0}):
            with pytest.raises(ValidationError):
                Faces(**{field: weights})


def test_a_person_looks_the_same_in_every_sample() -> None:
    scenes = [_scene(f"sample {i}") for i in range(5)]
    assert len({scene.traits for scene in scenes}) == 1
    assert len({_scene(identity=f"person {i}").traits.modes for i in range(20)}) == 20
    cartoons = [_scene(identity=f"p{i}", faces=Faces(cartoon_share=0.25)).traits.cartoon for i in range(400)]
    assert 0.17 < np.mean(cartoons) < 0.33


def test_wrong_scenes_are_refused_in_one_sentence() -> None:
    with pytest.raises(WrongUse, match="61 coefficients"):
        draw_scene("a", RIG, "b", np.zeros(60, np.float32), Faces())
    with pytest.raises(WrongUse, match="1 to 4096 pixels"):
        replace(_scene(), size=0)
    for text in ("", "{}", "[1]", _scene().to_json().replace('"camera"', '"kamera"')):
        with pytest.raises(WrongUse, match="describes no scene"):
            Scene.from_json(text)
    assert len(NAMES) == 61
