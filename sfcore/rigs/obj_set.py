"""A face as a set of OBJ files of one topology: a neutral one and one for each shape, named as ARKit names them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from sfcore.arkit import SHAPES, resolve
from sfcore.errors import WrongUse
from sfcore.rigs.archive import files_of
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.obj import read_obj, read_positions
from sfcore.rigs.rig import Floats, Ints

NEUTRAL_NAMES = ("neutral", "basis", "base", "rest", "genericneutralmesh")
"""Names of the neutral mesh, folded to lower case without separators."""
LANDMARK_COUNT = 68


def read_obj_set(path: Path, name: str) -> MorphHead:
    """Reads the set from a folder or an archive, or from the one zip in a folder.

    A text file with *landmarks* in its name and 68 vertices in Multi-PIE's order, inside or beside it, tells where the features
    lie; otherwise the shapes do. Raises `WrongUse` for a set without a neutral mesh, without shapes, or of several topologies.
    """
    source = _source(path)
    meshes: dict[str, tuple[str, bytes]] = {}
    marks: Ints | None = _landmarks_beside(path)
    for inside, content in files_of(source, (".obj", ".txt")):
        stem = PurePosixPath(inside).stem
        if inside.endswith(".obj"):
            meshes[stem] = (f"'{inside}' in '{source}'", content)
        elif "landmark" in stem.lower():
            marks = _landmarks(content.decode("ascii", errors="replace"), inside)
    neutral_stem = _neutral(meshes, source)
    where, content = meshes.pop(neutral_stem)
    neutral = read_obj(content, where)
    morphs: dict[str, Floats] = {}
    for stem, (place, text) in meshes.items():
        channel = resolve(stem)
        if channel is None or channel.kind != "shape":
            continue
        positions = read_positions(text, place)
        if len(positions) != len(neutral.vertices):
            count = len(neutral.vertices)
            raise WrongUse(f"{place} has {len(positions)} vertices and the neutral mesh {count}: export all with one topology.")
        morphs[channel.name] = positions - neutral.vertices
    if not morphs:
        raise WrongUse(f"'{source}' holds no OBJ file with an ARKit name (eyeBlinkLeft.obj): name its shapes so.")
    absent = [shape.name for shape in SHAPES if shape.name not in morphs]
    if marks is not None and marks.max() >= len(neutral.vertices):
        raise WrongUse(
            f"the landmarks of '{source}' name vertex {marks.max()} of {len(neutral.vertices)}: they are another mesh's."
        )
    return MorphHead(
        name=name,
        domain=f"obj:{name}",
        licence="none stated",
        vertices=neutral.vertices,
        triangles=neutral.triangles,
        parts=None,
        morphs=morphs,
        landmarks=marks,
        notes=tuple(f"rig '{name}' has no {word[0].lower()}{word[1:]}: the channel is masked." for word in absent),
    )


def _source(path: Path) -> Path:
    """The archive within a folder that holds one and no meshes; otherwise the path itself."""
    if path.is_dir() and not any(path.rglob("*.obj")):
        zips = sorted(path.glob("*.zip"))
        if len(zips) == 1:
            return zips[0]
    return path


def _landmarks_beside(path: Path) -> Ints | None:
    folder = path if path.is_dir() else path.parent
    files = sorted(f for f in folder.glob("*.txt") if "landmark" in f.stem.lower()) if folder.is_dir() else []
    return _landmarks(files[0].read_text("ascii", errors="replace"), files[0].name) if len(files) == 1 else None


def _landmarks(text: str, where: str) -> Ints:
    try:
        numbers = np.array([int(word) for word in text.split()], np.int64)
    except ValueError:
        numbers = np.zeros(0, np.int64)
    if len(numbers) != LANDMARK_COUNT or numbers.min() < 0:
        raise WrongUse(f"'{where}' does not hold {LANDMARK_COUNT} vertices in Multi-PIE's order: mend it, or take it away.")
    return numbers.astype(np.int32)


def _neutral(meshes: dict[str, tuple[str, bytes]], path: Path) -> str:
    for stem in meshes:
        if "".join(c for c in stem.lower() if c.isalnum()) in NEUTRAL_NAMES:
            return stem
    raise WrongUse(f"'{path}' holds no neutral mesh: call one of its OBJ files neutral.obj.")
