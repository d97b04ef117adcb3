"""What all pixels of one picture share, in the form compiled code takes.

Functions that take it are force-inlined: handing its forty fields from call to call cost nearly a third of the time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Scalar = Any
"""float32 inside compiled code; numba infers it, and no annotation of Python's says it."""

# Columns of the table of vertex attributes.
POSITION, NORMAL, UV = 0, 3, 6
ATTRIBUTES = 8
# Columns of the table of places on the screen.
SCREEN_X, SCREEN_Y, DEPTH, OCCLUSION = 0, 1, 2, 3


class Look(NamedTuple):
    """Everything the pixels of one picture share. Colours (3,) are linear, directions unit vectors, all float32."""

    viewer: NDArray
    """Position of the camera."""
    key_direction: NDArray
    key: NDArray
    environment: NDArray
    """(3, 9) light from all around, per channel: coefficients of 1, x, y, z, xy, yz, zx, x² - y², 3z² - 1 of the normal."""
    shadow_axes: NDArray
    """(3, 3) rows: right, up and towards the light, in which the shadow map is laid out."""
    shadow_map: NDArray
    shadow_frame: NDArray
    """Left, bottom and texels per centimetre of the shadow map."""
    shadow_bounds: NDArray
    """Least and greatest depth around each cell of the shadow map; see `lighting.shadow_bounds`."""
    grain: NDArray
    """The lattice of `texture.noise`."""
    head: NDArray
    """(3, 3) rotation of the head."""
    eye_centres: NDArray
    eye_axes: NDArray
    lid_shade: NDArray
    """(2, 3) quadratic a + b t + c t² of the upper lid's elevation over azimuth t, seen from each eye's centre."""
    skin_tint: NDArray
    """By how much a picture's skin is multiplied to come nearer to the person's own."""
    hair_tint: NDArray
    skin: NDArray
    lips: NDArray
    iris: NDArray
    hair: NDArray
    brow: NDArray
    shirt: NDArray
    blush: np.float32
    freckles: np.float32
    beard: NDArray
    """(3,) density of hair on the upper lip, the chin and the cheeks; 1 hides most of the skin."""
    make_up: NDArray
    """(5,) colour of the upper lids, how much of them it covers, and how dark a line is drawn along the lids' edges."""
    wrinkles: np.float32
    iris_size: np.float32
    brow_thickness: np.float32
    brow_arch: np.float32
    brow_tilt: np.float32
    fine: np.float32
    """1 where a pixel is smaller than two texels of the masks, so that they are interpolated."""
    cartoon: np.float32
    """1 for flat colours and outlines, 0 for a photograph."""
    cel: NDArray
    """(3,) how a drawing is shaded: depth 0..1 of its shade, softness of the edge, and 1 where there is a third tone between."""
    shaved: np.float32
    """1 where the scalp shows stubble."""
    strand_slant: np.float32
    """How far strands of hair lean, columns a row."""
    hairline: NDArray
    """(n,) height of the front edge of the hair at each half centimetre from the midline; far above where none grows."""
    folds: NDArray
    """(13,) strength 0..1: mid forehead, then left and right each of outer forehead, frown, crow's feet, nasolabial fold, bridge
    of the nose, dimple."""
