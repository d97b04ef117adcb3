"""The figures a model is judged by: what each means, its SQL, and the one query that recomputes a printed number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sfcore.arkit import CHANNELS
from sfcore.errors import WrongUse, nearest
from sfcore.randomness import digest

if TYPE_CHECKING:
    import pyarrow as pa

SQL_FOLDER = Path(__file__).parent / "sql"
MEDIAN, CNN = "baseline-median", "baseline-cnn"

_VALUE_MARK = "-- value\n"
"""In each figure's file: above it a chain of CTEs that ends in sums by identity, below it the SELECT of the number."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: ``name`` is also the stem of its SQL file."""

    name: str
    label: str
    better: Literal["higher", "lower"]
    meaning: str


FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("skill", "skill over median", "higher", "share of the median baseline's absolute error taken away"),
        Figure("skill_active", "skill, active shapes", "higher", "the same over shapes truly above 0.1"),
        Figure("mae", "mean absolute error", "lower", "over all known cells, unit and radians"),
        Figure("mae_active", "error, active shapes", "lower", "mean absolute error over shapes truly above 0.1"),
        Figure("correlation", "correlation", "higher", "Pearson's r, averaged over channels that vary"),
        Figure("left_right", "left/right agreement", "higher", "share of lopsided pairs whose heavier side is right"),
        Figure("share_parsed", "answers that parse", "higher", "share of pictures with a readable answer"),
    )
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which pictures a figure is about: the test split of a dataset at a table version, as far as the median has answered it."""

    dataset: str
    dataset_version: int
    median: str

    @classmethod
    def of(cls, metrics: pa.Table) -> Scope | None:
        """Reads the scope off a metrics table, or None where it holds no row of a median baseline."""
        rows = zip(*(metrics[name].to_pylist() for name in ("model_id", "dataset", "dataset_version")), strict=True)
        return next((cls(dataset, version, model) for model, dataset, version in rows if kind_of(model) == "median"), None)


def baseline_id(kind: Literal["median", "cnn"], key: str) -> str:
    """The model id of a baseline; ``key`` names everything it was trained on (samples, steps, seed)."""
    return f"baseline-{kind}-{digest(key)[:12]}"


def kind_of(model_id: str) -> Literal["median", "cnn", "model"]:
    """Whether a model id names a median baseline, a convolutional one, or a model of the user's."""
    if model_id.startswith(f"{MEDIAN}-"):
        return "median"
    return "cnn" if model_id.startswith(f"{CNN}-") else "model"


def check_metric(name: str) -> Figure:
    """The figure of that name; raises `WrongUse` with the nearest one."""
    if name not in FIGURES:
        raise WrongUse(f"'{name}' is not a metric{nearest(name, FIGURES)}: use one of {', '.join(FIGURES)}.")
    return FIGURES[name]


def check_slice(name: str) -> str:
    """The slice itself; raises `WrongUse` with the nearest one unless a figure can be cut that way."""
    kind, _, rest = name.partition(":")
    known: dict[str, list[str]] = {
        "channel": [channel.name for channel in CHANNELS],
        "region": sorted({str(channel.region) for channel in CHANNELS}),
        "side": ["left", "right"],
    }
    if name == "all" or (kind == "domain" and rest) or rest in known.get(kind, []):
        return name
    every = ["all", *(f"{kind}:{value}" for kind, values in known.items() for value in values)]
    raise WrongUse(f"'{name}' is not a slice{nearest(name, every)}: use all, channel:…, region:…, side:… or domain:….")


def check_scope(model_ids: Iterable[str], dataset: str, dataset_version: int) -> Scope:
    """The scope of models that are scored together; raises `WrongUse` unless exactly one median baseline is among them."""
    medians = [model for model in model_ids if kind_of(model) == "median"]
    if len(medians) != 1:
        raise WrongUse(f"scoring needs one median baseline among the models, found {len(medians)}: 'sface evaluate' brings it.")
    return Scope(dataset, dataset_version, medians[0])


@cache
def sql_of(name: str) -> str:
    """The text of one file of the ``sql`` folder."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def sums_query(metric: str) -> str:
    """The query of a figure's sums by model, slice and identity, over the view ``answers``."""
    return sql_of(metric).split(_VALUE_MARK)[0] + "SELECT * FROM by_identity ORDER BY model_id, slice, identity"


def literal(value: str) -> str:
    """A string as DuckDB writes it, on one line whatever it holds."""
    quoted = value.replace("'", "''")
    if quoted.isprintable():
        return f"'{quoted}'"
    escaped = quoted.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"E'{escaped}'"


def view_query(name: Literal["truth", "answers"], scope: Scope, model_ids: Sequence[str]) -> str:
    """The query of a view of the ``sql`` folder with its variables filled in."""
    values = {
        "dataset": literal(scope.dataset),
        "median": literal(scope.median),
        "models": f"[{', '.join(map(literal, model_ids))}]",
    }
    # Comments go first: a name that is filled in could hold anything.
    return re.sub(r"getvariable\('(\w+)'\)", lambda match: values[match[1]], _without_comments(sql_of(name)))


def _indented(query: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in query.strip().splitlines())


def _without_comments(query: str) -> str:
    return "\n".join(line for line in query.splitlines() if not line.lstrip().startswith("--"))


def query_for(metric: str, slice_name: str, model_ids: str | Sequence[str], scope: Scope) -> str:
    """The one query that recomputes a number of the metrics table from ``supervision`` and ``predictions``, for DuckDB.

    It answers a row (model_id, slice, value, n) for each model, the number itself in ``value``. Raises `WrongUse` for an unknown
    metric or slice.
    """
    figure, models = check_metric(metric), [model_ids] if isinstance(model_ids, str) else list(dict.fromkeys(model_ids))
    body = _without_comments(sql_of(metric)).strip().removeprefix("WITH ")
    answers = f"{view_query('answers', scope, models)}\nWHERE slice = {literal(check_slice(slice_name))}"
    return (
        # Not a comment of two dashes: given to a command, that would read as an option.
        f"/* {figure.name}, {slice_name.replace('*/', '* /')}: {figure.meaning} "
        f"(supervision at version {scope.dataset_version}) */\n"
        f"WITH truth AS (\n{_indented(view_query('truth', scope, models))}),\n"
        f"answers AS (\n{_indented(answers)}),\n"
        f"{body}\n"
    ).rstrip()
