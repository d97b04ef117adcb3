"""Ordinal soft labels: a coefficient as a distribution over the levels of its channel, whose mean is the coefficient itself.

Neighbouring levels share a label's weight, so that near misses cost less than far ones (Diaz and Marathe, CVPR 2019). A bell cut
off at the ends of the range would pull every resting channel away from 0: so each bell's centre is put where the mean over the
grid is the value to be taught, and what is read by expectation has no bias at the ends.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sfcore.codecs.levels import ANGLE_GRID, GRIDS, IS_ROTATION, LEVELS, MAX_ANGLE, SHAPE_GRID

# Standard deviation of a label in levels: 0.025 of a shape's range, about what two careful codings of one face differ by.
_SPREAD = 1.5
_STEP = 0.001
# So far outside of the levels, a bell is a spike at the end.
_OUTSIDE = 60.0
_HALVINGS = 44


@lru_cache(maxsize=2)
def _table(rotation: bool) -> NDArray[np.float32]:
    """(values, 61) float32: the label of each multiple of `_STEP` in the grid's range; rows sum to 1."""
    grid = (ANGLE_GRID if rotation else SHAPE_GRID).astype(np.float64)
    low, high = (-MAX_ANGLE, MAX_ANGLE) if rotation else (0.0, 1.0)
    values = np.linspace(low, high, round((high - low) / _STEP) + 1)
    left, right = np.full(len(values), -_OUTSIDE), np.full(len(values), LEVELS - 1 + _OUTSIDE)
    for _ in range(_HALVINGS):
        centre = (left + right) / 2
        below = _bells(centre) @ grid < values
        left, right = np.where(below, centre, left), np.where(below, right, centre)
    return _bells((left + right) / 2).astype(np.float32)


def _bells(centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) centres in levels -> (n, 61) rows that sum to 1."""
    exponent = -((np.arange(LEVELS) - centre[:, None]) ** 2) / (2 * _SPREAD**2)
    weights = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def soft_labels(coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., 61) float32 -> (..., 61, 61) float32 over levels; rows sum to 1, and those of unknown channels (NaN) to 0."""
    known = ~np.isnan(coefficients)
    values = np.where(known, coefficients, 0.0).astype(np.float64)
    labels = np.empty((*coefficients.shape, LEVELS), np.float32)
    for rotation, low, high in ((False, 0.0, 1.0), (True, -MAX_ANGLE, MAX_ANGLE)):
        chosen = np.flatnonzero(rotation == IS_ROTATION)
        rows = np.rint((np.clip(values[..., chosen], low, high) - low) / _STEP).astype(np.int64)
        labels[..., chosen, :] = _table(rotation)[rows]
    return labels * known[..., None]


def expected(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., 61, 61) shares over levels, rows summing to 1 -> (..., 61) float32: the mean of each channel's distribution."""
    return np.asarray((shares * GRIDS).sum(axis=-1), dtype=np.float32)
