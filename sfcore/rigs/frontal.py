"""A head seen straight from the front by parallel light: which triangle shows where, and how far out it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.rig import Ints

PER_CM = 24
LEFT, BOTTOM = -9.0, -14.0
WIDTH, HEIGHT = 18 * PER_CM, 26 * PER_CM


@dataclass(frozen=True)
class Front:
    """``owner`` (h, w) int32 is the triangle seen at a place or -1, ``depth`` (h, w) its z in cm; row 0 lies lowest."""

    owner: Ints
    depth: NDArray[np.float64]

    def at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Ints, NDArray[np.float64]]:
        """Triangle and depth at points in cm; -1 and -inf outside the view."""
        column, row = np.floor((x - LEFT) * PER_CM).astype(int), np.floor((y - BOTTOM) * PER_CM).astype(int)
        inside = (column >= 0) & (column < WIDTH) & (row >= 0) & (row < HEIGHT)
        column, row = np.where(inside, column, 0), np.where(inside, row, 0)
        owner = np.where(inside, self.owner[row, column], -1).astype(np.int32)
        return owner, np.where(inside, self.depth[row, column], -np.inf)


def column_of(x: float) -> int:
    """Column of a place in cm, within the view."""
    return int(np.clip((x - LEFT) * PER_CM, 0, WIDTH - 1))


def row_of(y: float) -> int:
    """Row of a height in cm, within the view."""
    return int(np.clip((y - BOTTOM) * PER_CM, 0, HEIGHT - 1))


def place_of(row: NDArray[np.integer] | int, column: NDArray[np.integer] | int) -> tuple[NDArray, NDArray]:
    """Centre (x, y) in cm of a cell."""
    return (np.asarray(column) + 0.5) / PER_CM + LEFT, (np.asarray(row) + 0.5) / PER_CM + BOTTOM


def seen_from_front(points: NDArray[np.floating], triangles: Ints) -> Front:
    """The front view of vertices (n, 3) in cm; triangles count from both sides."""
    owner = np.full((HEIGHT, WIDTH), -1, np.int32)
    depth = np.full((HEIGHT, WIDTH), -np.inf)
    scaled = np.ascontiguousarray(points, np.float64).copy()
    scaled[:, 0] = (scaled[:, 0] - LEFT) * PER_CM - 0.5
    scaled[:, 1] = (scaled[:, 1] - BOTTOM) * PER_CM - 0.5
    _fill(scaled, np.ascontiguousarray(triangles, np.int32), owner, depth)
    return Front(owner, depth)


@numba.njit(cache=True)
def _fill(points: NDArray, triangles: NDArray, owner: NDArray, depth: NDArray) -> None:
    height, width = owner.shape
    for t in range(len(triangles)):
        i, j, k = triangles[t]
        ax, ay, az = points[i]
        bx, by, bz = points[j]
        cx, cy, cz = points[k]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0 or not np.isfinite(area):
            continue
        x0, x1 = max(int(np.ceil(min(ax, bx, cx))), 0), min(int(np.floor(max(ax, bx, cx))), width - 1)
        y0, y1 = max(int(np.ceil(min(ay, by, cy))), 0), min(int(np.floor(max(ay, by, cy))), height - 1)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                wb = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                wc = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                if wb < 0 or wc < 0 or wb + wc > 1:
                    continue
                z = az + wb * (bz - az) + wc * (cz - az)
                if z > depth[y, x]:
                    depth[y, x] = z
                    owner[y, x] = t
