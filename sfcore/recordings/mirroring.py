"""Takes seen in a mirror: making them, and noticing them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, LEFT_RIGHT_PAIRS, MIRROR_INDEX, MIRROR_SIGN
from sfcore.recordings.take import Take, content_hash

_SIGN = np.array(MIRROR_SIGN, np.float32)
_LEFT = [INDEX[left] for left, _ in LEFT_RIGHT_PAIRS]
_RIGHT = [INDEX[right] for _, right in LEFT_RIGHT_PAIRS]
# In published takes LeftEyeYaw follows EyeLookInLeft - EyeLookOutLeft with r 0.94 to 1.00, RightEyeYaw the other way with
# -0.67 to -1.00. Swapped sides turn the signs.
_TURNED = -0.5
# Below this standard deviation in radians an eye rests, and what it follows is noise.
_LEAST_MOTION = 0.01
# People keep their lopsidedness: takes of one person are alike in it. Published takes of unlike people and programs oppose each
# other down to -0.66, a mirrored take of one person goes to -1.
_OPPOSED = -0.8
_FEWEST_ROWS = 100
_LEAST_LOPSIDED = 0.02
_ROWS_LOOKED_AT = 10_000


def mirrored(take: Take) -> Take:
    """The take as a mirror shows it: left and right change places, yaw and roll their sign. Pictures are dropped."""
    values = take.coefficients[:, list(MIRROR_INDEX)] * _SIGN
    values = np.where(values == 0, np.float32(0.0), values)  # no -0
    return replace(
        take,
        coefficients=values,
        images=None,
        source_hash=content_hash(take.frame, take.t, values),
        provenance=take.provenance | {"mirrored": True},
        notes=(*take.notes, "mirrored, as asked" + (": its pictures were left out" if take.images is not None else "")),
    )


def _sample(coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows at equal distances, as many as statistics need."""
    return coefficients[:: max(1, len(coefficients) // _ROWS_LOOKED_AT)]


def lopsidedness(coefficients: NDArray[np.float32]) -> NDArray[np.float64]:
    """(p,) how much more the left side of each pair of shapes does than the right, on average; 0 for unknown channels."""
    sample = _sample(coefficients)
    difference = sample[:, _LEFT].astype(np.float64) - sample[:, _RIGHT]
    known = np.isfinite(difference)
    return np.where(known, difference, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def eyes_disagree(coefficients: NDArray[np.float32]) -> float | None:
    """The correlation of the eyes' yaw with their look shapes, signed so that it is near 1 where sides are as named; None where
    the eyes' rotations are unknown or still. ``coefficients`` (n, 61)."""
    coefficients, found = _sample(coefficients), []
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        yaw = sign * coefficients[:, INDEX[f"{side}EyeYaw"]].astype(np.float64)
        look = coefficients[:, INDEX[f"EyeLookIn{side}"]].astype(np.float64) - coefficients[:, INDEX[f"EyeLookOut{side}"]]
        good = np.isfinite(yaw) & np.isfinite(look)
        if good.sum() >= 10 and yaw[good].std() > _LEAST_MOTION and look[good].std() > _LEAST_MOTION:
            found.append(float(np.corrcoef(yaw[good], look[good])[0, 1]))
    return float(np.mean(found)) if found else None


def looks_mirrored(take: Take, others: NDArray[np.float64] | None = None) -> str | None:
    """Why a take looks mirrored, or None.

    Within the take, eyes must turn to where their look shapes say. ``others`` (p,) is the mean `lopsidedness` of the dataset's
    other takes: a take that is lopsided the other way round looks mirrored beside them.
    """
    agreement = eyes_disagree(take.coefficients)
    if agreement is not None and agreement < _TURNED:
        return (
            f"eyes turn against their look shapes (r = {agreement:.2f}): left and right look swapped; --mirror turns a take over"
        )
    own = lopsidedness(take.coefficients)
    if (
        others is None
        or len(take.frame) < _FEWEST_ROWS
        or np.abs(own).max() < _LEAST_LOPSIDED
        or np.abs(others).max() < _LEAST_LOPSIDED
    ):
        return None
    likeness = float(own @ others / (np.linalg.norm(own) * np.linalg.norm(others)))
    if likeness < _OPPOSED:
        return (
            f"its left and right sides differ the other way round than in the other takes (likeness {likeness:.2f}): it may be "
            "mirrored, or of another person"
        )
    return None
