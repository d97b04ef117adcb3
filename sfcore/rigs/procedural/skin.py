"""The skin: one closed grid of columns and rows, slit open along the lids and between the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.procedural import features, skull
from sfcore.rigs.procedural.curves import Array, rise
from sfcore.rigs.procedural.piece import Index

Whole = NDArray[np.integer]

# Columns from the midline to the inner corner, along the lids, to the side of the head, and around the back (for one half).
COLUMNS = (8, 17, 9, 8)


@dataclass(frozen=True)
class Skin:
    """The skin's neutral vertices with their places on the grid.

    ``level`` is the height at which a vertex's row crosses the front: rows follow the jaw, so the level tells chin from
    cheek at the side of the head too. ``lip`` and ``lid`` are +1 above a slit and -1 below it. Edge arrays name vertices from the
    subject's right to left (mouth) or from the inner to the outer corner (left eye), corners included.
    """

    points: Array
    triangles: Index
    theta: Array
    level: Array
    lip: Array
    lid: Array
    partner: Index
    mouth_half_width: float
    lips_upper: Index
    lips_lower: Index
    lid_upper: Index
    lid_lower: Index


def _angles() -> tuple[Array, int, int, int]:
    """Angles of the half's columns, and the columns of the inner, the outer eye corner and the mouth corner."""
    eye = skull.KNOTS[skull.EYE_STATION]
    inner, outer = (skull.angle_at(x, eye) for x in features.EYE_CORNERS)
    eye_place = float(eye)
    across = np.linspace(0.0, features.EYE_CORNERS[0], COLUMNS[0], endpoint=False)
    lids = np.linspace(*features.EYE_CORNERS, COLUMNS[1], endpoint=False)
    front = np.array([skull.angle_at(float(x), eye_place) for x in np.concatenate([across, lids])])
    side = outer + (np.pi / 2 - outer) * np.linspace(0.0, 1.0, COLUMNS[2], endpoint=False)
    back = np.pi / 2 + np.pi / 2 * np.linspace(0.0, 1.0, COLUMNS[3] + 1)
    half = np.concatenate([front, side, back])
    mouth = skull.surface(np.full(len(half), skull.KNOTS[skull.MOUTH_STATION]), half)[:, 0]
    corner = int(np.argmin(np.abs(mouth[: len(front)] - 2.45)))
    assert inner < outer
    return half, COLUMNS[0], COLUMNS[0] + COLUMNS[1], corner


def _open_lids(points: Array, level_gap: Array) -> Array:
    """Moves the rows around the eyes so that the slit row, at height ``level_gap``, lies on both lids' edges."""
    x, y = np.abs(points[:, 0]), points[:, 1]
    upper, lower = features.lid_curves(x)
    near = 1 - rise(4.6, 6.5, x)
    near *= rise(0.3, 1.5, x)
    gap = y - level_gap
    above = np.where(gap >= 0, (upper - level_gap) * np.clip(1 - gap / 2.0, 0, 1) ** 2, 0.0)
    below = np.where(gap < 0, (lower - level_gap) * np.clip(1 + gap / 1.9, 0, 1) ** 2, 0.0)
    return np.asarray(y + near * (above + below))


def mouth_half_width() -> float:
    """Distance (cm) of the corners of the mouth from the midline."""
    half, _, _, corner = _angles()
    return float(skull.surface(skull.KNOTS[[skull.MOUTH_STATION]], half[[corner]])[0, 0])


def _build_grid() -> tuple[Array, Array, int, int, int]:
    half, inner, outer, corner = _angles()
    ring = np.concatenate([half, -half[-2:0:-1]])
    return half, ring, inner, outer, corner


def build_skin() -> Skin:
    """Builds the grid, opens the slits and raises the features."""
    half, ring, inner, outer, corner = _build_grid()
    rows, columns = skull.rows(), len(ring)
    eye_row, mouth_row = skull.row_of(skull.EYE_STATION), skull.row_of(skull.MOUTH_STATION)
    place, theta = (grid.ravel() for grid in np.meshgrid(rows, ring, indexing="ij"))
    row = np.repeat(np.arange(len(rows)), columns)
    column = np.tile(np.arange(columns), len(rows))
    signed = np.where(column < len(half), column, column - columns)

    in_eye = (row == eye_row) & (np.abs(signed) > inner) & (np.abs(signed) < outer)
    in_mouth = (row == mouth_row) & (np.abs(signed) < corner)
    doubled = np.flatnonzero(in_eye | in_mouth)
    lower_of = np.arange(len(place))
    lower_of[doubled] = len(place) + np.arange(len(doubled))
    source = np.concatenate([np.arange(len(place)), doubled])
    below = np.arange(len(source)) >= len(place)

    points = skull.surface(place, theta)[source]
    level = np.interp(place[source], skull.KNOTS, skull.SECTIONS[:, 0])
    width = mouth_half_width()
    points, lip, lid = _sculpt(points, row[source], below, (eye_row, mouth_row), width, theta[source])
    triangles = _triangles(len(rows), columns, lower_of, (eye_row, mouth_row))

    def at(r: int, signed_columns: Whole, lower: bool) -> Index:
        index = r * columns + np.asarray(signed_columns, int) % columns
        return (lower_of[index] if lower else index).astype(np.int32)

    mouth_columns, lid_columns = np.arange(-corner, corner + 1), np.arange(inner, outer + 1)
    partner_grid = row * columns + (-signed) % columns
    partner = np.concatenate([partner_grid, lower_of[partner_grid[doubled]]]).astype(np.int32)
    return Skin(
        points=points,
        triangles=triangles,
        theta=theta[source],
        level=level,
        lip=lip,
        lid=lid,
        partner=partner,
        mouth_half_width=width,
        lips_upper=at(mouth_row, mouth_columns, False),
        lips_lower=at(mouth_row, mouth_columns, True),
        lid_upper=at(eye_row, lid_columns, False),
        lid_lower=at(eye_row, lid_columns, True),
    )


def _sculpt(
    points: Array, row: Whole, below: NDArray[np.bool_], slits: tuple[int, int], width: float, theta: Array
) -> tuple[Array, Array, Array]:
    eye_row, mouth_row = slits
    slit_eye = skull.surface(np.full(len(theta), skull.KNOTS[skull.EYE_STATION]), theta)[:, 1]
    slit_mouth = skull.surface(np.full(len(theta), skull.KNOTS[skull.MOUTH_STATION]), theta)[:, 1]
    lid = np.where(row > eye_row, 1.0, -1.0)
    lid[row == eye_row] = np.where(below[row == eye_row], -1.0, 1.0)
    lip = np.where(row > mouth_row, 1.0, -1.0)
    lip[row == mouth_row] = np.where(below[row == mouth_row], -1.0, 1.0)

    front = rise(0.05, 0.5, np.cos(theta))
    nudged = points.copy()
    nudged[:, 1] += np.where(lid < 0, -1e-9, 0.0)
    opened = _open_lids(nudged, np.where(lid < 0, slit_eye, slit_eye - 1e-12))
    y = points[:, 1] + front * (opened - points[:, 1])
    to_line = (features.mouth_line(points[:, 0], width) - slit_mouth) * np.exp(-(((points[:, 1] - slit_mouth) / 1.4) ** 2))
    y = y + front * to_line * (1 - rise(3.5, 5.0, np.abs(points[:, 0])))
    # Both sides of the lips' slit lie on the line, so the side decides which lip's swell applies.
    z = points[:, 2] + front * features.relief(points[:, 0], y + 1e-6 * lip, width)
    z = np.where(front > 0, features.over_eyeball(points[:, 0], y, z), z)
    return np.stack([points[:, 0], y, z], axis=-1), lip, lid


def _triangles(rows: int, columns: int, lower_of: Whole, slits: tuple[int, int]) -> Index:
    cells = []
    for r in range(rows - 1):
        c = np.arange(columns)
        n = (c + 1) % columns
        bottom: Whole = r * columns + np.arange(columns)
        top: Whole = (r + 1) * columns + np.arange(columns)
        if r + 1 in slits:
            top = lower_of[top]
        cells += [np.stack([bottom[c], bottom[n], top[n]], -1), np.stack([bottom[c], top[n], top[c]], -1)]
    return np.concatenate(cells).astype(np.int32)
