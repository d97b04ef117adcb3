"""Confidence intervals by a bootstrap over clusters: pictures of one face resemble each other, so faces are what is drawn.

One set of draws serves every model, figure and slice of a run: what a figure of two models does in the same resample may be
subtracted, which makes the difference's interval a paired one.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream

Array = NDArray[np.float64]

LEAST_VARIANCE = 1e-10
"""Below this a channel counts as still, as in correlation.sql: a spread of 0.00001 is rounding, not movement."""


def draw_weights(clusters: int, resamples: int, seed: int) -> Array:
    """How often each cluster is drawn in each resample, (1 + resamples, clusters), whole numbers.

    The first row is the sample itself (all ones). Clusters as units: Davison and Hinkley, Bootstrap Methods and their
    Application, section 3.8.
    """
    rng = stream(str(seed), "bootstrap over identities")
    drawn = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=resamples).astype(np.float64)
    return np.concatenate([np.ones((1, clusters)), drawn])


# Figures from sums by cluster: each takes weights (resamples, clusters) and sums (clusters, ...), and gives (resamples,) values.


def ratios(weights: Array, sums: Array) -> Array:
    """A ratio of sums, nan without cases; ``sums`` (clusters, 2) are both parts."""
    totals = weights @ sums
    return np.divide(totals[:, 0], totals[:, 1], out=np.full(len(weights), np.nan), where=totals[:, 1] != 0)


def mean_correlations(weights: Array, sums: Array) -> Array:
    """Pearson's r averaged over the channels that vary, nan where none varies.

    ``sums`` is (clusters, channels, 6): count, and sums of truth, prediction, their squares and their product.
    A channel whose predictions never vary counts as 0.
    """
    true_variance, predicted_variance, covariance = _moments(weights, sums)
    varies = true_variance > LEAST_VARIANCE
    moves = varies & (predicted_variance > LEAST_VARIANCE)
    scale = np.sqrt(np.where(moves, true_variance * predicted_variance, 1.0))
    return _mean_over(varies, np.where(moves, covariance / scale, 0.0))


def mean_slopes(weights: Array, sums: Array) -> Array:
    """The slope of prediction on truth averaged over the channels that vary, nan where none does; sums as for correlations."""
    true_variance, _, covariance = _moments(weights, sums)
    varies = true_variance > LEAST_VARIANCE
    return _mean_over(varies, covariance / np.where(varies, true_variance, 1.0))


def silent_channels(weights: Array, sums: Array) -> Array:
    """How many channels are there and never told, nan where none is there; ``sums`` (clusters, channels, 2): there, told."""
    there, told = np.moveaxis(_totals(weights, sums), -1, 0)
    counted = there > 0
    return np.where(counted.any(axis=1), (counted & (told == 0)).sum(axis=1), np.nan)


def mean_rank_correlations(weights: Array, sums: Array) -> Array:
    """Spearman's rho averaged over the channels that vary; ``sums`` (clusters, channels, 4) from `sfcore.metrics.ranks`."""
    totals = _totals(weights, sums)
    count = totals[..., 0]
    means = np.divide(totals[..., 1:], count[..., None], out=np.zeros_like(totals[..., 1:]), where=count[..., None] > 0)
    # A quarter is the squared mean of any rank divided by the number of rows.
    together, true, told = np.moveaxis(means - 0.25, -1, 0)
    varies = (count > 0) & (true > LEAST_VARIANCE)
    moves = varies & (told > LEAST_VARIANCE)
    return _mean_over(varies, np.where(moves, together / np.sqrt(np.where(moves, true * told, 1.0)), 0.0))


def _totals(weights: Array, sums: Array) -> Array:
    return (weights @ sums.reshape(len(sums), -1)).reshape(len(weights), *sums.shape[1:])


def _moments(weights: Array, sums: Array) -> tuple[Array, Array, Array]:
    totals = _totals(weights, sums)
    count = totals[..., 0]
    means = np.divide(totals[..., 1:], count[..., None], out=np.zeros_like(totals[..., 1:]), where=count[..., None] > 0)
    true, predicted, true_square, predicted_square, product = np.moveaxis(means, -1, 0)
    return true_square - true**2, predicted_square - predicted**2, product - true * predicted


def _mean_over(counted: NDArray[np.bool_], values: Array) -> Array:
    channels = counted.sum(axis=1)
    summed = np.where(counted, values, 0.0).sum(axis=1)
    return np.divide(summed, channels, out=np.full(len(values), np.nan), where=channels > 0)


# From resamples to intervals. ------------------------------------------------------------------------------------------


def t_quantile(level: float, freedom: int) -> float:
    """Quantile of Student's t, by its expansion about the normal one (Abramowitz and Stegun 26.7.5); within 0.1 % from 5
    degrees of freedom on and levels up to 0.99."""
    z = NormalDist().inv_cdf(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))


def widened(level: float, clusters: int) -> float:
    """The share of resamples to leave out at one end so that ``level`` of the truths lies beyond it.

    A bootstrap of few clusters is too narrow: its variance is short by (c - 1) / c, and it knows no t. Hesterberg, "What Teachers
    Should Know About the Bootstrap" (The American Statistician 69, 2015), calls this the expanded percentile interval.
    """
    return NormalDist().cdf(math.sqrt(clusters / (clusters - 1)) * t_quantile(level, clusters - 1))


def placed(level: float, resamples: int) -> float:
    """The level at which a quantile that runs from the least to the largest of ``resamples`` numbers (numpy's, and DuckDB's
    ``quantile_cont``) finds the one that a new draw is below with probability ``level``.

    A new draw falls into each of the resamples + 1 gaps alike: Hyndman and Fan, "Sample Quantiles in Statistical Packages" (The
    American Statistician 50, 1996), definition 6. Beyond the first or the last number it stays there.
    """
    return min(max((level * (resamples + 1) - 1) / max(resamples - 1, 1), 0.0), 1.0)


def percentile_intervals(resampled: Array, confidence: float, clusters: NDArray[np.int64]) -> tuple[Array, Array]:
    """The middle ``confidence`` of each column of (resamples, k) values, widened for its number of ``clusters`` (k,).

    Returns low and high ends (k,); nan below two clusters, or where more than half of the resamples have no value.
    """
    ordered = np.sort(resampled, axis=0)
    known = np.isfinite(ordered).sum(axis=0)
    fine = (2 * known >= len(resampled)) & (known >= 2) & (clusters >= 2)
    tails = {count: widened((1 - confidence) / 2, count) for count in set(clusters[fine].tolist())}
    tail = np.array([tails.get(count, 0.0) for count in clusters.tolist()])
    ends = []
    last = np.maximum(known - 1, 0)
    # As in `placed`, counted from 0.
    lower = np.clip(tail * (known + 1) - 1, 0, last)
    for at in (lower, last - lower):
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, last)
        columns = np.arange(ordered.shape[1])
        first, second = ordered[below, columns], ordered[above, columns]
        ends.append(np.where(fine, first + (second - first) * (at - below), np.nan))
    return ends[0], ends[1]


def percentile_interval(resampled: Array, confidence: float, clusters: int) -> tuple[float, float] | None:
    """`percentile_intervals` of one column of values, None where it has no ends."""
    low, high = percentile_intervals(resampled[:, None], confidence, np.array([clusters]))
    return (float(low[0]), float(high[0])) if np.isfinite(low[0]) else None
