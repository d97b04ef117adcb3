"""How strong an action is, in one of four words; the same thresholds bind those who write captions and those who check them."""

from __future__ import annotations

from bisect import bisect_right

BANDS: tuple[str, ...] = ("slight", "moderate", "strong", "extreme")
"""Names of the bands, weakest first; band numbers are 1..4, and 0 means too weak to be told."""

NONE, SLIGHT, MODERATE, STRONG, EXTREME = range(5)

Thresholds = tuple[float, float, float, float]

# FACS scores A (trace) to E (maximum). A trace is not told: uncalibrated takes rest at 0.05 to 0.15 on many channels. B is
# slight, C moderate, D strong, E extreme; FACS gives C the widest range of the visible ones, D less, E the least.
SHAPE: Thresholds = (0.15, 0.30, 0.55, 0.80)
"""Blendshape coefficients, 0..1."""

# 5, 11, 23 and 40 degrees: a head off by less than 5 degrees passes for frontal, from 40 degrees on one side of the face is
# hidden.
ANGLE: Thresholds = (0.08, 0.20, 0.40, 0.70)
"""Head rotations, radians."""

DIFFERENCE: Thresholds = (0.10, 0.25, 0.50, float("inf"))
"""Difference between the two sides of a pair; below the first the pair counts as symmetric, and the last is out of reach."""


def band(value: float, thresholds: Thresholds = SHAPE) -> int:
    """0 (too weak to tell) to 4 (extreme); thresholds belong to the band above them; NaN (unknown) gives 0."""
    if value < thresholds[0] or value != value:
        return NONE
    return bisect_right(thresholds, value)
