"""Noise and lookups that surfaces are painted with, as compiled functions."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.render.albedo import CHANNELS, PER_CM, X_RANGE, Y_RANGE
from sfcore.render.compiled import inlined
from sfcore.render.look import Scalar

ONE = np.float32(1.0)
"""A literal 1 would turn float32 arithmetic into float64."""
ZERO = np.float32(0.0)
_HALF, _TWO, _THREE = np.float32(0.5), np.float32(2.0), np.float32(3.0)
_ATLAS_X, _ATLAS_Y, _ATLAS_SCALE = np.float32(X_RANGE[0]), np.float32(Y_RANGE[0]), np.float32(PER_CM)
_CELLS = 128


@cache
def grain() -> NDArray[np.float32]:
    """The lattice of `noise`: (129, 129) float32 in 0..1 that repeats after 128 cells, its first row and column doubled."""
    lattice = stream("grain", "lattice").random((_CELLS, _CELLS), dtype=np.float32)
    return np.ascontiguousarray(np.pad(lattice, ((0, 1), (0, 1)), mode="wrap"))


@inlined
def smooth(low: Scalar, high: Scalar, value: Scalar) -> Scalar:
    """0 at ``low``, 1 at ``high``, without kinks between."""
    t = min(max((value - low) / (high - low), ZERO), ONE)
    return t * t * (_THREE - _TWO * t)


@inlined
def noise(lattice: NDArray, x: Scalar, y: Scalar) -> Scalar:
    """Value noise in 0..1 with a cell of one unit."""
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = int(fx) & (_CELLS - 1), int(fy) & (_CELLS - 1)
    tx, ty = x - fx, y - fy
    tx, ty = tx * tx * (_THREE - _TWO * tx), ty * ty * (_THREE - _TWO * ty)
    a, b = lattice[iy, ix], lattice[iy, ix + 1]
    c, d = lattice[iy + 1, ix], lattice[iy + 1, ix + 1]
    low, high = a + (b - a) * tx, c + (d - c) * tx
    return low + (high - low) * ty


@inlined
def sample_masks(atlas: NDArray, fine: bool, u: Scalar, v: Scalar, out: NDArray) -> None:
    """Masks at a point of the neutral frontal plane: bilinear where ``fine``, otherwise the nearest texel's."""
    x = (abs(u) - _ATLAS_X) * _ATLAS_SCALE
    y = (v - _ATLAS_Y) * _ATLAS_SCALE
    x = min(max(x, ZERO), np.float32(atlas.shape[1] - 2))
    y = min(max(y, ZERO), np.float32(atlas.shape[0] - 2))
    if not fine:
        ix, iy = int(x + _HALF), int(y + _HALF)
        for c in range(CHANNELS):
            out[c] = atlas[iy, ix, c]
        return
    ix, iy = int(x), int(y)
    tx, ty = x - np.float32(ix), y - np.float32(iy)
    for c in range(CHANNELS):
        low = atlas[iy, ix, c] + (atlas[iy, ix + 1, c] - atlas[iy, ix, c]) * tx
        high = atlas[iy + 1, ix, c] + (atlas[iy + 1, ix + 1, c] - atlas[iy + 1, ix, c]) * tx
        out[c] = low + (high - low) * ty
