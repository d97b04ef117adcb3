"""Eyeballs, the edges of the lids and the lashes (built for the subject's left eye; the right one is their mirror image)."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.curves import Array, rise
from sfcore.rigs.procedural.piece import Index, Piece, sheet_triangles
from sfcore.rigs.procedural.skin import Skin

RINGS, SPOKES = 12, 22
BALL_REACH = 1.9
"""The eyeball is built up to this angle from its axis (radians): what lies behind is never seen."""
IRIS_ANGLE = 0.42
"""Half the angle the iris takes up: 12 mm across on a ball of 30 mm."""


def eyeball() -> Piece:
    """The front of a sphere around `features.EYE_CENTRE`; its last vertex is the centre itself, which no triangle uses."""
    angles = np.linspace(0.02, BALL_REACH, RINGS)
    turn = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    a, t = np.meshgrid(angles, turn, indexing="ij")
    directions = np.stack([np.sin(a) * np.cos(t), np.sin(a) * np.sin(t), np.cos(a)], -1).reshape(-1, 3)
    pole = len(directions)
    points = np.concatenate([directions, [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]]) * features.EYE_RADIUS + features.EYE_CENTRE
    ring = np.arange(SPOKES)
    cap = np.stack([ring, (ring + 1) % SPOKES, np.full(SPOKES, pole)], -1)
    sheet = sheet_triangles(RINGS, SPOKES, closed=True)[:, ::-1]
    return Piece(points, np.concatenate([sheet, cap]).astype(np.int32), Part.EYE_LEFT)


def lid_edge(skin: Skin, edge: Index, side: float) -> Piece:
    """The thickness of one lid (``side`` +1 upper, -1 lower): from its edge back to the eyeball, then hidden under the lid."""
    centre = np.array(features.EYE_CENTRE)
    outer = skin.points[edge]
    ray = outer - centre
    reach = np.linalg.norm(ray, axis=1, keepdims=True)
    on_ball = centre + ray / reach * (features.EYE_RADIUS + 0.012)
    hidden = centre + (ray / reach + [0.0, 0.28 * side, -0.1]) * (features.EYE_RADIUS * 0.9)
    points = np.concatenate([outer, on_ball, hidden])
    triangles = sheet_triangles(3, len(edge))
    if side > 0:
        triangles = triangles[:, ::-1]
    follow = np.tile(edge, 3).astype(np.int32)
    return Piece(points, triangles, Part.LID_EDGE, follow, np.ones(len(points)))


def lashes(skin: Skin, edge: Index, side: float) -> Piece:
    """A band of lashes on one lid's edge, longest towards the outer corner."""
    s = np.linspace(0, 1, len(edge))
    outer = skin.points[edge]
    length = (0.31 if side > 0 else 0.1) * rise(-0.25, 0.7, s) * (1 - 0.85 * rise(0.9, 1.0, s))
    direction = np.stack([0.9 * (s - 0.35), np.full_like(s, 0.62 * side), np.full_like(s, 0.7)], -1)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    root = outer + np.array([0.0, -0.03 * side, 0.02])
    tip = root + direction * length[:, None]
    points = np.concatenate([root, tip])
    uv = np.stack([np.tile(s, 2), np.repeat([0.0, 1.0], len(s))], -1)
    follow = np.tile(edge, 2).astype(np.int32)
    return Piece(points, sheet_triangles(2, len(edge)), Part.LASHES, follow, np.ones(len(points)), uv=uv)


def left_eye(skin: Skin) -> list[Piece]:
    """Everything of the left eye that is not skin, the ball first."""
    return [
        eyeball(),
        lid_edge(skin, skin.lid_upper, 1.0),
        lid_edge(skin, skin.lid_lower, -1.0),
        lashes(skin, skin.lid_upper, 1.0),
        lashes(skin, skin.lid_lower, -1.0),
    ]


def lash_lengths(piece: Piece) -> Array:
    """Length (n,) of the lash at the tips of a band of lashes, 0 at the roots."""
    root, tip = piece.points.reshape(2, -1, 3)
    length = np.linalg.norm(tip - root, axis=1)
    return np.concatenate([np.zeros_like(length), length])
