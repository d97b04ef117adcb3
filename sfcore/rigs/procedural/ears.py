"""The ears: a shell with a rim, a bowl and a lobe."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.parts import Part
from sfcore.rigs.procedural.curves import bump, plateau, rise
from sfcore.rigs.procedural.piece import Piece, sheet_triangles

RINGS, SPOKES = 9, 30


def left_ear() -> Piece:
    """The subject's left ear: rings from the bowl out to the rim, and one behind it that closes towards the head."""
    turn = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    radius = np.concatenate([np.linspace(0.0, 1.0, RINGS), [0.93, 0.6]])
    r, t = np.meshgrid(radius, turn, indexing="ij")
    # In the ear's plane: u towards the back of the head, v up. The lobe is narrower than the top.
    outline = 1.0 + 0.10 * np.sin(t) + 0.05 * np.cos(2 * t)
    u = 1.65 * r * outline * np.cos(t) * (1 + 0.16 * np.sin(t))
    v = 3.05 * r * outline * np.sin(t) * 0.97
    behind = np.arange(len(radius))[:, None] >= RINGS
    rim = 0.42 * np.exp(-(((r - 0.92) / 0.11) ** 2)) * (0.35 + 0.65 * rise(-1.9, 0.2, v)) * rise(-1.75, -0.6, u)
    fold = 0.26 * np.exp(-(((r - 0.62) / 0.12) ** 2)) * rise(-0.3, 0.6, u) * rise(-2.3, -1.0, v)
    bowl = -0.55 * plateau(u, v, -0.25, -0.55, 0.72, 0.95, 1.3)
    tragus = 0.42 * bump(u, v, -1.12, -0.6, 0.3, 0.5)
    height = rim + fold + bowl + tragus + 0.12 * bump(u, v, 0.1, -2.4, 0.8, 0.6)
    height = np.where(behind, -0.28 - 0.5 * (radius[:, None] < 0.8), height)
    flare = 0.42
    out = np.array([np.cos(flare), 0.0, np.sin(flare)])
    back = np.array([np.sin(flare), 0.0, -np.cos(flare)])
    lean = 0.16
    u2, v2 = u * np.cos(lean) + v * np.sin(lean), v * np.cos(lean) - u * np.sin(lean)
    origin = np.array([7.28, -0.75, -1.35])
    points = origin + u2[..., None] * back + v2[..., None] * [0.06, 1.0, 0.0] + height[..., None] * out
    uv = np.stack([r.ravel(), height.ravel()], -1)
    triangles = sheet_triangles(len(radius), SPOKES, closed=True)
    return Piece(points.reshape(-1, 3), triangles, Part.EAR, uv=uv)
