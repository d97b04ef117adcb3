"""Thin-plate splines: the smoothest warp that takes some points of a plane to others (Bookstein, 1989)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_CHUNK = 4096


@dataclass(frozen=True)
class ThinPlate:
    """A warp of the plane: an affine part and one radial weight for each of the points it was fitted to."""

    knots: Array
    weights: Array
    affine: Array

    def __call__(self, points: Array) -> Array:
        """Images (n, 2) of points (n, 2)."""
        result = np.empty((len(points), 2))
        for start in range(0, len(points), _CHUNK):
            part = points[start : start + _CHUNK]
            basis = _kernel(np.linalg.norm(part[:, None] - self.knots[None], axis=2))
            result[start : start + _CHUNK] = basis @ self.weights + np.c_[np.ones(len(part)), part] @ self.affine
        return result


def fit_thin_plate(source: Array, target: Array, stiffness: float = 0.0) -> ThinPlate:
    """The warp from ``source`` (k, 2) to ``target`` (k, 2); ``stiffness`` above 0 trades exactness for smoothness."""
    k = len(source)
    system = np.zeros((k + 3, k + 3))
    system[:k, :k] = _kernel(np.linalg.norm(source[:, None] - source[None], axis=2)) + stiffness * np.eye(k)
    system[:k, k:] = np.c_[np.ones(k), source]
    system[k:, :k] = system[:k, k:].T
    right = np.concatenate([target, np.zeros((3, 2))])
    solution = np.linalg.lstsq(system, right, rcond=None)[0]
    return ThinPlate(source, solution[:k], solution[k:])


def _kernel(distance: Array) -> Array:
    safe = np.maximum(distance, 1e-12)
    return safe**2 * np.log(safe)
