"""A decision made again: from its kept policy, on the figures it was made on, and those figures from the answers behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import WorkFailed, WrongUse
from sfcore.gate.decide import Decision, RuleResult, decide
from sfcore.gate.ledger import Entry, read_entry
from sfcore.gate.policy import Policy
from sfcore.store.pinned import gone
from sfcore.store.query import ask, connect
from sfcore.store.workspace import Workspace

_SAME = 1e-9
"""Numbers that differ by less are the same: sums of two queries come in any order."""
_ANSWERS = ("predictions", "judgements", "probes", "supervision")
"""Tables that a rule's query reads."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What deciding again has shown.

    ``same``: the verdict, and each rule's outcome and numbers, are those of the decision. ``recomputed`` of ``numbers`` were also
    found again by the rules' own queries at the pinned versions. ``gone`` says in words what can no longer be read.
    """

    decision_id: str
    candidate: str
    policy: str
    policy_digest: str
    verdict: str
    verdict_then: str
    same: bool
    differences: tuple[str, ...]
    numbers: int
    recomputed: int
    gone: tuple[str, ...]
    decision: Decision


def replay(workspace: Workspace, decision_id: str) -> Replayed:
    """Decides again; nothing is written.

    Raises `WrongUse` when there is no such decision or it asked no gate, `WorkFailed` when what the verdict follows from (the
    policy or the figures) is gone, saying which.
    """
    entry = read_entry(workspace, decision_id)
    if entry.kind == "rollback":
        raise WrongUse(f"decision {decision_id} is a rollback, which asks no gate: there is no verdict to reach again.")
    policy, metrics = _policy_of(entry), _figures_of(workspace, entry)
    decision = decide(policy, metrics, entry.candidate, entry.champion_before)
    lost = _gone(workspace, entry)
    differences = _differences(entry, decision)
    readable = not any(name in lost for name in _ANSWERS)
    found, wrong = _recomputed(workspace, entry) if readable else (0, [])
    return Replayed(
        entry.decision_id,
        entry.candidate,
        entry.policy,
        entry.policy_digest,
        decision.verdict,
        entry.verdict,
        not differences and not wrong,
        (*differences, *wrong),
        sum(rule.query is not None and rule.candidate_value is not None for rule in entry.rules),
        found,
        tuple(lost.values()),
        decision,
    )


def _policy_of(entry: Entry) -> Policy:
    if entry.policy_text is None:
        raise WorkFailed(
            f"decision {entry.decision_id} was made by an sface that kept no policy with it: promote {entry.candidate} again by "
            f"run {entry.run_id} to have one that can be replayed."
        )
    return Policy.model_validate_json(entry.policy_text)


def _figures_of(workspace: Workspace, entry: Entry) -> pa.Table:
    version = (entry.pinned or {}).get("metrics")
    fault = gone(workspace, {"metrics": version}).get("metrics")
    if fault:
        raise WorkFailed(f"decision {entry.decision_id} cannot be reached again: its figures are gone, for {fault}.")
    metrics = workspace.read("metrics", version, filter=pc.field("run_id") == entry.run_id)
    if not metrics.num_rows and entry.run_id:
        raise WorkFailed(
            f"decision {entry.decision_id} cannot be reached again: the figures of run {entry.run_id} are gone from 'metrics'."
        )
    return metrics


def _gone(workspace: Workspace, entry: Entry) -> dict[str, str]:
    """What lies behind the figures and is no more, by name: tables, and the files of the two models."""
    lost = gone(workspace, {name: version for name, version in (entry.pinned or {}).items() if name != "metrics"})
    for model in (entry.candidate, entry.champion_before):
        if model is not None and not workspace.is_complete(f"models/{model}"):
            lost[model] = f"the files of {model} are gone"
    return lost


def _differences(entry: Entry, decision: Decision) -> tuple[str, ...]:
    if decision.verdict != entry.verdict:
        return (f"the verdict is {decision.verdict} now, and was {entry.verdict}",)
    pairs = zip(entry.rules, decision.rules, strict=False)
    return tuple(f"'{then.rule}' was {then.outcome}: {now.sentence}" for then, now in pairs if not _alike(then, now))


def _alike(then: RuleResult, now: RuleResult) -> bool:
    names = ("candidate_value", "candidate_low", "candidate_high", "other_value", "lead", "lead_low", "lead_high")
    same = all(_close(getattr(then, name), getattr(now, name)) for name in names)
    return same and (then.rule, then.outcome, then.slice) == (now.rule, now.outcome, now.slice)


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_SAME, abs_tol=_SAME)


def _recomputed(workspace: Workspace, entry: Entry) -> tuple[int, list[str]]:
    """Runs each rule's query at the pinned versions; how many numbers it found again, and a sentence for each that differs."""
    pinned = {name: version for name, version in (entry.pinned or {}).items() if version is not None}
    found, wrong = 0, []
    with connect(workspace, pinned) as con:
        for rule in entry.rules:
            if rule.query is None or rule.candidate_value is None:
                continue
            values = {row["model_id"]: row["value"] for row in ask(con, rule.query).to_pylist()}
            now = values.get(entry.candidate)
            other = values.get(rule.other) if rule.other else None
            if _close(now, rule.candidate_value) and (rule.other is None or _close(other, rule.other_value)):
                found += 1
            else:
                wrong.append(f"'{rule.rule}' was {rule.candidate_value:.9g}, and its query answers {now} now")
    return found, wrong
