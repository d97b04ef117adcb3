"""What the labels of a dataset cover, as the workspace holds them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from sfcore.errors import WrongUse, nearest
from sfcore.recordings.label_coverage import LabelCoverage, coverage_of
from sfcore.store.query import connect
from sfcore.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

# Rows with pictures are large.
_BATCH = 512
_MOST_CONFLICTS = 100


def coverage_in(workspace: Workspace, dataset: str) -> LabelCoverage:
    """Reads a dataset's labels once, in parts; raises `WrongUse` with the nearest name when there are none."""
    with connect(workspace) as con:
        known = [str(row[0]) for row in con.execute("select distinct dataset from labels order by 1").fetchall()]
        if dataset not in known:
            there = f"there is {', '.join(known)}" if known else "bring a recording in with 'sface ingest'"
            raise WrongUse(f"no labels of a dataset '{dataset}'{nearest(dataset, known)}: {there}.")
        query = "select distinct source_hash, dataset, take from labels where dataset <> ? order by all"
        others = {
            content: f"take '{take}' of dataset '{other}'" for content, other, take in con.execute(query, [dataset]).fetchall()
        }
        rejects, conflicts = _rejects(con, dataset), _turned_away(con, dataset)
    of_dataset = pc.field("dataset") == dataset
    labels = workspace.dataset("labels").scanner(filter=of_dataset, batch_size=_BATCH, batch_readahead=4, fragment_readahead=1)
    coverage = coverage_of(dataset, labels.to_batches(), rejects, others)
    return replace(coverage, conflicts=(*conflicts, *coverage.conflicts))


def _rejects(con: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, int]:
    """Reason -> rows that ingest could not keep, each once however often it was brought.

    Rows that an earlier sface wrote do not say their dataset: those are its own that come from a source of its labels.
    """
    rows = f"select distinct source, row, reason from rejects where stage = 'ingest' and {_mine(con)}"
    query = f"select reason, count(*) from ({rows})"
    return {str(reason): int(rows) for reason, rows in con.execute(f"{query} group by reason", [dataset]).fetchall()}


def _turned_away(con: duckdb.DuckDBPyConnection, dataset: str) -> list[str]:
    """A sentence for each take that did not come in because its content or its name was there."""
    reasons = ("same content as another take", "name taken")
    query = f"select distinct detail from rejects where stage = 'ingest' and reason in {reasons} and {_mine(con)} order by 1"
    return [str(row[0]) for row in con.execute(f"{query} limit {_MOST_CONFLICTS}", [dataset]).fetchall()]


def _mine(con: duckdb.DuckDBPyConnection) -> str:
    """The condition that tells a dataset's rejects."""
    of_source = "source in (select distinct source_name from labels where dataset = $1)"
    if "dataset" not in [row[0] for row in con.execute("describe rejects").fetchall()]:
        return of_source
    # Asked of the table itself, 'is null' misses files that were written before the column came.
    return f"coalesce(dataset, '') in ($1, '') and (dataset = $1 or {of_source})"
