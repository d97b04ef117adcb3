"""Which way a head faces and how large it is, read off its own shapes: names and axes of a file are often wrong."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import BY_NAME, LEFT_RIGHT_PAIRS
from sfcore.rigs.gltf.surfaces import Surfaces
from sfcore.rigs.rig import Floats

Vector = NDArray[np.float64]

_EYES = ("EyeBlink", "EyeSquint", "EyeWide", "EyeLookDown", "EyeLookUp")
_BROWS = ("BrowDown", "BrowOuterUp", "NoseSneer")
_MOUTH = ("MouthFunnel", "MouthPucker", "MouthClose", "MouthSmileLeft", "MouthSmileRight", "JawOpen")


@dataclass(frozen=True)
class Face:
    """Where a head's eyes are: ``left`` and ``right`` (3,) centres of what the lids' shapes move."""

    left: Vector
    right: Vector

    @property
    def middle(self) -> Vector:
        """The point between the eyes (3,)."""
        return (self.left + self.right) / 2

    @property
    def distance(self) -> float:
        """Between the eyes, in the file's unit."""
        return float(np.linalg.norm(self.left - self.right))


def find_face(morphs: dict[str, Floats], vertices: Floats) -> Face | None:
    """The eyes by the first pair of shapes that moves their lids, or None where a file has no such pair."""
    for stem in _EYES:
        left, right = (_centre(morphs, vertices, f"{stem}{side}") for side in ("Left", "Right"))
        if left is not None and right is not None and np.linalg.norm(left - right) > 0:
            return Face(left, right)
    return None


def set_upright(surfaces: Surfaces) -> tuple[Surfaces, list[str]]:
    """Turns a head so that +x is its left, +y up and +z ahead, by quarter turns; returns it and what was done.

    Left comes from pairs of shapes, up from eyes and mouth. Ahead follows from both, and again from the surface: where triangles
    and the lie of the face within the head agree against the names, the names are the viewer's and are exchanged.
    """
    left, up = _left(surfaces), _up(surfaces)
    if left is None or up is None:
        return surfaces, [
            "Which way the head faces could not be read off its shapes: it is taken to look along +z, as glTF has it."
        ]
    ahead = np.cross(left, up)
    if not np.linalg.norm(ahead) > 1e-6:
        return surfaces, ["Its left and right shapes act above one another: check them with 'sface rig check'."]
    ahead /= np.linalg.norm(ahead)
    normal, lie = _surface_ahead(surfaces, ahead)
    notes = []
    mirrored = normal < 0 and lie < 0
    if mirrored:
        left, ahead = -left, -ahead
        surfaces = _exchanged(surfaces)
        notes.append("Its Left shapes act on the subject's right: names of left and right are exchanged.")
    elif normal < 0:
        surfaces.triangles = np.ascontiguousarray(surfaces.triangles[:, ::-1])
        notes.append("Its triangles face inwards and are turned.")
    rotation = _nearest_turn(left, up, ahead)
    if not np.array_equal(rotation, np.eye(3)):
        surfaces.vertices = _turned(surfaces.vertices, rotation)
        surfaces.morphs = {shape: _turned(moved, rotation) for shape, moved in surfaces.morphs.items()}
        notes.append(f"The head looks along {_axis(rotation[2])} and has {_axis(rotation[1])} up in the file: it is turned.")
    if mirrored:
        _exchange_directions(surfaces)
    return surfaces, notes + _minority(surfaces)


def _centre(morphs: dict[str, Floats], vertices: Floats, shape: str) -> Vector | None:
    """Mean place (3,) of what a shape moves, weighted by how far."""
    if shape not in morphs:
        return None
    weight = np.linalg.norm(morphs[shape].astype(np.float64), axis=1)
    total = weight.sum()
    return weight @ vertices.astype(np.float64) / total if total > 0 else None


def _left(surfaces: Surfaces) -> Vector | None:
    """Unit vector (3,) from what right shapes move to what left ones do."""
    total = np.zeros(3)
    for left, right in LEFT_RIGHT_PAIRS:
        if BY_NAME[left].side == "left":
            a, b = (_centre(surfaces.morphs, surfaces.vertices, name) for name in (left, right))
            if a is not None and b is not None:
                total += a - b
    length = float(np.linalg.norm(total))
    return total / length if length > 0 else None


def _up(surfaces: Surfaces) -> Vector | None:
    """Unit vector (3,) from the mouth to the eyes, or to the brows where no shape moves a lid."""
    above = [_centre(surfaces.morphs, surfaces.vertices, f"{stem}{side}") for stem in _EYES for side in ("Left", "Right")]
    if all(centre is None for centre in above):
        above = [_centre(surfaces.morphs, surfaces.vertices, f"{stem}{side}") for stem in _BROWS for side in ("Left", "Right")]
    below = [_centre(surfaces.morphs, surfaces.vertices, name) for name in _MOUTH]
    tops, bottoms = [c for c in above if c is not None], [c for c in below if c is not None]
    if not tops or not bottoms:
        return None
    up = np.mean(tops, axis=0) - np.mean(bottoms, axis=0)
    length = float(np.linalg.norm(up))
    return up / length if length > 0 else None


def _surface_ahead(surfaces: Surfaces, ahead: Vector) -> tuple[float, float]:
    """How far the face's outside looks ``ahead``, and how far the face lies ahead of the middle of its meshes: signs count."""
    moved = np.sum([np.linalg.norm(moved, axis=1) for moved in surfaces.morphs.values()], axis=0)
    corners = surfaces.vertices[surfaces.triangles].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    weight = moved[surfaces.triangles].mean(axis=1)
    looks = float((weight[:, None] * normal).sum(axis=0) @ ahead)
    meshes = surfaces.vertices[np.isin(np.arange(len(moved)), surfaces.triangles[weight > 0])].astype(np.float64)
    middle = (meshes.min(axis=0) + meshes.max(axis=0)) / 2
    face = moved @ surfaces.vertices.astype(np.float64) / moved.sum()
    return looks, float((face - middle) @ ahead)


def _nearest_turn(left: Vector, up: Vector, ahead: Vector) -> Vector:
    """The rotation (3, 3) by quarter turns that brings left to +x, up to +y and ahead to +z most nearly."""
    best, score = np.eye(3), -np.inf
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        turn = np.zeros((3, 3))
        turn[range(3), order] = signs
        fit = turn[0] @ left + turn[1] @ up + turn[2] @ ahead
        if np.linalg.det(turn) > 0 and fit > score + 1e-9:
            best, score = turn, fit
    return best


def _turned(vectors: Floats, rotation: Vector) -> Floats:
    return np.ascontiguousarray(vectors @ rotation.T.astype(np.float32), np.float32)


def _axis(row: Vector) -> str:
    axis = int(np.argmax(np.abs(row)))
    return f"{'-' if row[axis] < 0 else '+'}{'xyz'[axis]}"


def _exchanged(surfaces: Surfaces) -> Surfaces:
    """Gives what left shapes do to the right ones and the other way round."""
    surfaces.morphs = {
        (BY_NAME[shape].partner if BY_NAME[shape].side in ("left", "right") else shape): moved
        for shape, moved in surfaces.morphs.items()
    }
    return surfaces


def _exchange_directions(surfaces: Surfaces) -> None:
    """JawLeft and MouthLeft name a direction: they are exchanged with their partners only where they move the wrong way."""
    for stem in ("Jaw", "Mouth"):
        left, right = f"{stem}Left", f"{stem}Right"
        both = left in surfaces.morphs and right in surfaces.morphs
        if both and surfaces.morphs[left][:, 0].sum() < 0 < surfaces.morphs[right][:, 0].sum():
            surfaces.morphs[left], surfaces.morphs[right] = surfaces.morphs[right], surfaces.morphs[left]


def _minority(surfaces: Surfaces) -> list[str]:
    """Says which pairs act on the wrong sides although most are right."""
    wrong = []
    for left, right in LEFT_RIGHT_PAIRS:
        if BY_NAME[left].side == "left":
            a, b = (_centre(surfaces.morphs, surfaces.vertices, name) for name in (left, right))
            if a is not None and b is not None and a[0] < b[0]:
                wrong.append(f"{left} and {right}")
    return [f"These act on the wrong sides: {', '.join(wrong)}."] if wrong else []
