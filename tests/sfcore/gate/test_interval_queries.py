"""What a rule says about its certainty is found again in DuckDB alone."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from sfcore.gate.decide import decide
from sfcore.gate.policy import policy_from
from tests.sfcore.metrics.metric_worlds import random_world


@pytest.fixture(scope="module")
def metrics() -> pa.Table:
    """Two models beside the median, on 60 pictures of 12 faces."""
    world = random_world(5)
    del world.answers["partial"]
    return world.score(bootstrap=200)


@pytest.mark.parametrize("metric", ["mae", "correlation", "slope", "share_parsed"])
@pytest.mark.parametrize(
    "rule",
    [
        {"bound": 0.5},
        {"bound": 0.5, "use": "ci_low"},
        {"bound": 0.5, "confidence": 0.9},
        {"against": "champion", "margin": 0.01, "confidence": 0.95},
        {"against": "champion", "margin": -0.02, "confidence": 0.975, "slice": "domain:*", "correction": "max-t"},
        {"against": "champion", "margin": 0.01, "confidence": 0.9, "slice": "domain:*", "correction": "holm"},
        {"against": "baseline-median", "margin": 0.0, "confidence": 0.8, "slice": "domain:*", "correction": "none"},
    ],
)
def test_interval_and_lead_follow_from_the_printed_query(metrics: pa.Table, metric: str, rule: dict[str, object]) -> None:
    policy = policy_from({"name": "p", "rules": [{"name": "rule", "metric": metric, **rule}]}, "policy")
    (found,) = decide(policy, metrics, "good", "noisy").rules
    with duckdb.connect() as con:
        con.register("metrics", metrics)
        rows = con.sql(found.interval_query or "").to_arrow_table().to_pylist()
    if "confidence" not in rule:
        mine = next(row for row in rows if row["model_id"] == "good")
        assert (mine["value"], mine["ci_low"], mine["ci_high"]) == (
            found.candidate_value,
            found.candidate_low,
            found.candidate_high,
        )
        return
    (row,) = rows
    assert row["slice"] == found.slice
    assert [row["lead"], row["lead_low"], row["lead_high"]] == pytest.approx(
        [found.lead, found.lead_low, found.lead_high], abs=1e-9
    )


def test_a_name_with_a_quote_is_a_name(metrics: pa.Table) -> None:
    at = metrics.schema.get_field_index("model_id")
    hostile = "o'neill */ drop"
    renamed = pa.array([hostile if model == "good" else model for model in metrics["model_id"].to_pylist()])
    table = metrics.set_column(at, metrics.schema.field(at), renamed)
    rule = {"name": "rule", "metric": "mae", "against": "champion", "margin": 0.0, "confidence": 0.9}
    (found,) = decide(policy_from({"name": "p", "rules": [rule]}, "policy"), table, hostile, "noisy").rules
    with duckdb.connect() as con:
        con.register("metrics", table)
        assert con.sql(found.interval_query or "").fetchall()[0][1] == pytest.approx(found.lead)
