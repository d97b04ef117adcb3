"""A rig in the making: dense arrays that pieces are added to, in centimetres and in the frame every rig shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.rig import Floats, Ints


@dataclass(eq=False)
class Draft:
    """Vertices (n, 3), triangles (m, 3), parts (m,), painting coordinates (n, 2), and displacements.

    ``shapes`` (52, n, 3) and ``modes`` (k, n, 3) displace; ``share`` (n,) is how far each vertex turns with the head.
    ``on_picture`` (n, 2) are coordinates of the source's pictures and ``picture`` (m,) int16 the picture of each triangle, -1 for
    none. All floats are float32.
    """

    points: Floats
    triangles: Ints
    parts: NDArray[np.uint8]
    uv: Floats
    shapes: Floats
    modes: Floats
    share: Floats
    on_picture: Floats
    picture: NDArray[np.int16]

    def vertices_of(self, *parts: int) -> Ints:
        """Vertices of the triangles of some parts, in rising order."""
        return np.unique(self.triangles[np.isin(self.parts, parts)]).astype(np.int32)

    def add(
        self,
        points: NDArray[np.floating],
        triangles: Ints,
        part: int,
        uv: NDArray[np.floating],
        *,
        modes: NDArray[np.floating] | None = None,
        shapes: Mapping[int, NDArray[np.floating]] | None = None,
        share: float = 1.0,
    ) -> Ints:
        """Appends a piece and returns the numbers of its vertices; shapes and modes that are not given leave it where it is."""
        start, n = len(self.points), len(points)
        moved = np.zeros((len(self.shapes), n, 3), np.float32)
        for index, displacement in (shapes or {}).items():
            moved[index] = displacement
        identity = np.zeros((len(self.modes), n, 3), np.float32) if modes is None else modes.astype(np.float32)
        self.points = np.concatenate([self.points, points.astype(np.float32)])
        self.triangles = np.concatenate([self.triangles, (triangles + start).astype(np.int32)])
        self.parts = np.concatenate([self.parts, np.full(len(triangles), part, np.uint8)])
        self.picture = np.concatenate([self.picture, np.full(len(triangles), -1, np.int16)])
        self.uv = np.concatenate([self.uv, uv.astype(np.float32)])
        self.on_picture = np.concatenate([self.on_picture, np.zeros((n, 2), np.float32)])
        self.shapes = np.concatenate([self.shapes, moved], axis=1)
        self.modes = np.concatenate([self.modes, identity], axis=1)
        self.share = np.concatenate([self.share, np.full(n, share, np.float32)])
        return np.arange(start, start + n, dtype=np.int32)

    def keep_triangles(self, kept: NDArray[np.bool_]) -> Ints:
        """Drops triangles and every vertex that none of the others names; returns the new number of each old vertex, or -1."""
        self.triangles, self.parts, self.picture = self.triangles[kept], self.parts[kept], self.picture[kept]
        used = np.zeros(len(self.points), bool)
        used[self.triangles] = True
        place = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)
        self.triangles = place[self.triangles]
        self.points, self.uv, self.share = self.points[used], self.uv[used], self.share[used]
        self.on_picture = self.on_picture[used]
        self.shapes, self.modes = np.ascontiguousarray(self.shapes[:, used]), np.ascontiguousarray(self.modes[:, used])
        return place
