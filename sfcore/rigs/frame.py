"""The frame every rig shares: centimetres, pupils at y = 0, the midline at x = 0, eyes as far out as the embedded head's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, SHAPES
from sfcore.rigs.draft import Draft
from sfcore.rigs.eyeballs import Ball, find_balls, fit_ball
from sfcore.rigs.frontal import seen_from_front
from sfcore.rigs.holes import balls_behind
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features

Array = NDArray[np.float64]

PUPILS_APART = 6.2
"""Centimetres between the pupils of an adult (Farkas, 1994): decides the size of heads whose unit is not known."""
EYE_FRONT = features.EYE_CENTRE[2] + features.EYE_RADIUS
_BLINKS = ("EyeBlinkLeft", "EyeBlinkRight")


def in_frame(head: MorphHead) -> tuple[Draft, tuple[Ball, Ball]]:
    """The head in the shared frame, and its eyeballs: those the source names, those found by their shape, or fitted to the lids.

    Raises `WrongUse` for a head with neither eyeballs nor openings for them.
    """
    draft = _as_given(head)
    blinks = (draft.shapes[INDEX[_BLINKS[0]]], draft.shapes[INDEX[_BLINKS[1]]])
    # A first guess by the lids, good enough to look for the balls.
    lids = [_moved_most(draft.points, blink) for blink in blinks]
    scale = head.centimetres or PUPILS_APART / float(np.linalg.norm(lids[0] - lids[1]))
    _move(draft, scale, 0.5 * (lids[0] + lids[1]) * scale - [0.0, 0.0, EYE_FRONT])
    balls = _balls(head, draft)
    left, right = balls
    finer = 1.0 if head.centimetres else PUPILS_APART / float(np.linalg.norm(left.centre - right.centre))
    radius = 0.5 * (left.radius + right.radius) * finer
    origin = 0.5 * (left.centre + right.centre) * finer - [0.0, 0.0, EYE_FRONT - radius]
    _move(draft, finer, origin)
    placed = tuple(Ball(ball.centre * finer - origin, ball.radius * finer, ball.vertices) for ball in balls)
    return draft, (placed[0], placed[1])


def _as_given(head: MorphHead) -> Draft:
    n, m = len(head.vertices), len(head.triangles)
    shapes = np.zeros((len(SHAPES), n, 3), np.float32)
    for name, displacement in head.morphs.items():
        if name in INDEX:
            shapes[INDEX[name]] = displacement
    modes = np.zeros((len(head.modes), n, 3), np.float32)
    for k, displacement in enumerate(head.modes.values()):
        modes[k] = displacement
    textures = head.textures
    return Draft(
        points=head.vertices.astype(np.float32),
        triangles=head.triangles.astype(np.int32),
        parts=np.full(m, Part.SKIN, np.uint8) if head.parts is None else head.parts.astype(np.uint8),
        uv=np.zeros((n, 2), np.float32),
        shapes=shapes,
        modes=modes,
        share=np.ones(n, np.float32),
        on_picture=np.zeros((n, 2), np.float32) if textures is None else textures.uv.astype(np.float32),
        picture=np.full(m, -1, np.int16) if textures is None else textures.of_triangle.astype(np.int16),
    )


def _moved_most(points: NDArray[np.float32], displacement: NDArray[np.float32]) -> Array:
    size = np.linalg.norm(displacement.astype(np.float64), axis=1)
    chosen = size > 0.35 * size.max()
    low, high = points[chosen].min(axis=0), points[chosen].max(axis=0)
    middle: Array = 0.5 * (low + high).astype(np.float64)
    return middle


def _inert(points: NDArray[np.float32], blink: NDArray[np.float32]) -> Ball:
    """A ball without vertices, well behind the lids, for eyes that are no balls."""
    size = np.linalg.norm(blink, axis=1)
    moved = points[size > 0.35 * size.max()]
    radius = 0.4 * float(np.ptp(moved[:, 0]))
    centre = _moved_most(points, blink)
    centre[2] = float(moved[:, 2].max()) - 1.5 * radius
    return Ball(centre, radius, np.empty(0, np.int32))


def _move(draft: Draft, scale: float, origin: Array) -> None:
    draft.points = (draft.points.astype(np.float64) * scale - origin).astype(np.float32)
    draft.shapes *= np.float32(scale)
    draft.modes *= np.float32(scale)


def _balls(head: MorphHead, draft: Draft) -> tuple[Ball, Ball]:
    if head.eye_balls is not None:
        left, right = (fit_ball(draft.points, index) for index in head.eye_balls)
        return left, right
    blinks = (draft.shapes[INDEX[_BLINKS[0]]], draft.shapes[INDEX[_BLINKS[1]]])
    found = find_balls(draft.points, draft.triangles, blinks)
    if found is not None:
        return found
    if head.textures is not None:
        # Flat eyes of drawn characters: nothing to turn, and the lids need no ball to ride on.
        left, right = (_inert(draft.points, blink) for blink in blinks)
        return left, right
    return balls_behind(draft.points, seen_from_front(draft.points, draft.triangles), blinks, head.name)
