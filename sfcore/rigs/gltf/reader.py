"""Any head in glTF 2.0 as a `MorphHead`: GLB, VRM, or JSON with its buffers and pictures beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import SHAPES
from sfcore.errors import WrongUse
from sfcore.rigs.gltf.container import open_container
from sfcore.rigs.gltf.document import Document
from sfcore.rigs.gltf.facing import Face, find_face, set_upright
from sfcore.rigs.gltf.materials import Pictures
from sfcore.rigs.gltf.morph_names import morph_names
from sfcore.rigs.gltf.part_names import PART_OF, Named
from sfcore.rigs.gltf.surfaces import Surfaces, gather, reduced
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.parts import Part
from sfcore.rigs.rig import Ints, Textures

# The box that is kept around the point between the eyes, in distances between the eyes (6.3 cm in an adult, whose shoulders lie
# some 25 cm below): wide enough for long hair, and the cut well out of a portrait.
_BELOW, _ABOVE, _BESIDE, _BEHIND = 6.5, 6.5, 5.5, 6.5

_HUMAN_DISTANCE = (0.050, 0.080)
"""Metres between the centres of the lids that a head in glTF's own unit may have, small children and large men included."""


def read_gltf(path: Path, name: str) -> MorphHead:
    """Reads a head with ARKit-named morph targets from a .glb, .vrm or .gltf.

    All meshes of the file's scene are merged as they stand at rest (skins and node transforms applied), turned to face +z, and
    cut below the shoulders. Raises `WrongUse`, which names the file, for anything that is no such head.
    """
    try:
        return _read(path, name)
    except WrongUse as fault:
        raise WrongUse(f"{path}: {fault}") from None


def _read(path: Path, name: str) -> MorphHead:
    container = open_container(path)
    document = container.document
    names = morph_names(document)
    surfaces, notes = set_upright(gather(container, names))
    notes = [*names.notes, *surfaces.notes, *notes]
    face = find_face(surfaces.morphs, surfaces.vertices)
    surfaces = _left_out(surfaces, notes)
    if face is not None:
        surfaces = _cropped(surfaces, face, notes)
    parts = _parts(surfaces, face)
    pictures = Pictures(container)
    textures = _textures(surfaces, pictures, notes)
    _note_missing(surfaces, notes)
    return MorphHead(
        name=name,
        domain=f"gltf:{name}",
        licence=_licence(document),
        vertices=surfaces.vertices,
        triangles=surfaces.triangles,
        parts=parts,
        morphs=surfaces.morphs,
        textures=textures,
        eye_balls=_eye_balls(surfaces, parts),
        centimetres=_unit(face, notes),
        notes=tuple(notes),
    )


def _left_out(surfaces: Surfaces, notes: list[str]) -> Surfaces:
    """Without what would hide the face: glasses, and shells before the eyes."""
    named = np.array([piece.named is Named.LEFT_OUT for piece in surfaces.pieces])
    dropped = named[surfaces.piece]
    if not dropped.any() or dropped.all():
        return surfaces
    notes.append(f"Glasses or shells over the eyes are left out ({int(dropped.sum())} triangles): they hide what shapes do.")
    return reduced(surfaces, ~dropped)


def _cropped(surfaces: Surfaces, face: Face, notes: list[str]) -> Surfaces:
    around = (surfaces.vertices - face.middle.astype(np.float32)) / np.float32(face.distance)
    x, y, z = around.T
    inside = (y > -_BELOW) & (y < _ABOVE) & (np.abs(x) < _BESIDE) & (z > -_BEHIND) & (z < _BEHIND)
    kept = inside[surfaces.triangles].all(axis=1)
    if kept.all():
        return surfaces
    if not kept.any():
        raise WrongUse("has no triangles around the eyes that its shapes move: its morph targets do not fit its meshes.")
    notes.append(f"{int((~kept).sum())} of {len(kept)} triangles far from the head are left out.")
    return reduced(surfaces, kept)


def _parts(surfaces: Surfaces, face: Face | None) -> NDArray[np.uint8] | None:
    """Part of each triangle where names speak of parts at all; the rest is skin."""
    named = [piece.named for piece in surfaces.pieces]
    used = set(np.unique(surfaces.piece))
    if all(said in (Named.NOTHING, Named.SKIN) for i, said in enumerate(named) if i in used):
        return None
    parts = np.array([PART_OF.get(said, Part.SKIN) for said in named], np.uint8)[surfaces.piece]
    middle = surfaces.vertices[surfaces.triangles].mean(axis=1)
    is_left = middle[:, 0] > (0.0 if face is None else face.middle[0])
    for said, left, right in ((Named.EYE, Part.EYE_LEFT, Part.EYE_RIGHT), (Named.IRIS, Part.IRIS_LEFT, Part.IRIS_RIGHT)):
        on = _on(surfaces, said)
        parts[on] = np.where(is_left[on], left, right)
    teeth = _on(surfaces, Named.TEETH)
    parts[teeth] = np.where(_of_lower_jaw(surfaces, teeth, middle[:, 1])[teeth], Part.TEETH_LOWER, Part.TEETH_UPPER)
    return parts


def _on(surfaces: Surfaces, said: Named) -> NDArray[np.bool_]:
    return np.array([piece.named is said for piece in surfaces.pieces])[surfaces.piece]


def _of_lower_jaw(surfaces: Surfaces, teeth: NDArray[np.bool_], height: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which triangles the jaw carries, or which lie in the lower half of the teeth where no JawOpen moves them."""
    if not teeth.any():
        return teeth
    if "JawOpen" in surfaces.morphs:
        moved = np.linalg.norm(surfaces.morphs["JawOpen"], axis=1)[surfaces.triangles].mean(axis=1)
        if moved[teeth].max() > 0:
            return moved > 0.5 * moved[teeth].max()
    return height < 0.5 * (height[teeth].min() + height[teeth].max())


def _textures(surfaces: Surfaces, pictures: Pictures, notes: list[str]) -> Textures | None:
    used = set(np.unique(surfaces.piece))
    of_piece = [pictures.of(piece.material, piece.named) if i in used else -1 for i, piece in enumerate(surfaces.pieces)]
    notes += pictures.notes
    if not pictures.images:
        return None
    of_triangle = np.array(of_piece, np.int16)[surfaces.piece]
    bare = float((of_triangle < 0).mean())
    if bare > 0:
        notes.append(f"{bare:.0%} of its triangles have no picture: sface paints them.")
    return Textures(surfaces.uv, tuple(pictures.images), of_triangle)


def _eye_balls(surfaces: Surfaces, parts: NDArray[np.uint8] | None) -> tuple[Ints, Ints] | None:
    """Vertices of both eyeballs where names tell them apart and they are round enough to turn in their lids."""
    if parts is None:
        return None
    balls = []
    for kinds in ((Part.EYE_LEFT, Part.IRIS_LEFT), (Part.EYE_RIGHT, Part.IRIS_RIGHT)):
        ball = np.unique(surfaces.triangles[np.isin(parts, kinds)])
        if not _is_round(surfaces.vertices[ball].astype(np.float64)):
            return None
        balls.append(ball.astype(np.int32))
    return balls[0], balls[1]


def _is_round(points: NDArray[np.float64]) -> bool:
    """Whether the front half of some points lies within an eighth of the radius of a sphere, and is no flat disc."""
    if len(points) < 24:
        return False
    front = points[points[:, 2] >= np.median(points[:, 2])]
    around = front - front.mean(axis=0)
    design = np.column_stack([2 * around, np.ones(len(around))])
    solution, *_ = np.linalg.lstsq(design, (around**2).sum(axis=1), rcond=None)
    radius = float(np.sqrt(max(solution[3] + solution[:3] @ solution[:3], 0.0)))
    off = np.abs(np.linalg.norm(around - solution[:3], axis=1) - radius)
    widest = float(np.ptp(points, axis=0)[:2].max())
    return radius > 0 and float(np.percentile(off, 90)) < radius / 8 and widest > 1.2 * radius


def _unit(face: Face | None, notes: list[str]) -> float | None:
    """Centimetres of one unit: glTF's metre where that makes the eyes a human distance apart, otherwise not known."""
    if face is None:
        return None
    if _HUMAN_DISTANCE[0] <= face.distance <= _HUMAN_DISTANCE[1]:
        return 100.0
    notes.append(f"Its eyes lie {100 * face.distance:.1f} cm apart if it is in metres: the head is scaled to a human's.")
    return None


def _note_missing(surfaces: Surfaces, notes: list[str]) -> None:
    missing = [shape.name for shape in SHAPES if shape.name not in surfaces.morphs]
    if missing:
        notes.append(f"It has no {', '.join(missing)}.")


def _licence(document: Document) -> str:
    """What the file says of its own use: the asset's copyright, a VRM's licence, or what a collection wrote into it."""
    said: list[str] = []
    vrm0, vrm1, extras = (
        _meta(document.extensions.get("VRM")),
        _meta(document.extensions.get("VRMC_vrm")),
        document.asset.extras if isinstance(document.asset.extras, dict) else {},
    )
    for holder, key in (
        (vrm0, "licenseName"),
        (vrm0, "otherLicenseUrl"),
        (vrm1, "licenseUrl"),
        (vrm1, "copyrightInformation"),
        (extras, "license"),
        (extras, "author"),
    ):
        value = holder.get(key)
        if isinstance(value, str) and value.strip():
            said.append(value.strip()[:200])
    if document.asset.copyright.strip():
        said.append(f"copyright {document.asset.copyright.strip()[:200]}")
    return "; ".join(said) or "none stated"


def _meta(extension: Any) -> dict[str, Any]:
    meta = extension.get("meta") if isinstance(extension, dict) else None
    return meta if isinstance(meta, dict) else {}
