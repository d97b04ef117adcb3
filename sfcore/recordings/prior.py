"""The coefficient prior: takes of facial motion for those who have no recording yet.

A take is a row of targets (an expression, a viseme, a few single actions, a dense mixture, rest) that the face eases between,
with blinks, glances and a slowly moving head on top. What is plausible comes from FACS: prototypes after Friesen and Ekman's
EMFACS (1983), mouth shapes after the usual fourteen visemes, and antagonists that never act together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import EYE_RADIANS, INDEX, NAMES, SHAPES
from sfcore.randomness import stream

Sparse = dict[str, float]

# Stems without a side mean both sides.
EXPRESSIONS: dict[str, Sparse] = {
    "felt smile": {"MouthSmile": 0.9, "CheekSquint": 0.7, "EyeSquint": 0.45, "MouthDimple": 0.15, "MouthUpperUp": 0.2},
    "laugh": {
        "MouthSmile": 0.95,
        "CheekSquint": 0.85,
        "EyeSquint": 0.6,
        "JawOpen": 0.6,
        "MouthUpperUp": 0.45,
        "MouthLowerDown": 0.5,
    },
    "social smile": {"MouthSmile": 0.65, "MouthDimple": 0.25, "MouthStretch": 0.15},
    "surprise": {"BrowInnerUp": 0.9, "BrowOuterUp": 0.9, "EyeWide": 0.8, "JawOpen": 0.6},
    "fear": {"BrowInnerUp": 0.85, "BrowOuterUp": 0.5, "BrowDown": 0.35, "EyeWide": 0.9, "MouthStretch": 0.85, "JawOpen": 0.3},
    "anger": {"BrowDown": 0.95, "EyeSquint": 0.55, "MouthPress": 0.8, "NoseSneer": 0.3, "MouthShrugLower": 0.35},
    "glare": {"BrowDown": 0.9, "EyeWide": 0.5, "MouthUpperUp": 0.6, "MouthLowerDown": 0.7, "JawOpen": 0.35, "JawForward": 0.4},
    "disgust": {
        "NoseSneer": 0.95,
        "MouthUpperUp": 0.8,
        "BrowDown": 0.5,
        "EyeSquint": 0.5,
        "CheekSquint": 0.4,
        "MouthShrugLower": 0.4,
    },
    "sadness": {
        "BrowInnerUp": 0.9,
        "MouthFrown": 0.9,
        "MouthShrugLower": 0.6,
        "BrowDown": 0.25,
        "EyeLookDown": 0.3,
        "EyeBlink": 0.2,
    },
    "contempt": {"MouthDimpleLeft": 0.85, "MouthSmileLeft": 0.45, "MouthPressLeft": 0.4},
    "doubt": {"MouthShrugLower": 0.8, "MouthShrugUpper": 0.7, "MouthFrown": 0.5, "BrowOuterUp": 0.5, "BrowInnerUp": 0.3},
    "effort": {"EyeBlink": 0.95, "EyeSquint": 0.8, "BrowDown": 0.7, "MouthStretch": 0.6, "NoseSneer": 0.5, "CheekSquint": 0.6},
}

VISEMES: dict[str, Sparse] = {
    "aa": {"JawOpen": 0.75, "MouthLowerDown": 0.35, "MouthUpperUp": 0.2},
    "ee": {"JawOpen": 0.2, "MouthSmile": 0.3, "MouthStretch": 0.45, "MouthLowerDown": 0.5, "MouthUpperUp": 0.3},
    "oh": {"JawOpen": 0.5, "MouthFunnel": 0.8, "MouthPucker": 0.2},
    "oo": {"JawOpen": 0.2, "MouthPucker": 0.9, "MouthFunnel": 0.35},
    "pp": {"MouthPress": 0.55, "MouthRollLower": 0.5, "MouthRollUpper": 0.45, "JawOpen": 0.12, "MouthClose": 0.12},
    "ff": {"MouthRollLower": 0.75, "MouthUpperUp": 0.4, "JawOpen": 0.12},
    "th": {"TongueOut": 0.4, "JawOpen": 0.3, "MouthLowerDown": 0.3},
    "ch": {"MouthFunnel": 0.85, "MouthShrugUpper": 0.4, "MouthShrugLower": 0.3, "JawForward": 0.25},
    "mm": {"MouthClose": 0.85, "JawOpen": 0.85, "MouthRollUpper": 0.2},
}

# What a person moves at will, one at a time; every shape but the gaze, which has a track of its own.
_PAIRED = (
    *("EyeBlink", "EyeSquint", "EyeWide", "BrowDown", "BrowOuterUp", "CheekSquint", "NoseSneer", "MouthSmile", "MouthFrown"),
    *("MouthDimple", "MouthStretch", "MouthPress", "MouthLowerDown", "MouthUpperUp"),
)
_SINGLE = (
    *("JawForward", "JawRight", "JawLeft", "JawOpen", "MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft"),
    *("MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper", "BrowInnerUp", "CheekPuff", "TongueOut"),
)

# The lips cannot close over a raised jaw, nor the tongue pass closed lips.
NEEDS: dict[str, Sparse] = {"MouthClose": {"JawOpen": 0.9}, "TongueOut": {"JawOpen": 0.45}}
"""What an action cannot do without."""

ANTAGONISTS: tuple[tuple[str, str], ...] = (
    ("EyeBlinkLeft", "EyeWideLeft"),
    ("EyeBlinkRight", "EyeWideRight"),
    ("JawLeft", "JawRight"),
    ("MouthLeft", "MouthRight"),
    ("MouthSmileLeft", "MouthFrownLeft"),
    ("MouthSmileRight", "MouthFrownRight"),
    ("MouthFunnel", "MouthStretchLeft"),
    ("MouthFunnel", "MouthStretchRight"),
    ("MouthPucker", "MouthSmileLeft"),
    ("MouthPucker", "MouthSmileRight"),
    ("MouthPucker", "MouthStretchLeft"),
    ("MouthPucker", "MouthStretchRight"),
    ("CheekPuff", "TongueOut"),
    ("CheekPuff", "MouthFunnel"),
    ("MouthClose", "TongueOut"),
)
"""Pairs that never both act: the stronger wins by the difference."""

HEAD_LIMIT = 0.35

_LEFT_RIGHT = {"Left": "Right", "Right": "Left"}
_ANTAGONIST_INDEX = tuple((INDEX[a], INDEX[b]) for a, b in ANTAGONISTS)
_EXPRESSION_NAMES = tuple(EXPRESSIONS)
_VISEME_NAMES = tuple(VISEMES)
_N_SHAPES = len(SHAPES)

# Of six targets in a row these are dealt (number in the round -> hand), the others are expressions, visemes and the like.
_ROUND = 6
_DEALT_TURNS = {1: 0, 2: 1, 4: 2}


def _add(target: NDArray[np.float64], what: Sparse, strength: float) -> None:
    """Raises ``target`` (61,) to the sparse shapes, ``strength`` times as large; a stem without a side means both sides."""
    for name, value in what.items():
        for full in (name,) if name in INDEX else (f"{name}Left", f"{name}Right"):
            target[INDEX[full]] = max(target[INDEX[full]], strength * value)


def _mirrored(what: Sparse) -> Sparse:
    return {
        (name[: -len(side)] + other if (side := _side(name)) and (other := _LEFT_RIGHT[side]) else name): v
        for name, v in what.items()
    }


def _side(name: str) -> str:
    return next((side for side in _LEFT_RIGHT if name.endswith(side)), "")


def _conflict(one: str, other: str) -> bool:
    return any((a.startswith(one) and b.startswith(other)) or (a.startswith(other) and b.startswith(one)) for a, b in ANTAGONISTS)


def _hands(seed: int) -> list[tuple[str, ...]]:
    """Every single action once, dealt in pairs that can act together, in an order of the seed: all takes of a seed share the
    deal."""
    actions = [*_PAIRED, *_SINGLE]
    order = stream(f"prior-{seed}", "deal").permutation(len(actions))
    hands: list[list[str]] = []
    for index in order:
        action = actions[index]
        home = next(
            (h for h in hands if len(h) == 1 and not _conflict(h[0], action) and action not in NEEDS and h[0] not in NEEDS),
            None,
        )
        if home is None:
            hands.append([action])
        else:
            home.append(action)
    return [tuple(hand) for hand in hands]


def _dealt_actions(target: NDArray[np.float64], hand: tuple[str, ...], rng: np.random.Generator) -> None:
    for action in hand:
        peak = rng.uniform(0.94, 1.0)
        _add(target, {action: 1.0}, peak)
        _add(target, NEEDS.get(action, {}), peak)


def _one_sided(target: NDArray[np.float64], rng: np.random.Generator) -> None:
    """One paired action on one side; the other follows a little, as most people cannot keep it still."""
    action = _PAIRED[rng.integers(len(_PAIRED))]
    sides = ("Left", "Right") if rng.random() < 0.5 else ("Right", "Left")
    strength = rng.uniform(0.3, 1.0)
    for side, share in zip(sides, (1.0, rng.uniform(0.0, 0.5)), strict=True):
        target[INDEX[action + side]] = strength * share


def _dense(target: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Many shapes at once over the full range, as range-of-motion takes hold them; pairs stay related."""
    chosen = rng.random(_N_SHAPES) < rng.uniform(0.2, 0.6)
    target[:_N_SHAPES] = np.where(chosen, rng.beta(0.8, 1.2, _N_SHAPES), 0.0)
    for stem in _PAIRED:
        left, right = INDEX[f"{stem}Left"], INDEX[f"{stem}Right"]
        target[right] = np.clip(target[left] + rng.normal(0.0, 0.08) * (target[left] > 0), 0.0, 1.0)


def _target(hand: tuple[str, ...] | None, rng: np.random.Generator) -> NDArray[np.float64]:
    """One target (61,): the dealt actions, or else an expression, a viseme, a mixture of both, one side alone, or many shapes."""
    target = np.zeros(len(NAMES))
    kind = rng.random()
    if hand is not None:
        _dealt_actions(target, hand, rng)
    elif kind < 0.55:
        expression = EXPRESSIONS[_EXPRESSION_NAMES[rng.integers(len(_EXPRESSION_NAMES))]]
        _add(target, _mirrored(expression) if rng.random() < 0.5 else expression, rng.uniform(0.3, 1.05))
    elif kind < 0.67:
        _add(target, VISEMES[_VISEME_NAMES[rng.integers(len(_VISEME_NAMES))]], rng.uniform(0.4, 1.05))
    elif kind < 0.78:
        _add(target, EXPRESSIONS[_EXPRESSION_NAMES[rng.integers(len(_EXPRESSION_NAMES))]], rng.uniform(0.2, 0.6))
        _add(target, VISEMES[_VISEME_NAMES[rng.integers(len(_VISEME_NAMES))]], rng.uniform(0.4, 0.9))
    elif kind < 0.86:
        _one_sided(target, rng)
    else:
        _dense(target, rng)
    return _individual(target, rng)


def _individual(target: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The target as one person on one occasion would do it: each action a little off, one side a little ahead."""
    lean = np.clip(rng.normal(0.0, 0.05), -0.08, 0.08)
    sided = np.array([1.0 + lean * {"left": 1, "right": -1, "both": 0}[c.side] for c in SHAPES])
    each = np.clip(rng.normal(1.0, 0.04, _N_SHAPES), 0.92, 1.1)
    out = target.copy()
    out[:_N_SHAPES] = np.clip(target[:_N_SHAPES] * sided * each, 0.0, 1.0)
    return out


def _eased(times: NDArray[np.float64], keys: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """(f,) seconds, (k,) seconds, (k, c) -> (f, c): each target is held for the first third of its span, then eased into the
    next."""
    at = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    share = np.clip((times - keys[at]) / (keys[at + 1] - keys[at]), 0.0, 1.0)
    moving = np.clip((share - 0.3) / 0.7, 0.0, 1.0)
    weight = (moving * moving * (3 - 2 * moving))[:, None]
    return (1 - weight) * targets[at] + weight * targets[at + 1]


def _key_times(seconds: float, low: float, high: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Times of targets from 0 to past the end of the take, ``low`` to ``high`` seconds apart."""
    count = int(seconds / low) + 3
    keys = np.concatenate([[0.0], np.cumsum(rng.uniform(low, high, count))])
    return keys[: int(np.searchsorted(keys, seconds)) + 2]


def _face_track(seed: int, take: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    rng = stream(f"prior-{seed}-{take}", "face")
    keys = _key_times(float(times[-1]), 0.25, 0.5, rng)
    hands = _hands(seed)
    targets = []
    for number in range(len(keys)):
        turn = _DEALT_TURNS.get(number % _ROUND)
        # Takes go on dealing where the last one began two hands earlier, so that eight short takes show every action.
        hand = None if turn is None else hands[(2 * take + 2 * (number // _ROUND) + turn) % len(hands)]
        rests = hand is None and rng.random() < 0.25
        targets.append(np.zeros(len(NAMES)) if rests else _target(hand, rng))
    return _eased(times, keys, np.array(targets))


def _blinks(seed: int, take: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(f,) 0..1: blinks of a quarter second, one in four seconds on average (adults: 15 to 20 a minute)."""
    rng = stream(f"prior-{seed}-{take}", "blinks")
    count = rng.poisson(times[-1] / 4.0)
    starts = rng.uniform(0.0, times[-1], count)
    phase = np.clip((times[:, None] - starts[None, :]) / 0.25, 0.0, 1.0)
    return np.max(np.sin(np.pi * phase) ** 2, axis=1, initial=0.0)


def _gaze(seed: int, take: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(f, 3): look to the subject's right and down, each -1..1, and convergence 0..1 of both eyes; glances hold, then jump."""
    rng = stream(f"prior-{seed}-{take}", "gaze")
    keys = _key_times(float(times[-1]), 0.4, 0.9, rng)
    kind = rng.random(len(keys))[:, None]
    near = np.column_stack([rng.normal(0.0, 0.1, (len(keys), 2)), np.zeros(len(keys))])
    far = np.column_stack(
        [rng.uniform(-1.0, 1.0, (len(keys), 2)), np.where(rng.random(len(keys)) < 0.1, rng.uniform(0.3, 1.0), 0.0)]
    )
    # One axis at its end, so that each of the eight look shapes is seen in full.
    axis = rng.integers(0, 2, len(keys))
    full = rng.normal(0.0, 0.1, (len(keys), 3))
    full[np.arange(len(keys)), axis] = rng.choice([-1.0, 1.0], len(keys)) * rng.uniform(0.85, 1.0, len(keys))
    full[:, 2] = 0.0
    return _eased(times, keys, np.where(kind < 0.4, near, np.where(kind < 0.7, far, full)))


def _write_gaze(out: NDArray[np.float64], gaze: NDArray[np.float64]) -> None:
    """Look shapes and eye rotations of both eyes from one gaze; signs as `sfcore.arkit` states them."""
    right, down, inward = gaze.T
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        turn = np.clip(sign * right + inward, -1.0, 1.0)
        out[:, INDEX[f"EyeLookIn{side}"]] = np.maximum(turn, 0.0)
        out[:, INDEX[f"EyeLookOut{side}"]] = np.maximum(-turn, 0.0)
        out[:, INDEX[f"EyeLookDown{side}"]] = np.clip(down, 0.0, 1.0)
        out[:, INDEX[f"EyeLookUp{side}"]] = np.clip(-down, 0.0, 1.0)
        yaw, pitch = EYE_RADIANS * sign * turn, EYE_RADIANS * np.clip(down, -1.0, 1.0)
        out[:, INDEX[f"{side}EyeYaw"]] = yaw
        out[:, INDEX[f"{side}EyePitch"]] = pitch
        # Listing's law: an eye that looks aside and down at once appears turned about its axis by half the product.
        out[:, INDEX[f"{side}EyeRoll"]] = 0.5 * yaw * pitch


def _write_head(seed: int, take: int, times: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    rng = stream(f"prior-{seed}-{take}", "head")
    keys = _key_times(float(times[-1]), 0.6, 1.5, rng)
    poses = np.clip(rng.normal(0.0, [0.16, 0.11, 0.09], (len(keys), 3)), -HEAD_LIMIT, HEAD_LIMIT)
    out[:, INDEX["HeadYaw"] : INDEX["HeadRoll"] + 1] = _eased(times, keys, poses)


def draw_take(seed: int, take: int, frames: int, fps: float = 30.0) -> NDArray[np.float32]:
    """Draws one take.

    ``frames`` rows at ``fps`` frames a second -> (frames, 61) float32 in Live Link order, nothing unknown: shapes in 0..1,
    rotations in radians (head within 0.35, eyes within 0.6). Equal arguments give equal bytes; longer takes begin as shorter
    ones only by chance.
    """
    times = np.arange(frames) / fps
    out = _face_track(seed, take, times)
    _write_gaze(out, _gaze(seed, take, times))
    blink = _blinks(seed, take, times)
    for side in ("Left", "Right"):
        lid = INDEX[f"EyeBlink{side}"]
        out[:, lid] = np.maximum(out[:, lid], blink)
        out[:, INDEX[f"EyeWide{side}"]] *= 1.0 - blink
    for a, b in _ANTAGONIST_INDEX:
        difference = out[:, a] - out[:, b]
        out[:, a], out[:, b] = np.maximum(difference, 0.0), np.maximum(-difference, 0.0)
    _write_head(seed, take, times, out)
    return out.astype(np.float32)
