"""Whether the intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr, t

from sfcore.metrics.intervals import (
    draw_weights,
    mean_correlations,
    mean_rank_correlations,
    percentile_interval,
    percentile_intervals,
    placed,
    ratios,
    t_quantile,
    widened,
)
from sfcore.metrics.ranks import rank_sums


def test_weights_begin_with_the_sample_and_draw_as_many_as_there_are() -> None:
    weights = draw_weights(7, 100, seed=1)
    assert weights.shape == (101, 7)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 7).all()
    assert np.array_equal(weights, draw_weights(7, 100, seed=1))
    assert not np.array_equal(weights, draw_weights(7, 100, seed=2))


def test_ninety_percent_intervals_cover_the_truth_about_nine_times_in_ten() -> None:
    # Each face has its own error; pictures of one face share it, so rows alone would be far too sure.
    rng, covered, covered_by_rows, trials = np.random.default_rng(5), 0, 0, 300
    for trial in range(trials):
        faces = 0.3 + 0.1 * rng.standard_normal(40)
        errors = faces[:, None] + 0.05 * rng.standard_normal((40, 10))
        sums = np.stack([errors.sum(axis=1), np.full(40, 10.0)], axis=1)
        low, high = percentile_interval(ratios(draw_weights(40, 300, trial), sums)[1:], 0.9, 40) or (np.nan, np.nan)
        covered += low <= 0.3 <= high
        rows = np.stack([errors.ravel(), np.ones(400)], axis=1)
        low, high = percentile_interval(ratios(draw_weights(400, 300, trial), rows)[1:], 0.9, 400) or (np.nan, np.nan)
        covered_by_rows += low <= 0.3 <= high
    assert 0.84 <= covered / trials <= 0.95
    assert covered_by_rows / trials < 0.6


def test_resampled_correlations_equal_those_of_the_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    truth, answer = rng.random((5, 8, 3)), rng.random((5, 8, 3))
    answer[..., 2] = 0.4
    parts = [np.ones_like(truth), truth, answer, truth**2, answer**2, truth * answer]
    sums = np.stack([part.sum(axis=1) for part in parts], axis=-1)
    weights = draw_weights(5, 20, seed=3)
    for weight, value in zip(weights, mean_correlations(weights, sums), strict=True):
        t, p = (np.repeat(part, weight.astype(int), axis=0).reshape(-1, 3) for part in (truth, answer))
        expected = np.mean([np.corrcoef(t[:, i], p[:, i])[0, 1] for i in (0, 1)] + [0.0])
        assert value == pytest.approx(expected, abs=1e-9)


def test_resamples_without_a_case_have_no_value_and_too_many_of_them_no_interval() -> None:
    assert np.isnan(ratios(np.ones((1, 2)), np.zeros((2, 2)))[0])
    assert np.isnan(mean_correlations(np.ones((1, 2)), np.zeros((2, 1, 6)))[0])
    assert percentile_interval(np.array([1.0, np.nan, np.nan, np.nan]), 0.95, 9) is None


def test_resampled_rank_correlations_follow_those_of_the_repeated_rows() -> None:
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(3000) < 0.5, 0.0, rng.random(3000)).astype(np.float32)
    answer = (0.7 * truth + rng.normal(0, 0.2, 3000)).round(2).astype(np.float32)
    cluster = rng.integers(0, 30, 3000)
    sums, n = rank_sums(truth, answer, cluster, 30)
    weights = draw_weights(30, 20, seed=3)
    values = mean_rank_correlations(weights, sums[:, None, :])
    assert n == 3000
    assert values[0] == pytest.approx(spearmanr(truth, answer)[0], abs=1e-9)
    for weight, value in zip(weights[1:], values[1:], strict=True):
        rows = np.repeat(np.arange(3000), weight[cluster].astype(int))
        # Ranks are not drawn anew: the difference is of second order, below the spread of the resamples.
        assert value == pytest.approx(spearmanr(truth[rows], answer[rows])[0], abs=0.3 * values.std())


def test_the_expansion_of_students_t_and_the_percentiles_of_many_columns_are_right() -> None:
    for freedom in (5, 11, 39):
        for level in (0.9, 0.95, 0.975, 0.99):
            assert t_quantile(level, freedom) == pytest.approx(t.ppf(level, freedom), rel=2e-3)
    rng = np.random.default_rng(0)
    values = rng.standard_normal((200, 3))
    values[:150, 2] = np.nan
    low, high = percentile_intervals(values, 0.9, np.array([50, 1, 50]))
    tail = placed(widened(0.05, 50), 200)
    assert (low[0], high[0]) == pytest.approx(tuple(np.quantile(values[:, 0], [tail, 1 - tail])))
    assert 0.03 < tail < widened(0.05, 50) < 0.05
    assert np.isnan([low[1], high[1], low[2], high[2]]).all(), "one cluster has no interval, nor do mostly absent values"


def test_a_new_draw_lies_below_the_placed_quantile_as_often_as_the_level_says() -> None:
    """A quantile between the least and the largest of few numbers lies too near: of 39, 7 in 100 would lie below that of 5."""
    drawn = np.random.default_rng(0).random((20_000, 40))
    new, resampled = drawn[:, 0], drawn[:, 1:]
    for level in (0.05, 0.25, 0.95):
        ends = np.quantile(resampled, placed(level, 39), axis=1)
        assert np.mean(new < ends) == pytest.approx(level, abs=0.01)
    assert [placed(level, 39) for level in (0.01, 0.99)] == [0, 1], "beyond the last number there is none"
