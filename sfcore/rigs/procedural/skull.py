"""The smooth skull and neck: horizontal sections (superellipses) lofted from the neck to the crown."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.procedural.curves import Array, spline

# Columns: height in front, at the side, at the back; half width; front z; back z; z of the widest line; exponent of the front.
# z = 0 lies between the ears.
SECTIONS = np.array(
    [
        (-21.0, -21.0, -21.0, 6.0, 2.9, -6.6, -1.8, 2.0),
        (-18.0, -17.6, -16.5, 4.8, 2.7, -6.4, -1.8, 2.0),
        (-15.2, -13.8, -12.5, 4.5, 2.75, -6.8, -2.0, 2.0),
        (-12.75, -10.9, -9.4, 4.42, 3.0, -7.6, -1.9, 2.0),
        (-11.85, -9.2, -7.2, 4.62, 5.1, -8.4, -1.3, 1.7),
        (-11.15, -7.9, -5.6, 5.4, 7.9, -8.9, -0.4, 1.5),
        (-10.05, -6.75, -4.5, 5.8, 8.75, -9.15, 0.0, 1.6),
        (-8.4, -5.4, -3.3, 6.2, 9.05, -9.35, 0.0, 1.85),
        (-6.5, -3.9, -2.2, 6.6, 9.15, -9.5, 0.0, 2.0),
        (-4.4, -2.5, -1.0, 6.95, 9.2, -9.6, 0.0, 2.1),
        (-2.0, -0.8, 0.3, 7.2, 9.1, -9.7, 0.0, 2.2),
        (0.0, 0.7, 1.5, 7.35, 9.0, -9.75, 0.0, 2.25),
        (2.2, 2.5, 3.0, 7.5, 9.35, -9.7, 0.0, 2.3),
        (4.5, 4.6, 4.8, 7.5, 9.35, -9.5, -0.1, 2.3),
        (7.0, 7.0, 7.0, 6.9, 8.4, -8.9, -0.2, 2.2),
        (9.2, 9.2, 9.2, 5.4, 6.3, -7.2, -0.3, 2.05),
        (10.85, 10.85, 10.85, 3.1, 3.5, -4.3, -0.4, 2.0),
        (11.45, 11.45, 11.45, 0.02, -0.38, -0.42, -0.4, 2.0),
    ]
)
ROWS_BETWEEN = (2, 3, 4, 4, 5, 6, 7, 13, 15, 16, 11, 13, 6, 5, 4, 4, 4)
"""Grid rows from each section to the next: most where lips, nose and lids are."""

EYE_STATION, MOUTH_STATION = 11, 8


def _length() -> Array:
    profile = SECTIONS[:, [0, 4]]
    steps = np.hypot(*np.diff(profile, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


KNOTS = _length()
"""Place of each section along the profile, centimetres."""


def station_at(level: Array) -> Array:
    """Place along the profile where the front of the head has height ``level``."""
    dense = np.linspace(0.0, KNOTS[-1], 2000)
    heights = np.maximum.accumulate(spline(list(KNOTS), list(SECTIONS[:, 0]), dense))
    result: Array = np.interp(level, heights, dense)
    return result


def rows() -> Array:
    """Places of the grid's rows along the profile, rising from the neck to the crown."""
    parts = [np.linspace(KNOTS[i], KNOTS[i + 1], n, endpoint=False) for i, n in enumerate(ROWS_BETWEEN)]
    return np.concatenate([*parts, [KNOTS[-1]]])


def row_of(station: int) -> int:
    """Index of the row that lies on a section."""
    return int(sum(ROWS_BETWEEN[:station]))


def surface(place: Array, theta: Array) -> Array:
    """Points (n, 3) of the smooth head at places along the profile and angles from the front (radians, + is the left)."""
    columns = [spline(list(KNOTS), list(SECTIONS[:, c]), place) for c in range(8)]
    front_y, side_y, back_y, a, front_z, back_z, middle, power = columns
    s, c = np.sin(theta), np.cos(theta)
    e = 2.0 / np.where(c > 0, power, 2.0)
    x = a * np.sign(s) * np.abs(s) ** e
    reach = np.where(c > 0, front_z - middle, middle - back_z)
    z = middle + np.sign(c) * reach * np.abs(c) ** e
    towards = np.abs(c) ** 1.5
    y = side_y + towards * (np.where(c > 0, front_y, back_y) - side_y)
    return np.stack([x, y, z], axis=-1)


def angle_at(x: float, place: float) -> float:
    """Angle at which the section at ``place`` has the half width ``x`` in front."""
    a = float(spline(list(KNOTS), list(SECTIONS[:, 3]), np.array([place]))[0])
    power = float(spline(list(KNOTS), list(SECTIONS[:, 7]), np.array([place]))[0])
    return float(np.arcsin((x / a) ** (power / 2.0)))
