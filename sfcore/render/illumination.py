"""Where the light comes from: a key light and an environment, drawn from families that people know by sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import picked, stream
from sfcore.recipe import LightKind
from sfcore.render.colour import Colour

Environment = tuple[tuple[float, ...], ...]
"""Three rows, red, green and blue, of nine coefficients of 1, x, y, z, xy, yz, zx, x² - y², 3z² - 1 of a surface's normal."""


@dataclass(frozen=True)
class Light:
    """One key light with shadows, and light from all around; colours are linear.

    ``environment`` times an albedo is the light a matt surface gives back, a clamped cosine of order two (Ramamoorthi and
    Hanrahan, 2001): see `Environment`.
    """

    kind: str
    key_direction: tuple[float, float, float]
    key: Colour
    environment: Environment


def lobe(direction: NDArray, colour: NDArray, focus: float) -> NDArray[np.float64]:
    """What a lamp in ``direction`` adds to the environment (3, 9); ``focus`` 1 is a point, 0 the same from everywhere.

    The clamped cosine c is 1/4 + c/2 + 15/32 (c² - 1/3) to second order.
    """
    x, y, z = direction / np.linalg.norm(direction)
    second = 15 / 32 * focus**2
    terms = [
        0.25,
        *(0.5 * focus * v for v in (x, y, z)),
        *(2 * second * v for v in (x * y, y * z, z * x)),
        second * (x * x - y * y) / 2,
        second * (3 * z * z - 1) / 6,
    ]
    return np.outer(colour, terms)


def around(colour: NDArray) -> NDArray[np.float64]:
    """The same light from everywhere (3, 9)."""
    return np.outer(colour, [1.0, *[0.0] * 8])


def falling_on(environment: Environment | NDArray, normal: NDArray) -> NDArray[np.float64]:
    """Light (3,) that the environment sheds on a surface with a unit ``normal``."""
    x, y, z = normal
    terms = np.array([1, x, y, z, x * y, y * z, z * x, x * x - y * y, 3 * z * z - 1])
    return np.maximum(np.array(environment) @ terms, 0.0)


_UP, _DOWN = np.array([0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0])


def _towards(side: float, up: float) -> NDArray[np.float64]:
    """Direction by angles (radians) from straight ahead."""
    return np.array([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)])


def _warm(amount: float) -> NDArray[np.float64]:
    """A lamp's colour: 1 is a light bulb, -1 a blue sky, both half adapted to."""
    return np.array([1.0 + 0.16 * amount, 1.0, 1.0 - 0.24 * amount])


def _hue(place: float, saturation: float) -> NDArray[np.float64]:
    """A colour around the circle, ``place`` in turns; its mean is one third or more."""
    pure = np.clip(0.5 + np.cos(2 * np.pi * (place - np.array([0.0, 1 / 3, 2 / 3]))), 0.0, 1.2)
    return 1.0 + saturation * (pure - 0.6)


def _overcast(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    cool, ground, strength = _warm(draw.normal(-0.25, 0.25)), draw.uniform(0.12, 0.4), draw.uniform(0.95, 1.35)
    key = _towards(draw.uniform(-0.8, 0.8), draw.uniform(0.6, 1.1))
    front = lobe(_towards(draw.uniform(-0.9, 0.9), 0.3), 0.5 * cool, 0.7)
    sky = lobe(_UP, strength * cool, 0.9) + lobe(_DOWN, ground * _warm(0.3), 0.8) + front + around(0.12 * cool)
    return key, draw.uniform(0.08, 0.25) * np.ones(3), sky


def _sun(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    low = draw.random()
    warm = _warm(0.3 + 1.1 * low + 0.2 * draw.normal())
    key = _towards(draw.uniform(-1.2, 1.2), 1.0 - 0.85 * low + 0.1 * draw.normal())
    ground = _hue(draw.uniform(0.05, 0.4), 0.25) * draw.uniform(0.1, 0.35)
    sky = lobe(_UP, draw.uniform(0.35, 0.75) * _warm(-0.7), 0.8) + lobe(_DOWN, ground, 0.8) + around(0.1 * _warm(-0.3))
    return key, draw.uniform(0.85, 1.25) * warm, sky


def _studio(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    side = draw.uniform(-1.0, 1.0)
    tone = _warm(0.2 * draw.normal())
    lamps = lobe(_towards(-np.sign(side) * draw.uniform(0.5, 1.2), 0.2), draw.uniform(0.1, 0.6) * tone, 0.9)
    if draw.random() < 0.35:
        lamps = lamps + lobe(_towards(np.sign(side) * 2.5, 0.5), draw.uniform(0.4, 1.0) * _warm(draw.normal()), 1.0)
    return (
        _towards(side, draw.uniform(0.1, 0.8)),
        draw.uniform(0.75, 1.05) * tone,
        lamps + around(draw.uniform(0.12, 0.32) * tone),
    )


def _window(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    side = draw.choice([-1.0, 1.0]) * draw.uniform(0.6, 1.45)
    up = draw.uniform(-0.05, 0.45)
    tone = _warm(-0.3 + 0.3 * draw.normal())
    soft = lobe(_towards(side, up), draw.uniform(0.35, 0.7) * tone, 0.85)
    room = around(draw.uniform(0.06, 0.2) * _warm(0.5)) + lobe(_DOWN, draw.uniform(0.0, 0.15) * _warm(0.8), 0.7)
    return _towards(side, up), draw.uniform(0.55, 0.95) * tone, soft + room


def _indoor(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    warm = _warm(draw.uniform(0.1, 1.2))
    key = _towards(draw.uniform(-1.0, 1.0), draw.uniform(0.5, 1.15))
    walls = _hue(draw.random(), 0.2) * draw.uniform(0.2, 0.42)
    screen = lobe(_towards(draw.uniform(-0.6, 0.6), -0.3), max(0.0, draw.normal(0.0, 0.25)) * _warm(-1.0), 0.9)
    return key, draw.uniform(0.45, 0.85) * warm, around(walls * warm) + lobe(_UP, 0.3 * warm, 0.6) + screen


def _flash(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    key = _towards(draw.uniform(-0.15, 0.15), draw.uniform(0.0, 0.25))
    return key, draw.uniform(0.9, 1.25) * _warm(-0.15), around(draw.uniform(0.05, 0.25) * _warm(draw.normal()))


def _neon(draw: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    hue, side = draw.random(), draw.choice([-1.0, 1.0])
    other = hue + draw.uniform(0.25, 0.75)
    strong = draw.uniform(0.35, 1.0)
    glow = lobe(
        _towards(-side * draw.uniform(0.7, 1.6), draw.uniform(-0.3, 0.4)), draw.uniform(0.5, 1.0) * _hue(other, strong), 1.0
    )
    return (
        _towards(side * draw.uniform(0.4, 1.3), draw.uniform(-0.1, 0.6)),
        0.75 * _hue(hue, strong),
        glow + around(0.14 * np.ones(3)),
    )


_FAMILIES = {
    "overcast": _overcast,
    "sun": _sun,
    "studio": _studio,
    "window": _window,
    "indoor": _indoor,
    "flash": _flash,
    "neon": _neon,
}


_FACE = tuple(v / np.linalg.norm(v) for v in np.array([[0.0, 0.1, 1.0], [0.8, 0.1, 1.0], [-0.8, 0.1, 1.0], [0.0, 0.9, 1.0]]))
"""Normals of the front of a face, by which a camera is exposed."""
_EXPOSED = 1.05


def _exposed(direction: NDArray, key: NDArray, environment: NDArray, draw: np.random.Generator) -> float:
    """Gain that brings the face to a usual brightness, most of the way, as the camera's own metering does."""
    levels = [float(np.mean(key * max(0.0, n @ direction) + falling_on(environment, n))) for n in _FACE]
    brightness = max(float(np.mean(levels)), 1e-3)
    return float((_EXPOSED * np.exp(0.12 * draw.normal()) / brightness) ** 0.85)


def _rounded(values: NDArray) -> Any:
    """Six decimals: short in JSON, and far below what a pixel can show."""
    return tuple(round(float(v), 6) for v in values)


def plain_light() -> Light:
    """One frontal lamp from above and an even sky: shapes show, and nothing else does."""
    sky = around(np.full(3, 0.34)) + lobe(_UP, np.full(3, 0.22), 0.9) + lobe(_towards(0.0, 0.1), np.full(3, 0.2), 0.7)
    environment = tuple(_rounded(row) for row in sky)
    return Light("plain", _rounded(_towards(0.0, 0.45)), _rounded(np.full(3, 0.95)), environment)


def draw_light(key: str, kinds: Mapping[LightKind, float]) -> Light:
    """The light of the sample called ``key``, of one of the families ``kinds``, each with its weight."""
    kind = picked(kinds, stream(key, "light kind").random())
    draw = stream(key, f"light {kind}")
    direction, colour, environment = _FAMILIES[kind](draw)
    direction, colour = direction / np.linalg.norm(direction), np.maximum(colour, 0.0)
    gain = _exposed(direction, colour, environment, draw)
    return Light(kind, _rounded(direction), _rounded(gain * colour), tuple(_rounded(row) for row in gain * environment))
