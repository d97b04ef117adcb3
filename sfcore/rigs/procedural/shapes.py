"""The 52 shapes as displacements of the skin, each on the tissue and the side ARKit documents for it.

Every sided shape is written for the subject's left; the right one is its mirror image. Regions, directions and sizes were set
beside measurements of Apple's own face mesh (published through SAiD): each shape's centre of motion, its spread and its length
in units of the distance between the eyes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sfcore.arkit import NAMES, SHAPES
from sfcore.rigs.procedural import eye_shapes, jaw_shapes, mouth_shapes
from sfcore.rigs.procedural.curves import Array
from sfcore.rigs.procedural.falloff import Field, field_of
from sfcore.rigs.procedural.skin import Skin

Move = Callable[[Field], Array]

_MOVES: dict[str, Move] = {
    "EyeBlinkLeft": eye_shapes.blink,
    "EyeLookDownLeft": eye_shapes.look_down,
    "EyeLookInLeft": lambda f: eye_shapes.look_sideways(f, -1.0),
    "EyeLookOutLeft": lambda f: eye_shapes.look_sideways(f, 1.0),
    "EyeLookUpLeft": eye_shapes.look_up,
    "EyeSquintLeft": eye_shapes.squint,
    "EyeWideLeft": eye_shapes.wide,
    "JawForward": lambda f: jaw_shapes.slide(f, jaw_shapes.FORWARD),
    "JawRight": lambda f: jaw_shapes.slide(f, (-jaw_shapes.SIDEWAYS, 0.0, 0.0)),
    "JawLeft": lambda f: jaw_shapes.slide(f, (jaw_shapes.SIDEWAYS, 0.0, 0.0)),
    "JawOpen": jaw_shapes.jaw_open,
    "MouthClose": mouth_shapes.close,
    "MouthFunnel": mouth_shapes.funnel,
    "MouthPucker": mouth_shapes.pucker,
    "MouthRight": lambda f: mouth_shapes.sideways(f, -1.0),
    "MouthLeft": lambda f: mouth_shapes.sideways(f, 1.0),
    "MouthSmileLeft": mouth_shapes.smile,
    "MouthFrownLeft": mouth_shapes.frown,
    "MouthDimpleLeft": mouth_shapes.dimple,
    "MouthStretchLeft": mouth_shapes.stretch,
    "MouthRollLower": mouth_shapes.roll_lower,
    "MouthRollUpper": mouth_shapes.roll_upper,
    "MouthShrugLower": mouth_shapes.shrug_lower,
    "MouthShrugUpper": mouth_shapes.shrug_upper,
    "MouthPressLeft": mouth_shapes.press,
    "MouthLowerDownLeft": mouth_shapes.lower_down,
    "MouthUpperUpLeft": mouth_shapes.upper_up,
    "BrowDownLeft": eye_shapes.brow_down,
    "BrowInnerUp": eye_shapes.brow_inner_up,
    "BrowOuterUpLeft": eye_shapes.brow_outer_up,
    "CheekPuff": mouth_shapes.cheek_puff,
    "CheekSquintLeft": eye_shapes.cheek_squint,
    "NoseSneerLeft": eye_shapes.nose_sneer,
    "TongueOut": mouth_shapes.tongue_lips,
}


_CORRECTIVES: dict[tuple[str, str], Move] = {
    ("JawOpen", "MouthClose"): jaw_shapes.close_against_jaw,
    ("MouthShrugLower", "MouthShrugUpper"): mouth_shapes.shrug_both,
    ("MouthRollUpper", "MouthShrugLower"): mouth_shapes.roll_over_shrug,
    ("MouthRollUpper", "MouthPressLeft"): lambda f: mouth_shapes.roll_while_pressed(f, 1.0),
    ("MouthRollLower", "MouthPressLeft"): lambda f: mouth_shapes.roll_while_pressed(f, -1.0),
    ("EyeBlinkLeft", "EyeSquintLeft"): lambda f: eye_shapes.blink_on_raised(f, 0.3),
    ("EyeBlinkLeft", "CheekSquintLeft"): lambda f: eye_shapes.blink_on_raised(f, 0.16),
    ("EyeBlinkLeft", "EyeLookUpLeft"): eye_shapes.blink_against(eye_shapes.look_up),
    ("EyeBlinkLeft", "EyeWideLeft"): eye_shapes.blink_against(eye_shapes.wide),
}
"""What two shapes together do beyond the sum of both; acts with the smaller of their values."""


def skin_correctives(skin: Skin) -> tuple[Array, list[tuple[str, str]]]:
    """Displacements (c, n, 3) of the skin that two shapes call for together, and the two shapes of each."""
    field, moved, pairs = field_of(skin), [], []
    for (one, other), move in _CORRECTIVES.items():
        moved.append(move(field))
        pairs.append((one, other))
        if other.endswith("Left"):
            moved.append(moved[-1][skin.partner] * [-1.0, 1.0, 1.0])
            pairs.append((one.replace("Left", "Right"), other.replace("Left", "Right")))
    return np.stack(moved), pairs


def skin_shapes(skin: Skin) -> Array:
    """Displacements (52, n, 3) of the skin, in Live Link order."""
    field = field_of(skin)
    result = np.zeros((len(SHAPES), len(skin.points), 3))
    for i, name in enumerate(NAMES[: len(SHAPES)]):
        if name in _MOVES:
            result[i] = _MOVES[name](field)
        else:
            left = _MOVES[name.replace("Right", "Left")](field)
            result[i] = left[skin.partner] * [-1.0, 1.0, 1.0]
    return result
