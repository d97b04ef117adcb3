"""The vault of a head as distances from its middle, and hair that is carried from the embedded head's vault to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.draft import Draft
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import hair
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.procedural.ears import left_ear
from sfcore.rigs.procedural.piece import sheet_triangles
from sfcore.rigs.procedural.skin import build_skin
from sfcore.rigs.rig import Floats, Ints

Array = NDArray[np.float64]

AZIMUTHS, ELEVATIONS = 48, 24
LOWEST, HIGHEST = np.radians(-54.0), np.radians(90.0)
LIFT = 0.12
"""Hair is carried this much (cm) further out, so that no person's skull comes through it."""
NEAREST, REACH = 12, 1.5
"""Hair goes with the skin of this many vertices around it, weighted over this distance (cm), from person to person."""


@dataclass(frozen=True)
class Vault:
    """Distance of the skin from ``centre`` over azimuth (0 in front) and elevation, (ELEVATIONS, AZIMUTHS)."""

    centre: Array
    reach: Array
    ears: float
    """How far the ears stand out to the side."""

    def at(self, direction: Array) -> Array:
        """Distances (n,) along unit vectors (n, 3), between the grid's points."""
        azimuth = np.arctan2(direction[:, 0], direction[:, 2]) % (2 * np.pi)
        elevation = np.arcsin(np.clip(direction[:, 1], -1, 1))
        column = azimuth / (2 * np.pi) * AZIMUTHS - 0.5
        row = np.clip((elevation - LOWEST) / (HIGHEST - LOWEST) * ELEVATIONS - 0.5, 0, ELEVATIONS - 1.001)
        c, r = np.floor(column).astype(int), np.floor(row).astype(int)
        s, t = column - c, row - r
        a, b = c % AZIMUTHS, (c + 1) % AZIMUTHS
        low = (1 - s) * self.reach[r, a] + s * self.reach[r, b]
        high = (1 - s) * self.reach[r + 1, a] + s * self.reach[r + 1, b]
        result: Array = (1 - t) * low + t * high
        return result


def vault_of(points: NDArray[np.floating], triangles: Ints) -> Vault:
    """Measures the skin of a head in the shared frame; the middle lies between its widest, rearmost and highest points."""
    upper = points[(points[:, 1] > 2.0) & (points[:, 1] < 7.0)]
    centre = np.array([0.0, 2.0, 0.5 * (float(upper[:, 2].min()) + 7.5)])
    corners = points[triangles].astype(np.float64)
    weights = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    samples = np.einsum("sk,mkc->smc", weights, corners).reshape(-1, 3) - centre
    reach = np.linalg.norm(samples, axis=1)
    direction = samples / np.maximum(reach, 1e-9)[:, None]
    column = (np.arctan2(direction[:, 0], direction[:, 2]) % (2 * np.pi) / (2 * np.pi) * AZIMUTHS).astype(int) % AZIMUTHS
    row = ((np.arcsin(np.clip(direction[:, 1], -1, 1)) - LOWEST) / (HIGHEST - LOWEST) * ELEVATIONS).astype(int)
    inside = (row >= 0) & (row < ELEVATIONS) & (np.arcsin(direction[:, 1]) > LOWEST)
    grid = np.full((ELEVATIONS, AZIMUTHS), np.nan)
    flat = row[inside] * AZIMUTHS + column[inside]
    order = np.lexsort((reach[inside], flat))
    cells, first, counts = np.unique(flat[order], return_index=True, return_counts=True)
    # The outermost tenth is the surface, not the folds behind the ears.
    grid.reshape(-1)[cells] = reach[inside][order][first + (0.9 * (counts - 1)).astype(int)]
    beside = points[(points[:, 1] > -4.0) & (points[:, 1] < 2.0), 0]
    return Vault(centre, _smoothed(_filled(grid)), float(np.abs(beside).max(initial=7.0)))


def _filled(grid: Array) -> Array:
    """Empty cells take the mean of their neighbours, over and over until none is left."""
    grid = grid.copy()
    if not np.isfinite(grid).any():
        return np.full_like(grid, 9.0)
    while np.isnan(grid).any():
        around = np.stack([np.roll(grid, s, axis=1) for s in (-1, 1)] + [_shifted(grid, s) for s in (-1, 1)])
        known = np.isfinite(around).sum(axis=0)
        mean = np.where(known > 0, np.nansum(around, axis=0) / np.maximum(known, 1), np.nan)
        grid = np.where(np.isnan(grid), mean, grid)
    return grid


def _shifted(grid: Array, step: int) -> Array:
    padded = np.concatenate([grid[:1], grid, grid[-1:]])
    return padded[1 + step : len(grid) + 1 + step]


def _smoothed(grid: Array) -> Array:
    for _ in range(2):
        grid = 0.5 * grid + 0.25 * (np.roll(grid, 1, axis=1) + np.roll(grid, -1, axis=1))
        grid = 0.5 * grid + 0.25 * (_shifted(grid, 1) + _shifted(grid, -1))
    return grid


@cache
def _own_vault() -> Vault:
    skin = build_skin()
    return replace(vault_of(skin.points, skin.triangles), ears=float(left_ear().points[:, 0].max()))


def carried_hair(vault: Vault) -> Floats:
    """Every style (styles, h, 3) of the embedded head's hair on another vault: as far off its skin as on its own."""
    own = _own_vault()
    return np.stack([_carried(points, own, vault) for points in hair.style_points()]).astype(np.float32)


def _carried(points: Array, own: Vault, other: Vault) -> Array:
    ray = points - own.centre
    distance = np.linalg.norm(ray, axis=1)
    direction = ray / np.maximum(distance, 1e-9)[:, None]
    grown = other.centre + direction * (distance - own.at(direction) + other.at(direction) + LIFT)[:, None]
    # Hair that hangs below the vault keeps its height and goes out as the head's side does.
    level = direction * [1.0, 0.0, 1.0]
    level /= np.maximum(np.linalg.norm(level, axis=1), 1e-9)[:, None]
    wider = (other.at(level) - own.at(level) + LIFT)[:, None]
    hung = points + (other.centre - own.centre) + level * wider
    across = np.abs(points[:, 0])
    over_ears = np.maximum(other.ears + LIFT - own.ears - wider[:, 0], 0.0) * rise(own.ears - 1.5, own.ears - 0.3, across)
    hung[:, 0] += np.sign(points[:, 0]) * over_ears
    # Hair that lies close to the nape follows it.
    nape = rise(1.2, 0.5, distance - own.at(direction)) * rise(-1.0, -3.0, points[:, 2])
    share = np.maximum(rise(-1.5, 2.5, points[:, 1]), nape)[:, None]
    result: Array = share * grown + (1 - share) * hung
    return result


@dataclass(frozen=True)
class Hair:
    """Names of the styles, their vertices (styles, h, 3), the first of them in the rig, and those of the h that end the hair."""

    names: tuple[str, ...]
    styles: Floats
    start: int
    edge: Ints


NO_HAIR = Hair((), np.zeros((0, 0, 3), np.float32), 0, np.zeros(0, np.int32))
"""Of a head whose hair is its own, or that has none."""


def add_hair(draft: Draft, vault: Vault) -> Hair:
    """Gives a head the embedded head's styles of hair."""
    styles = carried_hair(vault)
    rest = styles[hair.NAMES.index("short")]
    angle = np.linspace(0, 1, hair.COLUMNS, endpoint=False)
    uv = np.stack([np.tile(angle, hair.ROWS), np.repeat(np.linspace(0, 1, hair.ROWS), hair.COLUMNS)], -1)
    triangles = np.ascontiguousarray(sheet_triangles(hair.ROWS, hair.COLUMNS, closed=True)[:, ::-1])
    modes = _with_skin(draft, rest)
    index = draft.add(rest, triangles, Part.HAIR, uv, modes=modes)
    edge = np.arange((hair.ROWS - 1) * hair.COLUMNS, hair.ROWS * hair.COLUMNS, dtype=np.int32)
    return Hair(hair.NAMES, styles, int(index[0]), edge)


def _with_skin(draft: Draft, points: Floats) -> Floats:
    """Displacements (k, h, 3) of hair by the identity modes: a mean over the skin around each vertex."""
    if not len(draft.modes):
        return np.zeros((0, len(points), 3), np.float32)
    skin = draft.vertices_of(Part.SKIN)
    skin = skin[(draft.points[skin, 1] > -3.0) & (draft.points[skin, 2] < 7.0)]
    result = np.zeros((len(draft.modes), len(points), 3), np.float32)
    for start in range(0, len(points), 256):
        part = points[start : start + 256]
        far = ((part[:, None] - draft.points[skin][None]) ** 2).sum(axis=2)
        near = np.argpartition(far, NEAREST, axis=1)[:, :NEAREST]
        distance = np.sqrt(np.take_along_axis(far, near, axis=1))
        weight = np.exp(-(((distance - distance.min(axis=1, keepdims=True)) / REACH) ** 2))
        weight /= weight.sum(axis=1, keepdims=True)
        for k in range(NEAREST):
            result[:, start : start + 256] += weight[None, :, k, None].astype(np.float32) * draft.modes[:, skin[near[:, k]]]
    return result
