"""Rules as sentences, with the numbers that decided them."""

from __future__ import annotations

from collections.abc import Mapping

from sfcore.gate.evidence import Lead
from sfcore.gate.policy import Rule

_NUMBER_IN_WORDS = {"value": "value", "ci_low": "low end of the interval", "ci_high": "high end of the interval"}
_IN_WORDS = {
    "champion": "the champion",
    "baseline-median": "the median baseline",
    "baseline-cnn": "the CNN baseline",
    "baseline-ridge": "the ridge baseline",
    "baseline-landmarker": "MediaPipe's Face Landmarker",
}


def in_words(against: str) -> str:
    """Whom a rule compares with."""
    return _IN_WORDS[against]


def digits(number: float) -> str:
    """Four decimals at most, or three digits of a small number; what only rounding has left is 0."""
    if 1e-12 < abs(number) < 0.001:
        return f"{number:.3g}"
    # Adding 0.0 turns a rounded -0 into 0.
    return f"{round(number, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def sentence(
    rule: Rule,
    where: str,
    numbers: Mapping[str, float | None],
    n: int | None,
    other: float | None,
    limit: float | None,
    finding: str,
) -> str:
    """As in "skill over median: low end of the interval at least 0.02; candidate 0.31 (0.25 to 0.36, n = 128): passed"."""
    parts = [f"{_subject(rule, where)}: {_wanted(rule, limit)}", *_found(rule, numbers, n, other)]
    return f"{'; '.join(parts)}: {finding}."


def sentence_of_lead(
    rule: Rule,
    where: str,
    numbers: Mapping[str, float | None],
    n: int | None,
    other: float | None,
    found: Lead | None,
    finding: str,
) -> str:
    """As in "mean absolute error: at most 0.002 behind the champion, at 95 % confidence; candidate 0.05 (0.04 to 0.06, n = 128)
    against 0.051 of the champion; lead 0.001 (certainly above -0.0005, below 0.0025): passed"."""
    parts = [f"{_subject(rule, where)}: {_claim(rule)}, at {100 * (rule.confidence or 0):g} % confidence"]
    parts += _found(rule, numbers, n, other)
    if found is not None:
        parts.append(f"lead {digits(found.value)} (at least {digits(found.low)}, at most {digits(found.high)})")
    return f"{'; '.join(parts)}: {finding}."


def _subject(rule: Rule, where: str) -> str:
    return rule.figure.label if where == "all" else f"{rule.figure.label} on {where}"


def _claim(rule: Rule) -> str:
    margin = rule.margin or 0.0
    if rule.against == "absolute":
        goal = f"{_side(rule)} {digits(rule.bound or 0.0)}{_from_one(rule)}"
        return goal if margin >= 0 else f"at most {digits(-margin)} short of {goal}"
    whom = in_words(rule.against)
    return f"at most {digits(-margin)} behind {whom}" if margin < 0 else f"better than {whom}"


def _side(rule: Rule) -> str:
    return "at least" if rule.figure.better == "higher" else "at most"


def _from_one(rule: Rule) -> str:
    return " away from 1" if rule.figure.better == "one" else ""


def _found(rule: Rule, numbers: Mapping[str, float | None], n: int | None, other: float | None) -> list[str]:
    value, low, high = numbers["value"], numbers["ci_low"], numbers["ci_high"]
    if value is None:
        return []
    interval = f"{digits(low)} to {digits(high)}" if low is not None and high is not None else "no interval"
    against = f" against {digits(other)} of {in_words(rule.against)}" if other is not None else ""
    return [f"candidate {digits(value)} ({interval}, n = {n}){against}"]


def _wanted(rule: Rule, limit: float | None) -> str:
    margin = f" (margin {digits(rule.margin)})" if rule.margin else ""
    if limit is None:
        return f"{_NUMBER_IN_WORDS[rule.use]} as good as that of {in_words(rule.against)}{margin}"
    return f"{_NUMBER_IN_WORDS[rule.use]} {_side(rule)} {digits(limit)}{_from_one(rule)}{margin}"
