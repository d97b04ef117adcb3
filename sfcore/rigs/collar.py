"""A collar for imported heads: the embedded head's shirt around another neck, in the place of whatever shoulders there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.draft import Draft
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import body

NECK = (-15.4, -14.0)
"""Heights (cm) between which a neck is measured."""
OWN_NECK = (4.75, 3.0, -6.9)
"""Half width, front and back (cm) of the neck that the shirt was made for."""
ROOM = 1.05
"""How much wider than the neck a collar is."""
CUT = -15.9
"""Skin all below this height (cm) is hidden in the shirt and left out."""
SHOULDER = (8.0, -12.5)
"""Skin further out and lower than this (cm) belongs to a shoulder, which the shirt replaces."""
ABOVE_SKIN = 0.4
"""How far (cm) the shirt lies above a shoulder."""


def under_collar(draft: Draft) -> NDArray[np.bool_]:
    """Triangles (m,) of the skin that the shirt takes the place of."""
    corners = draft.points[draft.triangles]
    below: NDArray[np.bool_] = np.all(corners[..., 1] < CUT, axis=1)
    shoulder = (np.abs(corners[..., 0]) > SHOULDER[0]) & (corners[..., 1] < SHOULDER[1])
    result: NDArray[np.bool_] = (below | np.any(shoulder, axis=1)) & (draft.parts == Part.SKIN)
    return result


def add_collar(draft: Draft) -> None:
    """Puts a shirt around the neck, out and up to where it lies over the shoulders."""
    skin = draft.points[draft.vertices_of(Part.SKIN)]
    piece = body.shirt()
    points = piece.points.copy()
    level = skin[(skin[:, 1] > NECK[0]) & (skin[:, 1] < NECK[1]) & (np.abs(skin[:, 0]) < 8.0)]
    if len(level) > 8:
        half = float(np.clip(np.abs(level[:, 0]).max(), 4.0, 6.8))
        front, back = float(np.clip(level[:, 2].max(), 0.0, 6.0)), float(np.clip(level[:, 2].min(), -11.0, -4.5))
        # Wide at the collar, as the embedded head's further out.
        out = np.clip(np.abs(points[:, 0]) / 12.0, 0.0, 1.0)
        wide = ROOM * half / OWN_NECK[0]
        points[:, 0] *= wide + (1.0 - wide) * out
        deep = ROOM * (front - back) / (OWN_NECK[1] - OWN_NECK[2])
        points[:, 2] = 0.5 * (front + back) + (points[:, 2] - 0.5 * (OWN_NECK[1] + OWN_NECK[2])) * deep
    _over_shoulders(points, skin[skin[:, 1] < NECK[1] + 2.0])
    draft.add(points, piece.triangles, Part.SHIRT, piece.uv, share=0.0)


def _over_shoulders(points: NDArray[np.float64], skin: NDArray[np.float32]) -> None:
    """Raises the shirt beside the neck to just above the skin below it."""
    skin = skin[np.abs(skin[:, 0]) > SHOULDER[0]]
    for i in np.flatnonzero(np.abs(points[:, 0]) > SHOULDER[0]):
        under = (np.abs(skin[:, 0] - points[i, 0]) < 1.6) & (np.abs(skin[:, 2] - points[i, 2]) < 1.6)
        if under.any():
            points[i, 1] = max(points[i, 1], float(skin[under, 1].max()) + ABOVE_SKIN)
