"""The decision: a pure function of a policy and a metrics table that always answers, and always says why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from sfcore.gate.policy import Policy, Rule
from sfcore.metrics.figures import Scope, kind_of, query_for

if TYPE_CHECKING:
    import pyarrow as pa

Verdict = Literal["promote", "refuse", "undecided"]
Outcome = Literal["passed", "failed", "missing", "too_few"]

_NUMBER_IN_WORDS = {"value": "value", "ci_low": "low end of the interval", "ci_high": "high end of the interval"}


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule found; the fields are those of `sfcore.store.schemas.RULE_RESULT`."""

    rule: str
    sentence: str
    required: bool
    query: str | None
    candidate_value: float | None
    candidate_low: float | None
    candidate_high: float | None
    other: str | None
    other_value: float | None
    bound: float | None
    n: int | None
    outcome: Outcome
    passed: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Promote, refuse or undecided, with the reason as a sentence and every rule's result in the policy's order."""

    verdict: Verdict
    reason: str
    rules: tuple[RuleResult, ...]

    def rule_structs(self) -> list[dict[str, Any]]:
        """The results as the decisions table stores them."""
        return [asdict(rule) for rule in self.rules]


_Figures = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""(model id, metric, slice) -> row of the metrics table."""


def decide(policy: Policy, metrics: pa.Table, candidate: str, champion: str | None) -> Decision:
    """Judges ``candidate`` by ``policy`` over one run's rows of the metrics table; ``champion`` is None before any promotion.

    A missing or non-finite number refuses. Fewer pictures than ``min_n``, or no interval where one is asked for, leave a rule
    undecided. A rule against the champion passes where there is none. Advisory rules never change the verdict.
    """
    figures = {(row["model_id"], row["metric"], row["slice"]): row for row in metrics.to_pylist()}
    others: dict[str, str | None] = {"champion": champion}
    for model in dict.fromkeys(model for model, _, _ in figures):
        if kind_of(model) != "model":
            others[f"baseline-{kind_of(model)}"] = model
    scope = Scope.of(metrics)
    results = tuple(_judge(rule, figures, candidate, others, scope) for rule in policy.rules)
    verdict = _verdict(results)
    reason = _reason(verdict, results, champion) + (
        "" if verdict == "promote" else _silence(figures.get((candidate, "share_parsed", "all")))
    )
    return Decision(verdict, reason, results)


def _judge(rule: Rule, figures: _Figures, candidate: str, others: Mapping[str, str | None], scope: Scope | None) -> RuleResult:
    other = None if rule.against == "absolute" else others.get(rule.against)
    row = figures.get((candidate, rule.metric, rule.slice))
    other_row = figures.get((other, rule.metric, rule.slice)) if other else None
    other_value = _finite(other_row, "value")
    limit = rule.limit(None) if rule.against == "absolute" else (None if other_value is None else rule.limit(other_value))
    unopposed = rule.against == "champion" and other is None
    outcome, finding = _outcome(rule, row, other_row, limit, unopposed)
    models = [candidate, *([other] if other else [])]
    return RuleResult(
        rule=rule.name,
        sentence=_sentence(rule, row, other_value, limit, finding),
        required=rule.required,
        query=query_for(rule.metric, rule.slice, models, scope) if scope else None,
        candidate_value=_finite(row, "value"),
        candidate_low=_finite(row, "ci_low"),
        candidate_high=_finite(row, "ci_high"),
        other=other,
        other_value=other_value,
        bound=limit,
        n=row["n"] if row else None,
        outcome=outcome,
        passed=outcome == "passed",
    )


def _outcome(
    rule: Rule, row: Mapping[str, Any] | None, other_row: Mapping[str, Any] | None, limit: float | None, unopposed: bool
) -> tuple[Outcome, str]:
    """The outcome and how the sentence ends."""
    value = _finite(row, "value")
    if row is None or value is None:
        return "missing", "missing, for the candidate has no such figure: run evaluate for it"
    if unopposed:
        return "passed", "passed, for there is no champion yet"
    if limit is None:
        return "missing", f"missing, for there is no such figure of {_in_words(rule.against)}: run evaluate with it"
    fewest = min(part["n"] for part in (row, other_row) if part is not None)
    if fewest < rule.min_n:
        return "too_few", f"undecided, for {fewest} pictures are too few: the rule wants {rule.min_n}"
    number = _finite(row, rule.use)
    if number is None:
        return "too_few", "undecided, for there are too few identities for an interval"
    return ("passed", "passed") if rule.satisfied(number, limit) else ("failed", "failed")


def _finite(row: Mapping[str, Any] | None, name: str) -> float | None:
    number = row[name] if row else None
    return number if number is not None and math.isfinite(number) else None


def _in_words(against: str) -> str:
    return {"champion": "the champion", "baseline-median": "the median baseline", "baseline-cnn": "the CNN baseline"}[against]


def _digits(number: float) -> str:
    # Adding 0.0 turns a rounded -0 into 0.
    return f"{round(number, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def _sentence(rule: Rule, row: Mapping[str, Any] | None, other_value: float | None, limit: float | None, finding: str) -> str:
    """As in "skill over median: low end of the interval at least 0.02; candidate 0.31 (0.25 to 0.36, n = 128): passed"."""
    where = "" if rule.slice == "all" else f" on {rule.slice}"
    parts = [f"{rule.figure.label}{where}: {_wanted(rule, limit)}"]
    value, low, high = (_finite(row, name) for name in ("value", "ci_low", "ci_high"))
    if row is not None and value is not None:
        interval = f"{_digits(low)} to {_digits(high)}" if low is not None and high is not None else "no interval"
        parts.append(f"candidate {_digits(value)} ({interval}, n = {row['n']})")
        if other_value is not None:
            parts[-1] += f" against {_digits(other_value)} of {_in_words(rule.against)}"
    return f"{'; '.join(parts)}: {finding}."


def _wanted(rule: Rule, limit: float | None) -> str:
    bound = "at least" if rule.figure.better == "higher" else "at most"
    margin = f" (margin {_digits(rule.margin)})" if rule.margin else ""
    number = f"as good as that of {_in_words(rule.against)}" if limit is None else f"{bound} {_digits(limit)}"
    return f"{_NUMBER_IN_WORDS[rule.use]} {number}{margin}"


def _verdict(results: tuple[RuleResult, ...]) -> Verdict:
    outcomes = {result.outcome for result in results if result.required}
    if outcomes & {"failed", "missing"}:
        return "refuse"
    return "undecided" if "too_few" in outcomes else "promote"


def _reason(verdict: Verdict, results: tuple[RuleResult, ...], champion: str | None) -> str:
    required = [result for result in results if result.required]
    advice = [result.rule for result in results if not result.required and not result.passed]
    warned = f" Advice not met: {', '.join(advice)}." if advice else ""
    if verdict == "promote":
        first = " It is the first champion." if champion is None else ""
        return f"Promoted: all {len(required)} required rules passed.{first}{warned}"
    against = [result for result in required if result.outcome in ("failed", "missing")]
    if verdict == "undecided":
        against = [result for result in required if result.outcome == "too_few"]
    word = {"refuse": "Refused", "undecided": "Undecided"}[verdict]
    return f"{word}: {against[0].rule}: {against[0].sentence}{_more(len(against) - 1)}{warned}"


def _more(count: int) -> str:
    return f" {count} more required {'rule' if count == 1 else 'rules'} did not pass." if count else ""


def _silence(row: Mapping[str, Any] | None) -> str:
    """Says when unreadable answers weigh on the figures: one in a hundred can hide what the other ninety-nine show."""
    share = _finite(row, "value")
    if row is None or share is None or share >= 1:
        return ""
    count = round((1 - share) * row["n"])
    return f" {count} of {row['n']} answers could not be read, and each counts as wrong as can be in every figure."
