"""How light falls on a surface, as compiled functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.render.compiled import inlined, kept
from sfcore.render.look import Look, Scalar
from sfcore.render.texture import ONE, ZERO, smooth

CELL = 4
"""Width in texels of the cells that know whether a shadow's edge is near."""
_f = np.float32
_HALF = np.float32(0.5)


@kept
def shadow_bounds(depth: NDArray, bounds: NDArray) -> None:
    """Fills ``bounds`` (H / CELL, W / CELL, 2) with the least and the greatest depth that a lookup in each cell can meet."""
    height, width = depth.shape
    for y in range(bounds.shape[0]):
        for x in range(bounds.shape[1]):
            low, high = _f(np.inf), _f(-np.inf)
            for j in range(max(0, CELL * y - 2), min(height, CELL * y + CELL + 2)):
                for i in range(max(0, CELL * x - 2), min(width, CELL * x + CELL + 2)):
                    low, high = min(low, depth[j, i]), max(high, depth[j, i])
            bounds[y, x, 0], bounds[y, x, 1] = low, high


@inlined
def key_light_reaching(look: Look, px: Scalar, py: Scalar, pz: Scalar, normal_key: Scalar) -> Scalar:
    """Share of the key light that reaches a point: percentage-closer filtering over 3 x 3 texels, between texels bilinear."""
    axes, frame, depth, bounds = look.shadow_axes, look.shadow_frame, look.shadow_map, look.shadow_bounds
    u = (axes[0, 0] * px + axes[0, 1] * py + axes[0, 2] * pz - frame[0]) * frame[2]
    v = _f(depth.shape[0]) - (axes[1, 0] * px + axes[1, 1] * py + axes[1, 2] * pz - frame[1]) * frame[2]
    bias = _f(0.22) + _HALF * (ONE - max(normal_key, ZERO))
    d = axes[2, 0] * px + axes[2, 1] * py + axes[2, 2] * pz + bias
    edge = _f(2.0)
    if not (u > edge and v > edge and u < _f(depth.shape[1]) - edge and v < _f(depth.shape[0]) - edge):
        return ONE
    down, right = int(v) // CELL, int(u) // CELL
    if bounds[down, right, 1] <= d:
        return ONE
    if bounds[down, right, 0] > d:
        return ZERO
    u, v = u - _HALF, v - _HALF
    ix, iy = int(u), int(v)
    tx, ty = u - _f(ix), v - _f(iy)
    total = ZERO
    for j in range(-1, 3):
        y = iy + j
        a = ZERO if depth[y, ix - 1] > d else ONE - tx
        b = ZERO if depth[y, ix] > d else ONE
        c = ZERO if depth[y, ix + 1] > d else ONE
        e = ZERO if depth[y, ix + 2] > d else tx
        weight = ONE - ty if j == -1 else (ty if j == 2 else ONE)
        total += weight * (a + b + c + e)
    return total / _f(9.0)


@inlined
def highlight(cosine: Scalar, power: Scalar) -> Scalar:
    """About ``cosine`` to a ``power`` of 8 and more: (1 - p (1 - x) / 8)^8, which needs no pow and ends at zero."""
    x = max(ONE - power * (ONE - cosine) * _f(0.125), ZERO)
    x *= x
    x *= x
    return x * x


@inlined
def _rounded(look: Look, nx: Scalar, ny: Scalar, nz: Scalar, px: Scalar, py: Scalar, pz: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """A normal bent towards that of a ball around the head: a drawing's shade follows the head and not each dent of a cheek."""
    eyes, head = look.eye_centres, look.head
    bx = px - _HALF * (eyes[0, 0] + eyes[1, 0]) + _f(6.0) * head[0, 2]
    by = py - _HALF * (eyes[0, 1] + eyes[1, 1]) + _f(6.0) * head[1, 2]
    bz = pz - _HALF * (eyes[0, 2] + eyes[1, 2]) + _f(6.0) * head[2, 2]
    size = _f(2.0) / np.sqrt(bx * bx + by * by + bz * bz)
    nx, ny, nz = nx + bx * size, ny + by * size, nz + bz * size
    shorten = ONE / np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * shorten, ny * shorten, nz * shorten


@inlined
def _band(look: Look, along: Scalar, lit: Scalar) -> Scalar:
    """Tone 0..1 of a drawing's shade: light, shade, and one between where the style has it."""
    edge = look.cel[1]
    light = smooth(_f(0.06) - edge, _f(0.06) + edge, along)
    if look.cel[2] > ZERO:
        light = _f(0.55) * light + _f(0.45) * smooth(_f(0.45) - edge, _f(0.45) + edge, along)
    return light * (_f(0.35) + _f(0.65) * smooth(_f(0.2), _f(0.8), lit))


@inlined
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
    """Adds up key light and surroundings on a surface with the albedo ``colour``; shine after Blinn (1977) and Schlick (1994)."""
    key, viewer, cartoon = look.key_direction, look.viewer, look.cartoon
    if cartoon > _HALF:
        nx, ny, nz = _rounded(look, nx, ny, nz, px, py, pz)
        occlusion = smooth(ZERO, _f(0.6), occlusion)
    along = nx * key[0] + ny * key[1] + nz * key[2]
    lit = ONE
    if along > -wrap:
        lit = key_light_reaching(look, px, py, pz, along)
    vx, vy, vz = viewer[0] - px, viewer[1] - py, viewer[2] - pz
    shorten = ONE / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * shorten, vy * shorten, vz * shorten
    away = ONE - max(nx * vx + ny * vy + nz * vz, ZERO)
    rim = away * away
    rim *= rim
    shine = ZERO
    if along > ZERO and gloss > ZERO:
        hx, hy, hz = key[0] + vx, key[1] + vy, key[2] + vz
        cosine = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
        fresnel = _f(0.028) + _f(0.6) * rim * away
        shine = highlight(max(cosine, ZERO), power) * (power + _f(8.0)) / _f(25.0)
        shine *= gloss * fresnel * lit * along * (ONE - _f(0.75) * cartoon)
    rim *= gloss * _f(0.25) * occlusion
    band = ZERO
    if cartoon > _HALF:
        band = _band(look, along, lit)
    for c in range(3):
        # Blood carries red light farthest past the terminator.
        w = wrap if c == 0 else wrap * _f(0.72)
        soft = max((along + w) / (ONE + w), ZERO)
        direct = soft * (lit + (ONE - lit) * (_f(0.10) if c == 0 else _f(0.04)) * wrap)
        if cartoon > _HALF:
            direct = _f(0.85) - _f(0.85) * look.cel[0] * (ONE - band)
        e = look.environment
        around = e[c, 0] + e[c, 1] * nx + e[c, 2] * ny + e[c, 3] * nz + e[c, 4] * nx * ny + e[c, 5] * ny * nz + e[c, 6] * nz * nx
        around = max(around + e[c, 7] * (nx * nx - ny * ny) + e[c, 8] * (_f(3.0) * nz * nz - ONE), ZERO)
        # Light that bounces between folds of skin takes the skin's colour: creases turn red before they turn black.
        tint = occlusion + (ONE - occlusion) * colour[c] * _f(0.35)
        out[c] = colour[c] * (look.key[c] * direct * (_f(0.45) + _f(0.55) * tint) + around * occlusion)
        out[c] += look.key[c] * shine + e[c, 0] * rim
