"""A shirt with a round collar: enough of a body that no head floats."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.parts import Part
from sfcore.rigs.procedural.piece import Piece, sheet_triangles

# Columns: height, half width, front z, back z. The first two rows are the inside and the top of the collar.
_ROWS = np.array(
    [
        (-16.4, 4.4, 2.4, -6.0),
        (-14.9, 5.35, 3.4, -7.0),
        (-14.8, 5.7, 3.8, -7.3),
        (-15.4, 6.7, 4.5, -7.7),
        (-16.2, 9.0, 5.6, -8.1),
        (-17.4, 12.8, 6.2, -8.6),
        (-19.3, 16.4, 6.9, -9.0),
        (-23.0, 19.8, 8.2, -9.4),
        (-28.0, 20.6, 9.4, -9.6),
        (-40.0, 20.6, 9.6, -9.6),
    ]
)
COLUMNS = 48


def shirt() -> Piece:
    """Rings from inside the collar down over the shoulders."""
    turn = np.linspace(0, 2 * np.pi, COLUMNS, endpoint=False)
    s, c = np.sin(turn), np.cos(turn)
    middle = -1.6
    rows = []
    for k, (y, half, front, back) in enumerate(_ROWS):
        z = middle + np.where(c > 0, front - middle, middle - back) * c
        dip = -1.1 * np.clip(c, 0, 1) ** 2 * (k in (1, 2, 3)) + (0.5 if k in (1, 2) else 0.0) * np.clip(-c, 0, 1)
        rows.append(np.stack([half * s, y + dip, z], -1))
    points = np.concatenate(rows)
    uv = np.stack([np.tile(turn, len(rows)), np.repeat(np.arange(len(rows), dtype=float), COLUMNS)], -1)
    # Rows run down, so the winding turns over.
    triangles = sheet_triangles(len(rows), COLUMNS, closed=True)[:, ::-1]
    return Piece(points, np.ascontiguousarray(triangles), Part.SHIRT, head=0.0, uv=uv)
