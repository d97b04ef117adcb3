"""What makes a drawing of shaded surfaces: ink lines, pencil strokes, few tones."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.look import Scalar
from sfcore.render.style import Style, grey
from sfcore.rigs.parts import Part

Floats = NDArray[np.float32]

_INKED = np.array([part in (Part.HAIR, Part.SHIRT, Part.CAVITY, Part.HEADWEAR, Part.OCCLUDER) for part in Part])
"""Parts that a line parts from any other; skin and lips, lids and eyes meet without one."""
_BACKGROUND = int(Part.BACKGROUND)
_GAP = 0.010
"""Samples whose distances differ by more than this share show two things, one in front of the other."""
_PAPER = np.array([0.86, 0.85, 0.81], np.float32)


@numba.njit(cache=True, error_model="numpy")
def _lines(shown: NDArray, nearest: NDArray, inked: NDArray, radius: Scalar, cover: NDArray) -> None:
    """Fills ``cover`` (2H, 2W) with 0..1: how much of each sample lies under a line of that ``radius`` (samples)."""
    height, width = shown.shape
    cover[:] = 0.0
    reach = int(radius + 1.0)
    for y in range(height):
        for x in range(width):
            t = shown[y, x]
            edge = False
            for o in range(2):
                oy, ox = min(y + (1 if o == 0 else 0), height - 1), min(x + (1 if o == 1 else 0), width - 1)
                w = shown[oy, ox]
                if (
                    (t == _BACKGROUND) != (w == _BACKGROUND)
                    or (t != w and (inked[t] or inked[w]))
                    or (t != _BACKGROUND and abs(nearest[oy, ox] - nearest[y, x]) > _GAP * nearest[y, x])
                ):
                    edge = True
            if edge:
                for sy in range(max(0, y - reach), min(height, y + reach + 1)):
                    for sx in range(max(0, x - reach), min(width, x + reach + 1)):
                        away = np.sqrt(np.float32((sy - y) ** 2 + (sx - x) ** 2))
                        here = min(max(radius + np.float32(0.5) - away, np.float32(0.0)), np.float32(1.0))
                        if here > cover[sy, sx]:
                            cover[sy, sx] = here


def ink_lines(shown: NDArray[np.int32], nearest: Floats, line: float) -> Floats:
    """Cover (H, W) 0..1 of the outlines of what a doubled grid shows; ``line`` is their width in pixels of a 96-pixel picture."""
    cover = np.empty(shown.shape, np.float32)
    _lines(shown, nearest, _INKED, np.float32(line * shown.shape[0] / 192.0), cover)
    return cover.reshape(shown.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))


def _contours(tone: Floats) -> Floats:
    """Strength 0..1 of changes of tone (H, W)."""
    down, across = np.gradient(tone)
    scale = tone.shape[0] / 96.0
    return np.clip(np.hypot(down, across) * scale * 4.0 - 0.12, 0.0, 1.0)


def _sketched(picture: Floats, lines: Floats, style: Style) -> Floats:
    """A pencil sketch: contours of what is dark and light, hatched in one direction, then in two."""
    tone = np.sqrt(np.clip(grey(picture), 0.0, 1.0))
    size = len(tone)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * np.float32(96.0 / size)
    wave = 0.35 * np.sin(0.31 * x) + 0.3 * np.sin(0.23 * y)
    strokes = np.zeros_like(tone)
    for level, (a, b) in ((0.62, (1.0, 1.0)), (0.36, (1.0, -0.8))):
        stroke = 0.5 + 0.5 * np.cos((a * x + b * y + wave) * np.float32(2 * np.pi / 3.3))
        strokes = np.maximum(strokes, stroke**2 * np.clip((level - tone) / 0.2, 0.0, 1.0))
    dark = np.clip((0.42 - tone) / 0.42, 0.0, 1.0)
    cover = np.clip(np.maximum(lines, _contours(tone)) * style.ink + style.hatching * strokes + 0.55 * dark, 0.0, 0.97)
    return (_PAPER + cover[..., None] * (np.array(style.ink_colour, np.float32) - _PAPER)).astype(np.float32)


def _smoothed(values: Floats, passes: int) -> Floats:
    """Each pass mixes a value (H, W) with its neighbours by 1, 2, 1 along both axes."""
    for _ in range(passes):
        for axis in (0, 1):
            wide = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            before, after = np.split(wide, [2], axis=axis)[1], np.split(wide, [len(values)], axis=axis)[0]
            values = np.float32(0.5) * values + np.float32(0.25) * (before + after)
    return values


def _posterised(picture: Floats, levels: int) -> Floats:
    """Keeps ``levels`` of brightness between the picture's own dark and light, evenly spaced to the eye, and the hue.

    Between black and white, a dark or a pale face would be one tone, and its label could not be seen.
    """
    light = np.maximum(grey(picture), np.float32(1e-4))
    tone = _smoothed(np.sqrt(np.minimum(light, 1.0)), 1)
    dark, bright = (float(v) for v in np.percentile(tone, (2, 98)))
    span = max(bright - dark, 1e-3)
    step = np.clip(np.round((tone - dark) / span * levels), 0, levels) / levels
    wanted = np.maximum(dark + step * span, 0.02) ** 2
    return (picture * (wanted / light)[..., None]).astype(np.float32)


def finish(picture: Floats, shown: NDArray[np.int32], nearest: Floats, style: Style) -> None:
    """Turns shaded surfaces (H, W, 3), in linear light, into the drawing that ``style`` asks for; a photograph stays.

    ``shown`` (2H, 2W) holds the part of each sample of the doubled grid, ``nearest`` its depth (1/cm).
    """
    if style.levels:
        picture[:] = _posterised(picture, style.levels)
    if style.ink <= 0:
        return
    lines = ink_lines(shown, nearest, style.line)
    if style.kind == "pencil":
        picture[:] = _sketched(picture, lines, style)
    else:
        picture += (lines * np.float32(style.ink))[..., None] * (np.array(style.ink_colour, np.float32) - picture)
