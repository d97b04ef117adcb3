"""Lids that close: on the face at rest, on every person's, and with lashes along their edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX
from sfcore.rigs.draft import Draft
from sfcore.rigs.edges import eye_opening, lid_edges, paired
from sfcore.rigs.eyeballs import Ball
from sfcore.rigs.frontal import Front
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.procedural.piece import sheet_triangles
from sfcore.rigs.rig import Eye, Ints

Array = NDArray[np.float64]

OVERLAP = 0.05
"""Centimetres by which a shut upper lid would pass the lower one; both then meet half way, so no gap is left."""
LONGEST = 1.9
"""Blinks are lengthened at most this many times: beyond, the source's lid does not belong to the eye."""
LID_FOLLOWS = 0.42
"""Share of a blink by which the upper lid goes down with a full look down."""
LASHES = 13
LASH_LENGTH = (0.26, 0.1)
"""Length (cm) of the upper and the lower lashes."""
ROOT_AHEAD = 0.06
"""How far (cm) before the lid's edge lashes begin."""
LID_SKIN = (Part.SKIN, Part.LIPS, Part.LID_EDGE)


@dataclass(frozen=True)
class Lids:
    """Edges of one eye's lids from the inner to the outer corner, and pairs of their vertices that meet."""

    upper: Ints
    lower: Ints
    pairs: tuple[Ints, Ints]


def find_lids(draft: Draft, front: Front, ball: Ball, part: Part) -> Lids:
    """The lids' edges around the eyeball that shows as ``part`` in the front view."""
    skin = draft.vertices_of(*LID_SKIN)
    opening = eye_opening(front, draft.parts, part, ball)
    upper, lower = lid_edges(draft.points, front, skin, opening, ball)
    return Lids(upper, lower, paired(draft.points, upper, lower))


def close_blink(draft: Draft, lids: Lids, side: str) -> Array:
    """Lengthens the blink of one side where its edges do not meet yet; returns how much longer it gets with each mode (k, n).

    A person whose eye is open wider has further to close it: the share by which a mode widens the opening is the share by which
    the lid's motion grows.
    """
    above, below = lids.pairs
    stretch = np.zeros((len(draft.modes), len(draft.points)))
    if len(above) < 3:
        return stretch
    shape = draft.shapes[INDEX[f"EyeBlink{side}"]]
    open_by = draft.points[above, 1] - draft.points[below, 1]
    gap = open_by + shape[above, 1] - shape[below, 1] + OVERLAP
    reach = np.maximum(-shape[above, 1], 0.05)
    factor = np.clip(1.0 + gap / reach, 1.0, LONGEST)
    order = np.argsort(draft.points[above, 0])
    weight = _lid_weight(draft, shape, above, below)
    across = np.interp(draft.points[:, 0], draft.points[above[order], 0], _smoothed(factor[order]))
    shape *= (1.0 + (across - 1.0) * weight)[:, None].astype(np.float32)
    middle = open_by > 0.5 * open_by.max()
    wider = (draft.modes[:, above[middle], 1] - draft.modes[:, below[middle], 1]).mean(axis=1) / open_by[middle].mean()
    # All lid shapes of the eye stretch: a wider eye also squints and widens further.
    stretch += wider[:, None] * weight[None]
    return stretch


def _smoothed(values: Array) -> Array:
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.maximum(values, (padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _lid_weight(draft: Draft, shape: NDArray[np.float32], above: Ints, below: Ints) -> Array:
    """1 on the upper lid's edge, falling to 0 where the blink hardly moves and on the lower lid."""
    down = np.maximum(-shape[:, 1].astype(np.float64), 0.0)
    share = rise(0.05, 0.6, down / max(float(down[above].max()), 1e-6))
    order = np.argsort(draft.points[below, 0])
    line = np.interp(draft.points[:, 0], draft.points[below[order], 0], draft.points[below[order], 1])
    return share * rise(-0.05, 0.1, draft.points[:, 1] - line)


def follow_gaze(draft: Draft, lids: Lids, side: str) -> bool:
    """Lets the upper lid go down with the eye where the source has it lag: by a share of the blink. Returns whether it did so."""
    above = lids.pairs[0]
    down, blink = (draft.shapes[INDEX[f"{name}{side}"]] for name in ("EyeLookDown", "EyeBlink"))
    if not len(above):
        return False
    lacking = LID_FOLLOWS - float(down[above, 1].mean() / min(float(blink[above, 1].mean()), -1e-3))
    if lacking <= 0:
        return False
    down += np.float32(min(lacking, LID_FOLLOWS)) * blink
    return True


def eye_of(draft: Draft, ball: Ball, lids: Lids) -> Eye:
    """The rig's eye: lids stay outside its ball, as far as they lie outside it at rest but for a hair's breadth."""
    skin = draft.vertices_of(*LID_SKIN)
    ray = draft.points[skin] - ball.centre
    reach = np.linalg.norm(ray, axis=1) / ball.radius
    near = (ray[:, 2] > 0) & (np.hypot(ray[:, 0], ray[:, 1]) < 1.4 * ball.radius) & (reach > 0.9)
    return Eye(
        centre=int(ball.vertices[-1]),
        pole=int(ball.vertices[-2]),
        keep_out=skin[near],
        clearance=np.clip(reach[near], 1.004, 1.03).astype(np.float32),
        upper=lids.pairs[0],
        lower=lids.pairs[1],
    )


def add_lashes(draft: Draft, lids: Lids, ball: Ball, side: str) -> None:
    """Bands of lashes that grow out of both edges and move with them."""
    for edge, up, length in ((lids.upper, 1.0, LASH_LENGTH[0]), (lids.lower, -1.0, LASH_LENGTH[1])):
        if len(edge) < 4:
            continue
        across = np.abs(draft.points[edge, 0])
        wanted = np.linspace(across[0], across[-1], LASHES)
        after = np.clip(np.searchsorted(across, wanted), 1, len(edge) - 1)
        share = np.clip((wanted - across[after - 1]) / np.maximum(across[after] - across[after - 1], 1e-6), 0, 1)[:, None]
        a, b = edge[after - 1], edge[after]

        def along(values: NDArray[np.float32], a: Ints = a, b: Ints = b, share: Array = share) -> Array:
            result: Array = (1 - share) * values[..., a, :] + share * values[..., b, :]
            return result

        s = np.linspace(0.0, 1.0, LASHES)
        outwards = (1.0 if side == "Left" else -1.0) * 0.9 * (s - 0.35)
        direction = np.stack([outwards, np.full(LASHES, 0.8 * up), np.full(LASHES, 0.7)], -1)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        size = length * rise(-0.05, 0.55, s) * (1 - 0.85 * rise(0.86, 1.0, s))
        # Lashes grow out of the front of the lid's rim, a little before the edge that touches the ball.
        root = along(draft.points)
        ray = root - ball.centre
        start = root + ROOT_AHEAD * ray / np.linalg.norm(ray, axis=1, keepdims=True)
        points = np.concatenate([start, start + direction * size[:, None]])
        shapes = {k: np.tile(along(move), (2, 1)) for k, move in enumerate(draft.shapes) if move[edge].any()}
        if up > 0:
            tips = np.repeat([0.0, 1.0], LASHES)[:, None]
            for name, fall in (("EyeBlink", (0.0, -0.3, 0.06)), ("EyeLookDown", (0.0, -0.14, 0.04))):
                index = INDEX[f"{name}{side}"]
                shapes[index] = shapes.get(index, 0.0) + tips * np.array(fall)
        triangles = sheet_triangles(2, LASHES)
        uv = np.stack([np.tile(s, 2), np.repeat([0.0, 1.0], LASHES)], -1)
        draft.add(points, triangles, Part.LASHES, uv, modes=np.tile(along(draft.modes), (1, 2, 1)), shapes=shapes)
