"""The models of a workspace as people look at them: which there are, what is known of each, and two of them side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.errors import WorkFailed, WrongUse, nearest
from sfcore.gate.evidence import Lead, Number, Question, lead
from sfcore.gate.ledger import Entry, Reign, read_entries, reigns_of
from sfcore.metrics.figures import FIGURES, MEDIAN, Figure, kind_of
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

COMPARED_AT = 0.95
"""Level of the two-sided intervals of `compare`."""


@dataclass(frozen=True, slots=True)
class Score:
    """One figure over all pictures of a run."""

    metric: str
    value: float
    ci_low: float | None
    ci_high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Model:
    """One model: ``role`` is champion, former champion or empty; ``lineage`` is empty where its files are gone."""

    model_id: str
    role: str
    files: bool
    lineage: dict[str, Any]
    run_id: str | None
    """The run that scored it last."""
    scores: tuple[Score, ...]
    verdict: str | None
    """What was decided on it last: promote, refuse, undecided, or forced."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two models: ``lead`` is how much better the first is, with an interval where both had the same draws."""

    metric: str
    first: float
    second: float
    lead: float
    lead_low: float | None
    lead_high: float | None

    @property
    def finding(self) -> str:
        """Who is better for certain, at the level of `COMPARED_AT`."""
        if self.lead_low is None or self.lead_high is None:
            return "no interval"
        return "first" if self.lead_low > 0 else "second" if self.lead_high < 0 else "not told apart"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same pictures; ``runs`` are those the figures are of, ``paired`` whether leads have intervals."""

    first: str
    second: str
    runs: tuple[str, str]
    dataset: str
    dataset_version: int
    paired: bool
    differences: tuple[Difference, ...]


def models_of(workspace: Workspace) -> list[Model]:
    """All models, the champion first, then former champions, then the others by name."""
    reigns, entries = reigns_of(workspace), read_entries(workspace)
    names = {*workspace.folders("models"), *(reign.model_id for reign in reigns)}
    models = [_model(workspace, name, reigns, entries) for name in names]
    order = {"champion": 0, "former champion": 1}
    return sorted(models, key=lambda model: (order.get(model.role, 2), model.model_id))


def model_named(workspace: Workspace, name: str) -> str:
    """The id of a model, ``champion`` being the present one; raises `WrongUse` with the nearest name when there is none."""
    if name == CHAMPION:
        champion = read_alias(workspace, CHAMPION).model_id
        if champion is None:
            raise WrongUse("there is no champion yet: 'sface model promote MODEL' makes one.")
        return champion
    known = [*workspace.folders("models"), *(reign.model_id for reign in reigns_of(workspace))]
    if name in known or name in (scored := _scored_models(workspace)):
        return name
    listed = f"models are {', '.join(sorted(set(known)))}" if known else "the workspace holds none yet"
    raise WrongUse(f"there is no model '{name}'{nearest(name, [*known, *scored])}: {listed}.")


def model_of(workspace: Workspace, model_id: str) -> tuple[Model, list[Reign], list[Entry]]:
    """One model, its times as champion and the decisions on it."""
    reigns, entries = reigns_of(workspace), read_entries(workspace)
    model = _model(workspace, model_id, reigns, entries)
    return (
        model,
        [reign for reign in reigns if reign.model_id == model_id],
        [entry for entry in entries if entry.candidate == model_id],
    )


def compare(workspace: Workspace, first: str, second: str) -> Comparison:
    """Two models by their newest figures on the same pictures.

    Figures of one run are paired. Figures of two runs are if they are of the same pictures and the median has the same resamples
    in both, which shows that both runs drew the same faces. Raises `WorkFailed` when no figures are of the same pictures.
    """
    import pyarrow.compute as pc

    whose = pc.field("model_id").isin([first, second]) | pc.starts_with(pc.field("model_id"), MEDIAN)
    rows = workspace.read("metrics", filter=(pc.field("slice") == "all") & whose)
    by_run: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for row in rows.to_pylist():
        by_run.setdefault(row["run_id"], {}).setdefault(row["model_id"], {})[row["metric"]] = row
    for model in (first, second):
        if not any(model in run for run in by_run.values()):
            raise WorkFailed(f"{model} has not been scored yet: 'sface evaluate {model}' does it.")
    runs = _runs_together(by_run, first, second)
    if runs is None:
        raise WorkFailed(
            f"{first} and {second} have not been scored on the same pictures: evaluate both on the same recipe and dataset."
        )
    mine, theirs = by_run[runs[0]][first], by_run[runs[1]][second]
    paired = runs[0] == runs[1] or _same_draws(by_run[runs[0]], by_run[runs[1]])
    shared = [figure for figure in FIGURES.values() if figure.name in mine and figure.name in theirs]
    differences = tuple(_difference(figure, mine[figure.name], theirs[figure.name], paired) for figure in shared)
    scope = mine[shared[0].name]
    return Comparison(first, second, runs, scope["dataset"], scope["dataset_version"], paired, differences)


def run_time(run_id: str) -> str:
    """When a run began, as its name says it (``recipe-date-time-draw``); empty for a name that somebody else has given."""
    parts = run_id.split("-")
    dated = len(parts) > 3 and len(parts[-3]) == 8 and len(parts[-2]) == 6 and (parts[-3] + parts[-2]).isdigit()
    return parts[-3] + parts[-2] if dated else ""


def newest_run(workspace: Workspace, model_id: str) -> str | None:
    """The run that has scored a model last, by the time in the runs' names; None where none has."""
    import pyarrow.compute as pc

    runs = workspace.read("metrics", columns=["run_id"], filter=pc.field("model_id") == model_id)["run_id"]
    return max(sorted(runs.unique().to_pylist()), key=run_time, default=None)


def _scored_models(workspace: Workspace) -> list[str]:
    if not workspace.has_table("metrics"):
        return []
    models: list[str] = workspace.read("metrics", columns=["model_id"])["model_id"].unique().to_pylist()
    return models


def _model(workspace: Workspace, model_id: str, reigns: list[Reign], entries: list[Entry]) -> Model:
    role = "" if model_id not in {reign.model_id for reign in reigns} else "former champion"
    if reigns and reigns[-1].model_id == model_id:
        role = "champion"
    files = workspace.is_complete(f"models/{model_id}")
    lineage = json.loads(workspace.read_bytes(f"models/{model_id}/lineage.json")) if files else {}
    run_id = newest_run(workspace, model_id) if workspace.has_table("metrics") else None
    last = next((entry for entry in reversed(entries) if entry.candidate == model_id and entry.kind != "rollback"), None)
    verdict = None if last is None else "forced" if last.kind == "forced" else last.verdict
    return Model(model_id, role, files, lineage, run_id, _scores(workspace, run_id, model_id), verdict)


def _scores(workspace: Workspace, run_id: str | None, model_id: str) -> tuple[Score, ...]:
    import pyarrow.compute as pc

    if run_id is None:
        return ()
    whose = (pc.field("run_id") == run_id) & (pc.field("model_id") == model_id) & (pc.field("slice") == "all")
    rows: pa.Table = workspace.read("metrics", columns=["metric", "value", "ci_low", "ci_high", "n"], filter=whose)
    return tuple(Score(**row) for row in rows.to_pylist())


def _runs_together(by_run: dict[str, dict[str, Any]], first: str, second: str) -> tuple[str, str] | None:
    """The newest run that scored both, else the newest pair of runs on the same pictures."""
    newest = sorted(sorted(by_run), key=run_time, reverse=True)
    for run in newest:
        if first in by_run[run] and second in by_run[run]:
            return run, run
    pairs = [(one, other) for one in newest for other in newest if first in by_run[one] and second in by_run[other]]
    return next((pair for pair in pairs if _pictures(by_run[pair[0]]) == _pictures(by_run[pair[1]])), None)


def _pictures(run: dict[str, dict[str, dict[str, Any]]]) -> tuple[str | None, str, int]:
    """What a run was about: the median's name says which pictures were asked about."""
    row = next(iter(next(iter(run.values())).values()))
    return next((model for model in run if kind_of(model) == "median"), None), row["dataset"], row["dataset_version"]


def _same_draws(one: dict[str, dict[str, dict[str, Any]]], other: dict[str, dict[str, dict[str, Any]]]) -> bool:
    median = next((model for model in one if kind_of(model) == "median"), None)
    if median is None or median not in other:
        return False
    first, second = (run[median].get("mae", {}).get("deviations") for run in (one, other))
    return bool(first) and first == second


def _difference(figure: Figure, mine: dict[str, Any], theirs: dict[str, Any], paired: bool) -> Difference:
    found: Lead | None = None
    if paired:
        question = Question.of(0.0, 1 - (1 - COMPARED_AT) / 2, 0.8)
        found = lead(figure, _number(mine), _number(theirs), 0.0, question)
    value = figure.goodness(mine["value"]) - figure.goodness(theirs["value"])
    low, high = (found.low, found.high) if found else (None, None)
    return Difference(figure.name, mine["value"], theirs["value"], value, low, high)


def _number(row: dict[str, Any]) -> Number:
    drawn = np.array([np.nan if one is None else one for one in row["deviations"] or []], np.float64)
    return Number(row["value"], drawn, row["clusters"] or 0)
