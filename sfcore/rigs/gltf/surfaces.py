"""All surfaces of a glTF scene at rest as one mesh, with the shapes they move by."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.rigs.gltf import materials
from sfcore.rigs.gltf.accessors import read_floats, read_integers
from sfcore.rigs.gltf.container import Container
from sfcore.rigs.gltf.document import Mesh, Node, Primitive, item
from sfcore.rigs.gltf.morph_names import Bindings, MorphNames
from sfcore.rigs.gltf.part_names import Named, named_part
from sfcore.rigs.gltf.rest import Placement, placement, shown_nodes, world_matrices
from sfcore.rigs.rig import Floats, Ints

MOST_VERTICES = 600_000
"""Of a whole scene; heads have ten to a hundred thousand, and 52 shapes of so many fill 360 MiB."""
MOST_PRIMITIVES = 2_000
"""Of a whole scene: a mesh that thousands of nodes show is no head, and takes minutes to find out otherwise."""
_FARTHEST = 1e9
"""Units from the origin: what lies further cannot be squared and summed in single precision."""
_TRIANGLES, _STRIP, _FAN = 4, 5, 6


@dataclass(frozen=True)
class Piece:
    """The triangles of one primitive: its material and what its names say."""

    material: int | None
    named: Named


@dataclass
class Surfaces:
    """``vertices`` (n, 3), ``uv`` (n, 2), ``triangles`` (m, 3), ``piece`` (m,) into ``pieces``; ``morphs`` (n, 3) by shape."""

    vertices: Floats
    uv: Floats
    triangles: Ints
    piece: Ints
    pieces: list[Piece]
    morphs: dict[str, Floats]
    notes: list[str] = field(default_factory=list)


@dataclass
class _Patch:
    """Vertices that some primitives share."""

    start: int
    vertices: Floats
    uv: Floats
    morphs: dict[str, Floats]
    inside_out: bool


class _Gathering:
    """Collects the primitives of the nodes shown; primitives of one mesh that share their vertices share them here too."""

    def __init__(self, container: Container, names: MorphNames) -> None:
        self.container, self.names = container, names
        self.worlds = world_matrices(container.document)
        self.patches: list[_Patch] = []
        self.triangles: list[Ints] = []
        self.pieces: list[Piece] = []
        self.total = 0
        self.faces = 0
        self.skipped_lines = 0
        self.baked: set[str] = set()

    def add_node(self, index: int) -> None:
        node = self.container.document.nodes[index]
        if node.mesh is None:
            return
        mesh = item(self.container.document.meshes, node.mesh, "mesh")
        shared: dict[object, _Patch] = {}
        for primitive in mesh.primitives:
            if primitive.mode not in (_TRIANGLES, _STRIP, _FAN):
                self.skipped_lines += 1
                continue
            place = materials.placing(self.container, primitive.material)
            targets = tuple(target.get("POSITION", -1) for target in primitive.targets)
            key = (tuple(sorted(primitive.attributes.items())), targets, place)
            if key not in shared:
                shared[key] = self._patch(index, mesh, primitive, place, self.names.of_mesh[node.mesh])
            self._add_triangles(shared[key], node, mesh, primitive)

    def _patch(self, index: int, mesh: Mesh, primitive: Primitive, place: materials.Placing, bindings: Bindings) -> _Patch:
        node, what = self.container.document.nodes[index], f"POSITION of mesh '{mesh.name[:40]}'"
        if "POSITION" not in primitive.attributes:
            raise WrongUse(f"mesh '{mesh.name[:40]}' has a primitive without positions: export the file again.")
        vertices = read_floats(self.container, primitive.attributes["POSITION"], "VEC3", what)
        self._take(len(vertices))
        rest = placement(self.container, self.worlds, index, primitive.attributes, len(vertices))
        morphs = self._morphs(mesh, primitive, bindings, len(vertices), rest)
        vertices = vertices + self._baked(node, mesh, primitive, bindings, len(vertices))
        coordinates = f"TEXCOORD_{place.coordinates}"
        uv = np.zeros((len(vertices), 2), np.float32)
        if coordinates in primitive.attributes:
            uv = read_floats(
                self.container, primitive.attributes[coordinates], "VEC2", f"{coordinates} of mesh '{mesh.name[:40]}'"
            )
            if len(uv) != len(vertices):
                raise WrongUse(f"mesh '{mesh.name[:40]}' has {len(vertices)} vertices and {len(uv)} texture coordinates.")
        with np.errstate(all="ignore"):
            patch = _Patch(self.total, rest.points(vertices), place.apply(uv), morphs, rest.inside_out)
        if not all((np.abs(array) < _FARTHEST).all() for array in (patch.vertices, patch.uv, *morphs.values())):
            raise WrongUse(f"mesh '{mesh.name[:40]}' lies at no finite place: a transform of its node or skin is damaged.")
        self.patches.append(patch)
        self.total += len(vertices)
        return patch

    def _take(self, count: int) -> None:
        if self.total + count > MOST_VERTICES:
            raise WrongUse(f"has more than {MOST_VERTICES} vertices: export the head alone, or a coarser one.")

    def _target(self, mesh: Mesh, primitive: Primitive, index: int, count: int) -> Floats | None:
        if index >= len(primitive.targets):
            raise WrongUse(
                f"mesh '{mesh.name[:40]}' has {len(primitive.targets)} targets, and number {index} is named: export it again."
            )
        at = primitive.targets[index].get("POSITION")
        if at is None:
            return None
        moved = read_floats(self.container, at, "VEC3", f"target {index} of mesh '{mesh.name[:40]}'")
        if len(moved) != count:
            raise WrongUse(f"target {index} of mesh '{mesh.name[:40]}' moves {len(moved)} of {count} vertices: export it again.")
        return moved

    def _morphs(self, mesh: Mesh, primitive: Primitive, bindings: Bindings, count: int, rest: Placement) -> dict[str, Floats]:
        if not primitive.targets:
            return {}
        morphs = {}
        for shape, targets in bindings.items():
            total = np.zeros((count, 3), np.float32)
            for index, weight in targets:
                moved = self._target(mesh, primitive, index, count)
                if moved is not None:
                    total += np.float32(weight) * moved
            with np.errstate(all="ignore"):
                morphs[shape] = rest.offsets(total)
        return morphs

    def _baked(self, node: Node, mesh: Mesh, primitive: Primitive, bindings: Bindings, count: int) -> Floats:
        """What targets that are not among the 52 add at rest, by the mesh's default weights: a body's build, for one."""
        used = {index for targets in bindings.values() for index, _ in targets}
        total = np.zeros((count, 3), np.float32)
        for index, weight in enumerate((node.weights or mesh.weights)[: len(primitive.targets)]):
            moved = self._target(mesh, primitive, index, count) if weight and index not in used else None
            if moved is not None:
                total += np.float32(weight) * moved
                self.baked.add(mesh.name)
        return total

    def _add_triangles(self, patch: _Patch, node: Node, mesh: Mesh, primitive: Primitive) -> None:
        named = f"mesh '{mesh.name[:40]}'"
        if primitive.indices is None:
            order = np.arange(len(patch.vertices), dtype=np.int64)
        else:
            order = read_integers(self.container, primitive.indices, "SCALAR", f"indices of {named}")[:, 0]
        if len(order) and int(order.max()) >= len(patch.vertices):
            raise WrongUse(
                f"{named} has {len(patch.vertices)} vertices, and its triangles name vertex {int(order.max())}: export it again."
            )
        triangles = _as_triangles(order, primitive.mode)
        if patch.inside_out:
            triangles = triangles[:, ::-1]
        material = primitive.material
        words = "" if material is None else item(self.container.document.materials, material, "material").name
        self.triangles.append((triangles + patch.start).astype(np.int32))
        self.pieces.append(Piece(material, named_part(words, mesh.name, node.name)))
        self.faces += len(triangles)
        if self.faces > 2 * MOST_VERTICES:
            raise WrongUse(f"has more than {2 * MOST_VERTICES} triangles: export the head alone, or a coarser one.")


def _as_triangles(order: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    """(m, 3) triangles of a list, a strip or a fan of vertices; those without area left out."""
    if mode == _TRIANGLES:
        triangles = order[: len(order) // 3 * 3].reshape(-1, 3)
    elif mode == _STRIP:
        triangles = np.stack([order[:-2], order[1:-1], order[2:]], -1) if len(order) > 2 else np.empty((0, 3), np.int64)
        triangles[1::2] = triangles[1::2][:, [1, 0, 2]]
    else:
        middle = np.full(max(len(order) - 2, 0), order[0] if len(order) else 0)
        triangles = np.stack([middle, order[1:-1], order[2:]], -1) if len(order) > 2 else np.empty((0, 3), np.int64)
    a, b, c = triangles.T
    return triangles[(a != b) & (b != c) & (c != a)]


def gather(container: Container, names: MorphNames) -> Surfaces:
    """Reads everything the scene shows; raises `WrongUse` for arrays that do not fit one another."""
    shown = shown_nodes(container.document)
    meshes = [container.document.nodes[index].mesh for index in shown]
    if (
        sum(len(container.document.meshes[m].primitives) for m in meshes if m is not None and m < len(names.of_mesh))
        > MOST_PRIMITIVES
    ):
        raise WrongUse(f"shows more than {MOST_PRIMITIVES} primitives: export the head alone, its meshes joined.")
    document, shown = container.document, shown_nodes(container.document)
    meshes = [document.nodes[index].mesh for index in shown]
    if sum(len(document.meshes[m].primitives) for m in meshes if m is not None and m < len(document.meshes)) > MOST_PRIMITIVES:
        raise WrongUse(f"shows more than {MOST_PRIMITIVES} primitives: export the head alone, its meshes joined.")
    gathering = _Gathering(container, names)
    for index in shown:
        gathering.add_node(index)
    patches, triangles = gathering.patches, gathering.triangles
    if not triangles or not sum(map(len, triangles)):
        raise WrongUse("shows no triangles: export the head's meshes in the file's scene.")
    notes = []
    if gathering.skipped_lines:
        notes.append(f"{gathering.skipped_lines} primitives of points or lines are left out.")
    if gathering.baked:
        notes.append("Targets that are not among the 52 keep the weight they have at rest.")
    shapes = [name for name in _moving(patches) if name]
    morphs = {shape: _joined(patches, shape) for shape in shapes}
    if not morphs:
        raise WrongUse("has ARKit's morph targets, and all of them move nothing: export the shape keys' positions.")
    return Surfaces(
        vertices=np.concatenate([patch.vertices for patch in patches]),
        uv=np.concatenate([patch.uv for patch in patches]),
        triangles=np.concatenate(triangles),
        piece=np.repeat(np.arange(len(triangles), dtype=np.int32), [len(t) for t in triangles]),
        pieces=gathering.pieces,
        morphs=morphs,
        notes=notes,
    )


def _moving(patches: list[_Patch]) -> list[str]:
    """Shapes that move any vertex, in the order they are met."""
    return list(dict.fromkeys(name for patch in patches for name, moved in patch.morphs.items() if moved.any()))


def _joined(patches: list[_Patch], shape: str) -> Floats:
    return np.concatenate([patch.morphs.get(shape, np.zeros_like(patch.vertices)) for patch in patches])


def reduced(surfaces: Surfaces, kept: NDArray[np.bool_]) -> Surfaces:
    """The surfaces with only the triangles ``kept`` (m,) and the vertices these use."""
    triangles = surfaces.triangles[kept]
    used = np.zeros(len(surfaces.vertices), bool)
    used[triangles] = True
    new = (np.cumsum(used) - 1).astype(np.int32)
    return Surfaces(
        vertices=surfaces.vertices[used],
        uv=surfaces.uv[used],
        triangles=new[triangles],
        piece=surfaces.piece[kept],
        pieces=surfaces.pieces,
        morphs={shape: moved[used] for shape, moved in surfaces.morphs.items()},
        notes=surfaces.notes,
    )
