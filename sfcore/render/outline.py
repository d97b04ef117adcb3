"""The ink of a drawing."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.look import Scalar
from sfcore.rigs.parts import Part

_HAIR, _SHIRT = int(Part.HAIR), int(Part.SHIRT)


@numba.njit(cache=True, error_model="numpy")
def outline(visible: NDArray, nearest: NDArray, parts: NDArray, picture: NDArray, strength: Scalar) -> None:
    """Darkens pixels where parts or depths meet, as in a drawing."""
    height, width = picture.shape[:2]
    for y in range(height):
        for x in range(width):
            edges = 0
            for s in range(4):
                sy, sx = 2 * y + s // 2, 2 * x + s % 2
                t = visible[sy, sx]
                for o in range(2):
                    oy, ox = min(sy + (1 if o == 0 else 0), 2 * height - 1), min(sx + (1 if o == 1 else 0), 2 * width - 1)
                    w = visible[oy, ox]
                    if (t < 0) != (w < 0):
                        edges += 1
                    elif t >= 0 and w >= 0:
                        gap = abs(nearest[oy, ox] - nearest[sy, sx]) > 0.010 * nearest[sy, sx]
                        ink = parts[t] != parts[w] and not (parts[t] <= 1 and parts[w] <= 1)
                        if gap or (ink and (parts[t] == _HAIR or parts[w] == _HAIR or parts[t] == _SHIRT or parts[w] == _SHIRT)):
                            edges += 1
            if edges > 0:
                keep = 1 - strength * min(edges / np.float32(3.0), np.float32(1.0))
                for c in range(3):
                    picture[y, x, c] *= keep
