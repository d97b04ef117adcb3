"""A head behind faces that are only masks: the embedded head's skull, ears and neck, bent to meet the mask's edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.connected import connected_pieces
from sfcore.rigs.draft import Draft
from sfcore.rigs.frontal import Front
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.procedural.ears import left_ear
from sfcore.rigs.procedural.skin import build_skin
from sfcore.rigs.rig import Ints

Array = NDArray[np.float64]

DEEPEST_MASK = -5.0
"""A face whose skin reaches no further back than this (cm) is a mask: ears lie at -1, the back of the head at -9."""
OVERLAP = 0.9
"""How far (cm) the skull goes on behind the mask's edge."""
BEHIND = 0.12
"""How far (cm) the skull lies behind the mask where they overlap."""
SOFT, FAR, FADE = 0.4, 7.0, 2.5
"""Distances (cm): within which the edge pulls evenly, over which its pull fades, and over which its expressions do."""
CHIN = (-6.0, -9.0, 1.6)
"""Between these heights the skull falls back by so much (cm) from the mask: the jaw swings through there."""


def add_back_of_head(draft: Draft, front: Front) -> bool:
    """Completes a mask; returns whether the head was one."""
    skin = draft.vertices_of(Part.SKIN, Part.LIPS)
    if draft.points[skin, 2].min() < DEEPEST_MASK:
        return False
    edge = _outer_edge(draft)
    if len(edge) < 8:
        return False
    own = build_skin()
    rim = draft.points[edge].astype(np.float64)
    nearest = np.linalg.norm(rim[:, None] - own.points[None], axis=2).argmin(axis=1)
    anchors = own.points[nearest]
    pull = rim - anchors - [0.0, 0.0, BEHIND]
    points = own.points + _blended(own.points, anchors, pull, FAR)
    owner, depth = front.at(points[:, 0], points[:, 1])
    room = BEHIND + CHIN[2] * rise(CHIN[0], CHIN[1], points[:, 1])
    points[:, 2] = np.where((owner >= 0) & (points[:, 2] > 0), np.minimum(points[:, 2], depth - room), points[:, 2])
    middle = points[own.triangles].mean(axis=1)
    shown = own.triangles[~_well_inside(front, middle)]
    _add(draft, points, shown, Part.SKIN, rim, edge)
    ear = left_ear()
    for sign in (1.0, -1.0):
        base = ear.points * [sign, 1.0, 1.0]
        moved = base + _blended(base.mean(axis=0)[None], anchors, pull, FAR)
        triangles = ear.triangles if sign > 0 else np.ascontiguousarray(ear.triangles[:, ::-1])
        index = _add(draft, moved, triangles, Part.EAR, rim, edge)
        draft.uv[index] = ear.uv
    return True


def _outer_edge(draft: Draft) -> Ints:
    """Vertices of the border of the skin that runs around all of it: eyes and mouth have borders too."""
    triangles = draft.triangles[np.isin(draft.parts, (Part.SKIN, Part.LIPS))]
    sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, counts = np.unique(sides, axis=0, return_counts=True)
    border = unique[counts == 1]
    if not len(border):
        return np.empty(0, np.int32)
    piece = connected_pieces(np.concatenate([border, border[:, :1]], axis=1), len(draft.points))
    loops = [np.unique(border[piece[border[:, 0]] == label]) for label in np.unique(piece[border[:, 0]])]
    return max(loops, key=lambda loop: float(np.ptp(draft.points[loop, 1]))).astype(np.int32)


def _weights(points: Array, anchors: Array) -> tuple[Array, Array]:
    """Inverse squared distances (n, a) to the anchors, and the least distance (n,)."""
    distance = np.linalg.norm(points[:, None] - anchors[None], axis=2)
    return 1.0 / (distance**2 + SOFT**2), distance.min(axis=1)


def _blended(points: Array, anchors: Array, values: Array, far: float) -> Array:
    """The anchors' values (a, 3) around each point, fading with the distance from all of them."""
    weight, distance = _weights(points, anchors)
    mean = weight @ values / weight.sum(axis=1, keepdims=True)
    result: Array = mean * np.exp(-((distance / far) ** 2))[:, None]
    return result


def _well_inside(front: Front, points: Array) -> NDArray[np.bool_]:
    """Whether points (n, 3) of the front half lie behind the mask and away from its outline."""
    covered = points[:, 2] > 0.0
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        owner, _ = front.at(points[:, 0] + OVERLAP * np.cos(angle), points[:, 1] + OVERLAP * np.sin(angle))
        covered = covered & (owner >= 0)
    # Eyes and mouth are holes in the mask, not its outside.
    face = (np.abs(points[:, 0]) < 5.2) & (points[:, 1] > -8.5) & (points[:, 1] < 2.5) & (points[:, 2] > 2.0)
    result: NDArray[np.bool_] = covered | face
    return result


def _add(draft: Draft, points: Array, triangles: Ints, part: Part, rim: Array, edge: Ints) -> Ints:
    """Adds a piece that goes with the edge's expressions where it is near it."""
    used = np.unique(triangles)
    place = np.full(len(points), -1, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    weight, distance = _weights(points[used], rim)
    share = (weight / weight.sum(axis=1, keepdims=True)) * np.exp(-((distance / FADE) ** 2))[:, None]
    moves = {k: share @ shape[edge] for k, shape in enumerate(draft.shapes) if np.abs(shape[edge]).max() > 1e-3}
    return draft.add(points[used], place[triangles], part, np.zeros((len(used), 2)), shapes=moves)
