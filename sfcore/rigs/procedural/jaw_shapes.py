"""The lower jaw: it turns about its joint and glides, and the skin of chin, lower lip and cheeks follows by degrees."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.procedural.curves import Array, rise
from sfcore.rigs.procedural.falloff import Field, stack

PIVOT = np.array([0.0, -4.0, -1.0])
"""Below and behind the joint, in the middle of the ramus: the jaw glides forwards as it turns."""
GLIDE = np.array([0.0, -0.2, 0.5])
ANGLE = 0.31
"""Full opening: 3.5 cm between the lips (adult maximum is 4 to 5 cm, between the teeth)."""
FORWARD = (0.0, -0.04, 1.3)
SIDEWAYS = 0.95
CLOSED_LINE = (0.0, -1.3, -0.35)
"""Where the lips meet over a jaw that is fully open: half way down to the lower teeth, level with the corners."""


def turned_open(points: Array, angle: float = ANGLE) -> Array:
    """Displacement (n, 3) of points that turn fully with the jaw."""
    around = points - PIVOT
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([around[:, 0], c * around[:, 1] - s * around[:, 2], s * around[:, 1] + c * around[:, 2]], -1)
    return turned - around + GLIDE


def slide(f: Field, direction: tuple[float, float, float]) -> Array:
    """The jaw pushed to one side or forwards: it takes the front of the cheeks along and little of their sides."""
    # Pushed forwards, the lower lip takes the upper one along in part and rides up on it.
    upper, forward = f.upper_lip(0.9), max(direction[2], 0.0)
    riding = stack(0.0, (0.03 + 0.05 * forward) * f.lower_lip(0.8), 0.45 * forward * upper, f.x)
    return (f.jaw(-3.0, -9.8) * rise(-1.5, 7.0, f.z))[:, None] * np.array(direction) + riding


def jaw_open(f: Field) -> Array:
    points = np.stack([f.x, f.y, f.z], -1)
    narrow = -0.12 * f.x * f.around_mouth(3.6, 2.2)
    # The lower lip is drawn down further than the chin goes.
    drawn = f.lower_lip(1.0)
    return f.jaw()[:, None] * turned_open(points) + stack(narrow, 0.1 * f.upper_lip(1.0) - 0.35 * drawn, -0.25 * drawn, f.x)


def close_against_jaw(f: Field) -> Array:
    """Displacement that brings the lips together again over an open jaw; acts with the smaller of JawOpen and MouthClose."""
    near = np.exp(-((f.from_line / np.where(f.lip > 0, 1.3, 1.7)) ** 2)) * rise(3.6, 2.0, np.abs(f.x)) * f.facing
    return near[:, None] * (np.array(CLOSED_LINE) - jaw_open(f))
