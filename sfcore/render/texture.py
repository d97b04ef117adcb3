"""Noise and lookups that surfaces are painted with, as compiled functions."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.albedo import CHANNELS, PER_CM, X_RANGE, Y_RANGE
from sfcore.render.look import Scalar

ONE = np.float32(1.0)
"""A literal 1 would turn float32 arithmetic into float64."""
_ATLAS_X, _ATLAS_Y, _ATLAS_SCALE = np.float32(X_RANGE[0]), np.float32(Y_RANGE[0]), np.float32(PER_CM)


@numba.njit(forceinline=True, error_model="numpy")
def smooth(low: Scalar, high: Scalar, value: Scalar) -> Scalar:
    t = min(max((value - low) / (high - low), np.float32(0.0)), np.float32(1.0))
    return t * t * (np.float32(3.0) - np.float32(2.0) * t)


@numba.njit(forceinline=True, error_model="numpy")
def hashed(ix: Scalar, iy: Scalar) -> Scalar:
    n = (ix * np.int64(374761393) + iy * np.int64(668265263)) & np.int64(0xFFFFFFFF)
    n = ((n ^ (n >> np.int64(13))) * np.int64(1274126177)) & np.int64(0xFFFFFFFF)
    return np.float32((n ^ (n >> np.int64(16))) & np.int64(0xFFFF)) / np.float32(65535.0)


@numba.njit(forceinline=True, error_model="numpy")
def noise(x: Scalar, y: Scalar) -> Scalar:
    """Value noise in 0..1 with a cell of one unit."""
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = np.int64(fx), np.int64(fy)
    tx, ty = np.float32(x - fx), np.float32(y - fy)
    tx, ty = tx * tx * (3 - 2 * tx), ty * ty * (3 - 2 * ty)
    a, b = hashed(ix, iy), hashed(ix + 1, iy)
    c, d = hashed(ix, iy + 1), hashed(ix + 1, iy + 1)
    return np.float32((a + (b - a) * tx) * (ONE - ty) + (c + (d - c) * tx) * ty)


@numba.njit(forceinline=True, error_model="numpy")
def sample_masks(atlas: NDArray, u: Scalar, v: Scalar, out: NDArray) -> None:
    """Bilinear masks at a point of the neutral frontal plane."""
    x = (abs(u) - _ATLAS_X) * _ATLAS_SCALE
    y = (v - _ATLAS_Y) * _ATLAS_SCALE
    x = min(max(x, np.float32(0.0)), np.float32(atlas.shape[1] - 1.001))
    y = min(max(y, np.float32(0.0)), np.float32(atlas.shape[0] - 1.001))
    ix, iy = int(x), int(y)
    tx, ty = np.float32(x - ix), np.float32(y - iy)
    for c in range(CHANNELS):
        low = atlas[iy, ix, c] + (atlas[iy, ix + 1, c] - atlas[iy, ix, c]) * tx
        high = atlas[iy + 1, ix, c] + (atlas[iy + 1, ix + 1, c] - atlas[iy + 1, ix, c]) * tx
        out[c] = low + (high - low) * ty
