"""Step 2: labels into pictures with descriptions that were checked, through Ray Data into the ``supervision`` table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.llm.access import TeacherAccess
from sfcore.plan import cut
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from sfcore.supervision.remaking import keep_recipe
from sfcore.supervision.wanted import Versions, WantedSample, samples_of
from sfcore.supervision.weighing import cuts_for
from tasks.progress import Progress
from tasks.teacher import teacher_access, try_access
from tasks.waves import run_plan


@dataclass(frozen=True, slots=True)
class Supervised:
    """What supervising did: ``wanted = found_done + made + rejected``; ``versions`` are the tables' after it."""

    wanted: int
    found_done: int
    made: int
    rejected: int
    versions: Versions


def supervise(workspace: Workspace, recipe: Recipe, run_id: str, progress: Progress, actors: int | None = None) -> Supervised:
    """Makes the samples that the recipe wants of its dataset and that are not in the table yet.

    ``actors`` work side by side, by default as many as the cluster has CPUs; what comes out does not depend on it.

    Raises `WrongUse` when the dataset has no labels, `WorkFailed` when it has none to hold out.
    """
    labels_version = workspace.version("labels")
    wanted = samples_of(workspace, recipe, labels_version)
    progress.begin("supervise", len(wanted), "samples")
    plan = cut("supervise", "supervision", wanted, cuts_for(recipe, len(wanted)))
    keep_recipe(workspace, recipe)
    access = teacher_access(recipe)
    factory = _SampleFactory(workspace, recipe, labels_version, run_id, access)
    of, prepare = pc.field("dataset") == recipe.labels.dataset, partial(_prepare, recipe, access)
    ran = run_plan(workspace, plan, factory, progress, actors, of, prepare)
    versions = Versions(labels_version, workspace.version("supervision"))
    done = Supervised(len(wanted), ran.found_done, ran.rows, ran.rejects, versions)
    progress.end(sentence(done))
    return done


def _prepare(recipe: Recipe, access: TeacherAccess | None) -> None:
    """Tries the language model, where there is one; compiles once, so that no two workers compile one kernel side by side."""
    from sfcore.render.draw import Renderer
    from sfcore.rigs.registry import load_rig

    try_access(recipe, access)
    Renderer(load_rig("procedural")).warm_up()


def versions_now(workspace: Workspace) -> Versions:
    """The newest versions of the tables that models are made from."""
    return Versions(workspace.version("labels"), workspace.version("supervision"))


def sentence(done: Supervised) -> str:
    """What supervising did, for people."""
    if done.found_done == done.wanted:
        return f"supervision found done: {done.wanted} samples"
    found = f", {done.found_done} found done" if done.found_done else ""
    return f"supervision: {done.made} samples made, {done.rejected} rejected{found}"


@dataclass(frozen=True, slots=True)
class _SampleFactory:
    """Travels to a Ray actor and builds its maker there."""

    workspace: Workspace
    recipe: Recipe
    labels_version: int
    run_id: str
    access: TeacherAccess | None

    def __call__(self) -> _FileOfSamples:
        return _FileOfSamples(self)


class _FileOfSamples:
    def __init__(self, given: _SampleFactory) -> None:
        from sfcore.supervision.making import SampleMaker

        self._given = given
        self._labels = given.workspace.dataset("labels", given.labels_version)
        self._maker = SampleMaker(given.recipe, given.workspace, given.access)

    def make(self, items: Sequence[WantedSample]) -> tuple[pa.Table, pa.Table]:
        samples = list(items)
        made = self._maker.make(samples, self._coefficients(samples), self._given.run_id)
        return made.rows, made.rejects

    def _coefficients(self, items: Sequence[WantedSample]) -> NDArray[np.float32]:
        frames = defaultdict(set)
        for item in items:
            frames[item.take].add(item.frame)
        values: dict[tuple[str, int], NDArray[np.float32]] = {}
        for take, wanted in frames.items():
            same = (pc.field("dataset") == items[0].dataset) & (pc.field("take") == take)
            # A range as well as a set: by it Parquet knows which parts of a long take need no reading.
            near = (pc.field("frame") >= min(wanted)) & (pc.field("frame") <= max(wanted))
            rows = self._labels.to_table(
                columns=["frame", *NAMES], filter=same & near & pc.field("frame").isin(sorted(wanted)), use_threads=False
            )
            table = np.column_stack([rows[name].to_numpy(zero_copy_only=False) for name in NAMES]).astype(np.float32)
            values.update({(take, frame): table[i] for i, frame in enumerate(rows["frame"].to_pylist())})
        return np.stack([values[item.take, item.frame] for item in items])
