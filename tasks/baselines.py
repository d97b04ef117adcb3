"""What costs next to nothing answers beside the students: median, ridge, a small network, and MediaPipe where it is given."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed
from sfcore.randomness import digest
from sfcore.recipe import Recipe
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from tasks.asked import Asked, channels_of, pictures_of
from tasks.cluster import run_remotely

Predict = Callable[[Sequence[bytes]], np.ndarray]
"""Encoded pictures -> (n, 61) float32, nan where it has no answer."""


@dataclass(frozen=True, slots=True)
class _Baseline:
    """``fit`` learns from the training pictures; ``looks`` is False where its answers do not depend on the picture."""

    model_id: str
    fit: Callable[[Workspace, Recipe, Asked], Predict]
    looks: bool = True


def ask_baselines(workspace: Workspace, recipe: Recipe, asked: Asked) -> tuple[str, ...]:
    """Writes the answers of every baseline into ``predictions`` and ``probes`` where they are not there; returns their ids."""
    from sfcore.metrics.face_landmarker import landmarker_file
    from sfcore.metrics.figures import baseline_id

    # What it was asked is part of the median's name: its answers also say which pictures a run is about.
    of = digest(*asked.train, "/", *asked.test)
    network = f"{of}/{recipe.evaluation.cnn_steps}/{recipe.faces.size}/{recipe.seed}"
    baselines = [
        _Baseline(baseline_id("median", of), _fit_median, looks=False),
        _Baseline(baseline_id("cnn", network), _fit_cnn),
        _Baseline(baseline_id("ridge", of), _fit_ridge),
    ]
    model_file = landmarker_file()
    if model_file:
        baselines.append(_Baseline(baseline_id("landmarker", f"{of}/{digest(model_file.read_bytes())}"), _fit_landmarker))
    for baseline in baselines:
        left = unanswered(workspace, baseline.model_id, asked.test)
        if left:
            answers, probes = run_remotely(_answers, workspace, recipe, asked, left, baseline)
            workspace.append("probes", probes, f"probe/{baseline.model_id}")
            workspace.append("predictions", answers, f"predict/{baseline.model_id}")
    return tuple(baseline.model_id for baseline in baselines)


def unanswered(workspace: Workspace, model_id: str, test: Sequence[str], table: str = "predictions") -> list[str]:
    """Samples without a row of the model in a table, in the order given."""
    rows = workspace.read(table, columns=["sample_id"], filter=pc.field("model_id") == model_id)
    have = set(rows["sample_id"].to_pylist())
    return [sample for sample in test if sample not in have]


def _answers(
    workspace: Workspace, recipe: Recipe, asked: Asked, test: list[str], baseline: _Baseline
) -> tuple[pa.Table, pa.Table]:
    predict = baseline.fit(workspace, recipe, asked)
    pictures = pictures_of(workspace, asked.version, test) if baseline.looks else [b""] * len(test)
    started = time.perf_counter()
    answers = predict(pictures)
    milliseconds = 1000 * (time.perf_counter() - started) / len(test)
    rows = [
        {"model_id": baseline.model_id, "sample_id": sample, **channels_of(answers[i]), "parsed": True, "tokens": 0}
        | {"milliseconds": milliseconds}
        for i, sample in enumerate(test)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["predictions"]), _probed(workspace, recipe, asked, baseline, predict)


def _probed(workspace: Workspace, recipe: Recipe, asked: Asked, baseline: _Baseline, predict: Predict) -> pa.Table:
    from sfcore.metrics.probes import PROBES, probe_rows, probed_samples, second_look

    parts = [SCHEMAS["probes"].empty_table()]
    for probe in PROBES:
        samples = probed_samples(list(asked.test), recipe.evaluation.probes, probe)
        if not samples:
            continue
        pictures = pictures_of(workspace, asked.version, samples)
        shown = [second_look(picture, sample, probe) for picture, sample in zip(pictures, samples, strict=True)]
        together = 1 if probe == "alone" else len(shown)
        answers = np.concatenate([predict(shown[at : at + together]) for at in range(0, len(shown), together)])
        parts.append(probe_rows(baseline.model_id, samples, probe, answers))
    return pa.concat_tables(parts)


def _median_of(workspace: Workspace, asked: Asked) -> np.ndarray:
    from sfcore.metrics.baselines import median_prediction

    learnt = pc.field("sample_id").isin(asked.train)
    return median_prediction(workspace.read("supervision", asked.version, columns=list(NAMES), filter=learnt))


def _fit_median(workspace: Workspace, _recipe: Recipe, asked: Asked) -> Predict:
    median = _median_of(workspace, asked)
    return lambda pictures: np.tile(median, (len(pictures), 1))


def _training_rows(workspace: Workspace, asked: Asked) -> pa.Table:
    learnt = pc.field("sample_id").isin(asked.train)
    rows = workspace.read("supervision", asked.version, columns=["sample_id", "image", *NAMES], filter=learnt)
    return rows.sort_by("sample_id")


def _fit_cnn(workspace: Workspace, recipe: Recipe, asked: Asked) -> Predict:
    from sfcore.metrics.cnn import train_cnn

    rows = _training_rows(workspace, asked)
    return train_cnn(rows, recipe.evaluation.cnn_steps, recipe.seed, recipe.faces.size).predict


def _fit_ridge(workspace: Workspace, _recipe: Recipe, asked: Asked) -> Predict:
    from sfcore.metrics.ridge import fit_ridge

    return fit_ridge(_training_rows(workspace, asked)).predict


def _fit_landmarker(workspace: Workspace, _recipe: Recipe, asked: Asked) -> Predict:
    from sfcore.metrics.face_landmarker import FaceLandmarker, landmarker_file

    model_file = landmarker_file()
    if model_file is None:
        raise WorkFailed("MediaPipe's Face Landmarker is here and not where its answers are made: install it there too.")
    return FaceLandmarker(model_file, _median_of(workspace, asked)).predict
