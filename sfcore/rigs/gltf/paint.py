"""Colours and pictures for a head that sface paints itself, so that other programs can show it: average skin, brown eyes."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfcore.render import albedo
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats

Array = NDArray[np.float64]

COLOURS: dict[Part, tuple[int, int, int]] = {
    Part.SKIN: (226, 184, 154),
    Part.LIPS: (196, 116, 108),
    Part.BROW: (60, 40, 30),
    Part.LASHES: (34, 26, 22),
    Part.EYE_LEFT: (222, 216, 212),
    Part.EYE_RIGHT: (222, 216, 212),
    Part.IRIS_LEFT: (112, 84, 52),
    Part.IRIS_RIGHT: (112, 84, 52),
    Part.LID_EDGE: (205, 142, 122),
    Part.TEETH_UPPER: (226, 220, 208),
    Part.TEETH_LOWER: (226, 220, 208),
    Part.GUMS: (180, 104, 104),
    Part.TONGUE: (194, 112, 110),
    Part.CAVITY: (72, 30, 30),
    Part.EAR: (226, 178, 148),
    Part.HAIR: (70, 46, 32),
    Part.SHIRT: (70, 96, 120),
}
"""sRGB; the average person of `sfcore.render.sheet`, and for the rest what the renderer's albedos look like."""

ROUGHNESS: dict[Part, float] = {
    Part.EYE_LEFT: 0.15,
    Part.EYE_RIGHT: 0.15,
    Part.LIPS: 0.45,
    Part.TEETH_UPPER: 0.3,
    Part.TEETH_LOWER: 0.3,
    Part.TONGUE: 0.35,
    Part.HAIR: 0.6,
    Part.SHIRT: 0.9,
}
"""0..1; 0.6 where a part is not listed."""

TWO_SIDED = frozenset((Part.HAIR, Part.LASHES, Part.SHIRT, Part.EAR, Part.CAVITY))

_IRIS, _PUPIL = 0.40, 0.16
"""Angles (radians) of iris and pupil from the eye's axis, as the renderer paints them."""
_WIDE = 2 * albedo.X_RANGE[1]
_LOW, _HIGH = albedo.Y_RANGE
_FACE_DEPTH = 5.5
"""Centimetres behind the eyes' centres beyond which skin is the back of the head: its plane coordinates are the face's again."""


def linear(colour: tuple[int, int, int]) -> list[float]:
    """An sRGB colour as glTF's linear base colour factor."""
    c = np.array(colour) / 255.0
    return [round(float(v), 6) for v in np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)] + [1.0]


def skin_coordinates(plane: Floats, points: Floats, eye_depth: float) -> Floats:
    """Texture coordinates (n, 2) of skin in `skin_picture`, from its coordinates in the frontal plane (n, 2) in centimetres.

    The picture is half a face, which both sides share, beside plain skin for the back of the head.
    """
    across = np.abs(plane[:, 0])
    across = np.where(points[:, 2] < eye_depth - _FACE_DEPTH, _WIDE - across, across)
    return np.stack([across / _WIDE, (_HIGH - plane[:, 1]) / (_HIGH - _LOW)], -1).clip(0.0, 1.0).astype(np.float32)


def skin_picture(with_brows: bool) -> NDArray[np.uint8]:
    """Skin with lips, blush, lids and nostrils, and brows where the head has none of its own: (h, w, 3) uint8, row 0 on top."""
    masks = albedo.masks()[::-1].astype(np.float64)
    height, half = masks.shape[:2]
    skin = np.broadcast_to(np.array(COLOURS[Part.SKIN], np.float64), (height, half, 3)).copy()
    blush = 0.1 * masks[..., albedo.BLUSH, None]
    lid = 0.35 * masks[..., albedo.LID, None]
    skin *= (1 - blush * [0.05, 0.5, 0.45]) * (1 - lid * [0.1, 0.2, 0.16])
    _over(skin, masks[..., albedo.LIP], COLOURS[Part.LIPS])
    _over(skin, 0.7 * masks[..., albedo.NOSTRIL], (60, 26, 22))
    if with_brows:
        y, x = np.mgrid[0:height, 0:half] / albedo.PER_CM
        _over(skin, 0.8 * _brow(x, _HIGH - y), COLOURS[Part.BROW])
    plain = np.broadcast_to(np.array(COLOURS[Part.SKIN], np.float64), skin.shape)
    return np.rint(np.concatenate([skin, plain], axis=1)).astype(np.uint8)


def _over(picture: Array, cover: Array, colour: tuple[int, int, int]) -> None:
    picture += cover[..., None] * (np.array(colour, np.float64) - picture)


def _brow(x: Array, y: Array) -> Array:
    """Cover 0..1 of an eyebrow over the frontal plane (cm): a tapering arch from beside the nose outwards."""
    t = (x - 0.95) / 4.25
    line = 1.72 + 0.28 * t + 0.5 * (t - t**3)
    half = np.maximum(0.34 * (1 - 0.8 * np.clip((t - 0.5) / 0.55, 0, 1) ** 2), 0.02)
    edge = np.clip((1.15 - np.abs(y - line) / half) / 0.6, 0, 1)
    return edge * np.clip((t + 0.08) / 0.2, 0, 1) * np.clip((1.07 - t) / 0.1, 0, 1)


def eye_coordinates(points: Floats, centre: Floats) -> Floats:
    """Texture coordinates (n, 2) of an eyeball's points in `eye_picture`: as seen from ahead, drawn out to the whole ball."""
    ray = (points - centre).astype(np.float64)
    ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-9)
    reach = np.sqrt(np.clip((1 - ray[:, 2]) / 2, 0, 1))
    flat = ray[:, :2] / np.maximum(np.linalg.norm(ray[:, :2], axis=1, keepdims=True), 1e-9)
    return (0.5 + 0.5 * reach[:, None] * flat * [1.0, -1.0]).astype(np.float32)


def eye_picture(size: int = 512) -> NDArray[np.uint8]:
    """A brown iris with its pupil and limbus on a white that reddens towards the back: (size, size, 3) uint8."""
    across = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(across, across)
    angle = 2 * np.arcsin(np.clip(np.hypot(x, y), 0, 1))
    turn = np.arctan2(y, x)
    picture = np.broadcast_to(np.array(COLOURS[Part.EYE_LEFT], np.float64), (size, size, 3)).copy()
    _over(picture, 0.35 * np.clip((angle - 0.7) / 0.8, 0, 1), (214, 150, 140))
    fibres = 0.85 + 0.15 * np.cos(turn * 47 + 3 * np.sin(turn * 5))
    iris = (
        np.array(COLOURS[Part.IRIS_LEFT], np.float64) * (fibres * (1.15 - 0.9 * np.clip(angle / _IRIS - 0.55, 0, 1)))[..., None]
    )
    cover = np.clip((1.04 * _IRIS - angle) / (0.07 * _IRIS), 0, 1)
    picture += cover[..., None] * (iris - picture)
    _over(picture, np.clip((1.05 * _PUPIL - angle) / (0.1 * _PUPIL), 0, 1), (12, 9, 8))
    return np.rint(picture.clip(0, 255)).astype(np.uint8)


def encoded(picture: NDArray[np.uint8]) -> tuple[bytes, str]:
    """A picture (h, w, 3 or 4) as bytes and MIME type: JPEG for large ones without transparency, else PNG."""
    opaque = picture.shape[2] == 3 or bool((picture[..., 3] == 255).all())
    image = Image.fromarray(picture[..., :3] if opaque else picture)
    kept = io.BytesIO()
    if opaque and image.width * image.height > 256 * 256:
        image.save(kept, "JPEG", quality=92, subsampling=0)
        return kept.getvalue(), "image/jpeg"
    image.save(kept, "PNG", optimize=True)
    return kept.getvalue(), "image/png"
