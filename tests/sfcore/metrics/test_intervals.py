"""Whether the intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from sfcore.metrics.intervals import draw_weights, mean_correlations, percentile_interval, ratios


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
