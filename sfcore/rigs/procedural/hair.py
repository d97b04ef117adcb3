"""Hair: one grid around the head whose edge and thickness make the styles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import skull
from sfcore.rigs.procedural.curves import Array, rise, spline
from sfcore.rigs.procedural.piece import Piece, sheet_triangles

ROWS, COLUMNS = 22, 96
CROWN = float(skull.SECTIONS[-1, 0])
_SUNK = 2.0
"""How far below the crown (cm) a bald head's hair is hidden: deeper than any identity flattens the vault."""


@dataclass(frozen=True)
class Style:
    """How one style's hair falls: edges are heights (cm) at eight angles from the front round to the back."""

    edge: tuple[float, ...]
    thickness: float
    volume: float
    """Extra thickness over the crown."""
    sides: float
    """Thickness at the sides, beside the ears."""
    fringe: float = 0.0
    """How far the front edge stands off the forehead instead of growing out of it."""
    wave: float = 0.0
    ragged: float = 0.12
    """How unevenly the edge ends (cm)."""
    part: float = 0.0
    """Where the parting lies, -1 the subject's right, +1 the left; it shapes the front edge."""
    slant: float = 0.0
    """How much lower (cm) a fringe ends at the subject's right temple than at the left one."""
    knot: float = 0.0
    """Height (cm) of hair that is gathered on the crown."""
    crest: float = 0.0
    """Height (cm) of a crest along the midline."""


_ANGLES = (0.0, 25.0, 45.0, 62.0, 78.0, 100.0, 135.0, 180.0)
STYLES: dict[str, Style] = {
    # Gathered in one point of the crown, and sunk below it: see `style_points`.
    "bald": Style((CROWN,) * 8, -0.6, 0.0, -0.6, ragged=0.0),
    "buzz": Style((6.8, 7.0, 5.8, 2.9, -0.3, 2.6, -3.5, -5.5), 0.16, 0.05, 0.12, ragged=0.05),
    "short": Style((6.8, 7.0, 5.6, 2.7, -0.5, 2.4, -3.6, -5.6), 0.62, 0.9, 0.22, part=0.5),
    "swept": Style((7.1, 7.2, 5.6, 2.7, -0.2, 2.6, -3.6, -5.6), 0.75, 1.6, 0.2, wave=0.1, part=-0.6),
    "fringe": Style((3.1, 3.2, 2.7, 0.6, -1.2, 1.6, -4.6, -7.0), 0.6, 0.55, 0.5, fringe=0.42),
    "bob": Style((6.7, 6.2, 4.4, -2.5, -9.0, -9.6, -9.6, -9.8), 0.65, 0.5, 1.5, fringe=0.0, part=0.4, wave=0.06),
    "bob_fringe": Style((3.0, 3.0, 1.5, -7.5, -9.2, -9.6, -9.8, -9.8), 0.65, 0.5, 1.5, fringe=0.42),
    "long": Style((6.9, 6.2, 4.2, -4.0, -17.0, -20.0, -20.0, -20.0), 0.65, 0.55, 1.5, part=-0.3, wave=0.15),
    "tied": Style((6.9, 6.5, 5.3, 3.0, -0.2, 2.8, -3.5, -6.0), 0.45, 0.25, 0.3),
    "side_fringe": Style((4.6, 4.4, 3.4, 0.6, -3.5, -4.0, -5.0, -7.5), 0.65, 0.7, 0.8, fringe=0.42, slant=2.6, wave=0.05),
    "curtain": Style((7.9, 5.6, 2.4, -2.6, -6.5, -7.5, -8.5, -8.8), 0.7, 0.5, 1.2, fringe=0.36, wave=0.08),
    "parted_long": Style((8.2, 6.4, 3.2, -4.5, -17.0, -20.0, -20.0, -20.0), 0.6, 0.35, 1.3, wave=0.25),
    "knot": Style((6.9, 6.5, 5.3, 3.0, -0.2, 2.8, -3.5, -6.0), 0.4, 0.2, 0.25, knot=2.6),
    "crest": Style((7.0, 6.8, 5.4, 2.8, -0.3, 2.6, -3.5, -5.5), 0.2, 0.2, 0.12, crest=3.0, ragged=0.3),
    "receding": Style((7.6, 9.3, 7.6, 3.6, -0.2, 2.4, -3.6, -5.6), 0.35, 0.2, 0.2),
    "round": Style((6.3, 6.1, 5.0, 2.4, -0.8, 0.2, -4.6, -6.8), 3.0, 1.3, 2.6, wave=0.22, ragged=0.3),
    "wavy": Style((6.8, 6.2, 4.0, -3.4, -11.0, -12.5, -12.5, -12.5), 0.85, 0.6, 1.8, part=0.4, wave=0.5, ragged=0.4),
    "curly": Style((6.5, 6.3, 5.2, 2.8, 0.4, 1.2, -5.0, -7.5), 1.7, 1.1, 1.3, wave=0.3),
}
NAMES: tuple[str, ...] = tuple(STYLES)


_ANGLE = np.linspace(-np.pi, np.pi, COLUMNS, endpoint=False) + np.pi / COLUMNS
"""Angle of each column from the front; the seam lies at the back."""


@cache
def _skull_rings() -> tuple[Array, Array]:
    """Places along the profile and the skull's points (COLUMNS, places, 3) there, under every column."""
    places = np.linspace(skull.KNOTS[2], skull.KNOTS[-1], 400)
    angle = np.repeat(_ANGLE, len(places))
    return places, skull.surface(np.tile(places, COLUMNS), angle).reshape(COLUMNS, len(places), 3)


def _skull_point(height: Array) -> tuple[Array, Array]:
    """Points of the smooth skull at one height (COLUMNS,) under each column, and the directions out of it; both (COLUMNS, 3)."""
    places, rings = _skull_rings()
    points = np.empty((COLUMNS, 3))
    for i in range(COLUMNS):
        rising = np.maximum.accumulate(rings[i, :, 1]) + np.arange(len(places)) * 1e-9
        points[i] = [np.interp(height[i], rising, rings[i, :, c]) for c in range(3)]
    out = points - np.array([0.0, 1.5, -0.4])
    out[:, 1] = np.where(points[:, 1] > 2, out[:, 1], out[:, 1] * 0.2)
    return points, out / np.linalg.norm(out, axis=1, keepdims=True)


def _locks(angle: Array, key: float) -> Array:
    """Unevenness of an edge around the head, about -1..1: locks end at different heights."""
    waves = np.sin(angle * 23 + key) + 0.7 * np.sin(angle * 37 + 2.1 * key) + 0.5 * np.sin(angle * 53 + 3.7 * key)
    return np.asarray(waves / 2.2)


def _style_points(style: Style) -> Array:
    degrees = np.abs(np.degrees(_ANGLE))
    edge = spline(list(_ANGLES), list(style.edge), degrees)
    edge += 0.5 * style.part * np.sin(_ANGLE) * rise(60, 20, degrees) + style.ragged * _locks(_ANGLE, 1.0)
    edge -= style.slant * np.sin(np.clip(-_ANGLE * 1.4, -np.pi / 2, np.pi / 2)) * rise(100, 60, degrees)
    q = np.concatenate([np.linspace(0.0, 0.88, ROWS - 4), [0.93, 0.965, 0.99, 1.0]])
    return np.concatenate([_style_row(style, degrees, edge, float(t), k == len(q) - 1) for k, t in enumerate(q)])


def _style_row(style: Style, degrees: Array, edge: Array, t: float, last: bool) -> Array:
    """One ring of the hair, ``t`` of the way from the crown to the edge."""
    # Rows crowd near the crown as the sphere closes.
    height = CROWN - (CROWN - edge) * t**1.35
    anchored = np.maximum(height, np.where(degrees > 62, -0.5, -30.0))
    base, out = _skull_point(anchored)
    base[:, 1] += height - anchored
    side = rise(45, 80, degrees) * rise(5.0, 0.5, height)
    thick = style.thickness + (style.sides - style.thickness) * side
    ripple = style.wave * np.sin(_ANGLE * 14 + t * 16) + 0.06 * style.thickness * _locks(_ANGLE, 5.0)
    thick = thick + ripple * rise(0.02, 0.2, np.array(t))
    grows = rise(1.0, 0.62, np.array(t))
    lifted = np.where(degrees < 62, style.fringe, np.where(edge < -5, 0.9 * style.sides, 0.05))
    stand = np.maximum(grows * thick, lifted * rise(0.3, 0.9, np.array(t)))
    if last:
        stand = np.minimum(stand, np.maximum(lifted - 0.25, -0.25))
    # Volume lifts the top without squaring the head.
    lift = style.volume * rise(2.5, 11.0, height) * rise(1.0, 0.55, np.array(t))
    lift = lift + style.knot * rise(0.2, 0.07, np.array(t))
    ridge = style.crest * np.exp(-((base[:, 0] / 1.5) ** 4)) * rise(1.0, 0.85, np.array(t)) * rise(-4.0, 4.0, height)
    stand = stand + ridge
    rise_up = np.stack([0.25 * out[:, 0], np.full_like(lift, 0.9), 0.45 * np.maximum(out[:, 2], 0)], -1)
    return np.asarray(base + out * stand[:, None] + rise_up * lift[:, None])


def style_points() -> Array:
    """Vertices of every style, (styles, n, 3), all on one topology."""
    points = np.stack([_style_points(style) for style in STYLES.values()])
    points[NAMES.index("bald"), :, 1] -= _SUNK
    return points


def hair(points: Array) -> Piece:
    """The hair as one piece, in the style whose vertices are given."""
    rows = len(points) // COLUMNS
    angle = np.linspace(0, 1, COLUMNS, endpoint=False)
    uv = np.stack([np.tile(angle, rows), np.repeat(np.linspace(0, 1, rows), COLUMNS)], -1)
    # Rows run down from the crown.
    return Piece(points, np.ascontiguousarray(sheet_triangles(rows, COLUMNS, closed=True)[:, ::-1]), Part.HAIR, uv=uv)
