"""Soft labels mean exactly the value they teach, so that what is read by expectation is not drawn away from the ends."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import INDEX
from sfcore.codecs.levels import GRIDS, IS_ROTATION, LEVELS
from sfcore.codecs.ordinal import expected, soft_labels


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-2, 2, width=32), min_size=61, max_size=61))
def test_the_mean_of_a_label_is_its_value(values: list[float]) -> None:
    numbers = np.array(values, np.float32)
    labels = soft_labels(numbers)
    held = np.where(IS_ROTATION, np.clip(numbers, -1.2, 1.2), np.clip(numbers, 0, 1))
    np.testing.assert_allclose(labels.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(expected(labels), held, atol=6e-4)  # labels are kept in steps of a thousandth


def test_rest_is_certain_and_neighbours_share_what_is_between() -> None:
    numbers = np.zeros(61, np.float32)
    numbers[INDEX["JawOpen"]] = 0.5
    labels = soft_labels(numbers)
    assert labels[INDEX["MouthClose"], 0] > 0.999
    bell = labels[INDEX["JawOpen"]]
    assert bell.argmax() == 30
    assert (np.diff(bell[:31]) >= 0).all()
    assert (np.diff(bell[30:]) <= 0).all()
    assert 0.2 < bell[30] < 0.5


def test_unknown_channels_have_no_label() -> None:
    numbers = np.zeros((2, 61), np.float32)
    numbers[1, 3] = np.nan
    labels = soft_labels(numbers)
    assert labels.shape == (2, 61, LEVELS)
    assert labels[1, 3].sum() == 0
    assert labels[0, 3].sum() > 0.99


def test_grids_rise() -> None:
    assert (np.diff(GRIDS, axis=1) > 0).all()
