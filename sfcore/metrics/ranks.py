"""Rank correlation as sums by cluster, so that one sort serves every resample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.metrics.intervals import LEAST_VARIANCE, Array


@dataclass(frozen=True, slots=True)
class _Order:
    """Values (n,) in order: which row stands where, and where each stretch of equal values begins and ends."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> _Order:
        rows = np.argsort(values)
        ordered = values[rows]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        return cls(rows, starts, np.append(starts[1:], len(values)))

    def _back(self, by_stretch: Array) -> Array:
        """One number for each stretch -> one for each row (n,)."""
        out = np.empty(len(self.rows))
        out[self.rows] = np.repeat(by_stretch, self.ends - self.starts)
        return out

    def ranks(self) -> Array:
        """Mean rank of each row's value as a share of n, 0..1."""
        return self._back((self.starts + self.ends) / (2 * len(self.rows)))

    def above(self, weight: Array) -> Array:
        """Mean over all rows of the weights (n,) of those with larger values, equal ones counting half."""
        before = np.concatenate([[0.0], np.cumsum(weight[self.rows])])
        below, upto = before[self.starts], before[self.ends]
        return self._back((before[-1] - (below + upto) / 2) / len(self.rows))


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
    t, p, own = truth[known], predicted[known], cluster[known]
    n = len(t)
    sums = np.zeros((clusters, 4))
    if n == 0 or t.var(dtype=np.float64) <= LEAST_VARIANCE:
        return sums, 0
    if np.isnan(p).any():
        p = np.where(np.isnan(p), 2 * t.mean(dtype=np.float64) - t.astype(np.float64), p)
    if p.var(dtype=np.float64) <= LEAST_VARIANCE:
        p = np.zeros(n)
    true, told = _Order.of(t), _Order.of(p)
    f, g = true.ranks(), told.ranks()
    parts = (np.ones(n), f * g + true.above(g) + told.above(f), f * f + 2 * true.above(f), g * g + 2 * told.above(g))
    for column, part in enumerate(parts):
        sums[:, column] = np.bincount(own, part - (2 * part.mean() / 3 if column else 0), minlength=clusters)
    return sums, n
