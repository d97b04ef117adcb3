"""The warp onto the painted plane: exact at its marks, harmless between them, the same on both sides."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.rigs.registration import plane_landmarks
from sfcore.rigs.thin_plate import fit_thin_plate


@settings(max_examples=30, deadline=None)
@given(key=st.integers(0, 2**32), shift=st.floats(-3, 3), scale=st.floats(0.5, 2))
def test_marks_go_where_they_should_and_affine_maps_stay_affine(key: int, shift: float, scale: float) -> None:
    draw = np.random.Generator(np.random.Philox(key))
    source = draw.uniform(-5, 5, (20, 2))
    target = source + 0.2 * draw.normal(size=(20, 2))
    assert np.allclose(fit_thin_plate(source, target)(source), target, atol=1e-6)
    elsewhere = draw.uniform(-9, 9, (50, 2))
    assert np.allclose(fit_thin_plate(source, scale * source + shift)(elsewhere), scale * elsewhere + shift, atol=1e-5)


def test_the_embedded_heads_marks_are_symmetric_and_in_order() -> None:
    marks = plane_landmarks()
    pairs = [(17 + i, 26 - i) for i in range(5)] + [
        (31, 35),
        (32, 34),
        (36, 45),
        (37, 44),
        (38, 43),
        (39, 42),
        (40, 47),
        (41, 46),
    ]
    pairs += [(48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)]
    for right, left in pairs:
        assert np.allclose(marks[right] * [-1, 1], marks[left]), (right, left)
    brow, lid, tip, lip, chin = marks[24, 1], marks[43, 1], marks[30, 1], marks[51, 1], marks[8, 1]
    assert brow > lid > 0 > tip > lip > marks[57, 1] > chin
