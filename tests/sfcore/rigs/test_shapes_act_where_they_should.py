"""Every shape, drawn: the pixels that change lie on the tissue and the side that `sfcore.arkit` names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from sfcore.arkit import BY_NAME, MIRROR_INDEX, MIRROR_SIGN, NAMES, SHAPES, Channel
from sfcore.render.draw import Renderer
from sfcore.render.sheet import plain_scene
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig

SIZE = 128
NOTICED = 6
"""Levels of 255 below which a change of a pixel is none."""
DEPTH = 7.0
"""Depth (cm) of the plane onto which pixels are carried back: between the eyes and the lips."""

# Ellipses on the face where a tissue lies: middle and half axes in cm of a head with 6.2 cm between the pupils, on the subject's
# left, heights from the pupils or from the line between the lips. Skin is one sheet, so each reaches beyond its tissue.
_FROM_EYES = {
    "upper lid": (3.1, 0.4, 2.3, 1.7),
    "lower lid": (3.1, -0.5, 2.4, 1.7),
    "eyeball": (3.1, 0.0, 2.2, 1.6),
    "brow": (3.2, 2.0, 3.8, 2.3),
    "forehead": (2.0, 5.0, 5.0, 4.0),
    "cheek": (4.3, -3.6, 3.2, 4.4),
    "nostril": (1.3, -3.6, 2.4, 1.9),
    "nose bridge": (0.6, -0.6, 2.4, 3.0),
}
_FROM_LIPS = {
    "upper lip": (0.0, 0.6, 3.8, 2.2),
    "lower lip": (0.0, -0.6, 3.8, 2.2),
    "lip corner": (2.6, 0.2, 2.6, 2.6),
    "lower teeth": (0.0, -1.0, 3.0, 2.4),
    "tongue": (0.0, -1.2, 3.0, 2.6),
    "chin": (0.0, -3.2, 4.4, 3.0),
    "jaw": (0.0, -2.0, 7.5, 5.0),
}
# What lies around a region's tissues and may be dragged along: heights from .. to, of the same head.
_AROUND = {
    "eyes": (-3.4, 3.2),
    "brows": (-0.8, 9.0),
    "nose": (-9.0, 4.0),
    "cheeks": (-11.0, 3.0),
    "mouth": (-14.0, -1.6),
    "tongue": (-14.0, -4.0),
    "jaw": (-16.0, -2.0),
}
TISSUES = {*_FROM_EYES, *_FROM_LIPS}


@dataclass(frozen=True)
class Stage:
    """A rig with its neutral picture and the place on the face (cm, 6.2 between the pupils) that each pixel shows."""

    rig: Rig
    renderer: Renderer
    neutral: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    lips: float
    least: float
    """Share of a shape's change that lies on its tissue: scanned people drag more of the face along than a sculpted head."""

    def picture(self, coefficients: NDArray[np.float32]) -> NDArray[np.int64]:
        # Bald: hair may be combed to one side.
        return self.renderer.draw(plain_scene(self.rig, coefficients, SIZE, "bald")).astype(np.int64)

    def change(self, channel: Channel) -> NDArray[np.float64]:
        """How much each pixel changes when the shape alone goes to full value, 0 where nobody would notice."""
        difference = np.abs(self.picture(_face(channel.name)) - self.neutral).max(axis=2).astype(float)
        return np.where(difference > NOTICED, difference, 0.0)

    def around(self, region: str) -> NDArray[np.bool_]:
        """Pixels of a region with all that it may drag along."""
        low, high = _AROUND[region]
        return (self.y > low) & (self.y < high)

    def zone(self, tissue: str) -> NDArray[np.bool_]:
        """Pixels of a tissue on both sides."""
        cx, cy, rx, ry = _FROM_EYES[tissue] if tissue in _FROM_EYES else _FROM_LIPS[tissue]
        down = self.y - (0.0 if tissue in _FROM_EYES else self.lips)
        return ((np.abs(self.x) - cx) / rx) ** 2 + ((down - cy) / ry) ** 2 < 1.0


def _face(*shapes: str) -> NDArray[np.float32]:
    """Coefficients (61,) with some shapes at full value; eyes follow their look shapes."""
    coefficients = np.full(len(NAMES), np.nan, np.float32)
    coefficients[: len(SHAPES)] = 0.0
    for name in shapes:
        coefficients[BY_NAME[name].index] = 1.0
    return coefficients


def _stage(rig: Rig, least: float) -> Stage:
    left, right = (rig.neutral[eye.centre].astype(float) for eye in rig.eyes)
    unit, eyes = abs(left[0] - right[0]) / 6.2, 0.5 * (left[1] + right[1])
    scene = plain_scene(rig, np.zeros(len(NAMES), np.float32), SIZE)
    camera = scene.camera
    scale = camera.focal(SIZE) / (camera.distance - DEPTH)
    across = (np.arange(SIZE) + 0.5 - SIZE / 2) / scale
    x, y = np.meshgrid(across + camera.centre_x, camera.centre_y - across)
    # Skin is painted from one plane for all heads: where it says "between the lips" is the mouth.
    skin = np.unique(rig.triangles[np.isin(rig.parts, (Part.SKIN, Part.LIPS))])
    mouth = skin[np.hypot(rig.uv[skin, 0], rig.uv[skin, 1] - features.MOUTH_LINE) < 0.8]
    lips = (float(rig.neutral[mouth, 1].mean()) - eyes) / unit
    renderer = Renderer(rig)
    stage = Stage(rig, renderer, np.zeros((SIZE, SIZE, 3), np.int64), x / unit, (y - eyes) / unit, lips, least)
    return Stage(rig, renderer, stage.picture(_face()), stage.x, stage.y, lips, least)


@pytest.fixture(scope="module")
def procedural() -> Stage:
    return _stage(load_rig("procedural"), 0.75)


@pytest.fixture(scope="module")
def ict(ict_rig: Rig) -> Stage:
    return _stage(ict_rig, 0.35)


@pytest.fixture(params=["procedural", "ict"])
def stage(request: pytest.FixtureRequest) -> Stage:
    return request.getfixturevalue(request.param)


def test_every_tissue_that_arkit_names_has_a_place() -> None:
    assert {tissue for channel in SHAPES for tissue in channel.tissue} == TISSUES


@pytest.mark.parametrize("name", [channel.name for channel in SHAPES])
def test_a_shape_changes_pixels_of_its_tissue_and_its_side(stage: Stage, name: str) -> None:
    channel = BY_NAME[name]
    if not stage.rig.channels_shown[channel.index]:
        assert not stage.change(channel).any(), f"{name} is masked and shows"
        return
    change = stage.change(channel)
    total = change.sum()
    assert (change > 0).sum() >= 12, f"nobody sees {name}"
    zones = [stage.zone(tissue) for tissue in channel.tissue]
    inside, near = change[np.any(zones, axis=0)].sum() / total, change[stage.around(channel.region)].sum() / total
    assert near > 0.85, f"{name}: only {near:.0%} of the change lies around the {channel.region}"
    assert inside > stage.least, f"{name}: only {inside:.0%} of the change lies on {', '.join(channel.tissue)}"
    for tissue, zone in zip(channel.tissue, zones, strict=True):
        assert change[zone].sum() > 0.04 * total, f"{name} leaves the {tissue} as it is"
    on_left = change[stage.x > 0].sum() / total
    expected = {"left": (0.7, 1.0), "right": (0.0, 0.3), "both": (0.35, 0.65)}[channel.side]
    assert expected[0] <= on_left <= expected[1], f"{name}: {on_left:.0%} of the change lies on the subject's left"


@pytest.mark.parametrize("seed", range(3))
def test_the_mirrored_face_is_the_mirrored_picture(procedural: Stage, seed: int) -> None:
    draw = np.random.default_rng(seed)
    face = np.zeros(len(NAMES), np.float32)
    face[: len(SHAPES)] = draw.random(len(SHAPES)) * (draw.random(len(SHAPES)) < 0.2)
    face[BY_NAME["HeadYaw"].index] = 0.3
    face[BY_NAME["LeftEyeYaw"].index] = face[BY_NAME["RightEyeYaw"].index] = -0.3
    mirrored = face[list(MIRROR_INDEX)] * np.array(MIRROR_SIGN, np.float32)
    difference = np.abs(procedural.picture(face)[:, ::-1] - procedural.picture(mirrored)).max(axis=2)
    # Pores and strands are not mirrored, edges fall on either side of a pixel: what remains is a face turned over.
    assert (difference > 24).mean() < 0.01
    assert (np.abs(procedural.picture(face) - procedural.picture(mirrored)).max(axis=2) > 24).mean() > 0.03


@pytest.mark.parametrize(
    ("shape", "axis", "way"),
    [
        ("JawLeft", 0, 1),
        ("JawRight", 0, -1),
        ("MouthLeft", 0, 1),
        ("MouthRight", 0, -1),
        ("JawOpen", 1, -1),
        ("JawForward", 2, 1),
        ("MouthPucker", 2, 1),
        ("BrowInnerUp", 1, 1),
        ("BrowDownLeft", 1, -1),
        ("MouthSmileLeft", 1, 1),
        ("MouthFrownRight", 1, -1),
        ("CheekPuff", 2, 1),
    ],
)
def test_a_shape_moves_the_face_the_way_its_name_says(stage: Stage, shape: str, axis: int, way: int) -> None:
    """Pixels tell where something changes, not which way it goes: +x is the subject's left, +y up, +z out of the face."""
    moved = stage.rig.shapes.dense(BY_NAME[shape].index, len(stage.rig.neutral))
    far = np.linalg.norm(moved, axis=1)
    most = moved[far > 0.5 * far.max()]
    assert way * most[:, axis].mean() > 0.3 * np.abs(most).mean()
