"""What the labels of a dataset cover, as the workspace holds them."""

from __future__ import annotations

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
        rejects = _rejects(con, dataset)
    of_dataset = pc.field("dataset") == dataset
    labels = workspace.dataset("labels").scanner(filter=of_dataset, batch_size=_BATCH, batch_readahead=4, fragment_readahead=1)
    return coverage_of(dataset, labels.to_batches(), rejects, others)


def _rejects(con: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, int]:
    """Reason -> rows that ingest could not keep, each once however often it was brought.

    Rows that an earlier sface wrote do not say their dataset: those are its own that come from a source of its labels.
    """
    columns = [row[0] for row in con.execute("describe rejects").fetchall()]
    of_source = "source in (select distinct source_name from labels where dataset = $1)"
    # Asked of the table itself, 'is null' misses files that were written before the column came.
    mine = f"coalesce(dataset, '') in ($1, '') and (dataset = $1 or {of_source})" if "dataset" in columns else of_source
    query = f"select reason, count(*) from (select distinct source, row, reason from rejects where stage = 'ingest' and {mine})"
    return {str(reason): int(rows) for reason, rows in con.execute(f"{query} group by reason", [dataset]).fetchall()}
