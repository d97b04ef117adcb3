"""What a person wears or holds before the face, drawn from a sample's seed: glasses, headwear, a hand or a microphone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.render.colour import Colour, linear
from sfcore.render.traits import Traits

FACE_CENTRE, FACE_HALF = np.array([0.0, -0.33]), np.array([0.62, 0.67])
"""The face as an ellipse: its unit is the distance from the line of the eyes down to the chin."""


@dataclass(frozen=True)
class Glasses:
    """Frames as they are made: ``width`` and ``height`` of a lens and ``thickness`` of the rim are shares of an eye's half width.

    ``tint`` 0..1 is how dark the lenses are, ``glare`` 0..1 how much they mirror.
    """

    shape: str
    width: float
    height: float
    thickness: float
    colour: Colour
    shine: float
    lens: Colour
    tint: float
    glare: float


@dataclass(frozen=True)
class Headwear:
    """A cap, a beanie, a headband or a headset; ``height`` 0..1 is where between brows and crown it ends."""

    kind: str
    colour: Colour
    trim: Colour
    height: float
    side: float
    """-1 or 1: the subject's side on which a headset's microphone hangs."""


@dataclass(frozen=True)
class Rod:
    """A capsule in the plane of the face, with ``lift`` to the viewer; the unit is the way from the eyes' line to the chin."""

    x0: float
    y0: float
    x1: float
    y1: float
    r0: float
    r1: float
    lift0: float
    lift1: float


@dataclass(frozen=True)
class Occluder:
    """Something before the face, made of ``rods``; ``hides`` is the share of the face behind it, as estimated from them."""

    kind: str
    colour: Colour
    rods: tuple[Rod, ...]
    hides: float


_SHAPES = ("round", "oval", "rectangle", "square", "cat", "aviator", "browline", "rimless")
_FRAME_COLOURS = (
    (18, 17, 18),
    (60, 36, 22),
    (104, 60, 30),
    (150, 146, 140),
    (190, 160, 100),
    (40, 52, 84),
    (120, 30, 34),
    (200, 190, 176),
)
_CLOTH = ((24, 26, 32), (150, 30, 36), (34, 60, 110), (190, 188, 180), (70, 84, 52), (200, 140, 50), (110, 90, 130), (90, 60, 44))


def _number(value: float) -> float:
    return round(float(value), 6)


def _colour(rgb: tuple[float, ...] | NDArray, draw: np.random.Generator) -> Colour:
    r, g, b = linear(np.array(rgb)) * np.exp(0.25 * draw.normal(size=3))
    return _number(min(r, 1.0)), _number(min(g, 1.0)), _number(min(b, 1.0))


def draw_glasses(key: str, share: float) -> Glasses | None:
    """The glasses of the sample called ``key``, or none; one pair in twelve is dark."""
    draw = stream(key, "glasses")
    worn, dark = draw.random() < share, draw.random() < 1 / 12
    if not worn:
        return None
    shape = _SHAPES[int(draw.choice(8, p=[0.17, 0.15, 0.2, 0.13, 0.1, 0.1, 0.08, 0.07]))]
    thin = shape in ("aviator", "rimless") or draw.random() < 0.4
    tall = {
        "round": 0.98,
        "oval": 0.7,
        "rectangle": 0.62,
        "square": 0.82,
        "cat": 0.68,
        "aviator": 0.92,
        "browline": 0.76,
        "rimless": 0.66,
    }
    width = draw.uniform(1.35, 1.72) * (0.86 if shape == "round" else 1.0)
    metal = (180, 170, 150) if draw.random() < 0.5 else (60, 60, 64)
    colour = _colour(metal if thin else _FRAME_COLOURS[int(draw.integers(len(_FRAME_COLOURS)))], draw)
    thickness = draw.uniform(0.028, 0.045) if thin else draw.uniform(0.06, 0.14)
    lens = _colour((26, 24, 22) if draw.random() < 0.7 else (70, 40, 24), draw) if dark else (0.55, 0.6, 0.6)
    # Dark enough to be sunglasses, clear enough that what the eyes do, which the label tells, can still be seen.
    tint = draw.uniform(0.4, 0.65) if dark else 0.05 * draw.random()
    glare = 0.5 * draw.random() ** 3
    return Glasses(
        shape, _number(width), _number(width * tall[shape] * draw.uniform(0.92, 1.08)), _number(thickness), colour,
        _number(0.9 if thin else draw.uniform(0.2, 0.7)), lens, _number(tint), _number(glare),
    )  # fmt: skip


def draw_headwear(key: str, share: float) -> Headwear | None:
    """The headwear of the sample called ``key``, or none."""
    draw = stream(key, "headwear")
    if draw.random() >= share:
        return None
    kind = ("cap", "beanie", "headband", "headset")[int(draw.choice(4, p=[0.3, 0.2, 0.2, 0.3]))]
    colour = _colour(_CLOTH[int(draw.integers(len(_CLOTH)))], draw)
    trim = _colour(_CLOTH[int(draw.integers(len(_CLOTH)))], draw)
    height, side = _number(draw.random()), 1.0 if draw.random() < 0.5 else -1.0
    if kind == "headset":
        colour, trim = _colour((26, 26, 28), draw), _colour((60, 60, 64), draw)
    return Headwear(kind, colour, trim, height, side)


def _rod(start: Any, end: Any, r0: float, r1: float, lift0: float = 0.0, lift1: float = 0.0) -> Rod:
    """A rod from ``start`` to ``end`` (x, y), its radii and lifts at both ends."""
    return Rod(*(_number(v) for v in (start[0], start[1], end[0], end[1], r0, r1, lift0, lift1)))


def _hand(draw: np.random.Generator) -> list[Rod]:
    """A hand of rods in its own frame: the middle finger's tip at (0, 0), the wrist towards -y; adult sized."""
    rods = []
    curl = draw.uniform(0.0, 0.5)
    pointing = draw.random() < 0.2
    spread, bend = draw.uniform(-0.02, 0.16), draw.uniform(-0.1, 0.2)
    knuckles = np.array([[-0.29, -0.74], [-0.1, -0.71], [0.1, -0.73], [0.27, -0.79]])
    for finger, (length, radius) in enumerate(((0.64, 0.082), (0.72, 0.086), (0.67, 0.082), (0.53, 0.072))):
        short = 1.0 - curl * draw.uniform(0.6, 1.0)
        if pointing and finger > 0:
            short = draw.uniform(0.32, 0.42)
        x, y = knuckles[finger]
        angle = spread * (finger - 1.4) + 0.03 * draw.normal()
        half = 0.5 * length * short
        middle = (x + np.sin(angle) * half, y + np.cos(angle) * half)
        tip = (middle[0] + np.sin(angle + bend * 0.3) * half, middle[1] + np.cos(angle + bend * 0.3) * half)
        rods += [
            _rod((x, y), middle, 1.1 * radius, radius, 0.0, 0.05 * curl),
            _rod(middle, tip, radius, 0.84 * radius, 0.05 * curl, -0.12 * curl),
        ]
    palm = zip(knuckles, ((-0.24, -1.42), (-0.09, -1.5), (0.08, -1.5), (0.22, -1.44)), strict=True)
    rods += [_rod(knuckle, heel, 0.098, 0.15) for knuckle, heel in palm]
    out = draw.uniform(0.25, 0.75)
    thumb = (-0.34 - 0.42 * np.sin(out), -1.3 + 0.5 * np.cos(out))
    rods += [
        _rod((-0.22, -1.42), thumb, 0.13, 0.1, 0.0, 0.05),
        _rod(thumb, (thumb[0] - 0.1 * np.sin(out), thumb[1] + 0.33), 0.095, 0.08, 0.05, 0.08),
        Rod(-0.06, -1.45, -0.05, -2.6, 0.19, 0.22, -0.05, -0.2),
        Rod(0.08, -1.45, 0.07, -2.6, 0.19, 0.22, -0.05, -0.2),
    ]
    return rods


def _microphone(draw: np.random.Generator) -> list[Rod]:
    """A microphone in its own frame: its head's top at (0, 0), its handle towards -y."""
    long = draw.uniform(0.9, 1.6)
    return [Rod(0.0, -0.22, 0.0, -0.27, 0.22, 0.2, 0.12, 0.12), Rod(0.0, -0.42, 0.0, -0.42 - long, 0.14, 0.09, 0.12, -0.15)]


def _placed(rods: list[Rod], tip: NDArray, angle: float, size: float, side: float) -> list[Rod]:
    """Turns rods by ``angle`` (0: the wrist below), scales them, mirrors them for ``side`` -1, and moves them to ``tip`` (2,)."""
    cos, sin = np.cos(angle), np.sin(angle)

    def at(u: float, v: float) -> tuple[float, float]:
        u *= side
        return tip[0] + size * (cos * u - sin * v), tip[1] + size * (sin * u + cos * v)

    return [_rod(at(r.x0, r.y0), at(r.x1, r.y1), size * r.r0, size * r.r1, size * r.lift0, size * r.lift1) for r in rods]


def _face_points() -> NDArray[np.float64]:
    across, down = np.meshgrid(np.linspace(-1, 1, 25), np.linspace(-1, 1, 25))
    inside = across**2 + down**2 <= 1.0
    return FACE_CENTRE + FACE_HALF * np.stack([across[inside], down[inside]], -1)


_FACE = _face_points()


_NEARER = 1.12
"""What is before the face is nearer to the camera and looks larger."""


def hidden_share(rods: list[Rod]) -> float:
    """Share 0..1 of the face's ellipse that lies behind ``rods``."""
    hidden = np.zeros(len(_FACE), bool)
    for rod in rods:
        start, along = np.array([rod.x0, rod.y0]), np.array([rod.x1 - rod.x0, rod.y1 - rod.y0])
        t = np.clip((_FACE - start) @ along / max(float(along @ along), 1e-9), 0.0, 1.0)
        away = np.linalg.norm(_FACE - start - t[:, None] * along, axis=1)
        hidden |= away <= _NEARER * (rod.r0 + t * (rod.r1 - rod.r0))
    return float(hidden.mean())


def draw_occluder(key: str, share: float, hides: float, traits: Traits) -> Occluder | None:
    """What is before the face of the sample called ``key``: pulled back until it hides at most ``hides`` of the face."""
    draw = stream(key, "occluder")
    there, hand = draw.random() < share, draw.random() < 0.7
    if not there:
        return None
    side = 1.0 if draw.random() < 0.5 else -1.0
    own = np.array(traits.skin) * (1.0 + 0.05 * draw.normal())
    dark = _colour((34, 34, 36), draw)
    if hand:
        rods, size = _hand(draw), draw.uniform(0.8, 1.05)
        where = draw.random() * 2 * np.pi
        reach = draw.uniform(0.25, 0.9)
        tip = FACE_CENTRE + reach * FACE_HALF * np.array([np.sin(where), -np.cos(where)])
        # The arm comes from below or from the side, wherever the fingers point.
        angle = side * draw.uniform(0.1, 1.3) * (0.4 + 0.6 * abs(np.sin(where)))
        colour: Colour = (_number(min(own[0], 1.0)), _number(min(own[1], 1.0)), _number(min(own[2], 1.0)))
    else:
        rods, size = _microphone(draw), draw.uniform(0.9, 1.25)
        tip = np.array([side * abs(draw.normal(0.0, 0.2)), draw.uniform(-1.05, -0.75)])
        angle, colour = side * draw.uniform(0.0, 0.9), dark
    back = np.array([np.sin(angle), -np.cos(angle)])
    for step in range(60):
        placed = _placed(rods, tip + 0.05 * step * back, angle, size, side)
        covered = hidden_share(placed)
        if covered <= hides:
            return Occluder("hand" if hand else "microphone", colour, tuple(placed), _number(covered))
    return None


def draw_props(key: str, faces: Faces, traits: Traits) -> tuple[Glasses | None, Headwear | None, Occluder | None]:
    """Everything worn or held in the sample called ``key``; each has a stream of its own."""
    return (
        draw_glasses(key, faces.glasses_share),
        draw_headwear(key, faces.headwear_share),
        draw_occluder(key, faces.occluder_share, faces.occluder_hides, traits),
    )
