"""MakeHuman's base mesh with ARKit shapes as sparse targets, as MPFB and the TalkingHead project keep them.

The base mesh is a body with helper geometry in named groups: eyes, teeth and tongue are part of the head, clothes and joints are
not. A target is lines of ``index dx dy dz``; an empty file is a target that moves nothing.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from sfcore.arkit import SHAPES, resolve
from sfcore.errors import WrongUse
from sfcore.rigs.archive import files_of
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.obj import ObjMesh, read_obj
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats, Ints

BASE = "base.obj"
CENTIMETRES = 10.0
"""MakeHuman's unit is the decimetre."""
GROUPS: dict[str, Part] = {
    "body": Part.SKIN,
    "helper-l-eye": Part.EYE_LEFT,
    "helper-r-eye": Part.EYE_RIGHT,
    "helper-upper-teeth": Part.TEETH_UPPER,
    "helper-lower-teeth": Part.TEETH_LOWER,
    "helper-tongue": Part.TONGUE,
}
BELOW_EYES, BESIDE = 2.6, 2.1
"""The body is kept down to this far (decimetres) below the eyes and out to this far from the middle: shoulders, no arms."""


def read_mpfb(path: Path, name: str = "mpfb") -> MorphHead:
    """Reads ``base.obj`` and the ``.target`` files beside or below it, from a folder or an archive.

    Targets that ARKit has no name for (visemes) are left out. Raises `WrongUse` for a folder without a base mesh or targets and
    for lines that are no displacements of its vertices.
    """
    mesh, targets = _read_all(path)
    morphs = {}
    for inside, content in targets.items():
        channel = resolve(PurePosixPath(inside).stem)
        if channel is not None and channel.kind == "shape":
            morphs[channel.name] = _dense(content, len(mesh.vertices), f"'{inside}' in '{path}'")
    if not morphs:
        raise WrongUse(f"'{path}' holds no .target files with ARKit's names (eyeBlinkLeft.target): put them into its folder.")
    parts = _parts(mesh, path)
    drawn = parts != 255
    used = np.zeros(len(mesh.vertices), bool)
    used[mesh.triangles[drawn]] = True
    place = (np.cumsum(used) - 1).astype(np.int32)
    triangles, parts = place[mesh.triangles[drawn]], parts[drawn]
    absent = [shape.name for shape in SHAPES if shape.name not in morphs]
    return MorphHead(
        name=name,
        domain="mpfb",
        licence="CC0 (MakeHuman base mesh); targets under their own licence",
        vertices=mesh.vertices[used],
        triangles=triangles,
        parts=parts,
        morphs={key: value[used] for key, value in morphs.items()},
        eye_balls=(_vertices(triangles, parts, Part.EYE_LEFT), _vertices(triangles, parts, Part.EYE_RIGHT)),
        centimetres=CENTIMETRES,
        notes=tuple(f"rig '{name}' has no {word[0].lower()}{word[1:]}: the channel is masked." for word in absent),
    )


def _read_all(path: Path) -> tuple[ObjMesh, dict[str, bytes]]:
    mesh, targets = None, {}
    for inside, content in files_of(path, (BASE, ".target")):
        if PurePosixPath(inside).name == BASE:
            mesh = read_obj(content, f"'{inside}' in '{path}'")
        else:
            targets[inside] = content
    if mesh is None:
        raise WrongUse(f"'{path}' holds no {BASE}: give the folder of MakeHuman's base mesh with its targets.")
    return mesh, targets


def _dense(content: bytes, vertices: int, where: str) -> Floats:
    """Displacements (n, 3) of a target's sparse lines; lines that begin with # are comments."""
    lines = [line for line in content.decode("ascii", errors="replace").splitlines() if line.strip() and not line.startswith("#")]
    full = np.zeros((vertices, 3), np.float32)
    try:
        rows = np.array([line.split() for line in lines], np.float64).reshape(-1, 4) if lines else np.zeros((0, 4))
        index = rows[:, 0].astype(np.int64)
    except ValueError:
        raise WrongUse(f"{where} has lines that are not 'index dx dy dz': export the target again.") from None
    if len(index) and not (np.isfinite(rows).all() and index.min() >= 0 and index.max() < vertices):
        raise WrongUse(f"{where} moves vertex {index.max()} of a mesh that has {vertices}: it belongs to another mesh.")
    full[index] = rows[:, 1:]
    return full


def _parts(mesh: ObjMesh, path: Path) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Part of each triangle; 255 for those that belong to no head."""
    by_group = np.array([GROUPS.get(group, 255) for group in mesh.groups], np.uint8)
    parts = by_group[mesh.group]
    if not all((parts == part).any() for part in (Part.SKIN, Part.EYE_LEFT, Part.EYE_RIGHT)):
        raise WrongUse(f"the {BASE} in '{path}' lacks MakeHuman's groups 'body' and 'helper-l-eye': give its base mesh itself.")
    eyes = mesh.vertices[mesh.triangles[parts == Part.EYE_LEFT]].mean(axis=(0, 1))
    corners = mesh.vertices[mesh.triangles]
    far = (corners[..., 1].min(axis=1) < eyes[1] - BELOW_EYES) | (np.abs(corners[..., 0]).max(axis=1) > BESIDE)
    parts[far] = 255
    return parts


def _vertices(triangles: Ints, parts: np.ndarray[tuple[int], np.dtype[np.uint8]], part: Part) -> Ints:
    return np.unique(triangles[parts == part]).astype(np.int32)
