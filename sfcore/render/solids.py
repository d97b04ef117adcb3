"""Simple solids as meshes: tubes, balls, capsules and sheets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Solid:
    """``points`` (n, 3) in cm, ``triangles`` (m, 3) counter-clockwise seen from outside, ``material`` its row in a table."""

    points: Floats
    triangles: NDArray[np.int32]
    material: int
    uv: Floats
    """(n, 2) place on the surface, -1..1 across a lens; 0 where it does not matter."""


def _grid(rows: int, columns: int, closed: bool) -> NDArray[np.int32]:
    """Triangles of a sheet of rows x columns points; ``closed`` joins the last column to the first."""
    across = columns if closed else columns - 1
    r, c = (a.ravel() for a in np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij"))
    a, b = r * columns + c, r * columns + (c + 1) % columns
    return np.concatenate([np.stack([a, b, a + columns], -1), np.stack([b, b + columns, a + columns], -1)]).astype(np.int32)


def _solid(points: NDArray, triangles: NDArray, material: int, uv: NDArray | None = None) -> Solid:
    where = np.zeros((len(points), 2)) if uv is None else uv
    return Solid(points.astype(np.float32), triangles.astype(np.int32), material, where.astype(np.float32))


def tube(path: NDArray, radius: NDArray | float, material: int, sides: int = 6, closed: bool = False, flat: float = 1.0) -> Solid:
    """A tube along ``path`` (k, 3); ``radius`` is one number or (k,), ``flat`` its width in depth as a share of the other."""
    path = np.asarray(path, float)
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0) if closed else np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    helper = np.array([0.0, 0.0, 1.0]) if np.abs(along[:, 2]).mean() < 0.7 else np.array([0.0, 1.0, 0.0])
    first = np.cross(along, helper)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-9)
    second = np.cross(along, first)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    size = np.broadcast_to(np.asarray(radius, float), len(path))[:, None, None]
    ring = np.cos(turn)[None, :, None] * first[:, None] + flat * np.sin(turn)[None, :, None] * second[:, None]
    points = (path[:, None] + size * ring).reshape(-1, 3)
    rows = len(path)
    if closed:
        points = np.concatenate([points, points[:sides]])
        rows += 1
    return _solid(points, _grid(rows, sides, closed=True), material)


def ball(centre: NDArray, radii: NDArray | float, material: int, rows: int = 7, columns: int = 10) -> Solid:
    """An ellipsoid with ``radii`` (3,) along the axes."""
    up = np.linspace(-np.pi / 2, np.pi / 2, rows)
    turn = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    u, t = np.meshgrid(up, turn, indexing="ij")
    sphere = np.stack([np.cos(u) * np.sin(t), np.sin(u), np.cos(u) * np.cos(t)], -1).reshape(-1, 3)
    return _solid(np.asarray(centre) + sphere * radii, _grid(rows, columns, closed=True), material)


def limb(path: NDArray, radii: NDArray, material: int, sides: int = 10) -> Solid:
    """A rod with round ends along ``path`` (k, 3), ``radii`` (k,) wide, bent softly where the path bends."""
    away = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.maximum(away, 1e-4))])
    between = np.linspace(along[0], along[-1], 2 + 4 * (len(path) > 2))[1:-1]
    turn = np.linspace(0.0, np.pi / 2, 4)
    at = np.concatenate([along[0] - radii[0] * np.cos(turn), between, along[-1] + radii[-1] * np.sin(turn)])
    wide = np.concatenate([radii[0] * np.sin(turn), np.interp(between, along, radii), radii[-1] * np.cos(turn)])
    start, end = (path[1] - path[0]) / along[1], (path[-1] - path[-2]) / (along[-1] - along[-2])
    places = np.stack([np.interp(at, along, path[:, c]) for c in range(3)], -1)
    places += np.minimum(at, 0.0)[:, None] * start + np.maximum(at - along[-1], 0.0)[:, None] * end
    return tube(places, np.maximum(wide, 1e-3), material, sides)


def fan(edge: NDArray, middle: NDArray, material: int, uv: NDArray) -> Solid:
    """A filled outline: ``edge`` (k, 3) around ``middle`` (3,), with ``uv`` (k, 2) at the edge and 0 in the middle."""
    count = len(edge)
    ring = np.arange(count)
    triangles = np.stack([np.full(count, count), ring, (ring + 1) % count], -1)
    return _solid(np.concatenate([edge, [middle]]), triangles, material, np.concatenate([uv, np.zeros((1, 2))]))


def sheet(points: NDArray, material: int, closed: bool = False) -> Solid:
    """A surface through a grid of ``points`` (rows, columns, 3); ``closed`` joins its last column to the first."""
    rows, columns = points.shape[:2]
    return _solid(points.reshape(-1, 3), _grid(rows, columns, closed), material)


def joined(solids: list[Solid]) -> tuple[Floats, NDArray[np.int32], NDArray[np.int32], Floats]:
    """Points (n, 3), triangles (m, 3), materials (m,) and places (n, 2) of all ``solids`` as one mesh."""
    offsets = np.cumsum([0, *(len(s.points) for s in solids)])
    triangles = np.concatenate([s.triangles + offset for s, offset in zip(solids, offsets[:-1], strict=True)])
    materials = np.concatenate([np.full(len(s.triangles), s.material, np.int32) for s in solids])
    return (
        np.concatenate([s.points for s in solids]),
        triangles.astype(np.int32),
        materials,
        np.concatenate([s.uv for s in solids]),
    )
