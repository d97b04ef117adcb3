"""Where paint goes: a head's skin laid onto the neutral frontal plane of the embedded head.

All painting (lips, brows, blush, beard, folds) is defined once over the plane of `sfcore.rigs.procedural.features`. A head takes
part by its 68 landmarks in Multi-PIE's order: a thin-plate spline takes them, seen from the front, to where the embedded head has
them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.frontal import Front
from sfcore.rigs.procedural import features
from sfcore.rigs.procedural.curves import rise
from sfcore.rigs.procedural.skin import mouth_half_width
from sfcore.rigs.rig import Ints
from sfcore.rigs.thin_plate import ThinPlate, fit_thin_plate

Array = NDArray[np.float64]

PLAIN = (8.6, -2.0)
"""A place of the plane without any paint: what ears and the back of the head are given."""
BELOW_ALL = -26.0
"""A height of the plane below all paint, the longest hair's edge included."""
STIFFNESS = 0.002
_INNER_LIP = 0.12
"""Skin this far (cm) behind what is seen from the front belongs to the inside of the lips."""

BROW, NOSE, LEFT_EYE, RIGHT_EYE, OUTER_LIPS, INNER_LIPS = (
    slice(17, 27), slice(27, 36), slice(42, 48), slice(36, 42), slice(48, 60), slice(60, 68)
)  # fmt: skip
CHIN, TIP, BASE = 8, 30, 33


def plane_landmarks() -> Array:
    """The 68 landmarks (68, 2) on the embedded head's plane, centimetres; NaN for the jaw's edge, which needs no place."""
    half = mouth_half_width()
    result = np.full((68, 2), np.nan)
    result[CHIN] = (0.0, -11.15)
    # The painted brow's line, a little above its middle, where the marks run.
    for i, x in enumerate((1.2, 2.2, 3.3, 4.3, 5.1)):
        t = (x - 0.95) / 4.25
        y = 1.72 + 0.28 * t + 0.45 * (t - t**3) + 0.12
        result[22 + i], result[21 - i] = (x, y), (-x, y)
    result[27:31] = [(0.0, 0.1), (0.0, -1.0), (0.0, -2.0), (0.0, -3.45)]
    result[31:36] = [(-1.1, -4.6), (-0.5, -4.72), (0.0, -4.8), (0.5, -4.72), (1.1, -4.6)]
    inner, outer = features.EYE_CORNERS
    across = np.array([inner, inner + 0.34 * (outer - inner), inner + 0.72 * (outer - inner), outer])
    upper, lower = features.lid_curves(across)
    eye = [(across[0], upper[0]), (across[1], upper[1]), (across[2], upper[2]), (across[3], upper[3]),
           (across[2], lower[2]), (across[1], lower[1])]  # fmt: skip
    result[LEFT_EYE] = eye
    for right, left in zip((39, 38, 37, 36, 41, 40), range(6), strict=True):
        result[right] = (-eye[left][0], eye[left][1])
    return _with_mouth(result, half)


def _with_mouth(result: Array, half: float) -> Array:
    line = features.mouth_line(np.array([half]), half)[0]
    result[48], result[54] = (-half, line), (half, line)
    for place, x in ((51, 0.0), (52, 0.55), (53, 1.5)):
        y = features.lip_borders(np.array([x]), half)[0][0]
        result[place], result[102 - place] = (x, y), (-x, y)
    for place, x in ((57, 0.0), (56, 0.9), (55, 1.65)):
        y = features.lip_borders(np.array([x]), half)[1][0]
        result[place], result[114 - place] = (x, y), (-x, y)
    result[60], result[64] = (-half * 0.93, line), (half * 0.93, line)
    for upper, lower, x in ((61, 67, -0.95), (62, 66, 0.0), (63, 65, 0.95)):
        y = features.mouth_line(np.array([x]), half)[0]
        result[upper], result[lower] = (x, y + 0.03), (x, y - 0.03)
    return result


def paint_warp(landmarks: Array, points: Array, skin: Ints) -> ThinPlate:
    """The warp of the frontal plane for a head with 68 ``landmarks`` (68, 3) and ``skin`` vertices of ``points`` (n, 3)."""
    target = plane_landmarks()
    known = np.isfinite(target[:, 0]) & np.isfinite(landmarks[:, 0])
    source, target = landmarks[known, :2], target[known]
    # Lower lip and chin say how far the jaw's edge lies; sides and vault stay as they are but for the width of the head.
    anchors = _outline(points[skin], landmarks)
    source = np.concatenate([source, anchors[:, :2]])
    target = np.concatenate([target, anchors[:, 2:]])
    # One warp for both halves: each mark also counts for its mirror image.
    flip = np.array([-1.0, 1.0])
    return fit_thin_plate(np.concatenate([source, source * flip]), np.concatenate([target, target * flip]), STIFFNESS)


def _outline(skin: Array, landmarks: Array) -> Array:
    """Anchors (k, 4), place and image, around the face: its sides at three heights, and the vault where there is one."""
    anchors = []
    jaw_scale = -11.15 / min(float(landmarks[CHIN, 1]), -5.0)
    front = skin[skin[:, 2] > -1.0]
    for y, width in ((6.0, 7.2), (-3.0, 6.9), (-7.5, 5.6)):
        height = y / jaw_scale if y < 0 else y
        level = np.abs(front[np.abs(front[:, 1] - height) < 0.6, 0])
        if len(level) > 4:
            # Ears stand out of the outline: the 80th percentile of the widest is the head.
            anchors.append((float(min(level.max(), width * 1.15)), height, width, y))
    top = float(skin[:, 1].max())
    if top > 8.0:
        anchors.append((0.0, top, 0.0, 11.45))
    anchors.append((0.0, -16.0 / jaw_scale, 0.0, -16.0))
    return np.array(anchors)


def painted_plane(points: Array, warp: ThinPlate, front: Front, landmarks: Array) -> Array:
    """Coordinates (n, 2) of skin vertices on the plane.

    Vertices inside the mouth take the place of the line between the lips, so that they are red; ears and the back of the head
    lead to a place without paint.
    """
    plane = warp(points[:, :2])
    _, depth = front.at(points[:, 0], points[:, 1])
    mouth = landmarks[48:60]
    box = (np.abs(points[:, 0]) < np.abs(mouth[:, 0]).max() + 0.15) & (points[:, 1] < mouth[:, 1].max() + 0.6)
    box &= (points[:, 1] > mouth[:, 1].min() - 0.6) & (points[:, 2] > mouth[:, 2].min() - 3.0)
    hidden = box & (points[:, 2] < depth - _INNER_LIP)
    half = mouth_half_width()
    inner = np.clip(plane[hidden, 0], -0.9 * half, 0.9 * half)
    plane[hidden] = np.stack([inner, features.mouth_line(inner, half)], -1)
    return _without_sides(points, plane)


def _without_sides(points: Array, plane: Array) -> Array:
    """Fades the paint out from in front of the ears backwards."""
    # Angle around the upright axis that the head turns about, as the embedded head's z = 0 lies between its ears.
    angle = np.degrees(np.arctan2(np.abs(points[:, 0]), points[:, 2]))
    away = rise(72.0, 90.0, angle)
    side = np.where(points[:, 0] < 0, -1.0, 1.0)
    u = plane[:, 0] + away * (side * np.maximum(np.abs(plane[:, 0]), PLAIN[0]) - plane[:, 0])
    # Cheeks lead to the ears, the jaw's edge and the throat down below all paint.
    low = rise(-6.0, -9.0, plane[:, 1])
    target = PLAIN[1] + low * (BELOW_ALL - PLAIN[1])
    v = np.where(plane[:, 1] < 5.0, plane[:, 1] + away * (target - plane[:, 1]), plane[:, 1])
    return np.stack([u, v], -1)
