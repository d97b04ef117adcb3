"""Scores many predictions with slices and intervals, and the same in pandas and scikit-learn.

    python benchmarks/metrics.py                 # 1,000,000 predictions of 61 channels
    python benchmarks/metrics.py --predictions 100000
    python benchmarks/metrics.py --curve         # also 10,000, 100,000 and 10,000,000

Predictions are of four models (two students, a median, a network) to the same pictures of 500 faces. Ours gives every figure in
every slice, each with an interval over faces and the resamples that make differences paired. The other side gives eight of the
figures in most of the same slices (mean absolute and squared error, skill, both over active shapes too, both correlations and the
slope by channel), with intervals over faces for the errors and skills alone; it is given a tenth of the pictures and its time is
multiplied by ten. Processor seconds tell on a machine that is shared: half of them is what two idle cores would take at least.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from sfcore.arkit import CHANNELS, NAMES
from sfcore.captions.category import CATEGORIES
from sfcore.metrics.figures import baseline_id
from sfcore.metrics.score import score
from sfcore.recipe import Evaluation

MODELS = ("candidate", "champion", baseline_id("median", "benchmark"), baseline_id("cnn", "benchmark"))
FACES, RESAMPLES = 500, 500
THRESHOLDS = (0.15, 0.3, 0.55, 0.8)


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
    same = {"dataset": "benchmark", "split": "test", "domain": "procedural"}
    supervision = pa.table(
        {
            "sample_id": ids,
            "identity": pa.array([f"face-{i}" for i in faces]),
            "take": pa.array([f"take-{i % 20}" for i in faces]),
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
    con.register("supervision", supervision)
    con.register("predictions", given)
    started, worked = time.perf_counter(), time.process_time()
    rows = score(con, "run", list(MODELS), "benchmark", 1, Evaluation(bootstrap=RESAMPLES), 0)
    return time.perf_counter() - started, time.process_time() - worked, rows.num_rows


def by_hand(predictions: int) -> tuple[float, float]:
    """Seconds and processor seconds for the plain figures and slices in pandas and scikit-learn."""
    import pandas as pd
    from sklearn.metrics import mean_absolute_error, mean_squared_error

    truth, faces, moods = _truth(predictions // len(MODELS))
    answers = _answers(truth)
    # The median's answers do not vary, which pandas tells each time.
    warnings.simplefilter("ignore")
    rotation, median = np.arange(len(NAMES)) >= 52, answers[MODELS[2]][0]
    started, worked = time.perf_counter(), time.process_time()
    for values in answers.values():
        long = pd.DataFrame(
            {
                "face": np.repeat(faces, len(NAMES)),
                "mood": np.repeat(moods, len(NAMES)),
                "channel": np.tile(np.array(NAMES), len(truth)),
                "region": np.tile(np.array([str(c.region) for c in CHANNELS]), len(truth)),
                "side": np.tile(np.array([c.side for c in CHANNELS]), len(truth)),
                "truth": truth.ravel(),
                "answer": values.ravel(),
            }
        )
        long["band"] = np.where(np.tile(rotation, len(truth)), -1, np.digitize(long["truth"], THRESHOLDS))
        long["everything"] = 0
        long["pose"] = np.repeat(np.digitize(np.abs(truth[:, 52:55]).max(axis=1), (0.2, 0.4)), len(NAMES))
        long["median"] = np.abs(long["truth"] - np.tile(median, len(truth)))
        long["error"] = np.abs(long["truth"] - long["answer"])
        long["active"] = ~np.tile(rotation, len(truth)) & (long["truth"] > 0.1)
        rng = np.random.default_rng(0)
        for kind in ("everything", "channel", "region", "side", "band", "mood", "pose"):
            for _, part in long.groupby(kind):
                for rows in (part, part[part["active"]]):
                    if len(rows):
                        mean_absolute_error(rows["truth"], rows["answer"])
                        _drawn(rng, rows, "error", None)
                        _drawn(rng, rows, "error", "median")
                mean_squared_error(part["truth"], part["answer"])
                for _, cells in part.groupby("channel"):
                    if len(cells) > 1 and cells["truth"].std() > 0:
                        np.polyfit(cells["truth"], cells["answer"], 1)
                        cells["truth"].corr(cells["answer"])
                        cells["truth"].corr(cells["answer"], method="spearman")
    return time.perf_counter() - started, time.process_time() - worked


def _drawn(rng: np.random.Generator, rows: Any, name: str, over: str | None) -> None:
    """An interval over faces of a mean, or of one sum over another."""
    sums = rows.groupby("face").agg(above=(name, "sum"), below=(over or name, "sum" if over else "count"))
    draws = rng.integers(0, len(sums), (RESAMPLES, len(sums)))
    above, below = (sums[part].to_numpy()[draws].sum(axis=1) for part in ("above", "below"))
    np.quantile(above / below, [0.025, 0.975])


def main() -> None:
    """Prints seconds, memory and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", type=int, default=1_000_000)
    parser.add_argument("--curve", action="store_true")
    given = parser.parse_args()
    sizes = sorted({given.predictions, *((10_000, 100_000, 10_000_000) if given.curve else ())})
    for size in sizes:
        seconds, worked, rows = ours(size)
        gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{size:>10,} predictions: {seconds:6.1f} s ({worked:.1f} s of processors), {rows:,} figures, "
            f"at most {gib:.2f} GiB with the data",
            flush=True,
        )
        if size == given.predictions:
            other, other_worked = (10 * part for part in by_hand(size // 10))
            print(
                f"{'':>10} pandas and scikit-learn: {other:6.1f} s ({other_worked:.1f} s), ten times {size // 10:,}: "
                f"{other / seconds:.1f} times as long, {other_worked / worked:.1f} times the work"
            )


if __name__ == "__main__":
    main()
