"""Where the nodes of a glTF scene put their meshes at rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.rigs.gltf.accessors import read_floats, read_integers
from sfcore.rigs.gltf.container import Container
from sfcore.rigs.gltf.document import Document, Node, item
from sfcore.rigs.rig import Floats

Matrices = NDArray[np.float64]


@dataclass(frozen=True)
class Placement:
    """An affine map for every vertex of a mesh: ``linear`` (1 or n, 3, 3) and ``shift`` (1 or n, 3)."""

    linear: Matrices
    shift: Matrices

    def points(self, vertices: Floats) -> Floats:
        """Places (n, 3) vertices in the scene."""
        return (self.offsets(vertices).astype(np.float64) + self.shift).astype(np.float32)

    def offsets(self, offsets: Floats) -> Floats:
        """Turns and scales (n, 3) displacements as their vertices are."""
        if len(self.linear) == 1:
            return (offsets.astype(np.float64) @ self.linear[0].T).astype(np.float32)
        return np.einsum("nij,nj->ni", self.linear, offsets).astype(np.float32)

    @property
    def inside_out(self) -> bool:
        """Whether the map mirrors, so that triangles are to be read the other way round."""
        return bool(np.median(np.linalg.det(self.linear)) < 0)


def world_matrices(document: Document) -> Matrices:
    """(nodes, 4, 4) from each node to the scene; raises `WrongUse` for nodes that contain themselves."""
    worlds = np.tile(np.eye(4), (len(document.nodes), 1, 1))
    children = {child for node in document.nodes for child in node.children}
    for child in children:
        item(document.nodes, child, "node")
    seen = 0
    for root in range(len(document.nodes)):
        if root in children:
            continue
        for index, parent in _walk(document, (root,)):
            own = _local(document.nodes[index])
            worlds[index] = own if parent is None else worlds[parent] @ own
            seen += 1
    if seen < len(document.nodes):
        raise WrongUse("has nodes that contain themselves: the file is damaged, export it again.")
    return worlds


def shown_nodes(document: Document) -> list[int]:
    """Nodes of the scene the file opens with, hidden ones (KHR_node_visibility) left out."""
    if document.scenes:
        roots = item(document.scenes, document.scene or 0, "scene").nodes
    else:
        children = {child for node in document.nodes for child in node.children}
        roots = tuple(i for i in range(len(document.nodes)) if i not in children)
    hidden: set[int] = set()
    for index, parent in _walk(document, roots):
        visibility = document.nodes[index].extensions.get("KHR_node_visibility")
        if parent in hidden or (isinstance(visibility, dict) and visibility.get("visible") is False):
            hidden.add(index)
    return [index for index, _ in _walk(document, roots) if index not in hidden]


def _walk(document: Document, roots: tuple[int, ...]) -> Iterator[tuple[int, int | None]]:
    """Nodes from ``roots`` down, parents first, each with its parent."""
    waiting: list[tuple[int, int | None]] = [(root, None) for root in reversed(roots)]
    visits = 0
    while waiting:
        index, parent = waiting.pop()
        node = item(document.nodes, index, "node")
        visits += 1
        if visits > len(document.nodes):
            raise WrongUse("has nodes with two parents or that contain themselves: the file is damaged, export it again.")
        yield index, parent
        waiting += [(child, index) for child in reversed(node.children)]


def _local(node: Node) -> Matrices:
    if node.matrix is not None:
        return np.array(node.matrix).reshape(4, 4).T
    x, y, z, w = np.array(node.rotation) / max(float(np.linalg.norm(node.rotation)), 1e-12)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array(node.scale)
    matrix[:3, 3] = node.translation
    return matrix


def placement(container: Container, worlds: Matrices, index: int, attributes: dict[str, int], count: int) -> Placement:
    """How node ``index`` places the ``count`` vertices of a primitive: by its transform, or by the joints of its skin."""
    node = container.document.nodes[index]
    if node.skin is None or "JOINTS_0" not in attributes:
        return Placement(worlds[index][None, :3, :3], worlds[index][None, :3, 3])
    blend = _skinned(container, worlds, node.skin, attributes, count)
    return Placement(blend[:, :3, :3], blend[:, :3, 3])


def _skinned(container: Container, worlds: Matrices, index: int, attributes: dict[str, int], count: int) -> Matrices:
    """(count, 4, 4) joint matrices times inverse bind matrices, mixed by the vertices' weights (glTF 2.0, section 3.7.3)."""
    skin = item(container.document.skins, index, "skin")
    for joint in skin.joints:
        item(container.document.nodes, joint, "node")
    joints = worlds[list(skin.joints)]
    if skin.inverseBindMatrices is not None:
        bind = read_floats(container, skin.inverseBindMatrices, "MAT4", f"inverse bind matrices of skin {index}")
        if len(bind) < len(joints):
            raise WrongUse(f"skin {index} has {len(joints)} joints and {len(bind)} inverse bind matrices: export it again.")
        joints = joints @ bind[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    total, blend = np.zeros(count), np.zeros((count, 4, 4))
    for number in range(4):
        if f"JOINTS_{number}" not in attributes:
            break
        if f"WEIGHTS_{number}" not in attributes:
            raise WrongUse(f"a skinned mesh has JOINTS_{number} without WEIGHTS_{number}: export it again.")
        which = read_integers(container, attributes[f"JOINTS_{number}"], "VEC4", f"JOINTS_{number}")
        weight = read_floats(container, attributes[f"WEIGHTS_{number}"], "VEC4", f"WEIGHTS_{number}")
        if len(which) != count or len(weight) != count:
            raise WrongUse(
                f"a skinned mesh has {count} vertices, {len(which)} joints and {len(weight)} weights: export it again."
            )
        used = which[weight > 0]
        if len(used) and (used.max() >= len(joints) or used.min() < 0):
            raise WrongUse(f"a mesh hangs on joint {int(used.max())} of a skin with {len(joints)}: export it again.")
        for column in range(4):
            on = weight[:, column] > 0
            share = weight[on, column].astype(np.float64)
            blend[on] += share[:, None, None] * joints[which[on, column]]
            total[on] += share
    blend[total <= 0] = np.eye(4)
    total[total <= 0] = 1.0
    return blend / total[:, None, None]
