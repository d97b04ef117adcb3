"""Paints what is worn or held over a shaded head: opaque things with their light, lenses that let the eyes show."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.look import Scalar
from sfcore.rigs.parts import Part

_HAIR, _HEADWEAR = int(Part.HAIR), int(Part.HEADWEAR)
_PRESSED = np.float32(0.965)
"""Headwear presses down hair that would stick out of it by up to this share of the distance."""
PLAIN, LENS = 0, 1
RED, GREEN, BLUE, GLOSS, KIND, COVER, GLARE, PART = range(8)
"""Columns of a material: colour (linear), shine 0..1, `PLAIN` or `LENS`, a lens's cover 0..1 and glare 0..1, and its part."""


@numba.njit(forceinline=True, error_model="numpy")
def _light(
    colour: NDArray, normal: NDArray, gloss: Scalar, toward: NDArray, key: NDArray, environment: NDArray, flat: Scalar
) -> None:
    """Fills ``colour`` (3,) with the light that a surface of that colour gives back; ``flat`` 1 shades it as drawings are."""
    x, y, z = normal
    along = max(x * toward[0] + y * toward[1] + z * toward[2], np.float32(0.0))
    hz = np.sqrt(max((np.float32(1.0) + toward[2]) * np.float32(0.5), np.float32(1e-4)))
    half = max((x * toward[0] + y * toward[1] + z * (toward[2] + np.float32(1.0))) / (np.float32(2.0) * hz), np.float32(0.0))
    shine = gloss * (np.float32(0.6) * half**40 + np.float32(0.08) * half**6)
    for c in range(3):
        e = environment[c]
        around = e[0] + e[1] * x + e[2] * y + e[3] * z + e[4] * x * y + e[5] * y * z + e[6] * z * x
        around = max(around + e[7] * (x * x - y * y) + e[8] * (np.float32(3.0) * z * z - np.float32(1.0)), np.float32(0.0))
        direct = along + flat * (np.float32(0.65) - along)
        colour[c] = colour[c] * (key[c] * direct + around) + (np.float32(1.0) - flat) * key[c] * shine


@numba.njit(forceinline=True, error_model="numpy")
def _sample(
    sx: Scalar,
    sy: Scalar,
    triangle: NDArray,
    xy: NDArray,
    normals: NDArray,
    uv: NDArray,
    material: NDArray,
    toward: NDArray,
    key: NDArray,
    environment: NDArray,
    flat: Scalar,
    normal: NDArray,
    colour: NDArray,
) -> Scalar:
    """Fills ``colour`` with the light of one sample of a triangle; returns how much of what lies behind it covers, 0..1."""
    i, j, k = triangle
    ax, ay = xy[i, 0], xy[i, 1]
    area = (xy[j, 0] - ax) * (xy[k, 1] - ay) - (xy[j, 1] - ay) * (xy[k, 0] - ax)
    px, py = np.float32(sx + 0.5) - ax, np.float32(sy + 0.5) - ay
    wb = (px * (xy[k, 1] - ay) - py * (xy[k, 0] - ax)) / area
    wc = (py * (xy[j, 0] - ax) - px * (xy[j, 1] - ay)) / area
    wa = np.float32(1.0) - wb - wc
    length = np.float32(1e-12)
    for c in range(3):
        normal[c] = wa * normals[i, c] + wb * normals[j, c] + wc * normals[k, c]
        length += normal[c] * normal[c]
    # Both sides of a sheet are lit as the one that is seen.
    length = np.sqrt(length) * (np.float32(-1.0) if normal[2] < 0 else np.float32(1.0))
    for c in range(3):
        normal[c] /= length
        colour[c] = material[c]
    _light(colour, normal, material[GLOSS], toward, key, environment, flat)
    if material[KIND] != LENS:
        return np.float32(1.0)
    u, v = wa * uv[i, 0] + wb * uv[j, 0] + wc * uv[k, 0], wa * uv[i, 1] + wb * uv[j, 1] + wc * uv[k, 1]
    stripe = u * np.float32(0.8) + v * np.float32(0.6) - np.float32(0.15)
    gleam = (
        material[GLARE] * np.exp(-np.float32(24.0) * stripe * stripe) * max(np.float32(0.5) + np.float32(0.5) * v, np.float32(0))
    )
    for c in range(3):
        white = environment[c, 0] + np.float32(0.4) * key[c]
        colour[c] = (material[COVER] * colour[c] + gleam * white) / max(material[COVER] + gleam, np.float32(1e-6))
    return min(material[COVER] + gleam, np.float32(1.0))


@numba.njit(error_model="numpy")
def _rasterise(
    xy: NDArray,
    inverse: NDArray,
    triangles: NDArray,
    of_triangle: NDArray,
    materials: NDArray,
    lenses: bool,
    shown: NDArray,
    front: NDArray,
    depth: NDArray,
) -> None:
    """Updates ``front`` and ``depth`` (2H, 2W) with the opaque triangles, or with the lenses."""
    height, width = front.shape
    for t in range(len(triangles)):
        material = materials[of_triangle[t]]
        if (material[KIND] == LENS) != lenses:
            continue
        presses = int(material[PART]) == _HEADWEAR
        i, j, k = triangles[t]
        ax, ay, bx, by, cx, cy = xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1], xy[k, 0], xy[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if not abs(area) > np.float32(0.0):
            continue
        for y in range(max(0, int(min(ay, by, cy) - 0.5)), min(height - 1, int(max(ay, by, cy))) + 1):
            for x in range(max(0, int(min(ax, bx, cx) - 0.5)), min(width - 1, int(max(ax, bx, cx))) + 1):
                px, py = np.float32(x + 0.5) - ax, np.float32(y + 0.5) - ay
                wb, wc = (px * (cy - ay) - py * (cx - ax)) / area, (py * (bx - ax) - px * (by - ay)) / area
                if wb >= 0.0 and wc >= 0.0 and wb + wc <= 1.0:
                    d = inverse[i] + wb * (inverse[j] - inverse[i]) + wc * (inverse[k] - inverse[i])
                    behind = depth[y, x]
                    if presses and front[y, x] < 0 and shown[y, x] == _HAIR:
                        behind *= _PRESSED
                    if d > behind:
                        depth[y, x] = d
                        front[y, x] = t


@numba.njit(cache=True, error_model="numpy")
def paint_over(
    xy: NDArray,
    inverse: NDArray,
    normals: NDArray,
    uv: NDArray,
    triangles: NDArray,
    of_triangle: NDArray,
    materials: NDArray,
    toward: NDArray,
    key: NDArray,
    environment: NDArray,
    flat: Scalar,
    lenses: bool,
    picture: NDArray,
    shown: NDArray,
    nearest: NDArray,
) -> None:
    """Draws the opaque triangles (or, with ``lenses``, the lenses) that lie in front of what is ``shown``.

    ``xy`` (n, 2) in samples of the doubled grid, ``inverse`` (n,) 1/cm, ``normals`` (n, 3), ``materials`` (k, 8). Updates
    ``picture`` (H, W, 3), and for opaque things ``shown`` (2H, 2W) and ``nearest`` (2H, 2W).
    """
    height, width = shown.shape
    front = np.full((height, width), -1, np.int32)
    depth = nearest.copy()
    _rasterise(xy, inverse, triangles, of_triangle, materials, lenses, shown, front, depth)
    colour, normal, total = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    for y in range(height // 2):
        for x in range(width // 2):
            total[:] = 0.0
            kept = np.float32(1.0)
            for s in range(4):
                sy, sx = 2 * y + s // 2, 2 * x + s % 2
                t = front[sy, sx]
                if t < 0:
                    continue
                material = materials[of_triangle[t]]
                cover = _sample(sx, sy, triangles[t], xy, normals, uv, material, toward, key, environment, flat, normal, colour)
                cover *= np.float32(0.25)
                kept -= cover
                for c in range(3):
                    total[c] += cover * colour[c]
                if not lenses:
                    shown[sy, sx] = int(material[PART])
                    nearest[sy, sx] = depth[sy, sx]
            for c in range(3):
                picture[y, x, c] = kept * picture[y, x, c] + total[c]


@numba.njit(cache=True, error_model="numpy")
def cast_shadow(flat: NDArray, depth: NDArray, triangles: NDArray, nearest: NDArray) -> None:
    """Adds triangles to a shadow map: ``flat`` (n, 2) in texels, ``depth`` (n,) cm towards the lamp, ``nearest`` (H, W)."""
    height, width = nearest.shape
    for t in range(len(triangles)):
        i, j, k = triangles[t]
        ax, ay, bx, by, cx, cy = flat[i, 0], flat[i, 1], flat[j, 0], flat[j, 1], flat[k, 0], flat[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if not abs(area) > np.float32(0.0):
            continue
        for y in range(max(0, int(min(ay, by, cy) - 0.5)), min(height - 1, int(max(ay, by, cy))) + 1):
            for x in range(max(0, int(min(ax, bx, cx) - 0.5)), min(width - 1, int(max(ax, bx, cx))) + 1):
                px, py = np.float32(x + 0.5) - ax, np.float32(y + 0.5) - ay
                wb, wc = (px * (cy - ay) - py * (cx - ax)) / area, (py * (bx - ax) - px * (by - ay)) / area
                if wb >= 0.0 and wc >= 0.0 and wb + wc <= 1.0:
                    nearest[y, x] = max(nearest[y, x], depth[i] + wb * (depth[j] - depth[i]) + wc * (depth[k] - depth[i]))
