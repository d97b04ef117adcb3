"""The ICT face model (Li et al., *Learning Formation of Physically-Based Face Attributes*, 2020) as its release holds it.

The release is 158 whole meshes of one topology: a neutral one, 53 expressions, 4 that are none of ARKit's, 100 identity modes.
Only positions differ. Ranges of vertices and faces are those of the table *Face Model Topology* in its README.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import SHAPES, resolve
from sfcore.errors import WrongUse
from sfcore.rigs.archive import files_of
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.obj import read_obj, read_positions
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Floats, Ints

NEUTRAL = "generic_neutral_mesh"
MODES = 100
VERTICES, FACES = 26719, 26384
IDENTITY_NAME = "identity{:03d}"
MERGED = {
    "BrowInnerUp": ("browInnerUp_L", "browInnerUp_R"),
    "CheekPuff": ("cheekPuff_L", "cheekPuff_R"),
}
"""ARKit's shapes that the release splits into halves, which add up to the whole."""
IGNORED = ("cheekRaiser_L", "cheekRaiser_R", "PupilDilate_L", "PupilDilate_R")
"""Shapes of the release that ARKit has no name for: the README's table gives AU6 to cheekSquint, and lists neither of these."""
_EYE_BALLS = ((21451, 22221), (23021, 23791))
"""Vertices of the left and the right sclera."""
# Faces of each geometry that is drawn; the rest (corneas over the irises, fluid, blend and occlusion meshes) is left out.
_FACES: tuple[tuple[int, int, Part], ...] = (
    (0, 11144, Part.SKIN),
    (11144, 13226, Part.CAVITY),
    (13226, 14034, Part.LID_EDGE),
    (14034, 17006, Part.GUMS),
    (17006, 19250, Part.TEETH_UPPER),
    (19250, 21496, Part.TEETH_LOWER),
    (21496, 22296, Part.EYE_LEFT),
    (23094, 23894, Part.EYE_RIGHT),
    (25304, 26384, Part.LASHES),
)
TONGUE_BEHIND = 0.75
"""Gums and tongue are one piece: what lies this far (cm) inside the arch of the lower teeth and goes with the jaw is tongue."""
# README, *Facial Landmarks*: Multi-PIE 68 points.
# fmt: off
LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443, 268, 493, 1914, 2044,
    1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511,
    3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533,
    6216, 6207, 6470, 5517, 5966,
)
# fmt: on


def read_ict(path: Path, name: str = "ict") -> MorphHead:
    """Reads the release from its folder, the folder ``FaceXModel`` within, or an archive of either.

    The distance of the pupils, 6.2, says that its unit is the centimetre; an identity file is the neutral face plus one standard
    deviation of a mode (its scripts draw weights from a standard normal distribution). Raises `WrongUse` for anything else.
    """
    meshes, faces = _read_all(path)
    neutral = meshes.pop(NEUTRAL)
    triangles, parts = faces
    keep, triangles = _used(triangles, len(neutral))
    place = np.full(len(neutral), -1, np.int32)
    place[keep] = np.arange(len(keep), dtype=np.int32)
    modes = {}
    for k in range(MODES):
        key = IDENTITY_NAME.format(k)
        modes[key] = meshes.pop(key)[keep] - neutral[keep]
    morphs = _morphs(meshes, neutral, keep)
    parts = _with_tongue(neutral[keep], triangles, parts, morphs["JawOpen"])
    missing = [shape.name for shape in SHAPES if shape.name not in morphs]
    notes = [f"{word[0].lower()}{word[1:]}" for word in missing]
    return MorphHead(
        name=name,
        domain="ict",
        licence="MIT (USC Institute for Creative Technologies)",
        vertices=neutral[keep],
        triangles=triangles,
        parts=parts,
        morphs=morphs,
        modes=modes,
        eye_balls=(place[slice(*_EYE_BALLS[0])], place[slice(*_EYE_BALLS[1])]),
        centimetres=1.0,
        landmarks=place[np.array(LANDMARKS)],
        notes=tuple(f"rig '{name}' has no {word}: the channel is masked." for word in notes),
    )


def _read_all(path: Path) -> tuple[dict[str, Floats], tuple[Ints, NDArray[np.uint8]]]:
    """Positions of every mesh by its file's name, and the triangles that are drawn with their parts."""
    meshes: dict[str, Floats] = {}
    faces = None
    wanted = {*MERGED["BrowInnerUp"], *MERGED["CheekPuff"]}
    for inside, content in files_of(path, (".obj",)):
        stem = PurePosixPath(inside).stem
        where = f"'{inside}' in '{path}'"
        if stem == NEUTRAL:
            faces = _drawn_faces(content, where)
        elif stem in IGNORED or not (stem in wanted or stem.startswith("identity") or resolve(stem)):
            continue
        meshes[stem] = read_positions(content, where)
        if len(meshes[stem]) != VERTICES:
            found = len(meshes[stem])
            raise WrongUse(f"{where} has {found} vertices, the ICT face model has {VERTICES}: unpack the release again.")
    needed = [NEUTRAL, *(IDENTITY_NAME.format(k) for k in range(MODES)), *wanted]
    lacking = [stem for stem in needed if stem not in meshes]
    if lacking or faces is None:
        listed = f"{len(lacking)} of its meshes are missing ({', '.join(lacking[:3])})"
        raise WrongUse(f"'{path}' is no whole ICT-FaceKit release: {listed}; unpack it again.")
    return meshes, faces


def _drawn_faces(content: bytes, where: str) -> tuple[Ints, NDArray[np.uint8]]:
    mesh = read_obj(content, where)
    if int(mesh.face.max(initial=-1)) + 1 != FACES:
        raise WrongUse(f"{where} has {int(mesh.face.max(initial=-1)) + 1} faces, the ICT face model has {FACES}.")
    part_of_face = np.full(FACES, 255, np.uint8)
    for first, last, part in _FACES:
        part_of_face[first:last] = part
    parts = part_of_face[mesh.face]
    return mesh.triangles[parts != 255], parts[parts != 255]


def _used(triangles: Ints, vertices: int) -> tuple[Ints, Ints]:
    """Vertices that triangles name, and the triangles renumbered to them."""
    used = np.zeros(vertices, bool)
    used[triangles] = True
    keep = np.flatnonzero(used).astype(np.int32)
    place = np.cumsum(used).astype(np.int32) - 1
    return keep, place[triangles]


def _with_tongue(points: Floats, triangles: Ints, parts: NDArray[np.uint8], jaw_open: Floats) -> NDArray[np.uint8]:
    """Tells the tongue from the gums that it hangs together with."""
    teeth = points[np.unique(triangles[parts == Part.TEETH_LOWER])]
    arch = np.polynomial.Polynomial.fit(np.abs(teeth[:, 0]), teeth[:, 2], 3)
    corners = triangles[parts == Part.GUMS]
    middle = points[corners].mean(axis=1)
    falls = -jaw_open[corners, 1].mean(axis=1)
    inside = (middle[:, 2] < arch(np.abs(middle[:, 0])) - TONGUE_BEHIND) & (
        np.abs(middle[:, 0]) < np.abs(teeth[:, 0]).max() - 0.9
    )
    result = parts.copy()
    result[np.flatnonzero(parts == Part.GUMS)[inside & (falls > 0.25 * falls.max())]] = Part.TONGUE
    return result


def _morphs(meshes: dict[str, Floats], neutral: Floats, keep: Ints) -> dict[str, Floats]:
    halves = {stem for pair in MERGED.values() for stem in pair}
    morphs = {whole: meshes[a][keep] + meshes[b][keep] - 2 * neutral[keep] for whole, (a, b) in MERGED.items()}
    for stem, positions in meshes.items():
        channel = None if stem in halves else resolve(stem)
        if channel is not None and channel.kind == "shape":
            morphs[channel.name] = positions[keep] - neutral[keep]
    return morphs
