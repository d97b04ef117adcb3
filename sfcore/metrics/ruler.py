"""How far the skin lies from where it should: coefficients measured on one rig, in millimetres.

Shapes move vertices linearly, so the squared distance between two faces is a quadratic form of the difference of their
coefficients, and its matrix (the shapes' displacements multiplied with each other) is made once for all pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import SHAPES
from sfcore.rigs.rig import Rig
from sfcore.store.schemas import SKIN_REGIONS

Array = NDArray[np.float64]

_MILLIMETRES = 10.0
"""Rigs are built in centimetres."""


@dataclass(frozen=True, eq=False)
class Ruler:
    """A rig as a measure: ``gram`` (1 + regions, 52, 52) in square millimetres, already divided by the number of vertices.

    The first matrix is of the whole face (every vertex that some shape moves), the others of `SKIN_REGIONS` in order: of the
    vertices that this region's shapes move most. All zeros where a region has no vertex.
    """

    rig_digest: str
    gram: Array

    @classmethod
    def of(cls, rig: Rig) -> Ruler:
        """Measures on the neutral head of ``rig``, without correctives, head turns and the contact of lids and lips."""
        n = len(rig.neutral)
        moves = np.stack([rig.shapes.dense(shape.index, n) for shape in SHAPES]).astype(np.float64) * _MILLIMETRES
        strength = (moves**2).sum(axis=2)
        by_region = np.stack([strength[[s.index for s in SHAPES if s.region == region]].sum(axis=0) for region in SKIN_REGIONS])
        moved = by_region.max(axis=0) > 0
        owner = np.where(moved, by_region.argmax(axis=0), -1)
        chosen = [moved, *(owner == index for index in range(len(SKIN_REGIONS)))]
        return cls(rig.digest, np.stack([_gram(moves[:, vertices]) for vertices in chosen]))

    def distances(self, true: Array, answered: Array) -> Array:
        """Root mean square distance over vertices, (n, 1 + regions) in millimetres, between faces of (n, 52) shapes.

        A shape whose truth is unknown (nan) is left out; a missing answer (nan) stands at the far end of the shape's range.
        """
        far = np.where(true < 0.5, 1.0, 0.0)
        answer = np.where(np.isfinite(answered), answered, far)
        difference = np.nan_to_num(answer - true, nan=0.0)
        squared = np.stack([((difference @ gram) * difference).sum(axis=1) for gram in self.gram], axis=1)
        return np.sqrt(np.maximum(squared, 0.0))


def _gram(moves: Array) -> Array:
    flat = moves.reshape(len(moves), -1)
    return flat @ flat.T / max(moves.shape[1], 1)
