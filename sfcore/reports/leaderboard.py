"""The models of a run side by side, as every report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sfcore.metrics.figures import FIGURES, Figure, Kind, kind_of

if TYPE_CHECKING:
    import pyarrow as pa


_COLUMNS = ["model_id", "metric", "slice", "value", "ci_low", "ci_high", "n"]
_ROLES: dict[Kind, str] = {
    "median": "median baseline",
    "cnn": "CNN baseline",
    "ridge": "ridge baseline",
    "landmarker": "Face Landmarker",
    "model": "model",
}


def _three(number: float) -> str:
    # Adding 0.0 turns a rounded -0 into 0.
    return f"{round(number, 3) + 0.0:.3f}"


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number of the metrics table with its interval, in the figure's own unit."""

    value: float
    low: float | None
    high: float | None
    n: int

    @property
    def text(self) -> str:
        """The value with three decimals."""
        return _three(self.value)

    @property
    def interval(self) -> str:
        """The interval in words, empty where there is none."""
        return f"{_three(self.low)} to {_three(self.high)}" if self.low is not None and self.high is not None else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One model of the leaderboard: ``role`` says what it is in this run, ``figures`` holds its slice 'all' by metric."""

    role: str
    model_id: str
    figures: Mapping[str, Statistic]


def statistics_of(metrics: pa.Table) -> dict[tuple[str, str, str], Statistic]:
    """(model id, metric, slice) -> statistic."""
    return {
        (row["model_id"], row["metric"], row["slice"]): Statistic(row["value"], row["ci_low"], row["ci_high"], row["n"])
        for row in metrics.select(_COLUMNS).to_pylist()
        if row["value"] is not None
    }


def role_of(model_id: str, candidate: str, champion: str | None) -> str:
    """What a model is in this run, in a word or two."""
    if model_id == candidate:
        return "candidate"
    if model_id == champion:
        return "champion"
    return _ROLES[kind_of(model_id)]


def leaderboard(metrics: pa.Table, candidate: str, champion: str | None) -> list[Standing]:
    """The models of a metrics table: the candidate, the champion, other models, then the baselines."""
    numbers = statistics_of(metrics)
    order = ["candidate", "champion", "model", "Face Landmarker", "CNN baseline", "ridge baseline", "median baseline"]
    models = dict.fromkeys(model for model, _, _ in numbers)
    standings = [
        Standing(
            role_of(model, candidate, champion),
            model,
            {name: numbers[model, name, "all"] for name in FIGURES if (model, name, "all") in numbers},
        )
        for model in models
    ]
    return sorted(standings, key=lambda standing: order.index(standing.role))


def shown_figures(standings: list[Standing], headline: bool = False) -> list[Figure]:
    """The figures that at least one model has, in their usual order; with ``headline`` those that fit a terminal."""
    there = [figure for name, figure in FIGURES.items() if any(name in standing.figures for standing in standings)]
    return [figure for figure in there if figure.headline or not headline]


def leader(standings: list[Standing], figure: Figure) -> str | None:
    """The model id with the best value of a figure; None without one or when several share it."""
    values = {standing.model_id: standing.figures[figure.name].value for standing in standings if figure.name in standing.figures}
    if not values:
        return None
    best = max(values.values(), key=figure.goodness)
    holders = [model for model, value in values.items() if value == best]
    return holders[0] if len(holders) == 1 else None
