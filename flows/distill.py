"""Flow: supervision into a student."""

from __future__ import annotations

from prefect import flow

from flows import steps
from flows.shipped import new_run_id
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.distill import Distilled
from tasks.sight import Sighted, teach_sight
from tasks.supervise import versions_now
from tasks.teacher import named


@flow(name="distill")
def distill(recipe: Recipe = Recipe(), workspace: str | None = None) -> Distilled | Sighted:
    """Trains a student on the newest supervision of a recipe, or goes on where an interrupted training stopped.

    A recipe with a part 'sight' teaches the tower of a tiny base instead.
    """
    place = Workspace.open(workspace)
    if recipe.sight is not None:
        return teach_sight(place, recipe, None, steps.flow_progress())
    recipe = named(recipe)
    return steps.distill(place, recipe, versions_now(place), new_run_id(recipe), steps.flow_progress())
