"""Lips: shut on the face at rest, and shut over an open jaw by MouthClose."""

from __future__ import annotations

import numpy as np

from sfcore.arkit import INDEX
from sfcore.rigs.draft import Draft
from sfcore.rigs.frontal import PER_CM, Front, column_of, place_of, row_of
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats

WIDEST_GAP = 0.4
"""Centimetres between the lips up to which a face at rest is taken to be one with its mouth shut, and is shut."""
CLOSE_UNDOES_JAW = 0.25
"""Share of an open jaw from which on MouthClose is taken to be made for shutting it."""
CLOSE_ALONE = 0.15
"""Share of such a MouthClose that acts without the jaw: lips that press together."""
TUCKED_FROM, TUCK, TUCKED_SHARE = 1.2, 0.5, np.float32(0.35)
"""Teeth seen further out than this (cm) are drawn in, from so far inside of where they show, to this share of their width."""
_INSIDE = (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS, Part.TONGUE, Part.CAVITY)


def shut_lips(draft: Draft, front: Front) -> bool:
    """Takes as much of JawOpen off the face at rest as its lips stand apart; returns whether it changed anything."""
    rows = slice(row_of(-9.0), row_of(-4.5))
    fall = draft.shapes[INDEX["JawOpen"]][:, 1]
    shares = []
    for x in np.arange(-1.0, 1.01, 0.25):
        owner = front.owner[rows, column_of(float(x))]
        seen = np.isin(draft.parts[np.maximum(owner, 0)], _INSIDE) | (owner < 0)
        if not seen.any():
            continue
        first, last = np.flatnonzero(seen)[[0, -1]]
        if first == 0 or last == len(owner) - 1 or (last - first) / PER_CM > WIDEST_GAP:
            continue
        below, above = (fall[draft.triangles[owner[r]]].mean() for r in (first - 1, last + 1))
        if above - below > 0.1:
            shares.append((last - first + 1.5) / PER_CM / float(above - below))
    if not shares:
        return False
    draft.points = draft.points - np.float32(max(shares)) * draft.shapes[INDEX["JawOpen"]]
    return True


def tuck_teeth(draft: Draft, front: Front) -> None:
    """Draws back teeth together that show beside the corners of a mouth at rest: arches there are wider than the lips."""
    rows = slice(row_of(-9.0), row_of(-4.5))
    owner = front.owner[rows]
    shown = (owner >= 0) & np.isin(draft.parts[np.maximum(owner, 0)], (Part.TEETH_UPPER, Part.TEETH_LOWER))
    columns = np.abs(place_of(0, np.flatnonzero(shown.any(axis=0)))[0])
    beside = columns[columns > TUCKED_FROM]
    if not len(beside):
        return
    teeth = draft.vertices_of(Part.TEETH_UPPER, Part.TEETH_LOWER)
    across = draft.points[teeth, 0]
    knee = np.float32(float(beside.min()) - TUCK)
    narrow = np.minimum(np.abs(across), knee + TUCKED_SHARE * np.maximum(np.abs(across) - knee, 0))
    draft.points[teeth, 0] = np.sign(across) * narrow


def split_close(draft: Draft) -> Floats:
    """Splits a MouthClose that undoes JawOpen; returns what is to act with the smaller of both, (1, n, 3), or (0, n, 3).

    ARKit's mouthClose shuts the lips of an open jaw; alone and at its whole length it would pull the lips over the nose.
    """
    jaw, close = (draft.shapes[INDEX[name]] for name in ("JawOpen", "MouthClose"))
    size = np.linalg.norm(close, axis=1)
    lips = size > 0.5 * max(float(size.max()), 1e-6)
    undoes = -float((jaw[lips] * close[lips]).sum()) / max(float((jaw[lips] ** 2).sum()), 1e-9)
    if undoes < CLOSE_UNDOES_JAW:
        return draft.shapes[:0]
    corrective = (1 - CLOSE_ALONE) * close[None]
    draft.shapes[INDEX["MouthClose"]] = CLOSE_ALONE * close
    return corrective.astype(np.float32)
