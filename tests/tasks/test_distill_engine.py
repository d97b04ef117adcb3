"""Distilling on the real engines: Ray Train, DeepSpeed, Delta; interrupted, struck by a dead process, and finished."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from learnable_rows import learnable_rows, picture_of

from sfcore.errors import WorkFailed, WrongUse
from sfcore.recipe import Recipe, recipe_from
from sfcore.recordings.prior import draw_take
from sfcore.recordings.splits import TEST, TRAIN
from sfcore.store.workspace import Workspace
from sfcore.student.shelf import base_name, lineage_of, prepare_base, take_student
from sfcore.supervision.wanted import Versions, names_of, samples_of
from tasks.distill import distill, training_key
from tasks.progress import Silent
from tasks.supervise import versions_now

STEPS = 8


class PowerCut(Exception):
    """The driver is gone in the middle of a training."""


@dataclass
class Watcher(Silent):
    """Notes the steps it is told of, and does harm at one of them."""

    cut_at: int | None = None
    kill_at: int | None = None
    seen: list[int] = field(default_factory=list)
    killed: int = 0

    def advance(self, done: int, note: str = "") -> None:
        """Step ``done`` is over."""
        self.seen.append(done)
        if self.cut_at is not None and done >= self.cut_at:
            raise PowerCut
        if self.kill_at is not None and done >= self.kill_at and not self.killed:
            self.killed = _kill_one_training_process()


def _kill_one_training_process() -> int:
    """kill -9 of a training process that this test's own Ray has started; returns its id."""
    for process in psutil.Process().children(recursive=True):
        if "RayTrainWorker" in " ".join(process.cmdline()):
            os.kill(process.pid, signal.SIGKILL)
            return int(process.pid)
    raise AssertionError("no training process of this test is running")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    training = {"max_steps": STEPS, "epochs": 9, "batch_size": 4, "checkpoint_every": 2, "workers": 2, "learning_rate": 0.003}
    return recipe_from({"name": "engine", "training": training}, "test")


def fill(workspace: Workspace, recipe: Recipe, count: int, made: int | None = None) -> Versions:
    """Labels of ``count`` frames to learn from and one held out, and pictures of the first ``made`` of them (or of all)."""
    fixed = {"dataset": recipe.labels.dataset, "take": "t", "format": "f", "source_name": "s", "source_hash": "h", "clipped": 0}
    rows = [{**fixed, "frame": i, "split": TRAIN if i < count else TEST} for i in range(count + 1)]
    workspace.append("labels", pa.Table.from_pylist(rows, schema=workspace.schemas["labels"]), "labels")
    names = names_of(samples_of(workspace, recipe, workspace.version("labels")), TRAIN)[:made]
    pictures = learnable_rows(max(1, len(names)), recipe).slice(0, len(names))
    named = pictures.set_column(0, pictures.schema.field(0), pa.array(names, pa.string()))
    workspace.append("supervision", named, "rows")
    return versions_now(workspace)


@pytest.fixture
def workspace(s3_bucket: str) -> Workspace:
    """On S3, where checkpoints take the longer way; the disk is a simpler case of the same code."""
    return Workspace.create(f"s3://{s3_bucket}/team")


@pytest.mark.slow
def test_a_training_survives_its_driver_and_one_of_its_processes(workspace: Workspace, recipe: Recipe) -> None:
    versions = fill(workspace, recipe, 12)
    key = training_key(recipe, sorted(workspace.read("supervision")["sample_id"].to_pylist()))
    with pytest.raises(PowerCut):
        distill(workspace, recipe, versions, "run-1", Watcher(cut_at=5))
    assert workspace.folders("training") == [key]
    assert not workspace.folders("models")

    struck = Watcher(kill_at=6)
    done = distill(workspace, recipe, versions, "run-2", struck)
    assert min(struck.seen) in (3, 5), "the second run goes on after a checkpoint of the first"
    assert struck.killed
    assert max(struck.seen) == STEPS
    assert (done.found_done, done.samples, done.steps) == (False, 12, STEPS)
    assert done.reopen_difference < 1e-4

    # Nothing of the interruptions shows: each step once, checkpoints gone, the model whole.
    steps = workspace.read("steps").sort_by("step")
    assert steps["step"].to_pylist() == list(range(1, STEPS + 1))
    assert set(steps["model_id"].to_pylist()) == {done.model_id}
    losses = np.array(steps["loss"].to_pylist())
    assert losses[-1] < 0.8 * losses[0]
    assert workspace.folders("training") == []
    assert workspace.is_complete(f"models/{done.model_id}")

    lineage = lineage_of(workspace, done.model_id)
    assert lineage["tables"] == asdict(versions)
    assert (lineage["base"], lineage["recipe_digest"], lineage["run_id"]) == (base_name(recipe.student), recipe.digest, "run-2")

    # Asked again, the model is found by its key: no engine starts and no row is added.
    again = distill(workspace, recipe, versions, "run-3", Silent())
    assert asdict(again) == {**asdict(done), "found_done": True}
    assert workspace.read("steps", filter=pc.field("run_id") == "run-3").num_rows == 0

    student, codec = take_student(workspace, done.model_id)
    answer = student.answer([picture_of(draw_take(8, 0, 2)[1])])[0]
    assert answer.error is None
    assert np.isnan(codec.decode(answer.text).coefficients).sum() == 1, "the one channel that no row knew"


def test_nothing_to_learn_from_is_told_in_a_sentence(tmp_path: Path, recipe: Recipe) -> None:
    workspace = Workspace.create(str(tmp_path / "workspace"))
    versions = fill(workspace, recipe, 12, made=0)
    with pytest.raises(WorkFailed, match="has no training pictures of these faces: run supervise first"):
        distill(workspace, recipe, versions, "run", Silent())


def test_a_model_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "workspace"))
    with pytest.raises(WrongUse, match="there is no model 'demo-1': the workspace holds none yet"):
        take_student(workspace, "demo-1")


def test_the_key_names_what_is_learnt_and_nothing_else(recipe: Recipe) -> None:
    samples = ["a", "b"]
    key = training_key(recipe, samples)
    assert key == training_key(recipe.model_copy(update={"name": "other"}), samples)
    assert key != training_key(recipe, ["a", "c"])
    assert key != training_key(recipe.model_copy(update={"seed": 1}), samples)
    longer = recipe.training.model_copy(update={"max_steps": 9})
    assert key != training_key(recipe.model_copy(update={"training": longer}), samples)


def test_the_tiny_base_is_made_once_in_the_workspace(tmp_path: Path, recipe: Recipe) -> None:
    workspace = Workspace.create(str(tmp_path / "workspace"))
    name = prepare_base(workspace, recipe.student)
    # Its seed and its tower: students of another tower are students of another base.
    assert re.fullmatch(r"tiny-0-[0-9a-f]{6}", name)
    made = workspace.read_bytes(f"bases/{name}/model.safetensors")
    workspace.write_bytes(f"bases/{name}/note", b"kept")
    prepare_base(workspace, recipe.student)
    assert workspace.read_bytes(f"bases/{name}/note") == b"kept"
    assert workspace.read_bytes(f"bases/{name}/model.safetensors") == made
