"""Edges that meet: the lids' around each eye and the lips', found in the front view of a head at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.eyeballs import Ball
from sfcore.rigs.frontal import PER_CM, Front, column_of, place_of, row_of
from sfcore.rigs.rig import Floats, Ints

Array = NDArray[np.float64]

STEP = 0.12
"""Least distance (cm) of neighbouring vertices of an edge along x."""


def eye_opening(front: Front, parts: NDArray[np.uint8], part: int, ball: Ball) -> Array:
    """Columns of the opening (c, 3) of one eye: x, and the heights where the eyeball's part is seen lowest and highest."""
    x0, x1 = column_of(ball.centre[0] - ball.radius * 1.3), column_of(ball.centre[0] + ball.radius * 1.3)
    y0, y1 = row_of(ball.centre[1] - ball.radius * 1.2), row_of(ball.centre[1] + ball.radius * 1.2)
    window = front.owner[y0:y1, x0:x1]
    shown = (window >= 0) & (parts[np.maximum(window, 0)] == part)
    columns = np.flatnonzero(shown.any(axis=0))
    rows = []
    for c in columns:
        r = np.flatnonzero(shown[:, c])
        x, low = place_of(int(r[0]) + y0, int(c) + x0)
        rows.append((float(x), float(low) - 0.5 / PER_CM, float(place_of(int(r[-1]) + y0, 0)[1]) + 0.5 / PER_CM))
    return np.array(rows).reshape(-1, 3)


def lid_edges(points: Floats, front: Front, candidates: Ints, opening: Array, ball: Ball) -> tuple[Ints, Ints]:
    """Vertices of the upper and of the lower lid's edge, from the inner to the outer corner (towards larger |x|).

    ``candidates`` are vertices of the skin; those nearest to what is seen just beyond the opening are the edge.
    """
    if len(opening) < 3:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    ray = points[candidates] - ball.centre
    reach = np.linalg.norm(ray, axis=1)
    near = candidates[(ray[:, 2] > 0) & (reach > 0.8 * ball.radius) & (reach < 1.8 * ball.radius)]
    order = np.argsort(np.abs(opening[:, 0]))
    edges = []
    for column, sign in ((2, 1.0), (1, -1.0)):
        x, y = opening[order, 0], opening[order, column]
        _, depth = front.at(x, y + sign * 0.6 / PER_CM)
        chosen: list[int] = []
        for place in np.stack([x, y, depth], -1)[np.isfinite(depth)]:
            best = int(near[np.argmin(np.linalg.norm(points[near] - place, axis=1))])
            if best not in chosen:
                chosen.append(best)
        edges.append(_thinned(points, np.array(chosen, np.int32), sign))
    return edges[0], edges[1]


def _thinned(points: Floats, edge: Ints, sign: float) -> Ints:
    """Of vertices in one column, the one that reaches furthest into the opening (``sign`` +1: from above)."""
    across = np.abs(points[edge, 0])
    column = np.floor((across - across.min(initial=0.0)) / STEP).astype(int)
    best = []
    for c in np.unique(column):
        members = edge[column == c]
        best.append(members[np.argmin(sign * points[members, 1])])
    kept = np.array(best, np.int32)
    return kept[np.argsort(np.abs(points[kept, 0]))]


def paired(points: Floats, upper: Ints, lower: Ints) -> tuple[Ints, Ints]:
    """Partners by x: each vertex of the longer edge with the nearest of the shorter; pairs that lie crossed are dropped."""
    if not len(upper) or not len(lower):
        return upper[:0], lower[:0]
    swap = len(upper) < len(lower)
    many, few = (lower, upper) if swap else (upper, lower)
    partner = few[np.abs(points[many, 0][:, None] - points[few, 0][None]).argmin(axis=1)]
    above, below = (partner, many) if swap else (many, partner)
    kept = (points[above, 1] > points[below, 1]) & (above != below)
    return above[kept].astype(np.int32), below[kept].astype(np.int32)
