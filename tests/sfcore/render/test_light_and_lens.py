"""Light, backgrounds, drawings and the sensor: each does what its name says, and nothing when it is off."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import NAMES
from sfcore.randomness import picked
from sfcore.recipe import BackgroundKind, DrawingStyle, Faces, LightKind
from sfcore.render.backdrop import GREY, draw_background, paint_background
from sfcore.render.draw import Renderer
from sfcore.render.drawing import finish
from sfcore.render.illumination import around, draw_light, falling_on, lobe
from sfcore.render.scene import draw_scene
from sfcore.render.sensor import develop, draw_sensor
from sfcore.render.style import PHOTO, draw_style
from sfcore.rigs.parts import Part
from sfcore.rigs.registry import load_rig

OFF = Faces(noise=False, colour_cast_share=0, motion_blur_share=0, defocus_share=0, vignette_share=0, jpeg_share=0)
PERFECT = draw_sensor("x", OFF, (0.5, 0.4, 0.3))


def _unit(values: tuple[float, float, float]) -> np.ndarray:
    vector = np.asarray(values) + np.array([0, 0, 1e-6])
    return vector / np.linalg.norm(vector)


_number = st.floats(-1, 1)
_vector = st.tuples(_number, _number, _number).filter(lambda v: sum(x * x for x in v) > 0.01).map(_unit)


@given(lamp=_vector, normal=_vector)
def test_a_lamp_of_the_environment_is_a_clamped_cosine_to_second_order(lamp: np.ndarray, normal: np.ndarray) -> None:
    shed = falling_on(lobe(lamp, np.ones(3), 1.0), normal)[0]
    cosine = float(lamp @ normal)
    assert shed == pytest.approx(max(0.25 + 0.5 * cosine + 15 / 32 * (cosine**2 - 1 / 3), 0.0), abs=1e-6)
    assert abs(shed - max(cosine, 0.0)) < 0.13
    assert falling_on(around(np.full(3, 0.4)), normal) == pytest.approx([0.4] * 3)


@pytest.mark.parametrize("kind", get_args(LightKind))
def test_every_family_of_light_shows_a_face(kind: LightKind) -> None:
    for i in range(30):
        light = draw_light(f"k{i}", {kind: 1.0})
        assert light.kind == kind
        assert np.linalg.norm(light.key_direction) == pytest.approx(1.0, abs=1e-5)
        assert min(light.key) >= 0
        front = falling_on(light.environment, np.array([0.0, 0.0, 1.0])) + np.array(light.key) * max(light.key_direction[2], 0.0)
        assert 0.25 < front.mean() < 3.0


@given(chance=st.floats(0, 1), weights=st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 9), min_size=1))
def test_a_pick_is_one_of_the_names(chance: float, weights: dict[str, float]) -> None:
    assert picked(weights, chance) in weights


def test_picks_keep_their_weights() -> None:
    drawn = [picked({"a": 1.0, "b": 3.0}, (i + 0.5) / 1000) for i in range(1000)]
    assert drawn.count("b") == 750


@pytest.mark.parametrize("kind", get_args(BackgroundKind))
@pytest.mark.parametrize("size", [1, 33, 96])
def test_backgrounds_fill_the_picture(kind: BackgroundKind, size: int) -> None:
    background = draw_background("a key", {kind: 1.0})
    picture = paint_background(background, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1.001
    assert np.array_equal(picture, paint_background(background, size))
    if size == 96 and kind in ("stripes", "pattern", "foliage", "room"):
        assert picture.std() > 0.003
    assert (paint_background(GREY, size) == np.float32(0.21)).all()


def _face_like() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright disc before a dark ground, as light, parts and depths."""
    y, x = np.mgrid[0:64, 0:64]
    inside = np.hypot(x - 31.5, y - 31.5) < 20
    light = np.where(inside[::2, ::2, None], 0.6, 0.05).astype(np.float32) * np.array([1.0, 0.8, 0.7], np.float32)
    parts = np.where(inside, int(Part.SKIN), int(Part.BACKGROUND)).astype(np.int32)
    return light, parts, np.where(inside, 0.01, -np.inf).astype(np.float32)


@pytest.mark.parametrize("kind", get_args(DrawingStyle))
def test_every_style_draws_something_of_its_own(kind: DrawingStyle) -> None:
    light, parts, depth = _face_like()
    style = replace(draw_style("key", {kind: 1.0}), ink=0.8, line=3.0)
    picture = light.copy()
    finish(picture, parts, depth, style)
    assert np.isfinite(picture).all()
    edge = picture[4:8, 16]
    assert edge.min() < 0.6 * picture[16, 16].min(), "the outline is darker than what it surrounds"
    if kind == "pencil":
        assert np.abs(picture - picture.mean(axis=2, keepdims=True)).max() < 0.05


@pytest.mark.parametrize("kind", get_args(DrawingStyle))
def test_every_style_is_another_picture_of_the_same_scene(kind: DrawingStyle) -> None:
    rig = load_rig("procedural")
    faces = Faces(size=64, cartoon_share=0, drawn_share=0, glasses_share=0, headwear_share=0, occluder_share=0)
    renderer = Renderer(rig)
    scene = draw_scene("a", rig, "b", np.zeros(len(NAMES), np.float32), faces)
    photo, parts = renderer.draw_light(scene)
    for i in range(4):
        drawing, same = renderer.draw_light(replace(scene, style=draw_style(f"key {i}", {kind: 1.0})))
        assert np.isfinite(drawing).all()
        assert np.abs(drawing - photo).mean() > 0.01
        assert (np.isin(parts, Part.SKIN) == np.isin(same, Part.SKIN)).mean() > 0.9


def test_a_photograph_stays_as_it_is() -> None:
    light, parts, depth = _face_like()
    picture = light.copy()
    finish(picture, parts, depth, PHOTO)
    assert np.array_equal(picture, light)


def _dot(size: int = 97) -> np.ndarray:
    light = np.zeros((size, size, 3), np.float32)
    light[size // 2, size // 2] = 40.0
    return light


@settings(max_examples=25, deadline=None)
@given(angle=st.floats(0, 3.14), length=st.floats(1, 8))
def test_motion_blur_draws_a_line_of_its_length(angle: float, length: float) -> None:
    motion = (length * np.cos(angle), length * np.sin(angle))
    y, x, _ = np.nonzero(develop(_dot(), replace(PERFECT, motion=motion)))
    along = (x - 48) * np.cos(angle) + (y - 48) * np.sin(angle)
    across = (y - 48) * np.cos(angle) - (x - 48) * np.sin(angle)
    assert length - 1 <= np.ptp(along) <= length + 3.5
    assert np.abs(across).max() <= 1.5


def test_defocus_makes_discs_and_keeps_the_light() -> None:
    y, x, _ = np.nonzero(develop(_dot(), replace(PERFECT, defocus=3.0)))
    assert 2.5 <= np.hypot(y - 48, x - 48).max() <= 4
    even = np.full((40, 40, 3), 0.3, np.float32)
    for change in ({"defocus": 2.0}, {"motion": (3.0, 1.0)}, {"blur": 1.2}):
        pixels = develop(even, replace(PERFECT, **change)).astype(int)
        assert np.ptp(pixels) <= 1
        assert abs(int(pixels[0, 0, 0]) - int(develop(even, PERFECT)[0, 0, 0])) <= 1


def test_each_flaw_of_the_sensor_shows() -> None:
    light = np.full((64, 64, 3), 0.2, np.float32)
    light[::2, ::3] = (0.5, 0.1, 0.3)
    plain = develop(light, PERFECT).astype(int)
    assert np.array_equal(plain, develop(light, PERFECT))
    dark = develop(light, replace(PERFECT, vignette=0.5))
    assert dark[1, 1].sum() < plain[1, 1].sum() - 60
    assert abs(int(dark[32, 32].sum()) - int(plain[32, 32].sum())) < 6
    small = develop(light, replace(PERFECT, jpeg=25)).astype(int)
    assert np.abs(small - plain).mean() > 2
    assert np.array_equal(small, develop(light, replace(PERFECT, jpeg=25)))
    warm = develop(light, replace(PERFECT, white=(1.3, 1.0, 0.7))).astype(int)
    assert (warm[..., 0] >= plain[..., 0]).all()
    assert (warm[..., 2] <= plain[..., 2]).all()
    grain = develop(light, replace(PERFECT, noise=0.02)).astype(int) - plain
    assert 3 < grain.std() < 7
    assert np.ptp(develop(light, replace(PERFECT, saturation=0.0)).astype(int), axis=2).max() == 0
