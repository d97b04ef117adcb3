"""The query behind an interval: DuckDB alone finds the bounds of a rule again, from the resamples kept in ``metrics``.

`sfcore.metrics.figures.query_for` recomputes a rule's numbers from the answers; the queries here recompute what a rule says about
their certainty. Only what numpy has drawn is taken as it is: each model's number in each resample (``deviations``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from sfcore.gate.policy import Rule
from sfcore.metrics.figures import literal
from sfcore.metrics.intervals import placed, t_quantile, widened


@dataclass(frozen=True, slots=True)
class Drawn:
    """Whose resamples a rule looks at: of a run's candidate, and of the other model where the rule compares with one."""

    run_id: str
    candidate: str
    other: str | None


def kept_interval_query(rule: Rule, of: Drawn, slice_name: str) -> str:
    """The interval that ``evaluate`` has kept, for rules without a confidence: model_id, value, ci_low, ci_high, n."""
    models = [of.candidate, *([of.other] if of.other else [])]
    return (
        f"{_headline(rule, slice_name, 'the interval that evaluate drew over faces')}"
        f"SELECT model_id, slice, value, ci_low, ci_high, n FROM metrics\nWHERE run_id = {literal(of.run_id)} "
        f"AND metric = {literal(rule.metric)} AND slice = {literal(slice_name)}\n"
        f"AND model_id IN ({', '.join(map(literal, models))}) ORDER BY model_id"
    )


def lead_query(rule: Rule, of: Drawn, slice_name: str, clusters: int, resamples: int) -> str:
    """The lead in one slice with its bounds, for rules with a confidence: slice, lead, lead_low, lead_high."""
    confidence = rule.confidence or 0.0
    tail, width = placed(widened(1 - confidence, clusters), resamples), t_quantile(confidence, clusters - 1)
    told = (
        f"lead and its bounds ({100 * confidence:g} %, {clusters} faces): the farther of the paired resamples "
        f"cut at {tail:.6g} and {width:.6g} standard errors"
    )
    return (
        f"{_headline(rule, slice_name, told)}WITH {_leads(rule, of, [slice_name])},\n{_PARTS},\n"
        f"ends AS (SELECT slice, quantile_cont(lead, {tail!r}) AS low, quantile_cont(lead, {1 - tail!r}) AS high\n"
        "    FROM leads WHERE isfinite(lead) GROUP BY slice)\n"
        f"SELECT slice, value AS lead, if(error > 0, least(low, value - {width!r} * error), value) AS lead_low,\n"
        f"    if(error > 0, greatest(high, value + {width!r} * error), value) AS lead_high\n"
        "FROM parts INNER JOIN ends USING (slice)"
    )


def family_query(rule: Rule, of: Drawn, slices: Sequence[str], slice_name: str, clusters: Sequence[int], resamples: int) -> str:
    """The lead in one slice of a family with its bounds under the rule's correction; ``clusters`` are those of each slice."""
    if rule.correction == "none" or len(slices) < 2:
        return lead_query(rule, of, slice_name, clusters[slices.index(slice_name)], resamples)
    if rule.correction == "holm":
        return _holm_query(rule, of, slice_name, len(slices), clusters[slices.index(slice_name)])
    confidence = rule.confidence or 0.0
    fewest, level = min(clusters), placed(confidence, resamples)
    wider = t_quantile(confidence, fewest - 1) / NormalDist().inv_cdf(confidence) * (fewest / (fewest - 1)) ** 0.5
    told = f"bounds that hold in all {len(slices)} slices at once: the largest deviation of each resample (max-t), {fewest} faces"
    return (
        f"{_headline(rule, slice_name, told)}WITH {_leads(rule, of, slices)},\n"
        f"{_PARTS},\n"
        "largest AS (\n"
        "    SELECT draw, max(coalesce((lead - value) / error, 0)) AS above, max(coalesce((value - lead) / error, 0)) AS below\n"
        "    FROM (SELECT slice, draw, if(isfinite(lead), lead, NULL) AS lead FROM leads) INNER JOIN parts USING (slice)\n"
        "    WHERE error > 0 GROUP BY draw\n"
        "),\n"
        "widths AS (\n"
        f"    SELECT greatest(quantile_cont(above, {level!r}) * {wider!r}, 0) AS above,\n"
        f"        greatest(quantile_cont(below, {level!r}) * {wider!r}, 0) AS below\n"
        "    FROM largest\n"
        ")\n"
        "SELECT slice, value AS lead, value - coalesce(above, 0) * error AS lead_low, "
        "value + coalesce(below, 0) * error AS lead_high\n"
        f"FROM parts, widths WHERE slice = {literal(slice_name)}"
    )


_PARTS = (
    "parts AS (\n"
    "    SELECT slice, any_value(value) AS value, if(\n"
    "        stddev_pop(lead) < 1e-7 * greatest(1, abs(any_value(candidate_value))), 0,\n"
    "        stddev_pop(lead) * sqrt(any_value(clusters) / (any_value(clusters) - 1))\n"
    "    ) AS error\n"
    "    FROM leads WHERE isfinite(lead) GROUP BY slice\n"
    ")"
)
"""The lead of each slice and its standard error."""


def _holm_query(rule: Rule, of: Drawn, slice_name: str, slices: int, clusters: int) -> str:
    level = 1 - (1 - (rule.confidence or 0.0)) / slices
    width = t_quantile(level, clusters - 1)
    told = f"bounds at the level of {slices} slices together, {width:.4g} standard errors of {clusters} faces (Holm's step-down)"
    return (
        f"{_headline(rule, slice_name, told)}WITH {_leads(rule, of, [slice_name])},\n{_PARTS}\n"
        f"SELECT slice, value AS lead, value - {width!r} * error AS lead_low, value + {width!r} * error AS lead_high FROM parts"
    )


def _headline(rule: Rule, slice_name: str, told: str) -> str:
    # Not a comment of two dashes: given to a command, that would read as an option.
    return f"/* {rule.metric}, {slice_name.replace('*/', '* /')}: {told} */\n"


def _leads(rule: Rule, of: Drawn, slices: Sequence[str]) -> str:
    """A CTE ``leads``: slice, draw, lead in that draw, and on each row the lead itself, the candidate's value and its faces."""
    models = [of.candidate, *([of.other] if of.other else [])]
    drawn = (
        "drawn AS (\n"
        "    SELECT model_id, slice, value AS itself, clusters, generate_subscripts(deviations, 1) AS draw,\n"
        "        value + unnest(deviations)::DOUBLE AS number\n"
        f"    FROM metrics WHERE run_id = {literal(of.run_id)} AND metric = {literal(rule.metric)}\n"
        f"    AND slice IN ({', '.join(map(literal, slices))}) AND model_id IN ({', '.join(map(literal, models))})\n"
        ")"
    )
    if of.other is None:
        made = (
            f"    SELECT slice, draw, clusters, itself AS candidate_value, {_good(rule, 'number')} - ({rule.goal!r}) AS lead,\n"
            f"        {_good(rule, 'itself')} - ({rule.goal!r}) AS value\n"
            "    FROM drawn\n"
        )
    else:
        made = (
            "    SELECT slice, draw, least(mine.clusters, theirs.clusters) AS clusters, mine.itself AS candidate_value,\n"
            f"        {_good(rule, 'mine.number')} - {_good(rule, 'theirs.number')} AS lead,\n"
            f"        {_good(rule, 'mine.itself')} - {_good(rule, 'theirs.itself')} AS value\n"
            f"    FROM (FROM drawn WHERE model_id = {literal(of.candidate)}) AS mine\n"
            f"    INNER JOIN (FROM drawn WHERE model_id = {literal(of.other)}) AS theirs USING (slice, draw)\n"
        )
    return f"{drawn},\nleads AS (\n{made})"


def _good(rule: Rule, number: str) -> str:
    """A number on a scale where more is always better."""
    return {"higher": number, "lower": f"(-{number})", "one": f"(-abs({number} - 1))"}[rule.figure.better]
