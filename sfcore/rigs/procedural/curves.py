"""Interpolation and falloffs the head is sculpted with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spline(knots: Sequence[float], values: Sequence[float], at: Array) -> Array:
    """Natural cubic spline through ``values`` at rising ``knots``, evaluated at ``at`` (clamped to the knots' range)."""
    k = np.asarray(knots, float)
    v = np.asarray(values, float)
    h = np.diff(k)
    system = np.zeros((len(k), len(k)))
    right = np.zeros(len(k))
    system[0, 0] = system[-1, -1] = 1.0
    for i in range(1, len(k) - 1):
        system[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i] = 6 * ((v[i + 1] - v[i]) / h[i] - (v[i] - v[i - 1]) / h[i - 1])
    bend = np.linalg.solve(system, right)
    x = np.clip(at, k[0], k[-1])
    cell = np.clip(np.searchsorted(k, x, side="right") - 1, 0, len(k) - 2)
    low, high, width = x - k[cell], k[cell + 1] - x, h[cell]
    cubic = (bend[cell] * high**3 + bend[cell + 1] * low**3) / (6 * width)
    straight = (v[cell] / width - bend[cell] * width / 6) * high + (v[cell + 1] / width - bend[cell + 1] * width / 6) * low
    result: Array = cubic + straight
    return result


def rise(low: float, high: float, at: Array) -> Array:
    """Smooth step from 0 at ``low`` to 1 at ``high`` (falls when ``low`` is the larger)."""
    t = np.clip((at - low) / (high - low), 0.0, 1.0)
    result: Array = t * t * (3.0 - 2.0 * t)
    return result


def bump(x: Array, y: Array, cx: float, cy: float, sx: float, sy: float) -> Array:
    """Gaussian hill of height 1 at (cx, cy), falling to 1/e at ``sx`` and ``sy``."""
    result: Array = np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2)
    return result


def plateau(x: Array, y: Array, cx: float, cy: float, sx: float, sy: float, sharpness: float = 2.0) -> Array:
    """Hill with a flat top: like `bump`, with the exponent raised to ``sharpness``."""
    r2 = ((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2
    result: Array = np.exp(-(r2**sharpness))
    return result


def soft_max(a: Array, b: Array, width: float) -> Array:
    """The larger of both with the corner rounded over ``width`` (Quilez's polynomial smooth minimum, negated)."""
    h = np.clip(0.5 + 0.5 * (a - b) / width, 0.0, 1.0)
    result: Array = b * (1 - h) + a * h + width * h * (1 - h)
    return result
