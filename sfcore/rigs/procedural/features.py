"""Relief of the face as functions of the frontal plane: (x, y) in centimetres, y = 0 on the line of the pupils.

Proportions follow adult means of Farkas, *Anthropometry of the Head and Face* (1994): 6.2 cm between pupils, 5 cm of mouth, nose
base 4.3 cm and stomion 6.5 cm below the pupils, chin 11.2 cm below them. Eyeballs are larger than in life (3 cm across instead of
2.4) so that one sphere carries the lids from corner to corner.
"""

from __future__ import annotations

import numpy as np

from sfcore.rigs.procedural.curves import Array, bump, plateau, rise, soft_max, spline

EYE_CENTRE = (3.12, 0.0, 6.42)
EYE_RADIUS = 1.5
EYE_RADIUS_IN_LIFE = 1.2
LID_RADIUS = 1.58
"""Lids ride this far from the eyeball's centre: 0.8 mm of lid."""
EYE_CORNERS = (1.72, 4.52)
MOUTH_LINE = -6.5


def lid_curves(x: Array) -> tuple[Array, Array]:
    """Height of the upper and of the lower lid's edge at ``x`` (the subject's left eye); both meet at the corners."""
    inner, outer = EYE_CORNERS
    s = np.clip((x - inner) / (outer - inner), 0.0, 1.0)
    corners = -0.16 + 0.22 * s
    upper = corners + 0.56 * np.clip(4 * (s**0.86) * (1 - s**0.86), 0, 1) ** 0.72
    lower = corners - 0.44 * np.clip(4 * (s**1.18) * (1 - s**1.18), 0, 1) ** 0.8
    return upper, lower


def mouth_line(x: Array, half_width: float) -> Array:
    """Height of the line between the lips: a shallow bow with the corners a little raised."""
    q = np.clip(np.abs(x) / half_width, 0.0, 1.6)
    result: Array = (
        MOUTH_LINE - 0.05 * np.exp(-((q / 0.22) ** 2)) + 0.04 * np.exp(-(((q - 0.5) / 0.3) ** 2)) + 0.07 * rise(0.7, 1.2, q)
    )
    return result


def lip_borders(x: Array, half_width: float) -> tuple[Array, Array]:
    """Heights where the red of the upper and of the lower lip ends; both meet the line at the corners."""
    q = np.clip(np.abs(x) / half_width, 0.0, 1.0)
    middle = mouth_line(x, half_width)
    cupid = 0.1 * np.exp(-((q / 0.09) ** 2))
    upper = middle + 0.80 * (1 - q**1.6) ** 1.1 - cupid
    lower = middle - 1.0 * (1 - q**2.2) ** 0.95
    return upper, lower


def _nose(x: Array, y: Array) -> Array:
    heights = [-5.3, -4.75, -4.42, -4.2, -3.95, -3.55, -3.1, -2.2, -1.0, 0.0, 0.7, 1.5, 2.6]
    ridge = spline(heights, [0.0, 0.1, 0.42, 0.98, 1.5, 1.86, 1.82, 1.42, 0.9, 0.5, 0.22, 0.08, 0.0], y)
    width = spline(heights, [0.8, 0.8, 0.8, 0.84, 0.9, 0.96, 0.94, 0.86, 0.8, 0.76, 0.8, 1.0, 1.4], y)
    r = np.abs(x) / width
    bridge = ridge * np.exp(-(r**2.2) * 0.85)
    ball = 0.3 * plateau(x, y, 0.0, -3.5, 0.72, 0.62, 1.1)
    wing = 0.95 * plateau(np.abs(x), y, 1.1, -3.74, 0.6, 0.55, 1.2)
    return soft_max(bridge + ball, wing, 0.35) - 0.087 * np.exp(-((bridge - wing) ** 2) * 8)


def _nose_details(x: Array, y: Array) -> Array:
    a = np.abs(x)
    nostril = -0.45 * plateau(a, y, 0.58, -4.15, 0.28, 0.14, 1.2)
    crease = -0.16 * bump(a, y, 1.75, -3.75, 0.2, 0.55)
    return nostril + crease


def _sockets(x: Array, y: Array) -> Array:
    a = np.abs(x)
    hollow = -0.92 * plateau(a, y, 3.0, -0.05, 2.1, 1.35, 1.3)
    inner = -0.32 * bump(a, y, 1.45, 0.35, 0.75, 0.9)
    ridge = 0.2 * bump(a, y, 2.6, 1.95, 1.9, 0.6) + 0.18 * bump(a, y, 4.6, 1.5, 1.0, 0.7)
    bag = -0.1 * bump(a, y, 2.4, -1.25, 1.0, 0.45)
    return hollow + inner + ridge + bag


def _cheeks(x: Array, y: Array) -> Array:
    a = np.abs(x)
    bone = 0.34 * bump(a, y, 4.5, -2.1, 1.5, 1.1)
    apple = 0.26 * bump(a, y, 3.2, -3.1, 1.3, 1.2)
    hollow = -0.1 * bump(a, y, 4.6, -5.9, 1.2, 1.5)
    fold = -0.1 * bump(a - 0.42 * (-4.4 - y), y, 2.2, -5.2, 0.45, 1.2)
    return bone + apple + hollow + fold


def _muzzle(x: Array, y: Array) -> Array:
    a = np.abs(x)
    arch = 0.3 * plateau(a, y, 0.0, -6.2, 2.5, 2.2, 1.2)
    philtrum = -0.09 * bump(a, y, 0.0, -5.15, 0.28, 0.55) + 0.05 * bump(a, y, 0.5, -5.2, 0.2, 0.55)
    corner = -0.26 * bump(a, y, 2.75, MOUTH_LINE + 0.02, 0.5, 0.6)
    sulcus = -0.34 * bump(a, y, 0.0, -8.35, 1.9, 0.6)
    chin = 0.4 * plateau(a, y, 0.0, -10.0, 1.7, 1.2, 1.1)
    return arch + philtrum + corner + sulcus + chin


def lip_relief(x: Array, y: Array, half_width: float) -> Array:
    """Swell of the red of both lips, with the crease where they meet."""
    q = np.clip(np.abs(x) / half_width, 0.0, 1.0)
    middle = mouth_line(x, half_width)
    upper, lower = lip_borders(x, half_width)
    fullness = (1 - q**2.4) ** 0.7
    above = np.clip((y - middle) / np.maximum(upper - middle, 0.08), 0.0, 2.0)
    below = np.clip((middle - y) / np.maximum(middle - lower, 0.08), 0.0, 2.0)
    top = 0.30 * np.exp(-(((above - 0.5) / 0.55) ** 2)) * (y >= middle)
    bottom = 0.40 * np.exp(-(((below - 0.5) / 0.5) ** 2)) * (y < middle)
    crease = -0.2 * np.exp(-(((y - middle) / 0.13) ** 2))
    result: Array = fullness * (top + bottom + crease) * (q < 1)
    return result


def relief(x: Array, y: Array, half_width: float) -> Array:
    """How far the face stands out of the smooth skull along z, at points of its front."""
    everything = _nose(x, y) + _nose_details(x, y) + _sockets(x, y) + _cheeks(x, y) + _muzzle(x, y)
    return everything + lip_relief(x, y, half_width)


def over_eyeball(x: Array, y: Array, z: Array) -> Array:
    """Depth of the skin where it passes over the eyeballs: never below the sphere the lids ride on."""
    cx, cy, cz = EYE_CENTRE
    d2 = (np.abs(x) - cx) ** 2 + (y - cy) ** 2
    inside = d2 < LID_RADIUS**2 * 0.995
    sphere = np.where(inside, cz + np.sqrt(np.maximum(LID_RADIUS**2 - d2, 1e-6)), z - 1.0)
    result: Array = soft_max(z, sphere, 0.22)
    return result
