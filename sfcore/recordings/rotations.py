"""The unit of a take's rotations: stated by its owner, or read off the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, ROTATIONS

_INDEX = [channel.index for channel in ROTATIONS]
_HEAD = [channel.index for channel in ROTATIONS if channel.region == "head"]
# A head or an eye turned by more than this many radians (143 degrees) looks backwards: such a number counts degrees.
_FURTHEST_RADIANS = 2.5
# One damaged number says nothing: this share of the numbers must be that large.
_LARGE_SHARE = 0.01
# Eyes turn by 0.55 to 0.61 radians, which is 32 to 35 degrees, for one full look shape; halfway between on a log scale is 4.4.
_STEEPEST_RADIANS = 4.4
# Turns of an eye of less than this say nothing about a slope.
_LEAST_TURN = 0.02


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of rotations and how it is known: stated, detected, or assumed; ``how`` is empty without rotations."""

    name: Literal["radians", "degrees"]
    how: str

    @property
    def note(self) -> str:
        """What a person should know about it; nothing where rotations are radians as usual."""
        return f"rotations were read as degrees ({self.how})" if self.name == "degrees" else ""

    def to_radians(self, wide: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 61) float64 with rotations in radians."""
        if self.name == "radians":
            return wide
        turned = wide.copy()
        turned[:, _INDEX] = np.deg2rad(turned[:, _INDEX])
        return turned


def unit_of(wide: NDArray[np.float64], stated: Literal["auto", "radians", "degrees"]) -> Unit:
    """The unit of (n, 61) float64 values, NaN = unknown.

    Degrees are told by turns that no neck and no eye makes in radians, or by how far eyes turn for their look shapes.
    """
    turns = np.where(np.isfinite(wide[:, _INDEX]), np.abs(wide[:, _INDEX]), np.nan)
    known = turns[np.isfinite(turns)]
    if not len(known) or not known.any():
        return Unit("degrees" if stated == "degrees" else "radians", "stated" if stated != "auto" else "")
    if stated != "auto":
        return Unit(stated, "stated")
    moving = known[known > 0]
    # The larger share is asked for when rows are few: of ten rows one may be damaged.
    large = int((moving > _FURTHEST_RADIANS).sum())
    if large > max(2, _LARGE_SHARE * len(moving)):
        return Unit("degrees", f"detected: turns up to {np.nanquantile(moving, 0.99):.0f}")
    slope = _slope(wide)
    if slope is None:
        return Unit("radians", "assumed: no turn is beyond a half")
    if slope > _STEEPEST_RADIANS:
        return Unit("degrees", f"detected: eyes turn by {slope:.1f} for a full look shape")
    return Unit("radians", f"detected: eyes turn by {slope:.2f} for a full look shape")


def _slope(wide: NDArray[np.float64]) -> float | None:
    """By how much eyes turn for one full look shape; None where eyes do not turn."""
    slopes = []
    for side in ("Left", "Right"):
        for turn, one, other in (("Yaw", "In", "Out"), ("Pitch", "Down", "Up")):
            angle = wide[:, INDEX[f"{side}Eye{turn}"]]
            look = wide[:, INDEX[f"EyeLook{one}{side}"]] - wide[:, INDEX[f"EyeLook{other}{side}"]]
            good = np.isfinite(angle) & np.isfinite(look)
            if good.sum() >= 3 and np.median(np.abs(look[good])) > _LEAST_TURN:
                slopes.append(float(np.median(np.abs(angle[good])) / np.median(np.abs(look[good]))))
    return float(np.median(slopes)) if slopes else None
