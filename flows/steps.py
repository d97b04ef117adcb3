"""The steps as Prefect runs them: the plain functions of ``tasks``, with retries, progress artifacts and results for people."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun

from flows.terminal import TerminalProgress, console
from sfcore.errors import SfaceError
from sfcore.store.workspace import Workspace
from tasks import distill as distill_module
from tasks import evaluate as evaluate_module
from tasks import ingest as ingest_module
from tasks import promote as promote_module
from tasks import report as report_module
from tasks import supervise as supervise_module
from tasks.artifacts import ArtifactProgress, leave_decision_artifact, leave_metric_table, leave_pictures
from tasks.events import tell_of_decision as tell_of_decision
from tasks.progress import Progress, Several
from tasks.report import Reported, decision_markdown, decision_row


def _worth_another_try(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    # What sface itself refuses, it will refuse again; a store or a node that failed may be back.
    result = state.data if isinstance(state.data, BaseException) else None
    return not isinstance(result, SfaceError)


def flow_progress() -> Progress:
    """Where steps of a flow report to: the terminal, and Prefect."""
    return Several([TerminalProgress(console(stderr=True)), ArtifactProgress()])


def _step(function: Any, name: str, retries: int = 0) -> Any:
    # Steps know by their keys what is done already, so Prefect's own cache would only add a second, weaker memory.
    return task(name=name, retries=retries, retry_condition_fn=_worth_another_try, cache_policy=NO_CACHE)(function)


ingest = _step(ingest_module.ingest, "ingest", retries=1)
supervise = _step(supervise_module.supervise, "supervise", retries=1)
distill = _step(distill_module.distill, "distill", retries=1)
evaluate = _step(evaluate_module.evaluate, "evaluate", retries=1)
promote = _step(promote_module.promote, "promote")
report = _step(report_module.report, "report", retries=1)


def leave_decision(workspace: Workspace, run_id: str) -> None:
    """Leaves the run's figures and its decision in Prefect."""
    figures = workspace.read("metrics", filter=(pc.field("run_id") == run_id) & (pc.field("slice") == "all"))
    leave_metric_table(figures.drop_columns(["run_id", "slice"]).to_pylist(), run_id)
    leave_decision_artifact(decision_markdown(decision_row(workspace, run_id)), run_id)


def leave_artifacts(workspace: Workspace, run_id: str, reported: Reported) -> None:
    """Leaves all that people look at after a run in Prefect."""
    leave_decision(workspace, run_id)
    leave_pictures(workspace.read_bytes(reported.sheet), workspace.uri(reported.page), run_id)
