"""Held-out stretches are contiguous, guarded, and about as long as asked."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.recipe import Labels
from sfcore.recordings.splits import GUARD, TEST, TRAIN, split_by_take, split_by_time


@settings(max_examples=100, deadline=None)
@given(
    seconds=st.floats(2, 300),
    rate=st.sampled_from([24.0, 30.0, 60.0]),
    share=st.floats(0.05, 0.5),
    stretch=st.floats(1, 20),
    key=st.text(max_size=8),
)
def test_no_training_frame_is_a_neighbour_of_a_held_out_one(
    seconds: float, rate: float, share: float, stretch: float, key: str
) -> None:
    t = np.arange(int(seconds * rate)) / rate
    labels = Labels(test_share=share, stretch_seconds=stretch)
    words = split_by_time(t, np.arange(len(t)), labels, key)
    assert set(words) <= {TRAIN, TEST, GUARD}
    parts = max(1, round(t[-1] * share / stretch))
    guard = min(labels.guard_seconds, 0.05 * t[-1] / parts)
    held, learned = t[words == TEST], t[words == TRAIN]
    assert len(held)
    assert abs(len(held) / len(t) - share) <= 2 * parts / len(t) + 0.01
    if len(learned):
        after = np.searchsorted(held, learned).clip(0, len(held) - 1)
        before = (after - 1).clip(0)
        distance = np.minimum(np.abs(held[after] - learned), np.abs(held[before] - learned))
        assert distance.min() > guard - 1e-9
    changes = np.count_nonzero(np.diff((words == TEST).astype(int)) == 1) + int(words[0] == TEST)
    assert changes <= parts
    assert (split_by_time(t, np.arange(len(t)), labels, key) == words).all()


@given(takes=st.integers(2, 40), share=st.floats(0.01, 0.89))
def test_both_sides_get_a_take(takes: int, share: float) -> None:
    words = split_by_take(takes, share, "k")
    assert {TRAIN, TEST} == set(words)


def test_a_clock_that_jumps_neither_hangs_nor_takes_the_held_out_time() -> None:
    t = np.concatenate([np.arange(300) / 30, 1.7e9 + np.arange(300) / 30, 1e18 + np.arange(300) * 200.0])
    words = split_by_time(t, np.arange(900), Labels(test_share=0.2), "jumps")
    counts = {word: int((words == word).sum()) for word in ("train", "test", "guard")}
    assert sum(counts.values()) == 900
    assert 0.1 < counts["test"] / 900 < 0.3
