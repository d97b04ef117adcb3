"""Flow: measure a model and let the gate decide on it."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import steps
from flows.shipped import new_run_id, policy_named
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.promote import Promoted
from tasks.supervise import versions_now


def _shown(title: str, description: str) -> object:
    # Prefect names a field of its form by the parameter, and lets nothing but the schema's extras say otherwise.
    return Field(json_schema_extra={"title": title, "description": description})


@flow(name="promote")
def promote(
    model: Annotated[str, _shown("Model", "Id of the candidate, as 'sface model list' shows it.")],
    dataset: Annotated[str, _shown("Dataset", "Name of the dataset whose held-out pictures measure it.")],
    policy: Annotated[
        str, _shown("Policy", "What it must show: 'default', 'strict', or the path of a policy file that the worker can read.")
    ] = "default",
    recipe: Annotated[
        Recipe,
        _shown("Recipe", "How the held-out pictures were made and it is measured; its dataset and policy are not used."),
    ] = Recipe(),
    workspace: Annotated[
        str | None, _shown("Workspace", "Folder or s3://bucket/prefix; empty means the worker's SFACE_WORKSPACE.")
    ] = None,
) -> Promoted:
    """Evaluates a model afresh on a dataset's held-out pictures and promotes it if the policy says so."""
    rules = policy_named(policy)
    place = Workspace.open(workspace)
    measured = recipe.model_copy(update={"labels": recipe.labels.model_copy(update={"dataset": dataset})})
    run_id, progress = new_run_id(measured), steps.flow_progress()
    steps.evaluate(place, measured, model, versions_now(place), run_id, progress)
    decided: Promoted = steps.promote(place, rules, model, run_id, progress)
    steps.tell_of_decision(decided)
    steps.leave_decision(place, run_id)
    return decided
