"""What people do with their faces: make-up and beards, drawn from the identity's name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.render.colour import Colour, as_colour, linear

_LIPSTICKS = (
    (170, 26, 40),
    (196, 64, 84),
    (122, 30, 48),
    (214, 108, 98),
    (150, 58, 92),
    (96, 36, 44),
    (226, 120, 140),
    (190, 40, 30),
)
_SHADOWS = (
    (96, 62, 50),
    (60, 48, 52),
    (130, 90, 110),
    (70, 84, 120),
    (150, 104, 72),
    (60, 90, 84),
    (180, 120, 130),
    (40, 38, 42),
)


@dataclass(frozen=True)
class MakeUp:
    """Colours are linear, amounts 0..1 of how much they cover."""

    lipstick: Colour
    lips: float
    blush: float
    shadow: Colour
    lids: float
    liner: float


@dataclass(frozen=True)
class Beard:
    """Density of hair on the upper lip, the chin and the cheeks: up to 0.5 is stubble, 1.2 hides the skin."""

    moustache: float
    chin: float
    cheeks: float


BARE = MakeUp((0.0, 0.0, 0.0), 0.0, 0.0, (0.0, 0.0, 0.0), 0.0, 0.0)
SHAVEN = Beard(0.0, 0.0, 0.0)

_CUTS = (
    (0.28, Beard(1.1, 1.2, 1.0)),
    (0.14, Beard(0.7, 0.8, 0.65)),
    (0.2, Beard(1.1, 1.15, 0.0)),
    (0.16, Beard(1.2, 0.0, 0.0)),
    (0.1, Beard(0.1, 1.15, 0.0)),
    (0.12, Beard(1.0, 1.1, 0.35)),
)
"""Shares of full beards, trimmed ones, goatees with a moustache, moustaches, goatees, and full ones thin at the cheeks."""


def draw_make_up(identity: str, share: float, suits: bool, cartoon: bool) -> MakeUp:
    """The make-up of a person whom it ``suits``."""
    draw = stream(identity, "make-up")
    worn = draw.random() < share
    strong = draw.uniform(0.25, 1.0)
    lipstick = linear(_LIPSTICKS[int(draw.integers(len(_LIPSTICKS)))]) * np.exp(0.15 * draw.normal())
    shadow = linear(_SHADOWS[int(draw.integers(len(_SHADOWS)))]) * np.exp(0.2 * draw.normal())
    parts = draw.random(4) < (0.8, 0.6, 0.6, 0.7)
    lips, blush, lids, liner = np.where(parts, strong * draw.uniform(0.6, 1.0, 4), 0.0)
    if not (worn and suits):
        return BARE
    flat = 0.8 if cartoon else 0.55
    return MakeUp(
        as_colour(lipstick), float(0.85 * lips), float(0.9 * blush), as_colour(shadow), float(flat * lids), float(liner)
    )


def draw_beard(identity: str, share: float, grows: bool, cartoon: bool, pale: bool) -> Beard:
    """The beard, moustache or stubble of a person on whom one ``grows``; stubble as ``pale`` as the skin hardly shows."""
    draw = stream(identity, "beard")
    worn, chance, density = draw.random() < share, draw.random(), draw.uniform(0.8, 1.05)
    stubble = (0.0 if cartoon else 1.0) * (0.2 if pale else 1.0) * max(0.0, 0.4 * draw.normal() + 0.1)
    if not grows:
        return SHAVEN
    if not worn:
        return Beard(*[float(min(stubble, 0.6))] * 3)
    shares = np.cumsum([cut[0] for cut in _CUTS])
    cut = _CUTS[min(int(np.searchsorted(shares, chance * shares[-1], side="right")), len(_CUTS) - 1)][1]
    shadow = 0.5 * stubble
    density *= 0.6 if pale else 1.0
    return Beard(*(float(max(density * part, shadow)) for part in (cut.moustache, cut.chin, cut.cheeks)))


def painted_lips(natural: NDArray, make_up: MakeUp) -> NDArray[np.float64]:
    """Colour (3,) of lips under lipstick."""
    return natural + make_up.lips * (np.array(make_up.lipstick) - natural)
