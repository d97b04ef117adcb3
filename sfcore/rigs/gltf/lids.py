"""Lids that stay on the eyeball in programs that only add displacements."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.rig import Eye, Floats, Rig

_WAY = (0.25, 0.5, 0.75, 1.0)
"""Parts of a shape at which its lids are looked at."""
_BARE = 1.004
"""Distance from the centre, in radii, at which a lid hides the ball."""
_STEP, _STEPS = 0.005, 40


def clear_of_balls(rig: Rig, points: Floats, moved: Floats) -> None:
    """Lengthens displacements (52, n, 3) of lids at ``points`` (n, 3) that would sink into an eyeball, in place.

    sface pushes such lids out when it poses a head. Elsewhere a lid runs straight from open to closed, through the ball; so its
    end is put as far out as keeps the whole way out, a millimetre or so. Vertices that copy a lid's corrections get them too.
    """
    follower, leader = rig.followers.T
    for shape in moved:
        for eye in rig.eyes:
            index = eye.keep_out
            if not shape[index].any():
                continue
            before = shape.copy()
            shape[index] = _pushed(points, shape, eye)
            added = shape - before
            of_leaders = np.where(np.isin(follower, index)[:, None], 0.0, added[leader])
            shape[follower] += of_leaders.astype(np.float32)


def _pushed(points: Floats, shape: Floats, eye: Eye) -> Floats:
    """Displacements of the vertices to be kept out of one ball."""
    start = points[eye.keep_out].astype(np.float64)
    end = start + shape[eye.keep_out]
    centre = points[eye.centre].astype(np.float64)
    radius = float(np.linalg.norm(points[eye.pole] - centre))
    moves = shape[eye.keep_out].any(axis=1)
    # No lid need end further out than it began: where a head has lids inside its balls, that is how it looks at rest.
    rest = np.linalg.norm(start - centre, axis=1) / radius
    limit = np.minimum(_BARE, rest) * radius
    for _ in range(_STEPS):
        sunk = np.zeros(len(start), bool)
        for part in _WAY:
            ray = start + part * (end - start) - centre
            sunk |= (np.linalg.norm(ray, axis=1) < limit) & (ray[:, 2] > 0)
        sunk &= moves
        if not sunk.any():
            break
        ray = end[sunk] - centre
        end[sunk] += _STEP * radius * ray / np.linalg.norm(ray, axis=1, keepdims=True)
    return (end - start).astype(np.float32)
