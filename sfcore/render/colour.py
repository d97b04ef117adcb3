"""Colours as light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Linear light, 0..1."""


def linear(srgb: tuple[float, ...] | NDArray) -> NDArray[np.float64]:
    """Linear light of an sRGB colour 0..255 (IEC 61966-2-1)."""
    v = np.asarray(srgb, float) / 255.0
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def as_colour(rgb: NDArray) -> Colour:
    """Three numbers as a colour, kept within 0..1."""
    r, g, b = np.clip(rgb, 0.0, 1.0)
    return float(r), float(g), float(b)
