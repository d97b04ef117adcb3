"""Views by parallel light: what a lamp sees, and how much of the sky each vertex sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES
from sfcore.render.kernel import place_parallel, rasterise, vertex_normals
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Rig

Floats = NDArray[np.float32]

_DIRECTIONS = 96
_TEXELS = 224
_BIAS = 0.16
_SPAN = 34.0
"""Width (cm) that a view by parallel light covers: head and collar."""
_MIDDLE = np.array([0.0, -2.0, 0.0])
_NO_TILES = np.zeros((0, 0), np.float32)
_INSIDE = (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS, Part.TONGUE, Part.CAVITY)


def parallel_frame(direction: NDArray, texels: int) -> tuple[Floats, Floats]:
    """How head and collar look from far away along ``direction``: axes (3, 3) right, up and towards the viewer, and the frame
    (3,), left and bottom in cm and texels per cm. See `kernel.place_parallel`."""
    towards = direction / np.linalg.norm(direction)
    helper = np.array([0.0, 1.0, 0.0]) if abs(towards[1]) < 0.95 else np.array([0.0, 0.0, -1.0])
    right = np.cross(helper, towards)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(towards, right), towards])
    left, bottom = axes[:2] @ _MIDDLE - _SPAN / 2
    return axes.astype(np.float32), np.array([left, bottom, texels / _SPAN], np.float32)


def _sky_seen(points: Floats, triangles: NDArray[np.int32], two_sided: NDArray[np.bool_]) -> Floats:
    """Cosine-weighted share (n,) of directions from which each vertex is seen."""
    normals, screen = np.empty_like(points), np.empty((len(points), 4), np.float32)
    vertex_normals(points, triangles, normals, 0)
    # A Fibonacci sphere: directions that share the sphere evenly.
    k = np.arange(_DIRECTIONS) + 0.5
    y = 1 - 2 * k / _DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * k
    directions = np.stack([np.sqrt(1 - y**2) * np.cos(turn), y, np.sqrt(1 - y**2) * np.sin(turn)], -1).astype(np.float32)
    seen, total = np.zeros(len(points), np.float32), np.zeros(len(points), np.float32)
    visible, nearest = np.empty((_TEXELS, _TEXELS), np.int32), np.empty((_TEXELS, _TEXELS), np.float32)
    for direction in directions:
        place_parallel(points, *parallel_frame(direction, _TEXELS), _TEXELS, screen)
        nearest[:] = -np.inf
        rasterise(screen, triangles, two_sided, 0, len(triangles), _NO_TILES, visible, nearest)
        x, y_ = (np.clip(screen[:, c].astype(int), 0, _TEXELS - 1) for c in (0, 1))
        weight = np.maximum((normals * direction).sum(axis=1), 0.0)
        seen += weight * (nearest[y_, x] < screen[:, 2] + _BIAS + 0.25 * (1 - weight))
        total += weight
    return (seen / np.maximum(total, 1e-6)).astype(np.float32)


def ambient_occlusion(rig: Rig) -> Floats:
    """Share of the sky (n,) in 0..1 each vertex sees: at rest for the outside, with an open mouth for what lies inside.

    Hair is left out: it throws its shadow by the key light, and styles differ.
    """
    hair = rig.parts == Part.HAIR
    two_sided = rig.parts == Part.SHIRT
    lashes = rig.parts == Part.LASHES
    solid, two_sided = np.ascontiguousarray(rig.triangles[~(hair | lashes)]), two_sided[~(hair | lashes)]
    rest = _sky_seen(rig.neutral, solid, two_sided)
    wide = np.zeros(len(NAMES), np.float32)
    wide[INDEX["JawOpen"]] = 0.8
    open_mouth = _sky_seen(rig.pose(np.zeros(len(rig.mode_names), np.float32), wide), solid, two_sided)
    inside = np.zeros(len(rig.neutral), bool)
    inside[rig.triangles[np.isin(rig.parts, _INSIDE)]] = True
    result = np.where(inside, open_mouth, rest)
    covered = np.zeros(len(rig.neutral), bool)
    covered[rig.triangles[hair | lashes]] = True
    result[covered] = 1.0
    # Vertices see nothing of their own fold; the lift keeps creases from turning black.
    return np.clip(0.12 + 0.88 * result, 0.0, 1.0).astype(np.float32)
