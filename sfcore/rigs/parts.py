"""The parts of a head, as the numbers that triangles and pixels carry."""

from __future__ import annotations

from enum import IntEnum


class Part(IntEnum):
    """What a triangle shows. *Left* is the subject's left."""

    SKIN = 0
    LIPS = 1
    BROW = 2
    LASHES = 3
    EYE_LEFT = 4
    EYE_RIGHT = 5
    IRIS_LEFT = 6
    IRIS_RIGHT = 7
    LID_EDGE = 8
    TEETH_UPPER = 9
    TEETH_LOWER = 10
    GUMS = 11
    TONGUE = 12
    CAVITY = 13
    EAR = 14
    HAIR = 15
    SHIRT = 16
    BACKGROUND = 17
    GLASSES = 18
    HEADWEAR = 19
    OCCLUDER = 20
