"""What makes one head a person: smooth warps of the whole head, about one standard deviation among people per unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.curves import Array, bump, plateau, rise

Warp = Callable[[Array, Array, Array], tuple[Array, Array, Array]]
"""(x, y, z) with x >= 0 (the mirrored half) -> displacement, x outwards."""

_CX, _CY, _CZ = features.EYE_CENTRE


def _front(z: Array) -> Array:
    return rise(-1.0, 4.0, z)


def _zero(x: Array) -> Array:
    return np.zeros_like(x)


def _head_width(x: Array, y: Array, _z: Array) -> tuple[Array, Array, Array]:
    return 0.045 * x * rise(-16, -12, y), _zero(x), _zero(x)


def _face_length(x: Array, y: Array, _z: Array) -> tuple[Array, Array, Array]:
    lower = np.where(y < -0.5, 0.045 * np.maximum(y + 0.5, -11), 0.0)
    return _zero(x), lower, _zero(x)


def _above_jaw_edge(y: Array, z: Array) -> Array:
    """Height above the edge of the jaw, which runs from below the ear to the chin; negative on the throat."""
    return y + 7.75 + 0.44 * z


def _jaw_width(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = plateau(_zero(x), y, 0.0, -8.0, 1.0, 4.2, 1.5) * rise(0.5, 4.0, x) * rise(-3.6, -0.6, _above_jaw_edge(y, z))
    return 0.34 * there, -0.05 * there, _zero(x)


def _chin_length(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(-8.0, -10.5, y) * rise(-16.0, -12.0, y) * rise(1.0, 6.0, z)
    return 0.04 * x * there, -0.42 * there, 0.08 * there


def _chin_forward(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(-7.6, -9.8, y) * rise(-14.5, -11.5, y) * rise(1.0, 7.0, z)
    return _zero(x), _zero(x), 0.34 * there


def _cheek_full(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = plateau(x, y, 4.6, -5.4, 2.2, 2.8, 1.2) * _front(z)
    return 0.3 * there, _zero(x), 0.22 * there


def _cheekbones(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = bump(x, y, 5.2, -2.0, 1.6, 1.2) * _front(z)
    under = bump(x, y, 4.6, -5.2, 1.4, 1.4) * _front(z)
    return 0.24 * there - 0.12 * under, _zero(x), 0.2 * there - 0.14 * under


def _nose_length(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(0.0, -3.4, y) * rise(-5.6, -4.4, y) * rise(2.4, 1.2, x) * _front(z)
    return _zero(x), -0.3 * there, 0.06 * there


def _nose_width(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(-0.5, -3.4, y) * rise(-5.4, -4.3, y) * rise(2.6, 1.4, x) * _front(z)
    return 0.15 * x * there, _zero(x), _zero(x)


def _nose_forward(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(1.0, -3.2, y) * rise(-4.9, -4.1, y) * np.exp(-((x / 1.1) ** 2)) * _front(z)
    return _zero(x), _zero(x), 0.24 * there


def _nose_bridge(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = bump(x, y, 0.0, -0.9, 0.8, 1.5) * _front(z)
    return _zero(x), _zero(x), 0.2 * there


def _nose_up(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = bump(x, y, 0.0, -3.7, 1.0, 0.9) * _front(z)
    return _zero(x), 0.24 * there, -0.02 * there


def eye_region(x: Array, y: Array, z: Array) -> Array:
    """1 around the eyeball and its lids, falling so slowly that nothing around a larger eye is squeezed into a crease."""
    reach = np.sqrt((x - _CX) ** 2 + (y - _CY) ** 2 + 0.5 * (z - _CZ - 1.0) ** 2)
    result: Array = np.exp(-((reach / 3.6) ** 2.6)) * rise(0.0, 0.6, x)
    return result


def _eye_size(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Larger eyes grow to the sides: the bridge of the nose keeps its width."""
    near = 0.065 * eye_region(x, y, z)
    nasal = np.where(x < _CX, rise(0.0, 2.7, x), 1.0)
    return near * ((x - _CX) * nasal + 0.6 * rise(0.0, 2.7, x)), near * (y - _CY), near * (z - _CZ) * 0.35


def _eye_spacing(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    near = plateau(x, y, _CX, 0.6, 2.4, 2.4, 1.5) * _front(z)
    return 0.14 * near, _zero(x), -0.02 * near


def _eye_open(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    upper, lower = features.lid_curves(x)
    middle = 0.5 * (upper + lower)
    near = (upper - lower) * np.exp(-(((y - middle) / 0.9) ** 2)) * _front(z)
    return _zero(x), 0.09 * near * np.clip((y - middle) / 0.2, -0.5, 1.0), _zero(x)


def _eye_tilt(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    near = eye_region(x, y, z)
    return _zero(x), 0.085 * near * (x - _CX), _zero(x)


def _brow_height(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(0.8, 1.7, y) * np.exp(-((np.maximum(y - 2.0, 0) / 2.0) ** 2)) * _front(z)
    return _zero(x), 0.17 * there, -0.02 * there


def _brow_ridge(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = bump(x, y, 2.6, 1.8, 2.4, 0.8) * _front(z)
    return _zero(x), -0.05 * there, 0.2 * there


def _mouth_width(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = plateau(x, y, 0.0, -6.5, 3.8, 1.9, 1.4) * _front(z)
    return 0.085 * x * there, _zero(x), -0.02 * x * there


def _lips_full(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    line = features.mouth_line(x, 2.4)
    there = np.exp(-(((y - line) / 1.0) ** 2)) * np.clip(1 - (x / 2.4) ** 2, 0, 1) ** 0.6 * _front(z)
    return _zero(x), 0.17 * (y - line) * there, 0.11 * there


def _mouth_height(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = plateau(x, y, 0.0, -6.5, 4.0, 1.9, 1.3) * _front(z)
    return _zero(x), 0.16 * there, _zero(x)


def _forehead(x: Array, y: Array, _z: Array) -> tuple[Array, Array, Array]:
    there = rise(2.0, 8.0, y)
    return 0.02 * x * there, 0.5 * there, _zero(x)


def _ear_size(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    there = rise(6.6, 7.6, x) * plateau(z, y, -2.0, -0.8, 2.6, 4.0, 2.0)
    return 0.16 * there, 0.06 * (y + 0.8) * there, 0.05 * (z + 1.0) * there


def _neck(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """A thicker neck, in width and depth, from under the jaw into the collar."""
    there = rise(-1.2, -4.2, _above_jaw_edge(y, z)) * rise(-22.0, -17.0, y)
    return 0.075 * x * there, _zero(x), 0.05 * (z + 2.0) * there


def _child(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Proportions of a child: a larger vault, a shorter and rounder lower face, a smaller nose."""
    vault = rise(0.5, 7.0, y)
    lower = rise(-1.0, -10.0, y)
    nose = rise(1.0, -3.0, y) * rise(-5.2, -4.1, y) * np.exp(-((x / 1.5) ** 2)) * _front(z)
    cheek = plateau(x, y, 4.4, -4.8, 2.0, 2.2, 1.2) * _front(z)
    neck = rise(-12.5, -15.0, y) * rise(-21.0, -16.5, y)
    dx = 0.03 * x * vault - 0.05 * x * lower * rise(-13, -10, y) + 0.2 * cheek - 0.07 * x * neck
    return (
        dx,
        0.4 * vault + 0.75 * lower * rise(-15.5, -11.0, y) + 0.1 * nose,
        0.15 * vault * _front(z) - 0.42 * nose + 0.18 * cheek,
    )


def _heavy(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Fat under the skin: round cheeks, a wide jaw that runs into the neck, a second chin."""
    cheek = plateau(x, y, 4.8, -6.6, 2.6, 3.6, 1.2) * rise(-2.5, 3.5, z)
    edge = _above_jaw_edge(y, z)
    throat = rise(0.6, -1.6, edge) * rise(-17.5, -13.0, y) * rise(0.5, 5.0, z) * rise(5.0, 2.0, x)
    neck = rise(0.0, -3.0, edge) * rise(-22.0, -17.0, y)
    return 0.36 * cheek + 0.035 * x * neck, -0.3 * throat, 0.14 * cheek + 0.7 * throat + 0.04 * (z + 2.0) * neck


def _old(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """What the years do to tissue: jowls and bags hang, brows and the nose's tip sink, lips and temples thin, ears grow."""
    jowl = bump(x, y, 3.9, -8.4, 1.2, 1.3) * _front(z)
    hollow = bump(x, y, 5.0, -5.0, 1.5, 1.6) * _front(z)
    temple = bump(x, y, 6.2, 2.6, 1.4, 2.0)
    bag = bump(x, y, 3.0, -1.35, 1.2, 0.35) * _front(z)
    under = bump(x, y, 2.9, -1.95, 1.3, 0.4) * _front(z)
    hood = bump(x, y, 3.8, 1.3, 1.4, 0.4) * _front(z)
    fold = bump(x - 0.42 * (-4.4 - y), y, 2.3, -5.2, 0.35, 1.3) * _front(z)
    tip = bump(x, y, 0.0, -3.7, 1.0, 0.9) * _front(z)
    line = features.mouth_line(x, 2.4)
    lips = np.exp(-(((y - line) / 0.9) ** 2)) * np.clip(1 - (x / 2.4) ** 2, 0, 1) ** 0.6 * _front(z)
    ear = rise(6.6, 7.6, x) * plateau(z, y, -2.0, -0.8, 2.6, 4.0, 2.0)
    dx = 0.26 * jowl - 0.24 * hollow - 0.22 * temple
    dy = -0.34 * jowl - 0.2 * hood - 0.14 * tip - 0.2 * (y - line) * lips + 0.06 * (y + 0.8) * ear
    return dx, dy, 0.2 * jowl - 0.3 * hollow + 0.14 * bag - 0.18 * under + 0.1 * hood - 0.2 * fold - 0.12 * lips


WARPS: dict[str, Warp] = {
    "head_width": _head_width,
    "face_length": _face_length,
    "jaw_width": _jaw_width,
    "chin_length": _chin_length,
    "chin_forward": _chin_forward,
    "cheek_full": _cheek_full,
    "cheekbones": _cheekbones,
    "nose_length": _nose_length,
    "nose_width": _nose_width,
    "nose_forward": _nose_forward,
    "nose_bridge": _nose_bridge,
    "nose_up": _nose_up,
    "eye_size": _eye_size,
    "eye_spacing": _eye_spacing,
    "eye_open": _eye_open,
    "eye_tilt": _eye_tilt,
    "brow_height": _brow_height,
    "brow_ridge": _brow_ridge,
    "mouth_width": _mouth_width,
    "lips_full": _lips_full,
    "mouth_height": _mouth_height,
    "forehead": _forehead,
    "ear_size": _ear_size,
    "child": _child,
    "neck": _neck,
    "heavy": _heavy,
    "old": _old,
}


def warp(name: str, points: Array) -> Array:
    """Displacement (n, 3) of points (n, 3) by one unit of a mode; mirror-symmetric."""
    x, y, z = points.T
    dx, dy, dz = WARPS[name](np.abs(x), y, z)
    return np.stack([dx * np.sign(x), dy, dz], axis=-1)


def ball_warp(name: str, points: Array, centre: Array) -> Array:
    """Displacement of an eyeball's points: it moves with its centre and only changes size, so it stays a ball."""
    moved = np.repeat(warp(name, centre[None]), len(points), axis=0)
    if name == "eye_size":
        moved = moved + 0.065 * (points - centre)
    return moved


def shape_stretch(name: str, points: Array) -> Array:
    """How much longer shapes reach at points (n,) with one unit of a mode."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    if name == "eye_size":
        return 0.065 * eye_region(x, y, z)
    if name == "eye_open":
        return 0.16 * rise(2.2, 1.2, np.hypot(x - _CX, y))
    return np.zeros(len(points))
