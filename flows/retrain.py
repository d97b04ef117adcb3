"""Flow: the whole way, from labels to a promoted or refused model and a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import flow

from flows import steps
from flows.shipped import new_run_id, policy_named
from sfcore.recipe import Recipe
from sfcore.store.workspace import Workspace
from tasks.cluster import Resources, ray_cluster
from tasks.ingest import Ingested
from tasks.promote import Promoted
from tasks.report import Reported
from tasks.supervise import Supervised
from tasks.teacher import named


@dataclass(frozen=True, slots=True)
class Retrained:
    """What one run left: its name, its candidate, the gate's word on it, and where to look."""

    run_id: str
    model_id: str
    ingested: Ingested
    supervised: Supervised
    promoted: Promoted
    reported: Reported


@flow(name="retrain")
def retrain(recipe: Recipe = Recipe(), workspace: str | None = None) -> Retrained:
    """Retrains a student on a recipe's labels and promotes it if its policy says so; finished work is found and not repeated."""
    started = datetime.now(UTC)
    recipe = named(recipe)
    policy = policy_named(recipe.promotion.policy)
    place = Workspace.create(workspace)
    run_id, progress = new_run_id(recipe), steps.flow_progress()
    with ray_cluster(Resources.of(recipe.training)):
        ingested = steps.ingest(place, recipe.labels, recipe.seed, run_id, progress)
        supervised = steps.supervise(place, recipe, run_id, progress)
        student = steps.distill(place, recipe, supervised.versions, run_id, progress)
        steps.evaluate(place, recipe, student.model_id, supervised.versions, run_id, progress)
        promoted = steps.promote(place, policy, student.model_id, run_id, progress)
        steps.tell_of_decision(promoted)
        reported = steps.report(place, recipe, run_id, student.model_id, supervised.versions, started, progress)
    steps.leave_artifacts(place, run_id, reported)
    return Retrained(run_id, student.model_id, ingested, supervised, promoted, reported)
