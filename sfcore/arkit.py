"""The 61 channels: 52 ARKit blendshapes in 0..1 and 9 rotations in radians, named and ordered as Live Link Face writes them.

*Left* is the subject's left, which an unmirrored picture shows on the right-hand side.

Signs of the rotations. Eyes, read off the takes of three people: a positive yaw looks to the subject's right (``LeftEyeYaw``
follows ``EyeLookInLeft - EyeLookOutLeft``, r 0.94 to 1.00), a positive pitch looks down. Head: none of those takes has head
rotation switched on; ARKit's right-handed face frame (+x the subject's left, +y up, +z out of the face) makes a positive yaw turn
to the subject's left, a positive pitch nod down and a positive roll tilt to the subject's right shoulder, and the two published
pictures of the reference model with a turned head (HeadYaw -0.1, both turned to the subject's right) agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Side = Literal["left", "right", "both"]
Region = Literal["eyes", "brows", "nose", "cheeks", "jaw", "mouth", "tongue", "head"]
Kind = Literal["shape", "rotation"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One of the 61: ``index`` is its place in Live Link order, ``side`` the subject's side whose tissue it moves."""

    index: int
    name: str
    kind: Kind
    side: Side
    region: Region
    partner: str
    """The channel that takes its value in a mirrored face; itself for channels of the middle."""
    flips_sign: bool
    """Whether the value changes sign when the face is mirrored (yaw and roll)."""
    units: tuple[str, ...]
    """FACS action units nearest to it, after Ekman and Friesen's manual; empty where FACS has none."""
    tissue: tuple[str, ...]
    """Parts of the face that move."""

    @property
    def low(self) -> float:
        """Smallest value the channel can hold: 0 for shapes; rotations stay within a half turn."""
        return 0.0 if self.kind == "shape" else -3.1416

    @property
    def high(self) -> float:
        """Largest value the channel can hold: 1 for shapes; rotations stay within a half turn."""
        return 1.0 if self.kind == "shape" else 3.1416


_EYE = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")

# Live Link order, as every published take writes its header.
NAMES: tuple[str, ...] = (
    *(f"Eye{action}Left" for action in _EYE),
    *(f"Eye{action}Right" for action in _EYE),
    *("JawForward", "JawRight", "JawLeft", "JawOpen"),
    *("MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft"),
    *("MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight", "MouthDimpleLeft", "MouthDimpleRight"),
    *("MouthStretchLeft", "MouthStretchRight", "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper"),
    *("MouthPressLeft", "MouthPressRight", "MouthLowerDownLeft", "MouthLowerDownRight", "MouthUpperUpLeft", "MouthUpperUpRight"),
    *("BrowDownLeft", "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight"),
    *("CheekPuff", "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight", "TongueOut"),
    *("HeadYaw", "HeadPitch", "HeadRoll"),
    *("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
)

# Stem (name without its side) -> region, FACS units, tissue.
_ANATOMY: dict[str, tuple[Region, tuple[str, ...], tuple[str, ...]]] = {
    "EyeBlink": ("eyes", ("AU45",), ("upper lid",)),
    "EyeLookDown": ("eyes", ("AU64",), ("eyeball", "upper lid")),
    "EyeLookIn": ("eyes", (), ("eyeball",)),
    "EyeLookOut": ("eyes", (), ("eyeball",)),
    "EyeLookUp": ("eyes", ("AU63",), ("eyeball", "upper lid")),
    "EyeSquint": ("eyes", ("AU7",), ("lower lid", "upper lid")),
    "EyeWide": ("eyes", ("AU5",), ("upper lid",)),
    "JawForward": ("jaw", ("AU29",), ("jaw", "chin", "lower lip")),
    "JawRight": ("jaw", ("AU30",), ("jaw", "chin", "lower lip")),
    "JawLeft": ("jaw", ("AU30",), ("jaw", "chin", "lower lip")),
    "JawOpen": ("jaw", ("AU26", "AU27"), ("jaw", "chin", "lower lip", "lower teeth")),
    "MouthClose": ("mouth", (), ("upper lip", "lower lip")),
    "MouthFunnel": ("mouth", ("AU22",), ("upper lip", "lower lip")),
    "MouthPucker": ("mouth", ("AU18",), ("upper lip", "lower lip")),
    "MouthRight": ("mouth", (), ("upper lip", "lower lip", "cheek")),
    "MouthLeft": ("mouth", (), ("upper lip", "lower lip", "cheek")),
    "MouthSmile": ("mouth", ("AU12",), ("lip corner", "cheek")),
    "MouthFrown": ("mouth", ("AU15",), ("lip corner",)),
    "MouthDimple": ("mouth", ("AU14",), ("lip corner",)),
    "MouthStretch": ("mouth", ("AU20",), ("lip corner", "cheek")),
    "MouthRollLower": ("mouth", ("AU28",), ("lower lip", "chin")),
    "MouthRollUpper": ("mouth", ("AU28",), ("upper lip",)),
    "MouthShrugLower": ("mouth", ("AU17",), ("lower lip", "chin")),
    "MouthShrugUpper": ("mouth", (), ("upper lip",)),
    "MouthPress": ("mouth", ("AU24",), ("upper lip", "lower lip")),
    "MouthLowerDown": ("mouth", ("AU16",), ("lower lip",)),
    "MouthUpperUp": ("mouth", ("AU10",), ("upper lip",)),
    "BrowDown": ("brows", ("AU4",), ("brow",)),
    "BrowInnerUp": ("brows", ("AU1",), ("brow", "forehead")),
    "BrowOuterUp": ("brows", ("AU2",), ("brow", "forehead")),
    "CheekPuff": ("cheeks", ("AU34",), ("cheek", "upper lip", "lower lip")),
    "CheekSquint": ("cheeks", ("AU6",), ("cheek", "lower lid")),
    "NoseSneer": ("nose", ("AU9",), ("nostril", "nose bridge", "upper lip")),
    "TongueOut": ("tongue", ("AU19",), ("tongue",)),
    "HeadYaw": ("head", ("AU51", "AU52"), ("head",)),
    "HeadPitch": ("head", ("AU53", "AU54"), ("head",)),
    "HeadRoll": ("head", ("AU55", "AU56"), ("head",)),
    "EyeYaw": ("eyes", ("AU61", "AU62"), ("eyeball",)),
    "EyePitch": ("eyes", ("AU63", "AU64"), ("eyeball",)),
    "EyeRoll": ("eyes", (), ("eyeball",)),
}

EYE_RADIANS = 0.6
"""Radians by which an eye is turned by one full look shape: its slope in the takes of three people is 0.55 to 0.61."""

_SIDED = re.compile(r"(?P<lead>Left|Right)?(?P<stem>[A-Za-z]+?)(?P<tail>Left|Right)?")


def _split(name: str) -> tuple[str, Side]:
    match = _SIDED.fullmatch(name)
    assert match is not None, name
    stem, word = match["stem"], match["lead"] or match["tail"]
    # Jaw and mouth shifts name a direction: both sides of the tissue move.
    if stem in ("Jaw", "Mouth"):
        return name, "both"
    sides: dict[str | None, Side] = {"Left": "left", "Right": "right", None: "both"}
    return stem, sides[word]


def _mirrored_name(name: str) -> str:
    return re.sub(r"Left|Right", lambda m: "Right" if m[0] == "Left" else "Left", name)


def _channel(index: int, name: str) -> Channel:
    stem, side = _split(name)
    region, units, tissue = _ANATOMY[stem]
    kind: Kind = "rotation" if name.endswith(("Yaw", "Pitch", "Roll")) else "shape"
    return Channel(
        index=index,
        name=name,
        kind=kind,
        side=side,
        region=region,
        partner=_mirrored_name(name),
        flips_sign=kind == "rotation" and not name.endswith("Pitch"),
        units=units,
        tissue=tissue,
    )


CHANNELS: tuple[Channel, ...] = tuple(_channel(i, name) for i, name in enumerate(NAMES))
BY_NAME: dict[str, Channel] = {channel.name: channel for channel in CHANNELS}
INDEX: dict[str, int] = {channel.name: channel.index for channel in CHANNELS}
SHAPES: tuple[Channel, ...] = tuple(c for c in CHANNELS if c.kind == "shape")
ROTATIONS: tuple[Channel, ...] = tuple(c for c in CHANNELS if c.kind == "rotation")
MIRROR_INDEX: tuple[int, ...] = tuple(INDEX[c.partner] for c in CHANNELS)
"""``mirrored[i] = values[MIRROR_INDEX[i]] * MIRROR_SIGN[i]`` gives the coefficients of the mirrored face."""
MIRROR_SIGN: tuple[float, ...] = tuple(-1.0 if c.flips_sign else 1.0 for c in CHANNELS)

LEFT_RIGHT_PAIRS: tuple[tuple[str, str], ...] = tuple((c.name, c.partner) for c in SHAPES if c.name.endswith("Left"))
"""Pairs of shapes that mirror each other, the one named *Left* first (JawLeft and MouthLeft name directions)."""


def _folded(spelling: str) -> str:
    """Folds case, separators, a ``blendShapes.`` prefix and short sides (``_L``, ``_l``) away."""
    word = spelling.strip().rsplit(".", 1)[-1]
    word = re.sub(r"[_\- ][Ll]$", "Left", word)
    word = re.sub(r"[_\- ][Rr]$", "Right", word)
    return re.sub(r"[_\-\s]", "", word).lower()


_BY_FOLDED: dict[str, Channel] = {name.lower(): channel for name, channel in BY_NAME.items()}


def resolve(spelling: str) -> Channel | None:
    """The channel meant by a spelling (``eyeBlinkLeft``, ``eyeBlink_L``, ``blendShapes.EyeBlinkLeft``), or None if it is none."""
    return _BY_FOLDED.get(_folded(spelling))
