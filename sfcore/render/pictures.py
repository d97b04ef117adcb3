"""Pictures on triangles: packed with their smaller versions, and looked up from compiled code.

Faces of 96 to 256 pixels are drawn from pictures of 1,000 to 4,000: a lookup takes its texels from versions halved until a
texel is about a pixel (mipmaps; Williams, Pyramidal parametrics, 1983), and blends two of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfcore.render.compiled import inlined
from sfcore.render.look import Scalar
from sfcore.render.texture import ONE, ZERO
from sfcore.rigs.rig import Textures

_f = np.float32
PAINTED = -1
"""The picture of a triangle that has none."""
_LEVELS = 14
_OPAQUE = 250
"""Alpha from which a texel hides what is behind: lossy files do not keep 255."""


class Pictures(NamedTuple):
    """All pictures of a rig in arrays that compiled code takes, whatever their number and sizes."""

    texels: NDArray
    """(k, 4) uint8 sRGB with straight alpha, all versions of all pictures one after the other, row by row."""
    levels: NDArray
    """(pictures, levels, 3) int32: first texel, width and height of each version."""
    light: NDArray
    """(256,) float32 linear light of each sRGB value."""
    uv: NDArray
    """(n, 2) float32 of each vertex."""
    of_triangle: NDArray
    """(m,) int16, `PAINTED` for none."""


def _light_of_srgb() -> NDArray[np.float32]:
    """IEC 61966-2-1."""
    v = np.arange(256) / 255.0
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _srgb_of_light(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Nearest of the 256 values."""
    table = _light_of_srgb()
    return np.searchsorted((table[1:] + table[:-1]) / 2, light).astype(np.uint8)


def _pairs_added(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Sums of neighbours along an axis; the last of an odd number is left out."""
    if values.shape[axis] == 1:
        return values * np.float32(2.0)
    even = values.shape[axis] // 2 * 2
    first, second = (np.take(values, range(start, even, 2), axis=axis) for start in (0, 1))
    return first + second


def _versions(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A picture and its halves down to one texel, averaged in linear light with transparent texels left out."""
    table = _light_of_srgb()
    result = [np.ascontiguousarray(image)]
    alpha: NDArray[np.float32] = image[..., 3:].astype(np.float32) / np.float32(255)
    light: NDArray[np.float32] = table[image[..., :3]] * alpha
    while max(result[-1].shape[:2]) > 1 and len(result) < _LEVELS:
        for axis in (0, 1):
            light, alpha = _pairs_added(light, axis), _pairs_added(alpha, axis)
        light, alpha = light * np.float32(0.25), alpha * np.float32(0.25)
        colour = _srgb_of_light((light / np.maximum(alpha, np.float32(1e-6))).astype(np.float32))
        result.append(np.concatenate([colour, np.round(alpha * 255).astype(np.uint8)], axis=2))
    return result


def pack(textures: Textures | None, vertices: int, order: NDArray[np.intp]) -> Pictures:
    """Packs the pictures of a rig with ``vertices`` vertices whose triangles are drawn in ``order`` (m,)."""
    if textures is None or not textures.images:
        nothing = np.zeros((1, 4), np.uint8)
        painted = np.full(len(order), PAINTED, np.int16)
        return Pictures(nothing, np.ones((1, 1, 3), np.int32), _light_of_srgb(), np.zeros((vertices, 2), np.float32), painted)
    levels = np.zeros((len(textures.images), _LEVELS, 3), np.int32)
    pieces, start = [], 0
    for picture, image in enumerate(textures.images):
        versions = _versions(image)
        for level in range(_LEVELS):
            small = versions[min(level, len(versions) - 1)]
            if level < len(versions):
                pieces.append(small.reshape(-1, 4))
                levels[picture, level] = start, small.shape[1], small.shape[0]
                start += len(pieces[-1])
            else:
                levels[picture, level] = levels[picture, level - 1]
    uv = np.ascontiguousarray(textures.uv, np.float32)
    of_triangle = np.ascontiguousarray(textures.of_triangle[order])
    return Pictures(np.concatenate(pieces), levels, _light_of_srgb(), uv, of_triangle)


def cover_of_triangles(textures: Textures | None, triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Share (m,) of opaque texels in the box around each triangle in its picture; 1 where it has none."""
    cover = np.ones(len(triangles), np.float32)
    if textures is None:
        return cover
    for picture, image in enumerate(textures.images):
        mine = np.flatnonzero(textures.of_triangle == picture)
        holes = image[..., 3] < _OPAQUE
        if not holes.any() or not len(mine):
            continue
        below = np.pad(holes.cumsum(0, dtype=np.int64).cumsum(1), ((1, 0), (1, 0)))
        corners = textures.uv[triangles[mine]]
        corners = corners - np.floor(corners.min(axis=1, keepdims=True))
        size = np.array([holes.shape[1], holes.shape[0]])
        x0, y0 = np.clip(np.floor(corners.min(axis=1) * size).astype(int), 0, size - 1).T
        x1, y1 = np.clip(np.ceil(corners.max(axis=1) * size).astype(int), np.stack([x0, y0], -1) + 1, size).T
        count = below[y1, x1] - below[y0, x1] - below[y1, x0] + below[y0, x0]
        share = 1.0 - count / ((x1 - x0) * (y1 - y0))
        # A triangle over the seam of a repeating picture takes the whole picture's share.
        cover[mine] = np.where((corners.max(axis=1) > 1.0).any(axis=1), 1.0 - holes.mean(), share)
    return cover


def mean_light(textures: Textures | None, triangles: NDArray[np.int32], chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean linear light (3,) of the pictures over the ``chosen`` triangles, counted alike; 0.5 where there are none."""
    mine = np.flatnonzero(chosen & (textures.of_triangle >= 0)) if textures is not None else np.zeros(0, int)
    if textures is None or not len(mine):
        return np.full(3, 0.5, np.float32)
    middle = textures.uv[triangles[mine]].mean(axis=1) % 1.0
    found = np.zeros((len(mine), 3))
    for picture in np.unique(textures.of_triangle[mine]):
        image, here = textures.images[picture], textures.of_triangle[mine] == picture
        x, y = (np.minimum((middle[here, c] * image.shape[1 - c]).astype(int), image.shape[1 - c] - 1) for c in (0, 1))
        found[here] = _light_of_srgb()[image[y, x, :3]]
    return np.maximum(found.mean(axis=0), 0.01).astype(np.float32)


@inlined
def texels_across(pictures: Pictures, picture: Scalar, uv_area: Scalar, area: Scalar) -> Scalar:
    """Texels of the whole picture that one unit of the screen spans in a triangle, from its areas in both."""
    size = _f(pictures.levels[picture, 0, 1]) * _f(pictures.levels[picture, 0, 2])
    return np.sqrt(abs(uv_area) * size / max(abs(area), _f(1e-6)))


@inlined
def look_up(pictures: Pictures, picture: Scalar, u: Scalar, v: Scalar, across: Scalar, out: NDArray) -> None:
    """Linear light and alpha (4,) of a picture around (u, v) where one unit of the screen spans ``across`` texels."""
    texels, last = pictures.texels, pictures.levels.shape[1] - 1
    level = 0
    while across >= _f(2.0) and level < last:
        across *= _f(0.5)
        level += 1
    blend = min(max(across - ONE, ZERO), ONE)
    red, green, blue, alpha = ZERO, ZERO, ZERO, ZERO
    for step in range(2):
        share = blend if step == 1 else ONE - blend
        if share <= ZERO:
            continue
        at = min(level + step, last)
        start, wide, high = pictures.levels[picture, at, 0], pictures.levels[picture, at, 1], pictures.levels[picture, at, 2]
        x, y = (u - np.floor(u)) * _f(wide) - _f(0.5), (v - np.floor(v)) * _f(high) - _f(0.5)
        fx, fy = np.floor(x), np.floor(y)
        tx, ty = x - fx, y - fy
        for corner in range(4):
            right, down = corner & 1, corner >> 1
            row, column = (int(fy) + down) % high, (int(fx) + right) % wide
            at_texel = start + row * wide + column
            weight = share * (tx if right == 1 else ONE - tx) * (ty if down == 1 else ONE - ty) * _f(texels[at_texel, 3])
            red += weight * pictures.light[texels[at_texel, 0]]
            green += weight * pictures.light[texels[at_texel, 1]]
            blue += weight * pictures.light[texels[at_texel, 2]]
            alpha += weight
    scale = ONE / max(alpha, _f(1e-6))
    out[0], out[1], out[2], out[3] = red * scale, green * scale, blue * scale, alpha / _f(255.0)
