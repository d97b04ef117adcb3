"""The report of a run: one self-contained HTML page, from what went in to what was decided."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.arkit import CHANNELS
from sfcore.captions.description import FIELDS
from sfcore.gate.decide import Decision
from sfcore.metrics.baselines import coefficients_of
from sfcore.metrics.figures import Scope, kind_of, query_for
from sfcore.reports.calibration import Curve
from sfcore.reports.charts import calibration_chart, loss_chart, per_channel_chart
from sfcore.reports.leaderboard import leader, leaderboard, shown_figures

if TYPE_CHECKING:
    import pyarrow as pa
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_BARS = 7
"""Channels shown for a sample: the strongest of truth and answer; more would not be read."""


@dataclass(frozen=True)
class RunReport:
    """What a report shows. Tables have the schemas of `sfcore.store.schemas`; only rows of this run are handed in."""

    run_id: str
    candidate: str
    champion: str | None
    """The champion before this run's decision."""
    started_at: datetime
    seconds: float
    recipe: Mapping[str, Any]
    rows: Mapping[str, int]
    """Rows by table, in the order they were made."""
    metrics: pa.Table
    steps: pa.Table
    samples: pa.Table
    """Supervision rows of test pictures to show, with images; a dozen is plenty."""
    predictions: pa.Table
    """The candidate's answers, among them those to ``samples``."""
    decision: Decision
    policy: str
    lineage: Mapping[str, Any] = field(default_factory=dict)
    """What the model was made of: table versions, digests, base, versions of libraries."""
    worst: pa.Table | None = None
    """Supervision rows of the pictures that the candidate reads worst, worst first, with images."""
    calibration: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    """Model id -> curves by region (`sfcore.reports.calibration`), of the candidate and, where there is one, the champion."""


@dataclass(frozen=True, slots=True)
class _Bar:
    """One channel of a sample, in percent of its range for drawing; ``answer`` is None where there is none."""

    name: str
    truth: float | None
    answer: float | None
    truth_width: float
    answer_width: float


def environment() -> Environment:
    """Jinja over the templates beside this module; HTML is escaped, and a name the template misspells is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["thousands"] = lambda number: f"{number:,}"
    made.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return made


def data_address(image: bytes | None) -> str | None:
    """Encoded picture -> ``data:`` address of the type its first bytes tell; None for None or bytes that are no picture."""
    from PIL import Image, UnidentifiedImageError

    if image is None:
        return None
    try:
        with Image.open(io.BytesIO(image)) as picture:
            kind = (
                picture.get_format_mimetype() if hasattr(picture, "get_format_mimetype") else Image.MIME.get(picture.format or "")
            )
    except UnidentifiedImageError:
        return None
    return f"data:{kind};base64,{base64.b64encode(image).decode()}" if kind else None


def write_run_report(run: RunReport) -> str:
    """Writes the report as one HTML page without any outside address; pictures travel inside it."""
    standings = leaderboard(run.metrics, run.candidate, run.champion)
    figures = shown_figures(standings)
    cnn = next((standing.model_id for standing in standings if kind_of(standing.model_id) == "cnn"), None)
    measured = {standing.model_id for standing in standings}
    beside = run.champion if run.champion in measured and run.champion != run.candidate else cnn
    scope = Scope.of(run.metrics)
    models = [standing.model_id for standing in standings]
    curves = run.calibration
    return (
        environment()
        .get_template("run_report.html.j2")
        .render(
            run=run,
            standings=standings,
            figures=figures,
            leaders={figure.name: leader(standings, figure) for figure in figures},
            queries={figure.name: query_for(figure.name, "all", models, scope) for figure in figures} if scope else {},
            scope=scope,
            channels_image=data_address(per_channel_chart(run.metrics, run.candidate, beside)),
            beside=None if beside is None else "the champion" if beside == run.champion else "the CNN baseline",
            calibration_image=data_address(calibration_chart(curves.get(run.candidate, {}), curves.get(run.champion or ""))),
            has_champion_curve=run.champion in curves and run.champion != run.candidate,
            loss_image=data_address(loss_chart(run.steps)),
            samples=_samples(run, run.samples),
            worst=[] if run.worst is None else _samples(run, run.worst),
            fields=FIELDS,
        )
    )


def _samples(run: RunReport, rows: pa.Table) -> list[dict[str, Any]]:
    """Each sample with its picture, true and answered texts, and the bars of its strongest channels."""
    answered = {row["sample_id"]: row for row in run.predictions.to_pylist() if row["model_id"] == run.candidate}
    truths = coefficients_of(rows)
    shown = []
    for row, truth in zip(rows.drop_columns(["scene"]).to_pylist(), truths, strict=True):
        answer = answered.get(row["sample_id"])
        parsed = bool(answer and answer["parsed"])
        values = np.array([answer[c.name] for c in CHANNELS], np.float64) if answer and parsed else np.full(len(CHANNELS), np.nan)
        shown.append(
            {
                "sample_id": row["sample_id"],
                "image": data_address(row["image"]),
                "identity": row["identity"],
                "domain": row["domain"],
                "split": row["split"],
                "truth": {name: row[name] for name in FIELDS},
                "answer": {name: answer[name] for name in FIELDS} if answer and parsed else None,
                "trouble": _trouble(answer),
                "raw": answer["raw"] if answer and not parsed else None,
                "bars": _bars(truth.astype(np.float64), values),
                "off": _off(truth.astype(np.float64), values),
            }
        )
    return shown


def _off(truth: np.ndarray, answer: np.ndarray) -> float | None:
    """Mean absolute error over the shapes that both know; None where there is none."""
    apart = np.abs(truth - answer)[[channel.index for channel in CHANNELS if channel.kind == "shape"]]
    return float(np.nanmean(apart)) if np.isfinite(apart).any() else None


def _trouble(answer: Mapping[str, Any] | None) -> str | None:
    if answer is None:
        return "no answer"
    return None if answer["parsed"] else f"answer not readable: {answer['error'] or 'no reason given'}"


def _bars(truth: np.ndarray, answer: np.ndarray) -> list[_Bar]:
    """The shapes with the largest true or answered value, strongest first, in percent of the width."""
    shapes = [channel.index for channel in CHANNELS if channel.kind == "shape"]
    strength = np.fmax(np.nan_to_num(truth), np.nan_to_num(answer))[shapes]
    picked = [shapes[i] for i in np.argsort(-strength, kind="stable")[:_BARS] if strength[i] > 0]
    return [_Bar(CHANNELS[i].name, _known(truth[i]), _known(answer[i]), _percent(truth[i]), _percent(answer[i])) for i in picked]


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _percent(number: float) -> float:
    return round(100 * min(max(float(np.nan_to_num(number)), 0.0), 1.0), 1)
