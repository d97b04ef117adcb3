"""Masks of the skin (lips, blush, lids, nostrils, beard, folds) over the neutral frontal plane, shared by every person."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.curves import bump, plateau, rise
from sfcore.rigs.procedural.skin import mouth_half_width

LIP, BLUSH, LID, NOSTRIL, BEARD, FOREHEAD, FROWN, CROW, FOLD, SCALP = range(10)
CHANNELS = 10
PER_CM = 32
X_RANGE = (0.0, 8.5)
"""The face is symmetric: only the subject's left half is kept."""
Y_RANGE = (-14.0, 10.0)


@cache
def masks() -> NDArray[np.float32]:
    """(height, width, CHANNELS) float32 in 0..1; row 0 is y = `Y_RANGE`[0], column 0 the midline."""
    xs = np.arange(int((X_RANGE[1] - X_RANGE[0]) * PER_CM)) / PER_CM + X_RANGE[0]
    ys = np.arange(int((Y_RANGE[1] - Y_RANGE[0]) * PER_CM)) / PER_CM + Y_RANGE[0]
    x, y = np.meshgrid(xs, ys)
    result = np.zeros((*x.shape, CHANNELS), np.float32)
    mouth = mouth_half_width()
    upper, lower = features.lip_borders(x, mouth)
    inside = np.minimum(upper - y, y - lower)
    result[..., LIP] = rise(-0.03, 0.09, inside) * rise(mouth + 0.02, mouth - 0.15, x)
    result[..., BLUSH] = np.maximum(bump(x, y, 4.0, -2.9, 1.9, 1.5), 0.7 * bump(x, y, 0.0, -3.5, 0.9, 0.7)) + 0.3 * bump(
        x, y, 0, -10, 1.2, 0.9
    )
    up, low = features.lid_curves(x)
    from_lids = np.maximum(np.maximum(y - up, low - y), np.maximum(features.EYE_CORNERS[0] - x, x - features.EYE_CORNERS[1]))
    result[..., LID] = rise(0.75, 0.0, from_lids) * 0.8 + 0.5 * bump(x, y, 2.5, -1.15, 1.1, 0.4)
    result[..., NOSTRIL] = plateau(x, y, 0.58, -4.16, 0.28, 0.13, 1.3)
    jaw = rise(-4.2, -6.0, y - 0.9 * rise(3.0, 6.5, x) * 3) * rise(-13.5, -12.0, y)
    result[..., BEARD] = np.clip(
        jaw * (1 - 0.85 * bump(x, y, 3.2, -5.0, 1.2, 1.3)) + 0.9 * plateau(x, y, 0, -5.1, 2.4, 0.55), 0, 1
    )
    result[..., BEARD] *= 1 - result[..., LIP]
    lines = np.clip(np.cos((y - 3.4 - 0.05 * x**2) * 2 * np.pi / 0.95), 0, 1) ** 5
    result[..., FOREHEAD] = lines * plateau(x, y, 0, 4.2, 4.2, 1.5, 2.0)
    result[..., FROWN] = np.exp(-(((x - 0.52 - 0.05 * (y - 1.6)) / 0.11) ** 2)) * plateau(x, y, 0.5, 1.7, 1.0, 0.9, 1.5)
    fan = np.clip(np.cos(np.arctan2(y + 0.1, np.maximum(x - 4.2, 1e-3)) * 9.0), 0, 1) ** 3
    result[..., CROW] = fan * plateau(x, y, 5.4, -0.1, 0.7, 0.9, 1.5)
    # Two channels hold a second fold each, well below the first.
    bridge = np.clip(np.cos((y + 0.1 + 0.55 * x) * 2 * np.pi / 0.62), 0, 1) ** 4
    result[..., FROWN] += bridge * plateau(x, y, 0.85, -0.95, 0.5, 0.85, 1.5)
    result[..., CROW] += np.exp(-(((x - 3.3 + 0.16 * (y + 6.3) ** 2) / 0.17) ** 2)) * plateau(x, y, 3.3, -6.3, 0.7, 0.8, 1.5)
    bend = 1.8 + 0.40 * (-4.0 - y)
    result[..., FOLD] = 0.7 * np.exp(-(((x - bend) / 0.2) ** 2)) * np.exp(-(((y + 5.1) / 1.25) ** 4))
    hairline = 6.4 - 0.05 * x**2 - 0.9 * rise(4.5, 7.0, x) * 5
    result[..., SCALP] = rise(-0.5, 0.9, y - hairline)
    return np.ascontiguousarray(result)
