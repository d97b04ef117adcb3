"""What lies behind a head: flat colours, gradients, blurred lights, rooms, leaves, stripes and patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import picked, stream
from sfcore.recipe import BackgroundKind
from sfcore.render.colour import Colour

Floats = NDArray[np.float32]

_COARSE = 64
"""Soft backgrounds are painted this many pixels wide and enlarged."""


@dataclass(frozen=True)
class Spot:
    """A disc (or, with ``height``, a box of that half height): middle and radius as shares of the picture, edge 0..1 soft."""

    x: float
    y: float
    radius: float
    height: float
    softness: float
    colour: Colour


@dataclass(frozen=True)
class Background:
    """A gradient from ``top`` to ``bottom`` along ``angle`` (radians from downwards), with ``spots`` in front of it.

    ``scale`` is how many leaves, stripes or dots fit into the picture (0: none), of colour ``bottom`` on ``top``; ``leaf_key``
    names the draw of the leaves.
    """

    kind: str
    top: Colour
    bottom: Colour
    angle: float
    spots: tuple[Spot, ...]
    scale: float
    leaf_key: str


GREY = Background("plain", (0.21, 0.21, 0.21), (0.21, 0.21, 0.21), 0.0, (), 0.0, "")


def _number(value: float) -> float:
    return round(float(value), 6)


def _colour(draw: np.random.Generator, level: float) -> NDArray[np.float64]:
    """A colour about as bright as ``level`` (linear): mostly greyish, as walls and streets are, now and then vivid."""
    vivid = 0.75 if draw.random() < 0.2 else 0.22
    hue = draw.random()
    tint = np.cos(2 * np.pi * (hue - np.array([0.0, 1 / 3, 2 / 3])))
    return level * (1.0 + vivid * draw.random() * tint)


def _kept(colour: NDArray) -> Colour:
    r, g, b = np.clip(colour, 0.004, 1.0)
    return _number(r), _number(g), _number(b)


def _level(draw: np.random.Generator) -> float:
    """Brightness of a background, even to the eye from near black to white."""
    return float((0.1 + 0.85 * draw.random()) ** 2.2)


def _discs(draw: np.random.Generator, base: NDArray) -> list[Spot]:
    soft = draw.uniform(0.15, 1.0)
    spots = []
    for _ in range(int(draw.integers(3, 14))):
        colour = _kept(0.5 * base + _colour(draw, float(base.mean()) * np.exp(0.7 * draw.normal())))
        radius = draw.uniform(0.03, 0.3)
        spots.append(Spot(_number(draw.random()), _number(draw.random()), _number(radius), 0.0, _number(soft), colour))
    return spots


def _room(draw: np.random.Generator, base: NDArray) -> list[Spot]:
    """Boxes like furniture, doors and windows, out of focus."""
    soft, spots = draw.uniform(0.02, 0.3), []
    for _ in range(int(draw.integers(2, 8))):
        bright = np.exp(0.8 * draw.normal())
        colour = _kept(_colour(draw, float(base.mean()) * bright))
        wide, high = draw.uniform(0.04, 0.4), draw.uniform(0.04, 0.6)
        spots.append(Spot(_number(draw.random()), _number(draw.random()), _number(wide), _number(high), _number(soft), colour))
    return spots


def draw_background(key: str, kinds: Mapping[BackgroundKind, float]) -> Background:
    """What lies behind the sample called ``key``: one of ``kinds``, each with its weight."""
    kind = picked(kinds, stream(key, "background kind").random())
    draw = stream(key, f"background {kind}")
    base = _colour(draw, _level(draw))
    other, angle, spots, scale = base, 0.0, [], 0.0
    if kind == "gradient":
        other, angle = base * np.exp(0.8 * draw.normal()) * (1 + 0.15 * draw.normal(size=3)), draw.uniform(-1.6, 1.6)
    elif kind == "discs":
        other, spots = base * np.exp(0.35 * draw.normal()), _discs(draw, base)
    elif kind == "room":
        other, spots = base * np.exp(0.25 * draw.normal()), _room(draw, base)
    elif kind == "foliage":
        leaf = np.array([0.5, 0.9, 0.25]) * draw.uniform(0.2, 1.0) if draw.random() < 0.6 else _colour(draw, _level(draw))
        base = 0.5 * base if draw.random() < 0.5 else base
        other, scale = leaf * draw.uniform(0.3, 0.9), draw.uniform(4.0, 14.0)
    elif kind in ("stripes", "pattern"):
        other, angle = _colour(draw, _level(draw)), draw.uniform(-1.6, 1.6)
        scale = draw.uniform(3.0, 16.0)
    return Background(kind, _kept(base), _kept(other), _number(angle), tuple(spots), _number(scale), key)


def _painted(background: Background, size: int) -> Floats:
    """The gradient and its spots (size, size, 3)."""
    place = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = place[None, :], place[:, None]
    top, bottom = np.array(background.top, np.float32), np.array(background.bottom, np.float32)
    along = 0.5 + (y - 0.5) * np.float32(np.cos(background.angle)) + (x - 0.5) * np.float32(np.sin(background.angle))
    picture = top + (bottom - top) * np.clip(along, 0.0, 1.0)[..., None]
    for spot in background.spots:
        if spot.height > 0:
            gap = np.maximum(np.abs(x - spot.x) - spot.radius, np.abs(y - spot.y) - spot.height) / 0.3 + 1.0
        else:
            gap = np.hypot(x - spot.x, y - spot.y) / spot.radius
        cover = 0.8 * np.clip((1.0 - gap) / max(spot.softness, 0.02) + 0.5, 0.0, 1.0)
        picture = picture + cover[..., None] * (np.array(spot.colour, np.float32) - picture)
    return picture.astype(np.float32)


def _leaves(background: Background, size: int) -> Floats:
    """Clumps of light and shade at three scales (size, size, 3)."""
    draw = stream(background.leaf_key, "leaves")
    amount = np.zeros((size, size), np.float32)
    for octave in range(3):
        cells = int(background.scale * 2**octave) + 2
        amount += np.float32(0.5**octave) * _enlarged(draw.random((cells, cells, 1), np.float32), size)[..., 0]
    amount = np.clip((amount - 0.5) / 0.75, 0.0, 1.0)[..., None]
    top, bottom = np.array(background.top, np.float32), np.array(background.bottom, np.float32)
    return top + (bottom - top) * amount**1.5


def _figures(background: Background, size: int) -> Floats:
    """Stripes or dots (size, size, 3) with edges half a pixel soft."""
    place = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    cos, sin = np.float32(np.cos(background.angle)), np.float32(np.sin(background.angle))
    u = (place[None, :] * cos + place[:, None] * sin) * np.float32(background.scale)
    v = (place[:, None] * cos - place[None, :] * sin) * np.float32(background.scale)
    sharp = size / background.scale
    away = np.abs(u - np.round(u)) if background.kind == "stripes" else np.hypot(u - np.round(u), v - np.round(v))
    cover = np.clip((0.26 - away) * sharp + 0.5, 0.0, 1.0)[..., None]
    top, bottom = np.array(background.top, np.float32), np.array(background.bottom, np.float32)
    return (top + (bottom - top) * cover).astype(np.float32)


@numba.njit(cache=True, error_model="numpy")
def _enlarged(picture: NDArray, size: int) -> Any:
    """A picture (h, h, c) enlarged to (size, size, c) with linear interpolation."""
    coarse, channels = picture.shape[0], picture.shape[2]
    result = np.empty((size, size, channels), np.float32)
    first, share = np.empty(size, np.int64), np.empty(size, np.float32)
    for i in range(size):
        at = min(max((i + 0.5) * coarse / size - 0.5, 0.0), coarse - 1.0)
        first[i] = min(int(at), max(coarse - 2, 0))
        share[i] = np.float32(at - first[i])
    for y in range(size):
        y0, ty = first[y], share[y]
        y1 = min(y0 + 1, coarse - 1)
        for x in range(size):
            x0, tx = first[x], share[x]
            x1 = min(x0 + 1, coarse - 1)
            for c in range(channels):
                low = picture[y0, x0, c] + tx * (picture[y0, x1, c] - picture[y0, x0, c])
                high = picture[y1, x0, c] + tx * (picture[y1, x1, c] - picture[y1, x0, c])
                result[y, x, c] = low + ty * (high - low)
    return result


def paint_background(background: Background, size: int) -> Floats:
    """The background (size, size, 3) in linear light."""
    if background.kind in ("stripes", "pattern"):
        return np.ascontiguousarray(_figures(background, size))
    coarse = min(size, _COARSE)
    picture = _leaves(background, coarse) if background.kind == "foliage" else _painted(background, coarse)
    enlarged: Floats = _enlarged(np.ascontiguousarray(picture, np.float32), size)
    return enlarged
