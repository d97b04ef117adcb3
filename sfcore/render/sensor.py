"""From linear light to 8-bit pixels: exposure, tone curve, blur and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.render.scene import Background, Sensor

Floats = NDArray[np.float32]
_TONES = 4096


def paint_background(background: Background, size: int) -> Floats:
    """The background (size, size, 3) in linear light."""
    place = (np.arange(size, dtype=np.float32) + 0.5) / size
    top, bottom = np.array(background.top, np.float32), np.array(background.bottom, np.float32)
    picture = np.repeat((top + (bottom - top) * place[:, None])[:, None, :], size, axis=1)
    for spot in background.spots:
        gap = np.hypot(place[None, :] - spot.x, place[:, None] - spot.y) / spot.radius
        cover = np.clip((1.15 - gap) / 0.3, 0.0, 1.0).astype(np.float32)[..., None] * 0.7
        picture = picture + cover * (np.array(spot.colour, np.float32) - picture)
    return np.ascontiguousarray(picture, np.float32)


def _blurred(picture: Floats, sigma: float) -> Floats:
    """Separable Gaussian blur; edges repeat."""
    if sigma < 0.2:
        return picture
    reach = int(np.ceil(2.5 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in range(3)]
        wide = np.pad(picture, pad, mode="edge")
        n = picture.shape[axis]
        picture = np.sum([w * np.take(wide, range(i, i + n), axis=axis) for i, w in enumerate(weights)], axis=0, dtype=np.float32)
    return picture


def _tone_table(contrast: float) -> Floats:
    """Display value 0..1 for linear light 0..2: a soft shoulder, the sRGB curve, then contrast about middle grey."""
    light = np.linspace(0.0, 2.0, _TONES)
    shoulder = np.where(light < 0.6, light, 0.6 + 0.4 * (1 - np.exp(-(light - 0.6) / 0.4)))
    shown = np.where(shoulder <= 0.0031308, 12.92 * shoulder, 1.055 * shoulder ** (1 / 2.4) - 0.055)
    return np.clip(0.5 + contrast * (shown - 0.5), 0.0, 1.0).astype(np.float32)


def develop(light: Floats, sensor: Sensor) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) uint8 sRGB of linear light (H, W, 3)."""
    gain = np.array(sensor.white, np.float32) * np.float32(2.0**sensor.exposure)
    picture = _blurred(light * gain, sensor.blur * light.shape[0] / 96.0)
    grey = picture @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    picture = grey[..., None] + np.float32(sensor.saturation) * (picture - grey[..., None])
    index = np.clip(picture * np.float32((_TONES - 1) / 2.0), 0, _TONES - 1).astype(np.int32)
    shown = _tone_table(sensor.contrast)[index]
    if sensor.noise > 0:
        grain = stream(sensor.noise_key, "noise").standard_normal(shown.shape, dtype=np.float32)
        shown = shown + np.float32(sensor.noise) * grain
    return np.clip(shown * 255.0 + 0.5, 0, 255).astype(np.uint8)
