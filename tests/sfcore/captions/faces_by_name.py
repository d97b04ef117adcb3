"""Faces for tests, told by the channels that move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX


def face(**values: float) -> NDArray[np.float32]:
    """A face at rest but for the channels named; a stem without a side means both sides."""
    out = np.zeros(61, np.float32)
    for name, value in values.items():
        for full in (name,) if name in INDEX else (f"{name}Left", f"{name}Right"):
            out[INDEX[full]] = value
    return out
