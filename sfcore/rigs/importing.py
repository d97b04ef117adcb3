"""Rigs of other people: which reader takes which kind of source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sfcore.errors import WrongUse, nearest
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.rig import Rig

Reader = Callable[[Path, str], MorphHead]

KINDS: dict[str, str] = {
    "ict-facekit": "the ICT face model's release: its folder or its archive",
    "gltf": "a GLB or glTF 2.0 file with ARKit's morph targets",
    "mpfb": "MakeHuman's base mesh with a folder of ARKit targets",
    "obj": "a folder or an archive of OBJ files, one neutral and one a shape",
}
"""What `import_rig` reads, each with a word on what it is."""


def import_rig(kind: str, path: Path, name: str | None = None) -> Rig:
    """Reads a rig of one of `KINDS` from ``path``; raises `WrongUse` for an unknown kind and for a source that is broken.

    Without a ``name`` it is called ``ict``, ``mpfb``, or after the file or folder.
    """
    from sfcore.rigs.assemble import assemble

    if kind not in KINDS:
        raise WrongUse(f"no kind of rig '{kind}'{nearest(kind, KINDS)}: the kinds are {', '.join(KINDS)}.")
    defaults = {"ict-facekit": "ict", "mpfb": "mpfb", "gltf": path.stem, "obj": path.stem if path.is_file() else path.name}
    return assemble(_reader(kind)(path, name or defaults[kind] or kind))


def _reader(kind: str) -> Reader:
    if kind == "ict-facekit":
        from sfcore.rigs.ict import read_ict

        return read_ict
    if kind == "mpfb":
        from sfcore.rigs.mpfb import read_mpfb

        return read_mpfb
    if kind == "obj":
        from sfcore.rigs.obj_set import read_obj_set

        return read_obj_set
    from sfcore.rigs.gltf.reader import read_gltf

    return read_gltf
