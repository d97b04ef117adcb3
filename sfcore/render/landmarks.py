"""What a picture is known to show beside its coefficients: where points of the face lie in it, and how far each has moved.

A network that must also say these learns to see much sooner, and the renderer gives them for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sfcore.render.scene import Scene
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats, Ints, Rig, head_rotation

# Landmarks stand closer where the face moves most: centimetres between them, and where (x, y, half width, half height) on the
# procedural head's neutral frontal plane, in which every rig's skin has its uv.
_FIELDS = (
    (1.7, (0.0, -2.6, 6.0, 7.6)),
    (0.62, (3.1, 0.1, 2.2, 0.75)),
    (0.62, (-3.1, 0.1, 2.2, 0.75)),
    (1.1, (0.0, 2.0, 5.2, 0.7)),
    (0.75, (0.0, -6.5, 3.2, 1.5)),
)
_APART = 0.4
_FRONT = 2.0
"""Depth (cm) in front of which skin counts as face: further back, the frontal plane also holds ears and neck."""


@cache
def frontal_points() -> Floats:
    """Places (k, 2) of the landmarks on the frontal plane, the same for every rig."""
    points: list[tuple[float, float]] = []
    for step, (x, y, wide, high) in reversed(_FIELDS):
        for py in np.arange(y - high, y + high + 1e-6, step):
            for px in np.arange(x - wide, x + wide + 1e-6, step):
                inside = ((px - x) / wide) ** 2 + ((py - y) / high) ** 2 <= 1.0 or wide < 4
                if inside and all((px - qx) ** 2 + (py - qy) ** 2 > _APART**2 for qx, qy in points):
                    points.append((float(px), float(py)))
    return np.array(points, np.float32)


def landmark_vertices(rig: Rig) -> Ints:
    """Vertices (k,) of a rig's skin nearest to `frontal_points`."""
    skin = np.unique(rig.triangles[np.isin(rig.parts, (Part.SKIN, Part.LIPS))])
    skin = skin[rig.neutral[skin, 2] > _FRONT]
    away = np.linalg.norm(rig.uv[skin][None] - frontal_points()[:, None], axis=2)
    return skin[away.argmin(axis=1)].astype(np.int32)


@dataclass(frozen=True)
class Seen:
    """``points`` (k, 2): landmarks in the picture, 0..1 from its upper left corner; ``moved`` (k, 3): how far the expression has
    moved them, centimetres in the head's frame; ``irises`` (2, 2): centres in the picture; ``head`` (3, 3): its rotation."""

    points: Floats
    moved: Floats
    irises: Floats
    head: Floats


def seen_in(rig: Rig, vertices: NDArray[np.int32], scene: Scene) -> Seen:
    """The landmarks ``vertices`` of a rig in the picture of a scene."""
    base, stretch = rig.person(np.array(scene.traits.modes, np.float32), scene.traits.hair)
    posed = rig.express(base, stretch, scene.coefficients)
    turned = rig.turn(posed, scene.coefficients)
    rotation = head_rotation(np.nan_to_num(scene.coefficients, nan=0.0))
    xy, _ = scene.camera.project(turned[vertices], 1)
    centres = np.array([eye.centre for eye in rig.eyes])
    radius = np.array([np.linalg.norm(base[eye.pole] - base[eye.centre]) for eye in rig.eyes], np.float32)
    poles = turned[centres] + (rig.gaze(scene.coefficients) @ rotation.T) * radius[:, None]
    irises, _ = scene.camera.project(poles, 1)
    return Seen(xy, posed[vertices] - base[vertices], irises, rotation)
