"""Triangles that let something behind shine through: lashes, the ends of hair, cards with pictures of hair.

A sample shows such a triangle where its alpha passes the sample's own threshold (alpha to coverage), so depth sorts everything
and no order of drawing matters; the four samples of a pixel and their neighbours have thresholds spread evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.render import look as look_of
from sfcore.render import pictures as pictures_of
from sfcore.render import texture
from sfcore.render.compiled import inlined, kept, stamp
from sfcore.render.look import UV, Scalar
from sfcore.render.pictures import Pictures, look_up, texels_across
from sfcore.render.texture import ONE, ZERO, noise, smooth
from sfcore.rigs.parts import Part

_f = np.float32
_LASHES = int(Part.LASHES)
_LASH_COUNT = _f(30.0)
"""Lashes along one lid. People have three times as many in several rows, which stick together in about so many tufts."""
HAIR_ENDS = 0.86
"""Place between crown (0) and edge (1) from which strands of hair end."""
_THRESHOLDS = ((np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) + 0.5) / 16).astype(np.float32)
"""Bayer (1973): any 2 x 2 of them, the samples of one pixel, are a quarter apart."""


@inlined
def lash_cover(lattice: NDArray, u: Scalar, v: Scalar, across: Scalar) -> Scalar:
    """Cover 0..1 at ``u`` along the lid and ``v`` from root to tip, where one sample spans ``across`` of u."""
    place = u * _LASH_COUNT + _f(0.7) * noise(lattice, u * _f(13.0), v * _f(0.8))
    lash = np.floor(place)
    own = lattice[5, int(lash) & 127]
    length = _f(0.62) + _f(0.38) * own
    taper = max(ONE - v / length, ZERO)
    # At the root they stand so close that they make a line.
    half = _f(0.62) * np.sqrt(taper) + _f(0.6) * (ONE - smooth(_f(0.05), _f(0.4), v))
    gap = abs(place - lash - _f(0.5)) * _f(2.0)
    sharp = ONE - smooth(half - _f(0.2), half + _f(0.2), gap)
    # Lashes that are finer than a sample cover it in part.
    mean = _f(0.58) * np.sqrt(max(ONE - v, ZERO)) + _f(0.4) * (ONE - smooth(_f(0.05), _f(0.4), v))
    return sharp + (mean - sharp) * smooth(_f(0.3), _f(0.8), across * _LASH_COUNT)


@inlined
def hair_cover(lattice: NDArray, u: Scalar, v: Scalar, across: Scalar) -> Scalar:
    """Cover 0..1 of hair at ``u`` around the head and ``v`` from crown to edge: strands end one after the other."""
    end = (v - _f(HAIR_ENDS)) / _f(1.0 - HAIR_ENDS)
    if end <= ZERO:
        return ONE
    lock = noise(lattice, u * _f(90.0), v * _f(1.5))
    strand = noise(lattice, u * _f(420.0), v * _f(4.0))
    long = _f(0.12) + _f(0.5) * lock + _f(0.55) * (strand + (_f(0.5) - strand) * smooth(_f(0.4), _f(1.4), across * _f(420.0)))
    return ONE - smooth(long - _f(0.2), long + _f(0.1), end)


@inlined
def _rasterise(
    screen: NDArray,
    triangles: NDArray,
    two_sided: NDArray,
    parts: NDArray,
    table: NDArray,
    pictures: Pictures,
    lattice: NDArray,
    first: int,
    last: int,
    texel: NDArray,
    visible: NDArray,
    nearest: NDArray,
) -> None:
    """Draws the triangles ``first`` up to ``last`` as `kernel.rasterise` does, where they cover enough; a perspective is assumed.

    ``texel`` (4,) float32 is written over.
    """
    height, width = visible.shape
    for t in range(first, last):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1], screen[k, 0], screen[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if not (area < ZERO or (area > ZERO and two_sided[t])):
            continue
        x0, x1 = max(0, int(np.ceil(min(ax, min(bx, cx)) - _f(0.5)))), min(width - 1, int(max(ax, max(bx, cx)) - _f(0.5)))
        y0, y1 = max(0, int(np.ceil(min(ay, min(by, cy)) - _f(0.5)))), min(height - 1, int(max(ay, max(by, cy)) - _f(0.5)))
        if x0 > x1 or y0 > y1:
            continue
        picture = pictures.of_triangle[t]
        uv, column = (pictures.uv, 0) if picture >= 0 else (table, UV)
        ua, ub, uc = uv[i, column], uv[j, column], uv[k, column]
        va, vb, vc = uv[i, column + 1], uv[j, column + 1], uv[k, column + 1]
        s = ONE / area
        bdx, bdy, cdx, cdy = (cy - ay) * s, -(cx - ax) * s, -(by - ay) * s, (bx - ax) * s
        if picture >= 0:
            across = texels_across(pictures, picture, (ub - ua) * (vc - va) - (vb - va) * (uc - ua), area)
        else:
            across = abs((ub - ua) * bdx + (uc - ua) * cdx) + abs((ub - ua) * bdy + (uc - ua) * cdy)
        shift = (t >> 1) * 7
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = _f(x) + _f(0.5) - ax, _f(y) + _f(0.5) - ay
                wb, wc = px * bdx + py * bdy, px * cdx + py * cdy
                wa = ONE - wb - wc
                if wa < ZERO or wb < ZERO or wc < ZERO:
                    continue
                wa, wb, wc = wa * screen[i, 2], wb * screen[j, 2], wc * screen[k, 2]
                d = wa + wb + wc
                if d <= nearest[y, x]:
                    continue
                u, v = (wa * ua + wb * ub + wc * uc) / d, (wa * va + wb * vb + wc * vc) / d
                if picture >= 0:
                    look_up(pictures, picture, u, v, across, texel)
                    cover = texel[3]
                elif parts[t] == _LASHES:
                    cover = lash_cover(lattice, u, v, across)
                else:
                    cover = hair_cover(lattice, u, v, across)
                if cover > _THRESHOLDS[(y ^ (shift >> 2)) & 3, (x ^ shift) & 3]:
                    nearest[y, x] = d
                    visible[y, x] = t


def _compiled(stamp: int) -> Any:
    """See `sfcore.render.compiled`."""

    @kept
    def rasterise_clear(
        screen: NDArray,
        triangles: NDArray,
        two_sided: NDArray,
        parts: NDArray,
        table: NDArray,
        pictures: Pictures,
        lattice: NDArray,
        first: int,
        last: int,
        texel: NDArray,
        visible: NDArray,
        nearest: NDArray,
    ) -> None:
        if stamp >= 0:
            _rasterise(screen, triangles, two_sided, parts, table, pictures, lattice, first, last, texel, visible, nearest)

    return rasterise_clear


rasterise_clear = _compiled(stamp(texture, pictures_of, look_of))
"""Draws clear triangles; see `_rasterise`."""
