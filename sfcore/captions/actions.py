"""The actions a caption can speak of, and how strong each is in a face.

An action is what a FACS coder would see and name, which is not always one channel: a lid is open or closed by the difference of
two channels, a gaze belongs to both eyes, and a jaw is left or right, never both.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS, EYE_RADIANS, INDEX
from sfcore.captions.intensity import ANGLE, DIFFERENCE, NONE, SHAPE, Thresholds, band

Kind = Literal["pair", "single"]

REGIONS: tuple[str, ...] = ("brows", "eyes", "cheeks", "nose", "mouth", "jaw", "tongue", "gaze", "head")
"""In the order in which captions go through a face."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a face can do."""

    key: str
    region: str
    kind: Kind
    """``pair``: left and right tissue act on their own; ``single``: one strength for the face."""
    left: tuple[str, ...]
    """Channels of the subject's left, added; of both sides for ``single``."""
    right: tuple[str, ...]
    less: tuple[str, ...] = ()
    """Antagonists whose strength is taken off, named like ``left``; a pair's right side takes their partners."""
    thresholds: Thresholds = SHAPE
    opposite: str = ""
    """The action in the other direction, where one exists."""
    mirror: str = ""
    """The action in the mirrored face, where it is not itself."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that strengthens it."""
        return self.left + tuple(name for name in self.right if name not in self.left)


def _pair(key: str, region: str, stem: str, less: str = "", opposite: str = "") -> Action:
    return Action(key, region, "pair", (f"{stem}Left",), (f"{stem}Right",), (f"{less}Left",) if less else (), opposite=opposite)


def _single(
    key: str, region: str, *channels: str, opposite: str = "", mirror: str = "", thresholds: Thresholds = SHAPE
) -> Action:
    return Action(key, region, "single", channels, channels, (), thresholds, opposite, mirror)


ACTIONS: tuple[Action, ...] = (
    _single("inner_brow_raise", "brows", "BrowInnerUp"),
    _pair("outer_brow_raise", "brows", "BrowOuterUp"),
    _pair("brow_lower", "brows", "BrowDown"),
    _pair("eye_close", "eyes", "EyeBlink", "EyeWide", "eye_widen"),
    _pair("eye_widen", "eyes", "EyeWide", "EyeBlink", "eye_close"),
    _pair("lid_tighten", "eyes", "EyeSquint"),
    _pair("cheek_raise", "cheeks", "CheekSquint"),
    _single("cheek_puff", "cheeks", "CheekPuff"),
    _pair("nose_wrinkle", "nose", "NoseSneer"),
    _pair("corner_pull", "mouth", "MouthSmile"),
    _pair("corner_depress", "mouth", "MouthFrown"),
    _pair("dimple", "mouth", "MouthDimple"),
    _pair("lip_stretch", "mouth", "MouthStretch"),
    _pair("upper_lip_raise", "mouth", "MouthUpperUp"),
    _pair("lower_lip_depress", "mouth", "MouthLowerDown"),
    _pair("lip_press", "mouth", "MouthPress"),
    _single("lip_close", "mouth", "MouthClose"),
    _single("lip_funnel", "mouth", "MouthFunnel"),
    _single("lip_pucker", "mouth", "MouthPucker"),
    _single("upper_lip_roll", "mouth", "MouthRollUpper"),
    _single("lower_lip_roll", "mouth", "MouthRollLower"),
    _single("upper_lip_shrug", "mouth", "MouthShrugUpper"),
    _single("chin_raise", "mouth", "MouthShrugLower"),
    _single("mouth_left", "mouth", "MouthLeft", opposite="mouth_right", mirror="mouth_right"),
    _single("mouth_right", "mouth", "MouthRight", opposite="mouth_left", mirror="mouth_left"),
    _single("jaw_drop", "jaw", "JawOpen"),
    _single("jaw_thrust", "jaw", "JawForward"),
    _single("jaw_left", "jaw", "JawLeft", opposite="jaw_right", mirror="jaw_right"),
    _single("jaw_right", "jaw", "JawRight", opposite="jaw_left", mirror="jaw_left"),
    _single("tongue_show", "tongue", "TongueOut"),
    _single("gaze_left", "gaze", "EyeLookOutLeft", "EyeLookInRight", opposite="gaze_right", mirror="gaze_right"),
    _single("gaze_right", "gaze", "EyeLookInLeft", "EyeLookOutRight", opposite="gaze_left", mirror="gaze_left"),
    _single("gaze_up", "gaze", "EyeLookUpLeft", "EyeLookUpRight", opposite="gaze_down"),
    _single("gaze_down", "gaze", "EyeLookDownLeft", "EyeLookDownRight", opposite="gaze_up"),
    _single("gaze_inward", "gaze", "EyeLookInLeft", "EyeLookInRight", opposite="gaze_outward"),
    _single("gaze_outward", "gaze", "EyeLookOutLeft", "EyeLookOutRight", opposite="gaze_inward"),
    _single("turn_left", "head", "HeadYaw", opposite="turn_right", mirror="turn_right", thresholds=ANGLE),
    _single("turn_right", "head", "HeadYaw", opposite="turn_left", mirror="turn_left", thresholds=ANGLE),
    _single("nod_down", "head", "HeadPitch", opposite="nod_up", thresholds=ANGLE),
    _single("nod_up", "head", "HeadPitch", opposite="nod_down", thresholds=ANGLE),
    _single("tilt_left", "head", "HeadRoll", opposite="tilt_right", mirror="tilt_right", thresholds=ANGLE),
    _single("tilt_right", "head", "HeadRoll", opposite="tilt_left", mirror="tilt_left", thresholds=ANGLE),
)
BY_KEY: dict[str, Action] = {action.key: action for action in ACTIONS}
AT: dict[str, int] = {action.key: place for place, action in enumerate(ACTIONS)}
"""Key -> place in ``ACTIONS`` and in the lists of `Measures`."""
PAIRS: tuple[int, ...] = tuple(AT[a.key] for a in ACTIONS if a.kind == "pair")
SHIFTS: tuple[int, ...] = tuple(AT[key] for key in ("mouth_left", "mouth_right", "jaw_left", "jaw_right"))
"""Actions of the middle that carry it to one side: they make a face asymmetric, which turning and tilting the head do not."""
SINGLES: tuple[int, ...] = tuple(AT[a.key] for a in ACTIONS if a.kind == "single")

UNKNOWN = float("nan")
_SHAPE = (len(CHANNELS),)
_LOW = np.array([channel.low for channel in CHANNELS], np.float32)
_HIGH = np.array([channel.high for channel in CHANNELS], np.float32)
_EYE_CLOSE = AT["eye_close"]
# Lids that are closed so far leave a slit of the eye, from which nobody reads a gaze.
_HIDES_GAZE = 0.7
_THRESHOLDS = tuple(action.thresholds for action in ACTIONS)


@dataclass(frozen=True, slots=True)
class Measures:
    """How strong each action is in one face, by place in `ACTIONS`; NaN = unknown, negative = the opposite is under way."""

    left: list[float]
    """The subject's left side; for ``single`` actions the strength itself."""
    right: list[float]
    """The subject's right side; for ``single`` actions the strength itself."""
    left_bands: list[int]
    """Band numbers of ``left``, 0 = too weak to tell or unknown."""
    right_bands: list[int]
    """Band numbers of ``right``."""
    opposed: dict[str, float] = field(default_factory=dict)
    """Region -> strength, 0..1, of the weaker of two visible channels that pull against each other there: what cancels is not at
    rest."""

    def mean(self, place: int) -> float:
        """Mean of the known sides; NaN when neither is known."""
        left, right = self.left[place], self.right[place]
        if left != left:
            return right
        return left if right != right else (left + right) / 2

    def peak(self, place: int) -> float:
        """The stronger known side; NaN when neither is known."""
        left, right = self.left[place], self.right[place]
        return right if left != left or right > left else left

    def known(self, place: int) -> bool:
        """Whether both sides are known."""
        return self.left[place] == self.left[place] and self.right[place] == self.right[place]

    def difference(self, place: int) -> float:
        """Left minus right, 0 when a side is unknown."""
        difference = self.left[place] - self.right[place]
        return difference if difference == difference else 0.0

    def uneven(self, place: int) -> bool:
        """Whether the sides differ so much that an observer would tell them apart."""
        return abs(self.difference(place)) >= DIFFERENCE[0]

    def both(self, place: int) -> int | None:
        """The one band that tells both sides truly; None where they need telling apart.

        Sides that differ too little to be told apart but lie on two sides of a threshold are told by the band of their mean.
        """
        if self.left_bands[place] == self.right_bands[place]:
            return self.left_bands[place]
        if self.known(place) and not self.uneven(place):
            return band((self.left[place] + self.right[place]) / 2, ACTIONS[place].thresholds)
        return None

    def gaze_hidden(self) -> bool:
        """Whether closed lids hide where the eyes look."""
        return self.left[_EYE_CLOSE] >= _HIDES_GAZE and self.right[_EYE_CLOSE] >= _HIDES_GAZE


_PAIR_PLAN = tuple(
    (
        AT[a.key],
        INDEX[a.left[0]],
        INDEX[a.right[0]],
        INDEX[a.less[0]] if a.less else -1,
        INDEX[a.less[0].replace("Left", "Right")] if a.less else -1,
    )
    for a in ACTIONS
    if a.kind == "pair"
)
_PLAIN_PLAN = tuple((AT[a.key], INDEX[a.left[0]]) for a in ACTIONS if a.kind == "single" and not a.opposite)
_OPPOSED = (("jaw_left", "JawLeft", "JawRight"), ("mouth_left", "MouthLeft", "MouthRight"))
_OPPOSED_PLAN = tuple((AT[key], AT[BY_KEY[key].opposite], INDEX[a], INDEX[b]) for key, a, b in _OPPOSED)
_HEAD_PLAN = tuple(
    (AT[key], AT[BY_KEY[key].opposite], INDEX[name])
    for key, name in (("turn_left", "HeadYaw"), ("nod_down", "HeadPitch"), ("tilt_right", "HeadRoll"))
)
_GAZE_KEYS = ("gaze_right", "gaze_left", "gaze_inward", "gaze_outward", "gaze_down", "gaze_up")
_GAZE_PLAN = tuple(AT[key] for key in _GAZE_KEYS)
_EYES = tuple(
    (*(INDEX[f"EyeLook{way}{side}"] for way in ("In", "Out", "Down", "Up")), INDEX[f"{side}EyeYaw"], INDEX[f"{side}EyePitch"])
    for side in ("Left", "Right")
)


def _mean_known(a: float, b: float) -> float:
    if a != a:
        return b
    return a if b != b else (a + b) / 2


def _gaze(v: list[float]) -> tuple[float, float, float]:
    """Look to the subject's right, inward and down, each -1..1; the eye rotations speak where the look shapes are unknown."""
    turns, downs = [], []
    for (inward, outward, down, up, yaw, pitch), sign in zip(_EYES, (1.0, -1.0), strict=True):
        turn = v[inward] - v[outward]
        turns.append(turn if turn == turn else sign * v[yaw] / EYE_RADIANS)
        lower = v[down] - v[up]
        downs.append(lower if lower == lower else v[pitch] / EYE_RADIANS)
    left, right = turns
    return _mean_known(left, -right), (left + right) / 2, _mean_known(*downs)


# Region and the two channels of one side that pull against each other.
_AGAINST: tuple[tuple[str, int, int], ...] = tuple(
    (region, INDEX[one], INDEX[other])
    for region, one, other in (
        *(("eyes", f"EyeBlink{side}", f"EyeWide{side}") for side in ("Left", "Right")),
        *(("gaze", f"EyeLookIn{side}", f"EyeLookOut{side}") for side in ("Left", "Right")),
        *(("gaze", f"EyeLookDown{side}", f"EyeLookUp{side}") for side in ("Left", "Right")),
        # One eye up and the other down: the mean of both tells neither.
        *(("gaze", f"EyeLookDown{side}", f"EyeLookUp{other}") for side, other in (("Left", "Right"), ("Right", "Left"))),
        ("mouth", "MouthLeft", "MouthRight"),
        ("jaw", "JawLeft", "JawRight"),
    )
)
_VISIBLE = SHAPE[0]


def _opposed(v: list[float]) -> dict[str, float]:
    """See `Measures.opposed`; unknown channels pull against nothing."""
    found: dict[str, float] = {}
    for region, one, other in _AGAINST:
        if v[one] >= _VISIBLE and v[other] >= _VISIBLE:
            found[region] = max(found.get(region, 0.0), min(v[one], v[other]))
    return found


def measure(coefficients: NDArray[np.float32]) -> Measures:
    """(61,) float32, NaN = unknown -> how strong each action is.

    Values beyond their channel's range count as its end. Raises ValueError for another shape.
    """
    values = np.array(coefficients, dtype=np.float32)
    if values.shape != _SHAPE:
        raise ValueError(f"a face needs {len(CHANNELS)} coefficients, not an array of shape {values.shape}")
    # Raw recordings hold shapes a little below 0 and above 1; no muscle pushes.
    np.minimum(np.maximum(values, _LOW, out=values), _HIGH, out=values)
    v: list[float] = values.tolist()
    left = [UNKNOWN] * len(ACTIONS)
    right = [UNKNOWN] * len(ACTIONS)
    for at, on_left, on_right, less_left, less_right in _PAIR_PLAN:
        if less_left < 0:
            left[at], right[at] = v[on_left], v[on_right]
        else:
            left[at], right[at] = v[on_left] - v[less_left], v[on_right] - v[less_right]
    for at, channel in _PLAIN_PLAN:
        left[at] = right[at] = v[channel]
    for at, other, one, two in _OPPOSED_PLAN:
        left[at] = right[at] = v[one] - v[two]
        left[other] = right[other] = v[two] - v[one]
    for at, other, channel in _HEAD_PLAN:
        left[at] = right[at] = v[channel]
        left[other] = right[other] = -v[channel]
    gaze = _gaze(v)
    for at, value in zip(_GAZE_PLAN, (gaze[0], -gaze[0], gaze[1], -gaze[1], gaze[2], -gaze[2]), strict=True):
        left[at] = right[at] = value
    # As `intensity.band` does, without a call for each of the many that are still; NaN is not above anything.
    left_bands = [bisect_right(bounds, x) if x >= bounds[0] else NONE for x, bounds in zip(left, _THRESHOLDS, strict=True)]
    right_bands = left_bands.copy()
    for at in PAIRS:
        x, bounds = right[at], _THRESHOLDS[at]
        right_bands[at] = bisect_right(bounds, x) if x >= bounds[0] else NONE
    return Measures(left, right, left_bands, right_bands, _opposed(v))
