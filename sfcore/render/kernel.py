"""The rasteriser: vertices to the screen, triangles to a visibility buffer, and smooth normals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.render.compiled import inlined, kept
from sfcore.render.look import ATTRIBUTES, NORMAL, POSITION

NOTHING = -1
"""Triangle index of a sample that shows the background."""
TILE = 8
"""Width in samples of the tiles that keep the depth of what is farthest in them."""
_SLIVER = np.float32(1e-7)
"""Triangles of less area (samples) are not drawn: they show nothing, and divide by next to nothing."""
_HALF = np.float32(0.5)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)

assert (POSITION, NORMAL, ATTRIBUTES) == (0, 3, 8), "compiled code below counts on this layout"


@kept
def place(
    posed: NDArray,
    rotation: NDArray,
    pivot: NDArray,
    share: NDArray,
    view: NDArray,
    points: NDArray,
    table: NDArray,
    screen: NDArray,
) -> None:
    """Turns the head as `Rig.turn` does and projects it.

    ``posed`` (n, 3), ``rotation`` (3, 3), ``pivot`` (3,), ``share`` (n,) and ``view`` (5,) of `Camera.view_of`, all float32.
    Fills ``points`` (n, 3), the positions in ``table`` (n, ATTRIBUTES), and x, y (samples, y down) and inverse depth in
    ``screen`` (n, 4); a vertex behind the camera gets no place (NaN), and what uses it is not drawn.
    """
    distance, middle_x, middle_y, focal, half = view[0], view[1], view[2], view[3], view[4]
    for v in range(len(posed)):
        x, y, z = posed[v, 0], posed[v, 1], posed[v, 2]
        dx, dy, dz = x - pivot[0], y - pivot[1], z - pivot[2]
        s = share[v]
        x += s * (rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz - dx)
        y += s * (rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz - dy)
        z += s * (rotation[2, 0] * dx + rotation[2, 1] * dy + rotation[2, 2] * dz - dz)
        points[v, 0], points[v, 1], points[v, 2] = x, y, z
        table[v, 0], table[v, 1], table[v, 2] = x, y, z
        away = distance - z
        inverse = _ONE / away if away > _ONE else np.float32(np.nan)
        screen[v, 0] = half + (x - middle_x) * focal * inverse
        screen[v, 1] = half - (y - middle_y) * focal * inverse
        screen[v, 2] = inverse


@kept
def place_parallel(points: NDArray, axes: NDArray, frame: NDArray, texels: int, screen: NDArray) -> None:
    """Fills ``screen`` (n, 4) with texels (x, y down) and depths in cm towards the viewer, seen along ``axes`` (3, 3)."""
    high = np.float32(texels)
    for v in range(len(points)):
        x, y, z = points[v, 0], points[v, 1], points[v, 2]
        screen[v, 0] = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z - frame[0]) * frame[2]
        screen[v, 1] = high - (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z - frame[1]) * frame[2]
        screen[v, 2] = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z


@inlined
def _hidden(tiles, left, right, top, bottom, depth):  # type: ignore[no-untyped-def]
    """True where all tiles under a box of samples hold nothing farther away than ``depth``."""
    for y in range(top // TILE, (bottom - 1) // TILE + 1):
        for x in range(left // TILE, (right - 1) // TILE + 1):
            if tiles[y, x] < depth:
                return False
    return True


@kept
def rasterise(
    screen: NDArray,
    triangles: NDArray,
    two_sided: NDArray,
    first: int,
    last: int,
    tiles: NDArray,
    visible: NDArray,
    nearest: NDArray,
) -> None:
    """Draws the triangles ``first`` up to ``last`` into a visibility buffer.

    ``screen`` (n, 4) float32: x, y in samples, y down, and a depth that grows towards the viewer and is linear on the screen (1/z
    for a perspective, z for a parallel projection). ``two_sided`` (m,) keeps back faces. Updates ``visible`` (H, W) int32 with
    the front triangle and ``nearest`` (H, W) float32 with its depth; at equal depth the triangle drawn first stays. ``tiles`` of
    `farthest` leave out what is hidden for sure; an empty array leaves out nothing. A sample belongs to a triangle if its centre
    lies inside, on the left or on the upper edge: triangles that share an edge leave no gap and share no sample.
    """
    height, width = visible.shape
    tested = tiles.size > 0
    for t in range(first, last):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1], screen[k, 0], screen[k, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        # y points down, so a triangle seen from outside has a negative area; NaN fails both comparisons.
        if not (area < -_SLIVER or (area > _SLIVER and two_sided[t])):
            continue
        low_x, high_x = min(ax, min(bx, cx)), max(ax, max(bx, cx))
        left, right = max(0, int(np.ceil(low_x - _HALF))), min(width, int(np.ceil(high_x - _HALF)))
        low_y, high_y = min(ay, min(by, cy)), max(ay, max(by, cy))
        top, bottom = max(0, int(np.ceil(low_y - _HALF))), min(height, int(np.ceil(high_y - _HALF)))
        if left >= right or top >= bottom:
            continue
        ad, bd, cd = screen[i, 2], screen[j, 2], screen[k, 2]
        near, far = max(ad, max(bd, cd)), min(ad, min(bd, cd))
        if tested and _hidden(tiles, left, right, top, bottom, near):
            continue
        # From top to bottom: a, b, c. Every edge is walked from its upper end, whichever triangle draws it.
        if by < ay:
            ax, ay, ad, bx, by, bd = bx, by, bd, ax, ay, ad
        if cy < by:
            bx, by, bd, cx, cy, cd = cx, cy, cd, bx, by, bd
            if by < ay:
                ax, ay, ad, bx, by, bd = bx, by, bd, ax, ay, ad
        turn = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        whole = (cx - ax) / (cy - ay)
        upper = (bx - ax) / (by - ay) if by > ay else _ZERO
        lower = (cx - bx) / (cy - by) if cy > by else _ZERO
        along_x = ((bd - ad) * (cy - ay) - (cd - ad) * (by - ay)) / turn
        along_y = ((cd - ad) * (bx - ax) - (bd - ad) * (cx - ax)) / turn
        for y in range(top, bottom):
            py = np.float32(y) + _HALF
            long = ax + (py - ay) * whole
            short = ax + (py - ay) * upper if py < by else bx + (py - by) * lower
            if turn > _ZERO:
                x0, x1 = int(np.ceil(long - _HALF)), int(np.ceil(short - _HALF))
            else:
                x0, x1 = int(np.ceil(short - _HALF)), int(np.ceil(long - _HALF))
            x0, x1 = max(x0, left), min(x1, right)
            d = ad + (np.float32(x0) + _HALF - ax) * along_x + (py - ay) * along_y
            for x in range(x0, x1):
                # Rounding in a sliver must not throw its depth out of its corners' range.
                inside = min(max(d, far), near)
                if inside > nearest[y, x]:
                    nearest[y, x] = inside
                    visible[y, x] = t
                d += along_x


@kept
def farthest(nearest: NDArray, tiles: NDArray) -> None:
    """Fills ``tiles`` with the depth of the farthest sample in each TILE x TILE samples of ``nearest``."""
    height, width = nearest.shape
    tiles[:] = np.float32(np.inf)
    for y in range(height):
        row = tiles[y // TILE]
        for block in range(width // TILE):
            far = nearest[y, block * TILE]
            for x in range(block * TILE + 1, block * TILE + TILE):
                far = min(far, nearest[y, x])
            row[block] = min(row[block], far)
        for x in range(width // TILE * TILE, width):
            row[x // TILE] = min(row[x // TILE], nearest[y, x])


@kept
def vertex_normals(points: NDArray, triangles: NDArray, table: NDArray, column: int) -> None:
    """Unit normals of the vertices, the sum of their triangles' normals weighted by area, into three columns of ``table``."""
    for v in range(len(points)):
        table[v, column], table[v, column + 1], table[v, column + 2] = _ZERO, _ZERO, _ZERO
    for t in range(len(triangles)):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
        vx, vy, vz = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1], points[k, 2] - points[i, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for v in (i, j, k):
            table[v, column] += nx
            table[v, column + 1] += ny
            table[v, column + 2] += nz
    for v in range(len(points)):
        x, y, z = table[v, column], table[v, column + 1], table[v, column + 2]
        length = np.sqrt(x * x + y * y + z * z)
        if length > _ZERO:
            table[v, column], table[v, column + 1], table[v, column + 2] = x / length, y / length, z / length
