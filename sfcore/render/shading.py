"""Colour of every pixel: what the visible triangle is painted with, and how the light falls on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.render import lighting, painting, pictures, texture
from sfcore.render import look as look_of
from sfcore.render.compiled import inlined, kept, stamp
from sfcore.render.lighting import add_light, highlight
from sfcore.render.look import ATTRIBUTES, DEPTH, NORMAL, OCCLUSION, POSITION, SCREEN_X, SCREEN_Y, UV, Look, Scalar
from sfcore.render.painting import fold_picture, on_iris, paint_eye, paint_skin
from sfcore.render.pictures import Pictures, look_up, texels_across
from sfcore.render.texture import ONE, ZERO, noise, smooth
from sfcore.rigs.parts import Part

_f = np.float32
_SKIN, _LIPS, _LASHES, _BROW = int(Part.SKIN), int(Part.LIPS), int(Part.LASHES), int(Part.BROW)
_EYE_LEFT, _EYE_RIGHT, _LID_EDGE = int(Part.EYE_LEFT), int(Part.EYE_RIGHT), int(Part.LID_EDGE)
_IRIS_LEFT, _IRIS_RIGHT = int(Part.IRIS_LEFT), int(Part.IRIS_RIGHT)
_TEETH_UPPER, _TEETH_LOWER, _GUMS = int(Part.TEETH_UPPER), int(Part.TEETH_LOWER), int(Part.GUMS)
_TONGUE, _CAVITY, _EAR, _HAIR, _SHIRT = int(Part.TONGUE), int(Part.CAVITY), int(Part.EAR), int(Part.HAIR), int(Part.SHIRT)
SCRATCH = 16
BACK_OF_HEAD = 64
"""Added to the part of triangles on which no face is painted."""


@inlined
def _hair(
    look: Look,
    painted: bool,
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
    cartoon, key = look.cartoon, look.key_direction
    u = u + look.strand_slant * v
    streak, fine = _f(0.5), _f(0.5)
    if painted:
        streak, fine = noise(look.grain, u * _f(190.0), v * _f(2.2)), noise(look.grain, u * _f(520.0), v * _f(5.0))
        tone = _f(0.55) + _f(0.5) * streak + _f(0.25) * fine
        tone = tone + cartoon * (ONE - tone) * _f(0.8)
        for c in range(3):
            colour[c] = look.hair[c] * tone
    add_light(look, nx, ny, nz, px, py, pz, occlusion, colour, _f(0.15), ZERO, _f(8.0), out)
    facing = nx * key[0] + ny * key[1] + nz * key[2]
    if facing <= ZERO:
        return
    # The strand's direction: straight down within the surface.
    tx, ty, tz = -nx * ny, ONE - ny * ny, -nz * ny
    size = np.sqrt(tx * tx + ty * ty + tz * tz) + _f(1e-4)
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    shorten = ONE / np.sqrt(vx * vx + vy * vy + vz * vz)
    hx, hy, hz = key[0] + vx * shorten, key[1] + vy * shorten, key[2] + vz * shorten
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    across = (tx * hx + ty * hy + tz * hz) / (size * half) - _f(0.12) * (streak - _f(0.5))
    shine = highlight(max(ONE - across * across, ZERO), _f(22.0)) * _f(0.07) * (_f(0.4) + _f(0.9) * fine) * facing * occlusion
    for c in range(3):
        out[c] += look.key[c] * shine * (_f(0.35) + look.hair[c])


@inlined
def _eye(look: Look, side: Scalar, painted: bool, px: Scalar, py: Scalar, pz: Scalar, colour: NDArray, out: NDArray) -> None:
    """An eyeball: sclera and iris under the shade of the upper lid, with a catch light."""
    centre, r = look.eye_centres, look.head
    dx, dy, dz = px - centre[side, 0], py - centre[side, 1], pz - centre[side, 2]
    shorten = ONE / (np.sqrt(dx * dx + dy * dy + dz * dz) + _f(1e-6))
    dx, dy, dz = dx * shorten, dy * shorten, dz * shorten
    on = paint_eye(look, side, dx, dy, dz, colour) if painted else on_iris(look, side, dx, dy, dz)
    lx = r[0, 0] * dx + r[1, 0] * dy + r[2, 0] * dz
    ly = r[0, 1] * dx + r[1, 1] * dy + r[2, 1] * dz
    # Azimuth and elevation, as far as the lids let one see: x (1 + x²/6) is the arcsine to within 2 % up to 0.8.
    flat = lx / np.sqrt(max(ONE - ly * ly, _f(1e-3)))
    t, rise = flat * (ONE + flat * flat / _f(6.0)), ly * (ONE + ly * ly / _f(6.0))
    q = look.lid_shade
    below = q[side, 0] + t * (q[side, 1] + t * q[side, 2]) - rise
    shade = _f(0.42) + _f(0.58) * smooth(_f(-0.06), _f(0.34), below)
    shade *= ONE - _f(0.35) * smooth(_f(0.62), ONE, abs(t))
    add_light(look, dx, dy, dz, px, py, pz, shade, colour, _f(0.4), ZERO, _f(8.0), out)
    # The cornea bulges: its normal leans away from the axis.
    axis, bulge = look.eye_axes, on * _f(0.5)
    nx, ny, nz = dx + bulge * (dx - axis[side, 0]), dy + bulge * (dy - axis[side, 1]), dz + bulge * (dz - axis[side, 2])
    vx, vy, vz = look.viewer[0] - px, look.viewer[1] - py, look.viewer[2] - pz
    far = _f(1.55) / np.sqrt(vx * vx + vy * vy + vz * vz)
    # The catch light stays inside the iris whatever the light: a lamp that is half way to the camera.
    hx = _f(0.45) * look.key_direction[0] + far * vx
    hy = _f(0.45) * look.key_direction[1] + _f(0.16) + far * vy
    hz = _f(0.45) * look.key_direction[2] + far * vz
    size = (nx * nx + ny * ny + nz * nz) * (hx * hx + hy * hy + hz * hz)
    glint = max((nx * hx + ny * hy + nz * hz) / np.sqrt(size), ZERO)
    sharp = smooth(_f(0.9925), _f(0.9965), glint) * _f(0.75) * shade + _f(0.05) * highlight(glint, _f(40.0))
    for c in range(3):
        out[c] = out[c] * shade + look.key[c] * sharp


@inlined
def _paint_other(look: Look, part: Scalar, u: Scalar, px: Scalar, py: Scalar, colour: NDArray) -> None:
    """Albedo of everything but skin, eyes and hair."""
    if part == _EAR:
        colour[0], colour[1], colour[2] = look.skin[0], look.skin[1] * _f(0.86), look.skin[2] * _f(0.86)
    elif part == _LID_EDGE:
        colour[0], colour[1], colour[2] = look.skin[0] * _f(0.92), look.skin[1] * _f(0.68), look.skin[2] * _f(0.66)
    elif part == _LASHES:
        for c in range(3):
            colour[c] = _f(0.018) + look.brow[c] * _f(0.12)
    elif part == _BROW:
        for c in range(3):
            colour[c] = look.brow[c]
    elif part in (_TEETH_UPPER, _TEETH_LOWER):
        gap = _f(0.5) + _f(0.5) * smooth(ZERO, _f(0.5), u)
        colour[0], colour[1], colour[2] = _f(0.76) * gap, _f(0.72) * gap, _f(0.64) * gap
    elif part == _GUMS:
        colour[0], colour[1], colour[2] = _f(0.46), _f(0.17), _f(0.17)
    elif part == _TONGUE:
        colour[0], colour[1], colour[2] = _f(0.55), _f(0.20), _f(0.20)
    elif part == _CAVITY:
        colour[0], colour[1], colour[2] = _f(0.10), _f(0.025), _f(0.025)
    else:
        weave = _f(0.94) + _f(0.06) * noise(look.grain, px * _f(14.0), py * _f(14.0))
        for c in range(3):
            colour[c] = look.shirt[c] * weave


@inlined
def _polish(part: Scalar, painted: bool, v: Scalar, occlusion: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """Occlusion, wrap, gloss and sharpness of the shine of everything but skin, eyes and hair."""
    wrap, gloss, power = _f(0.32), ONE, _f(14.0)
    if part == _EAR:
        if painted:
            occlusion = min(occlusion * (_f(0.72) + _f(0.5) * smooth(_f(-0.3), _f(0.3), v)), ONE)
    elif part == _LID_EDGE:
        occlusion *= _f(0.8)
    elif part in (_LASHES, _BROW, _CAVITY):
        gloss = ZERO
    elif part in (_TEETH_UPPER, _TEETH_LOWER):
        occlusion, wrap, gloss, power = max(occlusion, _f(0.6)), _f(0.5), _f(1.2), _f(50.0)
    elif part == _TONGUE:
        occlusion, gloss, power = max(occlusion, _f(0.3)), _f(1.2), _f(24.0)
    elif part == _SHIRT:
        wrap, gloss = _f(0.1), _f(0.2)
    return occlusion, wrap, gloss, power


@inlined
def _surface(
    look: Look,
    atlas: NDArray,
    kind: Scalar,
    painted: bool,
    a: NDArray,
    occlusion: Scalar,
    mask: NDArray,
    colour: NDArray,
    out: NDArray,
) -> None:
    """Light (3,) leaving one point with interpolated attributes ``a`` towards the camera.

    Unless ``painted``, ``colour`` holds what the picture on the triangle shows there.
    """
    front = kind < BACK_OF_HEAD
    part = kind if front else kind - BACK_OF_HEAD
    nx, ny, nz, px, py, pz = a[NORMAL], a[NORMAL + 1], a[NORMAL + 2], a[POSITION], a[POSITION + 1], a[POSITION + 2]
    u, v = a[UV], a[UV + 1]
    shorten = ONE / (np.sqrt(nx * nx + ny * ny + nz * nz) + _f(1e-9))
    if nx * (look.viewer[0] - px) + ny * (look.viewer[1] - py) + nz * (look.viewer[2] - pz) < ZERO:
        shorten = -shorten
    nx, ny, nz = nx * shorten, ny * shorten, nz * shorten
    if part in (_EYE_LEFT, _EYE_RIGHT, _IRIS_LEFT, _IRIS_RIGHT):
        _eye(look, 0 if part in (_EYE_LEFT, _IRIS_LEFT) else 1, painted, px, py, pz, colour, out)
        return
    if part == _HAIR:
        if not painted:
            for c in range(3):
                colour[c] *= look.hair_tint[c]
        _hair(look, painted, u, v, nx, ny, nz, px, py, pz, colour, occlusion, out)
        return
    if part in (_SKIN, _LIPS):
        wrap, gloss, power = _f(0.32), ONE, _f(14.0)
        if painted:
            lip = paint_skin(look, atlas, mask, front, u, v, colour)
        else:
            lip = fold_picture(look, atlas, mask, front, u, v, colour)
        gloss += lip * _f(1.1)
        power += lip * _f(22.0)
    else:
        if painted:
            _paint_other(look, part, u, px, py, colour)
        elif part in (_EAR, _LID_EDGE):
            for c in range(3):
                colour[c] *= look.skin_tint[c]
        occlusion, wrap, gloss, power = _polish(part, painted, v, occlusion)
        if part in (_TEETH_UPPER, _TEETH_LOWER, _TONGUE):
            # Light comes in between the lips from a wide angle: their shadow is looked up nearer to the lamp.
            px += look.key_direction[0]
            py += look.key_direction[1]
            pz += look.key_direction[2]
    add_light(look, nx, ny, nz, px, py, pz, occlusion, colour, wrap, gloss, power, out)


@inlined
def _at(
    x: Scalar,
    y: Scalar,
    triangle: Scalar,
    triangles: NDArray,
    screen: NDArray,
    table: NDArray,
    pictures: Pictures,
    a: NDArray,
    texel: NDArray,
) -> Scalar:
    """Perspective-correct attributes (ATTRIBUTES,) and texel (4,) of a triangle at a sample; returns its occlusion."""
    i, j, k = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
    ax, ay = screen[i, SCREEN_X], screen[i, SCREEN_Y]
    bx, by = screen[j, SCREEN_X] - ax, screen[j, SCREEN_Y] - ay
    cx, cy = screen[k, SCREEN_X] - ax, screen[k, SCREEN_Y] - ay
    dx, dy = x - ax, y - ay
    area = bx * cy - by * cx
    s = ONE / area
    # The mean place of several samples can lie a little outside.
    wb = min(max((dx * cy - dy * cx) * s, _f(-0.5)), _f(1.5))
    wc = min(max((bx * dy - by * dx) * s, _f(-0.5)), _f(1.5))
    wa = (ONE - wb - wc) * screen[i, DEPTH]
    wb *= screen[j, DEPTH]
    wc *= screen[k, DEPTH]
    s = ONE / (wa + wb + wc)
    wa, wb, wc = wa * s, wb * s, wc * s
    for n in range(ATTRIBUTES):
        a[n] = wa * table[i, n] + wb * table[j, n] + wc * table[k, n]
    picture = pictures.of_triangle[triangle]
    if picture >= 0:
        uv = pictures.uv
        uv_area = (uv[j, 0] - uv[i, 0]) * (uv[k, 1] - uv[i, 1]) - (uv[j, 1] - uv[i, 1]) * (uv[k, 0] - uv[i, 0])
        u, v = wa * uv[i, 0] + wb * uv[j, 0] + wc * uv[k, 0], wa * uv[i, 1] + wb * uv[j, 1] + wc * uv[k, 1]
        # The screen counts samples, of which a pixel is two wide.
        look_up(pictures, picture, u, v, _f(2.0) * texels_across(pictures, picture, uv_area, area), texel)
    return wa * screen[i, OCCLUSION] + wb * screen[j, OCCLUSION] + wc * screen[k, OCCLUSION]


@inlined
def _alike(one: Scalar, other: Scalar, depth: Scalar, other_depth: Scalar, kinds: NDArray) -> bool:
    """Whether two samples show the same part at about the same depth."""
    if one == other:
        return True
    if one < 0 or other < 0:
        return False
    return kinds[one] == kinds[other] and abs(other_depth - depth) < _f(0.006) * depth


@inlined
def _shade_all(
    visible: NDArray,
    nearest: NDArray,
    triangles: NDArray,
    kinds: NDArray,
    screen: NDArray,
    table: NDArray,
    pictures: Pictures,
    atlas: NDArray,
    look: Look,
    scratch: NDArray,
    picture: NDArray,
) -> None:
    """Draws over the background in ``picture`` (H, W, 3), linear light, what a visibility buffer (2H, 2W) shows.

    ``scratch`` (4, `SCRATCH`) float32 is written over. The four samples of a pixel that show the same part at about the same
    depth are shaded once, at their mean place.
    """
    height, width = picture.shape[:2]
    a, mask, colour, out = scratch[0], scratch[1], scratch[2], scratch[3]
    for y in range(height):
        for x in range(width):
            top, low = 2 * y, 2 * y + 1
            # All four are negative: the sign of their bitwise and.
            if (visible[top, 2 * x] & visible[top, 2 * x + 1] & visible[low, 2 * x] & visible[low, 2 * x + 1]) < 0:
                continue
            total0, total1, total2 = ZERO, ZERO, ZERO
            done = 0
            for s in range(4):
                if (done >> s) & 1:
                    continue
                sy, sx = 2 * y + (s >> 1), 2 * x + (s & 1)
                t, depth = visible[sy, sx], nearest[sy, sx]
                count, mean_x, mean_y = ONE, _f(sx) + _f(0.5), _f(sy) + _f(0.5)
                for o in range(s + 1, 4):
                    oy, ox = 2 * y + (o >> 1), 2 * x + (o & 1)
                    if not (done >> o) & 1 and _alike(t, visible[oy, ox], depth, nearest[oy, ox], kinds):
                        done |= 1 << o
                        count += ONE
                        mean_x += _f(ox) + _f(0.5)
                        mean_y += _f(oy) + _f(0.5)
                if t < 0:
                    for c in range(3):
                        out[c] = picture[y, x, c]
                else:
                    share = ONE / count
                    occlusion = _at(mean_x * share, mean_y * share, t, triangles, screen, table, pictures, a, colour)
                    _surface(look, atlas, kinds[t], pictures.of_triangle[t] < 0, a, occlusion, mask, colour, out)
                total0 += count * out[0]
                total1 += count * out[1]
                total2 += count * out[2]
            picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = total0 * _f(0.25), total1 * _f(0.25), total2 * _f(0.25)


def _compiled(stamp: int) -> Any:
    """See `sfcore.render.compiled`."""

    @kept
    def shade(
        visible: NDArray,
        nearest: NDArray,
        triangles: NDArray,
        kinds: NDArray,
        screen: NDArray,
        table: NDArray,
        pictures: Pictures,
        atlas: NDArray,
        look: Look,
        scratch: NDArray,
        picture: NDArray,
    ) -> None:
        if stamp >= 0:
            _shade_all(visible, nearest, triangles, kinds, screen, table, pictures, atlas, look, scratch, picture)

    return shade


shade = _compiled(stamp(texture, painting, lighting, pictures, look_of))
"""Draws over a background; see `_shade_all`."""
