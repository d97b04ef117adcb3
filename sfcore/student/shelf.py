"""The bases and models of a workspace: put there whole, taken from there ready to use, wherever the workspace is."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcore.codecs.codec import Codec
from sfcore.errors import WrongUse, nearest
from sfcore.randomness import digest
from sfcore.recipe import Student as StudentRecipe
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    from sfcore.student.answering import Student

TINY = "tiny"
SHIPPED = Path(__file__).parent / "sight" / "tower.safetensors"
"""The taught tower that comes with sface; ``tower.json`` beside it says how it was taught and what it reached."""


def base_name(student: StudentRecipe) -> str:
    """How lineages and folders call the base: ``tiny-<seed>-<its tower>``, or the folder or hub name as the recipe writes it."""
    return f"{TINY}-{student.base_seed}-{_tower_digest()}" if student.base == TINY else student.base


@cache
def _tower_digest() -> str:
    return digest(SHIPPED.read_bytes())[:6]


def prepare_base(workspace: Workspace, student: StudentRecipe) -> str:
    """Makes the tiny base in the workspace when it is not there, and returns the base's name."""
    name = base_name(student)
    if student.base == TINY and not workspace.is_complete(f"bases/{name}"):
        from sfcore.student.base import make_tiny

        with tempfile.TemporaryDirectory(prefix="sface-base-") as folder:
            make_tiny(Path(folder) / name, student.base_seed, SHIPPED)
            workspace.push_folder(Path(folder) / name, f"bases/{name}")
    return name


@contextmanager
def base_at_hand(workspace: Workspace, name: str) -> Iterator[str]:
    """The base as a folder on this machine while the block runs, or its own name where the workspace does not hold it."""
    if not workspace.exists(f"bases/{name}"):
        yield name
        return
    with tempfile.TemporaryDirectory(prefix="sface-base-") as folder:
        yield str(workspace.fetch_folder(f"bases/{name}", Path(folder) / Path(name).name))


def lineage_of(workspace: Workspace, model_id: str) -> dict[str, Any]:
    """What a model was made from; raises `WrongUse` with the nearest name when there is no such model."""
    if not workspace.is_complete(f"models/{model_id}"):
        known = workspace.folders("models")
        raise WrongUse(f"there is no model '{model_id}'{nearest(model_id, known)}: {_listed(known)}.")
    lineage: dict[str, Any] = json.loads(workspace.read_bytes(f"models/{model_id}/lineage.json"))
    return lineage


def take_student(workspace: Workspace, model_id: str) -> tuple[Student, Codec]:
    """Opens a model of the workspace for answering, with the codec that reads its answers."""
    from sfcore.codecs.codec import codec_named
    from sfcore.student.answering import Student

    lineage = lineage_of(workspace, model_id)
    with base_at_hand(workspace, lineage["base"]) as base, tempfile.TemporaryDirectory(prefix="sface-model-") as folder:
        student = Student.open(base, workspace.fetch_folder(f"models/{model_id}", Path(folder)), lineage["codec"])
    return student, codec_named(lineage["codec"])


def _listed(names: list[str]) -> str:
    return f"models are {', '.join(names)}" if names else "the workspace holds none yet"
