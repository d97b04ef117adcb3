"""Flow: a model's figures beside the champion's and the baselines'."""

from __future__ import annotations

from prefect import flow

from flows import steps
from flows.shipped import new_run_id
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.evaluate import Evaluated
from tasks.supervise import versions_now
from tasks.teacher import named


@flow(name="evaluate")
def evaluate(model: str, recipe: Recipe = Recipe(), workspace: str | None = None) -> Evaluated:
    """Scores a model on the held-out pictures of a recipe."""
    place = Workspace.open(workspace)
    recipe = named(recipe)
    return steps.evaluate(place, recipe, model, versions_now(place), new_run_id(recipe), steps.flow_progress())
