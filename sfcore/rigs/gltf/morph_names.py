"""Which morph targets of a glTF file are which of the 52 shapes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from sfcore.arkit import BY_NAME, SHAPES, resolve
from sfcore.errors import WrongUse, nearest
from sfcore.rigs.gltf.document import Document, Index, Mesh

_PREFIX_TARGETS = 20
"""Names that must become shapes when a prefix is taken off before the prefix is believed to be one."""

Bindings = dict[str, tuple[tuple[int, float], ...]]
"""Shape -> the targets of one mesh that make it, each with its weight."""


@dataclass(frozen=True)
class MorphNames:
    """``of_mesh[m]`` the shapes of mesh ``m``; ``notes`` what a user should know of how the names were read."""

    of_mesh: tuple[Bindings, ...]
    notes: tuple[str, ...]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Bind0(_Lenient):
    mesh: Index
    index: Index
    weight: float = 100.0


class _Group0(_Lenient):
    name: str = ""
    presetName: str | None = None  # noqa: N815  the names of the format
    binds: list[_Bind0] | None = None


class _Bind1(_Lenient):
    node: Index
    index: Index
    weight: float = 1.0


class _Expression1(_Lenient):
    morphTargetBinds: list[_Bind1] | None = None  # noqa: N815


def morph_names(document: Document) -> MorphNames:
    """Finds the shapes by the targets' names, then by the expressions of a VRM; raises `WrongUse` where there are none."""
    names = [target_names(document, mesh) for mesh in document.meshes]
    everything = [name for mesh in names for name in mesh]
    prefix = _prefix(everything)
    bound: list[dict[str, list[tuple[int, float]]]] = []
    notes: list[str] = [f"Names of shapes are read without their prefix '{prefix}'."] if prefix else []
    for mesh in names:
        shapes, doubled = _by_name(mesh, prefix)
        bound.append(shapes)
        notes += doubled
    known = {shape for mesh in bound for shape in mesh}
    taken = _add_expressions(document, bound, known)
    if taken:
        notes.append(f"{taken} shapes come from the expressions of the VRM that bear ARKit's names (perfect sync).")
    if not any(bound):
        raise WrongUse(_none_found(document, everything))
    return MorphNames(tuple({shape: tuple(on) for shape, on in mesh.items()} for mesh in bound), tuple(dict.fromkeys(notes)))


def target_names(document: Document, mesh: Mesh) -> list[str]:
    """The names of a mesh's targets: its ``extras.targetNames``, its primitives', or those of the targets' accessors."""
    count = max((len(primitive.targets) for primitive in mesh.primitives), default=0)
    for extras in (mesh.extras, *(primitive.extras for primitive in mesh.primitives)):
        listed = extras.get("targetNames") if isinstance(extras, dict) else None
        if isinstance(listed, list) and listed:
            return [name if isinstance(name, str) else "" for name in listed[:count]]
    names = []
    for target in next((primitive.targets for primitive in mesh.primitives if primitive.targets), ()):
        at = target.get("POSITION", -1)
        names.append((document.accessors[at].name or "") if 0 <= at < len(document.accessors) else "")
    return names


def _shape(name: str) -> str | None:
    channel = resolve(name)
    return channel.name if channel is not None and channel.kind == "shape" else None


def _half_shape(name: str) -> str | None:
    """The shape of both sides that a name with a side is half of: ``browInnerUp_L``, ``cheekPuffRight``."""
    stem = re.sub(r"([_\-. ]?(L|R|Left|Right|left|right))$", "", name)
    shape = _shape(stem) if stem != name else None
    return shape if shape is not None and BY_NAME[shape].side == "both" else None


def _by_name(names: list[str], prefix: str) -> tuple[dict[str, list[tuple[int, float]]], list[str]]:
    found: dict[str, list[tuple[int, float]]] = {}
    halves: dict[str, list[tuple[int, float]]] = {}
    notes = []
    for index, full in enumerate(names):
        name = _short(full).removeprefix(prefix)
        shape = _shape(name)
        if shape is None:
            half = _half_shape(name)
            if half is not None:
                halves.setdefault(half, []).append((index, 1.0))
        elif shape in found:
            notes.append(f"More than one target means {shape}: the first is taken, '{full}' is not.")
        else:
            found[shape] = [(index, 1.0)]
    for shape, parts in halves.items():
        if shape not in found:
            found[shape] = parts
            notes.append(f"{shape} is the sum of {len(parts)} targets, one for each side.")
    return found, notes


def _short(name: str) -> str:
    """A name without the path some exporters put before it: ``blendShape1.eyeBlinkLeft``, ``face|jawOpen``."""
    return re.split(r"[.|:/]", name.strip())[-1]


def _prefix(names: Iterable[str]) -> str:
    """What precedes ARKit's name in most targets (``ARKit_eyeBlinkLeft``), or nothing."""
    counts: Counter[str] = Counter()
    for full in dict.fromkeys(names):
        name = _short(full)
        if _shape(name) is not None or _half_shape(name) is not None:
            continue
        for separator in re.finditer(r"[_\- ]", name):
            if _shape(name[separator.end() :]) is not None:
                counts[name[: separator.end()]] += 1
                break
    prefix, count = next(iter(counts.most_common(1)), ("", 0))
    return prefix if count >= _PREFIX_TARGETS else ""


def _add_expressions(document: Document, bound: list[dict[str, list[tuple[int, float]]]], known: set[str]) -> int:
    """Adds shapes that only a VRM's expressions name; returns how many."""
    added = set()
    for name, mesh, target, weight in (*_expressions0(document), *_expressions1(document)):
        shape = _shape(_short(name))
        if shape is not None and shape not in known and mesh < len(bound) and weight:
            bound[mesh].setdefault(shape, []).append((target, weight))
            added.add(shape)
    return len(added)


def _expressions0(document: Document) -> list[tuple[str, int, int, float]]:
    """Name, mesh, target and weight 0..1 of each binding of a VRM 0.x."""
    master = _dictionary(_dictionary(document.extensions, "VRM"), "blendShapeMaster")
    result = []
    for raw in master.get("blendShapeGroups") or []:
        group = _lenient(_Group0, raw)
        binds = (group.binds or []) if group else []
        result += [(group.name, bind.mesh, bind.index, bind.weight / 100.0) for bind in binds]
    return result


def _expressions1(document: Document) -> list[tuple[str, int, int, float]]:
    """Name, mesh, target and weight 0..1 of each binding of a VRM 1.0."""
    expressions = _dictionary(_dictionary(document.extensions, "VRMC_vrm"), "expressions")
    result = []
    for kind in ("custom", "preset"):
        for name, raw in _dictionary(expressions, kind).items():
            expression = _lenient(_Expression1, raw)
            for bind in (expression.morphTargetBinds or []) if expression else []:
                mesh = document.nodes[bind.node].mesh if bind.node < len(document.nodes) else None
                if mesh is not None:
                    result.append((name, mesh, bind.index, bind.weight))
    return result


def _dictionary(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _lenient(model: type[Any], raw: Any) -> Any:
    """``raw`` as ``model``, or None: a damaged expression that is not one of the 52 need not stop an import."""
    try:
        return model.model_validate(raw)
    except ValueError:
        return None


def _none_found(document: Document, names: list[str]) -> str:
    distinct = [name for name in dict.fromkeys(names) if name]
    if not any(primitive.targets for mesh in document.meshes for primitive in mesh.primitives):
        return "has no morph targets (shape keys): export the head with its 52 ARKit blendshapes."
    if not distinct:
        return "has morph targets without names (extras.targetNames): export it with the names of its shape keys."
    # Longer names lie further from noise: the closest pair by spelling is the most helpful one to show.
    close = next((f": '{name}'{hint}" for name in distinct if (hint := nearest(name, [shape.name for shape in SHAPES]))), "")
    listed = ", ".join(repr(name) for name in distinct[:8]) + (", ..." if len(distinct) > 8 else "")
    return f"has {len(distinct)} morph targets and none bears an ARKit name ({listed}){close}. Rename them, as eyeBlinkLeft."
