"""Colour of every pixel: what the visible triangle is painted with, and how the light falls on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import digest
from sfcore.render import lighting, painting, texture
from sfcore.render import look as look_of
from sfcore.render.albedo import CHANNELS
from sfcore.render.lighting import add_light
from sfcore.render.look import ATTRIBUTES, DEPTH, NORMAL, OCCLUSION, POSITION, UV, Look, Scalar
from sfcore.render.painting import paint_eye, paint_skin
from sfcore.render.texture import ONE, noise, smooth
from sfcore.rigs.parts import Part

_SKIN, _LIPS, _LASHES = int(Part.SKIN), int(Part.LIPS), int(Part.LASHES)
_EYE_LEFT, _EYE_RIGHT, _LID_EDGE = int(Part.EYE_LEFT), int(Part.EYE_RIGHT), int(Part.LID_EDGE)
_TEETH_UPPER, _TEETH_LOWER, _GUMS = int(Part.TEETH_UPPER), int(Part.TEETH_LOWER), int(Part.GUMS)
_TONGUE, _CAVITY, _EAR, _HAIR, _SHIRT = int(Part.TONGUE), int(Part.CAVITY), int(Part.EAR), int(Part.HAIR), int(Part.SHIRT)


@numba.njit(forceinline=True, error_model="numpy")
def _hair(
    look: Look,
    u: Scalar,
    v: Scalar,
    nx: Scalar,
    ny: Scalar,
    nz: Scalar,
    px: Scalar,
    py: Scalar,
    pz: Scalar,
    colour: NDArray,
    occlusion: Scalar,
    out: NDArray,
) -> None:
    """Strands that run down from the crown: streaks of colour and a band of shine across them (after Kajiya and Kay, 1989)."""
    cartoon = look.cartoon
    u = u + look.strand_slant * v
    streak = noise(u * 190, v * 2.2)
    fine = noise(u * 520, v * 5)
    tone = np.float32(0.55) + np.float32(0.5) * streak + np.float32(0.25) * fine
    tone = tone + cartoon * (np.float32(1.0) - tone) * np.float32(0.8)
    for c in range(3):
        colour[c] = look.hair[c] * tone
    add_light(look, nx, ny, nz, px, py, pz, occlusion, colour, np.float32(0.15), np.float32(0.0), np.float32(8.0), out)
    # The strand's direction: straight down within the surface.
    tx, ty, tz = -nx * ny, ONE - ny * ny, -nz * ny
    size = np.sqrt(tx * tx + ty * ty + tz * tz) + np.float32(1e-4)
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    length = np.sqrt(vx * vx + vy * vy + vz * vz)
    hx, hy, hz = look.key_direction[0] + vx / length, look.key_direction[1] + vy / length, look.key_direction[2] + vz / length
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    across = (tx * hx + ty * hy + tz * hz) / (size * half) - np.float32(0.12) * (streak - np.float32(0.5))
    shine = max(ONE - across * across, np.float32(0.0)) ** 22 * np.float32(0.07) * (np.float32(0.4) + np.float32(0.9) * fine)
    facing = max(nx * look.key_direction[0] + ny * look.key_direction[1] + nz * look.key_direction[2], np.float32(0.0))
    for c in range(3):
        out[c] += look.key[c] * shine * facing * (np.float32(0.35) + look.hair[c]) * occlusion


@numba.njit(forceinline=True, error_model="numpy")
def _eye(look: Look, side: Scalar, px: Scalar, py: Scalar, pz: Scalar, colour: NDArray, out: NDArray) -> None:
    """An eyeball: sclera and iris under the shade of the upper lid, with a catch light."""
    centre = look.eye_centres[side]
    dx, dy, dz = px - centre[0], py - centre[1], pz - centre[2]
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx / length, dy / length, dz / length
    on = paint_eye(look, side, dx, dy, dz, colour)
    r = look.head
    lx, ly, lz = (
        r[0, 0] * dx + r[1, 0] * dy + r[2, 0] * dz,
        r[0, 1] * dx + r[1, 1] * dy + r[2, 1] * dz,
        r[0, 2] * dx + r[1, 2] * dy + r[2, 2] * dz,
    )
    t = np.arctan2(lx, lz)
    q = look.lid_shade[side]
    below = q[0] + t * (q[1] + t * q[2]) - np.arcsin(min(max(ly, np.float32(-1.0)), np.float32(1.0)))
    shade = np.float32(0.42) + np.float32(0.58) * smooth(np.float32(-0.06), np.float32(0.34), below)
    shade *= np.float32(1.0) - np.float32(0.35) * smooth(np.float32(0.62), np.float32(1.0), abs(t))
    add_light(look, dx, dy, dz, px, py, pz, shade, colour, np.float32(0.4), np.float32(0.0), np.float32(8.0), out)
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
    sharp = smooth(np.float32(0.9925), np.float32(0.9965), glint) * np.float32(0.75)
    for c in range(3):
        out[c] = out[c] * shade + look.key[c] * (sharp * shade + np.float32(0.05) * glint**40)


@numba.njit(forceinline=True, error_model="numpy")
def _paint_other(
    look: Look, part: Scalar, u: Scalar, v: Scalar, px: Scalar, py: Scalar, occlusion: Scalar, colour: NDArray
) -> Scalar:
    """Albedo of everything but skin, eyes and hair; returns occlusion, wrap, gloss and sharpness of the shine."""
    wrap, gloss, power = np.float32(0.32), np.float32(1.0), np.float32(14.0)
    if part == _EAR:
        for c in range(3):
            colour[c] = look.skin[c] * (np.float32(1.0) if c == 0 else np.float32(0.86))
        occlusion *= np.float32(0.72) + np.float32(0.5) * smooth(np.float32(-0.3), np.float32(0.3), v)
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
            thin = min(np.float32(0.75), v * np.float32(0.55) + np.float32(0.5) * v * noise(u * 60, np.float32(3.0)))
            colour[c] = dark + thin * (look.skin[c] * np.float32(0.5) - dark)
        gloss = np.float32(0.0)
    elif part in (_TEETH_UPPER, _TEETH_LOWER):
        gap = np.float32(0.5) + np.float32(0.5) * smooth(np.float32(0.0), np.float32(0.5), u)
        occlusion = max(occlusion, np.float32(0.6))
        colour[0], colour[1], colour[2] = np.float32(0.76) * gap, np.float32(0.72) * gap, np.float32(0.64) * gap
        wrap, gloss, power = np.float32(0.5), np.float32(1.2), np.float32(50.0)
    elif part == _GUMS:
        colour[0], colour[1], colour[2] = np.float32(0.46), np.float32(0.17), np.float32(0.17)
    elif part == _TONGUE:
        occlusion = max(occlusion, np.float32(0.3))
        colour[0], colour[1], colour[2] = np.float32(0.55), np.float32(0.20), np.float32(0.20)
        gloss, power = np.float32(1.2), np.float32(24.0)
    elif part == _CAVITY:
        colour[0], colour[1], colour[2] = np.float32(0.10), np.float32(0.025), np.float32(0.025)
        gloss = np.float32(0.0)
    else:
        weave = np.float32(0.94) + np.float32(0.06) * noise(px * 14, py * 14)
        for c in range(3):
            colour[c] = look.shirt[c] * weave
        gloss, wrap = np.float32(0.2), np.float32(0.1)
    return occlusion, wrap, gloss, power


@numba.njit(forceinline=True, error_model="numpy")
def _surface(look: Look, atlas: NDArray, part: Scalar, a: NDArray, mask: NDArray, colour: NDArray, out: NDArray) -> None:
    """Light (3,) leaving one point with interpolated attributes ``a`` towards the camera."""
    nx, ny, nz, px, py, pz = a[NORMAL], a[NORMAL + 1], a[NORMAL + 2], a[POSITION], a[POSITION + 1], a[POSITION + 2]
    u, v, occlusion = a[UV], a[UV + 1], a[OCCLUSION]
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    if nx * (look.viewer[0] - px) + ny * (look.viewer[1] - py) + nz * (look.viewer[2] - pz) < 0:
        length = -length
    nx, ny, nz = nx / length, ny / length, nz / length
    wrap, gloss, power = np.float32(0.32), np.float32(1.0), np.float32(14.0)
    if part in (_EYE_LEFT, _EYE_RIGHT):
        _eye(look, 0 if part == _EYE_LEFT else 1, px, py, pz, colour, out)
        return
    if part == _HAIR:
        _hair(look, u, v, nx, ny, nz, px, py, pz, colour, occlusion, out)
        return
    if part in (_SKIN, _LIPS):
        lip = paint_skin(look, atlas, mask, u, v, colour)
        gloss += lip * np.float32(1.1)
        power += lip * np.float32(22.0)
    else:
        occlusion, wrap, gloss, power = _paint_other(look, part, u, v, px, py, occlusion, colour)
        if part in (_TEETH_UPPER, _TEETH_LOWER, _TONGUE):
            # Light comes in between the lips from a wide angle: their shadow is looked up nearer to the lamp.
            px += look.key_direction[0]
            py += look.key_direction[1]
            pz += look.key_direction[2]
    add_light(look, nx, ny, nz, px, py, pz, occlusion, colour, wrap, gloss, power, out)


@numba.njit(forceinline=True, error_model="numpy")
def _at(x: Scalar, y: Scalar, triangle: Scalar, triangles: NDArray, xy: NDArray, table: NDArray, a: NDArray) -> None:
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


@numba.njit(error_model="numpy")
def _shade_all(
    visible: NDArray,
    nearest: NDArray,
    triangles: NDArray,
    parts: NDArray,
    xy: NDArray,
    table: NDArray,
    atlas: NDArray,
    look: Look,
    background: NDArray,
    picture: NDArray,
) -> None:
    """Fills ``picture`` (H, W, 3) float32 with linear light from a visibility buffer (2H, 2W).

    ``table`` (n, ATTRIBUTES) holds the vertices' attributes. The four samples of a pixel that show the same part at about the
    same depth are shaded once, at their mean place.
    """
    height, width = picture.shape[:2]
    a, mask = np.zeros(ATTRIBUTES, np.float32), np.zeros(CHANNELS, np.float32)
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


def _stamp() -> int:
    """A number that changes with the source of any function that `shade` takes in."""
    return int(digest(*(Path(module.__file__ or "").read_bytes() for module in (texture, painting, lighting, look_of))), 16) >> 66


def _compiled(stamp: int) -> Any:
    """Numba's cache knows a function by its own file and closure; the stamp in the closure makes it see the others change."""

    @numba.njit(cache=True, error_model="numpy")
    def shade(
        visible: NDArray,
        nearest: NDArray,
        triangles: NDArray,
        parts: NDArray,
        xy: NDArray,
        table: NDArray,
        atlas: NDArray,
        look: Look,
        background: NDArray,
        picture: NDArray,
    ) -> None:
        if stamp >= 0:
            _shade_all(visible, nearest, triangles, parts, xy, table, atlas, look, background, picture)

    return shade


shade = _compiled(_stamp())
"""Fills a picture with linear light; see `_shade_all`."""
