"""Perturbed copies widen what a take covers and stay a face's motion."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import INDEX, NAMES
from sfcore.recordings.perturb import perturb, rarely_used
from sfcore.recordings.prior import ANTAGONISTS, draw_take

LOOKS = [i for i, name in enumerate(NAMES) if name.startswith("EyeLook")]


def talk(rows: int, seed: int = 0) -> np.ndarray:
    """A take in which only jaw, lips, lids and gaze act, as in most recordings of speech."""
    values = draw_take(seed, 0, rows)
    kept = [
        i for i, name in enumerate(NAMES[:52]) if name.startswith(("EyeLook", "EyeBlink", "JawOpen", "MouthFunnel", "MouthClose"))
    ]
    quiet = np.zeros_like(values)
    quiet[:, kept] = values[:, kept]
    quiet[:, 52:] = values[:, 52:]
    return quiet


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 400), strength=st.floats(0.05, 1.0))
def test_what_is_added_is_plausible_and_leaves_the_rest(seed: int, rows: int, strength: float) -> None:
    take = talk(rows, seed)
    take[:, INDEX["TongueOut"]] = np.nan
    t = np.arange(rows) / 30
    made = perturb(take, t, f"k{seed}", strength)
    assert made.dtype == np.float32
    assert np.isnan(made[:, INDEX["TongueOut"]]).all(), "what is unknown stays unknown"
    known = np.delete(made[:, :52], INDEX["TongueOut"], axis=1)
    assert known.min() >= 0
    assert known.max() <= 1
    np.testing.assert_array_equal(made[:, [*LOOKS, *range(52, 61)]], take[:, [*LOOKS, *range(52, 61)]])
    for one, other in ANTAGONISTS:
        both = np.minimum(made[:, INDEX[one]], made[:, INDEX[other]])
        before = np.minimum(take[:, INDEX[one]], take[:, INDEX[other]])
        assert np.nanmax(both - before, initial=0) <= 1e-6, (one, other)
    own = np.nanmax(np.abs(np.diff(take[:, :52], axis=0)), initial=0)
    assert np.abs(np.diff(known, axis=0)).max(initial=0) < own + 0.3, "motion stays smooth"
    assert made.tobytes() == perturb(take, t, f"k{seed}", strength).tobytes()


def test_rare_channels_are_used_and_others_are_not_worn_out() -> None:
    take = talk(3000)
    made = perturb(take, np.arange(3000) / 30, "key", 0.9)
    rare = rarely_used(take)
    assert {"CheekPuff", "TongueOut", "NoseSneerLeft", "MouthSmileRight", "JawForward"} <= set(rare)
    assert "JawOpen" not in rare
    peaks = {name: float(made[:, INDEX[name]].max()) for name in rare}
    assert min(peaks.values()) > 0.25, peaks
    assert len(rarely_used(made)) < len(rare) / 2
    left, right = made[:, INDEX["NoseSneerLeft"]], made[:, INDEX["NoseSneerRight"]]
    assert np.corrcoef(left, right)[0, 1] > 0.6, "the sides of a pair mostly act together"
    assert made.tobytes() != perturb(take, np.arange(3000) / 30, "other", 0.9).tobytes()


def test_a_take_that_uses_everything_is_left_alone() -> None:
    take = np.tile(np.linspace(0, 1, 61, dtype=np.float32), (30, 1))
    take[:, :52] = 0.5
    np.testing.assert_array_equal(perturb(take, np.full(30, np.nan), "k", 1.0), take)
