"""Arrays into one buffer: views, dense and sparse accessors, with the alignment glTF asks for."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.rigs.rig import Floats

_VERTICES, _INDICES = 34962, 34963
_BYTE2, _BYTE4, _FLOAT = 5123, 5125, 5126
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3"}


@dataclass
class _Shared:
    """One view in the making: its bytes, and who lies in it."""

    data: bytearray = field(default_factory=bytearray)
    users: list[dict[str, Any]] = field(default_factory=list)


class Packer:
    """Collects arrays and pictures; `close` gives the accessors, the buffer views and the bytes they lie in.

    Displacements of all morph targets share two views of indices and one of values: a view of its own for each would make the
    document longer than the arrays.
    """

    def __init__(self) -> None:
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []
        self._blocks: list[bytes] = []
        self._length = 0
        self._sparse: dict[int, _Shared] = {kind: _Shared() for kind in (_BYTE2, _BYTE4, _FLOAT)}

    def vertices(self, values: Floats) -> int:
        """An accessor of vertex attributes (n, k) float32, with its bounds."""
        data = np.ascontiguousarray(values, "<f4")
        return self._accessor(self._view(data.tobytes(), _VERTICES), _FLOAT, data, bounds=True)

    def indices(self, triangles: NDArray[np.integer], count: int) -> int:
        """An accessor of triangles (m, 3) among ``count`` vertices; 65,535 means a new strip to some and names no vertex."""
        kind, dtype = (_BYTE2, "<u2") if count <= 65535 else (_BYTE4, "<u4")
        data = np.ascontiguousarray(triangles.reshape(-1, 1), dtype)
        return self._accessor(self._view(data.tobytes(), _INDICES), kind, data, bounds=False)

    def displacements(self, moved: Floats) -> int:
        """An accessor of displacements (n, 3): sparse where that is smaller, dense otherwise."""
        rows = np.flatnonzero(moved.any(axis=1))
        kind, dtype = (_BYTE2, "<u2") if len(moved) <= 65536 else (_BYTE4, "<u4")
        if len(rows) * (12 + np.dtype(dtype).itemsize) >= 12 * len(moved):
            return self.vertices(moved)
        # A sparse accessor holds one element at least, so a shape that moves nothing here moves a vertex by nothing.
        rows = rows if len(rows) else np.zeros(1, np.int64)
        indices = self._part(kind, np.ascontiguousarray(rows, dtype).tobytes())
        indices["componentType"] = kind
        values = self._part(_FLOAT, np.ascontiguousarray(moved[rows], "<f4").tobytes())
        accessor = self._accessor(None, _FLOAT, np.ascontiguousarray(moved, "<f4"), bounds=True)
        self._accessors[accessor]["sparse"] = {"count": len(rows), "indices": indices, "values": values}
        return accessor

    def picture(self, data: bytes) -> int:
        """A buffer view that holds an encoded picture."""
        return self._view(data, None)

    def close(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bytes]:
        """Accessors, buffer views and the buffer's bytes."""
        for shared in self._sparse.values():
            if shared.data:
                view = self._view(bytes(shared.data), None)
                for user in shared.users:
                    user["bufferView"] = view
        return self._accessors, self._views, b"".join(self._blocks)

    def _part(self, kind: int, data: bytes) -> dict[str, Any]:
        """A place in the shared view of one kind, whose number is not known yet."""
        shared = self._sparse[kind]
        user: dict[str, Any] = {"bufferView": -1, "byteOffset": len(shared.data)}
        shared.data += data
        shared.users.append(user)
        return user

    def _view(self, data: bytes, target: int | None) -> int:
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        self._views.append(view)
        padded = data + b"\0" * (-len(data) % 4)
        self._blocks.append(padded)
        self._length += len(padded)
        return len(self._views) - 1

    def _accessor(self, view: int | None, kind: int, data: NDArray, bounds: bool) -> int:
        accessor: dict[str, Any] = {"componentType": kind, "count": len(data), "type": _TYPES[data.shape[1]]}
        if view is not None:
            accessor["bufferView"] = view
        if bounds:
            accessor |= {"min": [float(v) for v in data.min(axis=0)], "max": [float(v) for v in data.max(axis=0)]}
        self._accessors.append(accessor)
        return len(self._accessors) - 1


def glb(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB of one JSON and one binary chunk."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    header = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(binary))
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
