"""Takes as a mirror shows them. Whether a take looks mirrored is asked in `sidedness`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sfcore.arkit import MIRROR_INDEX, MIRROR_SIGN
from sfcore.recordings.take import Take, content_hash

_SIGN = np.array(MIRROR_SIGN, np.float32)


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
