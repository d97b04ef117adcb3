"""The training loop on its real engine: DeepSpeed in processes of their own, as a launcher starts them."""

from __future__ import annotations

import json
import os
import shutil
import socket
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from learnable_rows import learnable_rows

from sfcore.errors import WorkFailed
from sfcore.recipe import Recipe, Training
from sfcore.student.training import StepMetrics, Task, learning_rate, steps_of, train

STEPS, ROWS, BATCH = 6, 10, 4


def _task(base: str, **training: Any) -> Task:
    wanted = {"max_steps": STEPS, "epochs": 9, "batch_size": BATCH, "learning_rate": 3e-3, "checkpoint_every": 3, "workers": 1}
    return Task(base, learnable_rows(ROWS, Recipe()), Recipe().student, Training(**{**wanted, **training}), seed=5)


def _run(task: Task, work: Path, name: str, resume: Path | None = None) -> None:
    """Trains, collecting all processes' parts of checkpoints in one folder and what came of it in a file."""
    out = work / f"{name}-out"
    out.mkdir(exist_ok=True)
    reported: list[StepMetrics] = []

    def report(metrics: StepMetrics, checkpoint: Path | None) -> None:
        reported.append(metrics)
        if checkpoint is not None:
            shutil.copytree(checkpoint, work / f"{name}-checkpoint", dirs_exist_ok=True)
            dist.barrier()

    trained = train(task, out, report, resume)
    result = {
        "losses": [[step.loss, step.loss_description, step.loss_coefficients] for step in trained.steps],
        "steps": [asdict(step) for step in trained.steps],
        "reported": [step.step for step in reported],
        "difference": trained.reopen_difference,
        "files": sorted(path.name for path in out.iterdir()),
    }
    if dist.get_rank() == 0:
        (work / f"{name}.json").write_text(json.dumps(result))


def _two(rank: int, base: str, work: Path, port: int) -> None:
    """One of two processes, as torchrun would start them."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    two = {"workers": 2, "zero_stage": 2}
    _run(_task(base, **two), work, "two")
    _run(_task(base, **two), work, "resumed", work / "two-checkpoint")
    _run(_task(base, workers=2, zero_stage=3, max_steps=2), work, "stage3")


def _one(_: int, base: str, work: Path) -> None:
    """One process that no launcher started."""
    from deepspeed.runtime.engine import DeepSpeedEngine

    from sfcore.student.adapter import attach_adapter
    from sfcore.student.base import load_base
    from sfcore.student.training import start_engine

    torch.set_num_threads(1)
    _run(_task(base, zero_stage=0), work, "one")
    task = _task(base)
    engine = start_engine(attach_adapter(load_base(base), task.student, 0), task.training)
    (work / "engine.json").write_text(json.dumps([isinstance(engine, DeepSpeedEngine), engine.zero_optimization_stage()]))
    try:
        _run(_task(base, learning_rate=1e30), work, "diverging")
    except WorkFailed as error:
        (work / "diverged.txt").write_text(str(error))


@pytest.fixture(scope="module")
def work(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the tests below look at, trained once: starting an engine takes seconds."""
    folder = tmp_path_factory.mktemp("training")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(_one, (str(tiny), folder), nprocs=1)
    mp.spawn(_two, (str(tiny), folder, port), nprocs=2)
    return folder


def _result(work: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((work / f"{name}.json").read_text()))


@pytest.mark.slow
def test_the_engine_is_deepspeeds_and_the_loss_falls(work: Path) -> None:
    assert json.loads((work / "engine.json").read_text()) == [True, 2]
    one = _result(work, "one")
    first, last = np.array(one["losses"][0]), np.array(one["losses"][-1])
    assert (last < 0.85 * first).all()
    assert one["reported"] == [1, 2, 3, 4, 5, 6]
    assert all(step["grad_norm"] > 0 and step["memory_mib"] > 100 and step["lr"] > 0 for step in one["steps"])
    assert one["steps"][4]["epoch"] == pytest.approx(5 * BATCH / ROWS)


@pytest.mark.slow
def test_two_processes_compute_what_one_does_at_every_stage(work: Path) -> None:
    one = _result(work, "one")["losses"]
    assert np.allclose(one, _result(work, "two")["losses"], rtol=2e-3)
    assert np.allclose(one[:2], _result(work, "stage3")["losses"], rtol=2e-3)
    norms = [[step["grad_norm"] for step in _result(work, name)["steps"][:2]] for name in ("one", "two", "stage3")]
    assert np.allclose(norms[0], norms[1], rtol=1e-3)
    assert np.allclose(norms[0], norms[2], rtol=1e-3)


@pytest.mark.slow
def test_stage_two_leaves_half_of_the_moments_on_each_process(work: Path) -> None:
    counts = []
    for rank in range(2):
        part = work / "two-checkpoint" / "state" / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt"
        # A checkpoint of our own making: it holds optimizer objects that the safe loader does not know.
        state = torch.load(part, weights_only=False)["optimizer_state_dict"]["base_optimizer_state"]
        counts.append(sum(group["exp_avg"].numel() for group in _states(state)))
    assert counts[0] == counts[1]
    learning = sum(weight.numel() for name, weight in _weights(work).items() if not name.endswith("lm_head.weight"))
    assert 0 <= 2 * counts[0] - learning < 64, "both halves are all that learns, up to the alignment of the partitions"


def _states(state: Any) -> list[dict[str, torch.Tensor]]:
    return list(state["state"].values()) if isinstance(state, dict) else list(state)


def _weights(work: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(work / "two-out" / "adapter_model.safetensors"))


@pytest.mark.slow
def test_a_resumed_training_goes_on_as_if_never_stopped(work: Path) -> None:
    undisturbed, resumed = _result(work, "two"), _result(work, "resumed")
    assert resumed["reported"] == [4, 5, 6]
    assert [step["step"] for step in resumed["steps"]] == [1, 2, 3, 4, 5, 6]
    assert resumed["losses"] == undisturbed["losses"]


@pytest.mark.slow
def test_the_saved_adapter_answers_as_the_trained_model(work: Path) -> None:
    for name in ("one", "two", "resumed", "stage3"):
        result = _result(work, name)
        assert result["difference"] < 1e-4
        assert {"adapter_config.json", "adapter_model.safetensors", "student.json", "tokenizer.json"} <= set(result["files"])
    config = json.loads((work / "one-out" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] is None, "a model must not carry a path of the machine that made it"


@pytest.mark.slow
def test_divergence_stops_with_the_step_and_the_samples(work: Path) -> None:
    sentence = (work / "diverged.txt").read_text()
    assert sentence.startswith("training stopped at step 2: the loss is not a number at learning rate")
    assert 'sface query "from supervision where sample_id =' in sentence
    names = set(learnable_rows(ROWS, Recipe())["sample_id"].to_pylist())
    assert len([name for name in names if name in sentence]) >= BATCH - 1
    assert "lower training.learning_rate" in sentence


def test_learning_rate_rises_then_falls_along_a_cosine() -> None:
    training = Training(learning_rate=1.0, warmup_share=0.1)
    rates = [learning_rate(training, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx(np.linspace(0.1, 1.0, 10))
    assert all(late < early for early, late in pairwise(rates[10:]))
    assert 0.1 <= rates[-1] < 0.11


def test_steps_end_with_the_epochs_or_sooner() -> None:
    assert steps_of(Training(epochs=2, batch_size=16), 100) == 13
    assert steps_of(Training(epochs=2, batch_size=16, max_steps=5), 100) == 5
    assert steps_of(Training(epochs=0.1, batch_size=16, max_steps=5), 100) == 1
