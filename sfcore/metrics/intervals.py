"""Confidence intervals by a bootstrap over identities: pictures of one face resemble each other, so faces are what is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream

Array = NDArray[np.float64]

LEAST_VARIANCE = 1e-10
"""Below this a channel counts as still, as in correlation.sql: a spread of 0.00001 is rounding, not movement."""


def draw_weights(identities: int, resamples: int, seed: int) -> Array:
    """How often each identity is drawn in each resample, (1 + resamples, identities), whole numbers.

    The first row is the sample itself (all ones). One set of draws serves every model and figure, so differences between models
    are paired. Clusters as units: Davison and Hinkley, Bootstrap Methods and their Application, section 3.8.
    """
    rng = stream(str(seed), "bootstrap over identities")
    drawn = rng.multinomial(identities, np.full(identities, 1 / identities), size=resamples).astype(np.float64)
    return np.concatenate([np.ones((1, identities)), drawn])


def ratios(weights: Array, sums: Array) -> Array:
    """A ratio of sums in each resample, (resamples,), nan without cases; ``sums`` (identities, 2) are both parts."""
    totals = weights @ sums
    return np.divide(totals[:, 0], totals[:, 1], out=np.full(len(weights), np.nan), where=totals[:, 1] != 0)


def mean_correlations(weights: Array, sums: Array) -> Array:
    """Pearson's r averaged over the channels that vary in each resample, (resamples,), nan where none varies.

    ``sums`` is (identities, channels, 6): count, and sums of truth, prediction, their squares and their product.
    A channel whose predictions never vary counts as 0.
    """
    totals = (weights @ sums.reshape(len(sums), -1)).reshape(len(weights), -1, 6)
    count = totals[..., 0]
    means = np.divide(totals[..., 1:], count[..., None], out=np.zeros_like(totals[..., 1:]), where=count[..., None] > 0)
    true, predicted, true_square, predicted_square, product = np.moveaxis(means, -1, 0)
    true_variance, predicted_variance = true_square - true**2, predicted_square - predicted**2
    varies = true_variance > LEAST_VARIANCE
    moves = varies & (predicted_variance > LEAST_VARIANCE)
    scale = np.sqrt(np.where(moves, true_variance * predicted_variance, 1.0))
    r = np.where(moves, (product - true * predicted) / scale, 0.0)
    channels = varies.sum(axis=1)
    return np.divide(np.where(varies, r, 0.0).sum(axis=1), channels, out=np.full(len(weights), np.nan), where=channels > 0)


def percentile_interval(resampled: Array, confidence: float) -> tuple[float, float] | None:
    """The middle ``confidence`` of the resampled values; None where more than half of the resamples have no value."""
    known = resampled[np.isfinite(resampled)]
    if len(known) * 2 < len(resampled) or len(known) < 2:
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
