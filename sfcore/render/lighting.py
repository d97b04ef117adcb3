"""How light falls on a surface, as compiled functions."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.render.look import Look, Scalar
from sfcore.render.texture import ONE, smooth


@numba.njit(forceinline=True, error_model="numpy")
def key_light_reaching(look: Look, px: Scalar, py: Scalar, pz: Scalar, normal_key: Scalar) -> Scalar:
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


@numba.njit(forceinline=True, error_model="numpy")
def _rounded(look: Look, nx: Scalar, ny: Scalar, nz: Scalar, px: Scalar, py: Scalar, pz: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """A normal bent towards that of a ball around the head: a drawing's shade follows the head and not each dent of a cheek."""
    eyes, head = look.eye_centres, look.head
    bx = px - np.float32(0.5) * (eyes[0, 0] + eyes[1, 0]) + np.float32(6.0) * head[0, 2]
    by = py - np.float32(0.5) * (eyes[0, 1] + eyes[1, 1]) + np.float32(6.0) * head[1, 2]
    bz = pz - np.float32(0.5) * (eyes[0, 2] + eyes[1, 2]) + np.float32(6.0) * head[2, 2]
    size = np.float32(2.0) / np.sqrt(bx * bx + by * by + bz * bz)
    nx, ny, nz = nx + bx * size, ny + by * size, nz + bz * size
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx / length, ny / length, nz / length


@numba.njit(forceinline=True, error_model="numpy")
def _band(look: Look, along: Scalar, lit: Scalar) -> Scalar:
    """Tone 0..1 of a drawing's shade: light, shade, and one between where the style has it."""
    edge = look.cel[1]
    light = smooth(np.float32(0.06) - edge, np.float32(0.06) + edge, along)
    if look.cel[2] > 0:
        light = np.float32(0.55) * light + np.float32(0.45) * smooth(np.float32(0.45) - edge, np.float32(0.45) + edge, along)
    return light * (np.float32(0.35) + np.float32(0.65) * smooth(np.float32(0.2), np.float32(0.8), lit))


@numba.njit(forceinline=True, error_model="numpy")
def add_light(
    look: Look,
    nx: Scalar,
    ny: Scalar,
    nz: Scalar,
    px: Scalar,
    py: Scalar,
    pz: Scalar,
    occlusion: Scalar,
    colour: NDArray,
    wrap: Scalar,
    gloss: Scalar,
    power: Scalar,
    out: NDArray,
) -> None:
    """Adds up key light and surroundings on a surface with the albedo ``colour``."""
    key = look.key_direction
    cartoon = look.cartoon
    if cartoon > 0.5:
        nx, ny, nz = _rounded(look, nx, ny, nz, px, py, pz)
        occlusion = smooth(np.float32(0.0), np.float32(0.6), occlusion)
    along = nx * key[0] + ny * key[1] + nz * key[2]
    lit = np.float32(1.0)
    if along > -wrap:
        lit = key_light_reaching(look, px, py, pz, along)
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    length = np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx / length, vy / length, vz / length
    facing = max(nx * vx + ny * vy + nz * vz, np.float32(0.0))
    hx, hy, hz = key[0] + vx, key[1] + vy, key[2] + vz
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    shine = max((nx * hx + ny * hy + nz * hz) / half, np.float32(0.0)) ** power * (power + 8) / np.float32(25.0)
    fresnel = np.float32(0.028) + np.float32(0.6) * (ONE - facing) ** 5
    shine = shine * gloss * fresnel * lit * max(along, np.float32(0.0)) * (ONE - np.float32(0.75) * cartoon)
    rim = gloss * np.float32(0.25) * (ONE - facing) ** 4 * occlusion
    band = np.float32(0.0)
    if cartoon > 0.5:
        band = _band(look, along, lit)
    for c in range(3):
        w = wrap * (np.float32(1.0) if c == 0 else np.float32(0.72))
        soft = max((along + w) / (ONE + w), np.float32(0.0))
        direct = soft * (lit + (ONE - lit) * (np.float32(0.10) if c == 0 else np.float32(0.04)) * wrap)
        if cartoon > 0.5:
            direct = np.float32(0.85) - np.float32(0.85) * look.cel[0] * (ONE - band)
        e = look.environment[c]
        around = e[0] + e[1] * nx + e[2] * ny + e[3] * nz + e[4] * nx * ny + e[5] * ny * nz + e[6] * nz * nx
        around = max(around + e[7] * (nx * nx - ny * ny) + e[8] * (np.float32(3.0) * nz * nz - ONE), np.float32(0.0))
        # Light that bounces between folds of skin takes the skin's colour: creases turn red before they turn black.
        tint = occlusion + (ONE - occlusion) * colour[c] * np.float32(0.35)
        out[c] = colour[c] * (look.key[c] * direct * (np.float32(0.45) + np.float32(0.55) * tint) + around * occlusion)
        out[c] += look.key[c] * shine + e[0] * rim
