"""Photograph or drawing, and which kind of drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sfcore.randomness import picked, stream
from sfcore.recipe import DrawingStyle
from sfcore.render.colour import Colour


@dataclass(frozen=True)
class Style:
    """How a picture is made of its surfaces.

    ``drawn`` paints flat colours with ``tones`` (2 or 3) of light and shade, ``depth`` 0..1 apart, that meet within ``softness``
    (in cosines). ``ink`` 0..1 is how dark its lines are, ``line`` how wide, in pixels of a 96-pixel picture, and ``ink_colour``
    what they are drawn with. ``levels`` of brightness are kept of a poster (0: all). ``hatching`` 0..1 shades a pencil sketch.
    """

    kind: str
    drawn: bool
    depth: float
    softness: float
    tones: int
    ink: float
    line: float
    ink_colour: Colour
    levels: int
    hatching: float

    @property
    def finished(self) -> bool:
        """Whether lines or tones are put on the shaded picture."""
        return self.levels > 0 or self.ink > 0


PHOTO = Style("photo", False, 0.0, 0.1, 2, 0.0, 0.0, (0.0, 0.0, 0.0), 0, 0.0)
_BLACK, _BROWN, _BLUE, _GRAPHITE = (0.012, 0.011, 0.012), (0.06, 0.025, 0.015), (0.012, 0.02, 0.06), (0.035, 0.035, 0.04)


def _number(value: float) -> float:
    return round(float(value), 6)


def draw_style(key: str, styles: Mapping[DrawingStyle, float]) -> Style:
    """The style of the drawing called ``key``."""
    kind = picked(styles, stream(key, "style").random())
    draw = stream(key, f"style {kind}")
    ink = (_BLACK, _BROWN, _BLUE)[int(draw.choice(3, p=[0.6, 0.3, 0.1]))]
    line, dark = _number(draw.uniform(0.35, 0.95)), _number(draw.uniform(0.55, 0.95))
    depth = _number(draw.uniform(0.35, 0.85))
    tones = 2 + int(draw.random() < 0.35)
    if kind == "cel":
        return Style(kind, True, depth, 0.02, tones, dark, line, ink, 0, 0.0)
    if kind == "soft":
        lined = _number(dark * (draw.random() < 0.6) * 0.8)
        return Style(kind, True, depth, _number(draw.uniform(0.15, 0.5)), tones, lined, _number(0.7 * line), ink, 0, 0.0)
    if kind == "flat":
        return Style(kind, True, 0.0, 0.1, 2, _number(dark * (draw.random() < 0.35)), line, ink, 0, 0.0)
    if kind == "pencil":
        return Style(kind, True, depth, 0.3, 2, dark, _number(0.8 * line), _GRAPHITE, 0, _number(draw.uniform(0.2, 0.9)))
    levels = int(draw.integers(5, 9))
    return Style(kind, bool(draw.random() < 0.4), depth, 0.2, 3, _number(dark * (draw.random() < 0.5)), line, ink, levels, 0.0)


def style_of(key: str, cartoon: bool, drawn_share: float, styles: Mapping[DrawingStyle, float]) -> Style:
    """How the sample called ``key`` is pictured: stylised faces are always drawn, others now and then."""
    drawn = cartoon or stream(key, "drawn").random() < drawn_share
    return draw_style(key, styles) if drawn else PHOTO


def grey(colour: np.ndarray) -> np.ndarray:
    """Luminance (...) of linear light (..., 3) (ITU-R BT.709)."""
    return colour @ np.array([0.2126, 0.7152, 0.0722], np.float32)
