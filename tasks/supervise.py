"""Step 2: labels into pictures with descriptions that were checked, through Ray Data into the ``supervision`` table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed
from sfcore.plan import Plan, cut
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TEST, TRAIN
from sfcore.store.workspace import Workspace
from sfcore.supervision.wanted import WantedSample, plan_key, wanted_samples
from tasks.progress import Progress
from tasks.waves import done_elsewhere, run_plan


@dataclass(frozen=True, slots=True)
class Supervised:
    """What supervising did: ``wanted = found_done + made + rejected``; ``version`` is the table's after it."""

    wanted: int
    found_done: int
    made: int
    rejected: int
    version: int


def supervise(workspace: Workspace, recipe: Recipe, run_id: str, progress: Progress) -> Supervised:
    """Makes the samples that the recipe wants of its dataset and that are not in the table yet.

    Raises `WorkFailed` when the dataset has no labels, or none to hold out.
    """
    from sfcore.render.draw import Renderer
    from sfcore.rigs.registry import load_rig

    labels_version = workspace.version("labels")
    wanted = _wanted(workspace, recipe, labels_version)
    progress.begin("supervise", len(wanted), "samples")
    rig = load_rig(recipe.faces.rig)
    plan, elsewhere = _plan(workspace, wanted, rig.digest, recipe)
    # Compiled once here and kept on disk, so that no two workers compile the same kernel side by side.
    Renderer(rig).warm_up()
    ran = run_plan(workspace, plan, _SampleFactory(workspace, recipe, labels_version, run_id), progress)
    done = Supervised(len(wanted), elsewhere + ran.found_done, ran.rows, ran.rejects, workspace.version("supervision"))
    progress.end(sentence(done))
    return done


def sentence(done: Supervised) -> str:
    """What supervising did, for people."""
    if done.found_done == done.wanted:
        return f"supervision found done: {done.wanted} samples"
    found = f", {done.found_done} found done" if done.found_done else ""
    return f"supervision: {done.made} samples made, {done.rejected} rejected{found}"


def _wanted(workspace: Workspace, recipe: Recipe, version: int) -> list[WantedSample]:
    dataset = recipe.labels.dataset
    keys = workspace.read("labels", version, columns=["dataset", "take", "frame", "split"], filter=pc.field("dataset") == dataset)
    wanted = wanted_samples(keys, recipe)
    for split, purpose in ((TRAIN, "to learn from"), (TEST, "held out to measure with")):
        if not any(sample.split == split for sample in wanted):
            raise WorkFailed(f"dataset '{dataset}' has no labels {purpose}: ingest a longer recording, or one more.")
    return wanted


def _plan(workspace: Workspace, wanted: list[WantedSample], rig_digest: str, recipe: Recipe) -> tuple[Plan[WantedSample], int]:
    """The plan for what other plans have not made yet, and how many samples they have.

    Files of this same plan are not subtracted: a run that was cut off finds its plan unchanged, and its waves by their keys.
    """
    key = plan_key(wanted, rig_digest, recipe)
    have = done_elsewhere(workspace, "supervision", key)
    left = [sample for sample in wanted if sample.sample_id not in have]
    plan = cut(key, "supervision", left, recipe.supervision.rows_per_file, recipe.supervision.files_per_wave)
    return plan, len(wanted) - len(left)


@dataclass(frozen=True, slots=True)
class _SampleFactory:
    """Travels to a Ray actor and builds its maker there."""

    workspace: Workspace
    recipe: Recipe
    labels_version: int
    run_id: str

    def __call__(self) -> _FileOfSamples:
        return _FileOfSamples(self)


class _FileOfSamples:
    def __init__(self, given: _SampleFactory) -> None:
        from sfcore.supervision.making import SampleMaker

        self._given = given
        self._labels = given.workspace.dataset("labels", given.labels_version)
        self._maker = SampleMaker(given.recipe)

    def make(self, items: tuple[WantedSample, ...]) -> tuple[pa.Table, pa.Table]:
        made = self._maker.make(items, self._coefficients(items), self._given.run_id)
        return made.rows, made.rejects

    def _coefficients(self, items: tuple[WantedSample, ...]) -> NDArray[np.float32]:
        frames = defaultdict(set)
        for item in items:
            frames[item.take].add(item.frame)
        values: dict[tuple[str, int], NDArray[np.float32]] = {}
        for take, wanted in frames.items():
            same = (pc.field("dataset") == items[0].dataset) & (pc.field("take") == take)
            rows = self._labels.to_table(columns=["frame", *NAMES], filter=same & pc.field("frame").isin(sorted(wanted)))
            table = np.column_stack([rows[name].to_numpy(zero_copy_only=False) for name in NAMES]).astype(np.float32)
            values.update({(take, frame): table[i] for i, frame in enumerate(rows["frame"].to_pylist())})
        return np.stack([values[item.take, item.frame] for item in items])
