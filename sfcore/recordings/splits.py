"""Which stretches of a take are held out: contiguous ones with a guard around them, never single neighbouring frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.recipe import Labels

TRAIN, TEST, GUARD = "train", "test", "guard"
WORDS = frozenset({TRAIN, TEST, GUARD})
# Only to give a take without times a length in seconds; ARKit captures at 60 frames a second.
_FRAMES_PER_SECOND_WITHOUT_TIME = 60.0
# A recording that stands still for longer than this has been interrupted.
_LONGEST_STEP = 5.0
# In a take so short that the guards would eat it, a guard takes at most this share of its length.
_LARGEST_GUARD_SHARE = 0.05


def split_by_time(t: NDArray[np.float64], frame: NDArray[np.int64], labels: Labels, key: str) -> NDArray[np.str_]:
    """``(n,)`` words train, test or guard for the rows of one take, from its times in seconds.

    The take is cut into equal parts, one for each held-out stretch, and the stretch lies somewhere inside its part, drawn from
    ``key`` (the performance): takes of one performance that share their times are split alike. Rows within the guard of a
    stretch are in neither set.
    """
    times = np.where(np.isnan(t), (frame - frame[0]) / _FRAMES_PER_SECOND_WITHOUT_TIME, t)
    recorded = _recorded(times)
    length = float(recorded[-1])
    words = np.full(len(times), TRAIN, dtype="<U5")
    if length <= 0:
        return words
    held_out = length * labels.test_share
    parts = min(max(1, round(held_out / labels.stretch_seconds)), len(times))
    stretch, part = held_out / parts, length / parts
    guard = min(labels.guard_seconds, _LARGEST_GUARD_SHARE * part)
    starts = np.arange(parts) * part + stream(key, "split").uniform(0.0, part - stretch, parts)
    own = np.clip((recorded / part).astype(np.int64), 0, parts - 1)
    # The guard of a stretch may reach into the part before or after its own.
    for number in (np.maximum(own - 1, 0), np.minimum(own + 1, parts - 1), own):
        start, end = starts[number], starts[number] + stretch
        words[(recorded >= start - guard) & (recorded <= end + guard) & (words == TRAIN)] = GUARD
        words[(recorded >= start) & (recorded <= end)] = TEST
    return words


def _recorded(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds (n,) of recording before each row: a pause, or a clock that was set meanwhile, counts as its longest step."""
    steps = np.diff(times)
    if not (steps > _LONGEST_STEP).any():
        return times - times[0]
    return np.concatenate([[0.0], np.cumsum(np.minimum(steps, _LONGEST_STEP))])


def split_by_take(takes: int, test_share: float, key: str) -> list[str]:
    """Train or test for each of several takes that are alike and independent; at least one of each when there are two."""
    held_out = min(max(1, round(takes * test_share)), takes - 1)
    chosen = set(stream(key, "split").permutation(takes)[:held_out].tolist())
    return [TEST if take in chosen else TRAIN for take in range(takes)]
