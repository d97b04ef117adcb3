"""What the labels of a dataset cover, as the workspace holds them."""

from __future__ import annotations

import pyarrow.compute as pc

from sfcore.errors import WrongUse, nearest
from sfcore.recordings.label_coverage import LabelCoverage, coverage_of
from sfcore.store.query import connect
from sfcore.store.workspace import Workspace

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
        query = "select distinct source_name from labels where dataset = ?"
        sources = [row[0] for row in con.execute(query, [dataset]).fetchall()]
    of_dataset = pc.field("dataset") == dataset
    labels = workspace.dataset("labels").scanner(filter=of_dataset, batch_size=_BATCH, batch_readahead=4, fragment_readahead=1)
    of_ingest = (pc.field("stage") == "ingest") & pc.field("source").isin(sources)
    rejects = workspace.dataset("rejects").scanner(columns=["source", "row", "reason"], filter=of_ingest)
    return coverage_of(dataset, labels.to_batches(), rejects.to_batches(), others)
