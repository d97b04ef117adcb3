"""Whether a rig's shapes do what their names say: measured on the head as it is posed, lids and lips kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import BY_NAME, INDEX, LEFT_RIGHT_PAIRS, NAMES, SHAPES
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats, Rig

Array = NDArray[np.float64]
Kind = Literal["does nothing", "masked", "wrong side", "wrong region", "not mirrored", "leaves a gap", "identical"]

SMALLEST_MOVE = 0.02
"""Centimetres: a shape that moves no point further shows nothing, a third of a pixel in a picture of 256."""
OWN_SIDE = 0.6
"""Share of a left shape's motion that must lie on the left: less, and it is one of both sides or of the other."""
ALIKE = 0.02
"""Two shapes whose difference is a smaller share of their size are one shape under two names."""
UNLIKE, UNRELATED = 0.35, 0.9
"""Difference of a shape from its partner's mirror image, as a share of its size: to be told, and wrong."""
SYMMETRIC = 0.15
"""Centimetres from a mirrored vertex to the nearest one, nine in ten, up to which a head counts as symmetric."""
OPEN, WIDE_OPEN = 0.08, 0.25
"""What a blink leaves of the height of the open eye: to be told, and wrong."""
_FLIP = np.array([-1.0, 1.0, 1.0])
_PUPILS_APART = 6.2
"""Centimetres in an adult (Farkas, 1994): the unit of the regions below, so that they fit any head."""


@dataclass(frozen=True)
class Finding:
    """Something to know of a rig; ``severity`` is "wrong" where pictures of it would teach a falsehood."""

    channels: tuple[str, ...]
    kind: Kind
    severity: Literal["wrong", "note"]
    sentence: str


@dataclass(frozen=True)
class _Motion:
    """What every shape does at full value to the vertices that triangles show.

    ``points`` (v, 3) at rest, ``area`` (v,) cm² that a vertex stands for, ``moved`` (52, v, 3), ``size`` (52, v) its length.
    """

    points: Array
    area: Array
    moved: Floats
    size: Floats
    mouth: float
    """Height of the line between the lips, below 0."""
    apart: float
    """Centimetres between the eyes."""

    def centre(self, shape: int) -> Array:
        """Mean place (3,) of a shape's motion, weighted by length and area."""
        weight = self.area * self.size[shape]
        return weight @ self.points / weight.sum()

    def on_left(self, shape: int) -> float:
        """Share 0..1 of a shape's motion at the subject's left of the midline, what lies on it halved."""
        weight = self.area * self.size[shape]
        return float(weight @ np.clip(0.5 + 50 * self.points[:, 0], 0.0, 1.0) / weight.sum())


def check_rig(rig: Rig) -> tuple[Finding, ...]:
    """Everything wrong or notable about the 52 shapes of a rig, in Live Link order within each kind; none for a sound rig."""
    motion = _motion(rig)
    moves = motion.size.max(axis=1) >= SMALLEST_MOVE
    return (
        *_nothing(rig, motion, moves),
        *_sides(motion, moves),
        *_regions(motion, moves),
        *_mirrors(motion, moves),
        *_lids(rig),
        *_identical(motion, moves),
    )


def _motion(rig: Rig) -> _Motion:
    still = np.ones(len(rig.neutral), np.float32)

    def posed(shape: str | None) -> Floats:
        values = np.zeros(len(NAMES), np.float32)
        if shape is not None:
            values[INDEX[shape]] = 1.0
        return rig.express(rig.neutral, still, values)

    rest = posed(None)
    shown = np.unique(rig.triangles)
    moved = np.stack([(posed(channel.name) - rest)[shown] for channel in SHAPES])
    corners = rest[rig.triangles].astype(np.float64)
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    of_vertex = np.bincount(rig.triangles.ravel(), np.repeat(area / 3, 3), len(rest)).astype(np.float64)
    left, right = (rest[eye.centre].astype(np.float64) for eye in rig.eyes)
    return _Motion(
        points=rest[shown].astype(np.float64),
        area=of_vertex[shown],
        moved=moved,
        size=np.linalg.norm(moved, axis=2),
        mouth=_mouth(rig, rest, left[1] - 1.05 * abs(left[0] - right[0])),
        apart=float(np.linalg.norm(left - right)),
    )


def _mouth(rig: Rig, rest: Floats, otherwise: float) -> float:
    """Height of the mouth by the lips' edges, else by the lips' triangles, else as it lies in most faces."""
    if len(rig.lips):
        return float(rest[rig.lips.ravel(), 1].mean())
    lips = rig.triangles[rig.parts == Part.LIPS]
    return float(rest[lips.ravel(), 1].mean()) if len(lips) else otherwise


def _nothing(rig: Rig, motion: _Motion, moves: NDArray[np.bool_]) -> Iterator[Finding]:
    for channel in SHAPES:
        farthest, masked = float(motion.size[channel.index].max()), not rig.channels_shown[channel.index]
        # A look turns the eyeball by its rotation, whether or not the shape moves the lids as well.
        turns = channel.name.startswith("EyeLook") and not masked
        if masked and moves[channel.index]:
            said = (
                f"{channel.name} moves up to {farthest:.2f} cm, and the rig says that it cannot be seen: its value is not used."
            )
            yield Finding((channel.name,), "masked", "note", said)
        elif masked:
            said = f"{channel.name} moves nothing, and the rig says so: its value stays unknown in pictures."
            yield Finding((channel.name,), "masked", "note", said)
        elif not moves[channel.index] and not turns:
            said = f"{channel.name} moves nothing further than {farthest:.3f} cm, and the rig does not say so."
            yield Finding((channel.name,), "does nothing", "wrong", said)


def _sides(motion: _Motion, moves: NDArray[np.bool_]) -> Iterator[Finding]:
    for channel in SHAPES:
        if not moves[channel.index]:
            continue
        name = channel.name
        if channel.side != "both":
            on_left = motion.on_left(channel.index)
            own = on_left if channel.side == "left" else 1.0 - on_left
            if own < OWN_SIDE:
                said = f"{name} acts on the wrong side: {own:.0%} of its motion lies at the subject's {channel.side}."
                yield Finding((name,), "wrong side", "wrong", said)
        elif name.endswith(("Left", "Right")):
            weight = motion.area * motion.size[channel.index]
            drift = float(weight @ motion.moved[channel.index, :, 0] / weight.sum())
            if (drift > 0) != name.endswith("Left"):
                said = f"{name} moves the wrong way: {abs(drift):.2f} cm to the subject's {'left' if drift > 0 else 'right'}."
                yield Finding((name,), "wrong side", "wrong", said)


def _band(region: str, mouth: float, unit: float) -> tuple[float, float]:
    """Heights between which the mean of a region's motion lies; the pupils are at 0, ``unit`` is 1 cm of an average head."""
    bands = {
        "eyes": (0.55 * mouth, 2.5 * unit),
        "brows": (0.2 * unit, 9.0 * unit),
        "nose": (0.9 * mouth, 2.5 * unit),
        "cheeks": (1.6 * mouth, 0.5 * unit),
        "jaw": (3.0 * mouth, 0.6 * mouth),
        "mouth": (2.0 * mouth, 0.3 * mouth),
        "tongue": (2.0 * mouth, 0.3 * mouth),
    }
    return bands[region]


def _regions(motion: _Motion, moves: NDArray[np.bool_]) -> Iterator[Finding]:
    unit = motion.apart / _PUPILS_APART
    for channel in SHAPES:
        if not moves[channel.index]:
            continue
        low, high = _band(channel.region, motion.mouth, unit)
        height = float(motion.centre(channel.index)[1])
        if not low <= height <= high:
            where = f"{abs(height):.1f} cm {'above' if height > 0 else 'below'} the pupils"
            said = f"{channel.name} should act on the {channel.region}, and the middle of its motion lies {where}."
            yield Finding((channel.name,), "wrong region", "wrong", said)


def _mirrors(motion: _Motion, moves: NDArray[np.bool_]) -> Iterator[Finding]:
    order = np.argsort(motion.points[:, 1], kind="stable")
    points = np.ascontiguousarray(motion.points[order])
    # Hair and collar may be as they like: only what shapes move has to be symmetric.
    face = motion.size.max(axis=0)[order] > 0.1
    if not face.any():
        return
    spread = float(np.percentile(_to_nearest(points[face] * _FLIP, points), 90))
    if spread > SYMMETRIC:
        said = (
            f"The head is not symmetric (a tenth of its face has no mirror image within {spread:.2f} cm): pairs are not compared."
        )
        yield Finding((), "not mirrored", "note", said)
        return
    for left, right in LEFT_RIGHT_PAIRS:
        i, j = INDEX[left], INDEX[right]
        if not (moves[i] and moves[j]):
            continue
        one, other = (np.ascontiguousarray(motion.moved[k][order], np.float64) for k in (i, j))
        unlike = max(_unlike(points, motion.area[order], *pair) for pair in ((one, other), (other, one)))
        if unlike > UNLIKE:
            said = f"{left} and {right} are no mirror images of one another: they differ by {unlike:.0%} of their size."
            yield Finding((left, right), "not mirrored", "wrong" if unlike > UNRELATED else "note", said)


def _unlike(points: Array, area: Array, one: Array, other: Array) -> float:
    """How far ``one`` is from the mirror image of ``other`` (v, 3), as a share of its size, squares weighted by area."""
    size = float((area[:, None] * one**2).sum())
    return float(np.sqrt((area * _unexplained(points, one, other * _FLIP, 2 * SYMMETRIC)).sum() / size)) if size > 0 else 0.0


def _lids(rig: Rig) -> Iterator[Finding]:
    still = np.ones(len(rig.neutral), np.float32)
    for eye, side in zip(rig.eyes, ("Left", "Right"), strict=True):
        name = f"EyeBlink{side}"
        if not len(eye.upper) or not rig.channels_shown[INDEX[name]]:
            continue
        values = np.zeros(len(NAMES), np.float32)
        values[INDEX[name]] = 1.0
        closed = rig.express(rig.neutral, still, values)
        gap = float(np.max(closed[eye.upper, 1] - closed[eye.lower, 1]))
        height = float(np.max(rig.neutral[eye.upper, 1] - rig.neutral[eye.lower, 1]))
        if height > 0 and gap > OPEN * height:
            said = f"{name} leaves {gap:.2f} cm of {height:.2f} cm between the lids open."
            yield Finding((name,), "leaves a gap", "wrong" if gap > WIDE_OPEN * height else "note", said)


def _identical(motion: _Motion, moves: NDArray[np.bool_]) -> Iterator[Finding]:
    index = [channel.index for channel in SHAPES if moves[channel.index]]
    flat = (motion.moved[index] * np.sqrt(motion.area)[:, None].astype(np.float32)).reshape(len(index), -1).astype(np.float64)
    products = flat @ flat.T
    squares = np.diag(products)
    apart = np.maximum(squares[:, None] + squares[None] - 2 * products, 0.0) / np.maximum(squares[:, None], squares[None])
    for a, b in np.argwhere(np.triu(apart < ALIKE**2, 1)):
        names = (SHAPES[index[a]].name, SHAPES[index[b]].name)
        both = " (its other side)" if BY_NAME[names[0]].partner == names[1] else ""
        said = f"{names[0]} and {names[1]}{both} are the same displacement under two names."
        yield Finding(names, "identical", "wrong", said)


@numba.njit(cache=True)
def _to_nearest(wanted: Array, points: Array) -> Array:
    """Distance (w,) from places (w, 3) to the nearest of ``points`` (v, 3), which are sorted by height."""
    distance = np.zeros(len(wanted))
    for i in range(len(wanted)):
        x, y, z = wanted[i]
        start = np.searchsorted(points[:, 1], y)
        best = np.inf
        for step in (1, -1):
            j = start if step == 1 else start - 1
            while 0 <= j < len(points):
                dy = points[j, 1] - y
                if dy * dy >= best:
                    break
                best = min(best, (points[j, 0] - x) ** 2 + dy * dy + (points[j, 2] - z) ** 2)
                j += step
        distance[i] = np.sqrt(best)
    return distance


@numba.njit(cache=True)
def _unexplained(points: Array, one: Array, mirrored: Array, reach: float) -> Array:
    """Squared difference (v,) of displacements from the likest mirrored one of a vertex within ``reach`` of the mirrored place.

    The likest and not the nearest: where lids and lips meet, the nearest vertex may lie on the other lid. ``points`` (v, 3) are
    sorted by height; vertices that have no counterpart explain themselves, as do those that stay.
    """
    squares = np.zeros(len(points))
    for i in range(len(points)):
        if one[i, 0] == 0.0 and one[i, 1] == 0.0 and one[i, 2] == 0.0:
            continue
        x, y, z = -points[i, 0], points[i, 1], points[i, 2]
        j = np.searchsorted(points[:, 1], y - reach)
        best, found = np.inf, False
        while j < len(points) and points[j, 1] <= y + reach:
            near = (points[j, 0] - x) ** 2 + (points[j, 1] - y) ** 2 + (points[j, 2] - z) ** 2
            if near <= reach * reach:
                unlike = 0.0
                for axis in range(3):
                    unlike += (one[i, axis] - mirrored[j, axis]) ** 2
                best, found = min(best, unlike), True
            j += 1
        squares[i] = best if found else 0.0
    return squares
