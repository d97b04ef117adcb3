"""Making a sample again alone, long after its run: by the recipe that was kept when it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed, WrongUse
from sfcore.recipe import Recipe, recipe_from
from sfcore.rigs.registry import known_rigs, rig_card
from sfcore.store.workspace import Workspace
from sfcore.supervision.wanted import WantedSample, picture_digest

_RECIPES = "recipes"
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Remade:
    """A sample as it is stored, and the columns in which it differs when it is made again; none means the same bytes."""

    stored: dict[str, Any]
    differs: tuple[str, ...]
    picture_bytes: int
    """Of the picture made again."""

    @property
    def same(self) -> bool:
        """Whether every column came out as it is stored."""
        return not self.differs


def keep_recipe(workspace: Workspace, recipe: Recipe) -> None:
    """Keeps the recipe in the workspace under the digest of what shapes its pictures; once kept, it stays as it is."""
    place = f"{_RECIPES}/{recipe.supervision_digest}.json"
    if not workspace.exists(place):
        workspace.write_bytes(place, recipe.model_dump_json(indent=1).encode())


def stored_sample(workspace: Workspace, beginning: str) -> pa.Table:
    """The one row whose id begins so, at least six hex digits; raises `WrongUse` when there is none, or more than one."""
    if len(beginning) < _SHORTEST or not set(beginning.lower()) <= set("0123456789abcdef"):
        raise WrongUse(f"'{beginning}' is no sample id: give its 32 hex digits, or the first six or more.")
    begins = pc.starts_with(pc.field("sample_id"), beginning.lower())
    found = workspace.read("supervision", columns=["sample_id"], filter=begins)["sample_id"].to_pylist()
    if len(found) != 1:
        several = f"{len(found)} samples begin with '{beginning}': give more digits." if found else None
        ask = 'sface query "select sample_id from supervision limit 9"'
        raise WrongUse(several or f"there is no sample '{beginning}': {ask} lists some.")
    return workspace.read("supervision", filter=pc.field("sample_id") == found[0])


def remake(workspace: Workspace, stored: pa.Table) -> Remade:
    """Makes the sample of one row of ``supervision`` again, alone, and compares it column by column.

    Raises `WorkFailed` when the recipe, the rig or the label it was made from is not in the workspace any more.
    """
    from sfcore.supervision.making import SampleMaker

    row = {name: value[0] for name, value in stored.to_pydict().items()}
    recipe, rig = _made_by(workspace, row)
    wanted = WantedSample(
        row["sample_id"], row["dataset"], row["take"], row["frame"], row["variant"], row["split"], rig, row["identity"]
    )
    made = SampleMaker(recipe, workspace).make([wanted], _label(workspace, row), "again").rows
    if not made.num_rows:
        raise WorkFailed(f"sample {row['sample_id']} is rejected when it is made again: its caption is not true by this sface.")
    differs = [name for name in stored.column_names if stored[name].to_pylist() != made[name].to_pylist()]
    return Remade(row, tuple(differs), len(made["image"][0].as_py()))


def _made_by(workspace: Workspace, row: dict[str, Any]) -> tuple[Recipe, str]:
    """The recipe, and the rig's name in this workspace, by which a row was made."""
    rigs = [name for name in known_rigs(workspace) if rig_card(name, workspace).digest == row["rig_digest"]]
    if not rigs:
        raise WorkFailed(
            f"sample {row['sample_id']} shows a rig of domain '{row['domain']}' that is not in the workspace any more, or that "
            "this sface builds otherwise: import it again."
        )
    # One head can be there under two names: the person's name begins with the right one.
    rig = next((name for name in rigs if row["identity"].startswith(f"{name}-{row['split']}-")), rigs[0])
    for recipe in _kept(workspace):
        if picture_digest(recipe, row["rig_digest"]) == row["recipe_digest"]:
            return recipe, rig
    raise WorkFailed(
        f"sample {row['sample_id']} was made by another edition of sface, or by a recipe that was not kept: make its dataset's "
        "samples anew with 'sface supervise'."
    )


def _kept(workspace: Workspace) -> Iterator[Recipe]:
    if workspace.exists(_RECIPES):
        for path in sorted(workspace.address.files.find(workspace.address.at(_RECIPES).root)):
            name = str(path).rsplit("/", 1)[-1]
            yield recipe_from(json.loads(workspace.read_bytes(f"{_RECIPES}/{name}")), f"the kept recipe {name}")


def _label(workspace: Workspace, row: dict[str, Any]) -> np.ndarray:
    """(1, 61) float32, NaN = unknown."""
    same = (pc.field("dataset") == row["dataset"]) & (pc.field("take") == row["take"]) & (pc.field("frame") == row["frame"])
    label = workspace.read("labels", columns=NAMES, filter=same)
    if label.num_rows != 1:
        raise WorkFailed(f"frame {row['frame']} of take '{row['take']}' is not among the labels of '{row['dataset']}' any more.")
    return np.column_stack([label[name].to_numpy(zero_copy_only=False) for name in NAMES]).astype(np.float32)
