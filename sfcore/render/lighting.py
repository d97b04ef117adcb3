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
    """Adds up key, fill and surroundings on a surface with the albedo ``colour``."""
    key = look.key_direction
    along = nx * key[0] + ny * key[1] + nz * key[2]
    lit = np.float32(1.0)
    if along > -wrap:
        lit = key_light_reaching(look, px, py, pz, along)
    cartoon = look.cartoon
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
    fresnel = np.float32(0.028) + np.float32(0.6) * (ONE - facing) ** 5
    shine = shine * gloss * fresnel * lit * max(along, np.float32(0.0)) * (ONE - np.float32(0.75) * cartoon)
    rim = gloss * np.float32(0.25) * (ONE - facing) ** 4 * occlusion
    for c in range(3):
        w = wrap * (np.float32(1.0) if c == 0 else np.float32(0.72))
        soft = max((along + w) / (ONE + w), np.float32(0.0))
        direct = soft * (lit + (ONE - lit) * (np.float32(0.10) if c == 0 else np.float32(0.04)) * wrap)
        if cartoon > 0.5:
            band = smooth(np.float32(-0.02), np.float32(0.14), along) * (np.float32(0.55) + np.float32(0.45) * lit)
            direct = np.float32(0.30) + np.float32(0.50) * band
        around = (look.ground[c] + (look.sky[c] - look.ground[c]) * up) * occlusion
        # Light that bounces between folds of skin takes the skin's colour: creases turn red before they turn black.
        tint = occlusion + (ONE - occlusion) * colour[c] * np.float32(0.35)
        out[c] = colour[c] * (
            look.key[c] * direct * (np.float32(0.45) + np.float32(0.55) * tint) + look.fill[c] * fill * occlusion + around
        )
        out[c] += look.key[c] * shine + look.sky[c] * rim
