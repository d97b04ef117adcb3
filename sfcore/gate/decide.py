"""The decision: a pure function of a policy and a metrics table that always answers, and always says why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sfcore.gate.circumstances import Circumstances, told_of
from sfcore.gate.evidence import Lead, Number, Question, lead, leads
from sfcore.gate.policy import Policy, Rule
from sfcore.gate.queries import Drawn, family_query, kept_interval_query, lead_query
from sfcore.gate.wording import digits, in_words, sentence, sentence_of_lead
from sfcore.metrics.figures import Scope, kind_of, query_for

if TYPE_CHECKING:
    import pyarrow as pa

Verdict = Literal["promote", "refuse", "undecided"]
Outcome = Literal["passed", "failed", "missing", "too_few"]


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
    slice: str | None = None
    """The slice that the numbers are of; of a family the one that decided."""
    lead: float | None = None
    lead_low: float | None = None
    lead_high: float | None = None
    """How much better the candidate is, with bounds at the rule's confidence, each by itself; for rules with a confidence."""
    more: int | None = None
    """Pictures that would settle an undecided rule, beyond the present ones."""
    interval_query: str | None = None
    """What recomputes the interval, or the lead with its bounds, from the resamples kept in ``metrics``."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Promote, refuse or undecided, with the reason as a sentence and every rule's result in the policy's order."""

    verdict: Verdict
    reason: str
    rules: tuple[RuleResult, ...]

    def rule_structs(self) -> list[dict[str, Any]]:
        """The results as the decisions table stores them."""
        return [asdict(rule) for rule in self.rules]


@dataclass(frozen=True, slots=True)
class _Figures:
    """The metrics table of one run, by (model id, metric, slice)."""

    rows: Mapping[tuple[str, str, str], Mapping[str, Any]]
    deviations: Any

    @classmethod
    def of(cls, metrics: pa.Table) -> _Figures:
        plain = [name for name in metrics.column_names if name != "deviations"]
        rows = {
            (row["model_id"], row["metric"], row["slice"]): row | {"place": place}
            for place, row in enumerate(metrics.select(plain).to_pylist())
        }
        return cls(rows, metrics["deviations"] if "deviations" in metrics.column_names else None)

    def number(self, row: Mapping[str, Any]) -> Number:
        """A row with its resamples; none where the table holds none."""
        held = self.deviations[row["place"]].values if self.deviations is not None else None
        drawn = np.empty(0) if held is None else held.to_numpy(zero_copy_only=False).astype(np.float64)
        return Number(row["value"], drawn, row.get("clusters") or 0)

    def slices(self, rule: Rule, model: str) -> list[str]:
        """The slices that a rule is about, as far as a model has figures there."""
        start = f"{rule.family}:"
        return sorted(name for who, metric, name in self.rows if (who, metric) == (model, rule.metric) and name.startswith(start))


@dataclass(frozen=True, slots=True)
class _Case:
    """One rule in one slice: the candidate's row, the other's, and whom they are of."""

    rule: Rule
    slice: str
    row: Mapping[str, Any] | None
    other: str | None
    other_row: Mapping[str, Any] | None

    @property
    def limit(self) -> float | None:
        """The number to reach, None where the other's is not known."""
        if self.rule.against == "absolute":
            return self.rule.limit(None)
        value = _finite(self.other_row, "value")
        return None if value is None else self.rule.limit(value)

    @property
    def fewest(self) -> int:
        """Pictures behind the number that has fewer."""
        return min((part["n"] for part in (self.row, self.other_row) if part is not None), default=0)

    @property
    def clusters(self) -> int:
        """Identities behind the number that has fewer."""
        return min((part.get("clusters") or 0 for part in (self.row, self.other_row) if part is not None), default=0)


_Judged = tuple[Outcome, str, Lead | None]
"""Outcome, how the sentence ends, and the lead where the rule asks for one."""


def decide(
    policy: Policy, metrics: pa.Table, candidate: str, champion: str | None, circumstances: Circumstances | None = None
) -> Decision:
    """Judges ``candidate`` by ``policy`` over one run's rows of the metrics table; ``champion`` is None before any promotion.

    A missing or non-finite number refuses, and so do numbers of two models that come from different pictures. Fewer pictures
    than ``min_n``, no interval where one is asked for, or an interval that leaves both answers open leave a rule undecided,
    and it says how many pictures more would settle it. A rule against the champion passes where there is none. Advisory rules
    never change the verdict.
    """
    wanted = {rule.metric for rule in policy.rules} | {"share_parsed"}
    figures = _Figures.of(metrics.filter(_is_in(metrics, wanted)))
    others: dict[str, str | None] = {"champion": champion}
    for model in dict.fromkeys(metrics["model_id"].to_pylist()):
        if kind_of(model) != "model":
            others[f"baseline-{kind_of(model)}"] = model
    scope = Scope.of(metrics)
    source = _Source(candidate, scope, metrics["run_id"][0].as_py() if metrics.num_rows else "")
    results = tuple(_result(rule, figures, source, others) for rule in policy.rules)
    verdict = _verdict(results)
    reason = _reason(verdict, results, champion)
    if verdict != "promote":
        reason += _silence(figures.rows.get((candidate, "share_parsed", "all")))
    scored = champion in metrics["model_id"].unique().to_pylist()
    return Decision(verdict, reason + told_of(circumstances, scope, champion, scored), results)


def _is_in(metrics: pa.Table, names: set[str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(metrics["metric"], value_set=pa.array(sorted(names), pa.string()))


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the numbers of a decision come from, for its queries."""

    candidate: str
    scope: Scope | None
    run_id: str


def _result(rule: Rule, figures: _Figures, source: _Source, others: Mapping[str, str | None]) -> RuleResult:
    candidate = source.candidate
    other = None if rule.against == "absolute" else others.get(rule.against)
    names = [rule.slice]
    if rule.family:
        names = sorted({*figures.slices(rule, candidate), *(figures.slices(rule, other) if other else ())})
    cases = [
        _Case(
            rule,
            name,
            figures.rows.get((candidate, rule.metric, name)),
            other,
            figures.rows.get((other, rule.metric, name)) if other else None,
        )
        for name in names
    ] or [_Case(rule, rule.slice, None, other, None)]
    judged = _judge(rule, cases, figures)
    worst = min(range(len(cases)), key=lambda index: _rank(cases[index], judged[index]))
    return _told_of(cases, worst, judged, source)


_SEVERITY: dict[Outcome, int] = {"missing": 0, "failed": 1, "too_few": 2, "passed": 3}


def _rank(case: _Case, judged: _Judged) -> tuple[int, float]:
    """Smaller is worse: first by the outcome, then by how little the lead, or the number itself, leaves."""
    outcome, _, found = judged
    value, limit = _finite(case.row, "value"), case.limit
    if found is not None:
        return _SEVERITY[outcome], found.low
    if value is None or limit is None:
        return _SEVERITY[outcome], 0.0
    return _SEVERITY[outcome], value - limit if case.rule.figure.better == "higher" else limit - value


def _judge(rule: Rule, cases: list[_Case], figures: _Figures) -> list[_Judged]:
    """The outcome in each slice; leads of a family are worked out together, for they share the confidence."""
    found: dict[str, Lead | None] = {}
    ready = [case for case in cases if _hindrance(case) is None]
    if rule.confidence is not None and ready:
        question = Question.of(rule.margin or 0.0, rule.confidence, rule.power)
        pairs = [(figures.number(c.row or {}), figures.number(c.other_row) if c.other_row else None) for c in ready]
        if rule.family:
            made = leads(rule.figure, pairs, rule.goal, question, rule.correction)
        else:
            made = [lead(rule.figure, *pairs[0], rule.goal, question)]
        found = {case.slice: one for case, one in zip(ready, made, strict=True)}
    return [_outcome(case, found.get(case.slice)) for case in cases]


def _hindrance(case: _Case) -> tuple[Outcome, str] | None:
    """What keeps a rule from being judged by its numbers, with the outcome that follows; None where nothing does."""
    rule, row, other_row = case.rule, case.row, case.other_row
    if row is None or _finite(row, "value") is None:
        return (
            "missing",
            "missing, for the candidate has no such figure: run evaluate, or hold out pictures that show what this measures",
        )
    if rule.against == "champion" and case.other is None:
        return "passed", "passed, for there is no champion yet"
    if case.limit is None:
        return "missing", f"missing, for there is no such figure of {in_words(rule.against)}: run evaluate with it"
    if other_row is not None and _pictures(row) != _pictures(other_row):
        mine, others = _pictures(row), _pictures(other_row)
        return "missing", (
            f"missing, for the figures are of different pictures ({mine[0]} at version {mine[1]}, "
            f"{others[0]} at version {others[1]}): run evaluate for both at once"
        )
    if case.fewest < rule.min_n:
        return "too_few", f"undecided, for {case.fewest} pictures are too few: the rule wants {rule.min_n}"
    return None


def _pictures(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["dataset"], row["dataset_version"]


def _outcome(case: _Case, found: Lead | None) -> _Judged:
    hindrance = _hindrance(case)
    if hindrance is not None:
        return (*hindrance, None)
    rule, limit = case.rule, case.limit
    if rule.confidence is not None:
        if found is None:
            return "too_few", "undecided, for there are too few identities for an interval", None
        return (*_by_lead(case, found), found)
    number = _finite(case.row, rule.use)
    if number is None or limit is None:
        return "too_few", "undecided, for there are too few identities for an interval", None
    passed = rule.satisfied(number, limit)
    return ("passed", "passed", None) if passed else ("failed", "failed", None)


def _by_lead(case: _Case, found: Lead) -> tuple[Outcome, str]:
    if found.finding == "sure":
        return "passed", "passed"
    if found.finding == "refuted":
        return "failed", "failed, certainly"
    if found.finding == "not shown":
        seen = digits(abs(case.rule.margin or 0.0))
        return "failed", f"failed, for a lead of {seen} would have been seen {round(100 * case.rule.power)} times in 100"
    more = _more_pictures(case, found)
    return "too_few", f"undecided, for there is too little evidence: about {more:,} pictures more would settle it"


def _more_pictures(case: _Case, found: Lead) -> int:
    return max(1, math.ceil(case.fewest * (found.more - 1)))


def _told_of(cases: list[_Case], at: int, judged: list[_Judged], source: _Source) -> RuleResult:
    """The result of a rule, told by the slice that decided it."""
    case, (outcome, finding, found) = cases[at], judged[at]
    rule, row, other_value, limit = case.rule, case.row, _finite(case.other_row, "value"), case.limit
    if len(cases) > 1:
        passed = sum(result[0] == "passed" for result in judged)
        place = "closest" if passed == len(cases) else "worst"
        finding += f" ({passed} of {len(cases)} slices of {rule.slice} passed; this one is the {place})"
    numbers = {name: _finite(row, name) for name in ("value", "ci_low", "ci_high")}
    n = row["n"] if row else None
    if rule.confidence is None:
        told = sentence(rule, case.slice, numbers, n, other_value, limit, finding)
    else:
        told = sentence_of_lead(rule, case.slice, numbers, n, other_value, found, finding)
    models = [source.candidate, *([case.other] if case.other else [])]
    known = case.slice if not case.slice.endswith(":*") else None
    scope = source.scope
    return RuleResult(
        rule=rule.name,
        sentence=told,
        required=rule.required,
        query=query_for(rule.metric, known, models, scope) if scope and known else None,
        candidate_value=numbers["value"],
        candidate_low=numbers["ci_low"],
        candidate_high=numbers["ci_high"],
        other=case.other,
        other_value=other_value,
        bound=limit,
        n=n,
        outcome=outcome,
        passed=outcome == "passed",
        slice=known,
        lead=found.value if found else None,
        lead_low=found.low if found else None,
        lead_high=found.high if found else None,
        more=_more_pictures(case, found) if found and outcome == "too_few" else None,
        interval_query=_interval_query(cases, at, judged, source) if row and known else None,
    )


def _interval_query(cases: list[_Case], at: int, judged: list[_Judged], source: _Source) -> str:
    """The query of the interval that is told of the case ``at``."""
    rule, case, found = cases[at].rule, cases[at], judged[at][2]
    of = Drawn(source.run_id, source.candidate, case.other)
    if rule.confidence is None or found is None:
        return kept_interval_query(rule, of, case.slice)
    led = [one for one, (_, _, lead) in zip(cases, judged, strict=True) if lead is not None]
    if rule.family:
        return family_query(rule, of, [one.slice for one in led], case.slice, [one.clusters for one in led], found.resamples)
    return lead_query(rule, of, case.slice, case.clusters, found.resamples)


def _finite(row: Mapping[str, Any] | None, name: str) -> float | None:
    number = row[name] if row else None
    return number if number is not None and math.isfinite(number) else None


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
