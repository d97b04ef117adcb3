"""Where on the face a shape acts: coordinates of the skin's vertices, with the weights that most shapes share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.curves import Array, bump, plateau, rise
from sfcore.rigs.procedural.skin import Skin


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
        return (self.lip > 0) * np.exp(-((self.from_line / reach) ** 2)) * self.opening**0.75 * self.facing

    def lower_lip(self, reach: float) -> Array:
        """The lower lip and the skin below it down to ``reach``, fading to the corners."""
        return (self.lip < 0) * np.exp(-((self.from_line / reach) ** 2)) * self.opening**0.75 * self.facing

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
        # Rows dip towards the ears: the side of the cheek lies on a lower row than it looks, and hardly follows.
        aside = 1.5 * rise(2.2, 4.8, np.abs(self.x))
        along = rise(0.0, top - bottom, top - aside - self.level)
        opening = self.opening**0.55
        along = np.where(self.lip < 0, along + (1 - along) * opening, along * (1 - opening))
        neck = rise(-15.2, -11.6, self.level)
        return along * neck * rise(-2.5, 3.5, self.z)

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


def field_of(skin: Skin) -> Field:
    """The skin's neutral coordinates, ready for the shapes."""
    x, y, z = skin.points.T
    return Field(x, y, z, skin.level, skin.lip, skin.lid, skin.mouth_half_width)


def stack(dx: Array | float, dy: Array | float, dz: Array | float, like: Array) -> Array:
    """Displacements (n, 3) from their components, each an array (n,) or one number."""
    return np.stack([np.broadcast_to(d, like.shape) for d in (dx, dy, dz)], axis=-1)
