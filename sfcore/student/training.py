"""The training loop: DeepSpeed on one process or many, on CPU or GPU, read from top to bottom.

It runs alone in one process, or as one of the processes of any launcher that has set RANK, WORLD_SIZE, MASTER_ADDR and
MASTER_PORT (torchrun, Ray Train), which may have opened the process group already.
"""

from __future__ import annotations

import math
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed as dist

from sfcore.arkit import NAMES
from sfcore.codecs.codec import codec_named
from sfcore.errors import WorkFailed
from sfcore.recipe import Student as StudentRecipe
from sfcore.recipe import Training
from sfcore.student.adapter import Facts, attach_adapter, largest_difference, logits_of, reopen_adapter, save_adapter
from sfcore.student.base import load_base
from sfcore.student.batches import Supervision, batch_flips, batch_indices, loss_sums, rank_slice
from sfcore.student.dialogue import Dialogue
from sfcore.student.habits import Habits

if TYPE_CHECKING:
    import pyarrow as pa

# Saving must not change an answer: fp32 logits of a reopened adapter agree to rounding, so 1e-3 is far above noise and far below
# what could change a token.
REOPEN_TOLERANCE = 1e-3

# Answers from which habits are learnt: more make no better guesses, and a second or two more to count.
_COUNTED = 1000

_NAMED = 8  # samples named in a sentence; more would bury it

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Task:
    """What is to be learnt: every process gets the same."""

    base: str
    """Folder or hub name of the base."""
    rows: pa.Table
    """Columns `sfcore.student.batches.COLUMNS` of the supervision table, in the table's order."""
    student: StudentRecipe
    training: Training
    seed: int

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        return steps_of(self.training, self.rows.num_rows)


def steps_of(training: Training, rows: int) -> int:
    """Optimiser steps in all for so many rows: the epochs' batches, or ``max_steps`` if that is fewer."""
    by_epochs = math.ceil(training.epochs * rows / training.batch_size)
    return min(by_epochs, training.max_steps or by_epochs)


@dataclass(frozen=True)
class StepMetrics:
    """One optimiser step: a row of the `steps` table but for run_id and model_id. Losses are means in nats over all processes."""

    step: int
    """Counts from 1."""
    epoch: float
    """Passes over the rows after this step."""
    loss: float
    loss_description: float
    loss_coefficients: float
    lr: float
    grad_norm: float
    """Before clipping."""
    samples_per_second: float
    memory_mib: float
    """Peak so far of the first process: resident memory on a CPU, allocated memory on a GPU."""


Report = Callable[[StepMetrics, Path | None], None]
"""Called on every process after each step; with this process's part of a checkpoint when one is due, gone after the call."""


@dataclass(frozen=True)
class Trained:
    """A finished training: all its steps, also those before an interruption, and how exactly the saved adapter answers alike."""

    steps: list[StepMetrics]
    reopen_difference: float


def train(task: Task, out: Path, report: Report, resume: Path | None = None) -> Trained:
    """Trains and writes adapter and processor to ``out`` (from the first process).

    ``resume`` is a folder with all processes' parts of a checkpoint of the same task on as many processes. Raises `WorkFailed`
    when the loss is not a number or the saved adapter does not answer as the trained model does.
    """
    join_processes(on_gpu=task.training.gpus_per_worker > 0)
    base = load_base(task.base, _DTYPES[task.training.precision])
    supervision = Supervision(task.rows, Dialogue(base.processor, codec_named(task.student.codec)))
    engine = start_engine(attach_adapter(base, task.student, task.seed), task.training)
    history = _restore(engine, resume)
    for step in range(len(history), task.steps):
        history.append(_step(engine, supervision, task, step))
        if (step + 1) % task.training.checkpoint_every == 0 and step + 1 < task.steps:
            _checkpoint(engine, history, report)
        else:
            report(history[-1], None)
    return Trained(history, _finish(engine, supervision, task, out))


def join_processes(on_gpu: bool = False) -> None:
    """Opens the process group that the launcher describes, or one of this process alone, unless it is open.

    Raises `WorkFailed` when GPUs are asked for and there is none.
    """
    if on_gpu and not torch.cuda.is_available():
        raise WorkFailed("the recipe trains on GPUs and this machine shows none: set training.gpus_per_worker to 0.")
    # DeepSpeed asks for its accelerator once, at import.
    os.environ["DS_ACCELERATOR"] = "cuda" if on_gpu else "cpu"
    import deepspeed
    from torch._C._distributed_c10d import HashStore

    # A process without a launcher is the first of its machine; DeepSpeed will not start without being told.
    os.environ.setdefault("LOCAL_RANK", "0")
    # Gloo carries everything here; DeepSpeed would spend a minute compiling its shared-memory collectives first.
    getattr(deepspeed.ops, "__compatible_ops__", {}).update(deepspeed_shm_comm=False)
    backend = "nccl" if on_gpu else "gloo"
    if not dist.is_initialized():
        if "RANK" in os.environ:
            dist.init_process_group(backend)
        else:
            dist.init_process_group(backend, store=HashStore(), rank=0, world_size=1)
    deepspeed.init_distributed(dist_backend=backend, auto_mpi_discovery=False, verbose=False)


def engine_config(training: Training, world_size: int, trainable: int) -> dict[str, Any]:
    """DeepSpeed's configuration; ``trainable`` is the number of parameters that learn."""
    return {
        "train_batch_size": training.batch_size,
        "train_micro_batch_size_per_gpu": training.batch_size // world_size,
        "gradient_clipping": training.clip_norm,
        # Buckets default to 500 M elements, two GB each; no more than there is to learn is ever in one.
        "zero_optimization": {"stage": training.zero_stage, "reduce_bucket_size": trainable, "allgather_bucket_size": trainable},
        "bf16": {"enabled": training.precision == "bf16"},
        "steps_per_print": 2**31,
    }


def start_engine(model: torch.nn.Module, training: Training) -> Any:
    """The model in a `deepspeed.runtime.engine.DeepSpeedEngine` with torch's AdamW: DeepSpeed's own compiles for a minute."""
    import deepspeed

    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=training.learning_rate, weight_decay=training.weight_decay, betas=(0.9, 0.95))
    config = engine_config(training, dist.get_world_size(), sum(parameter.numel() for parameter in learning))
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)
    return engine


def learning_rate(training: Training, step: int, steps: int) -> float:
    """Rises linearly over the first ``warmup_share`` of the steps, then falls to a tenth of its peak along half a cosine."""
    warmup = max(1, round(training.warmup_share * steps))
    if step < warmup:
        return training.learning_rate * (step + 1) / warmup
    share = (step - warmup) / max(1, steps - warmup)
    return training.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * share)))


def _step(engine: Any, supervision: Supervision, task: Task, step: int) -> StepMetrics:
    started = time.monotonic()
    training, world_size = task.training, dist.get_world_size()
    indices = batch_indices(step, training.batch_size, len(supervision), task.seed)
    flips = batch_flips(step, training.batch_size, len(supervision), task.seed, training.flip_share)
    batch = supervision.batch(*(rank_slice(part, dist.get_rank(), world_size) for part in (indices, flips)))
    rate = learning_rate(training, step, task.steps)
    for group in engine.optimizer.param_groups:
        group["lr"] = rate

    engine.train()
    sums = loss_sums(engine(**batch.inputs(engine.device)).logits, batch)
    totals = torch.stack([part.detach().float() for part in sums])
    dist.all_reduce(totals)
    described, described_tokens, measured, measured_tokens, formed, formed_tokens = totals.tolist()
    means = described / max(described_tokens, 1), measured / max(measured_tokens, 1)
    weighted = training.description_weight * means[0] + training.coefficient_weight * means[1]
    weighted += training.description_weight * formed / max(formed_tokens, 1)
    if not math.isfinite(weighted):
        raise WorkFailed(_not_a_number(supervision, indices, step, rate))

    # DeepSpeed averages the gradients over the processes: each one's share of the global mean is scaled up by their number.
    loss = training.description_weight * sums.description / max(described_tokens, 1)
    loss = loss + training.coefficient_weight * sums.coefficients / max(measured_tokens, 1)
    loss = loss + training.description_weight * sums.form / max(formed_tokens, 1)
    engine.backward(loss * world_size)
    norm = _gradient_norm(engine) if training.zero_stage == 0 else None  # stage 0 clips without saying what it measured
    engine.step()
    return StepMetrics(
        step=step + 1,
        epoch=(step + 1) * training.batch_size / len(supervision),
        loss=weighted,
        loss_description=means[0],
        loss_coefficients=means[1],
        lr=rate,
        grad_norm=float(engine.get_global_grad_norm() if norm is None else norm),
        samples_per_second=training.batch_size / (time.monotonic() - started),
        memory_mib=_peak_memory_mib(engine.device),
    )


def _gradient_norm(engine: Any) -> torch.Tensor:
    gradients = [parameter.grad for parameter in engine.module.parameters() if parameter.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)


def _not_a_number(supervision: Supervision, indices: np.ndarray, step: int, rate: float) -> str:
    names = supervision.sample_ids(indices)
    others = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"training stopped at step {step + 1}: the loss is not a number at learning rate {rate:.2g}, with samples "
        f"{', '.join(names[:_NAMED])}{others}: lower training.learning_rate, or look at a sample's row with "
        f"sface query \"from supervision where sample_id = '{names[0]}'\"."
    )


def _peak_memory_mib(device: torch.device) -> float:
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10  # Linux counts KiB


def _checkpoint(engine: Any, history: list[StepMetrics], report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="sface-checkpoint-") as folder:
        state = {"steps": [asdict(metrics) for metrics in history]}
        engine.save_checkpoint(folder, tag="state", client_state=state, exclude_frozen_parameters=True)
        report(history[-1], Path(folder))


def _restore(engine: Any, resume: Path | None) -> list[StepMetrics]:
    if resume is None:
        return []
    # Not strict: the base's frozen weights are not part of the checkpoint.
    path, state = engine.load_checkpoint(str(resume), tag="state", load_module_strict=False)
    if path is None:
        raise WorkFailed(f"the checkpoint at {resume} cannot be read: remove it so that training begins anew.")
    return [StepMetrics(**metrics) for metrics in state["steps"]]


def _finish(engine: Any, supervision: Supervision, task: Task, out: Path) -> float:
    """Saves the adapter, opens it again and returns how far its logits are from the trained model's; the same on each process."""
    import deepspeed

    learning = [parameter for parameter in engine.module.parameters() if parameter.requires_grad]
    first = dist.get_rank() == 0
    # Stage 3 keeps a part of each parameter on each process; they are whole inside.
    with deepspeed.zero.GatheredParameters(learning, enabled=task.training.zero_stage == 3):
        if first:
            save_adapter(engine.module, out)
            supervision.dialogue.processor.save_pretrained(out)
            answers = supervision.answers(np.arange(min(len(supervision), _COUNTED)))
            limit = supervision.dialogue.limit_of(answer.description for answer in answers)
            Facts(task.student.codec, _unknown_channels(task.rows), limit).save(out)
            Habits.learn(supervision.dialogue, answers).save(out)
    batch = supervision.batch(batch_indices(0, min(4, task.training.batch_size), len(supervision), task.seed))
    if first:
        difference = largest_difference(engine.module, reopen_adapter(task.base, out, engine.module.dtype), batch)
    else:
        logits_of(engine.module, batch)  # stage 3 runs a forward pass on all processes or on none
        difference = 0.0
    agreed = torch.tensor([difference], device=engine.device)
    dist.broadcast(agreed, 0)
    if not agreed.item() <= REOPEN_TOLERANCE:
        raise WorkFailed(f"the saved adapter answers differently from the trained model: logits differ by {agreed.item():.2g}.")
    return float(agreed.item())


def _unknown_channels(rows: pa.Table) -> tuple[str, ...]:
    return tuple(name for name in NAMES if rows.column(name).null_count == rows.num_rows)
