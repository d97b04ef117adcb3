"""Flow: supervision into a student."""

from __future__ import annotations

from prefect import flow

from flows import steps
from flows.shipped import new_run_id
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.distill import Distilled
from tasks.supervise import versions_now
from tasks.teacher import named


@flow(name="distill")
def distill(recipe: Recipe = Recipe(), workspace: str | None = None) -> Distilled:
    """Trains a student on the newest supervision of a recipe, or goes on where an interrupted training stopped."""
    place = Workspace.open(workspace)
    recipe = named(recipe)
    return steps.distill(place, recipe, versions_now(place), new_run_id(recipe), steps.flow_progress())
