"""A head of some hundred vertices and ways to lay it out in glTF: what the tests of reading compare with."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sfcore.arkit import INDEX, SHAPES

FLOAT, BYTE, UBYTE, SHORT, USHORT, UINT = 5126, 5120, 5121, 5122, 5123, 5125
DTYPE = {FLOAT: "<f4", BYTE: "<i1", UBYTE: "<u1", SHORT: "<i2", USHORT: "<u2", UINT: "<u4"}
TYPE = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

# Metres on the face: where a region's shapes act, at the subject's left.
_PLACES = {
    "eyes": (0.031, 0.0),
    "brows": (0.030, 0.025),
    "nose": (0.012, -0.03),
    "cheeks": (0.04, -0.04),
    "jaw": (0.0, -0.085),
    "mouth": (0.02, -0.065),
    "tongue": (0.0, -0.068),
}


@dataclass(frozen=True, repr=False)
class SmallHead:
    """Vertices (n, 3) in metres, triangles (m, 3), uv (n, 2), displacements (n, 3) by Live Link name."""

    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    morphs: dict[str, np.ndarray]


def small_head(rows: int = 14, columns: int = 20) -> SmallHead:
    """An ellipsoid whose 52 shapes are bumps at the right places, mirrored exactly."""
    rise = np.linspace(-0.48, 0.48, rows) * np.pi
    turn = np.linspace(-1, 1, columns, endpoint=False) * np.pi
    up, around = np.meshgrid(rise, turn, indexing="ij")
    points = np.stack([0.075 * np.cos(up) * np.sin(around), 0.11 * np.sin(up) - 0.02, 0.09 * np.cos(up) * np.cos(around)], -1)
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, axis=1)
    quads = np.stack([index[:-1], right[:-1], right[1:], index[1:]], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    uv = np.stack([(around / np.pi + 1) / 2, 0.5 - up / np.pi], -1).reshape(-1, 2)
    vertices = points.reshape(-1, 3)
    morphs = {}
    for number, channel in enumerate(SHAPES):
        x, y = _PLACES[channel.region]
        total = np.zeros_like(vertices)
        for sign in {"left": (1.0,), "right": (-1.0,), "both": (1.0, -1.0)}[channel.side]:
            near = np.exp(-((vertices[:, 0] - sign * x) ** 2 + (vertices[:, 1] - y) ** 2) / (2 * 0.015**2)) * (vertices[:, 2] > 0)
            stem = min(number, INDEX[channel.partner])
            total += near[:, None] * (np.array([sign * 0.001, -0.004, 0.002]) + 0.0001 * stem * np.array([sign, 0.3, 1.0]))
        if channel.name in ("JawLeft", "MouthLeft", "JawRight", "MouthRight"):
            total[:, 0] = np.abs(total[:, 0]) * (1 if channel.name.endswith("Left") else -1)
        morphs[channel.name] = np.where(np.abs(total).max(axis=1, keepdims=True) > 2e-4, total, 0.0).astype(np.float32)
    return SmallHead(vertices.astype(np.float32), triangles, uv.astype(np.float32), morphs)


def lower_camel(name: str) -> str:
    """ARKit's own spelling."""
    return name[0].lower() + name[1:]


@dataclass(repr=False)
class Draft:
    """A glTF document in the making; tests change it as they like before it is closed."""

    document: dict[str, Any] = field(
        default_factory=lambda: {"asset": {"version": "2.0"}, "accessors": [], "bufferViews": [], "nodes": [], "meshes": []}
    )
    data: bytearray = field(default_factory=bytearray)

    def view(self, content: bytes, stride: int | None = None) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        view = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(content)}
        if stride:
            view["byteStride"] = stride
        self.data += content
        self.document["bufferViews"].append(view)
        return len(self.document["bufferViews"]) - 1

    def accessor(self, values: np.ndarray, kind: int = FLOAT, normalized: bool = False, pad: int = 0) -> int:
        """Values (n, k); whole numbers where ``kind`` says so; ``pad`` bytes between elements."""
        values = np.ascontiguousarray(values.reshape(len(values), -1), DTYPE[kind])
        width = values.itemsize * values.shape[1]
        rows = np.zeros((len(values), width + pad), np.uint8)
        rows[:, :width] = values.view(np.uint8).reshape(len(values), width)
        view = self.view(rows.tobytes(), width + pad if pad else None)
        return self.describe(view, len(values), values.shape[1], kind, normalized)

    def describe(self, view: int | None, count: int, width: int, kind: int, normalized: bool = False, offset: int = 0) -> int:
        accessor: dict[str, Any] = {"componentType": kind, "count": count, "type": TYPE[width]}
        if view is not None:
            accessor |= {"bufferView": view, "byteOffset": offset}
        if normalized:
            accessor["normalized"] = True
        self.document["accessors"].append(accessor)
        return len(self.document["accessors"]) - 1

    def sparse(self, values: np.ndarray, kind: int = FLOAT, normalized: bool = False, indices: int = USHORT) -> int:
        """A sparse accessor without a base: zeros where ``values`` (n, 3) are."""
        rows = np.flatnonzero(values.any(axis=1))
        rows = rows if len(rows) else np.zeros(1, int)
        where = self.view(rows.astype(DTYPE[indices]).tobytes())
        what = self.view(np.ascontiguousarray(values[rows], DTYPE[kind]).tobytes())
        at = self.describe(None, len(values), 3, kind, normalized)
        self.document["accessors"][at]["sparse"] = {
            "count": len(rows),
            "indices": {"bufferView": where, "componentType": indices},
            "values": {"bufferView": what},
        }
        return at

    def mesh(self, primitives: list[dict[str, Any]], names: list[str] | None, name: str = "Head") -> int:
        mesh: dict[str, Any] = {"name": name, "primitives": primitives}
        if names is not None:
            mesh["extras"] = {"targetNames": names}
        self.document["meshes"].append(mesh)
        return len(self.document["meshes"]) - 1

    def node(self, **fields: Any) -> int:
        self.document["nodes"].append(fields)
        return len(self.document["nodes"]) - 1

    def close(self) -> dict[str, Any]:
        """The document, its buffer's length and its scene filled in."""
        self.document.setdefault("buffers", [{"byteLength": len(self.data)}])
        children = {c for node in self.document["nodes"] for c in node.get("children", ())}
        self.document.setdefault("scenes", [{"nodes": [i for i in range(len(self.document["nodes"])) if i not in children]}])
        return self.document

    def glb(self) -> bytes:
        return packed(self.close(), bytes(self.data))

    def gltf(self) -> bytes:
        """JSON alone, the buffer as a data address."""
        document = self.close()
        document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        return json.dumps(document).encode()


def packed(document: Any, binary: bytes | None) -> bytes:
    """A GLB of any JSON and binary chunk."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary is not None:
        binary += b"\0" * (-len(binary) % 4)
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def plain(head: SmallHead, names: list[str] | None = None, **node: Any) -> Draft:
    """The head as most exporters write it: floats, dense targets, one primitive; ``names`` replace ARKit's."""
    draft = Draft()
    draft.node(
        name="head",
        mesh=draft.mesh([primitive(draft, head)], names or [lower_camel(name) for name in head.morphs]),
        **node,
    )
    return draft


def primitive(draft: Draft, head: SmallHead, triangles: np.ndarray | None = None, **fields: Any) -> dict[str, Any]:
    """A primitive of a head's floats."""
    return {
        "attributes": {"POSITION": draft.accessor(head.vertices), "TEXCOORD_0": draft.accessor(head.uv)},
        "indices": draft.accessor(np.ravel(head.triangles if triangles is None else triangles), UINT),
        "targets": [{"POSITION": draft.accessor(moved)} for moved in head.morphs.values()],
        **fields,
    }
