"""What each cell of a picture shows: which tissue, which place of the face, and how far the expression has moved it there.

A tower of many cells that must say this of each learns to see from every cell of every picture, and the renderer gives it for
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.render.draw import Renderer
from sfcore.render.scene import Scene
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats

TISSUES: tuple[tuple[Part, ...], ...] = (
    (Part.SKIN, Part.LID_EDGE, Part.EAR),
    (Part.LIPS,),
    (Part.BROW, Part.LASHES),
    (Part.EYE_LEFT, Part.EYE_RIGHT, Part.IRIS_LEFT, Part.IRIS_RIGHT),
    (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS),
    (Part.TONGUE,),
    (Part.CAVITY,),
    (Part.HAIR, Part.HEADWEAR),
    (Part.GLASSES, Part.OCCLUDER),
    (Part.SHIRT, Part.BACKGROUND),
)
"""What a cell can show, in the order of `FaceMap.shares`."""
_OF_PART = np.array([next(k for k, parts in enumerate(TISSUES) if part in parts) for part in Part])
_SURFACE = np.isin(np.arange(len(Part)), (Part.SKIN, Part.LID_EDGE, Part.LIPS, Part.BROW, Part.LASHES))
SAMPLES = 4
"""Samples looked at along each side of a cell: of an 8-pixel cell every fourth of the doubled grid's 16."""


@dataclass(frozen=True, eq=False)
class FaceMap:
    """Of each of ``cells`` x ``cells`` cells, row by row from the upper left: ``shares`` (c, c, 10) of the tissues, ``place``
    (c, c, 2) on the frontal plane of the procedural head in centimetres, ``moved`` (c, c, 3) by the expression in centimetres in
    the head's frame, and ``surface`` (c, c), the share of the cell that place and movement are means over (they are 0 where that
    is 0)."""

    shares: Floats
    place: Floats
    moved: Floats
    surface: Floats


def draw_mapped(renderer: Renderer, scene: Scene, cells: int) -> tuple[NDArray[np.uint8], FaceMap]:
    """The picture (size, size, 3) uint8 of a scene with its map; its size must be a multiple of ``2 * cells``."""
    picture, visible, shown = renderer.draw_with_triangles(scene)
    step = 2 * scene.size // (cells * SAMPLES)
    grid = slice(step // 2, None, step)
    parts = shown[grid, grid]
    surface = (_SURFACE[parts] & (visible[grid, grid] >= 0)).astype(np.float32)
    corners = renderer.drawn_triangles[np.maximum(visible[grid, grid], 0)]
    rig = renderer.rig
    base, stretch = rig.person(np.array(scene.traits.modes, np.float32), scene.traits.hair)
    moved = rig.express(base, stretch, scene.coefficients) - base
    share = _mean(surface[..., None], cells)[..., 0]
    over = np.maximum(share, 1e-6)[..., None]
    face = FaceMap(
        shares=_mean(np.eye(len(TISSUES), dtype=np.float32)[_OF_PART[parts]], cells),
        place=(_mean(rig.uv[corners].mean(axis=2) * surface[..., None], cells) / over).astype(np.float32),
        moved=(_mean(moved[corners].mean(axis=2) * surface[..., None], cells) / over).astype(np.float32),
        surface=share,
    )
    return picture, face


def _mean(samples: Floats, cells: int) -> Floats:
    """Means over the samples of each cell: (cells * s, cells * s, k) -> (cells, cells, k)."""
    each = samples.shape[0] // cells
    return samples.reshape(cells, each, cells, each, -1).mean(axis=(1, 3), dtype=np.float32).astype(np.float32)
