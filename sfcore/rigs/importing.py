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

    called = name or usual_name(kind, path)
    return assemble(_reader(kind)(path, called))


def usual_name(kind: str, path: Path) -> str:
    """What a rig is called unless somebody names it: ``ict``, ``mpfb``, or the file or folder in letters that a name may have.

    Raises `WrongUse` for an unknown kind.
    """
    if kind not in KINDS:
        raise WrongUse(f"no kind of rig '{kind}'{nearest(kind, KINDS)}: the kinds are {', '.join(KINDS)}.")
    if kind in ("ict-facekit", "mpfb"):
        return kind.removesuffix("-facekit")
    whole = path.resolve()
    stem = whole.name if whole.is_dir() else whole.stem
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in stem).strip("-._") or kind


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
