"""How sure a lead is: the paired bootstrap of two models' difference, in one slice or in a family of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.metrics.figures import Figure
from sfcore.metrics.intervals import placed, t_quantile, widened

Array = NDArray[np.float64]
Finding = Literal["sure", "refuted", "not shown", "unsure"]

_NORMAL = NormalDist()
_CAP = 10**9
"""More pictures than anybody will draw: a lead at the threshold itself is never settled."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure of one model in one slice with what it did in each resample."""

    value: float
    deviations: Array
    clusters: int


@dataclass(frozen=True, slots=True)
class Lead:
    """How much better a candidate is than another (or than a bound): ``value``, one-sided bounds ``low`` and ``high``."""

    value: float
    low: float
    high: float
    finding: Finding
    more: float
    """Times the evaluation's present pictures that would be needed to settle it; 1 where it is settled."""
    resamples: int = 0
    """Resamples that its bounds were cut from."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a lead must show: to be above ``threshold`` at ``confidence``.

    The evaluation shall have ``power`` to see a true lead of ``effect`` above the threshold; None asks for no certain size.
    """

    threshold: float
    effect: float | None
    confidence: float
    power: float

    @classmethod
    def of(cls, margin: float, confidence: float, power: float) -> Question:
        """For a margin: 0 is the threshold of a lead, a negative margin its own; its size is what must be visible."""
        return cls(min(margin, 0.0), abs(margin) or None, confidence, power)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A lead and its resamples; ``error`` is its standard error."""

    value: float
    resampled: Array
    clusters: int
    error: float


def _drawn(figure: Figure, candidate: Number, other: Number | None, goal: float) -> _Drawn | None:
    """The lead in each resample, both models in the same draw; None without resamples to judge by."""
    if candidate.clusters < 2 or not len(candidate.deviations):
        return None
    good = _goodness(figure, candidate)
    if other is None:
        value, resampled = figure.goodness(candidate.value) - goal, good - goal
    else:
        if len(other.deviations) != len(candidate.deviations):
            return None
        value = figure.goodness(candidate.value) - figure.goodness(other.value)
        resampled = good - _goodness(figure, other)
    known = resampled[np.isfinite(resampled)]
    if 2 * len(known) < len(resampled):
        return None
    clusters = candidate.clusters if other is None else min(candidate.clusters, other.clusters)
    if clusters < 2:
        return None
    # What a deviation of 32 bits cannot tell from nothing is nothing.
    spread = float(known.std()) if len(known) else 0.0
    error = 0.0 if spread < 1e-7 * max(1.0, abs(candidate.value)) else spread * math.sqrt(clusters / (clusters - 1))
    return _Drawn(value, resampled, clusters, error)


def _goodness(figure: Figure, number: Number) -> Array:
    values = number.value + number.deviations.astype(np.float64)
    if figure.better == "one":
        return -np.abs(values - 1.0)
    return values if figure.better == "higher" else -values


def lead(figure: Figure, candidate: Number, other: Number | None, goal: float, question: Question) -> Lead | None:
    """The lead in one slice; None where there are too few clusters for an interval."""
    drawn = _drawn(figure, candidate, other, goal)
    if drawn is None:
        return None
    known = drawn.resampled[np.isfinite(drawn.resampled)]
    width = t_quantile(question.confidence, drawn.clusters - 1)
    low = high = drawn.value
    if drawn.error:
        tail = placed(widened(1 - question.confidence, drawn.clusters), len(known))
        low, high = (float(end) for end in np.quantile(known, [tail, 1 - tail]))
        # The more careful of two bounds that are both right for many faces: of few, either may be too near.
        low, high = min(low, drawn.value - width * drawn.error), max(high, drawn.value + width * drawn.error)
        # What an evaluation must be able to show, it must show by the bound that is used.
        width = (drawn.value - low) / drawn.error
    return replace(_found(drawn, low, high, width, question), resamples=len(known))


def leads(
    figure: Figure,
    pairs: Sequence[tuple[Number, Number | None]],
    goal: float,
    question: Question,
    correction: Literal["max-t", "holm", "none"],
) -> list[Lead | None]:
    """The leads in a family of slices; with a correction they share the confidence.

    ``max-t``: bounds that hold for all slices at once, from the largest standardised deviation in each resample (Westfall and
    Young, Resampling-Based Multiple Testing, 1993), which knows how the slices move together. ``holm``: findings by Holm's
    step-down test (1979), bounds at the level of Bonferroni.
    """
    if correction == "none" or len(pairs) < 2:
        return [lead(figure, candidate, other, goal, question) for candidate, other in pairs]
    drawn = [_drawn(figure, candidate, other, goal) for candidate, other in pairs]
    there = [part for part in drawn if part is not None]
    if correction == "max-t":
        ends = _largest(there, question.confidence)
        return [
            None if part is None else replace(_between(part, *ends, question), resamples=len(part.resampled)) for part in drawn
        ]
    level = 1 - (1 - question.confidence) / max(len(there), 1)
    bounded = iter([_between(part, q, q, question) for part in there for q in (t_quantile(level, part.clusters - 1),)])
    held = iter(_holm(there, list(bounded), question))
    return [None if part is None else next(held) for part in drawn]


def _largest(drawn: list[_Drawn], confidence: float) -> tuple[float, float]:
    """How many standard errors all leads together stay above and below the truth."""
    moving = [part for part in drawn if part.error]
    if not moving:
        return 0.0, 0.0
    z = np.stack([np.nan_to_num((part.resampled - part.value) / part.error) for part in moving])
    fewest = min(part.clusters for part in moving)
    # The spread of the resamples is taken for known; t makes good for its being estimated.
    wider = t_quantile(confidence, fewest - 1) / _NORMAL.inv_cdf(confidence) * math.sqrt(fewest / (fewest - 1))
    level = placed(confidence, z.shape[1])
    above, below = (float(np.quantile(side.max(axis=0), level)) * wider for side in (z, -z))
    return max(above, 0.0), max(below, 0.0)


def _between(part: _Drawn, above: float, below: float, question: Question) -> Lead:
    return _found(part, part.value - above * part.error, part.value + below * part.error, above, question)


def _found(part: _Drawn, low: float, high: float, quantile: float, question: Question) -> Lead:
    if low >= question.threshold:
        return Lead(part.value, low, high, "sure", 1.0)
    if high < question.threshold:
        return Lead(part.value, low, high, "refuted", 1.0)
    if question.effect:
        # The power of a test at this level against a true lead of the effect.
        needed = ((quantile + _NORMAL.inv_cdf(question.power)) * part.error / question.effect) ** 2
        if needed <= 1:
            return Lead(part.value, low, high, "not shown", 1.0)
        return Lead(part.value, low, high, "unsure", min(needed, _CAP))
    distance = abs(part.value - question.threshold)
    needed = (quantile * part.error / distance) ** 2 if distance else _CAP
    return Lead(part.value, low, high, "unsure", min(max(needed, 1.0), _CAP))


def _holm(drawn: list[_Drawn], found: list[Lead], question: Question) -> list[Lead]:
    """Findings of `_found`, with those added that the step-down test makes."""
    alpha = 1 - question.confidence
    sure, refuted = (_rejected([_p(part, question, sign) for part in drawn], alpha) for sign in (1, -1))
    return [
        replace(one, finding="sure", more=1.0) if above else replace(one, finding="refuted", more=1.0) if below else one
        for one, above, below in zip(found, sure, refuted, strict=True)
    ]


def _p(part: _Drawn, question: Question, sign: int) -> float:
    distance = sign * (part.value - question.threshold)
    if not part.error:
        return 0.0 if distance > 0 or (sign > 0 and distance == 0) else 1.0
    # As a normal deviate: at the level in question the scale is exact.
    z = distance / part.error * _NORMAL.inv_cdf(question.confidence) / t_quantile(question.confidence, part.clusters - 1)
    return 1 - _NORMAL.cdf(z)


def _rejected(p: list[float], alpha: float) -> list[bool]:
    order = sorted(range(len(p)), key=lambda index: p[index])
    rejected = [False] * len(p)
    for step, index in enumerate(order):
        if p[index] > alpha / (len(p) - step):
            break
        rejected[index] = True
    return rejected
