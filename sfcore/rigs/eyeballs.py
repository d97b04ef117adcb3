"""Eyeballs: where they are in a head, and the plain balls that are drawn in their place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.connected import connected_pieces
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import eyes, features
from sfcore.rigs.rig import Floats, Ints

Array = NDArray[np.float64]

RING = (0.7, 1.8)
"""Angles (radians) from the eye's axis between which a ball is measured: beyond the bulge of the cornea, before the nerve."""
ROUNDNESS = 0.12
"""Spread of the distances from the centre, as a share of the radius, up to which a piece counts as a ball."""


@dataclass(frozen=True)
class Ball:
    """A sphere in the head's unit, and the vertices it was measured on."""

    centre: Array
    radius: float
    vertices: Ints


def fit_ball(points: NDArray[np.floating], vertices: Ints) -> Ball:
    """The sphere of an eyeball whose vertices are given, least squares over the ring beyond the cornea where there is one."""
    chosen = points[vertices].astype(np.float64)
    centre, radius = _sphere(chosen)
    for _ in range(2):
        ray = chosen - centre
        angle = np.arccos(np.clip(ray[:, 2] / np.maximum(np.linalg.norm(ray, axis=1), 1e-9), -1, 1))
        ring = chosen[(angle > RING[0]) & (angle < RING[1])]
        if len(ring) < 12:
            break
        centre, radius = _sphere(ring)
    return Ball(centre, radius, vertices)


def _sphere(points: Array) -> tuple[Array, float]:
    """Least-squares sphere: |p|^2 = 2 c.p + (r^2 - |c|^2) is linear in its unknowns."""
    middle = points.mean(axis=0)
    around = points - middle
    design = np.c_[2 * around, np.ones(len(around))]
    solution = np.linalg.lstsq(design, (around**2).sum(axis=1), rcond=None)[0]
    return solution[:3] + middle, float(np.sqrt(max(solution[3] + solution[:3] @ solution[:3], 0.0)))


def find_balls(points: Floats, triangles: Ints, blinks: tuple[Floats, Floats]) -> tuple[Ball, Ball] | None:
    """The pieces of a mesh that are nearly spheres and lie behind what the left and the right ``blink`` (n, 3) moves; or None.

    Where an eye is made of several shells (sclera, iris, cornea), all whose centre lies within the largest belong to it.
    """
    piece = connected_pieces(triangles, len(points))
    used = np.unique(triangles)
    labels, counts = np.unique(piece[used], return_counts=True)
    found = []
    for blink in blinks:
        size = np.linalg.norm(blink, axis=1)
        near = points[size > 0.35 * size.max()].mean(axis=0)
        span = float(np.ptp(points[size > 0.1 * size.max(), 0])) + 1e-9
        balls = []
        for label, count in zip(labels, counts, strict=True):
            members = used[piece[used] == label].astype(np.int32)
            if count < 20 or np.abs(points[members].mean(axis=0) - near)[:2].max() > 0.5 * span:
                continue
            ball = fit_ball(points, members)
            spread = np.std(np.linalg.norm(points[members] - ball.centre, axis=1))
            extent = np.ptp(points[members], axis=0)
            if spread < ROUNDNESS * ball.radius and 0.2 * span < ball.radius < 0.8 * span and extent.min() > 0.5 * ball.radius:
                balls.append(ball)
        if not balls:
            return None
        largest = max(balls, key=lambda ball: ball.radius)
        together = np.concatenate([b.vertices for b in balls if np.linalg.norm(b.centre - largest.centre) < 0.5 * largest.radius])
        found.append(Ball(largest.centre, largest.radius, together.astype(np.int32)))
    return found[0], found[1]


def plain_ball(ball: Ball, part: Part) -> tuple[Array, Ints]:
    """Vertices and triangles of a ball to be painted; its last two vertices are the pole and the centre, which nothing shows."""
    piece = eyes.eyeball()
    points = (piece.points - features.EYE_CENTRE) * (ball.radius / features.EYE_RADIUS) + ball.centre
    # Mirrored for the right eye as the embedded head's is, so that mirrored scenes give mirrored pictures.
    triangles = piece.triangles
    if part == Part.EYE_RIGHT:
        mirrored = points - ball.centre
        mirrored[:, 0] *= -1
        points, triangles = mirrored + ball.centre, np.ascontiguousarray(triangles[:, ::-1])
    return points, triangles


def carried(ball: Ball, base: Floats, modes: Floats, points: Array) -> Floats:
    """Displacements (k, m, 3) of a plain ball's ``points`` by the modes (k, n, 3) of ``base`` (n, 3): moved and resized alike."""
    if not len(modes) or not len(ball.vertices):
        return np.zeros((len(modes), len(points), 3), np.float32)
    moved = modes[:, ball.vertices].astype(np.float64)
    shift = moved.mean(axis=1, keepdims=True)
    ray = base[ball.vertices] - base[ball.vertices].mean(axis=0)
    growth = np.einsum("kvc,vc->k", moved - shift, ray) / np.maximum((ray**2).sum(), 1e-9)
    return (shift + growth[:, None, None] * (points - ball.centre)[None]).astype(np.float32)
