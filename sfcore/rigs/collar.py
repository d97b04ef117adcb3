"""A collar for imported heads: the shirt of the embedded head around another neck, in the place of whatever shoulders there are."""

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
SHOULDER = (7.0, -11.0)
"""Skin further out and lower than this (cm) belongs to a shoulder, which the shirt replaces."""


def under_collar(draft: Draft) -> NDArray[np.bool_]:
    """Triangles (m,) of the skin that the shirt takes the place of."""
    corners = draft.points[draft.triangles]
    below: NDArray[np.bool_] = np.all(corners[..., 1] < CUT, axis=1)
    shoulder = (np.abs(corners[..., 0]) > SHOULDER[0]) & (corners[..., 1] < SHOULDER[1])
    result: NDArray[np.bool_] = (below | np.any(shoulder, axis=1)) & (draft.parts == Part.SKIN)
    return result


def add_collar(draft: Draft) -> None:
    """Puts a shirt around the neck."""
    skin = draft.vertices_of(Part.SKIN)
    height = draft.points[:, 1]
    piece = body.shirt()
    points = piece.points.copy()
    level = draft.points[skin[(height[skin] > NECK[0]) & (height[skin] < NECK[1])]]
    level = level[(np.abs(level[:, 0]) < 8.0)]
    if len(level) > 8:
        half = float(np.clip(np.abs(level[:, 0]).max(), 4.0, 6.8))
        front, back = float(np.clip(level[:, 2].max(), 0.0, 6.0)), float(np.clip(level[:, 2].min(), -11.0, -4.5))
        own_middle, middle = 0.5 * (OWN_NECK[1] + OWN_NECK[2]), 0.5 * (front + back)
        deep = (front - back) / (OWN_NECK[1] - OWN_NECK[2])
        # Wide at the collar, as the embedded head's further out.
        out = np.clip((np.abs(points[:, 0]) / 12.0), 0.0, 1.0)
        wide = ROOM * half / OWN_NECK[0]
        points[:, 0] *= wide + (1.0 - wide) * out
        grown = middle + (points[:, 2] - own_middle) * deep * ROOM
        points[:, 2] = grown
    draft.add(points, piece.triangles, Part.SHIRT, piece.uv, share=0.0)
