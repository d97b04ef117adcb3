"""Rules with a confidence: leads on the same pictures, alone and in families of slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.intervals import MARGIN, coverage, gate, verdicts
from sfcore.errors import WrongUse
from sfcore.gate.decide import Circumstances, Decision, decide
from sfcore.gate.policy import Policy, load_policy, policy_from
from sfcore.metrics.figures import baseline_id
from sfcore.metrics.intervals import t_quantile
from sfcore.store.schemas import SCHEMAS

MEDIAN = baseline_id("median", "k")
REGIONS = ("brows", "eyes", "mouth")


def policy(**rule: Any) -> Policy:
    return policy_from({"name": "test", "rules": [{"name": "the rule", "metric": "mae"} | rule]}, "policy")


def world(
    leads: dict[str, float], spread: float, metric: str = "mae", level: float = 0.1, clusters: int = 40, version: int = 3
) -> pa.Table:
    """Slice -> how much smaller the candidate's number is; the difference has a standard error of ``spread``, each model's own
    numbers have ten times as much, which cancels."""
    rng = np.random.default_rng(0)
    rows = []
    for where, lead in leads.items():
        shared, own = 10 * spread * rng.standard_normal(2000), spread * rng.standard_normal(2000)
        for model, value, deviations, at in (
            ("new", level - lead, shared + own, 3),
            ("old", level, shared, version),
            (MEDIAN, 2 * level, shared, 3),
        ):
            rows.append(
                {"run_id": "run", "model_id": model, "metric": metric, "slice": where, "value": value, "n": 400}
                | {"ci_low": value - 20 * spread, "ci_high": value + 20 * spread, "dataset": "demo", "dataset_version": at}
                | {"clusters": clusters, "deviations": deviations.astype(np.float32)}
            )
    return pa.Table.from_pylist(rows, schema=SCHEMAS["metrics"])


def judged(metrics: pa.Table, **rule: Any) -> Decision:
    return decide(policy(against="champion", confidence=0.95, **rule), metrics, "new", "old")


def test_a_lead_is_judged_by_its_own_paired_interval() -> None:
    # Each model's interval is ten times as wide as the lead's.
    decision = judged(world({"all": 0.004}, 0.001), margin=0.0)
    rule = decision.rules[0]
    assert decision.verdict == "promote"
    assert rule.lead == pytest.approx(0.004)
    assert rule.lead_low == pytest.approx(0.004 - 1.70 * 0.001, abs=2e-4)
    assert rule.lead_high == pytest.approx(0.004 + 1.70 * 0.001, abs=2e-4)
    assert "better than the champion, at 95 % confidence; candidate 0.096" in rule.sentence
    assert "against 0.1 of the champion; lead 0.004 (at least 0.002" in rule.sentence


def test_certainly_worse_fails_and_too_little_evidence_says_how_much_more() -> None:
    assert judged(world({"all": -0.004}, 0.001), margin=0.0).verdict == "refuse"
    small = judged(world({"all": 0.001}, 0.004), margin=0.004)
    # (1.685 + 0.842) standard errors must fit into 0.004: ((2.527 * 0.00405) / 0.004) ** 2 = 6.5 times the pictures.
    assert small.verdict == "undecided"
    assert small.rules[0].more == pytest.approx(400 * 5.55, rel=0.08)
    assert "too little evidence: about 2," in small.reason
    settled = judged(world({"all": 0.001}, 0.001), margin=0.0)
    assert settled.verdict == "undecided"
    assert settled.rules[0].more == pytest.approx(400 * (1.73**2 - 1), rel=0.1)


def test_what_a_strong_evaluation_did_not_show_is_refused() -> None:
    decision = judged(world({"all": 0.001}, 0.001), margin=0.004)
    assert decision.verdict == "refuse"
    assert "a lead of 0.004 would have been seen 80 times in 100" in decision.reason


def test_a_negative_margin_allows_falling_behind_by_it() -> None:
    metrics = world({"all": -0.001}, 0.001)
    assert judged(metrics, margin=-0.004).verdict == "promote"
    assert judged(metrics, margin=-0.001).verdict == "undecided"
    assert judged(world({"all": -0.008}, 0.001), margin=-0.004).verdict == "refuse"


def test_an_absolute_bound_at_a_confidence_is_reached_by_the_candidates_own_interval() -> None:
    metrics = world({"all": 0.0}, 0.0005)
    assert decide(policy(bound=0.12, confidence=0.95), metrics, "new", None).verdict == "promote"
    assert decide(policy(bound=0.1001, confidence=0.95), metrics, "new", None).verdict == "undecided"
    assert decide(policy(bound=0.08, confidence=0.95), metrics, "new", None).verdict == "refuse"


def test_a_figure_that_should_be_one_is_better_nearer_to_it() -> None:
    metrics = world({"all": 0.3}, 0.001, "slope", 1.2)
    near = decide(policy(metric="slope", against="champion", margin=0.0, confidence=0.95), metrics, "new", "old")
    # 0.9 is off by 0.1, 1.2 by 0.2.
    assert near.verdict == "promote"
    assert near.rules[0].lead == pytest.approx(0.1)
    assert decide(policy(metric="slope", bound=0.15), metrics, "new", None).verdict == "promote"
    assert decide(policy(metric="slope", bound=0.05), metrics, "new", None).verdict == "refuse"
    assert decide(policy(metric="slope", against="champion", margin=0.05), metrics, "new", "old").verdict == "promote"
    assert decide(policy(metric="slope", against="champion", margin=0.15), metrics, "new", "old").verdict == "refuse"


@pytest.mark.parametrize("correction", ["max-t", "holm", "none"])
def test_better_on_average_but_worse_on_one_slice_is_refused_and_the_slice_is_named(correction: str) -> None:
    leads = {"all": 0.01, "region:brows": 0.02, "region:eyes": 0.02, "region:mouth": -0.02}
    decision = judged(world(leads, 0.001), slice="region:*", margin=-0.005, correction=correction)
    rule = decision.rules[0]
    assert decision.verdict == "refuse"
    assert (rule.slice, rule.lead) == ("region:mouth", pytest.approx(-0.02))
    assert "mean absolute error on region:mouth" in rule.sentence
    assert "2 of 3 slices of region:* passed; this one is the worst" in rule.sentence
    assert "WHERE slice = 'region:mouth'" in (rule.query or "")
    assert judged(world(leads, 0.001), margin=-0.005).verdict == "promote"


def test_intervals_of_a_family_are_wider_than_one_and_no_wider_than_bonferronis() -> None:
    metrics = world({f"region:{name}": 0.01 for name in REGIONS}, 0.002)
    lows = {
        correction: judged(metrics, slice="region:*", margin=0.0, correction=correction).rules[0].lead_low or 0
        for correction in ("none", "max-t", "holm")
    }
    assert lows["none"] > lows["max-t"] > lows["holm"] - 2e-4
    assert lows["holm"] == pytest.approx(0.01 - t_quantile(1 - 0.05 / 3, 39) * 0.002 * np.sqrt(40 / 39), abs=2e-4)


def test_a_slice_that_only_one_of_them_has_is_missing() -> None:
    metrics = world({f"region:{name}": 0.01 for name in REGIONS}, 0.001)
    keep = [not (row["model_id"] == "new" and row["slice"] == "region:eyes") for row in metrics.to_pylist()]
    decision = judged(metrics.filter(pa.array(keep)), slice="region:*", margin=0.0)
    assert decision.verdict == "refuse"
    assert (decision.rules[0].outcome, decision.rules[0].slice) == ("missing", "region:eyes")
    assert judged(metrics, slice="pose:*", margin=0.0).rules[0].outcome == "missing"


def test_figures_of_different_pictures_are_not_compared() -> None:
    decision = judged(world({"all": 0.01}, 0.001, version=2), margin=0.0)
    assert decision.verdict == "refuse"
    assert "different pictures (demo at version 3, demo at version 2)" in decision.reason


def test_without_resamples_or_clusters_a_confidence_cannot_be_had() -> None:
    metrics = world({"all": 0.01}, 0.001)
    bare = metrics.drop_columns(["deviations", "clusters"])
    assert judged(bare, margin=0.0).verdict == "undecided"
    assert judged(world({"all": 0.01}, 0.001, clusters=1), margin=0.0).verdict == "undecided"


def test_the_same_model_is_not_better_than_itself_and_not_worse() -> None:
    metrics = world({"all": 0.01}, 0.001)
    same = policy(against="champion", margin=-0.001, confidence=0.95)
    assert decide(same, metrics, "new", "new").verdict == "promote"


def test_another_base_and_changed_pictures_are_said() -> None:
    metrics = world({"all": 0.01}, 0.001)
    told = decide(policy(against="champion", margin=0.0), metrics, "new", "old", Circumstances("tiny-1", "tiny-0", 2))
    assert "The champion is of another base (tiny-0, not tiny-1): both answered the same pictures." in told.reason
    assert "promoted on version 2 of the pictures; both were scored again on the same rows of version 3." in told.reason
    quiet = decide(policy(against="champion", margin=0.0), metrics, "new", "old", Circumstances("tiny-0", "tiny-0", 3))
    assert "base" not in quiet.reason
    assert "version" not in quiet.reason


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"slice": "regoin:*"}, r"'regoin:\*' is not a family of slices \(did you mean 'region'\?\)"),
        ({"slice": "pose:frontl"}, r"did you mean 'pose:frontal'\?"),
        ({"confidence": 1.5}, r"confidence: input should be less than 1"),
        ({"confidence": 0.9, "use": "ci_low"}, r"a rule with a confidence has an interval of its own: leave out 'use: ci_low'"),
        ({"correction": "bonferroni"}, r"correction: input should be 'max-t', 'holm' or 'none'"),
    ],
)
def test_what_a_policy_misspells_is_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        policy(**{"bound": 0.1} | wrong)


def test_the_strict_policy_wants_certainty_of_every_comparison() -> None:
    strict = load_policy("strict", Path(__file__).parents[3] / "flows" / "policies")
    assert all(rule.confidence for rule in strict.rules if rule.against != "absolute")
    assert any(rule.family == "region" and rule.required for rule in strict.rules)


def test_intervals_and_the_gate_keep_their_promises_in_simulation() -> None:
    # Small enough for a test: benchmarks/intervals.py counts 2,000. Bounds are three standard errors of the share wide.
    for share in coverage(400, 40, seed=1).values():
        assert 0.95 - 0.033 <= share <= 0.95 + 0.033
    assert verdicts(gate(MARGIN), 0.0, 250, seed=2)["promote"] / 250 <= 0.05 + 0.042
    assert verdicts(gate(MARGIN), MARGIN, 250, seed=3)["promote"] / 250 >= 0.8 - 0.076
    assert verdicts(gate(-MARGIN), -MARGIN, 250, seed=4)["promote"] / 250 <= 0.05 + 0.042
