"""Lids and brows: what the muscles around the eyes do. All is written for the subject's left; lengths are centimetres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sfcore.rigs.procedural.curves import Array, bump, rise
from sfcore.rigs.procedural.falloff import Field, stack

Move = Callable[[Field], Array]


def blink(f: Field) -> Array:
    """The upper lid comes down almost all the way; the lower one rises a little and is drawn to the nose."""
    upper, lower = f.lids(1.5, 0.9)
    gap = f.fissure()
    return stack(-0.1 * gap * (lower + 0.5 * upper), gap * (0.07 * lower - 0.98 * upper), 0.0, f.x)


def look_down(f: Field) -> Array:
    upper, lower = f.lids(1.3, 1.0)
    gap = f.fissure()
    return stack(0.0, gap * (-0.52 * upper - 0.26 * lower), 0.0, f.x)


def look_up(f: Field) -> Array:
    upper, lower = f.lids(1.1, 0.8)
    gap = f.fissure()
    brow = 0.08 * bump(f.x, f.y, 3.0, 1.9, 1.8, 0.8) * f.facing
    return stack(0.0, gap * (0.36 * upper + 0.12 * lower) + brow, 0.0, f.x)


def look_sideways(f: Field, towards: float) -> Array:
    """The cornea carries the lids along and lifts the upper one where it passes beneath."""
    upper, lower = f.lids(0.9, 0.9)
    gap = f.fissure()
    tilt = np.clip((f.x - 3.12) / 1.4, -1, 1) * towards
    dragged = towards * gap * (0.22 * upper + 0.14 * lower)
    return stack(dragged, gap * (0.09 * tilt * upper - 0.05 * tilt * lower), 0.0, f.x)


def squint(f: Field) -> Array:
    """The ring around the eye tightens: the lower lid rises and is drawn to the nose with the pouch under it."""
    upper, lower = f.lids(1.1, 1.2)
    gap = f.fissure()
    pouch = bump(f.x, f.y, 3.4, -1.25, 1.6, 0.8) * f.facing
    return stack(-0.26 * pouch, gap * (0.3 * lower - 0.12 * upper) + 0.2 * pouch, 0.2 * pouch, f.x)


def wide(f: Field) -> Array:
    upper, lower = f.lids(1.1, 0.8)
    gap = f.fissure()
    return stack(0.0, gap * (0.46 * upper - 0.14 * lower), 0.0, f.x)


def blink_against(raised: Move) -> Move:
    """What undoes a lid ``raised`` by another shape once the eye closes; acts with the smaller of both values."""
    return lambda f: -raised(f) * (f.lids(1.1, 0.8)[0][:, None] > 0)


def blink_on_raised(f: Field, share: float) -> Array:
    """The upper lid's way is shorter by a ``share`` of the opening where the lower lid has come up to meet it."""
    return stack(0.0, share * f.fissure() * f.lids(1.5, 0.9)[0], 0.0, f.x)


def _brow(f: Field, cx: float, sx: float, up: float = 1.7) -> Array:
    across = np.exp(-(((f.x - cx) / sx) ** 2))
    return across * rise(0.75, 1.7, f.y) * np.exp(-((np.maximum(f.y - 2.0, 0) / up) ** 2)) * f.facing


def brow_down(f: Field) -> Array:
    """The whole brow comes down and in, most at its head, and bulges over the lid."""
    brow, inner = _brow(f, 3.2, 2.6) * rise(-0.3, 0.7, f.x), _brow(f, 1.2, 1.1) * rise(-0.4, 0.4, f.x)
    lid = bump(f.x, f.y, 3.0, 0.95, 1.6, 0.5) * f.facing
    return stack(-0.3 * brow - 0.1 * inner, -0.52 * brow - 0.24 * inner - 0.14 * lid, 0.22 * brow + 0.08 * inner, f.x)


def brow_inner_up(f: Field) -> Array:
    brow = np.minimum(_brow(f, 1.2, 1.5, 2.4) + _brow(f, -1.2, 1.5, 2.4), 1.0)
    return stack(0.06 * brow * np.clip(f.x, -1, 1), 0.95 * brow, 0.0, f.x)


def brow_outer_up(f: Field) -> Array:
    brow = _brow(f, 4.6, 1.9, 2.1) * rise(0.8, 2.6, f.x)
    lid = bump(f.x, f.y, 4.4, 0.9, 1.1, 0.5) * f.facing
    return stack(0.05 * brow, 0.95 * brow + 0.12 * lid, -0.12 * brow, f.x)


def nose_sneer(f: Field) -> Array:
    """The wing of the nose is pulled up with the lip beneath it, and the bridge wrinkles under a lowered inner brow."""
    wing = bump(f.x, f.y, 1.3, -3.6, 1.0, 1.0) * f.facing
    side = bump(f.x, f.y, 0.95, -1.3, 0.75, 1.1) * f.facing
    fold = bump(f.x, f.y, 2.3, -3.9, 1.0, 1.2) * f.facing
    apple = bump(f.x, f.y, 3.0, -3.0, 1.5, 1.4) * f.facing
    lip = f.upper_lip(1.3) * f.left * bump(f.x, f.y, 1.2, -6.0, 1.3, 4.0)
    inner = _brow(f, 1.2, 1.2) * rise(-0.3, 0.5, f.x)
    wrinkle = side * np.cos(2 * np.pi * (f.y + 0.2 * f.x) / 0.62)
    dy = 0.56 * wing + 0.3 * side + 0.3 * fold + 0.24 * lip + 0.2 * apple - 0.34 * inner
    return stack(0.2 * wing, dy, 0.2 * side + 0.09 * wrinkle + 0.3 * fold + 0.12 * wing + 0.12 * apple, f.x)


def cheek_squint(f: Field) -> Array:
    """The cheek rises as one pad that pushes the lower lid up, with a crease between the two and feet of crows beside the eye."""
    cheek = bump(f.x, f.y, 4.3, -3.0, 2.3, 1.9) * f.facing * f.left
    pad = bump(f.x, f.y, 3.9, -2.1, 1.8, 0.95) * f.facing
    _, lower = f.lids(0.8, 1.1)
    crease = bump(f.x, f.y, 3.5, -1.2, 1.6, 0.24) * f.facing
    crow = bump(f.x, f.y, 5.4, -0.6, 0.9, 1.0) * f.facing
    dy = 0.5 * cheek + 0.42 * pad + 0.22 * lower * f.fissure() + 0.2 * crow
    return stack(0.12 * cheek - 0.16 * crow, dy, 0.16 * cheek + 0.52 * pad - 0.24 * crease, f.x)
