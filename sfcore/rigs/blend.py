"""Sums of sparse displacements, compiled: a face shows a dozen shapes at once, a hundred pictures a second."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, error_model="numpy")
def add_entries(
    target: NDArray[np.float32],
    starts: NDArray[np.int32],
    vertices: NDArray[np.int32],
    offsets: NDArray[np.float32],
    weights: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> None:
    """Adds to ``target`` (n, 3), for each entry with a weight, its ``offsets`` times its weight and the vertex's ``scale``.

    Entry ``i`` is rows ``starts[i]`` up to ``starts[i + 1]``; vertices are not checked against ``target``.
    """
    for entry in range(len(starts) - 1):
        weight = weights[entry]
        if weight == np.float32(0.0):
            continue
        for row in range(starts[entry], starts[entry + 1]):
            v = vertices[row]
            by = weight * scale[v]
            target[v, 0] += offsets[row, 0] * by
            target[v, 1] += offsets[row, 1] * by
            target[v, 2] += offsets[row, 2] * by


@numba.njit(cache=True, error_model="numpy")
def weighted_sum(weights: NDArray[np.float32], layers: NDArray[np.float32], total: NDArray[np.float32]) -> None:
    """Adds ``layers`` (k, n), each times its weight (k,), to ``total`` (n,), in their order.

    A matrix product would be as fast, but adds up in another order on another processor, and pictures must have the same bytes.
    """
    for k in range(len(weights)):
        weight = weights[k]
        if weight == np.float32(0.0):
            continue
        for i in range(len(total)):
            total[i] += weight * layers[k, i]
