"""Rank correlation as sums by cluster, so that one sort serves every resample."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.metrics.intervals import LEAST_VARIANCE, Array


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _radix(keys):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Rows of (n,) uint32 in the order of their keys, equal ones as they came: three passes over 11 bits each."""
    n = len(keys)
    rows, moved = np.arange(n), np.empty(n, np.int64)
    for shift in (0, 11, 22):
        places = np.zeros(2049, np.int64)
        for row in range(n):
            places[((keys[row] >> shift) & 2047) + 1] += 1
        places = np.cumsum(places)
        for at in range(n):
            digit = (keys[rows[at]] >> shift) & 2047
            moved[places[digit]] = rows[at]
            places[digit] += 1
        rows, moved = moved, rows
    return rows


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _stretches(values, rows, ranks, above):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Mean rank of each row's value as a share of n, 0..1, and the mean over all rows of the larger ranks, equal ones halved.

    ``rows`` puts ``values`` in order. The ranks of places s to e - 1 add up to (e * e - s * s) / 2n, whoever is equal.
    """
    n, start = len(rows), 0
    while start < n:
        end = start + 1
        while end < n and values[rows[end]] == values[rows[start]]:
            end += 1
        rank = (start + end) / (2 * n)
        larger = 0.5 - (start / n * (start / n) + end / n * (end / n)) / 4
        for at in range(start, end):
            ranks[rows[at]] = rank
            above[rows[at]] = larger
        start = end


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _above(ranks, rows, weight, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Mean over all rows of the weights (n,) of those with larger ranks, equal ones counting half."""
    n, start, total, before = len(rows), 0, 0.0, 0.0
    for row in range(n):
        total += weight[row]
    while start < n:
        end, stretch = start, 0.0
        while end < n and ranks[rows[end]] == ranks[rows[start]]:
            stretch += weight[rows[end]]
            end += 1
        for at in range(start, end):
            out[rows[at]] = (total - before - stretch / 2) / n
        before += stretch
        start = end


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add(cluster, f, g, f_above_g, g_above_f, f_above, g_above, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Adds by cluster: a count, and three parts of each row less two thirds of their means."""
    n, both, true, told = len(cluster), 0.0, 0.0, 0.0
    for row in range(n):
        both += f[row] * g[row] + f_above_g[row] + g_above_f[row]
        true += f[row] * f[row] + 2 * f_above[row]
        told += g[row] * g[row] + 2 * g_above[row]
    third = 2 / (3 * n)
    for row in range(n):
        at = cluster[row]
        out[at, 0] += 1.0
        out[at, 1] += f[row] * g[row] + f_above_g[row] + g_above_f[row] - third * both
        out[at, 2] += f[row] * f[row] + 2 * f_above[row] - third * true
        out[at, 3] += g[row] * g[row] + 2 * g_above[row] - third * told


def _in_order(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """What `numpy.argsort` gives with equal values in the order of their rows; (n,) float32 are sorted by their bits."""
    if values.dtype != np.float32:
        return np.argsort(values, kind="stable")
    # The bits of positive floats rise with them, those of negative ones fall. Adding 0 makes -0 equal to 0.
    bits = (values + np.float32(0)).view(np.uint32)
    return np.asarray(_radix(np.where(bits >> 31, ~bits, bits | np.uint32(0x80000000))))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Values (n,) in order: ``rows`` orders them, ``ranks`` and ``above`` are those of `_stretches`."""

    rows: NDArray[np.int64]
    ranks: Array
    above: Array

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> _Ranked:
        made = cls(_in_order(values), np.empty(len(values)), np.empty(len(values)))
        _stretches(values, made.rows, made.ranks, made.above)
        return made


def rank_sums(
    truth: NDArray[np.floating], predicted: NDArray[np.floating], cluster: NDArray[np.int64], clusters: int
) -> tuple[Array, int]:
    """Sums (clusters, 4) from which `intervals.mean_rank_correlations` makes Spearman's rho, and how many rows know the truth.

    ``truth`` and ``predicted`` (n,) hold nan for unknown truth and for missing answers, which stand at the opposite of the truth.
    The sums are the count and, for the product and both squares of the ranks, each row's value plus its influence on all other
    rows' ranks (the first term of the functional's expansion; van der Vaart, Asymptotic Statistics, 12.3): resampling them moves
    rho as resampling the rows would, up to terms of order 1/n. Zeros where the truth does not vary.
    """
    known = ~np.isnan(truth)
    t, p, own = (truth, predicted, cluster) if known.all() else (truth[known], predicted[known], cluster[known])
    sums = np.zeros((clusters, 4))
    if not len(t) or t.var(dtype=np.float64) <= LEAST_VARIANCE:
        return sums, 0
    if np.isnan(p).any():
        p = np.where(np.isnan(p), 2 * t.mean(dtype=np.float64) - t.astype(np.float64), p)
    if p.var(dtype=np.float64) <= LEAST_VARIANCE:
        p = np.zeros(len(t), np.float32)
    true, told = _Ranked.of(t), _Ranked.of(p)
    true_above_told, told_above_true = np.empty(len(t)), np.empty(len(t))
    _above(true.ranks, true.rows, told.ranks, true_above_told)
    _above(told.ranks, told.rows, true.ranks, told_above_true)
    _add(own, true.ranks, told.ranks, true_above_told, told_above_true, true.above, told.above, sums)
    return sums, len(t)
