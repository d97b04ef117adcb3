"""An inside for mouths that have none: the embedded head's teeth, gums and tongue, and a dark bag that opens with the jaw."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX
from sfcore.rigs.draft import Draft
from sfcore.rigs.parts import Part
from sfcore.rigs.procedural import features, mouth
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.procedural.piece import sheet_triangles
from sfcore.rigs.procedural.skin import build_skin, mouth_half_width
from sfcore.rigs.rig import Ints

Array = NDArray[np.float64]

JAW_SHAPES = ("JawOpen", "JawForward", "JawLeft", "JawRight")
TEETH_FOLLOW = 0.92
"""Share of the lower lip's way that the lower teeth go with the jaw: they lie nearer to the joint."""
ROOM = 0.3
"""How much further behind the lips (cm) teeth lie than the embedded head's: other people's lips may be thinner."""
FLOOR = 0.55
"""Height of the bag below the line between the lips, as a share of that above it: the chin is near."""
ROWS, COLUMNS = 7, 28
# Half width and height of the bag (cm) from its rim behind the lips to its end, and how far back each ring lies.
_RINGS = (
    (1.0, 0.5, 0.55),
    (1.15, 1.5, 1.0),
    (1.2, 2.2, 2.0),
    (1.15, 2.4, 3.2),
    (1.0, 2.0, 4.4),
    (0.6, 1.2, 5.2),
    (0.05, 0.1, 5.5),
)
_TEETH = (Part.TEETH_UPPER, Part.TEETH_LOWER)


def add_inner_mouth(draft: Draft, landmarks: Array) -> bool:
    """Fills the mouth of a head without teeth; returns whether it did. ``landmarks`` (68, 3) in Multi-PIE's order."""
    if np.isin(draft.parts, _TEETH).any():
        return False
    half = 0.5 * float(landmarks[54, 0] - landmarks[48, 0])
    line = 0.5 * (landmarks[62] + landmarks[66])
    own = _own_line()
    wide = np.array([half / mouth_half_width(), 1.0, 1.0])
    shift = np.array([0.0, line[1] - own[0], line[2] - own[1] - ROOM])
    jaw = _jaw_moves(draft, landmarks[57])
    for upper in (True, False):
        for piece in (*mouth.teeth(upper), *(() if upper else (mouth.tongue(),))):
            moves = {} if upper else {k: np.broadcast_to(move * TEETH_FOLLOW, piece.points.shape) for k, move in jaw.items()}
            draft.add(piece.points * wide + shift, piece.triangles, piece.part, piece.uv, shapes=moves)
    points, triangles = _bag(half, line)
    below = rise(0.15, -0.3, points[:, 1] - line[1])[:, None]
    draft.add(points, triangles, Part.CAVITY, np.zeros((len(points), 2)), shapes={k: below * move for k, move in jaw.items()})
    return True


@cache
def _own_line() -> tuple[float, float]:
    """Height and depth of the line between the embedded head's lips, in the middle."""
    skin = build_skin()
    middle = skin.lips_upper[len(skin.lips_upper) // 2]
    return features.MOUTH_LINE, float(skin.points[middle, 2])


def _jaw_moves(draft: Draft, place: Array) -> dict[int, Array]:
    """What each shape of the jaw does to the lower lip, by the shape's number."""
    skin = draft.vertices_of(Part.SKIN, Part.LIPS)
    lip = skin[np.argmin(np.linalg.norm(draft.points[skin] - place, axis=1))]
    return {INDEX[name]: draft.shapes[INDEX[name], lip].astype(np.float64) for name in JAW_SHAPES}


def _bag(half: float, line: Array) -> tuple[Array, Ints]:
    turn = np.linspace(0, 2 * np.pi, COLUMNS, endpoint=False)
    rings = []
    for wide, high, back in _RINGS:
        rise_up = np.sin(turn) * np.where(np.sin(turn) < 0, FLOOR, 1.0)
        ring = np.stack([half * wide * np.cos(turn), high * rise_up, np.full(COLUMNS, -back)], -1)
        # Behind the corners the lips recede along the teeth.
        ring[:, 2] -= 1.1 * np.abs(np.cos(turn)) ** 3 * (back < 2.5)
        rings.append(ring + line)
    last = (ROWS - 1) * COLUMNS + np.arange(1, COLUMNS - 1, dtype=np.int32)
    end = np.stack([np.full(COLUMNS - 2, (ROWS - 1) * COLUMNS, np.int32), last, last + 1], -1)
    return np.concatenate(rings), np.concatenate([sheet_triangles(ROWS, COLUMNS, closed=True), end])
