"""Lips and cheeks: what the muscles around the mouth do. Sided shapes are for the subject's left; lengths are centimetres."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.procedural.curves import Array, bump, plateau, rise
from sfcore.rigs.procedural.falloff import Field, stack


def close(f: Field) -> Array:
    """Alone it folds both lips over each other towards the line and draws the corners in."""
    near = f.upper_lip(0.95) + f.lower_lip(1.05)
    pursed = f.around_mouth(2.9, 1.6)
    return stack(-0.13 * f.x * pursed, -0.34 * f.from_line * near + 0.1 * f.lower_lip(1.6), -0.3 * near + 0.1 * pursed, f.x)


def funnel(f: Field) -> Array:
    """Lips turned out into an open ring; the cheeks are drawn forwards after them."""
    ring, cheeks = f.around_mouth(3.1, 1.9), _both_cheeks(f)
    upper, lower = f.upper_lip(1.0), f.lower_lip(1.2)
    lips = ring * np.exp(-((f.from_line / 1.5) ** 2))
    return stack(
        -0.3 * f.x * ring - 0.1 * np.sign(f.x) * cheeks,
        0.42 * upper - 0.75 * lower + 0.2 * cheeks,
        0.8 * lips + 0.4 * cheeks,
        f.x,
    )


def pucker(f: Field) -> Array:
    """Lips drawn together and pushed out, shut; the cheeks hollow towards them."""
    ring, cheeks = f.around_mouth(3.1, 1.9), _both_cheeks(f)
    lips = np.exp(-((f.from_line / 1.4) ** 2)) * ring
    centre = lips * rise(2.8, 0.4, np.abs(f.x))
    dy = 0.2 * f.from_line * centre + 0.06 * lips
    return stack(-0.4 * f.x * ring - 0.12 * np.sign(f.x) * cheeks, dy, 0.35 * lips + 0.7 * centre + 0.2 * cheeks, f.x)


def sideways(f: Field, side: float) -> Array:
    """The whole mouth slides, dragging chin, cheeks and the tip of the nose; the cheek it comes to rises and folds back."""
    reach = np.where(f.y > -6.5, 2.4, 3.0)
    slid = np.exp(-((f.x / 4.6) ** 2) - ((f.y + 6.5) / reach) ** 2) * f.facing
    here, there = (bump(f.x * s, f.y, 3.1, -6.2, 1.7, 1.7) * f.facing for s in (side, -side))
    return stack(1.2 * side * slid, 0.45 * here + 0.08 * there, -0.42 * here + 0.3 * there, f.x)


def smile(f: Field) -> Array:
    """Corner and cheek go up, out and back; the apple of the cheek fills and the fold beside the nose deepens."""
    corner = bump(f.x, f.y, 2.9, -6.3, 1.45, 1.4) * f.facing * f.left
    wide = bump(f.x, f.y, 3.9, -5.7, 2.2, 2.1) * f.facing * f.left
    apple = bump(f.x, f.y, 3.7, -3.7, 1.5, 1.3) * f.facing
    fold = bump(f.x - 0.35 * (-4.6 - f.y), f.y, 2.55, -5.0, 0.4, 1.1) * f.facing
    lid = bump(f.x, f.y, 3.2, -1.1, 1.5, 0.5) * f.facing
    dx, dy = 0.5 * corner + 0.36 * wide, 0.62 * corner + 0.42 * wide + 0.14 * apple + 0.06 * lid
    return stack(dx, dy, -0.62 * corner - 0.06 * wide + 0.42 * apple - 0.16 * fold, f.x)


def frown(f: Field) -> Array:
    corner, wide = f.corner(1.2, 1.2), bump(f.x, f.y, 3.0, -6.2, 2.0, 1.9) * f.facing * f.left
    chin = bump(f.x, f.y, 1.6, -8.7, 1.3, 1.0) * f.facing
    return stack(0.06 * corner + 0.08 * wide, -0.62 * corner - 0.3 * wide - 0.12 * chin, -0.14 * wide + 0.16 * chin, f.x)


def dimple(f: Field) -> Array:
    """The corner is drawn straight back into the cheek, with a pit beyond it and a ridge behind the pit."""
    corner, wide = f.corner(1.25, 0.9), bump(f.x, f.y, 3.8, -6.2, 1.9, 1.7) * f.facing * f.left
    pit = bump(f.x, f.y, 3.3, -6.35, 0.42, 0.8) * f.facing
    rim = bump(f.x, f.y, 4.1, -6.2, 0.6, 1.2) * f.facing
    thin = (f.upper_lip(0.8) + f.lower_lip(0.8)) * rise(0.2, 1.8, f.x)
    dy = 0.12 * corner + 0.2 * wide - 0.36 * f.from_line * thin
    return stack(0.5 * corner + 0.2 * wide, dy, -0.6 * corner - 0.14 * wide - 0.55 * pit + 0.26 * rim, f.x)


def stretch(f: Field) -> Array:
    """The corner is pulled out and down towards the jaw's angle, the cheek and the side of the chin with it."""
    corner, wide = f.corner(1.5, 1.3), bump(f.x, f.y, 3.8, -7.4, 2.2, 2.3) * f.facing * f.left
    lower = f.lower_lip(1.0) * f.left
    return stack(
        0.55 * corner + 0.34 * wide, -0.42 * corner - 0.16 * wide - 0.03 * lower, -0.5 * corner - 0.3 * wide - 0.1 * lower, f.x
    )


def roll_lower(f: Field) -> Array:
    """The red of the lower lip turns in over the teeth and the chin is drawn up after it."""
    depth, below = -f.from_line, (f.lip < 0) * f.facing
    across = f.opening**0.4
    inward = np.exp(-(((depth - 0.2) / 0.5) ** 2)) * across * below
    follows = bump(f.x, f.y, 0.0, -8.0, 2.3, 2.2) * below
    dy = 0.06 * across * below + 0.78 * np.clip(depth / 1.0, 0, 1) * np.maximum(follows, across * (depth < 1.2) * below)
    return stack(-0.06 * f.x * follows, dy, -0.46 * inward + 0.26 * follows * rise(0.9, 1.7, depth), f.x)


def roll_upper(f: Field) -> Array:
    """The red of the upper lip turns in over the teeth; the skin above it is drawn down, long and flat."""
    height, above = f.from_line, (f.lip > 0) * f.facing
    across = f.opening**0.4 * above
    inward = np.exp(-(((height - 0.15) / 0.55) ** 2)) * across
    drawn = np.clip(height / 0.75, 0, 1) * rise(2.1, 0.8, height) * across
    meets = 0.1 * np.exp(-((height / 0.7) ** 2)) * (f.lip < 0) * f.opening**0.4 * f.facing
    return stack(0.0, -0.64 * drawn + meets, -0.5 * inward - 0.14 * drawn, f.x)


def shrug_lower(f: Field) -> Array:
    """The chin pushes the lower lip up and out, and the upper one rides on it."""
    lip = f.lower_lip(1.5)
    chin = bump(f.x, f.y, 0.0, -9.0, 2.2, 1.6) * f.facing * (f.lip < 0)
    pushed = f.upper_lip(1.0)
    dy = 0.46 * lip + 0.7 * chin + 0.42 * pushed
    return stack(-0.04 * f.x * chin, dy, 0.36 * lip + 0.2 * chin + 0.12 * pushed, f.x)


def shrug_both(f: Field) -> Array:
    """With the middle of the upper lip raised, a raised lower one fills the gap and carries it no further."""
    return stack(0.0, 0.2 * f.lower_lip(0.9) - 0.38 * f.upper_lip(1.0), 0.1 * f.lower_lip(0.9), f.x)


def roll_over_shrug(f: Field) -> Array:
    """A lip that is rolled in is not pushed up by the other; acts with the smaller."""
    return stack(0.0, -0.4 * f.upper_lip(1.0) - 0.36 * f.lower_lip(0.8), 0.0, f.x)


def roll_while_pressed(f: Field, lip: float) -> Array:
    """A lip (+1 the upper) that is rolled in has no red left to press thin; acts with the smaller."""
    red = (f.upper_lip(0.95) if lip > 0 else f.lower_lip(1.05)) * rise(-0.9, 0.9, f.x)
    return stack(0.0, 0.7 * f.from_line * red, 0.1 * red, f.x)


def shrug_upper(f: Field) -> Array:
    """The middle of the upper lip is pushed up and out towards the nose; the lower one stays."""
    lip, skin = f.upper_lip(0.9), f.upper_lip(1.7)
    return stack(0.0, 0.5 * skin + 0.06 * lip + 0.1 * f.lower_lip(0.85), 0.42 * lip + 0.08 * skin + 0.06 * f.lower_lip(0.85), f.x)


def press(f: Field) -> Array:
    """Both lips are pressed thin and flat, the corner tightens into a knot, and the side of the chin bulges upwards."""
    side = rise(-0.9, 0.9, f.x)
    lips = (f.upper_lip(0.95) + f.lower_lip(1.05)) * side
    corner = f.corner(1.1, 0.9)
    lifted = bump(f.x, f.y, 2.3, -8.4, 2.0, 2.0) * f.facing * side * (f.lip < 0)
    wide = bump(f.x, f.y, 3.4, -6.6, 1.7, 1.7) * f.facing * f.left
    dent = bump(f.x, f.y, 2.75, -6.4, 0.45, 0.6) * f.facing
    knot = (bump(f.x, f.y, 2.9, -7.4, 0.75, 0.65) + 0.5 * bump(f.x, f.y, 3.5, -6.2, 0.55, 0.8)) * f.facing
    dy = -0.78 * f.from_line * lips + 0.16 * corner + 0.24 * wide + 0.3 * lifted * rise(0.2, 1.2, -f.from_line)
    return stack(0.16 * corner, dy, -0.26 * lips - 0.34 * dent + 0.26 * knot + 0.16 * lifted, f.x)


def lower_down(f: Field) -> Array:
    side = f.left * bump(f.x, f.y, 1.2, -7.0, 1.7, 4.0)
    lip, skin = f.lower_lip(1.2) * side, f.lower_lip(2.2) * side
    return stack(0.12 * lip, -0.45 * lip - 0.4 * skin - 0.16 * f.corner(0.9, 0.9), 0.06 * lip - 0.08 * skin, f.x)


def upper_up(f: Field) -> Array:
    """The lip is drawn up beside the wing of the nose, which rises with it."""
    side = f.left * bump(f.x, f.y, 1.2, -6.0, 1.7, 4.0)
    lip, skin = f.upper_lip(1.1) * side, f.upper_lip(1.9) * side
    fold = bump(f.x, f.y, 2.3, -4.5, 1.1, 1.1) * f.facing
    wing = bump(f.x, f.y, 1.2, -3.8, 0.8, 0.8) * f.facing
    apple = bump(f.x, f.y, 3.4, -3.6, 1.4, 1.3) * f.facing
    dy = 0.42 * lip + 0.36 * skin + 0.24 * fold + 0.2 * wing + 0.16 * apple
    return stack(0.06 * fold, dy, 0.06 * lip + 0.2 * fold + 0.1 * apple, f.x)


def _both_cheeks(f: Field) -> Array:
    return bump(np.abs(f.x), f.y, 3.7, -6.4, 1.9, 2.1) * f.facing


def cheek_puff(f: Field) -> Array:
    """Air behind shut lips: cheeks and lips swell, the corners come in."""
    a = np.abs(f.x)
    cheek = plateau(a, f.y, 3.7, -5.9, 2.3, 2.1, 1.0) * f.facing
    outer = bump(a, f.y, 5.0, -5.8, 1.7, 2.0) * rise(-2.5, 1.5, f.z)
    lips = f.around_mouth(2.4, 1.9)
    dx = np.sign(f.x) * (0.4 * outer + 0.24 * cheek) - 0.14 * f.x * lips
    return stack(dx, 0.05 * cheek, 1.05 * cheek + 0.5 * lips, f.x)


def tongue_lips(f: Field) -> Array:
    """The lips part for the tongue."""
    return stack(0.0, 0.12 * f.upper_lip(0.9) - 0.85 * f.lower_lip(1.3), 0.1 * f.lower_lip(1.0), f.x)
