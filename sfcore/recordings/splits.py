"""Which stretches of a take are held out: contiguous ones with a guard around them, never single neighbouring frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.recipe import Labels

TRAIN, TEST, GUARD = "train", "test", "guard"
# Only to give a take without times a length in seconds; ARKit captures at 60 frames a second.
_FRAMES_PER_SECOND_WITHOUT_TIME = 60.0
# In a take so short that the guards would eat it, a guard takes at most this share of its length.
_LARGEST_GUARD_SHARE = 0.05


def split_by_time(t: NDArray[np.float64], frame: NDArray[np.int64], labels: Labels, key: str) -> NDArray[np.str_]:
    """``(n,)`` words train, test or guard for the rows of one take, from its times in seconds.

    The take is cut into equal parts, one for each held-out stretch, and the stretch lies somewhere inside its part, drawn from
    ``key`` (the performance): takes of one performance that share their times are split alike. Rows within the guard of a
    stretch are in neither set.
    """
    times = np.where(np.isnan(t), (frame - frame[0]) / _FRAMES_PER_SECOND_WITHOUT_TIME, t)
    length = float(times[-1] - times[0])
    words = np.full(len(times), TRAIN, dtype="<U5")
    if length <= 0:
        return words
    held_out = length * labels.test_share
    parts = max(1, round(held_out / labels.stretch_seconds))
    stretch, part = held_out / parts, length / parts
    guard = min(labels.guard_seconds, _LARGEST_GUARD_SHARE * part)
    offsets = stream(key, "split").uniform(0.0, part - stretch, parts)
    for number, offset in enumerate(offsets):
        start = times[0] + number * part + offset
        end = start + stretch
        words[(times >= start - guard) & (times <= end + guard) & (words == TRAIN)] = GUARD
        words[(times >= start) & (times <= end)] = TEST
    return words


def split_by_take(takes: int, test_share: float, key: str) -> list[str]:
    """Train or test for each of several takes that are alike and independent; at least one of each when there are two."""
    held_out = min(max(1, round(takes * test_share)), takes - 1)
    chosen = set(stream(key, "split").permutation(takes)[:held_out].tolist())
    return [TEST if take in chosen else TRAIN for take in range(takes)]
