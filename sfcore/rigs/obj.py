"""Wavefront OBJ text: positions and faces in bulk, groups kept, everything else skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.rigs.rig import Floats, Ints

_OTHER_LINE = re.compile(rb"\n(?!v )")


@dataclass(frozen=True)
class ObjMesh:
    """Vertices (n, 3), triangles (m, 3), and for each triangle the face (in file order) and the group it comes from."""

    vertices: Floats
    triangles: Ints
    face: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]


def read_positions(content: bytes, where: str) -> Floats:
    """The ``v`` lines (n, 3) float32 of a file; raises `WrongUse` where there are none or they are no numbers."""
    lines = content.replace(b"\r", b"")
    first = 0 if lines.startswith(b"v ") else lines.find(b"\nv ") + 1
    if not lines.startswith(b"v ", first):
        raise WrongUse(f"{where} holds no vertices: it is no OBJ mesh.")
    runs: list[bytes] = []
    at = first
    while at >= 0:
        end = _end_of_run(lines, at)
        runs.append(lines[at:end])
        following = lines.find(b"\nv ", end - 1)
        at = following + 1 if following >= 0 else -1
    text = b"\n".join(runs)
    try:
        return _in_bulk(text) if _is_plain(text) else _one_by_one(text)
    except (ValueError, IndexError, UnicodeDecodeError, DeprecationWarning):
        raise WrongUse(f"{where} has a vertex line that is not three numbers: export the mesh again.") from None


def _is_plain(text: bytes) -> bool:
    """Whether every line holds three numbers parted by single spaces, as far as counting tells."""
    return text.count(b" ") == 3 * text.count(b"v ") and text.count(b"v") == text.count(b"v ")


def _in_bulk(text: bytes) -> Floats:
    numbers = np.fromstring(text.replace(b"v ", b" ").decode("ascii"), dtype=np.float64, sep=" ")
    # The reader stops at what is no number.
    if numbers[-1] != float(text.rsplit(None, 1)[-1]):
        raise ValueError
    return np.ascontiguousarray(numbers.reshape(text.count(b"v "), 3), np.float32)


def _one_by_one(text: bytes) -> Floats:
    """Lines that may carry a weight or a colour behind the three numbers."""
    rows = [line.split()[1:] for line in text.splitlines() if line.strip()]
    if any(len(row) < 3 for row in rows):
        raise ValueError
    return np.array([[float(word) for word in row[:3]] for row in rows], np.float64).astype(np.float32)


def _end_of_run(lines: bytes, start: int) -> int:
    """End of the block of ``v`` lines that begins at ``start``."""
    following = _OTHER_LINE.search(lines, start)
    return following.start() if following else len(lines)


def read_obj(content: bytes, where: str) -> ObjMesh:
    """A whole mesh, its polygons split into triangles; raises `WrongUse` for faces that name no vertex."""
    vertices = read_positions(content, where)
    corners: list[list[int]] = []
    face: list[int] = []
    group: list[int] = []
    names: dict[str, int] = {"": 0}
    current, number = 0, 0
    try:
        for line in content.decode("utf-8", errors="replace").splitlines():
            if line.startswith("f "):
                polygon = [int(word.split("/", 1)[0]) for word in line.split()[1:]]
                polygon = [i - 1 if i > 0 else len(vertices) + i for i in polygon]
                for a, b in pairwise(polygon[1:]):
                    corners.append([polygon[0], a, b])
                    face.append(number)
                    group.append(current)
                number += 1
            elif line.startswith(("g ", "o ")):
                current = names.setdefault(line[2:].strip(), len(names))
    except ValueError:
        raise WrongUse(f"{where} has a face line that names no vertices: '{line[:40]}'; export the mesh again.") from None
    triangles = np.array(corners, np.int64).reshape(-1, 3)
    if len(triangles) and (triangles.min() < 0 or triangles.max() >= len(vertices)):
        raise WrongUse(f"{where} has faces that name vertices beyond its {len(vertices)}: export the mesh again.")
    return ObjMesh(vertices, triangles.astype(np.int32), np.array(face, np.int32), np.array(group, np.int32), tuple(names))
