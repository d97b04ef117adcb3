"""The policy a candidate must satisfy: rules over the metrics table, as a YAML file that people read and change."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfcore.errors import WrongUse
from sfcore.metrics.figures import FIGURES, Figure, check_metric, check_slices
from sfcore.randomness import digest
from sfcore.recipe import read_shipped, sentence_of

Against = Literal["absolute", "champion", "baseline-median", "baseline-cnn", "baseline-ridge", "baseline-landmarker"]
Use = Literal["value", "ci_low", "ci_high"]
Correction = Literal["max-t", "holm", "none"]


class Rule(BaseModel):
    """One comparison: a number of the candidate against a bound, or against the champion's or a baseline's.

    Without ``confidence`` the numbers themselves are compared. With it the rule speaks of the candidate's *lead* (how much better
    it is, on the same pictures): it passes when the lead is certainly above 0, or with a negative margin certainly above that;
    fails when it certainly is not, or when the evaluation could have shown it with ``power`` and did not; and is undecided when
    there is too little evidence. What the evaluation must be able to show is a true lead as large as a positive margin, and an
    equal model under a negative one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="what the rule protects, in a few words")
    metric: str = Field(description="name of a figure of the metrics table")
    slice: str = Field("all", description="all, a slice like region:mouth or domain:procedural, or a family of them: region:*")
    direction: Literal["higher", "lower", "one"] | None = Field(
        None, description="which way is better, one: nearer to 1; the figure knows it if left out"
    )
    against: Against = Field("absolute", description="what the candidate is compared with")
    bound: float | None = Field(
        None,
        allow_inf_nan=False,
        description="the number to reach, of a figure that should be 1 how far off it may be; for 'absolute'",
    )
    margin: float | None = Field(
        None, allow_inf_nan=False, description="lead over the other's value; negative allows falling behind"
    )
    use: Use = Field("value", description="which of the candidate's numbers must pass: the value or an end of its interval")
    confidence: float | None = Field(None, gt=0.5, lt=1, description="how sure the lead must be, by its own paired interval")
    power: float = Field(0.8, gt=0.5, lt=1, description="how surely an evaluation must show a true lead of the margin's size")
    correction: Correction = Field(
        "max-t", description="how a family of slices shares the confidence: all its intervals hold at once"
    )
    min_n: int = Field(1, ge=1, description="with fewer pictures than this the rule is undecided")
    importance: Literal["required", "advisory"] = Field("required", description="whether the rule decides or only advises")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        try:
            figure = check_metric(self.metric)
            check_slices(self.slice)
        except WrongUse as error:
            raise ValueError(str(error).rstrip(".")) from None
        if self.direction not in (None, figure.better):
            raise ValueError(
                f"of {self.metric} the {figure.better} is the better: write 'direction: {figure.better}' or leave it out"
            )
        wanted, other = ("bound", "margin") if self.against == "absolute" else ("margin", "bound")
        spare = getattr(self, other) is not None and not (other == "margin" and self.confidence is not None)
        if getattr(self, wanted) is None or spare:
            raise ValueError(f"a rule against '{self.against}' takes a {wanted} and no {other}")
        if self.confidence is not None and self.use != "value":
            raise ValueError(f"a rule with a confidence has an interval of its own: leave out 'use: {self.use}'")
        return self

    @property
    def family(self) -> str | None:
        """The kind of slices that the rule ranges over, None for a single slice."""
        kind, _, rest = self.slice.partition(":")
        return kind if rest == "*" else None

    @property
    def required(self) -> bool:
        """Whether the rule decides, rather than advises."""
        return self.importance == "required"

    @property
    def figure(self) -> Figure:
        """The figure the rule is about."""
        return FIGURES[self.metric]

    def limit(self, other: float | None) -> float:
        """The number the candidate has to reach, given the other's value (None for an absolute rule)."""
        if other is None:
            return self.bound if self.bound is not None else math.nan
        margin = self.margin or 0.0
        return self._reading(other) + (margin if self.figure.better == "higher" else -margin)

    def satisfied(self, number: float, limit: float) -> bool:
        """Whether a number of the candidate reaches the limit; reaching it exactly is enough."""
        return number >= limit if self.figure.better == "higher" else self._reading(number) <= limit

    def _reading(self, number: float) -> float:
        """The number that is compared: of a figure that should be 1, how far off it is."""
        return abs(number - 1.0) if self.figure.better == "one" else number

    @property
    def goal(self) -> float:
        """The goodness that an absolute rule asks for; the lead is counted from it."""
        bound = self.bound or 0.0
        return bound if self.figure.better == "higher" else -bound


class Policy(BaseModel):
    """Rules that decide together: every required one must pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="name of the policy, kept with each decision")
    description: str = Field("", description="what the policy is for")
    rules: tuple[Rule, ...] = Field(description="what is compared with what")

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if not any(rule.required for rule in self.rules):
            raise ValueError("at least one rule must be required: with advice alone everything would be promoted")
        names = [rule.name for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two rules are named '{twice}': give each a name of its own")
        return self

    @property
    def digest(self) -> str:
        """Names the policy's content."""
        return digest(json.dumps(self.model_dump(mode="json"), sort_keys=True))


def policy_from(content: dict[str, Any], where: str) -> Policy:
    """Builds a policy from plain data; raises `WrongUse` naming the rule and the field that are wrong."""
    rules = content.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1):
        label = f" ('{rule['name']}')" if isinstance(rule, dict) and rule.get("name") else ""
        try:
            Rule.model_validate(rule)
        except ValidationError as error:
            raise WrongUse(sentence_of(error, Rule, f"{where}, rule {number}{label}")) from None
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise WrongUse(sentence_of(error, Policy, where)) from None


def load_policy(name_or_path: str, folder: Path) -> Policy:
    """Reads a policy by the name of a shipped one in ``folder`` or by path; raises `WrongUse` with the nearest name."""
    return policy_from(*read_shipped("policy", "name and rules", name_or_path, folder))
