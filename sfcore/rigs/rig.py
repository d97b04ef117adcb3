"""A rig: a head that 52 shapes and 9 rotations pose, and that identity weights make into one person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.randomness import digest
from sfcore.rigs.blend import add_entries, weighted_sum

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Deltas:
    """Sparse displacements: entry ``i`` is rows ``starts[i]:starts[i + 1]`` of ``vertices`` (k,) and ``offsets`` (k, 3)."""

    starts: Ints
    vertices: Ints
    offsets: Floats

    @staticmethod
    def from_dense(dense: NDArray[np.floating], smallest: float = 2e-4) -> Deltas:
        """Keeps the rows of (entries, n, 3) displacements that are longer than ``smallest`` (in the rig's unit)."""
        kept = [np.flatnonzero(np.abs(entry).max(axis=1) > smallest) for entry in dense]
        starts = np.concatenate([[0], np.cumsum([len(k) for k in kept])]).astype(np.int32)
        offsets = np.concatenate([entry[k] for entry, k in zip(dense, kept, strict=True)]).astype(np.float32)
        return Deltas(starts, np.concatenate(kept).astype(np.int32), offsets)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def dense(self, entry: int, vertices: int) -> Floats:
        """Displacements (vertices, 3) of one entry."""
        full = np.zeros((vertices, 3), np.float32)
        rows = slice(self.starts[entry], self.starts[entry + 1])
        full[self.vertices[rows]] = self.offsets[rows]
        return full

    def add_to(self, target: Floats, weights: Floats, scale: Floats) -> None:
        """Adds every entry times its weight to ``target`` (n, 3), times ``scale`` (n,) at each vertex."""
        add_entries(target, self.starts, self.vertices, self.offsets, np.asarray(weights, np.float32), scale)


@dataclass(frozen=True)
class Eye:
    """One eye: a ball, and the lids that ride on it.

    ``keep_out`` names vertices that stay outside the ball, at least ``clearance`` (times its radius) from its centre; ``upper``
    and ``lower`` are the vertices of the lids' edges that meet when the eye closes, in pairs from the inner to the outer corner.
    """

    centre: int
    pole: int
    keep_out: Ints
    clearance: Floats
    upper: Ints
    lower: Ints
    ball: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    """Vertices that turn about the centre with the gaze; none where the iris is painted on a ball that stays."""


@dataclass(frozen=True)
class Textures:
    """Pictures painted onto triangles.

    ``uv`` (n, 2) float32, (0, 0) the upper left corner of a picture, repeating beyond 1; ``images`` (h, w, 4) uint8 sRGB with
    straight alpha; ``of_triangle`` (m,) int16 the picture of each triangle, -1 for one that sface paints itself.
    """

    uv: Floats
    images: tuple[NDArray[np.uint8], ...]
    of_triangle: NDArray[np.int16]


LARGEST = 10.0
"""No coefficient is larger: rotations stay within a turn, shapes near 0..1; beyond lie other units and damage."""
_NO_SHAPE = ("name", "domain", "licence", "notes", "digest")


@dataclass(frozen=True, eq=False, repr=False)
class Rig:
    """A head in its neutral pose and everything that moves it; arrays are checked and read-only.

    Lengths are centimetres; +x is the subject's left, +y up, +z out of the face; y = 0 on the line of the pupils.
    """

    name: str
    version: int
    neutral: Floats
    """(n, 3) vertices."""
    triangles: Ints
    """(m, 3) vertices of each triangle, counter-clockwise seen from outside."""
    parts: NDArray[np.uint8]
    """(m,) `sfcore.rigs.parts.Part` of each triangle."""
    uv: Floats
    """(n, 2) what the painting of a part needs: the neutral frontal plane for skin, otherwise coordinates of the part's own."""
    shapes: Deltas
    """52 entries in Live Link order."""
    correctives: Deltas
    """Displacements that act with the smaller of two shapes' values."""
    corrective_pairs: Ints
    """(c, 2) indices among the 52 of those two shapes."""
    mode_names: tuple[str, ...]
    modes: Floats
    """(k, n, 3) displacement by one unit of each identity mode; a unit is about one standard deviation among people."""
    stretch: Floats
    """(k, n) how much longer the shapes' displacements get with one unit of a mode: larger lids have further to go."""
    hair_names: tuple[str, ...]
    hair: Floats
    """(styles, h, 3) vertices of the hair in each style."""
    hair_start: int
    """First of the h vertices that the hair takes up."""
    hair_edge: Ints
    """Those of the h vertices that end the hair all around."""
    head_share: Floats
    """(n,) how far a vertex turns with the head: 1 for the face, 0 for the shirt."""
    pivot: tuple[float, float, float]
    """Point the head turns about."""
    eyes: tuple[Eye, Eye]
    """The subject's left and right eye."""
    lips: Ints
    """(p, 2) vertices of the upper and the lower lip's edge that may touch and not cross."""
    followers: Ints
    """(f, 2) a vertex and the edge vertex whose corrections it copies."""
    channels_shown: NDArray[np.bool_]
    """(61,) channels whose value can be seen in a picture of this rig."""
    gaze_gain: float = 1.0
    """How far the eyeballs turn for one radian: below 1 for balls larger than life, whose iris then moves as far as in life."""
    domain: str = "procedural"
    """Family of faces that its pictures count as."""
    licence: str = "part of sface"
    """Under which licence its shape may be used, in a few words."""
    textures: Textures | None = None
    """Pictures on its triangles; None where sface paints all of it."""
    notes: tuple[str, ...] = ()
    """What its importer found and a user should know."""
    digest: str = ""
    """32 hex digits over version and arrays, filled in: the same head under another name has the same."""

    def __post_init__(self) -> None:
        _check(self)
        parts: list[str | bytes] = []
        for part in fields(self):
            told = _frozen(getattr(self, part.name))
            if part.name not in _NO_SHAPE:
                parts += [part.name, *told]
        object.__setattr__(self, "digest", digest(*parts))

    def __repr__(self) -> str:
        return f"Rig({self.name!r}, {len(self.neutral)} vertices, {len(self.triangles)} triangles, {self.digest[:8]})"

    def person(self, identity: Floats, hair: int = 0) -> tuple[Floats, Floats]:
        """The neutral face of one person.

        ``identity`` holds a weight for each mode (k,). Returns vertices (n, 3) and the stretch of the shapes' displacements (n,).
        """
        weights = np.asarray(identity, np.float32)
        if weights.shape != (len(self.mode_names),) or not np.isfinite(weights).all():
            raise WrongUse(f"rig '{self.name}' takes {len(self.mode_names)} finite identity weights, not {weights.shape}.")
        base = self.neutral.copy()
        if len(self.hair):
            base[self.hair_start : self.hair_start + self.hair.shape[1]] = self.hair[hair]
        stretch = np.ones(len(base), np.float32)
        weighted_sum(weights, self.modes.reshape(len(weights), base.size), base.reshape(-1))
        weighted_sum(weights, self.stretch, stretch)
        return base, stretch

    def express(self, vertices: Floats, stretch: Floats, coefficients: Floats) -> Floats:
        """Poses a person's neutral ``vertices`` (n, 3): shapes, then lids and lips kept apart. The head is not turned yet."""
        values = checked_coefficients(coefficients)[: len(SHAPES)]
        posed = vertices.copy()
        self.shapes.add_to(posed, values, stretch)
        if len(self.correctives):
            self.correctives.add_to(posed, values[self.corrective_pairs].min(axis=1), stretch)
        gaze = self.gaze(coefficients)
        for eye, axis in zip(self.eyes, gaze, strict=True):
            if len(eye.ball):
                centre = posed[eye.centre]
                posed[eye.ball] = centre + (posed[eye.ball] - centre) @ _towards(axis).T
        follower, leader = self.followers.T
        follower_before, leader_before = posed[follower], posed[leader]
        _close(posed, self.lips[:, 0], self.lips[:, 1])
        for eye in self.eyes:
            _close(posed, eye.upper, eye.lower)
            _keep_out(posed, eye)
        posed[follower] = follower_before + posed[leader] - leader_before
        for eye in self.eyes:
            _keep_out(posed, eye)
        return posed

    def turn(self, vertices: Floats, coefficients: Floats) -> Floats:
        """Turns the head by HeadYaw, HeadPitch and HeadRoll (radians); the neck follows in part, the body stays."""
        rotation = head_rotation(checked_coefficients(coefficients))
        around = vertices - np.asarray(self.pivot, np.float32)
        moved = around @ rotation.T - around
        return vertices + moved * self.head_share[:, None]

    def pose(self, identity: Floats, coefficients: Floats, hair: int = 0) -> Floats:
        """Vertices (n, 3) of the person with ``identity`` weights (k,) showing ``coefficients`` (61,), the head turned."""
        vertices, stretch = self.person(identity, hair)
        return self.turn(self.express(vertices, stretch, coefficients), coefficients)

    def gaze(self, coefficients: Floats) -> Floats:
        """Unit axes (2, 3) of the left and the right eyeball in the frame of the head."""
        values = checked_coefficients(coefficients)
        axes = []
        for eye in ("Left", "Right"):
            yaw, pitch = (self.gaze_gain * values[INDEX[f"{eye}Eye{turn}"]] for turn in ("Yaw", "Pitch"))
            axes.append([-np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
        return np.array(axes, np.float32)


def checked_coefficients(coefficients: Floats) -> Floats:
    """The 61 channels with unknown ones (NaN) as 0; raises `WrongUse` for a wrong length and for values that none can have."""
    values = np.asarray(coefficients, np.float32)
    if values.shape != (len(NAMES),):
        raise WrongUse(f"a face takes {len(NAMES)} coefficients in Live Link order, not an array of shape {values.shape}.")
    if np.isinf(values).any():
        raise WrongUse(f"coefficient {NAMES[int(np.argmax(np.isinf(values)))]} is infinite: give a number, or NaN for unknown.")
    known = np.nan_to_num(values, nan=0.0)
    wild = int(np.argmax(np.abs(known)))
    if abs(known[wild]) > LARGEST:
        raise WrongUse(f"coefficient {NAMES[wild]} is {known[wild]:g}: shapes lie in 0..1 and rotations are radians.")
    return known


def head_rotation(values: Floats) -> Floats:
    """Rotation matrix (3, 3) of the head: roll about z, then pitch about x, then yaw about y, each right-handed."""
    yaw, pitch, roll = (float(values[INDEX[name]]) for name in ("HeadYaw", "HeadPitch", "HeadRoll"))
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (about_y @ about_x @ about_z).astype(np.float32)


def _towards(axis: Floats) -> Floats:
    """Rotation matrix (3, 3) that takes +z to a unit ``axis``: pitch about x, then yaw about y, as gaze is composed."""
    x, y, z = (float(v) for v in axis)
    level = max(np.hypot(x, z), 1e-6)
    cy, sy, cp, sp = z / level, x / level, level, -y
    return np.array([[cy, sy * sp, sy * cp], [0, cp, -sp], [-sy, cy * sp, cy * cp]], np.float32)


def _close(vertices: Floats, upper: Ints, lower: Ints) -> None:
    """Where the upper edge has passed below the lower one, both meet half way."""
    crossed = vertices[upper, 1] < vertices[lower, 1]
    u, w = upper[crossed], lower[crossed]
    middle = 0.5 * (vertices[u] + vertices[w])
    vertices[u] = middle
    vertices[w] = middle


def _keep_out(vertices: Floats, eye: Eye) -> None:
    """Pushes lids that have sunk into the eyeball back onto it, along the ray from its centre."""
    centre = vertices[eye.centre]
    radius = np.linalg.norm(vertices[eye.pole] - centre)
    ray = vertices[eye.keep_out] - centre
    reach = np.linalg.norm(ray, axis=1)
    wanted = eye.clearance * radius
    sunk = (reach < wanted) & (ray[:, 2] > 0)
    vertices[eye.keep_out[sunk]] = centre + ray[sunk] * (wanted[sunk] / reach[sunk])[:, None]


def _frozen(value: object) -> list[str | bytes]:
    """Makes the arrays inside a field read-only and returns what goes into the digest."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
        return [str(value.dtype), str(value.shape), value.tobytes()]
    if isinstance(value, Deltas | Eye | Textures):
        return [piece for field in fields(value) for piece in _frozen(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [piece for item in value for piece in _frozen(item)]
    return [repr(value)]


def _check(rig: Rig) -> None:
    n, m, k = len(rig.neutral), len(rig.triangles), len(rig.mode_names)
    expected: dict[str, tuple[tuple[int, ...], type]] = {
        "neutral": ((n, 3), np.float32),
        "triangles": ((m, 3), np.int32),
        "parts": ((m,), np.uint8),
        "uv": ((n, 2), np.float32),
        "modes": ((k, n, 3), np.float32),
        "stretch": ((k, n), np.float32),
        "head_share": ((n,), np.float32),
        "channels_shown": ((len(NAMES),), np.bool_),
    }
    for name, (shape, dtype) in expected.items():
        array = getattr(rig, name)
        if array.shape != shape or array.dtype != dtype:
            raise WrongUse(f"rig '{rig.name}': {name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}.")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise WrongUse(f"rig '{rig.name}': {name} holds values that are not finite.")
    if m == 0:
        raise WrongUse(f"rig '{rig.name}' has no triangles.")
    if len(rig.shapes) != len(SHAPES):
        raise WrongUse(f"rig '{rig.name}' has {len(rig.shapes)} shapes, expected the {len(SHAPES)} of ARKit.")
    if len(rig.correctives) != len(rig.corrective_pairs):
        raise WrongUse(f"rig '{rig.name}' has {len(rig.correctives)} correctives and {len(rig.corrective_pairs)} pairs for them.")
    for what, deltas in (("shapes", rig.shapes), ("correctives", rig.correctives)):
        starts, moved = deltas.starts, len(deltas.vertices)
        if len(starts) == 0 or starts[0] != 0 or starts[-1] != moved or (np.diff(starts) < 0).any():
            raise WrongUse(f"rig '{rig.name}': where its {what} begin does not fit their {moved} displacements.")
        if deltas.offsets.shape != (moved, 3) or not np.isfinite(deltas.offsets).all():
            raise WrongUse(
                f"rig '{rig.name}': its {what} hold displacements that are not finite or not as many as their vertices."
            )
    for what, named, limit in _indices(rig):
        if named.size and (named.min() < 0 or named.max() >= limit):
            raise WrongUse(f"rig '{rig.name}': its {what} name vertices that do not exist (it has {limit}).")


def _indices(rig: Rig) -> Iterator[tuple[str, NDArray[np.integer], int]]:
    """Every array of a rig that names others by number, what it is, and how many there are to name."""
    n = len(rig.neutral)
    yield "triangles", rig.triangles, n
    yield "shapes", rig.shapes.vertices, n
    yield "correctives", rig.correctives.vertices, n
    yield "pairs of correctives", rig.corrective_pairs, len(SHAPES)
    yield "lips", rig.lips, n
    yield "followers", rig.followers, n
    for side, eye in zip(("left", "right"), rig.eyes, strict=True):
        yield f"{side} eye", np.concatenate([[eye.centre, eye.pole], eye.keep_out, eye.upper, eye.lower, eye.ball]), n
    if len(rig.hair):
        yield "hair", np.array([rig.hair_start, rig.hair_start + rig.hair.shape[1] - 1]), n
        yield "hair's edge", rig.hair_edge, rig.hair.shape[1]
    if rig.textures is not None:
        yield "textures", rig.textures.of_triangle + 1, len(rig.textures.images) + 1
