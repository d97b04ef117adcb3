"""Step 3 of a base of our own: its tower learns to see, by pictures drawn on the spot."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.errors import WrongUse
from sfcore.randomness import digest
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TRAIN
from sfcore.store.workspace import Workspace
from tasks.progress import Progress


@dataclass(frozen=True, slots=True)
class Sighted:
    """What teaching did: the base whose tower now sees, and how well, on people it never learnt from."""

    base: str
    found_done: bool
    pictures: int
    correlation: float | None
    active_ratio: float | None
    pixels: float | None


def teach_sight(workspace: Workspace, recipe: Recipe, dataset: str | None, progress: Progress) -> Sighted:
    """Teaches the tower of a tiny base as ``recipe.sight`` says and puts the base into the workspace under its own name.

    Of ``dataset`` the recorded faces of the training split are learnt from too. A course that was cut off goes on from its last
    examination when it is given again on the same machine. Raises `WrongUse` when the dataset has no labels.
    """
    from sfcore.student.base import TINY_WIDTH, make_tiny
    from sfcore.student.sight.school import REPORT, TOWER, teach_tower

    if recipe.sight is None:
        raise WrongUse(f"recipe '{recipe.name}' has no part 'sight': add one, or take the recipe tiny-base.")
    recorded = _recorded(workspace, dataset)
    key = digest(recipe.digest_of("faces", "sight"), recorded.tobytes())[:8]
    name = f"{recipe.name}-{key}"
    progress.begin("sight", recipe.sight.pictures, "pictures")
    if workspace.is_complete(f"bases/{name}"):
        progress.end(f"{name} found done")
        return Sighted(name, True, recipe.sight.pictures, None, None, None)
    kept = Path(tempfile.gettempdir()) / f"sface-sight-{key}"
    checked = teach_tower(workspace, recipe, recorded, TINY_WIDTH, kept, progress.advance)
    with tempfile.TemporaryDirectory(prefix="sface-base-") as folder:
        base = Path(folder) / name
        make_tiny(base, recipe.student.base_seed, kept / TOWER)
        for file in (TOWER, REPORT):
            (base / file).write_bytes((kept / file).read_bytes())
        workspace.push_folder(base, f"bases/{name}")
    progress.end(
        f"{name}: r {checked.correlation:.3f} over the shapes, error of active ones {checked.active_ratio:.3f} of the median's, "
        f"points off by {checked.pixels:.2f} pixels"
    )
    return Sighted(name, False, checked.pictures, checked.correlation, checked.active_ratio, checked.pixels)


def _recorded(workspace: Workspace, dataset: str | None) -> NDArray[np.float32]:
    """Training faces (n, 61) of a dataset; none without one."""
    if dataset is None:
        return np.empty((0, len(NAMES)), np.float32)
    mine = (pc.field("dataset") == dataset) & (pc.field("split") == TRAIN)
    rows = workspace.read("labels", columns=["take", "frame", *NAMES], filter=mine)
    if not rows.num_rows:
        raise WrongUse(f"dataset '{dataset}' has no labels to learn from: ingest a recording into it, or leave --dataset out.")
    rows = rows.sort_by([("take", "ascending"), ("frame", "ascending")])
    return np.column_stack([rows[name].to_numpy(zero_copy_only=False) for name in NAMES]).astype(np.float32)
