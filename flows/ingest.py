"""Flow: recordings into a dataset's labels."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import steps
from flows.shipped import new_run_id
from sfcore.recipe import Recipe, recipe_from
from sfcore.store.workspace import Workspace
from tasks.ingest import Ingested


@flow(name="ingest")
def ingest(
    source: Annotated[
        str, Field(min_length=1, description="recordings: file, folder, pattern, zip or s3:// address, as the worker sees it")
    ],
    dataset: Annotated[str, Field(min_length=1, description="name of the dataset it joins")],
    workspace: str | None = None,
) -> Ingested:
    """Adds a recording to a dataset; ingesting it twice adds nothing."""
    labels = recipe_from({"labels": {"source": source, "dataset": dataset}}, "the parameters").labels
    run_id = new_run_id(Recipe(name="ingest"))
    return steps.ingest(Workspace.create(workspace), labels, 0, run_id, steps.flow_progress())
