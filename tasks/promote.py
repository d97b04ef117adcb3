"""Step 5: the gate decides by the run's figures, the decision is kept, and the champion moves if it says so.

Every move goes the same way, whoever asks for it: the entry in the ledger first, then the champion, by compare-and-set. What is
killed in between is found by the next promotion, evaluation or look at the history, and finished.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import WorkFailed, WrongUse, nearest
from sfcore.gate.circumstances import Circumstances
from sfcore.gate.decide import Decision, decide
from sfcore.gate.ledger import (
    PINNED_TABLES,
    Entry,
    Kind,
    carry_out,
    champion_before,
    cut_off,
    new_entry,
    reigns_of,
    write_entry,
)
from sfcore.gate.policy import Policy
from sfcore.store.aliases import CHAMPION, Alias, LostRace, read_alias
from sfcore.store.pinned import versions_of
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
    policy: str = ""
    run_id: str = ""
    kind: Kind = "gate"
    why: str | None = None


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Who is champion again, who no longer is, and the entry that says so."""

    decision_id: str
    champion_before: str
    champion: str
    why: str


def promote(workspace: Workspace, policy: Policy, candidate: str, run_id: str, progress: Progress) -> Promoted:
    """Decides on the candidate by the metrics of ``run_id`` and moves ``champion`` when the verdict is *promote*.

    The decision is written before the alias moves, so a champion always has its decision. Raises `WrongUse` when there is no
    such model (a baseline is none), `WorkFailed` when the run has no metrics, `LostRace` when someone else moved the champion.
    """
    lineage_of(workspace, candidate)
    progress.begin("promote", 1, "decision")
    metrics = figures_of_run(workspace, run_id)
    seen = read_alias(workspace, CHAMPION)
    decision = decide(policy, metrics, candidate, seen.model_id, _circumstances(workspace, candidate, seen))
    entry = new_entry(decision, seen, candidate, run_id, policy, _pinned(workspace, metrics))
    champion = _entered(workspace, entry, seen)
    required = [rule for rule in decision.rules if rule.required]
    passed = sum(rule.passed for rule in required)
    progress.end(f"{decision.verdict}: {passed} of {len(required)} required rules passed")
    return _promoted(entry, champion)


def force(workspace: Workspace, policy: Policy, candidate: str, run_id: str | None, why: str, progress: Progress) -> Promoted:
    """Makes the candidate champion whatever the gate finds; its verdict is kept beside the word *forced* and the reason ``why``.

    ``run_id`` None decides without figures, which every rule then misses. Raises as `promote` does, and `WrongUse` without a
    reason or for the present champion.
    """
    lineage_of(workspace, candidate)
    reason = _reason_given(why, "--force")
    progress.begin("promote", 1, "decision")
    none = workspace.schemas["metrics"].empty_table()
    metrics = none if run_id is None else figures_of_run(workspace, run_id)
    seen = read_alias(workspace, CHAMPION)
    if seen.model_id == candidate:
        raise WrongUse(f"{candidate} is the champion already: there is nothing to force.")
    decision = decide(policy, metrics, candidate, seen.model_id, _circumstances(workspace, candidate, seen))
    entry = new_entry(decision, seen, candidate, run_id or "", policy, _pinned(workspace, metrics), "forced", reason)
    champion = _entered(workspace, entry, seen)
    progress.end(f"forced: {candidate} is champion; the gate's verdict was {decision.verdict}")
    return _promoted(entry, champion)


def rollback(workspace: Workspace, why: str, progress: Progress) -> RolledBack:
    """Makes the champion before the present one champion again, and records the reason ``why``.

    Raises `WrongUse` without a reason or a champion before this one, or when that one's files are gone; `LostRace` when someone
    else moved the champion.
    """
    reason = _reason_given(why, "a rollback")
    progress.begin("rollback", 1, "move")
    seen = read_alias(workspace, CHAMPION)
    target = champion_before(reigns_of(workspace))
    if seen.model_id is None or target is None:
        who = "there is no champion yet" if seen.model_id is None else f"{seen.model_id} is the first champion"
        raise WrongUse(f"{who}: there is none before it to go back to.")
    if not workspace.is_complete(f"models/{target}"):
        raise WrongUse(
            f"the files of {target}, the champion before {seen.model_id}, are gone: name another model with "
            "'sface model promote MODEL --force --reason ...'."
        )
    decision = Decision("rollback", f"Rolled back from {seen.model_id} to {target}: {reason}", ())  # type: ignore[arg-type]
    entry = new_entry(decision, seen, target, "", None, None, "rollback", reason)
    champion = _entered(workspace, entry, seen)
    progress.end(f"{champion} is champion again, instead of {seen.model_id}")
    return RolledBack(entry.decision_id, seen.model_id, target, reason)


def finish_cut_off(workspace: Workspace) -> str | None:
    """Finishes a promotion that was killed before the champion moved, and says so in a sentence; None where there is none."""
    seen = read_alias(workspace, CHAMPION)
    left = cut_off(workspace, seen)
    if left is None:
        return None
    try:
        carry_out(workspace, left, seen)
    except LostRace:
        # Somebody has moved it since: nothing is left half-way.
        return None
    what = "a rollback" if left.kind == "rollback" else "a promotion"
    return (
        f"{what} to {left.candidate} (decision {left.decision_id}) was cut off before the champion moved: "
        f"it is finished now, and {left.candidate} is the champion."
    )


def figures_of_run(workspace: Workspace, run_id: str) -> pa.Table:
    """The metrics of a run; raises `WorkFailed` with the nearest run when it has none."""
    metrics = workspace.read("metrics", filter=pc.field("run_id") == run_id)
    if not metrics.num_rows:
        known = workspace.read("metrics", columns=["run_id"])["run_id"].unique().to_pylist()
        raise WorkFailed(f"run {run_id} has no metrics to decide by{nearest(run_id, known)}: run evaluate first.")
    return metrics


def _entered(workspace: Workspace, entry: Entry, seen: Alias) -> str | None:
    """Writes the entry and carries it out; returns who is champion then."""
    left = cut_off(workspace, seen)
    if left is not None and left.decision_id != entry.decision_id:
        # Decided earlier against the same champion, and not carried out: by the order of decisions it comes first.
        carry_out(workspace, left, seen)
        then = f"evaluate {entry.candidate} again, beside the new champion, and promote it by that run"
        if entry.kind == "rollback":
            then = "see 'sface model history', and roll back again if you still want to"
        raise LostRace(
            f"'{CHAMPION}' has gone to {left.candidate} by decision {left.decision_id}, which was made before this one and not "
            f"carried out until now: {then}."
        )
    write_entry(workspace, entry)
    return carry_out(workspace, entry, seen).model_id


def _promoted(entry: Entry, champion: str | None) -> Promoted:
    before = entry.champion_before
    return Promoted(
        entry.decision_id, entry.decision, entry.candidate, before, champion, entry.policy, entry.run_id, entry.kind, entry.why
    )


def _reason_given(why: str, what: str) -> str:
    if not why.strip():
        raise WrongUse(f'{what} needs a reason that will be kept: give --reason "...".')
    return why.strip()


def _pinned(workspace: Workspace, metrics: pa.Table) -> dict[str, int | None]:
    """The versions that the figures rest on: pictures as they were scored, the other tables as they are now."""
    versions = versions_of(workspace, PINNED_TABLES)
    if metrics.num_rows:
        versions["supervision"] = metrics["dataset_version"][0].as_py()
    return versions


def _circumstances(workspace: Workspace, candidate: str, seen: Alias) -> Circumstances | None:
    """What the decision should mention about the champion: its base, its files, and the pictures by which it was promoted."""
    if seen.model_id is None:
        return None
    try:
        base, is_there = lineage_of(workspace, seen.model_id).get("base"), True
    except (WrongUse, WorkFailed):
        # Its figures are in the run: the decision can be made without its files.
        base, is_there = None, False
    runs = workspace.read("decisions", columns=["run_id"], filter=pc.field("decision_id") == seen.decision_id)
    run = runs["run_id"][0].as_py() if runs.num_rows else ""
    pictures = workspace.read(
        "metrics",
        columns=["dataset", "dataset_version"],
        filter=(pc.field("run_id") == run) & (pc.field("model_id") == seen.model_id),
    ).slice(0, 1)
    dataset, version = (pictures[name][0].as_py() if pictures.num_rows else None for name in ("dataset", "dataset_version"))
    return Circumstances(lineage_of(workspace, candidate).get("base"), base, version, dataset, is_there)
