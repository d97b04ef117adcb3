"""Pieces the head is put together from: some vertices, their triangles, and what moves them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.parts import Part
from sfcore.rigs.procedural.curves import Array

Index = NDArray[np.int32]


@dataclass(frozen=True)
class Piece:
    """One piece of the head.

    ``follow`` names, for each vertex, the skin vertex whose motion it copies (-1: none) and ``share`` how much of it; ``jaw`` is
    how far it turns with the lower jaw; ``head`` how far it turns with the head (the shirt does not).
    """

    points: Array
    triangles: Index
    part: Part
    follow: Index = field(default_factory=lambda: np.zeros(0, np.int32))
    share: Array = field(default_factory=lambda: np.zeros(0))
    jaw: Array = field(default_factory=lambda: np.zeros(0))
    head: float = 1.0
    uv: Array = field(default_factory=lambda: np.zeros((0, 2)))

    def __post_init__(self) -> None:
        n = len(self.points)
        blank = {"follow": np.full(n, -1, np.int32), "share": np.zeros(n), "jaw": np.zeros(n), "uv": np.zeros((n, 2))}
        for name, value in blank.items():
            if len(getattr(self, name)) == 0:
                object.__setattr__(self, name, value)


def sheet_triangles(rows: int, columns: int, closed: bool = False) -> Index:
    """Two triangles for each cell of a grid of vertices numbered row by row; ``closed`` joins the last column to the first.

    Counter-clockwise seen from the side where columns run right and rows run up.
    """
    r, c = np.mgrid[0 : rows - 1, 0 : columns if closed else columns - 1]
    right = (c + 1) % columns
    a, b = r * columns + c, r * columns + right
    d, e = (r + 1) * columns + c, (r + 1) * columns + right
    cells = np.stack([np.stack([a, b, e], -1), np.stack([a, e, d], -1)], axis=-2)
    return cells.reshape(-1, 3).astype(np.int32)


def mirrored(piece: Piece, part: Part, partner: Index) -> Piece:
    """The same piece on the subject's other side; ``partner`` maps skin vertices to their mirror images."""
    follow = np.where(piece.follow >= 0, partner[piece.follow], -1).astype(np.int32)
    return Piece(
        points=piece.points * [-1.0, 1.0, 1.0],
        triangles=np.ascontiguousarray(piece.triangles[:, ::-1]),
        part=part,
        follow=follow,
        share=piece.share,
        jaw=piece.jaw,
        head=piece.head,
        uv=piece.uv,
    )
