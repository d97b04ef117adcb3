"""Inside of the mouth: the backs of the lips, the bag behind them, teeth, gums and the tongue."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sfcore.rigs.parts import Part
from sfcore.rigs.procedural.curves import Array, rise
from sfcore.rigs.procedural.piece import Index, Piece, sheet_triangles
from sfcore.rigs.procedural.skin import Skin

# Rows behind a lip's edge: how far up (for the upper lip) from the line, the depth at the midline, how much narrower, share of
# the lip's motion that is kept. The first stay red, the rest is the bag.
_INNER_ROWS = (
    (0.00, -0.22, 1.0, 1.0),
    (0.35, -0.42, 1.0, 0.91),
    (1.00, -0.62, 1.0, 0.5),
    (1.80, -1.60, 0.97, 0.2),
    (1.80, -4.20, 0.85, 0.1),
    (0.00, -5.20, 0.80, 0.05),
)
TOOTH_WIDTHS = (0.43, 0.33, 0.38, 0.36, 0.36, 0.5)
"""Half of the upper row from the midline outwards: incisors, canine, premolars, first molar (cm, as seen along the arch)."""


def inner_lip(skin: Skin, edge: Index, side: float) -> list[Piece]:
    """The back of one lip and its half of the mouth bag (``side`` +1 upper, -1 lower)."""
    front = skin.points[edge]
    q = np.abs(front[:, 0]) / skin.mouth_half_width
    opening = np.sqrt(np.clip(1 - q**2, 0, 1))
    rows = [front]
    for up, depth, narrow, _ in _INNER_ROWS:
        back = np.stack([front[:, 0] * narrow, front[:, 1] + side * up * opening, front[:, 2] + depth], -1)
        rows.append(back)
    points = np.concatenate(rows)
    triangles = sheet_triangles(len(rows), len(edge))
    if side > 0:
        triangles = triangles[:, ::-1]
    n = len(edge)
    share = np.repeat([1.0, *(row[3] for row in _INNER_ROWS)], n)
    deep = np.repeat([0.0, *(rise(0.95, 0.3, np.array(row[3])) for row in _INNER_ROWS)], n)
    # At the corners both halves of the bag move alike, so that it never opens at the sides.
    open_here = np.tile(opening**0.6, len(rows))
    jaw = deep * (0.45 + 0.55 * open_here if side < 0 else 0.45 * (1 - open_here))
    follow = np.tile(edge, len(rows)).astype(np.int32)
    split = 2 * (n - 1) * 2
    lip = Piece(points, triangles[:split], Part.LIPS, follow, share, jaw)
    bag = Piece(points, triangles[split:], Part.CAVITY, follow, share, jaw)
    return [lip, bag]


def backstop() -> Piece:
    """A dark wall deep inside the head: whatever gap a pose may open, no background shines through it."""
    turn, y = (grid.ravel() for grid in np.meshgrid(np.linspace(-np.pi / 2, np.pi / 2, 13), np.linspace(-9.6, 1.5, 6)))
    points = np.stack([(3.5 + 0.75 * np.minimum(y + 6.6, 0.0)) * np.sin(turn), y, 5.6 - 4.0 * np.cos(turn)], -1)
    return Piece(points, sheet_triangles(6, 13), Part.CAVITY)


def _arch(s: Array, depth: float, width: float, bend: float) -> tuple[Array, Array]:
    """Points (x, z) along a dental arch; ``s`` in -1..1 from the right molar to the left one."""
    x = width * np.sin(s * 1.35) / np.sin(1.35)
    return x, depth - bend * (np.abs(x) / width) ** 2.3


def _teeth_row(upper: bool) -> tuple[Array, Array, Array]:
    """Samples along a row of teeth: place in -1..1, 0 at a gap to 1 at a tooth's middle, number of the tooth."""
    widths = np.array(TOOTH_WIDTHS) * (1.0 if upper else 0.82)
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    inside = np.linspace(0.0, 1.0, 7)[:-1]
    half = np.concatenate([*(a + (b - a) * inside for a, b in pairwise(edges)), edges[-1:]])
    swell = np.concatenate([np.tile(np.clip(np.sin(np.pi * inside), 0, 1) ** 0.35, len(widths)), [0.0]])
    tooth = np.concatenate([np.repeat(np.arange(len(widths)), 6), [len(widths)]]).astype(float)
    full = np.concatenate([-half[:0:-1], half]) / edges[-1]
    return full, np.concatenate([swell[:0:-1], swell]), np.concatenate([tooth[:0:-1], tooth])


def teeth(upper: bool) -> list[Piece]:
    """One row of teeth with its gums."""
    s, swell, tooth = _teeth_row(upper)
    depth, width, bend = (8.8, 2.72, 2.6) if upper else (8.56, 2.48, 2.4)
    gum, tip, side = (-5.66, -6.72, 1.0) if upper else (-7.5, -6.66, -1.0)
    x, z = _arch(s, depth, width, bend)
    longer = np.select([tooth == 0, tooth == 1, tooth == 2], [0.04, -0.03, 0.05], 0.0) if upper else np.zeros_like(s)
    rows = []
    for k, t in enumerate(np.linspace(0, 1, 5)):
        y = gum + (tip - gum) * t
        rounded = (1 - swell) * 0.09 * (t**3) * side
        bulge = 0.05 * np.sin(np.pi * (0.15 + 0.75 * t)) + 0.075 * (swell - 1)
        rows.append(
            np.stack([x, np.full_like(x, y) + rounded - side * longer * (t > 0.7), z + bulge - (0.12 if k == 4 else 0)], -1)
        )
    back = np.stack([x * 0.9, np.full_like(x, tip + 0.1 * side), z - 0.4], -1)
    points = np.concatenate([*rows, back])
    uv = np.stack([np.tile(swell, 6), np.repeat([0.0, 0.25, 0.5, 0.75, 1.0, 1.0], len(s))], -1)
    triangles = sheet_triangles(6, len(s))
    gum_rows = [
        np.stack([x, np.full_like(x, gum + side * h) - side * 0.1 * swell * (h == 0), z + o], -1)
        for h, o in ((0, 0.04), (0.35, 0.1), (0.9, -0.1))
    ]
    gum_points = np.concatenate(gum_rows)
    gum_triangles = sheet_triangles(3, len(s))
    if upper:
        triangles = triangles[:, ::-1]
    else:
        gum_triangles = gum_triangles[:, ::-1]
    jaw = 0.0 if upper else 1.0
    row = Piece(points, triangles, Part.TEETH_UPPER if upper else Part.TEETH_LOWER, jaw=np.full(len(points), jaw), uv=uv)
    return [row, Piece(gum_points, gum_triangles, Part.GUMS, jaw=np.full(len(gum_points), jaw))]


TONGUE_ROWS, TONGUE_COLUMNS = 14, 18


def _tongue_path(t: Array, out: bool) -> tuple[Array, Array]:
    """Heights and depths of the tongue's middle from root (t = 0) to tip (t = 1), at rest or put out."""
    if not out:
        return -7.6 + 1.0 * np.sin(np.pi * t**0.8) + 0.55 * t, 4.4 + 3.8 * t
    return -7.05 + 0.15 * rise(0.0, 0.4, t) - 2.0 * rise(0.66, 1.05, t), 4.4 + 8.4 * t**1.15 - 1.75 * rise(0.72, 1.0, t)


def tongue(out: bool = False) -> Piece:
    """A flattened tube that lies behind the lower teeth, or hangs ``out`` over the lower lip; the last vertex is the tip."""
    # Rows crowd towards the tip, where the outline turns.
    t = 1 - (1 - np.linspace(0.0, 1.0, TONGUE_ROWS)) ** 1.7
    turn = np.linspace(0, 2 * np.pi, TONGUE_COLUMNS, endpoint=False)
    # Both ends close: an open root shows when the jaw is low.
    ends = np.sqrt(np.clip(1 - t**7, 0, 1)) * np.sqrt(np.clip(t / 0.1, 0, 1))
    width = (1.55 if out else 1.7) * (1 - 0.25 * t**2) * ends + 0.01
    thick = (0.36 if out else 0.4) * ends + 0.01
    y, z = _tongue_path(t, out)
    slope = np.arctan2(np.gradient(y, t), np.gradient(z, t))[:, None]
    x = width[:, None] * np.cos(turn)
    lift = thick[:, None] * np.sin(turn) - 0.13 * np.exp(-((x / 0.3) ** 2)) * np.maximum(np.sin(turn), 0)
    points = np.stack([x, y[:, None] + lift * np.cos(slope), z[:, None] - lift * np.sin(slope)], -1).reshape(-1, 3)
    uv = np.stack([np.repeat(t, TONGUE_COLUMNS), np.tile(np.sin(turn), TONGUE_ROWS)], -1)
    triangles = sheet_triangles(TONGUE_ROWS, TONGUE_COLUMNS, closed=True)[:, ::-1]
    tip = len(points)
    points = np.concatenate([points, [[0.0, float(y[-1]) - 0.03, float(z[-1]) + 0.05]]])
    uv = np.concatenate([uv, [[1.0, 0.0]]])
    last = (TONGUE_ROWS - 1) * TONGUE_COLUMNS + np.arange(TONGUE_COLUMNS)
    cap = np.stack([last, np.roll(last, -1), np.full(TONGUE_COLUMNS, tip)], -1)
    return Piece(points, np.concatenate([triangles, cap]).astype(np.int32), Part.TONGUE, jaw=np.ones(len(points)), uv=uv)
