"""The mesh of all that one picture's person wears or holds, turned with the head, and painting it over the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.render.camera import Camera
from sfcore.render.fitting import Anatomy, Head, glasses_on, headwear_on, occluder_before
from sfcore.render.illumination import Light
from sfcore.render.overlay import LENS, PLAIN, cast_shadow, paint_over
from sfcore.render.props import Glasses, Headwear, Occluder
from sfcore.render.solids import Floats, joined
from sfcore.rigs.parts import Part

_DARK = 0.5
"""Lenses at least this dark throw a shadow."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A mesh in the world: ``points`` and ``normals`` (n, 3), ``uv`` (n, 2), ``triangles`` (m, 3), ``materials`` (k, 8)."""

    points: Floats
    normals: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    of_triangle: NDArray[np.int32]
    materials: Floats

    def shade(self, axes: Floats, frame: Floats, nearest: Floats) -> None:
        """Adds its shadow to a shadow map (texels, texels), laid out as `occlusion.parallel_view` says."""
        seen = self.points @ axes.T
        flat = np.empty((len(seen), 2), np.float32)
        flat[:, 0] = (seen[:, 0] - frame[0]) * frame[2]
        flat[:, 1] = nearest.shape[0] - (seen[:, 1] - frame[1]) * frame[2]
        table = self.materials[self.of_triangle]
        solid = (table[:, 4] == PLAIN) | (table[:, 5] > _DARK)
        cast_shadow(flat, np.ascontiguousarray(seen[:, 2], np.float32), self.triangles[solid], nearest)

    def paint(
        self, camera: Camera, light: Light, drawn: bool, picture: Floats, shown: NDArray[np.int32], nearest: Floats
    ) -> None:
        """Draws it over ``picture`` (H, W, 3) where it lies before what is ``shown`` (2H, 2W) at depth ``nearest`` (1/cm)."""
        xy, inverse = camera.project(self.points, shown.shape[0])
        toward, key, environment = (np.array(v, np.float32) for v in (light.key_direction, light.key, light.environment))
        for lenses in (False, True):
            chosen = (self.materials[self.of_triangle, 4] == LENS) == lenses
            if not chosen.any():
                continue
            used = xy[self.triangles[chosen]].reshape(-1, 2)
            # Whole pixels of the picture, two samples wide.
            left, top = np.clip(np.floor(used.min(axis=0) / 2) * 2, 0, len(shown)).astype(int)
            right, bottom = np.clip(np.ceil(used.max(axis=0) / 2) * 2, 0, len(shown)).astype(int)
            if left >= right or top >= bottom:
                continue
            samples = slice(top, bottom), slice(left, right)
            pixels = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
            paint_over(
                xy - np.array([left, top], np.float32), inverse, self.normals, self.uv, self.triangles, self.of_triangle,
                self.materials, toward, key, environment, np.float32(drawn), lenses,
                picture[pixels], shown[samples], nearest[samples],
            )  # fmt: skip


def worn_by(
    anatomy: Anatomy,
    person: Floats,
    rotation: Floats,
    glasses: Glasses | None,
    headwear: Headwear | None,
    occluder: Occluder | None,
) -> Worn | None:
    """Fits things to the head with vertices ``person`` (n, 3), and turns them by ``rotation`` (3, 3); None for nothing."""
    if not (glasses or headwear or occluder):
        return None
    head = Head.of(anatomy, person)
    solids = glasses_on(head, glasses) if glasses else []
    solids += headwear_on(head, headwear) if headwear else []
    solids += occluder_before(head, occluder) if occluder else []
    points, triangles, of_triangle, uv = joined(solids)
    pivot = np.asarray(anatomy.rig.pivot, np.float32)
    turned: Floats = ((points - pivot) @ np.asarray(rotation, np.float32).T + pivot).astype(np.float32)
    return Worn(turned, _normals(turned, triangles), uv, triangles, of_triangle, _materials(glasses, headwear, occluder))


def _normals(points: Floats, triangles: NDArray[np.int32]) -> Floats:
    """Normals (n, 3) of the vertices, longer where triangles are larger."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, triangles[:, k], flat)
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _materials(glasses: Glasses | None, headwear: Headwear | None, occluder: Occluder | None) -> Floats:
    """The table (6, 8) of materials, in the order of `fitting` and the columns of `overlay`."""
    table = np.zeros((6, 8), np.float32)
    if glasses:
        table[0] = [*glasses.colour, glasses.shine, PLAIN, 1, 0, Part.GLASSES]
        table[1] = [*glasses.lens, 0.3, LENS, glasses.tint, glasses.glare, Part.GLASSES]
    if headwear:
        shine = 0.35 if headwear.kind == "headset" else 0.0
        table[2] = [*headwear.colour, shine, PLAIN, 1, 0, Part.HEADWEAR]
        table[3] = [*headwear.trim, shine, PLAIN, 1, 0, Part.HEADWEAR]
        table[4] = [0.02, 0.02, 0.02, 0.0, PLAIN, 1, 0, Part.HEADWEAR]
    if occluder:
        table[5] = [*occluder.colour, 0.08 if occluder.kind == "hand" else 0.4, PLAIN, 1, 0, Part.OCCLUDER]
        if occluder.kind == "microphone":
            table[4] = [0.09, 0.09, 0.1, 0.5, PLAIN, 1, 0, Part.OCCLUDER]
    return table
