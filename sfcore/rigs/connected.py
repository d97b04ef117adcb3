"""Which vertices of a mesh hang together."""

from __future__ import annotations

import numpy as np

from sfcore.rigs.rig import Ints


def connected_pieces(triangles: Ints, vertices: int) -> Ints:
    """The smallest vertex (n,) of the piece each vertex belongs to: joined where triangles share it (label propagation)."""
    label = np.arange(vertices, dtype=np.int32)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    while True:
        smallest = np.minimum(label[edges[:, 0]], label[edges[:, 1]])
        joined = label.copy()
        for side in (0, 1):
            np.minimum.at(joined, edges[:, side], smallest)
            # The representative moves too, so that whole pieces join at once (hooking, as in Shiloach and Vishkin, 1982).
            np.minimum.at(joined, label[edges[:, side]], smallest)
        joined = joined[joined]
        if np.array_equal(joined, label):
            return label
        label = joined
