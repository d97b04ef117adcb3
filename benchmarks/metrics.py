"""Scores many predictions with slices and intervals, and the same in pandas and scikit-learn.

    python benchmarks/metrics.py                 # 1,000,000 predictions of 61 channels
    python benchmarks/metrics.py --predictions 100000
    python benchmarks/metrics.py --curve         # also 10,000, 100,000 and 10,000,000

Predictions are of four models (two students, a median, a network) to the same pictures of 500 faces. Ours gives every figure in
every slice, each with an interval over faces and the resamples that make differences paired. The other side (`by_pandas.py`)
gives the same figures in the same slices with intervals from the same draws, but for nine figures that these predictions say
nothing of (words, distances on the skin, second answers); it keeps no resamples.
Each side runs in a process of its own. Processor seconds tell on a machine that is shared: half of them is what two idle cores
would take at least.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from sfcore.arkit import NAMES
from sfcore.captions.category import CATEGORIES
from sfcore.metrics.figures import baseline_id
from sfcore.metrics.score import score
from sfcore.recipe import Evaluation

MODELS = ("candidate", "champion", baseline_id("median", "benchmark"), baseline_id("cnn", "benchmark"))
FACES, RESAMPLES = 500, 500
DOMAINS = ("procedural", "ict")


def _truth(pictures: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients (n, 61) float32 like those of faces (most shapes at rest), the face and the expression of each picture."""
    rng = np.random.default_rng(0)
    truth = rng.random((pictures, len(NAMES)), dtype=np.float32)
    truth[:, :52] = np.where(rng.random((pictures, 52), dtype=np.float32) < 0.6, 0.0, truth[:, :52] ** 2)
    truth[:, 52:] = (truth[:, 52:] - 0.5) * 0.8
    return truth, rng.integers(0, FACES, pictures), rng.integers(0, 12, pictures)


def _answers(truth: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    noise = {model: 0.05 + 0.02 * place for place, model in enumerate(MODELS)}
    median = np.median(truth[:1000], axis=0)
    return {
        model: np.broadcast_to(median, truth.shape).astype(np.float32)
        if "median" in model
        else (0.8 * truth + rng.standard_normal(truth.shape, dtype=np.float32) * noise[model]).astype(np.float32)
        for model in MODELS
    }


def _tables(truth: np.ndarray, faces: np.ndarray, moods: np.ndarray, answers: dict[str, np.ndarray]) -> tuple[pa.Table, pa.Table]:
    n = len(truth)
    ids = pa.array([f"{i:032x}" for i in range(n)])
    same = {"dataset": "benchmark", "split": "test"}
    supervision = pa.table(
        {
            "sample_id": ids,
            "identity": pa.array([f"face-{i}" for i in faces]),
            "take": pa.array([f"take-{i % 20}" for i in faces]),
            "domain": pa.array([DOMAINS[i % 2] for i in faces]),
        }
        | {name: pa.array([value] * n) for name, value in same.items()}
        | {"expression_category": pa.array([f"{CATEGORIES[i]}, clear" for i in moods])}
        | {name: truth[:, i] for i, name in enumerate(NAMES)}
    )
    parts = [
        pa.table(
            {"model_id": pa.array([model] * n), "sample_id": ids}
            | {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(NAMES)}
            | {"expression_category": pa.nulls(n, pa.string()), "parsed": np.ones(n, bool)}
            | {"tokens": np.zeros(n, np.int64), "milliseconds": np.ones(n)}
        )
        for model, values in answers.items()
    ]
    return supervision, pa.concat_tables(parts)


def ours(predictions: int) -> tuple[float, float, int]:
    """Seconds to score, processor seconds of all threads in them, and rows of the metrics table."""
    truth, faces, moods = _truth(predictions // len(MODELS))
    supervision, given = _tables(truth, faces, moods, _answers(truth))
    con = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    con.execute("SET enable_progress_bar = false")
    con.register("supervision", supervision)
    con.register("predictions", given)
    started, worked = time.perf_counter(), time.process_time()
    rows = score(con, "run", list(MODELS), "benchmark", 1, Evaluation(bootstrap=RESAMPLES), 0)
    return time.perf_counter() - started, time.process_time() - worked, rows.num_rows


def by_hand(predictions: int) -> tuple[float, float, int]:
    """The same of the other side."""
    import by_pandas
    import pandas as pd

    from sfcore.metrics.intervals import draw_weights

    truth, faces, moods = _truth(predictions // len(MODELS))
    answers = _answers(truth)
    names = list(NAMES)
    poses = np.digitize(np.abs(truth[:, 52:55]).max(axis=1), (0.2, 0.4))
    keys = pd.DataFrame({"face": faces, "mood": moods, "pose": poses, "domain": faces % 2})
    keys["dataset"], keys["familiarity"] = "benchmark", "unseen"
    weights = draw_weights(FACES, RESAMPLES, 0)
    right, median = pd.DataFrame(truth, columns=names), pd.Series(answers[MODELS[2]][0], names)
    rows, started, worked = 0, time.perf_counter(), time.process_time()
    for values in answers.values():
        given = pd.DataFrame(values, columns=names)
        of_picture = by_pandas.degrees(right, given).assign(parsed=1.0, unanswered=0.0, tokens=0.0, milliseconds=1.0)
        rows += len(by_pandas.score(right, given, of_picture, median, keys, weights))
    return time.perf_counter() - started, time.process_time() - worked, rows


def _apart(side: Any, predictions: int) -> tuple[float, float, int, float]:
    """Runs a side in a process of its own: seconds, processor seconds, rows, and GiB at most with the data."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, side, predictions).result()


def _measured(side: Any, predictions: int) -> tuple[float, float, int, float]:
    # Compiled code is read from its cache or made here, not in the measured part.
    ours(1_000)
    return *side(predictions), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Prints seconds, memory and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", type=int, default=1_000_000)
    parser.add_argument("--curve", action="store_true")
    given = parser.parse_args()
    sizes = sorted({given.predictions, *((10_000, 100_000, 10_000_000) if given.curve else ())})
    for size in sizes:
        seconds, worked, rows, gib = _apart(ours, size)
        print(f"{size:>10,} predictions: {_told(seconds, worked, rows, gib)}", flush=True)
        if size == given.predictions:
            other = _apart(by_hand, size)
            print(f"{'':>10} pandas and scikit-learn: {_told(*other)}")
            print(f"{'':>10} which is {other[0] / seconds:.1f} times as long and {other[1] / worked:.1f} times the work")


def _told(seconds: float, worked: float, rows: int, gib: float) -> str:
    return f"{seconds:.1f} s ({worked:.1f} s of processors), {rows:,} figures, at most {gib:.2f} GiB with the data"


if __name__ == "__main__":
    main()
