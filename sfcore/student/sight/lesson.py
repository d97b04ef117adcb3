"""One lesson in seeing: a picture with all that its renderer knows about it, drawn anew for every number without end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.errors import SfaceError
from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.recordings.prior import draw_take
from sfcore.render.camera import Camera
from sfcore.render.draw import Renderer
from sfcore.render.face_map import FaceMap, draw_mapped
from sfcore.render.landmarks import landmark_vertices, seen_in
from sfcore.render.scene import Scene, draw_scene
from sfcore.rigs.rig import Rig

Floats = NDArray[np.float32]

CELLS = 12
"""Cells along a side of a lesson's picture: the patches of the tiny base's tower."""

# Shares of the labels: recordings hold what people do, the prior what they could, sparse faces what neither shows apart.
_RECORDED, _PRIOR = 0.4, 0.2
_SPARSE_RATES = (0.05, 0.1, 0.2)
_PEOPLE = 1_000_000
_PRIOR_TAKES, _PRIOR_FRAMES = 100_000, 4
# A face is looked at twice: where it is in the whole picture, then cut out. Most lessons are of the second look.
_CUT_SHARE = 0.75
_CUT_VIEW = (1.08, 1.6)
"""Height of a cut picture over that of the face in it."""
_CUT_SHIFT = 0.07
"""Standard deviation of where the face's middle lies in a cut picture, over the picture's height."""
_FAR_VIEW = (24.0, 60.0)
"""Centimetres that a picture that was not cut shows: from portrait to half length."""
_ANSWERS_ALONE = frozenset({"JawForward", "JawOpen", "MouthClose", "TongueOut"})


@dataclass(frozen=True, eq=False)
class Lesson:
    """A picture (96, 96, 3) uint8 and what it shows: ``coefficients`` (61,), NaN unknown; ``points`` (134, 2), ``irises`` (2, 2):
    0..1 from the upper left corner; ``moved`` (134, 3) centimetres; ``head`` (3, 3) rotation; the map of its cells."""

    picture: NDArray[np.uint8]
    coefficients: Floats
    points: Floats
    moved: Floats
    irises: Floats
    head: Floats
    face: FaceMap


class Teacher:
    """Draws the lessons of one rig; ``recorded`` (n, 61) are faces of recordings, of which there may be none."""

    def __init__(self, rig: Rig, faces: Faces, recorded: Floats, seed: int) -> None:
        self.renderer, self.faces, self.recorded, self.seed = Renderer(rig), faces, recorded, seed
        self._landmarks = landmark_vertices(rig)

    def lesson(self, number: int) -> Lesson:
        """The lesson of a number: equal numbers give equal bytes."""
        key = f"lesson-{self.seed}-{number}"
        rig = self.renderer.rig
        person = f"lesson-person-{self.seed}-{int(stream(key, 'who').integers(_PEOPLE))}"
        scene = self._framed(draw_scene(key, rig, person, self._label(key), self.faces), key)
        picture, face = draw_mapped(self.renderer, scene, CELLS)
        seen = seen_in(rig, self._landmarks, scene)
        return Lesson(picture, scene.coefficients, seen.points, seen.moved, seen.irises, seen.head, face)

    def _label(self, key: str) -> Floats:
        draw = stream(key, "label")
        kind = draw.random()
        if kind < _RECORDED and len(self.recorded):
            face = self.recorded[int(draw.integers(len(self.recorded)))].copy()
            # Recordings that did not follow the head say 0 for it.
            if not face[INDEX["HeadYaw"] : INDEX["HeadRoll"] + 1].any():
                face[INDEX["HeadYaw"] : INDEX["HeadRoll"] + 1] = np.nan
            return face
        if kind < _RECORDED + _PRIOR:
            return draw_take(self.seed, int(draw.integers(_PRIOR_TAKES)), _PRIOR_FRAMES)[int(draw.integers(_PRIOR_FRAMES))]
        return sparse_face(draw)

    def _framed(self, scene: Scene, key: str) -> Scene:
        """The scene cut to the face, or seen from further away."""
        draw = stream(key, "look")
        points = seen_in(self.renderer.rig, self._landmarks, scene).points
        low, high = points.min(axis=0), points.max(axis=0)
        camera, span = scene.camera, float((high - low).max())
        # Pictures are square, and x and y are shares of the view.
        middle = (low + high) / 2 - 0.5
        at = np.array([camera.centre_x, camera.centre_y]) + np.array([middle[0], -middle[1]]) * camera.view
        if draw.random() < _CUT_SHARE:
            view = camera.view * span * float(np.exp(draw.uniform(*np.log(_CUT_VIEW))))
            shift = draw.normal(size=2) * _CUT_SHIFT
        else:
            view = float(np.exp(draw.uniform(*np.log(_FAR_VIEW))))
            # The face stays in the picture.
            room = max(0.0, 0.5 - 0.5 * camera.view * span / view)
            shift = draw.uniform(-room, room, size=2)
        x, y = at + shift * view
        framed = Camera(camera.distance, view, float(x), float(y), camera.plane)
        return replace(scene, camera=framed)


def sparse_face(draw: np.random.Generator) -> Floats:
    """Few shapes at any strength, most on both sides alike, the eyes looking at one point; rotations unknown."""
    values = np.full(len(NAMES), np.nan, np.float32)
    values[: len(SHAPES)] = 0.0
    rate = float(draw.choice(_SPARSE_RATES))
    for shape in SHAPES:
        if draw.random() < rate:
            values[shape.index] = draw.random()
    for shape in SHAPES:
        if shape.name.endswith("Left") and draw.random() < 0.6 and not shape.name.startswith(("Jaw", "Mouth" + "Left")):
            partner = INDEX.get(shape.name.removesuffix("Left") + "Right")
            if partner is not None:
                values[partner] = values[shape.index] * draw.uniform(0.8, 1.0)
    for vertical in ("Down", "Up"):
        values[INDEX[f"EyeLook{vertical}Right"]] = values[INDEX[f"EyeLook{vertical}Left"]]
    for towards, away in (("In", "Out"), ("Out", "In")):
        values[INDEX[f"EyeLook{towards}Right"]] = values[INDEX[f"EyeLook{away}Left"]]
    return values


def drawable(teacher: Teacher, number: int) -> Lesson | None:
    """The lesson, or None for the rare scene that cannot be drawn."""
    try:
        return teacher.lesson(number)
    except SfaceError:
        return None
