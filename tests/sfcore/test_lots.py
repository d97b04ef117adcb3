"""Draws for many at once are the draws that numpy gives each alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.lots import first_integers, first_shares, first_words
from sfcore.randomness import stream


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text("0123456789abcdef", max_size=40), st.integers(1, 2**32 - 1)), max_size=20), st.text(max_size=9))
def test_many_streams_at_once_draw_what_numpy_draws(asked: list[tuple[str, int]], name: str) -> None:
    keys = [key.encode() for key, _ in asked]
    shares = first_shares(first_words(keys, name))
    drawn = first_integers(keys, name, np.array([below for _, below in asked], np.int64))
    for place, (key, below) in enumerate(asked):
        assert shares[place] == stream(key, name).random()
        assert drawn[place] == stream(key, name).integers(below)
