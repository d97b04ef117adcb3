"""From linear light to 8-bit pixels: focus, motion, exposure, tone curve, noise and compression."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.render.colour import Colour
from sfcore.render.encode import decode_image, encode_image

Floats = NDArray[np.float32]
_TONES = 4096
_NORMAL = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)], np.float32)
"""A byte's share of the normal distribution: grain a tenth as dear as exact draws, far finer than the pixels it ends in."""


@dataclass(frozen=True)
class Sensor:
    """How light becomes pixels; lengths are pixels of a 96-pixel picture.

    ``exposure`` in stops; ``white`` the gain of each channel; ``blur`` the standard deviation of what lens and pixels smear;
    ``defocus`` the radius of the disc that a point becomes; ``motion`` the way (x, y) a point moves while the shutter is open;
    ``vignette`` 0..1 how much darker the corners are; ``noise`` in 0..1; ``jpeg`` the quality of a file it went through, 0: none.
    """

    exposure: float
    contrast: float
    saturation: float
    white: Colour
    blur: float
    defocus: float
    motion: tuple[float, float]
    vignette: float
    noise: float
    noise_key: str
    jpeg: int


def _number(value: float) -> float:
    return round(float(value), 6)


def _cast(draw: np.random.Generator, there: bool) -> NDArray[np.float64]:
    """Gains of a wrong white balance: too warm or too cold, a little too green or too red."""
    warm, green = 0.11 * draw.normal(), 0.04 * draw.normal()
    return np.exp([warm, green, -1.3 * warm]) if there else np.ones(3)


def _metered(skin: Colour) -> float:
    """Stops by which a camera that meters faces opens up for dark skin: about a third of the difference."""
    luminance = float(np.dot(skin, (0.2126, 0.7152, 0.0722)))
    return float(np.clip(0.33 * np.log2(0.4 / max(luminance, 0.01)), 0.0, 0.9))


def draw_sensor(key: str, faces: Faces, skin: Colour) -> Sensor:
    """The camera that takes the sample called ``key`` of a face with that ``skin``; each aspect has a stream of its own."""
    draw = stream(key, "sensor")
    exposure, contrast, saturation = 0.2 * draw.normal() + _metered(skin), 1.0 + 0.09 * draw.normal(), 1.0 + 0.12 * draw.normal()
    balance = 1.0 + 0.015 * draw.normal(size=3)
    blur, noise = 0.18 * abs(draw.normal()), 0.010 * abs(draw.normal())
    if draw.random() < 0.04:
        saturation = 0.0
    if not faces.noise:
        exposure, contrast, saturation, balance, blur, noise = 0.0, 1.0, 1.0, np.ones(3), 0.0, 0.0
    colour, motion, focus, corner, file = (stream(key, name) for name in ("colour cast", "motion", "focus", "vignette", "jpeg"))
    white = balance * _cast(colour, colour.random() < faces.colour_cast_share)
    moved = motion.random() < faces.motion_blur_share
    angle, way = motion.uniform(0.0, np.pi), motion.uniform(0.7, 3.2) * moved
    unsharp = (focus.random() < faces.defocus_share) * focus.uniform(0.5, 1.5)
    dark = (corner.random() < faces.vignette_share) * corner.uniform(0.15, 0.6)
    squeezed = file.random() < faces.jpeg_share
    quality = round(100 - 75 * file.random() ** 1.5)
    return Sensor(
        exposure=_number(exposure),
        contrast=_number(contrast),
        saturation=_number(saturation),
        white=(_number(white[0]), _number(white[1]), _number(white[2])),
        blur=_number(blur),
        defocus=_number(unsharp),
        motion=(_number(way * np.cos(angle)), _number(way * np.sin(angle))),
        vignette=_number(dark),
        noise=_number(noise),
        noise_key=key,
        jpeg=quality if squeezed else 0,
    )


@numba.njit(cache=True, error_model="numpy")
def _smeared(picture: NDArray, dx: NDArray, dy: NDArray, weights: NDArray) -> NDArray:
    """Sum of the picture (H, W, 3) shifted by whole pixels ``dx``, ``dy`` (k,), times ``weights`` (k,); edges repeat."""
    height, width = picture.shape[:2]
    result = np.zeros_like(picture)
    for k in range(len(weights)):
        w = weights[k]
        for y in range(height):
            sy = min(max(y + dy[k], 0), height - 1)
            for x in range(width):
                sx = min(max(x + dx[k], 0), width - 1)
                for c in range(3):
                    result[y, x, c] += w * picture[sy, sx, c]
    return result


def _taps(cover: dict[tuple[int, int], float]) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    places = np.array(list(cover), np.int64)
    weights = np.array(list(cover.values()), np.float32)
    return places[:, 0], places[:, 1], weights / weights.sum()


def _blurred(picture: Floats, sigma: float) -> Floats:
    """A Gaussian, along both axes."""
    reach = int(np.ceil(2.5 * sigma))
    if sigma < 0.2 or reach < 1:
        return picture
    step = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (step / sigma) ** 2).astype(np.float32)
    weights /= weights.sum()
    still = np.zeros_like(step)
    across: Floats = _smeared(picture, step, still, weights)
    down: Floats = _smeared(across, still, step, weights)
    return down


def _defocused(picture: Floats, radius: float) -> Floats:
    """Every point becomes a disc."""
    if radius < 0.3:
        return picture
    reach = int(np.ceil(radius))
    cover = {}
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            inside = float(np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0))
            if inside > 0:
                cover[x, y] = inside
    result: Floats = _smeared(picture, *_taps(cover))
    return result


def _moved(picture: Floats, way: tuple[float, float]) -> Floats:
    """Every point becomes a line."""
    length = float(np.hypot(*way))
    if length < 0.5:
        return picture
    cover: dict[tuple[int, int], float] = {}
    for share in np.linspace(-0.5, 0.5, 2 * int(np.ceil(length)) + 1):
        x, y = share * way[0], share * way[1]
        left, top = int(np.floor(x)), int(np.floor(y))
        for sx, wx in ((left, left + 1 - x), (left + 1, x - left)):
            for sy, wy in ((top, top + 1 - y), (top + 1, y - top)):
                if wx * wy > 1e-6:
                    cover[sx, sy] = cover.get((sx, sy), 0.0) + wx * wy
    result: Floats = _smeared(picture, *_taps(cover))
    return result


def _tone_table(contrast: float) -> Floats:
    """Display value 0..1 for linear light 0..2: a soft shoulder, the sRGB curve, then contrast about middle grey."""
    light = np.linspace(0.0, 2.0, _TONES)
    shoulder = np.where(light < 0.6, light, 0.6 + 0.4 * (1 - np.exp(-(light - 0.6) / 0.4)))
    shown = np.where(shoulder <= 0.0031308, 12.92 * shoulder, 1.055 * shoulder ** (1 / 2.4) - 0.055)
    return np.clip(0.5 + contrast * (shown - 0.5), 0.0, 1.0).astype(np.float32)


@numba.njit(cache=True, error_model="numpy")
def _exposed(picture: NDArray, gain: NDArray, saturation: np.float32, vignette: np.float32, table: NDArray) -> NDArray:
    """Display values (H, W, 3) 0..1 of linear light."""
    height, width = picture.shape[:2]
    shown = np.empty_like(picture)
    last = np.float32(len(table) - 1)
    for y in range(height):
        down = np.float32(2.0) * (np.float32(y) + np.float32(0.5)) / np.float32(height) - np.float32(1.0)
        for x in range(width):
            across = np.float32(2.0) * (np.float32(x) + np.float32(0.5)) / np.float32(width) - np.float32(1.0)
            corner = np.float32(1.0) - vignette * np.float32(0.5) * (across * across + down * down)
            r, g, b = picture[y, x, 0] * gain[0], picture[y, x, 1] * gain[1], picture[y, x, 2] * gain[2]
            grey = np.float32(0.2126) * r + np.float32(0.7152) * g + np.float32(0.0722) * b
            for c in range(3):
                value = r if c == 0 else (g if c == 1 else b)
                value = (grey + saturation * (value - grey)) * corner * np.float32(0.5) * last
                shown[y, x, c] = table[int(min(max(value, np.float32(0.0)), last))]
    return shown


@numba.njit(cache=True, error_model="numpy")
def _add(values: NDArray, table: NDArray, which: NDArray) -> None:
    """Adds to each of ``values`` (H, W, 3) the entry of ``table`` (256,) that ``which`` (H W 3,) names."""
    flat = values.reshape(-1)
    for i in range(len(flat)):
        flat[i] += table[which[i]]


@numba.njit(cache=True, error_model="numpy")
def _counted(shown: NDArray) -> Any:
    """Display values 0..1 as uint8."""
    pixels = np.empty(shown.shape, np.uint8)
    flat, result = shown.reshape(-1), pixels.reshape(-1)
    for i in range(len(flat)):
        result[i] = np.uint8(min(max(flat[i] * np.float32(255.0) + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))
    return pixels


def develop(light: Floats, sensor: Sensor) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) uint8 sRGB of linear light (H, W, 3)."""
    scale = light.shape[0] / 96.0
    picture = _defocused(np.ascontiguousarray(light, np.float32), sensor.defocus * scale)
    picture = _moved(picture, (sensor.motion[0] * scale, sensor.motion[1] * scale))
    picture = _blurred(picture, sensor.blur * scale)
    gain = np.array(sensor.white, np.float32) * np.float32(2.0**sensor.exposure)
    shown = _exposed(picture, gain, np.float32(sensor.saturation), np.float32(sensor.vignette), _tone_table(sensor.contrast))
    if sensor.noise > 0:
        grain = np.frombuffer(stream(sensor.noise_key, "noise").bytes(shown.size), np.uint8)
        _add(shown, np.float32(sensor.noise) * _NORMAL, grain)
    pixels: NDArray[np.uint8] = _counted(shown)
    return decode_image(encode_image(pixels, "jpeg", sensor.jpeg)) if sensor.jpeg else pixels
