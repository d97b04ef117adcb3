"""The rasteriser: triangles to a visibility buffer, and smooth normals."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

NOTHING = -1
"""Triangle index of a sample that shows the background."""


@numba.njit(cache=True, error_model="numpy")
def rasterise(
    xy: NDArray, depth: NDArray, triangles: NDArray, two_sided: NDArray, skip: NDArray, visible: NDArray, nearest: NDArray
) -> None:
    """Draws triangles into a visibility buffer.

    ``xy`` (n, 2) float32 in samples, y down; ``depth`` (n,) float32 that grows towards the viewer and is linear on the screen
    (1/z for a perspective, z for a parallel projection). ``two_sided`` (m,) keeps back faces, ``skip`` (m,) leaves triangles
    out. Fills ``visible`` (H, W) int32 with the front triangle and ``nearest`` (H, W) float32 with its depth; at equal depth the
    lower index wins.
    """
    height, width = visible.shape
    visible[:] = NOTHING
    nearest[:] = -np.inf
    for t in range(len(triangles)):
        if skip[t]:
            continue
        i, j, k = triangles[t]
        ax, ay, bx, by, cx, cy = xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1], xy[k, 0], xy[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        # y points down, so a triangle seen from outside has a negative area.
        if area == 0.0 or (area > 0.0 and not two_sided[t]):
            continue
        x0, x1 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5))), min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0, y1 = max(0, int(np.ceil(min(ay, by, cy) - 0.5))), min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        if x0 > x1 or y0 > y1:
            continue
        s = np.float32(1.0) / area
        # Barycentric weights of b and c, linear in x and y.
        bdx, bdy = (cy - ay) * s, -(cx - ax) * s
        cdx, cdy = -(by - ay) * s, (bx - ax) * s
        da, db, dc = depth[i], depth[j] - depth[i], depth[k] - depth[i]
        for y in range(y0, y1 + 1):
            py = np.float32(y + 0.5) - ay
            px = np.float32(x0 + 0.5) - ax
            wb, wc = px * bdx + py * bdy, px * cdx + py * cdy
            for x in range(x0, x1 + 1):
                if wb >= 0.0 and wc >= 0.0 and wb + wc <= 1.0:
                    d = da + wb * db + wc * dc
                    if d > nearest[y, x]:
                        nearest[y, x] = d
                        visible[y, x] = t
                wb += bdx
                wc += cdx


@numba.njit(cache=True, error_model="numpy")
def vertex_normals(points: NDArray, triangles: NDArray, normals: NDArray) -> None:
    """Unit normals (n, 3) float32 of the vertices: the sum of their triangles' normals, weighted by area."""
    normals[:] = 0.0
    for t in range(len(triangles)):
        i, j, k = triangles[t]
        ux, uy, uz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
        vx, vy, vz = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1], points[k, 2] - points[i, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for v in (i, j, k):
            normals[v, 0] += nx
            normals[v, 1] += ny
            normals[v, 2] += nz
    for v in range(len(points)):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0.0:
            for c in range(3):
                normals[v, c] /= length
