"""Scores models against the truth: every figure, for every slice, with an interval over identities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.errors import WorkFailed
from sfcore.metrics.figures import FIGURES, Scope, check_scope, literal, sums_query, view_query
from sfcore.metrics.intervals import LEAST_VARIANCE, Array, draw_weights, mean_correlations, percentile_interval, ratios
from sfcore.recipe import Evaluation
from sfcore.store.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_CORRELATION_SUMS = ("cells", "t", "p", "tt", "pp", "tp")


@dataclass(frozen=True, slots=True)
class _Group:
    """The sums of one figure for one model and slice."""

    model_id: str
    slice: str
    sums: Array
    n: int


def score(
    con: duckdb.DuckDBPyConnection,
    run_id: str,
    model_ids: Sequence[str],
    dataset: str,
    dataset_version: int,
    evaluation: Evaluation,
    seed: int,
) -> pa.Table:
    """Scores ``model_ids`` on the test split of ``dataset``; returns rows of the metrics table, in the order of the models given.

    ``con`` holds the views ``supervision`` (at ``dataset_version``) and ``predictions``; exactly one of the models is a median
    baseline, whose answers also say which pictures are under evaluation (``sql/truth.sql``). A figure without a value in a slice
    has no row. Intervals are null where fewer than two identities count. Raises `WrongUse` without a median, `WorkFailed` when
    there is nothing to score, a model has not answered, or an answer is there twice.
    """
    import pyarrow as pa

    scope = check_scope(model_ids, dataset, dataset_version)
    models = list(dict.fromkeys(model_ids))
    threads = con.execute("SELECT current_setting('threads')").fetchall()[0][0]
    con.execute(f"CREATE OR REPLACE TEMP VIEW truth AS {view_query('truth', scope, models)}")
    try:
        # Threads add up in whatever order they finish, and the last digits follow: one thread, the same bytes again.
        con.execute("SET threads = 1")
        _check_answers(con, scope, models)
        con.execute(f"CREATE OR REPLACE TEMP VIEW answers AS {view_query('answers', scope, models)}")
        identities = [row[0] for row in con.execute("SELECT DISTINCT identity FROM truth ORDER BY identity").fetchall()]
        weights = draw_weights(len(identities), evaluation.bootstrap, seed)
        rows = [row for metric in FIGURES for row in _figure_rows(con, metric, identities, weights, evaluation.confidence)]
    finally:
        con.execute(f"SET threads = {threads}")
        con.execute("DROP VIEW IF EXISTS temp.answers")
        con.execute("DROP VIEW IF EXISTS temp.truth")
    named = {"run_id": run_id, "dataset": dataset, "dataset_version": dataset_version}
    rows.sort(key=lambda row: models.index(row["model_id"]))
    return pa.Table.from_pylist([row | named for row in rows], schema=SCHEMAS["metrics"])


def _check_answers(con: duckdb.DuckDBPyConnection, scope: Scope, models: list[str]) -> None:
    listed = ", ".join(map(literal, models))
    counted = con.execute(
        "SELECT model_id, count(*), count(DISTINCT sample_id) FROM predictions "
        f"WHERE model_id IN ({listed}) AND sample_id IN (SELECT sample_id FROM truth) GROUP BY model_id"
    ).fetchall()
    if not counted:
        raise WorkFailed(
            f"nothing to score: no test picture of '{scope.dataset}' has been answered; 'sface evaluate' asks and scores."
        )
    silent = [model for model in models if model not in {row[0] for row in counted}]
    if silent:
        raise WorkFailed(f"{silent[0]} has answered no test picture of '{scope.dataset}': 'sface evaluate' asks it and scores.")
    doubled = [model for model, rows, samples in counted if rows != samples]
    if doubled:
        raise WorkFailed(f"predictions hold more than one answer of {doubled[0]} to a picture: keep one for each sample_id.")


def _figure_rows(
    con: duckdb.DuckDBPyConnection, metric: str, identities: list[str], weights: Array, confidence: float
) -> Iterator[dict[str, Any]]:
    of_weights = mean_correlations if metric == "correlation" else ratios
    for group in _groups(con, metric, identities):
        values = of_weights(weights, group.sums)
        if not np.isfinite(values[0]):
            continue
        counted = np.count_nonzero(group.sums.reshape(len(group.sums), -1).any(axis=1))
        interval = percentile_interval(values[1:], confidence) if counted > 1 else None
        low, high = interval or (None, None)
        statistic = {"value": float(values[0]), "ci_low": low, "ci_high": high, "n": group.n}
        yield {"model_id": group.model_id, "metric": metric, "slice": group.slice, **statistic}


def _groups(con: duckdb.DuckDBPyConnection, metric: str, identities: list[str]) -> Iterator[_Group]:
    """Cuts the sums of a figure, which come ordered by model and slice, into one array for each of them."""
    columns = con.execute(sums_query(metric)).fetchnumpy()
    model, slices = columns["model_id"].astype(str), columns["slice"].astype(str)
    place = {identity: index for index, identity in enumerate(identities)}
    identity = np.array([place[name] for name in columns["identity"]], dtype=np.int64)
    changes = np.flatnonzero((model[1:] != model[:-1]) | (slices[1:] != slices[:-1])) + 1
    for rows in np.split(np.arange(len(model)), changes):
        if len(rows):
            part = {name: column[rows] for name, column in columns.items()}
            sums, n = (_correlation_sums if metric == "correlation" else _ratio_sums)(part, identity[rows], len(identities))
            yield _Group(str(model[rows[0]]), str(slices[rows[0]]), sums, n)


def _ratio_sums(part: dict[str, Any], identity: np.ndarray, identities: int) -> tuple[Array, int]:
    sums = np.zeros((identities, 2))
    sums[identity, 0], sums[identity, 1] = part["numerator"], part["denominator"]
    return sums, int(part["n"].sum())


def _correlation_sums(part: dict[str, Any], identity: np.ndarray, identities: int) -> tuple[Array, int]:
    channels, channel = np.unique(part["channel"].astype(str), return_inverse=True)
    sums = np.zeros((identities, len(channels), len(_CORRELATION_SUMS)))
    for index, name in enumerate(_CORRELATION_SUMS):
        sums[identity, channel, index] = part[name]
    count, true, true_square = (sums[..., index].sum(axis=0) for index in (0, 1, 3))
    varies = true_square / count - (true / count) ** 2 > LEAST_VARIANCE
    return sums, int(count[varies].max(initial=0))
