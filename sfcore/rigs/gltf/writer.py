"""Any rig as GLB: 52 morph targets under ARKit's names, for Blender, three.js and whatever else reads glTF 2.0.

Gaze: each eyeball is a mesh and node of its own whose origin is the ball's centre, so that it can be turned like a joint; and the
eyeLook targets turn it as well, by as much as sface draws, since those who drive a head by 52 numbers expect them to be enough.
Use one or the other. Displacements of a target are straight: half way through a look the ball is thinner by 4 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import EYE_RADIANS, INDEX, NAMES, SHAPES
from sfcore.rigs.gltf import paint
from sfcore.rigs.gltf.lids import clear_of_balls
from sfcore.rigs.gltf.packing import Packer, glb
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats, Ints, Rig

METRES = np.float32(0.01)
"""Of a centimetre."""

_NODES: dict[str, tuple[Part, ...]] = {
    "Head": (Part.SKIN, Part.LIPS, Part.BROW, Part.LASHES, Part.LID_EDGE, Part.EAR, Part.CAVITY),
    "EyeLeft": (Part.EYE_LEFT, Part.IRIS_LEFT),
    "EyeRight": (Part.EYE_RIGHT, Part.IRIS_RIGHT),
    "TeethUpper": (Part.TEETH_UPPER,),
    "TeethLower": (Part.TEETH_LOWER,),
    "Gums": (Part.GUMS,),
    "Tongue": (Part.TONGUE,),
    "Hair": (Part.HAIR,),
    "Shirt": (Part.SHIRT,),
}
_MATERIALS: dict[Part, str] = {part: "".join(word.capitalize() for word in part.name.split("_")) for part in Part} | {
    Part.BROW: "Brows",
    Part.CAVITY: "MouthCavity",
}
_PLAIN, _SKIN_PICTURE, _EYE_PICTURE = -1, -2, -3


@dataclass(frozen=True)
class _Body:
    """A rig's person in metres: vertices (n, 3), normals (n, 3), displacements (52, n, 3), each triangle's picture."""

    rig: Rig
    points: Floats
    normals: Floats
    moved: Floats
    picture: NDArray[np.int16]


class _Document:
    """The glTF document in the making."""

    def __init__(self) -> None:
        self.packer = Packer()
        self.nodes: list[dict[str, Any]] = []
        self.meshes: list[dict[str, Any]] = []
        self.materials: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self._material_of: dict[tuple[Part, int], int] = {}
        self._image_of: dict[int, int] = {}

    def material(self, body: _Body, part: Part, picture: int) -> int:
        """The material of a part that wears a picture, made once."""
        key = (part, picture)
        if key not in self._material_of:
            look: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": paint.ROUGHNESS.get(part, 0.6)}
            material: dict[str, Any] = {"name": _MATERIALS[part], "pbrMetallicRoughness": look}
            if picture == _PLAIN:
                look["baseColorFactor"] = paint.linear(paint.COLOURS.get(part, paint.COLOURS[Part.SKIN]))
            else:
                look["baseColorTexture"] = {"index": self._image(body, picture)}
                if picture >= 0 and (_picture(body, picture)[..., 3] < 255).any():
                    material["alphaMode"] = "BLEND"
            if part in paint.TWO_SIDED:
                material["doubleSided"] = True
            self._material_of[key] = len(self.materials)
            self.materials.append(material)
        return self._material_of[key]

    def _image(self, body: _Body, picture: int) -> int:
        if picture not in self._image_of:
            data, mime = paint.encoded(_picture(body, picture))
            self._image_of[picture] = len(self.images)
            self.images.append({"bufferView": self.packer.picture(data), "mimeType": mime})
        return self._image_of[picture]

    def close(self, rig: Rig) -> bytes:
        """The finished GLB."""
        top = {"name": rig.name, "children": list(range(1, len(self.nodes) + 1))}
        accessors, views, binary = self.packer.close()
        document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "sface", "copyright": rig.licence},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [top, *self.nodes],
            "meshes": self.meshes,
            "materials": self.materials,
            "accessors": accessors,
            "bufferViews": views,
            "buffers": [{"byteLength": len(binary)}],
        }
        if self.images:
            document["images"] = self.images
            document["samplers"] = [{"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}]
            document["textures"] = [{"source": i, "sampler": 0} for i in range(len(self.images))]
        return glb(document, binary)


def write_glb(rig: Rig, identity: Floats | None = None, hair: int = 0) -> bytes:
    """A rig as GLB, in metres, +z ahead; ``identity`` (k,) and ``hair`` choose a person, else the rig's own neutral face.

    Shapes that move nothing (masked channels) are there as targets of no displacement. Correctives, which act with two shapes at
    once, are not in the file, nor is what keeps lips apart; lids are put far enough out to run over the eyeball (`lids`).
    """
    body = _body(rig, identity, hair)
    document = _Document()
    for name, parts in _NODES.items():
        chosen = np.isin(rig.parts, parts)
        if chosen.any():
            _add_node(document, body, name, chosen)
    return document.close(rig)


def _body(rig: Rig, identity: Floats | None, hair: int) -> _Body:
    if identity is None:
        points, stretch = rig.neutral, np.ones(len(rig.neutral), np.float32)
    else:
        points, stretch = rig.person(identity, hair)
    moved = np.stack([rig.shapes.dense(i, len(points)) for i in range(len(SHAPES))]) * stretch[:, None]
    clear_of_balls(rig, points, moved)
    moved *= METRES
    for side, parts in ((0, _NODES["EyeLeft"]), (1, _NODES["EyeRight"])):
        _turn_ball(rig, side, np.unique(rig.triangles[np.isin(rig.parts, parts)]), points, moved)
    of_triangle = np.full(len(rig.triangles), _PLAIN, np.int16) if rig.textures is None else rig.textures.of_triangle.copy()
    bare = of_triangle < 0
    of_triangle[bare & np.isin(rig.parts, (Part.SKIN, Part.LIPS))] = _SKIN_PICTURE
    of_triangle[bare & np.isin(rig.parts, (Part.EYE_LEFT, Part.EYE_RIGHT))] = _EYE_PICTURE
    return _Body(rig, points * METRES, _normals(points, rig.triangles), moved, of_triangle)


def _turn_ball(rig: Rig, side: int, ball: NDArray[np.integer], points: Floats, moved: Floats) -> None:
    """Adds to the eyeLook displacements what turns an eyeball, as far as sface turns it."""
    name, inwards = ("Left", 1.0) if side == 0 else ("Right", -1.0)
    ray = points[ball] - points[rig.eyes[side].centre]
    for look, turn, sign in (("In", "Yaw", inwards), ("Out", "Yaw", -inwards), ("Down", "Pitch", 1.0), ("Up", "Pitch", -1.0)):
        values = np.zeros(len(NAMES), np.float32)
        values[INDEX[f"{name}Eye{turn}"]] = sign * EYE_RADIANS
        rotation = _from_ahead(rig.gaze(values)[side].astype(np.float64))
        moved[INDEX[f"EyeLook{look}{name}"], ball] += (ray @ rotation.T - ray) * METRES


def _from_ahead(axis: NDArray[np.float64]) -> Floats:
    """The shortest rotation (3, 3) from +z to a unit ``axis`` (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    return (np.eye(3) + cross + cross @ cross / (1.0 + z)).astype(np.float32)


def _normals(points: Floats, triangles: Ints) -> Floats:
    """Unit normals (n, 3) of vertices, by the area of their triangles; +z for those without any."""
    a, b, c = (points[triangles[:, i]].astype(np.float64) for i in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack([np.bincount(triangles.ravel(), np.repeat(face[:, i], 3), len(points)) for i in range(3)], -1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 1e-12, total / np.maximum(length, 1e-12), [0.0, 0.0, 1.0]).astype(np.float32)


def _picture(body: _Body, number: int) -> NDArray[np.uint8]:
    if number == _SKIN_PICTURE:
        return paint.skin_picture(with_brows=not (body.rig.parts == Part.BROW).any())
    if number == _EYE_PICTURE:
        return paint.eye_picture()
    assert body.rig.textures is not None
    return body.rig.textures.images[number]


def _add_node(document: _Document, body: _Body, name: str, chosen: NDArray[np.bool_]) -> None:
    """A node with one mesh of the ``chosen`` triangles: a primitive for each material, vertices shared where coordinates are."""
    rig = body.rig
    origin = np.zeros(3, np.float32)
    if name in ("EyeLeft", "EyeRight"):
        origin = body.points[rig.eyes[0 if name == "EyeLeft" else 1].centre]
    used = np.unique(rig.triangles[chosen])
    targets = [s.index for s in SHAPES if name == "Head" or body.moved[s.index][used].any()]
    primitives = []
    for kind in (_PLAIN, _SKIN_PICTURE, _EYE_PICTURE, 0):
        group = chosen & ((body.picture >= 0) if kind == 0 else (body.picture == kind))
        for joined in _joined(rig, group):
            primitives += _primitives(document, body, joined, kind, targets, origin)
    mesh: dict[str, Any] = {"name": name, "primitives": primitives}
    if targets:
        mesh["weights"] = [0.0] * len(targets)
        mesh["extras"] = {"targetNames": [arkit_name(SHAPES[i].name) for i in targets]}
    document.meshes.append(mesh)
    node: dict[str, Any] = {"name": name, "mesh": len(document.meshes) - 1}
    if origin.any():
        node["translation"] = [float(v) for v in origin]
    document.nodes.append(node)


def _joined(rig: Rig, group: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Splits triangles by part, but keeps parts together that share vertices, as skin and lips do.

    Primitives that share their arrays keep a surface whole; those that need not would make a viewer hold all of it for each.
    """
    sets: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]] = []
    for part in np.unique(rig.parts[group]):
        triangles = group & (rig.parts == part)
        used = np.zeros(len(rig.neutral), bool)
        used[rig.triangles[triangles]] = True
        apart = []
        for others, vertices in sets:
            if (vertices & used).any():
                triangles, used = triangles | others, used | vertices
            else:
                apart.append((others, vertices))
        sets = [*apart, (triangles, used)]
    return [triangles for triangles, _ in sets]


def _primitives(
    document: _Document, body: _Body, group: NDArray[np.bool_], kind: int, targets: list[int], origin: Floats
) -> list[dict[str, Any]]:
    rig, packer = body.rig, document.packer
    used = np.unique(rig.triangles[group])
    place = np.full(len(body.points), -1, np.int64)
    place[used] = np.arange(len(used))
    attributes = {
        "POSITION": packer.vertices(body.points[used] - origin),
        "NORMAL": packer.vertices(body.normals[used]),
        "TEXCOORD_0": packer.vertices(_coordinates(body, used, kind, group)),
    }
    moved = [{"POSITION": packer.displacements(body.moved[i][used])} for i in targets]
    primitives = []
    for part, picture in sorted({(int(p), int(t)) for p, t in zip(rig.parts[group], body.picture[group], strict=True)}):
        mine = group & (rig.parts == part) & (body.picture == picture)
        primitive: dict[str, Any] = {
            "attributes": attributes,
            "indices": packer.indices(place[rig.triangles[mine]], len(used)),
            "material": document.material(body, Part(part), picture),
            "mode": 4,
        }
        if moved:
            primitive["targets"] = moved
        primitives.append(primitive)
    return primitives


def _coordinates(body: _Body, used: NDArray[np.integer], kind: int, group: NDArray[np.bool_]) -> Floats:
    rig = body.rig
    points = body.points[used] / METRES
    if kind == _SKIN_PICTURE:
        depth = float(np.mean([body.points[eye.centre][2] for eye in rig.eyes]) / METRES)
        return paint.skin_coordinates(rig.uv[used], points, depth)
    if kind == _EYE_PICTURE:
        side = 0 if (rig.parts[group] == Part.EYE_LEFT).any() else 1
        return paint.eye_coordinates(points, body.points[rig.eyes[side].centre] / METRES)
    return rig.textures.uv[used] if kind == 0 and rig.textures is not None else rig.uv[used]


def arkit_name(name: str) -> str:
    """ARKit's spelling of a shape: ``eyeBlinkLeft``."""
    return name[0].lower() + name[1:]
