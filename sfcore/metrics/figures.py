"""The figures a model is judged by: what each means, its SQL, and the one query that recomputes a printed number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sfcore.arkit import CHANNELS
from sfcore.captions.category import CATEGORIES
from sfcore.captions.intensity import BANDS
from sfcore.errors import WrongUse, nearest
from sfcore.randomness import digest

if TYPE_CHECKING:
    import pyarrow as pa

Cluster = Literal["identity", "take"]
"""What intervals draw: whole identities, or whole takes."""

SQL_FOLDER = Path(__file__).parent / "sql"
MEDIAN, CNN, RIDGE, LANDMARKER = "baseline-median", "baseline-cnn", "baseline-ridge", "baseline-landmarker"
Kind = Literal["median", "cnn", "ridge", "landmarker", "model"]
_KINDS: dict[str, Kind] = {MEDIAN: "median", CNN: "cnn", RIDGE: "ridge", LANDMARKER: "landmarker"}

_VALUE_MARK = "-- value\n"
"""In each figure's file: above it a chain of CTEs that ends in sums by cluster, below it the SELECT of the number."""

Better = Literal["higher", "lower", "one"]
Form = Literal["ratio", "root", "correlation", "slope", "never", "rank"]
"""How a number follows from sums by cluster: see `sfcore.metrics.intervals`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: ``name`` is also the stem of its SQL file; ``better`` says which way, or that 1 is right."""

    name: str
    label: str
    better: Better
    meaning: str
    form: Form = "ratio"
    headline: bool = False
    """Whether the terminal shows it; the report and the table hold all."""

    def goodness(self, value: float) -> float:
        """The value on a scale where more is always better."""
        return value if self.better == "higher" else -value if self.better == "lower" else -abs(value - 1.0)


FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("skill", "skill over median", "higher", "share of the median baseline's absolute error taken away", headline=True),
        Figure("skill_active", "skill, active shapes", "higher", "the same over shapes truly above 0.1", headline=True),
        Figure("mae", "mean absolute error", "lower", "over all known cells, unit and radians", headline=True),
        Figure("mae_active", "error, active shapes", "lower", "mean absolute error over shapes truly above 0.1", headline=True),
        Figure("rmse", "root mean squared error", "lower", "over all known cells, unit and radians", "root"),
        Figure(
            "correlation", "correlation", "higher", "Pearson's r, averaged over channels that vary", "correlation", headline=True
        ),
        Figure("rank_correlation", "rank correlation", "higher", "Spearman's rho, averaged over channels that vary", "rank"),
        Figure("slope", "slope", "one", "rise of the answer with the truth, averaged over channels that vary", "slope"),
        Figure("never_fires", "shapes that never fire", "lower", "number of shapes that are there and never moved", "never"),
        Figure("false_activity", "false activity", "lower", "share of the shapes of neutral faces moved above 0.1"),
        Figure(
            "left_right", "left/right agreement", "higher", "share of lopsided pairs whose heavier side is right", headline=True
        ),
        Figure("vertex_mm", "vertex distance, mm", "lower", "distance of the skin from where it should be, mm", headline=True),
        Figure("head_degrees", "head pose error, degrees", "lower", "mean angle between true and answered head pose"),
        Figure("gaze_degrees", "gaze error, degrees", "lower", "mean angle between true and answered gaze"),
        Figure("category_accuracy", "category accuracy", "higher", "share of answers that name the right expression"),
        Figure("claims_precision", "claims true of the face", "higher", "share of the words' claims that hold of the face"),
        Figure("claims_recall", "strong actions told", "higher", "share of the face's strong actions that the words tell"),
        Figure(
            "own_claims_precision", "claims true of own numbers", "higher", "share of the claims that hold of its own numbers"
        ),
        Figure(
            "own_claims_recall", "own strong actions told", "higher", "share of its numbers' strong actions that its words tell"
        ),
        Figure("share_parsed", "answers that parse", "higher", "share of pictures with a readable answer", headline=True),
        Figure("unanswered", "cells without a number", "lower", "share of the known cells to which no finite number was given"),
        Figure("jitter", "jitter on a still face", "lower", "mean move of a shape when only the camera's noise changes"),
        Figure(
            "flip_error", "error of the mirrored face", "lower", "mean distance of the mirrored picture's answer, mirrored back"
        ),
        Figure("batch_agreement", "alone as in a batch", "higher", "share of pictures answered alone as in a batch of many"),
        Figure("milliseconds", "milliseconds a picture", "lower", "time the model took for a picture"),
        Figure("tokens", "tokens a picture", "lower", "length of its answer"),
    )
}

View = Literal["channels", "learnt", "truth", "cells", "sums", "pictures", "judged", "probed"]
_CHAINS: dict[str, tuple[View, ...]] = {
    "cells": ("channels", "learnt", "truth", "cells"),
    "sums": ("channels", "learnt", "truth", "cells", "sums"),
    "pictures": ("learnt", "truth", "pictures"),
    "judged": ("learnt", "truth", "pictures", "judged"),
    "probed": ("channels", "learnt", "truth", "pictures", "probed"),
}
"""View a figure's file reads -> the views that make it, in order."""

SLICES: dict[str, tuple[str, ...]] = {
    "channel": tuple(channel.name for channel in CHANNELS),
    "region": tuple(sorted({str(channel.region) for channel in CHANNELS})),
    "side": ("left", "right"),
    "intensity": ("none", *BANDS),
    "identity": ("new", "seen"),
    "expression": CATEGORIES,
    "pose": ("frontal", "turned", "far"),
    "domain": (),
    "dataset": (),
}
"""Kind of slice -> its values; empty where the data say which there are."""


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


def baseline_id(kind: Literal["median", "cnn", "ridge", "landmarker"], key: str) -> str:
    """The model id of a baseline; ``key`` names everything it was trained on (samples, steps, seed)."""
    return f"baseline-{kind}-{digest(key)[:12]}"


def kind_of(model_id: str) -> Kind:
    """Which baseline a model id names, or ``model`` for one of the user's."""
    return next((kind for start, kind in _KINDS.items() if model_id.startswith(f"{start}-")), "model")


def check_metric(name: str) -> Figure:
    """The figure of that name; raises `WrongUse` with the nearest one."""
    if name not in FIGURES:
        raise WrongUse(f"'{name}' is not a metric{nearest(name, FIGURES)}: use one of {', '.join(FIGURES)}.")
    return FIGURES[name]


def check_slice(name: str) -> str:
    """The slice itself; raises `WrongUse` with the nearest one unless a figure can be cut that way."""
    kind, _, rest = name.partition(":")
    if name == "all" or rest in SLICES.get(kind, ()) or (rest and SLICES.get(kind) == ()):
        return name
    every = ["all", *(f"{kind}:{value}" for kind, values in SLICES.items() for value in values), "domain:", "dataset:"]
    listed = ", ".join(f"{kind}:…" for kind in SLICES)
    raise WrongUse(f"'{name}' is not a slice{nearest(name, every)}: use all, {listed}.")


def check_slices(name: str) -> str:
    """Like `check_slice`, and a kind with a star (``region:*``) for every slice of the kind that a run has."""
    kind, _, rest = name.partition(":")
    if rest != "*":
        return check_slice(name)
    if kind not in SLICES:
        raise WrongUse(f"'{name}' is not a family of slices{nearest(kind, SLICES)}: use {', '.join(f'{k}:*' for k in SLICES)}.")
    return name


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
    """The query of a figure's sums by model, slice and cluster, over the view its file reads."""
    return sql_of(metric).split(_VALUE_MARK)[0] + "SELECT * FROM by_cluster"


def view_of(metric: str) -> str:
    """The view that a figure's file reads: ``cells``, ``sums``, ``pictures``, ``judged`` or ``probed``."""
    text = _without_comments(sql_of(metric))
    return next(view for view in _CHAINS if re.search(rf"FROM {view}\b", text))


def literal(value: str) -> str:
    """A string as DuckDB writes it, on one line whatever it holds."""
    quoted = value.replace("'", "''")
    if quoted.isprintable():
        return f"'{quoted}'"
    escaped = quoted.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"E'{escaped}'"


def view_query(name: View, scope: Scope, model_ids: Sequence[str], cluster: Cluster = "identity") -> str:
    """The query of a view of the ``sql`` folder with its variables filled in."""
    values = {
        "dataset": literal(scope.dataset),
        "median": literal(scope.median),
        "models": f"[{', '.join(map(literal, model_ids))}]",
        "cluster": literal(cluster),
    }
    # Comments go first: a name that is filled in could hold anything.
    return re.sub(r"getvariable\('(\w+)'\)", lambda match: values[match[1]], _without_comments(sql_of(name)))


def _indented(query: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in query.strip().splitlines())


def _without_comments(query: str) -> str:
    return "\n".join(line for line in query.splitlines() if not line.lstrip().startswith("--"))


def query_for(metric: str, slice_name: str, model_ids: str | Sequence[str], scope: Scope) -> str:
    """The one query that recomputes a number of the metrics table from a workspace's tables alone, for DuckDB.

    It answers a row (model_id, slice, value, n) for each model, the number itself in ``value``. Raises `WrongUse` for an unknown
    metric or slice.
    """
    figure, models = check_metric(metric), [model_ids] if isinstance(model_ids, str) else list(dict.fromkeys(model_ids))
    views = "".join(f"{name} AS (\n{_indented(view_query(name, scope, models))}),\n" for name in _CHAINS[view_of(metric)])
    text = re.sub(r"getvariable\('dataset'\)", lambda _: literal(scope.dataset), sql_of(metric))
    sums, value = (_without_comments(part).strip() for part in text.split(_VALUE_MARK))
    return (
        # Not a comment of two dashes: given to a command, that would read as an option.
        f"/* {figure.name}, {slice_name.replace('*/', '* /')}: {figure.meaning} "
        f"(supervision at version {scope.dataset_version}) */\n"
        f"WITH {views}{sums.removeprefix('WITH ')},\n"
        f"figure AS (\n{_indented(value)})\n"
        f"SELECT model_id, slice, value, n FROM figure WHERE slice = {literal(check_slice(slice_name))} ORDER BY model_id"
    )
