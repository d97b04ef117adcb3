"""The unit of a take's rotations: stated by its owner, or read off the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, ROTATIONS

Name = Literal["radians", "degrees"]

_INDEX = [channel.index for channel in ROTATIONS]
# A head or an eye turned by more than this many radians (143 degrees) looks backwards: such a number counts degrees.
_FURTHEST_RADIANS = 2.5
# One damaged number says nothing: this share of the numbers must be that large.
_LARGE_SHARE = 0.01
# Eyes turn by 0.55 to 0.61 radians, which is 32 to 35 degrees, for one full look shape. From a tenth of the former to its
# threefold it is radians, from a third of the latter to its tenfold degrees; what lies between, below or above fits neither.
_SLOPES: dict[Name, tuple[float, float]] = {"radians": (0.058, 1.75), "degrees": (11.0, 330.0)}
# Turns of an eye of less than this say nothing about a slope.
_LEAST_TURN = 0.02
# Rows of which a whole block says that another unit is meant must look about by this much in the middle.
_CLEAR_TURN = 0.1


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of rotations and how it is known: stated, detected, or assumed; ``how`` is empty without rotations."""

    name: Name
    how: str

    @property
    def is_sure(self) -> bool:
        """Whether it was stated or detected, and not assumed."""
        return self.how.startswith(("stated", "detected"))

    @property
    def note(self) -> str:
        """What a person should know about it; nothing where rotations are radians for sure, as usual."""
        if self.name == "degrees" or self.how.startswith("assumed"):
            return f"rotations were read as {self.name} ({self.how})" + (
                "" if self.is_sure else ": state their unit with --rotation"
            )
        return ""

    def to_radians(self, wide: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 61) float64 with rotations in radians."""
        if self.name == "radians":
            return wide
        turned = wide.copy()
        turned[:, _INDEX] = np.deg2rad(turned[:, _INDEX])
        return turned

    def denied_by(self, wide: NDArray[np.float64]) -> bool:
        """Whether later rows (n, 61) of the source clearly are in the other unit."""
        if self.how in ("", "stated"):
            return False
        if self.name == "radians" and _large(wide) is not None:
            return True
        if self.name == "radians" and self.is_sure:
            return False
        slope = _slope(wide, _CLEAR_TURN)
        other: Name = "degrees" if self.name == "radians" else "radians"
        return slope is not None and _fits(slope, other) and (other == "degrees" or _large(wide) is None)


def unit_of(wide: NDArray[np.float64], stated: Literal["auto", "radians", "degrees"]) -> Unit:
    """The unit of (n, 61) float64 values, NaN = unknown.

    Degrees are told by turns that no neck and no eye makes in radians, or by how far eyes turn for their look shapes.
    """
    turns = wide[:, _INDEX]
    if not (np.isfinite(turns) & (turns != 0)).any():
        return Unit("degrees" if stated == "degrees" else "radians", "stated" if stated != "auto" else "")
    if stated != "auto":
        return Unit(stated, "stated")
    if (largest := _large(wide)) is not None:
        return Unit("degrees", f"detected: turns up to {largest:.0f}")
    slope = _slope(wide, _LEAST_TURN)
    for name in _SLOPES:
        if slope is not None and _fits(slope, name):
            return Unit(name, f"detected: eyes turn by {slope:.{2 if name == 'radians' else 1}f} for a full look shape")
    why = "no turn is beyond a half" if slope is None else f"eyes turn by {slope:.2g} for a full look shape, which fits no unit"
    return Unit("radians", f"assumed: {why}")


def _fits(slope: float, name: Name) -> bool:
    low, high = _SLOPES[name]
    return low <= slope <= high


def _large(wide: NDArray[np.float64]) -> float | None:
    """How far rotations turn (the 99th percentile) where that is further than any can in radians; None where it is not."""
    turns = np.abs(wide[:, _INDEX])
    # Most blocks of most takes have nothing of the kind. NaN and infinity, which is a damaged number, count as nothing.
    far = (turns > _FURTHEST_RADIANS) & np.isfinite(turns)
    if not far.any():
        return None
    moving = turns[np.isfinite(turns) & (turns > 0)]
    # The larger share is asked for when rows are few: of ten rows one may be damaged.
    return float(np.quantile(moving, 0.99)) if far.sum() > max(2, _LARGE_SHARE * len(moving)) else None


def _slope(wide: NDArray[np.float64], least: float) -> float | None:
    """By how much eyes turn for one full look shape; None where eyes do not look about by ``least`` in the middle."""
    slopes = []
    for side in ("Left", "Right"):
        for turn, one, other in (("Yaw", "In", "Out"), ("Pitch", "Down", "Up")):
            angle = wide[:, INDEX[f"{side}Eye{turn}"]]
            look = wide[:, INDEX[f"EyeLook{one}{side}"]] - wide[:, INDEX[f"EyeLook{other}{side}"]]
            good = np.isfinite(angle) & np.isfinite(look)
            if good.sum() < 3:
                continue
            middle = float(np.median(np.abs(look[good])))
            if middle > least:
                slopes.append(float(np.median(np.abs(angle[good]))) / middle)
    return float(np.median(slopes)) if slopes else None
