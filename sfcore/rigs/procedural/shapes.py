"""The 52 shapes as displacements of the skin, each on the tissue and the side ARKit documents for it.

Every sided shape is written for the subject's left; the right one is its mirror image. Lengths are centimetres at full value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sfcore.arkit import NAMES, SHAPES
from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.curves import Array, bump, plateau, rise
from sfcore.rigs.procedural.skin import Skin

JAW_PIVOT = np.array([0.0, -4.0, -1.0])
"""Below and behind the joint, in the middle of the ramus: the jaw glides forwards as it turns."""
JAW_GLIDE = np.array([0.0, -0.2, 0.6])
JAW_ANGLE = 0.29
"""Full opening: about 3 cm between the lips (adult maximum is 4 to 5 cm)."""


@dataclass(frozen=True)
class Field:
    """Coordinates of the skin's vertices, with the weights that most shapes share."""

    x: Array
    y: Array
    z: Array
    level: Array
    lip: Array
    lid: Array
    half_width: float

    @property
    def opening(self) -> Array:
        """1 at the middle of the mouth, 0 at the corners and beyond."""
        return np.clip(1 - (self.x / self.half_width) ** 2, 0, 1)

    @property
    def from_line(self) -> Array:
        """Height above the line between the lips, negative below."""
        return self.y - features.mouth_line(self.x, self.half_width)

    @property
    def facing(self) -> Array:
        """1 on the front of the head, 0 from the ears backwards."""
        return rise(-1.0, 3.0, self.z)

    def upper_lip(self, reach: float) -> Array:
        """The upper lip and the skin above it up to ``reach``, fading to the corners."""
        return (self.lip > 0) * np.exp(-((self.from_line / reach) ** 2)) * self.opening**0.6 * self.facing

    def lower_lip(self, reach: float) -> Array:
        """The lower lip and the skin below it down to ``reach``, fading to the corners."""
        return (self.lip < 0) * np.exp(-((self.from_line / reach) ** 2)) * self.opening**0.6 * self.facing

    def around_mouth(self, sx: float, sy: float) -> Array:
        return plateau(self.x, self.y, 0.0, -6.5, sx, sy, 1.5) * self.facing

    def corner(self, sx: float, sy: float) -> Array:
        """The left corner of the mouth."""
        return bump(self.x, self.y, self.half_width, -6.45, sx, sy) * self.facing

    @property
    def left(self) -> Array:
        """1 on the subject's left, 0 on the right, blended over the middle of the lips."""
        return rise(-0.55, 0.55, self.x)

    def jaw(self, top: float = -4.6, bottom: float = -8.6) -> Array:
        """How far the skin goes with the jaw: all of the chin and lower lip, half of the corners, none of the upper lip."""
        along = rise(top, bottom, self.level)
        opening = self.opening**0.75
        along = np.where(self.lip < 0, along + (1 - along) * opening, along * (1 - opening))
        neck = rise(-15.2, -11.6, self.level)
        return along * neck * rise(-1.5, 4.5, self.z)

    def lids(self, upper_reach: float, lower_reach: float) -> tuple[Array, Array]:
        """Weights of the left eye's upper and lower lid, 1 at the edges."""
        up, low = features.lid_curves(self.x)
        here = (self.x > 0) * self.facing
        inner, outer = features.EYE_CORNERS
        here = here * rise(inner - 0.5, inner, self.x) * rise(outer + 0.5, outer, self.x)
        upper = here * (self.lid > 0) * (1 - rise(0, upper_reach, self.y - up))
        lower = here * (self.lid < 0) * (1 - rise(0, lower_reach, low - self.y))
        return upper, lower

    def fissure(self) -> Array:
        """Height of the eye's opening at each vertex's column."""
        up, low = features.lid_curves(self.x)
        return up - low


Move = Callable[[Field], Array]


def _stack(dx: Array | float, dy: Array | float, dz: Array | float, like: Array) -> Array:
    return np.stack([np.broadcast_to(d, like.shape) for d in (dx, dy, dz)], axis=-1)


def jaw_open(points: Array, angle: float = JAW_ANGLE) -> Array:
    """Displacement (n, 3) of points that turn fully with the jaw."""
    around = points - JAW_PIVOT
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([around[:, 0], c * around[:, 1] - s * around[:, 2], s * around[:, 1] + c * around[:, 2]], -1)
    return turned - around + JAW_GLIDE


def _blink(f: Field) -> Array:
    upper, lower = f.lids(1.5, 0.9)
    gap = f.fissure()
    return _stack(0.0, gap * (0.14 * lower - 0.86 * upper), 0.0, f.x)


def _look_down(f: Field) -> Array:
    upper, lower = f.lids(1.3, 0.8)
    gap = f.fissure()
    return _stack(0.0, gap * (-0.52 * upper - 0.26 * lower), 0.0, f.x)


def _look_up(f: Field) -> Array:
    upper, lower = f.lids(1.1, 0.8)
    gap = f.fissure()
    brow = 0.08 * bump(f.x, f.y, 3.0, 1.9, 1.8, 0.8) * f.facing
    return _stack(0.0, gap * (0.36 * upper + 0.16 * lower) + brow, 0.0, f.x)


def _look_sideways(f: Field, towards: float) -> Array:
    upper, lower = f.lids(0.9, 0.8)
    gap = f.fissure()
    tilt = np.clip((f.x - 3.12) / 1.4, -1, 1) * towards
    return _stack(0.05 * towards * (upper + lower) * (gap > 0), gap * (0.09 * tilt * upper - 0.05 * tilt * lower), 0.0, f.x)


def _squint(f: Field) -> Array:
    upper, lower = f.lids(1.1, 1.0)
    gap = f.fissure()
    pouch = bump(f.x, f.y, 3.1, -1.0, 1.4, 0.5) * f.facing
    return _stack(0.0, gap * (0.36 * lower - 0.14 * upper) + 0.1 * pouch, 0.16 * pouch, f.x)


def _wide(f: Field) -> Array:
    upper, lower = f.lids(1.1, 0.8)
    gap = f.fissure()
    return _stack(0.0, gap * (0.42 * upper - 0.12 * lower), 0.0, f.x)


def _jaw(f: Field, direction: tuple[float, float, float]) -> Array:
    # Sliding, the jaw takes the front of the cheeks along and leaves their sides.
    return (f.jaw(-3.0, -9.8) * rise(0.0, 7.5, f.z))[:, None] * np.array(direction)


def _jaw_open(f: Field) -> Array:
    points = np.stack([f.x, f.y, f.z], -1)
    narrow = _stack(-0.12 * f.x * f.around_mouth(3.6, 2.2), 0.0, 0.0, f.x)
    lifted = _stack(0.0, 0.1 * f.upper_lip(1.0), 0.0, f.x)
    return f.jaw()[:, None] * jaw_open(points) + narrow + lifted


def _mouth_close(f: Field) -> Array:
    """Alone it folds both lips over each other towards the line and draws the corners in."""
    near = f.upper_lip(0.95) + f.lower_lip(1.05)
    pursed = f.around_mouth(2.9, 1.6)
    return _stack(-0.13 * f.x * pursed, -0.34 * f.from_line * near + 0.1 * f.lower_lip(1.6), -0.3 * near + 0.1 * pursed, f.x)


def close_against_jaw(f: Field) -> Array:
    """Displacement that brings the lips together again over an open jaw; acts with the smaller of JawOpen and MouthClose."""
    points = np.stack([f.x, f.y, f.z], -1)
    lower, upper = f.lower_lip(1.5), f.upper_lip(1.2)
    opened = (f.jaw()[:, None] * jaw_open(points))[:, :]
    lift = -0.84 * opened * lower[:, None]
    drop = np.zeros_like(points)
    amount = 0.16 * 3.0 * upper
    drop[:, 1] = -amount
    return lift + drop


def _funnel(f: Field) -> Array:
    ring = f.around_mouth(2.9, 1.9)
    upper, lower = f.upper_lip(1.0), f.lower_lip(1.0)
    return _stack(-0.42 * f.x * ring, 0.42 * upper - 0.5 * lower, 0.75 * ring * np.exp(-((f.from_line / 1.6) ** 2)), f.x)


def _pucker(f: Field) -> Array:
    ring = f.around_mouth(3.0, 1.8)
    lips = np.exp(-((f.from_line / 1.3) ** 2)) * ring
    return _stack(-0.46 * f.x * ring, 0.14 * f.from_line * lips, 1.0 * lips * rise(2.6, 0.6, np.abs(f.x)), f.x)


def _mouth_sideways(f: Field, side: float) -> Array:
    ring = f.around_mouth(3.6, 2.0)
    away = np.clip(side * f.x / 2.5, -1, 1)
    return _stack(0.85 * side * ring, 0.12 * away * ring, -0.18 * np.abs(f.x) / 2.5 * ring, f.x)


def _smile(f: Field) -> Array:
    corner, wide = f.corner(1.45, 1.05), f.corner(2.2, 1.6) * f.left
    apple = bump(f.x, f.y, 3.7, -3.7, 1.4, 1.2) * f.facing
    fold = bump(f.x - 0.35 * (-4.6 - f.y), f.y, 2.55, -5.0, 0.4, 1.1) * f.facing
    lid = bump(f.x, f.y, 3.2, -1.1, 1.5, 0.5) * f.facing
    dx = 0.42 * corner + 0.18 * wide + 0.12 * apple
    dy = 0.55 * corner + 0.2 * wide + 0.32 * apple + 0.07 * lid
    return _stack(dx, dy, -0.3 * corner - 0.06 * wide + 0.42 * apple - 0.2 * fold, f.x)


def _frown(f: Field) -> Array:
    corner = f.corner(1.2, 1.1)
    chin = bump(f.x, f.y, 1.6, -8.7, 1.2, 0.9) * f.facing
    return _stack(0.1 * corner, -0.75 * corner - 0.12 * chin, -0.1 * corner + 0.14 * chin, f.x)


def _dimple(f: Field) -> Array:
    """The corner is drawn straight back into the cheek, with a pit beyond it and a ridge behind the pit."""
    corner = f.corner(1.15, 0.8)
    pit = bump(f.x, f.y, 3.3, -6.35, 0.4, 0.75) * f.facing
    rim = bump(f.x, f.y, 4.1, -6.2, 0.55, 1.15) * f.facing
    thin = (f.upper_lip(0.8) + f.lower_lip(0.8)) * rise(0.2, 1.8, f.x)
    return _stack(0.62 * corner, 0.16 * corner - 0.36 * f.from_line * thin, -0.5 * corner - 0.6 * pit + 0.2 * rim, f.x)


def _stretch(f: Field) -> Array:
    corner, wide = f.corner(1.5, 1.2), f.corner(2.4, 2.4) * f.left
    lower = f.lower_lip(0.9) * f.left
    return _stack(0.62 * corner + 0.18 * wide, -0.42 * corner - 0.08 * wide - 0.16 * lower, -0.34 * corner, f.x)


def _roll_lower(f: Field) -> Array:
    lip = f.lower_lip(0.95)
    inward = np.exp(-(((f.from_line + 0.3) / 0.45) ** 2)) * f.opening**0.6 * (f.lip < 0) * f.facing
    return _stack(0.0, 0.14 * lip - 0.62 * f.from_line * lip, -0.5 * inward - 0.1 * lip, f.x)


def _roll_upper(f: Field) -> Array:
    """The red of the upper lip turns in over the teeth; the skin above it is drawn down flat."""
    lip, above = f.upper_lip(0.95), f.upper_lip(1.6)
    inward = np.exp(-(((f.from_line - 0.25) / 0.42) ** 2)) * f.opening**0.6 * (f.lip > 0) * f.facing
    return _stack(0.0, -0.78 * f.from_line * lip - 0.1 * above + 0.12 * f.lower_lip(0.6), -0.6 * inward - 0.14 * lip, f.x)


def _shrug_lower(f: Field) -> Array:
    lip = f.lower_lip(1.3)
    chin = bump(f.x, f.y, 0.0, -9.3, 1.8, 1.1) * f.facing
    pushed = f.upper_lip(0.9)
    return _stack(0.0, 0.5 * lip + 0.42 * chin + 0.3 * pushed, 0.26 * lip + 0.16 * chin + 0.1 * pushed, f.x)


def _shrug_upper(f: Field) -> Array:
    """The upper lip is pushed up and out towards the nose, and the lower one follows so that the mouth stays shut."""
    lip, skin = f.upper_lip(0.9), f.upper_lip(1.5)
    follow = f.lower_lip(0.85)
    return _stack(0.0, 0.42 * skin + 0.1 * lip + 0.52 * follow, 0.5 * lip + 0.1 * skin + 0.2 * follow, f.x)


def _press(f: Field) -> Array:
    """Both lips are pressed thin and flat, and the corner tightens into a knot."""
    side = rise(-0.9, 0.9, f.x)
    lips = (f.upper_lip(0.95) + f.lower_lip(1.05)) * side
    corner = f.corner(0.9, 0.75)
    dent = bump(f.x, f.y, 2.75, -6.4, 0.4, 0.55) * f.facing
    knot = (bump(f.x, f.y, 2.9, -7.3, 0.6, 0.5) + 0.4 * bump(f.x, f.y, 3.4, -6.2, 0.5, 0.7)) * f.facing
    return _stack(0.2 * corner, -0.7 * f.from_line * lips, -0.3 * lips - 0.3 * dent + 0.17 * knot, f.x)


def _lower_down(f: Field) -> Array:
    side = f.left * bump(f.x, f.y, 1.2, -7.0, 1.6, 4.0)
    lip = f.lower_lip(1.3) * side
    return _stack(0.12 * lip, -0.85 * lip, 0.06 * lip, f.x)


def _upper_up(f: Field) -> Array:
    side = f.left * bump(f.x, f.y, 1.2, -6.0, 1.6, 4.0)
    lip = f.upper_lip(1.2) * side
    fold = bump(f.x, f.y, 2.3, -4.6, 0.9, 0.9) * f.facing
    return _stack(0.06 * fold, 0.72 * lip + 0.2 * fold, 0.1 * lip + 0.16 * fold, f.x)


def _brow(f: Field, cx: float, sx: float) -> Array:
    across = np.exp(-(((f.x - cx) / sx) ** 2))
    return across * rise(0.75, 1.7, f.y) * np.exp(-((np.maximum(f.y - 2.0, 0) / 1.7) ** 2)) * f.facing


def _brow_down(f: Field) -> Array:
    brow, inner = _brow(f, 2.5, 1.9) * rise(-0.3, 0.7, f.x), _brow(f, 1.1, 1.0)
    lid = bump(f.x, f.y, 3.0, 0.95, 1.5, 0.5) * f.facing
    return _stack(-0.22 * inner, -0.5 * brow - 0.16 * inner - 0.1 * lid, 0.16 * brow, f.x)


def _brow_inner_up(f: Field) -> Array:
    brow = _brow(f, 1.2, 1.25) + _brow(f, -1.2, 1.25)
    return _stack(0.0, 0.62 * np.minimum(brow, 1.0), 0.05 * brow, f.x)


def _brow_outer_up(f: Field) -> Array:
    brow = _brow(f, 4.0, 1.6) * rise(0.8, 2.6, f.x)
    return _stack(0.0, 0.66 * brow, 0.0, f.x)


def _cheek_puff(f: Field) -> Array:
    a = np.abs(f.x)
    cheek = plateau(a, f.y, 3.9, -5.9, 2.3, 2.0, 1.0) * f.facing
    lips = f.around_mouth(2.4, 1.7)
    return _stack(0.62 * cheek * np.sign(f.x), 0.05 * cheek, 0.95 * cheek + 0.2 * lips, f.x)


def _cheek_squint(f: Field) -> Array:
    """The cheek rises into a pad that pushes the lower lid up, with a crease between the two."""
    cheek = bump(f.x, f.y, 3.6, -2.4, 1.7, 1.15) * f.facing
    _, lower = f.lids(0.8, 1.1)
    crease = bump(f.x, f.y, 3.3, -1.25, 1.5, 0.22) * f.facing
    crow = bump(f.x, f.y, 5.2, -0.6, 0.9, 0.9) * f.facing
    dy = 0.72 * cheek + 0.3 * lower * f.fissure() + 0.16 * crow
    return _stack(0.12 * cheek - 0.14 * crow, dy, 0.62 * cheek - 0.22 * crease, f.x)


def _nose_sneer(f: Field) -> Array:
    """The wing of the nose is pulled up with the lip beneath it, and the bridge wrinkles under a lowered inner brow."""
    wing = bump(f.x, f.y, 1.2, -3.7, 0.8, 0.95) * f.facing
    side = bump(f.x, f.y, 0.95, -1.3, 0.75, 1.1) * f.facing
    fold = bump(f.x, f.y, 2.2, -4.0, 0.8, 1.0) * f.facing
    lip = f.upper_lip(1.1) * f.left * bump(f.x, f.y, 1.2, -6.0, 1.3, 4.0)
    inner = _brow(f, 1.0, 0.9) * rise(-0.2, 0.5, f.x)
    wrinkle = side * np.cos(2 * np.pi * (f.y + 0.2 * f.x) / 0.62)
    dy = 0.56 * wing + 0.3 * side + 0.3 * fold + 0.3 * lip - 0.3 * inner
    return _stack(0.2 * wing, dy, 0.2 * side + 0.09 * wrinkle + 0.3 * fold + 0.12 * wing, f.x)


def _tongue_lips(f: Field) -> Array:
    return _stack(0.0, 0.22 * f.upper_lip(0.9) - 0.9 * f.lower_lip(1.3), 0.12 * f.lower_lip(1.0), f.x)


_MOVES: dict[str, Move] = {
    "EyeBlinkLeft": _blink,
    "EyeLookDownLeft": _look_down,
    "EyeLookInLeft": lambda f: _look_sideways(f, -1.0),
    "EyeLookOutLeft": lambda f: _look_sideways(f, 1.0),
    "EyeLookUpLeft": _look_up,
    "EyeSquintLeft": _squint,
    "EyeWideLeft": _wide,
    "JawForward": lambda f: _jaw(f, (0.0, -0.04, 1.35)),
    "JawRight": lambda f: _jaw(f, (-0.95, 0.0, 0.0)),
    "JawLeft": lambda f: _jaw(f, (0.95, 0.0, 0.0)),
    "JawOpen": _jaw_open,
    "MouthClose": _mouth_close,
    "MouthFunnel": _funnel,
    "MouthPucker": _pucker,
    "MouthRight": lambda f: _mouth_sideways(f, -1.0),
    "MouthLeft": lambda f: _mouth_sideways(f, 1.0),
    "MouthSmileLeft": _smile,
    "MouthFrownLeft": _frown,
    "MouthDimpleLeft": _dimple,
    "MouthStretchLeft": _stretch,
    "MouthRollLower": _roll_lower,
    "MouthRollUpper": _roll_upper,
    "MouthShrugLower": _shrug_lower,
    "MouthShrugUpper": _shrug_upper,
    "MouthPressLeft": _press,
    "MouthLowerDownLeft": _lower_down,
    "MouthUpperUpLeft": _upper_up,
    "BrowDownLeft": _brow_down,
    "BrowInnerUp": _brow_inner_up,
    "BrowOuterUpLeft": _brow_outer_up,
    "CheekPuff": _cheek_puff,
    "CheekSquintLeft": _cheek_squint,
    "NoseSneerLeft": _nose_sneer,
    "TongueOut": _tongue_lips,
}


def field_of(skin: Skin) -> Field:
    """The skin's neutral coordinates, ready for the shapes."""
    x, y, z = skin.points.T
    return Field(x, y, z, skin.level, skin.lip, skin.lid, skin.mouth_half_width)


def skin_shapes(skin: Skin) -> Array:
    """Displacements (52, n, 3) of the skin, in Live Link order."""
    field = field_of(skin)
    result = np.zeros((len(SHAPES), len(skin.points), 3))
    for i, name in enumerate(NAMES[: len(SHAPES)]):
        if name in _MOVES:
            result[i] = _MOVES[name](field)
        else:
            left = _MOVES[name.replace("Right", "Left")](field)
            result[i] = left[skin.partner] * [-1.0, 1.0, 1.0]
    return result
