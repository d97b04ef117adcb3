"""Flow: labels into pictures with descriptions."""

from __future__ import annotations

from prefect import flow

from flows import steps
from flows.shipped import new_run_id
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.supervise import Supervised
from tasks.teacher import named


@flow(name="supervise")
def supervise(recipe: Recipe = Recipe(), workspace: str | None = None) -> Supervised:
    """Makes the samples of a recipe that are not there yet."""
    recipe = named(recipe)
    return steps.supervise(Workspace.open(workspace), recipe, new_run_id(recipe), steps.flow_progress())
