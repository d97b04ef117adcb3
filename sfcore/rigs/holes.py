"""Faces with holes where the eyes are: balls that fit behind their lids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.rigs.eyeballs import Ball
from sfcore.rigs.frontal import Front, column_of, place_of, row_of
from sfcore.rigs.rig import Floats

Array = NDArray[np.float64]

BALL_TO_WIDTH = 0.52
"""Radius of the ball over the width of the opening: the embedded head's 1.5 over 2.8 cm, which fills it."""
UNDER_LID = 0.97
"""Radius of the ball over the distance of the lids' edges from its centre."""


def balls_behind(points: Floats, front: Front, blinks: tuple[Floats, Floats], where: str) -> tuple[Ball, Ball]:
    """Balls behind the holes of the front view that lie where the left and the right blink move most; without vertices.

    Raises `WrongUse` for a face that has neither eyeballs nor holes for them.
    """
    balls = []
    for blink, side in zip(blinks, ("left", "right"), strict=True):
        size = np.linalg.norm(blink, axis=1)
        moved = points[size > 0.2 * size.max()]
        rim = _rim(front, moved)
        if rim is None:
            raise WrongUse(
                f"rig '{where}' has neither a {side} eyeball nor an opening where its lid blinks: export its eyes too."
            )
        balls.append(_fitted(rim))
    return balls[0], balls[1]


def _rim(front: Front, moved: Floats) -> Array | None:
    """Points (k, 3) of the skin around the hole within the moved vertices' box."""
    low, high = moved.min(axis=0), moved.max(axis=0)
    x0, x1, y0, y1 = column_of(low[0]), column_of(high[0]), row_of(low[1]), row_of(high[1])
    window, depth = front.owner[y0 : y1 + 1, x0 : x1 + 1], front.depth[y0 : y1 + 1, x0 : x1 + 1]
    rim = []
    for c in np.flatnonzero((window < 0).any(axis=0)):
        rows = np.flatnonzero(window[:, c] < 0)
        for r in (rows[0] - 1, rows[-1] + 1):
            if 0 <= r < len(window) and np.isfinite(depth[r, c]):
                x, y = place_of(int(r) + y0, int(c) + x0)
                rim.append((float(x), float(y), float(depth[r, c])))
    return np.array(rim) if len(rim) > 8 else None


def _fitted(rim: Array) -> Ball:
    """The ball of a known radius whose surface lies closest behind the rim (Gauss and Newton's method)."""
    width = float(np.ptp(rim[:, 0]))
    reach = BALL_TO_WIDTH * width / UNDER_LID
    centre = rim.mean(axis=0) - [0.0, 0.0, 0.9 * reach]
    for _ in range(20):
        ray = rim - centre
        length = np.linalg.norm(ray, axis=1)
        step = np.linalg.lstsq(-ray / length[:, None], reach - length, rcond=None)[0]
        # Height and side are known from the opening; only the depth is free beyond it.
        centre = centre + step
    middle = 0.5 * (rim[:, :2].min(axis=0) + rim[:, :2].max(axis=0))
    centre[:2] = middle
    return Ball(centre, reach * UNDER_LID, np.empty(0, np.int32))
