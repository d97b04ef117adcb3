"""Flow: measure a model and let the gate decide on it."""

from __future__ import annotations

from prefect import flow

from flows import steps
from flows.shipped import new_run_id, policy_named
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.promote import Promoted
from tasks.supervise import versions_now


@flow(name="promote")
def promote(model: str, recipe: Recipe = Recipe(), workspace: str | None = None) -> Promoted:
    """Evaluates a model afresh on a recipe's held-out pictures and promotes it if the recipe's policy says so."""
    policy = policy_named(recipe.promotion.policy)
    place = Workspace.open(workspace)
    run_id, progress = new_run_id(recipe), steps.flow_progress()
    steps.evaluate(place, recipe, model, versions_now(place), run_id, progress)
    decided: Promoted = steps.promote(place, policy, model, run_id, progress)
    steps.leave_decision(place, run_id)
    return decided
