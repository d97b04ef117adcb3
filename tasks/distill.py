"""Step 3: a student learns the supervision, through Ray Train and DeepSpeed; an interrupted training goes on where it stopped."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import SfaceError, WorkFailed
from sfcore.randomness import digest
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TRAIN
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from sfcore.student.shelf import base_name, lineage_of, prepare_base
from sfcore.supervision.wanted import Versions, names_of, samples_of
from tasks.cluster import Resources, ray_cluster
from tasks.progress import Progress

_LIBRARIES = ("torch", "transformers", "peft", "deepspeed", "ray", "tokenizers", "numpy")
_STEPS = "steps.jsonl"
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Distilled:
    """What distilling did; losses are means in nats a token at the last step."""

    model_id: str
    found_done: bool
    samples: int
    steps: int
    loss_description: float
    loss_coefficients: float
    reopen_difference: float


def distill(workspace: Workspace, recipe: Recipe, versions: Versions, run_id: str, progress: Progress) -> Distilled:
    """Trains a student on the recipe's training pictures at a version of its tables, into ``models/<model_id>``.

    A model that is there is found done, and a training that was interrupted goes on from its last checkpoint: both are known by
    the key of what is learnt. Raises `WorkFailed` when there is nothing to learn from, when training diverges, or when the saved
    adapter does not answer as the trained one.
    """
    samples = _training_samples(workspace, recipe, versions)
    job = _Job(workspace, recipe, versions, training_key(recipe, samples))
    if workspace.is_complete(f"models/{job.model_id}"):
        done = _told(lineage_of(workspace, job.model_id), found_done=True)
        progress.begin("distill", done.steps, "steps")
        progress.end(f"{done.model_id} found done: {done.steps} steps on {done.samples} samples")
        return done
    prepare_base(workspace, recipe.student)
    if not workspace.is_complete(job.adapter):
        with ray_cluster(Resources.of(recipe.training)):
            _fit(job, progress)
    done = _shelve(job, run_id, samples)
    progress.end(
        f"{done.model_id}: {done.steps} steps on {done.samples} samples, losses {done.loss_description:.2f} (words) and "
        f"{done.loss_coefficients:.2f} (coefficients) nats a token"
    )
    return done


def training_key(recipe: Recipe, samples: list[str]) -> str:
    """Names what is learnt and how: 32 hex digits over the samples, the student, the training and the seed."""
    return digest(recipe.digest_of("student", "training"), *samples)


@dataclass(frozen=True, slots=True)
class _Job:
    """Travels to the training processes."""

    workspace: Workspace
    recipe: Recipe
    versions: Versions
    key: str

    @property
    def model_id(self) -> str:
        return f"{self.recipe.name}-{self.key[:8]}"

    @property
    def folder(self) -> str:
        return f"training/{self.key}"

    @property
    def adapter(self) -> str:
        return f"{self.folder}/adapter"

    def rows(self) -> pa.Table:
        """The rows to learn from, in the order of their names: how files were cut does not matter."""
        from sfcore.student.batches import COLUMNS

        learnt = pc.field("sample_id").isin(_training_samples(self.workspace, self.recipe, self.versions))
        rows = self.workspace.read("supervision", self.versions.supervision, columns=COLUMNS, filter=learnt)
        return rows.sort_by("sample_id")


def _training_samples(workspace: Workspace, recipe: Recipe, versions: Versions) -> list[str]:
    there = set(workspace.read("supervision", versions.supervision, columns=["sample_id"])["sample_id"].to_pylist())
    samples = [name for name in names_of(samples_of(workspace, recipe, versions.labels), TRAIN) if name in there]
    if not samples:
        raise WorkFailed(f"dataset '{recipe.labels.dataset}' has no training pictures of these faces: run supervise first.")
    return samples


# In the training processes --------------------------------------------------------------------------------------------


def _learn(config: dict[str, Any]) -> None:
    """What each of Ray Train's workers does."""
    import ray.train

    from sfcore.student.cores import share_cores
    from sfcore.student.shelf import base_at_hand
    from sfcore.student.training import Task, train

    job: _Job = config["job"]
    context = ray.train.get_context()
    share_cores(context.get_local_world_size())
    first = context.get_world_rank() == 0
    recipe = job.recipe
    with base_at_hand(job.workspace, base_name(recipe.student)) as base, tempfile.TemporaryDirectory() as out, _last() as resume:
        task = Task(base, job.rows(), recipe.student, recipe.training, recipe.seed)
        trained = train(task, Path(out), _reporter(config["told"] if first else None), resume)
        if first:
            lines = [json.dumps({**asdict(step), "reopen_difference": trained.reopen_difference}) for step in trained.steps]
            (Path(out) / _STEPS).write_text("\n".join(lines) + "\n", encoding="utf-8")
            job.workspace.push_folder(Path(out), job.adapter)


@contextmanager
def _last() -> Iterator[Path | None]:
    """The last checkpoint with the parts of all processes, as a folder, if there is one."""
    import ray.train

    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        yield None
        return
    with checkpoint.as_directory() as folder:
        yield Path(folder)


def _reporter(told: Any) -> Callable[[Any, Path | None], None]:
    """Tells the driver of each step, and Ray Train of each checkpoint: a report to it costs every process a round trip."""
    import ray.train

    def report(metrics: Any, folder: Path | None) -> None:
        if told is not None:
            told.put_nowait.remote((metrics.step, f"loss {metrics.loss:.2f}"))
        if folder is not None:
            ray.train.report({"step": metrics.step}, checkpoint=ray.train.Checkpoint.from_directory(str(folder)))

    return report


# In the driver --------------------------------------------------------------------------------------------------------


def _fit(job: _Job, progress: Progress) -> None:
    """Runs the training under Ray Train; a process that dies is started again from the last checkpoint, once."""
    from ray.util.queue import Queue

    told = Queue(actor_options={"num_cpus": 0})
    failed: list[BaseException] = []
    # Beside the main thread, so that an interrupt reaches this program and not Ray Train's handler, which would exit with 0.
    fitting = threading.Thread(target=_run_trainer, args=(job, told, failed), daemon=True)
    progress.begin("distill", _steps(job), "steps")
    fitting.start()
    while fitting.is_alive():
        fitting.join(_POLL_SECONDS)
        for step, note in told.get_nowait_batch(told.qsize()):
            progress.advance(step, note)
    told.shutdown()
    if failed:
        raise _sentence(failed[0], job) from failed[0]


def _steps(job: _Job) -> int:
    from sfcore.student.training import steps_of

    return steps_of(job.recipe.training, len(_training_samples(job.workspace, job.recipe, job.versions)))


def _run_trainer(job: _Job, told: Any, failed: list[BaseException]) -> None:
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    training = job.recipe.training
    files, place = job.workspace.arrow_filesystem("training")
    gpus = training.gpus_per_worker
    trainer = TorchTrainer(
        _learn,
        train_loop_config={"job": job, "told": told.actor},
        torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=training.workers,
            use_gpu=gpus > 0,
            resources_per_worker={"CPU": 1, **({"GPU": gpus} if gpus else {})},
        ),
        # The same name and place: Ray Train finds the checkpoints of an interrupted run there by itself.
        run_config=RunConfig(
            name=job.key,
            storage_path=place,
            storage_filesystem=files,
            checkpoint_config=CheckpointConfig(num_to_keep=2),
            failure_config=FailureConfig(max_failures=1),
        ),
    )
    try:
        trainer.fit()
    except BaseException as error:
        failed.append(error)


def _sentence(error: BaseException, job: _Job) -> SfaceError:
    """The sentence of ours that stopped a training process, or one about what else did."""
    causes = list(getattr(error, "worker_failures", {}).values()) or [error]
    for cause in causes:
        inner = getattr(cause, "_base_exc", cause)
        if isinstance(inner, SfaceError):
            return inner
    last = (str(causes[0]).strip() or type(causes[0]).__name__).splitlines()[-1]
    return WorkFailed(
        f"training of {job.model_id} failed twice ({last}): its checkpoints are kept, and the same command goes on from the last."
    )


def _shelve(job: _Job, run_id: str, samples: list[str]) -> Distilled:
    """Moves the learnt adapter onto the shelf with its lineage, its steps into the table, and removes the checkpoints."""
    with tempfile.TemporaryDirectory(prefix="sface-model-") as local:
        folder = job.workspace.fetch_folder(job.adapter, Path(local))
        steps = [json.loads(line) for line in (folder / _STEPS).read_text(encoding="utf-8").splitlines()]
        (folder / _STEPS).unlink()
        lineage = _lineage(job, run_id, samples, steps)
        (folder / "lineage.json").write_text(json.dumps(lineage, indent=1) + "\n", encoding="utf-8")
        rows = [{"run_id": run_id, "model_id": job.model_id, **step} for step in steps]
        # Before the model: a model that is there has its steps in the table.
        job.workspace.append("steps", pa.Table.from_pylist(rows, schema=SCHEMAS["steps"]), f"steps/{job.model_id}")
        # Two runs of one key end with the same model: the first one's stays.
        if not job.workspace.is_complete(f"models/{job.model_id}"):
            job.workspace.push_folder(folder, f"models/{job.model_id}")
    job.workspace.remove(job.folder)
    return _told(lineage, found_done=False)


def _lineage(job: _Job, run_id: str, samples: list[str], steps: list[dict[str, Any]]) -> dict[str, Any]:
    recipe, last = job.recipe, steps[-1]
    return {
        "model_id": job.model_id,
        "run_id": run_id,
        "base": base_name(recipe.student),
        "codec": recipe.student.codec,
        "seed": recipe.seed,
        "recipe": recipe.name,
        "recipe_digest": recipe.digest,
        "training_key": job.key,
        "dataset": recipe.labels.dataset,
        "tables": asdict(job.versions),
        "samples": len(samples),
        "steps": last["step"],
        "loss_description": last["loss_description"],
        "loss_coefficients": last["loss_coefficients"],
        "reopen_difference": last["reopen_difference"],
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _told(lineage: dict[str, Any], found_done: bool) -> Distilled:
    kept = {name: lineage[name] for name in Distilled.__dataclass_fields__ if name != "found_done"}
    return Distilled(found_done=found_done, **kept)
