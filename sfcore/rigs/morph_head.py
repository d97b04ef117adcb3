"""A head as an importer reads it: a mesh, its morph targets by ARKit's names, and what is known of its parts.

Every importer ends here; `sfcore.rigs.assemble` makes a `Rig` of it, the same way for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.rig import Floats, Ints, Textures


@dataclass(frozen=True, eq=False)
class MorphHead:
    """A head in its own units, with +x at the subject's left, +y up and +z out of the face; any place is its origin.

    ``morphs`` maps Live Link names (``EyeBlinkLeft``) to displacements (n, 3) at full value; shapes a source does not have are
    absent. ``modes`` maps names of identity modes to displacements (n, 3) by one standard deviation.
    """

    name: str
    domain: str
    """Family of faces that its pictures count as: ``ict``, ``gltf:<name>``, ``mpfb``, ``obj:<name>``."""
    licence: str
    """What the source says of its use, in a few words; "none stated" where it says nothing."""
    vertices: Floats
    """(n, 3)."""
    triangles: Ints
    """(m, 3) counter-clockwise seen from outside."""
    parts: NDArray[np.uint8] | None
    """(m,) `sfcore.rigs.parts.Part` of each triangle, or None where the source does not tell and they are to be found."""
    morphs: dict[str, Floats]
    modes: dict[str, Floats] = field(default_factory=dict)
    textures: Textures | None = None
    eye_balls: tuple[Ints, Ints] | None = None
    """Vertices of the left and the right eyeball where the source tells them apart."""
    centimetres: float | None = None
    """How many centimetres one unit is; None where it is not known and the distance of the eyes decides."""
    landmarks: Ints | None = None
    """(68,) vertices in the order of Multi-PIE's marks where the source names them; None where the shapes must tell."""
    notes: tuple[str, ...] = ()
    """What the importer noticed and a user should know, a sentence each."""
