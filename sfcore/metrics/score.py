"""Scores models against the truth: every figure, for every slice, with an interval over identities or takes.

One compiled pass over the cells of a model adds up everything that its figures need by slice and cluster; the figures' SQL reads
those sums, and numpy draws the clusters again and again from them. Models are independent of each other and are scored side by
side, each on one thread, so that sums come in the same order and the table has the same bytes on any machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed
from sfcore.metrics.cells import Pictures, add_cells, channel_slices, sums_table
from sfcore.metrics.figures import FIGURES, Cluster, Figure, Scope, View, check_scope, literal, sums_query, view_of, view_query
from sfcore.metrics.intervals import (
    Array,
    draw_weights,
    mean_correlations,
    mean_rank_correlations,
    mean_slopes,
    percentile_intervals,
    ratios,
    silent_channels,
)
from sfcore.metrics.ranks import rank_sums
from sfcore.recipe import Evaluation
from sfcore.store.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_COLUMNS: dict[str, tuple[str, ...]] = {
    "ratio": ("numerator", "denominator"),
    "root": ("numerator", "denominator"),
    "correlation": ("cells", "t", "p", "tt", "pp", "tp"),
    "slope": ("cells", "t", "p", "tt", "pp", "tp"),
    "never": ("active", "fired"),
}
"""Form of a figure -> the columns of its file's sums, in the order that `sfcore.metrics.intervals` takes them."""
_VALUES = {
    "ratio": ratios,
    "root": lambda weights, sums: np.sqrt(ratios(weights, sums)),
    "correlation": mean_correlations,
    "slope": mean_slopes,
    "never": silent_channels,
    "rank": mean_rank_correlations,
}
_SHARED: tuple[View, ...] = ("learnt", "truth")
"""Views that all models share."""
_MADE: tuple[tuple[View, str], ...] = (("channels", "TABLE"), ("pictures", "TABLE"), ("judged", "VIEW"), ("probed", "TABLE"))
"""Views that a model's figures read beside ``sums``, in order; those that many figures read are made once."""
_MOST_AT_ONCE = 4
"""Models scored side by side: each holds its sums in memory."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What it takes to score one model, and by which draws; ``truth`` and ``pictures`` are the same rows in the same order."""

    scope: Scope
    truth: pa.Table
    pictures: Pictures
    median: NDArray[np.float32]
    weights: Array
    confidence: float
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class _Answered:
    """A model's answers as SQL reads them, as (n, 61) numbers in the order of the pictures, how its words were judged, and
    what it answered when asked again."""

    rows: pa.Table
    numbers: NDArray[np.float32]
    judged: pa.Table
    probes: pa.Table


@dataclass(frozen=True, slots=True)
class _Group:
    """The sums of one figure in one slice, (clusters, ...)."""

    slice: str
    sums: Array
    n: int


@dataclass(frozen=True, slots=True)
class _Scored:
    """One figure of one model in k slices; all arrays (k,) but the deviations, (k, resamples)."""

    model_id: str
    metric: str
    slices: list[str]
    value: Array
    low: Array
    high: Array
    n: NDArray[np.int64]
    clusters: NDArray[np.int64]
    deviations: NDArray[np.float32]


def score(
    con: duckdb.DuckDBPyConnection,
    run_id: str,
    model_ids: Sequence[str],
    dataset: str,
    dataset_version: int,
    evaluation: Evaluation,
    seed: int,
    cluster: Cluster = "identity",
) -> pa.Table:
    """Scores ``model_ids`` on the test split of ``dataset``; returns rows of the metrics table, in the order of the models given.

    ``con`` holds the views ``supervision`` (at ``dataset_version``), ``predictions``, for figures of words and skin
    ``judgements``, and for those of second answers ``probes``. Exactly one of the models is a median baseline, whose answers
    also say which pictures are under evaluation (``sql/truth.sql``). ``cluster`` is what the intervals draw. A figure without a
    value in a slice has no row. Intervals are null where fewer than two clusters count. Raises `WrongUse` without a median,
    `WorkFailed` when there is nothing to score, a model has not answered, or an answer is there twice.
    """
    scope = check_scope(model_ids, dataset, dataset_version)
    models = list(dict.fromkeys(model_ids))
    try:
        for name in _SHARED:
            kind = "VIEW" if name == "learnt" else "TABLE"
            con.execute(f"CREATE OR REPLACE TEMP {kind} {name} AS {view_query(name, scope, models, cluster)}")
        con.execute(
            "CREATE OR REPLACE TEMP TABLE asked AS SELECT sample_id, row_number() OVER (ORDER BY sample_id) - 1 AS row FROM truth"
        )
        truth = con.sql("SELECT * FROM truth ORDER BY sample_id").to_arrow_table()
        _check_answers(con, scope, models)
        median = _numbers(_answers(con, scope.median), truth.num_rows)
        pictures = _pictures(truth)
        weights = draw_weights(len(pictures.clusters), evaluation.bootstrap, seed)
        task = _Task(scope, truth, pictures, median, weights, evaluation.confidence, cluster)
        reading = Lock()

        def scored(model: str) -> list[_Scored]:
            # A connection serves one thread at a time; what a model answered is read when its turn comes, not before.
            with reading:
                answered = _answered(con, model, truth.num_rows)
            return _score_model(task, model, answered)

        with ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
            parts = [part for parts in pool.map(scored, models) for part in parts]
    finally:
        con.execute("DROP TABLE IF EXISTS temp.asked; DROP TABLE IF EXISTS temp.truth; DROP VIEW IF EXISTS temp.learnt")
    return _table(parts, {"run_id": run_id, "dataset": dataset, "dataset_version": dataset_version})


def _check_answers(con: duckdb.DuckDBPyConnection, scope: Scope, models: list[str]) -> None:
    listed = ", ".join(map(literal, models))
    counted = con.execute(
        "SELECT model_id, count(*), count(DISTINCT sample_id) FROM predictions "
        f"WHERE model_id IN ({listed}) AND sample_id IN (SELECT sample_id FROM asked) GROUP BY model_id"
    ).fetchall()
    if not counted:
        raise WorkFailed(
            f"nothing to score: no test picture of '{scope.dataset}' has been answered; 'sface evaluate' asks and scores."
        )
    silent = [model for model in models if model not in {row[0] for row in counted}]
    if silent:
        raise WorkFailed(
            f"{silent[0]} has answered no test picture of '{scope.dataset}' at version {scope.dataset_version}, whatever it "
            "answered of other versions: 'sface evaluate' asks it and scores."
        )
    doubled = [model for model, rows, samples in counted if rows != samples]
    if doubled:
        raise WorkFailed(f"predictions hold more than one answer of {doubled[0]} to a picture: keep one for each sample_id.")


def _answers(con: duckdb.DuckDBPyConnection, model: str) -> pa.Table:
    """What a model answered to the pictures under evaluation, with each picture's place among them in ``row``."""
    channels = ", ".join(f'"{name}"' for name in NAMES)
    return con.sql(
        f"SELECT row, model_id, sample_id, {channels}, expression_category, parsed, tokens, milliseconds "
        f"FROM predictions INNER JOIN asked USING (sample_id) WHERE model_id = {literal(model)}"
    ).to_arrow_table()


def _answered(con: duckdb.DuckDBPyConnection, model: str, pictures: int) -> _Answered:
    rows = _answers(con, model)
    numbers = _numbers(rows, pictures)
    return _Answered(rows, numbers, _beside(con, "judgements", model), _beside(con, "probes", model))


def _beside(con: duckdb.DuckDBPyConnection, table: str, model: str) -> pa.Table:
    """A model's rows of a table about the pictures under evaluation; none where the connection does not have the table."""
    if not con.execute(f"SELECT count(*) FROM duckdb_views() WHERE view_name = {literal(table)}").fetchall()[0][0]:
        return SCHEMAS[table].empty_table()
    return con.sql(
        f"SELECT {table}.* FROM {table} INNER JOIN asked USING (sample_id) WHERE model_id = {literal(model)}"
    ).to_arrow_table()


def _numbers(answers: pa.Table, pictures: int) -> NDArray[np.float32]:
    """Answers as (pictures, 61) float32, nan where there is none: no row, one that did not parse, a null, an infinite number."""
    out = np.full((pictures, len(NAMES)), np.nan, np.float32)
    rows, parsed = answers["row"].to_numpy(), np.array(answers["parsed"].combine_chunks().to_numpy(zero_copy_only=False), bool)
    for place, name in enumerate(NAMES):
        out[rows[parsed], place] = answers[name].to_numpy()[parsed]
    out[np.isinf(out)] = np.nan
    return out


def _pictures(truth: pa.Table) -> Pictures:
    cluster, domain, familiarity, expression, pose = (
        _coded(truth, name) for name in ("cluster", "domain", "familiarity", "expression", "pose")
    )
    neutral = truth["neutral"].combine_chunks().to_numpy(zero_copy_only=False)
    codes = cluster[1], domain[1], familiarity[1], expression[1], pose[1]
    return Pictures(_matrix(truth["truths"]), neutral, *codes, cluster[0], domain[0], familiarity[0], expression[0], pose[0])


def _score_model(task: _Task, model: str, answered: _Answered) -> list[_Scored]:
    import duckdb

    with duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as con:
        # Sums of many threads come in any order, and with them the last digits.
        con.execute("SET threads = 1")
        con.execute("SET enable_progress_bar = false")
        _make_views(con, task, model, answered)
        parts = []
        for figure in FIGURES.values():
            ranked = figure.form == "rank"
            groups = list(_rank_groups(task, answered.numbers) if ranked else _groups(con, figure, task.pictures.clusters))
            if groups:
                parts.append(_scored(model, figure, groups, task))
    return parts


def _make_views(con: duckdb.DuckDBPyConnection, task: _Task, model: str, answered: _Answered) -> None:
    con.register("truth", task.truth)
    con.register("predictions", answered.rows)
    con.register("judgements", answered.judged)
    con.register("probes", answered.probes)
    con.execute(f"SET VARIABLE dataset = {literal(task.scope.dataset)}")
    for name, kind in _MADE:
        con.execute(f"CREATE TEMP {kind} {name} AS {view_query(name, task.scope, [model], task.cluster)}")
    blocks = list(add_cells(task.pictures, answered.numbers, task.median, task.scope.dataset))
    con.register("sums", sums_table(blocks, task.pictures, model))


def _scored(model: str, figure: Figure, groups: list[_Group], task: _Task) -> _Scored:
    values = np.stack([_VALUES[figure.form](task.weights, group.sums) for group in groups], axis=1)
    kept = np.flatnonzero(np.isfinite(values[0]))
    values = values[:, kept]
    clusters = np.array([np.count_nonzero(groups[i].sums.any(axis=tuple(range(1, groups[i].sums.ndim)))) for i in kept], np.int64)
    low, high = percentile_intervals(values[1:], task.confidence, clusters)
    names, counts = [groups[i].slice for i in kept], np.array([groups[i].n for i in kept], np.int64)
    return _Scored(
        model, figure.name, names, values[0], low, high, counts, clusters, (values[1:] - values[0]).T.astype(np.float32)
    )


def _table(parts: list[_Scored], named: dict[str, Any]) -> pa.Table:
    """Rows of the metrics table."""
    import pyarrow as pa

    rows = sum(len(part.slices) for part in parts)
    deviations = [part.deviations for part in parts if len(part.slices)]
    resamples = deviations[0].shape[1] if deviations else 0
    flat = np.concatenate([part.ravel() for part in deviations]) if deviations else np.empty(0, np.float32)
    columns: dict[str, Any] = {
        "model_id": [part.model_id for part in parts for _ in part.slices],
        "metric": [part.metric for part in parts for _ in part.slices],
        "slice": [name for part in parts for name in part.slices],
        "deviations": pa.ListArray.from_arrays(
            np.arange(rows + 1, dtype=np.int32) * resamples, pa.array(flat, pa.float32(), from_pandas=True)
        ),
    }
    for name, values in (("value", "value"), ("ci_low", "low"), ("ci_high", "high"), ("n", "n"), ("clusters", "clusters")):
        whole = np.concatenate([getattr(part, values) for part in parts]) if parts else np.empty(0)
        columns[name] = pa.array(whole, SCHEMAS["metrics"].field(name).type, from_pandas=True)
    columns |= {name: [value] * rows for name, value in named.items()}
    return pa.Table.from_arrays([_as(columns[field.name], field) for field in SCHEMAS["metrics"]], schema=SCHEMAS["metrics"])


def _as(values: Any, column: pa.Field) -> pa.Array:
    import pyarrow as pa

    return values if isinstance(values, pa.Array) else pa.array(values, column.type)


def _groups(con: duckdb.DuckDBPyConnection, figure: Figure, clusters: list[str]) -> Iterator[_Group]:
    """Cuts the sums of a figure into one array for each slice."""
    table = con.sql(sums_query(figure.name)).to_arrow_table()
    if not table.num_rows:
        return
    names, which = _coded(table, "slice")
    place = {cluster: index for index, cluster in enumerate(clusters)}
    of_clusters, at = _coded(table, "cluster")
    cluster = np.array([place[name] for name in of_clusters], np.int64)[at]
    columns = np.stack([table[name].to_numpy() for name in _COLUMNS[figure.form]], axis=-1).astype(np.float64)
    # The sum over a cluster without a single case is null, and adds nothing.
    columns = np.nan_to_num(columns, nan=0.0)
    counts = _pictures_of(table, figure)
    channel = _coded(table, "channel")[1] if "channel" in table.column_names else None
    order = np.argsort(which, kind="stable")
    for index, rows in enumerate(np.split(order, np.searchsorted(which[order], np.arange(1, len(names))))):
        if channel is None:
            sums = np.zeros((len(clusters), columns.shape[1]))
            sums[cluster[rows]] = columns[rows]
        else:
            _, local = np.unique(channel[rows], return_inverse=True)
            sums = np.zeros((len(clusters), int(local.max()) + 1, columns.shape[1]))
            sums[cluster[rows], local] = columns[rows]
        yield _Group(names[index], sums, _n(figure, counts[rows], sums))


def _coded(table: pa.Table, name: str) -> tuple[list[str], NDArray[np.int64]]:
    """A column of text as its values, sorted, and an index into them for each row, -1 for null."""
    import pyarrow as pa

    column = table[name].combine_chunks()
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    names, codes = encoded.dictionary.to_pylist(), encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    order = sorted(range(len(names)), key=names.__getitem__)
    places = np.full(len(names) + 1, -1, np.int64)
    places[order] = np.arange(len(names))
    return [names[i] for i in order], places[codes]


def _pictures_of(table: pa.Table, figure: Figure) -> Array:
    name = {"never": "pictures_active"}.get(figure.form, "n")
    return table[name].to_numpy().astype(np.float64) if name in table.column_names else np.zeros(table.num_rows)


def _n(figure: Figure, counts: Array, sums: Array) -> int:
    """Pictures behind a number, as the figure's file counts them."""
    if figure.form in ("correlation", "slope"):
        count, true, _, true_square = (sums[..., index].sum(axis=0) for index in range(4))
        varies = true_square / count - (true / count) ** 2 > 1e-10
        return int(count[varies].max(initial=0))
    # Sums over coefficients name the pictures of the whole slice in each row, those over pictures the cluster's own.
    return int(counts.max() if view_of(figure.name) == "sums" else counts.sum())


def _rank_groups(task: _Task, predicted: NDArray[np.float32]) -> Iterator[_Group]:
    """Ranks want every cell, so they come from the arrays themselves."""
    cluster, clusters = task.pictures.cluster, len(task.pictures.clusters)
    # A channel in one piece: its numbers are read many times.
    truth, predicted = np.ascontiguousarray(task.pictures.truth.T), np.ascontiguousarray(predicted.T)
    columns = [rank_sums(truth[i], predicted[i], cluster, clusters) for i in range(len(NAMES))]
    sums, counts = np.stack([column for column, _ in columns], axis=1), np.array([n for _, n in columns])
    everywhere = np.arange(len(NAMES))
    for name, places in {"all": everywhere, f"dataset:{task.scope.dataset}": everywhere, **channel_slices()}.items():
        yield _Group(name, sums[:, places], int(counts[places].max()))


def _matrix(lists: pa.ChunkedArray) -> NDArray[np.float32]:
    """A column of n lists of 61 as (n, 61) float32; nan for null numbers."""
    import pyarrow.compute as pc

    flat = pc.list_flatten(lists.combine_chunks())
    return np.array(flat.to_numpy(zero_copy_only=False), np.float32).reshape(-1, len(NAMES))
