"""Flow: one recording, or the coefficient prior, into labels."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import steps
from flows.shipped import new_run_id
from sfcore.recipe import Labels, Recipe
from sfcore.store.workspace import Workspace
from tasks.ingest import Ingested


@flow(name="ingest")
def ingest(
    labels: Labels = Labels(),
    seed: Annotated[int, Field(ge=0, description="seed of the coefficient prior")] = 0,
    workspace: str | None = None,
) -> Ingested:
    """Adds a recording to a dataset; ingesting it twice adds nothing."""
    place = Workspace.create(workspace)
    return steps.ingest(place, labels, seed, new_run_id(Recipe(name="ingest")), steps.flow_progress())
