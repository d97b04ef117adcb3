"""A pinhole camera in front of the face: it looks straight along -z, so that a turned head can only come from the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """``distance`` (cm) sets the perspective, ``view`` (cm) how much of the face the picture's height shows."""

    distance: float
    view: float
    centre_x: float
    centre_y: float
    plane: float = 4.0
    """Depth (cm) of the plane in which ``view`` is measured: about the cheeks."""

    def focal(self, pixels: int) -> float:
        """Focal length in pixels for a picture ``pixels`` high."""
        return pixels * (self.distance - self.plane) / self.view

    def view_of(self, pixels: int) -> Floats:
        """Distance, centre, focal length and half the width in pixels (5,), as compiled code takes them."""
        return np.array([self.distance, self.centre_x, self.centre_y, self.focal(pixels), pixels * 0.5], np.float32)

    def project(self, points: Floats, pixels: int) -> tuple[Floats, Floats]:
        """Screen positions (n, 2) in pixels, x right and y down, and inverse depths (n,) in 1/cm, of points (n, 3)."""
        inverse = (1.0 / (self.distance - points[:, 2])).astype(np.float32)
        scale = self.focal(pixels) * inverse
        xy = np.empty((len(points), 2), np.float32)
        xy[:, 0] = pixels * 0.5 + (points[:, 0] - self.centre_x) * scale
        xy[:, 1] = pixels * 0.5 - (points[:, 1] - self.centre_y) * scale
        return xy, inverse
