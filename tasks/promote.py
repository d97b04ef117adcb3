"""Step 5: the gate decides by the run's figures, the decision is kept, and the champion moves if it says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import WorkFailed, WrongUse
from sfcore.gate.decide import Circumstances, Decision, decide
from sfcore.gate.policy import Policy
from sfcore.randomness import digest
from sfcore.store.aliases import CHAMPION, Alias, move_alias, read_alias
from sfcore.store.workspace import Workspace
from sfcore.student.shelf import lineage_of
from tasks.progress import Progress


@dataclass(frozen=True, slots=True)
class Promoted:
    """What the gate decided; ``champion`` is who answers to that name afterwards."""

    decision_id: str
    decision: Decision
    candidate: str
    champion_before: str | None
    champion: str | None


def promote(workspace: Workspace, policy: Policy, candidate: str, run_id: str, progress: Progress) -> Promoted:
    """Decides on the candidate by the metrics of ``run_id`` and moves ``champion`` when the verdict is *promote*.

    The decision is written before the alias moves, so a champion always has its decision. Raises `WrongUse` when there is no
    such model (a baseline is none), `WorkFailed` when the run has no metrics, `LostRace` when someone else moved the champion.
    """
    lineage_of(workspace, candidate)
    progress.begin("promote", 1, "decision")
    metrics = workspace.read("metrics", filter=pc.field("run_id") == run_id)
    if not metrics.num_rows:
        raise WorkFailed(f"run {run_id} has no metrics to decide by: run evaluate first.")
    seen = read_alias(workspace, CHAMPION)
    decision = decide(policy, metrics, candidate, seen.model_id, _circumstances(workspace, candidate, seen))
    decision_id = digest(run_id, candidate, seen.model_id or "", policy.digest)[:16]
    workspace.append("decisions", _row(workspace, policy, decision, decision_id, run_id, candidate, seen.model_id), decision_id)
    champion = seen.model_id
    # A model that already is the champion stays it without another move.
    if decision.verdict == "promote" and candidate != seen.model_id:
        champion = move_alias(workspace, seen, candidate, decision_id).model_id
    required = [rule for rule in decision.rules if rule.required]
    passed = sum(rule.passed for rule in required)
    progress.end(f"{decision.verdict}: {passed} of {len(required)} required rules passed")
    return Promoted(decision_id, decision, candidate, seen.model_id, champion)


def _circumstances(workspace: Workspace, candidate: str, seen: Alias) -> Circumstances | None:
    """What the decision should mention about the champion: its base, and the pictures by which it was promoted."""
    if seen.model_id is None:
        return None
    try:
        base = lineage_of(workspace, seen.model_id).get("base")
    except (WrongUse, WorkFailed):
        # Its figures are in the run: the decision can be made without its files.
        base = None
    runs = workspace.read("decisions", columns=["run_id"], filter=pc.field("decision_id") == seen.decision_id)
    run = runs["run_id"][0].as_py() if runs.num_rows else ""
    versions = workspace.read(
        "metrics",
        columns=["dataset_version"],
        filter=(pc.field("run_id") == run) & (pc.field("model_id") == seen.model_id),
    )
    version = versions["dataset_version"][0].as_py() if versions.num_rows else None
    return Circumstances(lineage_of(workspace, candidate).get("base"), base, version)


def _row(
    workspace: Workspace,
    policy: Policy,
    decision: Decision,
    decision_id: str,
    run_id: str,
    candidate: str,
    champion: str | None,
) -> pa.Table:
    row = {
        "decision_id": decision_id,
        "run_id": run_id,
        "candidate": candidate,
        "champion_before": champion,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "rules": decision.rule_structs(),
        "policy": policy.name,
        "policy_digest": policy.digest,
        "decided_at": datetime.now(UTC),
    }
    return pa.Table.from_pylist([row], schema=workspace.schemas["decisions"])
