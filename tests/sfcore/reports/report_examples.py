"""A small finished run, hostile text included, for the reports to show."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.gate.decide import decide
from sfcore.gate.policy import policy_from
from sfcore.metrics.figures import baseline_id
from sfcore.metrics.score import score
from sfcore.recipe import Evaluation, Recipe
from sfcore.reports.run_report import RunReport
from sfcore.store.schemas import SCHEMAS

CANDIDATE, CHAMPION = "demo-0123456789ab", "demo-ba9876543210"
MEDIAN, CNN = baseline_id("median", "example"), baseline_id("cnn", "example")
HOSTILE = "<script>alert('felt smile')</script>: \"quoted\" & <img src=x onerror=alert(1)> https://example.com/x.png"
COUNT, FACES = 24, 6


def picture(seed: int, width: int = 48, height: int = 48, kind: str = "PNG") -> bytes:
    """A face of two eyes and a mouth."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), tuple(int(v) for v in rng.integers(60, 200, 3)))
    pen = ImageDraw.Draw(image)
    for x in (0.35, 0.65):
        pen.ellipse((width * (x - 0.08), height * 0.32, width * (x + 0.08), height * 0.42), fill="white")
    pen.ellipse((width * 0.35, height * 0.66, width * 0.65, height * (0.7 + 0.15 * rng.random())), fill=(120, 20, 30))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def supervision(count: int = COUNT, caption: str = "felt smile: both lip corners pulled up", **changed: Any) -> pa.Table:
    """Rows of the supervision table; ``changed`` replaces columns, one value for all rows."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(count):
        row = {
            "sample_id": f"{i:032x}",
            "dataset": "demo",
            "take": "take",
            "frame": i,
            "variant": 0,
            "split": "test",
            "domain": "procedural",
            "identity": f"procedural-{i % FACES:04d}",
            "image": picture(i),
            "width": 48,
            "height": 48,
            **{name: float(value) for name, value in zip(NAMES, np.clip(rng.normal(0, 0.4, 61), 0, 1), strict=True)},
            **dict.fromkeys(FIELDS, "lip corners up"),
            "expression_category": caption,
            "caption_source": "grammar",
            "verify_score": 1.0,
            "faults": [],
            "attempts": 1,
            "tokens": 40,
            "cost": 0.0,
            "scene": "{}",
            "recipe_digest": "r",
            "rig_digest": "g",
        }
        rows.append(row | changed)
    return pa.Table.from_pylist(rows, schema=SCHEMAS["supervision"])


def answers(model: str, truth: pa.Table, share: float, unparsed: int = 0) -> pa.Table:
    """Answers that lie ``share`` of the way from 0.2 to the truth; the first ``unparsed`` cannot be read."""
    rows = []
    for i, row in enumerate(truth.to_pylist()):
        read = i >= unparsed
        values = {name: 0.2 + share * (row[name] - 0.2) if read else None for name in NAMES}
        texts = dict.fromkeys(FIELDS, "lips said to be up" if read else None)
        raw, error = ("ok", None) if read else ("<b>not json</b>", "12 of 61 values found")
        told = {"parsed": read, "raw": raw, "tokens": 60, "milliseconds": 5.0, "error": error}
        rows.append({"model_id": model, "sample_id": row["sample_id"], **values, **texts, **told})
    return pa.Table.from_pylist(rows, schema=SCHEMAS["predictions"])


def steps(count: int = 30) -> pa.Table:
    """A loss that falls."""
    losses = [
        {"loss": 1 + 4 / (1 + s), "loss_description": 1 + 5 / (1 + s), "loss_coefficients": 1 + 3 / (1 + s)} for s in range(count)
    ]
    rest = {
        "run_id": "run",
        "model_id": CANDIDATE,
        "epoch": 0.1,
        "lr": 1e-3,
        "grad_norm": 1.0,
        "samples_per_second": 9.0,
        "memory_mib": 900.0,
    }
    return pa.Table.from_pylist([rest | loss | {"step": s} for s, loss in enumerate(losses)], schema=SCHEMAS["steps"])


def finished_run(champion: str | None = CHAMPION, **changed: Any) -> RunReport:
    """A run with a candidate, a champion and both baselines; ``changed`` replaces parts of it."""
    return replace(_finished(champion), **changed)


@cache
def _finished(champion: str | None) -> RunReport:
    truth = supervision()
    given = [answers(CANDIDATE, truth, 0.8, unparsed=1), answers(MEDIAN, truth, 0.0), answers(CNN, truth, 0.3)]
    given += [answers(champion, truth, 0.5)] if champion else []
    con = duckdb.connect()
    con.register("supervision", truth)
    con.register("predictions", pa.concat_tables(given))
    models = [CANDIDATE, MEDIAN, CNN, *([champion] if champion else [])]
    metrics = score(con, "run", models, "demo", 7, Evaluation(bootstrap=50), 0)
    rules = [
        {"name": "readable answers", "metric": "share_parsed", "bound": 0.9},
        {"name": "better than the champion", "metric": "skill", "against": "champion", "margin": 0.9},
        {"name": "follows the face", "metric": "correlation", "bound": 0.1, "importance": "advisory", "min_n": 1000},
    ]
    decision = decide(policy_from({"name": "example", "rules": rules}, "policy"), metrics, CANDIDATE, champion)
    return RunReport(
        run_id="run-0001",
        candidate=CANDIDATE,
        champion=champion,
        started_at=dt.datetime(2024, 5, 1, 9, 30, tzinfo=dt.UTC),
        seconds=312.4,
        recipe=Recipe().model_dump(mode="json"),
        rows={"labels": 1640, "rejects": 3, "supervision": 640},
        metrics=metrics,
        steps=steps(),
        samples=truth.slice(0, 6),
        predictions=pa.concat_tables(given),
        decision=decision,
        policy="example",
        lineage={"base": "tiny", "supervision_version": 7, "versions": {"torch": "2.13.0"}},
    )
