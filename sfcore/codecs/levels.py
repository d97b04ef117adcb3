"""Levels: the grids that coefficients are rounded to where one symbol, or one place among 61, stands for a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS

LEVELS = 61
# A head turned further than this (69 degrees) shows no face to read; farther values are clipped.
MAX_ANGLE = 1.2

IS_ROTATION: NDArray[np.bool_] = np.array([c.kind == "rotation" for c in CHANNELS])
"""(61,) which channels are angles."""
_HALF = LEVELS // 2


def _angle_grid() -> NDArray[np.float32]:
    """(61,) float32 radians, odd around an exact 0: steps grow from 0.017 beside zero to 0.063 at the ends (ours).

    Eyes and heads spend their time near zero, where 0.017 rad is one degree.
    """
    share = np.arange(1, _HALF + 1) / _HALF
    half = MAX_ANGLE * (0.4 * share + 0.6 * share**2)
    return np.concatenate([-half[::-1], [0.0], half]).astype(np.float32)


SHAPE_GRID: NDArray[np.float32] = (np.arange(LEVELS) / (LEVELS - 1)).astype(np.float32)
ANGLE_GRID: NDArray[np.float32] = _angle_grid()
GRIDS: NDArray[np.float32] = np.where(IS_ROTATION[:, None], ANGLE_GRID, SHAPE_GRID)
"""(61 channels, 61 levels) float32: the value of each level of each channel."""
_ANGLE_EDGES = ((ANGLE_GRID[1:].astype(np.float64) + ANGLE_GRID[:-1]) / 2).astype(np.float64)


def checked(coefficients: NDArray[np.float32]) -> NDArray[np.float64]:
    """(61,) float -> (61,) float64; raises `ValueError` for another shape."""
    values = np.asarray(coefficients, dtype=np.float64)
    if values.shape != (len(CHANNELS),):
        raise ValueError(f"an answer needs {len(CHANNELS)} coefficients, not an array of shape {values.shape}")
    return values


def levels_of(coefficients: NDArray[np.float32]) -> NDArray[np.int64]:
    """(61,) float -> (61,) int: nearest level of each channel's grid, -1 for unknown."""
    values = checked(coefficients)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    shapes = np.rint(np.clip(filled, 0.0, 1.0) * (LEVELS - 1)).astype(np.int64)
    angles = np.searchsorted(_ANGLE_EDGES, filled).astype(np.int64)
    return np.where(known, np.where(IS_ROTATION, angles, shapes), -1)


def values_of(levels: NDArray[np.int64]) -> NDArray[np.float32]:
    """(61,) int -> (61,) float32: what each level stands for, NaN for -1."""
    values = GRIDS[np.arange(len(CHANNELS)), levels]
    return np.where(levels < 0, np.float32(np.nan), values).astype(np.float32)
