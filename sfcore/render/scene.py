"""What one picture shows: everything needed to draw it again, drawn from a sample's seed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, ROTATIONS
from sfcore.errors import WrongUse
from sfcore.randomness import stream
from sfcore.recipe import Faces
from sfcore.render.backdrop import GREY, Background, draw_background
from sfcore.render.camera import Camera
from sfcore.render.illumination import Light, draw_light, plain_light
from sfcore.render.props import Glasses, Headwear, Occluder, draw_props
from sfcore.render.sensor import Sensor, draw_sensor
from sfcore.render.style import Style, style_of
from sfcore.render.traits import Traits, draw_traits
from sfcore.rigs.rig import Rig, checked_coefficients

# Radians for one unit of EyeLook: medians over both eyes of three people's Live Link takes of the slope of the eye rotations on
# In - Out (0.58 to 0.63) and on Down - Up (0.52 to 0.61).
EYE_YAW_PER_UNIT = 0.61
EYE_PITCH_PER_UNIT = 0.56
HEAD_SPREAD = {"HeadYaw": 0.2, "HeadPitch": 0.12, "HeadRoll": 0.08}
"""Standard deviations (radians) of a head pose that no recording knows."""
HEAD_LIMIT = 0.6


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture: who, showing what, seen how. ``coefficients`` (61,) float32 is the truth written as label; NaN is unknown."""

    rig: str
    rig_digest: str
    identity: str
    traits: Traits
    coefficients: NDArray[np.float32]
    camera: Camera
    style: Style
    light: Light
    background: Background
    sensor: Sensor
    glasses: Glasses | None
    headwear: Headwear | None
    occluder: Occluder | None
    size: int

    def __post_init__(self) -> None:
        checked_coefficients(self.coefficients)
        if type(self.size) is not int or not 1 <= self.size <= 4096:
            raise WrongUse(f"a picture is 1 to 4096 pixels wide, not {self.size}.")
        values = np.array(self.coefficients, np.float32)
        values.setflags(write=False)
        object.__setattr__(self, "coefficients", values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scene) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def to_json(self) -> str:
        """Text from which `from_json` makes the same scene again, bit for bit; unknown coefficients are null."""
        content = asdict(self)
        content["coefficients"] = [None if np.isnan(v) else float(v) for v in self.coefficients]
        return json.dumps(content, sort_keys=True, allow_nan=False)

    @staticmethod
    def from_json(text: str) -> Scene:
        """Reads what `to_json` wrote; raises `WrongUse` for text that is no scene."""
        try:
            content = json.loads(text)
            content["coefficients"] = np.array([np.nan if v is None else v for v in content["coefficients"]], np.float32)
            return _rebuilt(Scene, content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise WrongUse(f"this text describes no scene: {str(error)[:120]}.") from None


def _rebuilt(kind: Any, content: Any) -> Any:
    """Data of JSON as the type it was: dataclasses, tuples of them, numbers."""
    if content is None or isinstance(content, np.ndarray):
        return content
    if get_origin(kind) is tuple:
        return tuple(_rebuilt(get_args(kind)[0], item) for item in content)
    if get_origin(kind) is UnionType:
        return _rebuilt(get_args(kind)[0], content)
    if not is_dataclass(kind):
        return content
    missing = {f.name for f in fields(kind)} ^ set(content)
    if missing:
        raise ValueError(f"{getattr(kind, '__name__', kind)} has other fields ({', '.join(sorted(missing))})")
    hints = get_type_hints(kind)
    rebuilt: Any = kind
    return rebuilt(**{name: _rebuilt(hints[name], value) for name, value in content.items()})


def _number(value: float) -> float:
    """Six decimals: short in JSON, and far below what a pixel can show."""
    return round(float(value), 6)


def _numbers(values: NDArray) -> Any:
    return tuple(_number(v) for v in values)


def _posed(sample_id: str, coefficients: NDArray[np.float32], head_motion: bool) -> NDArray[np.float32]:
    """Fills in the rotations that are unknown."""
    values = np.array(coefficients, np.float32)
    draw = stream(sample_id, "pose")
    for name, spread in HEAD_SPREAD.items():
        angle = float(np.clip(draw.normal() * spread, -HEAD_LIMIT, HEAD_LIMIT))
        if np.isnan(values[INDEX[name]]):
            values[INDEX[name]] = angle if head_motion else 0.0
    shown = checked_coefficients(coefficients)
    for eye, inwards in (("Left", 1.0), ("Right", -1.0)):
        inward = shown[INDEX[f"EyeLookIn{eye}"]] - shown[INDEX[f"EyeLookOut{eye}"]]
        down = shown[INDEX[f"EyeLookDown{eye}"]] - shown[INDEX[f"EyeLookUp{eye}"]]
        derived = {"Yaw": inwards * EYE_YAW_PER_UNIT * inward, "Pitch": EYE_PITCH_PER_UNIT * down, "Roll": 0.0}
        for turn, angle in derived.items():
            if np.isnan(values[INDEX[f"{eye}Eye{turn}"]]):
                values[INDEX[f"{eye}Eye{turn}"]] = angle
    assert not any(np.isnan(values[channel.index]) for channel in ROTATIONS)
    return values


def _camera(sample_id: str, varied: bool) -> Camera:
    if not varied:
        return Camera(79.4, 27.0, 0.0, -0.7)
    draw = stream(sample_id, "camera")
    distance = float(np.exp(draw.uniform(np.log(45.0), np.log(140.0))))
    view = float(np.clip(27.0 * np.exp(0.07 * draw.normal()), 22.5, 31.0))
    return Camera(_number(distance), _number(view), _number(0.6 * draw.normal()), _number(-0.7 + 0.6 * draw.normal()))


def draw_scene(sample_id: str, rig: Rig, identity: str, coefficients: NDArray[np.float32], faces: Faces) -> Scene:
    """Decides everything about one picture.

    ``coefficients`` (61,) float32 in Live Link order, NaN = unknown. Unknown shapes stay unknown and are drawn as 0; unknown head
    rotations are drawn (or 0 without ``faces.head_motion``) and unknown eye rotations follow from the EyeLook shapes; both are
    written into the scene's coefficients. Each aspect has a stream of its own, so switching one off moves no other.
    """
    if np.asarray(coefficients).shape != (len(NAMES),):
        raise WrongUse(
            f"a scene takes {len(NAMES)} coefficients in Live Link order, not an array of shape {np.shape(coefficients)}."
        )
    traits = draw_traits(identity, rig, faces.cartoon_share, faces.make_up_share, faces.beard_share)
    glasses, headwear, occluder = draw_props(sample_id, faces, traits)
    return Scene(
        rig=rig.name,
        rig_digest=rig.digest,
        identity=identity,
        traits=traits,
        coefficients=_posed(sample_id, np.asarray(coefficients, np.float32), faces.head_motion),
        camera=_camera(sample_id, faces.framing),
        style=style_of(sample_id, traits.cartoon, faces.drawn_share, faces.drawing_styles),
        light=draw_light(sample_id, faces.lights) if faces.light else plain_light(),
        background=draw_background(sample_id, faces.backgrounds) if faces.background else GREY,
        sensor=draw_sensor(sample_id, faces, traits.skin),
        glasses=glasses,
        headwear=headwear,
        occluder=occluder,
        size=faces.size,
    )
