"""A resting face subtracted: people's neutral is not zero."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.recordings.take import Take, content_hash

_N_SHAPES = len(SHAPES)
_NO_LOOK = np.array([not shape.name.startswith("EyeLook") for shape in SHAPES])
_STILLEST_SHARE = 0.05
_FEWEST_ROWS = 5


@dataclass(frozen=True, slots=True)
class RestingFace:
    """The shapes of a face at rest: ``values`` (52,) float32, 0 where unknown, and how they were found."""

    values: NDArray[np.float32]
    how: str


def resting_face(take: Take, wanted: str) -> RestingFace:
    """The resting face of a take: the row with frame number ``wanted``, or with ``auto`` the median of the stillest rows.

    The stillest are the twentieth of the rows (five at least) whose shapes, the gaze left out, sum to least. The gaze itself is
    never subtracted. Raises `WrongUse` when that frame is not in the take.
    """
    shapes = take.coefficients[:, :_N_SHAPES]
    if wanted == "auto":
        effort = np.nansum(shapes[:, _NO_LOOK], axis=1)
        count = min(len(shapes), max(_FEWEST_ROWS, round(_STILLEST_SHARE * len(shapes))))
        rows = np.sort(np.argsort(effort, kind="stable")[:count])
        values, how = _median(shapes[rows]), f"auto: the median of the {count} stillest rows"
    else:
        place = np.flatnonzero(take.frame == int(wanted))
        if not len(place):
            raise WrongUse(
                f"'{take.source_name}' has no frame {wanted} to rest on: its frames are {take.frame[0]} to {take.frame[-1]}, "
                f"less {len(take.rejects)} rejected."
            )
        values, how = shapes[place[0]], f"frame {wanted}"
    return RestingFace(np.where(_NO_LOOK, np.nan_to_num(values), 0.0).astype(np.float32), how)


def _median(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    known = np.isfinite(rows).any(axis=0)
    middle = np.zeros(rows.shape[1], np.float32)
    middle[known] = np.nanmedian(rows[:, known], axis=0)
    return middle


def without(take: Take, rest: RestingFace) -> Take:
    """The take less the resting face; what falls below 0 becomes 0."""
    values = take.coefficients.copy()
    values[:, :_N_SHAPES] = np.maximum(values[:, :_N_SHAPES] - rest.values, 0.0)
    subtracted = {NAMES[i]: round(float(v), 6) for i, v in enumerate(rest.values) if v > 0}
    largest = max(subtracted, key=lambda name: subtracted[name], default=None)
    told = f"a resting face was subtracted ({rest.how})" + (f", most of {largest}: {subtracted[largest]:.2f}" if largest else "")
    return replace(
        take,
        coefficients=values,
        source_hash=content_hash(take.frame, take.t, values, take.images),
        notes=(*take.notes, told),
        provenance=take.provenance | {"neutral": rest.how, "resting_face": subtracted},
    )
