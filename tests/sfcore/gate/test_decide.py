"""The decision: always an answer, always a reason, and better figures never hurt."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcore.gate.decide import decide
from sfcore.gate.policy import Policy, load_policy, policy_from
from sfcore.metrics.figures import FIGURES, baseline_id
from sfcore.store.schemas import RULE_RESULT, SCHEMAS

MEDIAN, CNN = baseline_id("median", "k"), baseline_id("cnn", "k")
DEFAULT = load_policy("default", Path(__file__).parents[3] / "flows" / "policies")

GOOD = {
    "share_parsed": 1.0,
    "skill": 0.3,
    "skill_active": 0.4,
    "mae": 0.05,
    "mae_active": 0.1,
    "correlation": 0.6,
    "left_right": 0.9,
    "never_fires": 0.0,
}
WORSE = {
    "share_parsed": 1.0,
    "skill": 0.2,
    "skill_active": 0.3,
    "mae": 0.06,
    "mae_active": 0.12,
    "correlation": 0.5,
    "left_right": 0.85,
    "never_fires": 0.0,
}
NOTHING = {
    "share_parsed": 1.0,
    "skill": 0.0,
    "skill_active": 0.0,
    "mae": 0.08,
    "mae_active": 0.3,
    "correlation": 0.0,
    "left_right": 0.0,
    "never_fires": 52.0,
}


def table(models: dict[str, dict[str, Any]], n: int = 100, width: float | None = 0.01) -> pa.Table:
    """A metrics table: model -> figure -> value, with intervals of plus and minus ``width``."""
    rows = [
        {
            "run_id": "run",
            "model_id": model,
            "metric": metric,
            "slice": "all",
            "value": value,
            "ci_low": None if width is None else value - width,
            "ci_high": None if width is None else value + width,
            "n": n,
            "dataset": "demo",
            "dataset_version": 3,
        }
        for model, figures in models.items()
        for metric, value in figures.items()
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["metrics"])


def policy(**rule: Any) -> Policy:
    return policy_from({"name": "test", "rules": [{"name": "the rule"} | rule]}, "policy")


def test_a_good_first_candidate_becomes_the_first_champion() -> None:
    decision = decide(DEFAULT, table({"new": GOOD, MEDIAN: NOTHING, CNN: WORSE}), "new", None)
    assert decision.verdict == "promote"
    assert "first champion" in decision.reason
    against_nobody = [rule for rule in decision.rules if "champion" in rule.rule]
    assert len(against_nobody) == 3
    assert all(rule.passed and "there is no champion yet" in rule.sentence for rule in against_nobody)


def test_a_step_back_from_the_champion_is_refused_with_both_values() -> None:
    decision = decide(DEFAULT, table({"new": WORSE, "old": GOOD, MEDIAN: NOTHING, CNN: NOTHING}), "new", "old")
    assert decision.verdict == "refuse"
    rule = next(rule for rule in decision.rules if rule.rule == "errors no larger than the champion's")
    assert (rule.outcome, rule.candidate_value, rule.other, rule.other_value) == ("failed", 0.06, "old", 0.05)
    assert rule.bound == pytest.approx(0.052)
    assert "candidate 0.06 (0.05 to 0.07, n = 100) against 0.05 of the champion" in rule.sentence
    assert rule.rule in decision.reason


def test_the_same_model_again_holds_against_itself() -> None:
    assert decide(DEFAULT, table({"old": GOOD, MEDIAN: NOTHING, CNN: WORSE}), "old", "old").verdict == "promote"


def test_the_median_itself_is_never_promoted() -> None:
    decision = decide(DEFAULT, table({MEDIAN: NOTHING, CNN: WORSE}, width=0.0), MEDIAN, None)
    assert decision.verdict == "refuse"


def test_advice_is_told_and_decides_nothing() -> None:
    decision = decide(DEFAULT, table({"new": WORSE, MEDIAN: NOTHING, CNN: GOOD}), "new", None)
    assert decision.verdict == "promote"
    assert "Advice not met: better than a small convolutional network" in decision.reason


@pytest.mark.parametrize("missing", [name for name in GOOD if name in {rule.metric for rule in DEFAULT.rules if rule.required}])
def test_a_missing_or_undefined_figure_refuses(missing: str) -> None:
    for figures in ({k: v for k, v in GOOD.items() if k != missing}, GOOD | {missing: math.nan}):
        decision = decide(DEFAULT, table({"new": figures, "old": WORSE, MEDIAN: NOTHING, CNN: WORSE}), "new", "old")
        assert decision.verdict == "refuse"
        assert {rule.outcome for rule in decision.rules if not rule.passed} == {"missing"}
        assert "run evaluate" in decision.reason


def test_an_empty_table_refuses() -> None:
    decision = decide(DEFAULT, SCHEMAS["metrics"].empty_table(), "new", None)
    assert decision.verdict == "refuse"
    assert all(rule.query is None and rule.outcome == "missing" for rule in decision.rules)


def test_a_champion_without_figures_is_missing_not_absent() -> None:
    decision = decide(DEFAULT, table({"new": GOOD, MEDIAN: NOTHING, CNN: WORSE}), "new", "old")
    assert decision.verdict == "refuse"
    assert "no such figure of the champion" in decision.reason


def test_too_few_pictures_or_faces_leave_it_undecided() -> None:
    few = decide(DEFAULT, table({"new": GOOD, MEDIAN: NOTHING, CNN: WORSE}, n=7), "new", None)
    assert few.verdict == "undecided"
    assert "7 pictures are too few: the rule wants 30" in few.reason
    faceless = decide(DEFAULT, table({"new": GOOD, MEDIAN: NOTHING, CNN: WORSE}, width=None), "new", None)
    assert faceless.verdict == "undecided"
    assert "too few identities for an interval" in faceless.reason


def test_a_certain_failure_outweighs_an_undecided_rule() -> None:
    both = policy_from(
        {
            "name": "p",
            "rules": [
                {"name": "a", "metric": "mae", "bound": 0.01},
                {"name": "b", "metric": "skill", "bound": 0.1, "min_n": 999},
            ],
        },
        "p",
    )
    assert decide(both, table({"new": GOOD, MEDIAN: NOTHING}), "new", None).verdict == "refuse"


def test_unreadable_answers_are_named_where_they_weigh() -> None:
    figures = GOOD | {"share_parsed": 0.99, "skill": -0.1}
    decision = decide(DEFAULT, table({"new": figures, MEDIAN: NOTHING, CNN: WORSE}), "new", None)
    assert "1 of 100 answers could not be read" in decision.reason


def test_results_fit_the_decisions_table_and_carry_their_queries() -> None:
    decision = decide(DEFAULT, table({"new": GOOD, "old": WORSE, MEDIAN: NOTHING, CNN: WORSE}), "new", "old")
    stored = pa.array([decision.rule_structs()], pa.list_(RULE_RESULT)).to_pylist()[0]
    assert stored == decision.rule_structs()
    assert [set(rule) for rule in stored] == [set(RULE_RESULT.names)] * len(DEFAULT.rules)
    for rule in stored:
        assert "FROM supervision" in rule["query"]
        assert "'new'" in rule["query"]
        assert (rule["other"] is None) or f"'{rule['other']}'" in rule["query"]


number = st.floats(-2, 2).map(lambda value: round(value, 3))
figures = st.fixed_dictionaries(dict.fromkeys(FIGURES, number))
rules = st.lists(
    st.builds(
        lambda metric, against, level, use, importance, min_n: {
            "metric": metric,
            "against": against,
            ("bound" if against == "absolute" else "margin"): level,
            "use": use,
            "importance": importance,
            "min_n": min_n,
        },
        st.sampled_from(sorted(FIGURES)),
        st.sampled_from(["absolute", "champion", "baseline-median", "baseline-cnn"]),
        number,
        st.sampled_from(["value", "ci_low", "ci_high"]),
        st.sampled_from(["required", "advisory"]),
        st.sampled_from([1, 50, 200]),
    ),
    min_size=1,
    max_size=5,
)
policies = rules.map(
    lambda made: policy_from(
        {
            "name": "p",
            "rules": [
                rule | {"name": f"rule {i}"} | ({"importance": "required"} if i == 0 else {}) for i, rule in enumerate(made)
            ],
        },
        "p",
    )
)
RANK = {"refuse": 0, "undecided": 1, "promote": 2}


@given(policies, figures, figures, figures, st.sampled_from(sorted(FIGURES)), st.floats(0, 1), st.booleans())
def test_a_better_figure_never_worsens_the_verdict(
    tried: Policy, mine: dict, old: dict, cnn: dict, improved: str, gain: float, has_champion: bool
) -> None:
    # Of a figure that should be 1, nearer to 1 is better: a share of the way there.
    toward = {"higher": gain, "lower": -gain, "one": gain * (1 - mine[improved])}
    better = mine | {improved: mine[improved] + toward[FIGURES[improved].better]}
    champion = "old" if has_champion else None
    verdicts = [
        decide(tried, table({"new": own, "old": old, MEDIAN: NOTHING, CNN: cnn}), "new", champion).verdict
        for own in (mine, better)
    ]
    assert RANK[verdicts[1]] >= RANK[verdicts[0]]


@given(policies, figures, st.sets(st.sampled_from(sorted(FIGURES))), st.booleans(), st.sampled_from([0, 10, 100]))
def test_a_decision_is_never_silent_and_follows_from_its_rules(
    tried: Policy, mine: dict, absent: set[str], has_champion: bool, n: int
) -> None:
    own = {name: value for name, value in mine.items() if name not in absent}
    decision = decide(tried, table({"new": own, MEDIAN: NOTHING}, n=n), "new", "old" if has_champion else None)
    assert decision.reason.endswith((".", "figure."))
    assert len(decision.rules) == len(tried.rules)
    for rule, result in zip(tried.rules, decision.rules, strict=True):
        assert result.sentence.endswith(".")
        assert result.passed == (result.outcome == "passed")
        assert result.outcome == "missing" or rule.metric not in absent
    required = [result for result in decision.rules if result.required]
    assert (decision.verdict == "promote") == all(result.passed for result in required)
    assert (decision.verdict == "refuse") == any(result.outcome in ("failed", "missing") for result in required)


def test_reaching_the_bound_exactly_is_enough() -> None:
    metrics = table({"new": GOOD, MEDIAN: NOTHING})
    assert decide(policy(metric="skill", bound=0.3), metrics, "new", None).verdict == "promote"
    assert decide(policy(metric="skill", bound=0.3001), metrics, "new", None).verdict == "refuse"
    assert decide(policy(metric="mae", bound=0.05), metrics, "new", None).verdict == "promote"
    assert decide(policy(metric="mae", bound=0.05, use="ci_high"), metrics, "new", None).verdict == "refuse"
