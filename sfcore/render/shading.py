"""Colour of every pixel: what the visible triangle is painted with, and how the light falls on it."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.albedo import (
    BEARD,
    BLUSH,
    CHANNELS,
    CROW,
    FOLD,
    FOREHEAD,
    FROWN,
    LID,
    LIP,
    NOSTRIL,
    PER_CM,
    SCALP,
    X_RANGE,
    Y_RANGE,
)
from sfcore.rigs.parts import Part

# Rows of the table of vertex attributes.
POSITION, NORMAL, UV, OCCLUSION, DEPTH = 0, 3, 6, 8, 9
ATTRIBUTES = 10

_SKIN, _LIPS, _LASHES = int(Part.SKIN), int(Part.LIPS), int(Part.LASHES)
_EYE_LEFT, _EYE_RIGHT, _LID_EDGE = int(Part.EYE_LEFT), int(Part.EYE_RIGHT), int(Part.LID_EDGE)
_TEETH_UPPER, _TEETH_LOWER, _GUMS = int(Part.TEETH_UPPER), int(Part.TEETH_LOWER), int(Part.GUMS)
_TONGUE, _CAVITY, _EAR, _HAIR, _SHIRT = int(Part.TONGUE), int(Part.CAVITY), int(Part.EAR), int(Part.HAIR), int(Part.SHIRT)
_ATLAS_X, _ATLAS_Y, _ATLAS_SCALE = np.float32(X_RANGE[0]), np.float32(Y_RANGE[0]), np.float32(PER_CM)
_CHANNELS = CHANNELS


class Look(NamedTuple):
    """Everything the pixels of one picture share. Colours (3,) are linear, directions unit vectors, all float32."""

    viewer: NDArray
    """Position of the camera."""
    key_direction: NDArray
    key: NDArray
    fill_direction: NDArray
    fill: NDArray
    sky: NDArray
    ground: NDArray
    shadow_axes: NDArray
    """(3, 3) rows: right, up and towards the light, in which the shadow map is laid out."""
    shadow_map: NDArray
    shadow_frame: NDArray
    """Left, bottom and texels per centimetre of the shadow map."""
    head: NDArray
    """(3, 3) rotation of the head."""
    eye_centres: NDArray
    eye_axes: NDArray
    lid_shade: NDArray
    """(2, 3) quadratic a + b t + c t² of the upper lid's elevation over azimuth t, seen from each eye's centre."""
    skin: NDArray
    lips: NDArray
    iris: NDArray
    hair: NDArray
    brow: NDArray
    shirt: NDArray
    knobs: NDArray
    """blush, freckles, stubble, wrinkles, iris size, brow thickness, brow arch, brow tilt, cartoon, shaved scalp, slant of the hair's strands."""
    hairline: NDArray
    """(n,) height of the front edge of the hair at each half centimetre from the midline; far above where none grows."""
    folds: NDArray
    """(6,) strength of the folds: forehead middle, forehead left/right of it, frown left/right, crow's feet, ... by half of the face."""


@numba.njit(cache=True, inline="always")
def _smooth(low, high, value):
    t = min(max((value - low) / (high - low), np.float32(0.0)), np.float32(1.0))
    return t * t * (np.float32(3.0) - np.float32(2.0) * t)


@numba.njit(cache=True)
def _hash(ix, iy):
    n = (ix * np.int64(374761393) + iy * np.int64(668265263)) & np.int64(0xFFFFFFFF)
    n = ((n ^ (n >> np.int64(13))) * np.int64(1274126177)) & np.int64(0xFFFFFFFF)
    return np.float32((n ^ (n >> np.int64(16))) & np.int64(0xFFFF)) / np.float32(65535.0)


@numba.njit(cache=True)
def _noise(x, y):
    """Value noise in 0..1 with a cell of one unit."""
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = np.int64(fx), np.int64(fy)
    tx, ty = np.float32(x - fx), np.float32(y - fy)
    tx, ty = tx * tx * (3 - 2 * tx), ty * ty * (3 - 2 * ty)
    a, b = _hash(ix, iy), _hash(ix + 1, iy)
    c, d = _hash(ix, iy + 1), _hash(ix + 1, iy + 1)
    return np.float32((a + (b - a) * tx) * (1 - ty) + (c + (d - c) * tx) * ty)


@numba.njit(cache=True)
def _sample(atlas, u, v, out):
    """Bilinear masks at a point of the neutral frontal plane."""
    x = (abs(u) - _ATLAS_X) * _ATLAS_SCALE
    y = (v - _ATLAS_Y) * _ATLAS_SCALE
    x = min(max(x, np.float32(0.0)), np.float32(atlas.shape[1] - 1.001))
    y = min(max(y, np.float32(0.0)), np.float32(atlas.shape[0] - 1.001))
    ix, iy = int(x), int(y)
    tx, ty = np.float32(x - ix), np.float32(y - iy)
    for c in range(_CHANNELS):
        low = atlas[iy, ix, c] + (atlas[iy, ix + 1, c] - atlas[iy, ix, c]) * tx
        high = atlas[iy + 1, ix, c] + (atlas[iy + 1, ix + 1, c] - atlas[iy + 1, ix, c]) * tx
        out[c] = low + (high - low) * ty


@numba.njit(cache=True)
def _shadow(look, px, py, pz, normal_key):
    """Share of the key light that reaches a point: percentage-closer filtering over 3 x 3 texels."""
    axes, frame, depth = look.shadow_axes, look.shadow_frame, look.shadow_map
    u = (axes[0, 0] * px + axes[0, 1] * py + axes[0, 2] * pz - frame[0]) * frame[2]
    v = depth.shape[0] - (axes[1, 0] * px + axes[1, 1] * py + axes[1, 2] * pz - frame[1]) * frame[2]
    d = axes[2, 0] * px + axes[2, 1] * py + axes[2, 2] * pz
    bias = np.float32(0.22) + np.float32(0.5) * (np.float32(1.0) - max(normal_key, np.float32(0.0)))
    ix, iy = int(u - 0.5), int(v - 0.5)
    tx, ty = np.float32(u - 0.5 - ix), np.float32(v - 0.5 - iy)
    total = np.float32(0.0)
    for j in range(-1, 3):
        wy = np.float32(1.0)
        if j == -1:
            wy = np.float32(1.0) - ty
        elif j == 2:
            wy = ty
        for i in range(-1, 3):
            wx = np.float32(1.0)
            if i == -1:
                wx = np.float32(1.0) - tx
            elif i == 2:
                wx = tx
            x, y = ix + i, iy + j
            if 0 <= x < depth.shape[1] and 0 <= y < depth.shape[0] and depth[y, x] > d + bias:
                continue
            total += wx * wy
    return total / np.float32(9.0)


@numba.njit(cache=True)
def _brow(look, u, v):
    """Cover 0..1 of the painted eyebrow at a point of the neutral frontal plane."""
    a = abs(u)
    t = (a - np.float32(0.95)) / np.float32(4.25)
    if t < -0.08 or t > 1.08 or v < 0.9 or v > 3.3:
        return np.float32(0.0)
    arch, tilt, thick = look.knobs[6], look.knobs[7], look.knobs[5]
    line = np.float32(1.72) + np.float32(0.28) * t + arch * np.float32(0.62) * (t - t * t * t) + tilt * (t - np.float32(0.5)) * 4
    half = (
        thick * (np.float32(0.36) - np.float32(0.06) * t) * (1 - _smooth(np.float32(0.5), np.float32(1.06), t) * np.float32(0.8))
    )
    edge = abs(v - line) / max(half, np.float32(0.02))
    cover = 1 - _smooth(np.float32(0.55), np.float32(1.15), edge)
    cover *= _smooth(np.float32(-0.08), np.float32(0.16), t + np.float32(0.05) * (v - line)) * (
        1 - _smooth(np.float32(0.97), np.float32(1.07), t)
    )
    strands = _noise((a * 1.0 + (v - line) * (1.2 - 1.5 * t)) * 17, v * 4)
    return cover * (np.float32(0.62) + np.float32(0.38) * strands)


@numba.njit(cache=True)
def _paint_skin(look, atlas, mask, part, u, v, colour):
    """Albedo of skin and lips; returns how glossy it is."""
    blush, freckles, stubble, wrinkles, cartoon = look.knobs[0], look.knobs[1], look.knobs[2], look.knobs[3], look.knobs[8]
    _sample(atlas, u, v, mask)
    for c in range(3):
        colour[c] = look.skin[c]
    red = blush * mask[BLUSH] * np.float32(0.55)
    lid = mask[LID] * (np.float32(0.35) + np.float32(0.4) * wrinkles)
    colour[0] *= 1 - np.float32(0.10) * red - np.float32(0.14) * lid
    colour[1] *= 1 - np.float32(0.34) * red - np.float32(0.24) * lid
    colour[2] *= 1 - np.float32(0.30) * red - np.float32(0.20) * lid
    if cartoon < 0.5:
        mottle = np.float32(0.93) + np.float32(0.07) * _noise(u * 2.1 + 31, v * 2.1) + np.float32(0.05) * _noise(u * 9 + 7, v * 9)
        for c in range(3):
            colour[c] *= mottle
        if freckles > 0:
            spots = _smooth(np.float32(0.72), np.float32(0.86), _noise(u * 7 + 3, v * 7)) * _smooth(
                np.float32(-5.5), np.float32(-3.0), v
            )
            spots *= (1 - _smooth(np.float32(-0.6), np.float32(1.0), v)) * min(freckles, np.float32(1.0)) * np.float32(0.5)
            colour[0] *= 1 - np.float32(0.5) * spots
            colour[1] *= 1 - np.float32(0.8) * spots
            colour[2] *= 1 - np.float32(0.9) * spots
    side = 0 if u >= 0 else 1
    fold = mask[FOREHEAD] * (
        look.folds[0] * _smooth(np.float32(3.4), np.float32(0.6), abs(u))
        + look.folds[1 + side] * _smooth(np.float32(0.8), np.float32(3.0), abs(u))
    )
    fold += mask[FROWN] * look.folds[3 + side] + mask[CROW] * look.folds[5 + side] + mask[FOLD] * look.folds[7 + side]
    fold = min(fold, np.float32(1.0)) * np.float32(0.42)
    beard = mask[BEARD] * stubble * (np.float32(0.55) + np.float32(0.45) * _noise(u * 23, v * 23))
    scalp = mask[SCALP] * look.knobs[9]
    # Short hairs soften the line from which the hair grows.
    place = abs(u) * np.float32(2.0)
    column = int(min(place, np.float32(len(look.hairline) - 2)))
    line = look.hairline[column] + (look.hairline[column + 1] - look.hairline[column]) * min(place - column, np.float32(1.0))
    wisps = _noise(u * 16 + 5, v * 1.6) * np.float32(0.75) + _noise(u * 37, v * 3) * np.float32(0.35)
    scalp = max(scalp, _smooth(np.float32(-0.75), np.float32(0.15), v - line - np.float32(0.35) + np.float32(0.5) * wisps))
    brow = _brow(look, u, v)
    lip = mask[LIP]
    if part == _LIPS and lip < 0.5:
        lip = max(lip, np.float32(0.0))
    lines = np.float32(0.92) + np.float32(0.08) * _noise(u * 14, v * 2)
    for c in range(3):
        colour[c] = colour[c] * (1 - fold) + np.float32(0.3) * fold * colour[c] * look.skin[c]
        colour[c] += lip * (look.lips[c] * lines - colour[c])
        colour[c] += min(beard + scalp, np.float32(0.9)) * np.float32(0.75) * (look.hair[c] * np.float32(0.8) - colour[c])
        colour[c] += brow * np.float32(0.9) * (look.brow[c] - colour[c])
        colour[c] *= 1 - np.float32(0.85) * mask[NOSTRIL]
    return lip


@numba.njit(cache=True)
def _paint_eye(look, side, dx, dy, dz, colour):
    """Albedo of an eyeball in the direction (dx, dy, dz) from its centre; returns 1 on the iris and pupil."""
    axis = look.eye_axes[side]
    along = min(max(dx * axis[0] + dy * axis[1] + dz * axis[2], np.float32(-1.0)), np.float32(1.0))
    angle = np.arccos(along)
    iris = np.float32(0.40) * look.knobs[4]
    cartoon = look.knobs[8]
    pupil = iris * (np.float32(0.40) + np.float32(0.06) * cartoon)
    for c in range(3):
        colour[c] = np.float32(0.70)
    corner = abs(dx - axis[0])
    colour[1] *= 1 - np.float32(0.10) * _smooth(np.float32(0.45), np.float32(0.95), corner)
    colour[2] *= 1 - np.float32(0.12) * _smooth(np.float32(0.45), np.float32(0.95), corner)
    on = 1 - _smooth(iris * np.float32(0.97), iris * np.float32(1.04), angle)
    if on > 0:
        turn = np.arctan2(dy - axis[1], dx - axis[0])
        fibres = np.float32(0.75) + np.float32(0.5) * _noise(turn * 9 + 40, angle * 14)
        ring = np.float32(1.25) - np.float32(0.55) * _smooth(pupil, iris, angle)
        lower = np.float32(1.0) + np.float32(0.35) * _smooth(np.float32(0.3), np.float32(-1.0), np.sin(turn))
        limbus = 1 - np.float32(0.75) * _smooth(iris * np.float32(0.80), iris * np.float32(1.0), angle)
        black = _smooth(pupil * np.float32(1.06), pupil * np.float32(0.94), angle)
        for c in range(3):
            shade = look.iris[c] * fibres * ring * lower * limbus * np.float32(1.05)
            shade += black * (np.float32(0.006) - shade)
            colour[c] += on * (shade - colour[c])
    return on


@numba.njit(cache=True)
def _light(look, nx, ny, nz, px, py, pz, occlusion, colour, wrap, gloss, power, out):
    """Adds up key, fill and surroundings on a surface with the albedo ``colour``."""
    key = look.key_direction
    along = nx * key[0] + ny * key[1] + nz * key[2]
    lit = np.float32(1.0)
    if along > -wrap:
        lit = _shadow(look, px, py, pz, along)
    cartoon = look.knobs[8]
    fill = max(
        (nx * look.fill_direction[0] + ny * look.fill_direction[1] + nz * look.fill_direction[2]) * np.float32(0.7)
        + np.float32(0.3),
        np.float32(0.0),
    )
    up = np.float32(0.5) + np.float32(0.5) * ny
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    length = np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx / length, vy / length, vz / length
    facing = max(nx * vx + ny * vy + nz * vz, np.float32(0.0))
    hx, hy, hz = key[0] + vx, key[1] + vy, key[2] + vz
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    shine = max((nx * hx + ny * hy + nz * hz) / half, np.float32(0.0)) ** power * (power + 8) / np.float32(25.0)
    fresnel = np.float32(0.028) + np.float32(0.6) * (1 - facing) ** 5
    shine = shine * gloss * fresnel * lit * max(along, np.float32(0.0)) * (1 - np.float32(0.75) * cartoon)
    rim = gloss * np.float32(0.25) * (1 - facing) ** 4 * occlusion
    for c in range(3):
        w = wrap * (np.float32(1.0) if c == 0 else np.float32(0.72))
        soft = max((along + w) / (1 + w), np.float32(0.0))
        direct = soft * (lit + (1 - lit) * (np.float32(0.10) if c == 0 else np.float32(0.04)) * wrap)
        if cartoon > 0.5:
            band = _smooth(np.float32(-0.02), np.float32(0.14), along) * (np.float32(0.55) + np.float32(0.45) * lit)
            direct = np.float32(0.30) + np.float32(0.50) * band
        around = (look.ground[c] + (look.sky[c] - look.ground[c]) * up) * occlusion
        # Light that bounces between folds of skin takes the skin's colour: creases turn red before they turn black.
        tint = occlusion + (1 - occlusion) * colour[c] * np.float32(0.35)
        out[c] = colour[c] * (
            look.key[c] * direct * (np.float32(0.45) + np.float32(0.55) * tint) + look.fill[c] * fill * occlusion + around
        )
        out[c] += look.key[c] * shine + look.sky[c] * rim


@numba.njit(cache=True)
def _hair(look, u, v, nx, ny, nz, px, py, pz, colour, occlusion, out):
    """Strands that run down from the crown: streaks of colour and a band of shine across them (after Kajiya and Kay, 1989)."""
    cartoon = look.knobs[8]
    u = u + look.knobs[10] * v
    streak = _noise(u * 190, v * 2.2)
    fine = _noise(u * 520, v * 5)
    tone = np.float32(0.55) + np.float32(0.5) * streak + np.float32(0.25) * fine
    tone = tone + cartoon * (np.float32(1.0) - tone) * np.float32(0.8)
    for c in range(3):
        colour[c] = look.hair[c] * tone
    _light(look, nx, ny, nz, px, py, pz, occlusion, colour, np.float32(0.15), np.float32(0.0), np.float32(8.0), out)
    # The strand's direction: straight down within the surface.
    tx, ty, tz = -nx * ny, 1 - ny * ny, -nz * ny
    size = np.sqrt(tx * tx + ty * ty + tz * tz) + np.float32(1e-4)
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    length = np.sqrt(vx * vx + vy * vy + vz * vz)
    hx, hy, hz = look.key_direction[0] + vx / length, look.key_direction[1] + vy / length, look.key_direction[2] + vz / length
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    across = (tx * hx + ty * hy + tz * hz) / (size * half) - np.float32(0.12) * (streak - np.float32(0.5))
    shine = max(1 - across * across, np.float32(0.0)) ** 22 * np.float32(0.07) * (np.float32(0.4) + np.float32(0.9) * fine)
    facing = max(nx * look.key_direction[0] + ny * look.key_direction[1] + nz * look.key_direction[2], np.float32(0.0))
    for c in range(3):
        out[c] += look.key[c] * shine * facing * (np.float32(0.35) + look.hair[c]) * occlusion


@numba.njit(cache=True)
def _eye(look, side, px, py, pz, colour, out):
    """An eyeball: sclera and iris under the shade of the upper lid, with a catch light."""
    centre = look.eye_centres[side]
    dx, dy, dz = px - centre[0], py - centre[1], pz - centre[2]
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx / length, dy / length, dz / length
    on = _paint_eye(look, side, dx, dy, dz, colour)
    r = look.head
    lx, ly, lz = (
        r[0, 0] * dx + r[1, 0] * dy + r[2, 0] * dz,
        r[0, 1] * dx + r[1, 1] * dy + r[2, 1] * dz,
        r[0, 2] * dx + r[1, 2] * dy + r[2, 2] * dz,
    )
    t = np.arctan2(lx, lz)
    q = look.lid_shade[side]
    below = q[0] + t * (q[1] + t * q[2]) - np.arcsin(min(max(ly, np.float32(-1.0)), np.float32(1.0)))
    shade = np.float32(0.42) + np.float32(0.58) * _smooth(np.float32(-0.06), np.float32(0.34), below)
    shade *= np.float32(1.0) - np.float32(0.35) * _smooth(np.float32(0.62), np.float32(1.0), abs(t))
    _light(look, dx, dy, dz, px, py, pz, shade, colour, np.float32(0.4), np.float32(0.0), np.float32(8.0), out)
    # The cornea bulges: its normal leans away from the axis.
    axis = look.eye_axes[side]
    nx, ny, nz = (
        dx + on * np.float32(0.5) * (dx - axis[0]),
        dy + on * np.float32(0.5) * (dy - axis[1]),
        dz + on * np.float32(0.5) * (dz - axis[2]),
    )
    size = np.sqrt(nx * nx + ny * ny + nz * nz)
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    far = np.sqrt(vx * vx + vy * vy + vz * vz)
    # The catch light stays inside the iris whatever the light: a lamp that is half way to the camera.
    hx = np.float32(0.45) * look.key_direction[0] + np.float32(1.55) * vx / far
    hy = np.float32(0.45) * look.key_direction[1] + np.float32(0.16) + np.float32(1.55) * vy / far
    hz = np.float32(0.45) * look.key_direction[2] + np.float32(1.55) * vz / far
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    glint = max((nx * hx + ny * hy + nz * hz) / (size * half), np.float32(0.0))
    sharp = _smooth(np.float32(0.9925), np.float32(0.9965), glint) * np.float32(0.75)
    for c in range(3):
        out[c] = out[c] * shade + look.key[c] * (sharp * shade + np.float32(0.05) * glint**40)


@numba.njit(cache=True)
def _surface(look, atlas, part, a, mask, colour, out):
    """Light (3,) leaving one point with interpolated attributes ``a`` towards the camera."""
    nx, ny, nz, px, py, pz = a[NORMAL], a[NORMAL + 1], a[NORMAL + 2], a[POSITION], a[POSITION + 1], a[POSITION + 2]
    u, v, occlusion = a[UV], a[UV + 1], a[OCCLUSION]
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    if nx * (look.viewer[0] - px) + ny * (look.viewer[1] - py) + nz * (look.viewer[2] - pz) < 0:
        length = -length
    nx, ny, nz = nx / length, ny / length, nz / length
    wrap, gloss, power = np.float32(0.32), np.float32(1.0), np.float32(14.0)
    if part == _EYE_LEFT or part == _EYE_RIGHT:
        _eye(look, 0 if part == _EYE_LEFT else 1, px, py, pz, colour, out)
        return
    if part == _HAIR:
        _hair(look, u, v, nx, ny, nz, px, py, pz, colour, occlusion, out)
        return
    if part == _SKIN or part == _LIPS:
        lip = _paint_skin(look, atlas, mask, part, u, v, colour)
        gloss += lip * np.float32(1.1)
        power += lip * np.float32(22.0)
    elif part == _EAR:
        for c in range(3):
            colour[c] = look.skin[c] * (np.float32(1.0) if c == 0 else np.float32(0.86))
        occlusion *= np.float32(0.72) + np.float32(0.5) * _smooth(np.float32(-0.3), np.float32(0.3), v)
        occlusion = min(occlusion, np.float32(1.0))
    elif part == _LID_EDGE:
        colour[0], colour[1], colour[2] = (
            look.skin[0] * np.float32(0.92),
            look.skin[1] * np.float32(0.68),
            look.skin[2] * np.float32(0.66),
        )
        occlusion *= np.float32(0.8)
    elif part == _LASHES:
        for c in range(3):
            dark = np.float32(0.018) + look.brow[c] * np.float32(0.12)
            # Hairs thin out towards their tips and let the lid shine through.
            thin = min(np.float32(0.75), v * np.float32(0.55) + np.float32(0.5) * v * _noise(u * 60, np.float32(3.0)))
            colour[c] = dark + thin * (look.skin[c] * np.float32(0.5) - dark)
        gloss = np.float32(0.0)
    elif part == _TEETH_UPPER or part == _TEETH_LOWER:
        gap = np.float32(0.5) + np.float32(0.5) * _smooth(np.float32(0.0), np.float32(0.5), u)
        occlusion = max(occlusion, np.float32(0.6))
        colour[0], colour[1], colour[2] = np.float32(0.76) * gap, np.float32(0.72) * gap, np.float32(0.64) * gap
        wrap, gloss, power = np.float32(0.5), np.float32(1.2), np.float32(50.0)
    elif part == _GUMS:
        colour[0], colour[1], colour[2] = np.float32(0.46), np.float32(0.17), np.float32(0.17)
    elif part == _TONGUE:
        colour[0], colour[1], colour[2] = np.float32(0.55), np.float32(0.20), np.float32(0.20)
        gloss, power = np.float32(1.2), np.float32(24.0)
    elif part == _CAVITY:
        colour[0], colour[1], colour[2] = np.float32(0.10), np.float32(0.025), np.float32(0.025)
        gloss = np.float32(0.0)
    else:
        weave = np.float32(0.94) + np.float32(0.06) * _noise(px * 14, py * 14)
        for c in range(3):
            colour[c] = look.shirt[c] * weave
        gloss, wrap = np.float32(0.2), np.float32(0.1)
    _light(look, nx, ny, nz, px, py, pz, occlusion, colour, wrap, gloss, power, out)


@numba.njit(cache=True)
def _at(x, y, triangle, triangles, xy, table, a):
    """Perspective-correct attributes (ATTRIBUTES,) of a triangle at a sample."""
    i, j, k = triangles[triangle]
    ax, ay, bx, by, cx, cy = xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1], xy[k, 0], xy[k, 1]
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    wb = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
    wc = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
    wb = min(max(wb, np.float32(-0.5)), np.float32(1.5))
    wc = min(max(wc, np.float32(-0.5)), np.float32(1.5))
    wa = (np.float32(1.0) - wb - wc) * table[i, DEPTH]
    wb *= table[j, DEPTH]
    wc *= table[k, DEPTH]
    total = wa + wb + wc
    wa, wb, wc = wa / total, wb / total, wc / total
    for n in range(DEPTH):
        a[n] = wa * table[i, n] + wb * table[j, n] + wc * table[k, n]


@numba.njit(cache=True, error_model="numpy")
def shade(visible, nearest, triangles, parts, xy, table, atlas, look, background, picture):
    """Fills ``picture`` (H, W, 3) float32 with linear light from a visibility buffer (2H, 2W).

    ``table`` (n, ATTRIBUTES) holds the vertices' attributes. The four samples of a pixel that show the same part at about the same depth
    are shaded once, at their mean place.
    """
    height, width = picture.shape[:2]
    a, mask = np.zeros(ATTRIBUTES, np.float32), np.zeros(_CHANNELS, np.float32)
    colour, out = np.zeros(3, np.float32), np.zeros(3, np.float32)
    done = np.zeros(4, np.bool_)
    for y in range(height):
        for x in range(width):
            total0, total1, total2 = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            done[:] = False
            for s in range(4):
                if done[s]:
                    continue
                sy, sx = 2 * y + s // 2, 2 * x + s % 2
                t = visible[sy, sx]
                count, mean_x, mean_y = 1, np.float32(sx + 0.5), np.float32(sy + 0.5)
                for o in range(s + 1, 4):
                    oy, ox = 2 * y + o // 2, 2 * x + o % 2
                    w = visible[oy, ox]
                    same = (w < 0 and t < 0) or (
                        w >= 0
                        and t >= 0
                        and parts[w] == parts[t]
                        and abs(nearest[oy, ox] - nearest[sy, sx]) < 0.006 * nearest[sy, sx]
                    )
                    if not done[o] and same:
                        done[o] = True
                        count += 1
                        mean_x += np.float32(ox + 0.5)
                        mean_y += np.float32(oy + 0.5)
                if t < 0:
                    for c in range(3):
                        out[c] = background[y, x, c]
                else:
                    _at(mean_x / count, mean_y / count, t, triangles, xy, table, a)
                    _surface(look, atlas, parts[t], a, mask, colour, out)
                total0 += count * out[0]
                total1 += count * out[1]
                total2 += count * out[2]
            picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = total0 / 4, total1 / 4, total2 / 4


@numba.njit(cache=True, error_model="numpy")
def outline(visible, nearest, parts, picture, strength):
    """Darkens pixels where parts or depths meet, as in a drawing."""
    height, width = picture.shape[:2]
    for y in range(height):
        for x in range(width):
            edges = 0
            for s in range(4):
                sy, sx = 2 * y + s // 2, 2 * x + s % 2
                t = visible[sy, sx]
                for o in range(2):
                    oy, ox = min(sy + (1 if o == 0 else 0), 2 * height - 1), min(sx + (1 if o == 1 else 0), 2 * width - 1)
                    w = visible[oy, ox]
                    if (t < 0) != (w < 0):
                        edges += 1
                    elif t >= 0 and w >= 0:
                        gap = abs(nearest[oy, ox] - nearest[sy, sx]) > 0.010 * nearest[sy, sx]
                        ink = parts[t] != parts[w] and not (parts[t] <= 1 and parts[w] <= 1)
                        if gap or (ink and (parts[t] == _HAIR or parts[w] == _HAIR or parts[t] == _SHIRT or parts[w] == _SHIRT)):
                            edges += 1
            if edges > 0:
                keep = 1 - strength * min(edges / np.float32(3.0), np.float32(1.0))
                for c in range(3):
                    picture[y, x, c] *= keep
