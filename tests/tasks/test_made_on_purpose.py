"""Answers made on purpose, in a real workspace: what the gate says of them, and that DuckDB alone finds its numbers again."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import numpy as np
import pytest

from flows.shipped import policy_named
from sfcore.arkit import CHANNELS, INDEX, MIRROR_INDEX
from sfcore.gate.decide import RuleResult, decide
from sfcore.gate.policy import Policy, policy_from
from sfcore.gate.wording import digits
from sfcore.metrics.figures import baseline_id
from sfcore.metrics.score import score
from sfcore.recipe import Evaluation
from sfcore.store.query import connect
from sfcore.store.workspace import Workspace
from tasks.progress import Silent
from tasks.promote import Promoted, figures_of_run, promote
from tasks.replay import replay
from tests.sfcore.metrics.metric_worlds import MEDIAN, World, random_world

CNN = baseline_id("cnn", "world")
RUN = "run-on-purpose"
AGAINST = {"against": "champion", "confidence": 0.95}
UNSEEN = policy_from(
    {
        "name": "unseen",
        "rules": [
            {"name": "no channel dies", "metric": "never_fires", "bound": 0},
            {"name": "no channel falls behind", "metric": "mae", "slice": "channel:*", "margin": -0.02} | AGAINST,
            {"name": "sides", "metric": "rmse", "slice": "side:*", "margin": -0.01, "correction": "holm"} | AGAINST,
            {"name": "slope", "metric": "slope", "bound": 0.3, "confidence": 0.9, "importance": "advisory"},
            {"name": "ranks", "metric": "rank_correlation", "against": "baseline-cnn", "margin": 0.0, "importance": "advisory"},
        ],
    },
    "policy unseen",
)


def made_on_purpose() -> World:
    """280 pictures of 40 faces; a champion that is fair, and candidates whose faults are known."""
    world = random_world(21, n=280, identities=40)
    rng, known = np.random.default_rng(3), np.nan_to_num(world.truth)
    world.answers = {MEDIAN: world.answers[MEDIAN]}
    world.answer(CNN, known * 0.5 + rng.normal(0, 0.15, known.shape))
    world.answer("champion-model", known * 0.8 + rng.normal(0, 0.05, known.shape))
    world.answer("perfect", known)
    world.answer("shuffled", known[rng.permutation(len(known))])
    world.answer("mirrored", known[:, list(MIRROR_INDEX)])
    dead = known + rng.normal(0, 0.01, known.shape)
    dead[:, INDEX["JawOpen"]] = 0.0
    world.answer("dead", dead)
    uneven = known + rng.normal(0, 0.01, known.shape)
    uneven[:, [channel.index for channel in CHANNELS if channel.region == "brows"]] += 0.15
    world.answer("uneven", uneven)
    return world


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """All of them in one workspace, scored side by side in one run."""
    folder = tmp_path_factory.mktemp("purpose")
    place, world = Workspace.create(str(folder / "workspace")), made_on_purpose()
    place.append("supervision", world.supervision(), "pictures")
    for model, answers in world.answers.items():
        place.append("predictions", answers, f"predict/{model}")
        if not model.startswith("baseline-"):
            (folder / model).mkdir()
            (folder / model / "lineage.json").write_text(json.dumps({"model_id": model, "base": "tiny-0"}))
            place.push_folder(folder / model, f"models/{model}")
    version, evaluation = place.version("supervision"), Evaluation(bootstrap=200)
    place.append("metrics", score(connect(place), RUN, list(world.answers), "demo", version, evaluation, 0), f"metrics/{RUN}")
    return place


def decided(workspace: Workspace, model: str, policy: Policy) -> Promoted:
    """The gate's word on a model while ``champion-model`` is champion, in a copy of the workspace's decisions."""
    return promote(workspace, policy, model, RUN, Silent())


def asked_alone(workspace: Workspace, query: str) -> list[dict[str, Any]]:
    """What DuckDB answers that knows nothing but the Parquet files of the workspace."""
    with duckdb.connect() as con:
        for table in ("supervision", "predictions", "metrics"):
            files = workspace.table(table).file_uris()
            con.execute(f"CREATE VIEW {table} AS FROM read_parquet({files!r})")
        return con.sql(query).to_arrow_table().to_pylist()


def check_alone(workspace: Workspace, rule: RuleResult, candidate: str) -> None:
    """A rule's numbers and interval, from its printed queries; and its sentence says them."""
    values = {row["model_id"]: row["value"] for row in asked_alone(workspace, rule.query or "")}
    assert values[candidate] == pytest.approx(rule.candidate_value, abs=1e-9), rule.rule
    if rule.other:
        assert values[rule.other] == pytest.approx(rule.other_value, abs=1e-9), rule.rule
    rows = asked_alone(workspace, rule.interval_query or "")
    if rule.lead is None:
        kept = next(row for row in rows if row["model_id"] == candidate)
        assert (kept["ci_low"], kept["ci_high"]) == (rule.candidate_low, rule.candidate_high)
    else:
        found = [rows[0][name] for name in ("lead", "lead_low", "lead_high")]
        assert found == pytest.approx([rule.lead, rule.lead_low, rule.lead_high], abs=1e-9), rule.rule
    for number in (rule.candidate_value, rule.candidate_low, rule.candidate_high, rule.other_value, rule.lead, rule.lead_low):
        assert number is None or digits(number) in rule.sentence, (number, rule.sentence)
    assert rule.sentence.endswith(".")
    assert "\n" not in rule.sentence


EXPECTED = {
    # candidate: (default, strict, unseen), and a rule of one of them with the slice in which it fails
    "shuffled": (("refuse", "refuse", "refuse"), ("strict", "certainly better than the median", "all")),
    "mirrored": (("refuse", "refuse", "refuse"), ("strict", "tells left from right", "all")),
    "dead": (("promote", "refuse", "refuse"), ("unseen", "no channel falls behind", "channel:JawOpen")),
    "uneven": (("promote", "refuse", "refuse"), ("strict", "in no part of the face worse than the champion", "region:brows")),
    "perfect": (("promote", "promote", "promote"), ("unseen", "no channel falls behind", None)),
}


@pytest.mark.parametrize("model", EXPECTED)
def test_the_gate_says_what_was_done_to_the_answers(workspace: Workspace, model: str) -> None:
    policies = {"default": policy_named("default"), "strict": policy_named("strict"), "unseen": UNSEEN}
    metrics = figures_of_run(workspace, RUN)
    decisions = {name: decide(policy, metrics, model, "champion-model") for name, policy in policies.items()}
    verdicts, fault = EXPECTED[model]
    assert tuple(decision.verdict for decision in decisions.values()) == verdicts, decisions
    policy, name, where = fault
    told = next(rule for rule in decisions[policy].rules if rule.rule == name)
    assert (told.outcome, told.slice) == ("failed", where) if where else told.outcome == "passed", told.sentence
    for rule in decisions[policy].rules:
        if rule.outcome != "missing":
            check_alone(workspace, rule, model)


def test_promoted_and_refused_in_turn_with_every_decision_replayed(workspace: Workspace) -> None:
    first = decided(workspace, "champion-model", policy_named("default"))
    assert (first.decision.verdict, first.champion) == ("promote", "champion-model")
    assert decided(workspace, "shuffled", policy_named("default")).champion == "champion-model"
    last = decided(workspace, "perfect", UNSEEN)
    assert last.champion == "perfect"
    for decision_id in workspace.read("decisions")["decision_id"].to_pylist():
        again = replay(workspace, decision_id)
        assert again.same, again.differences
        assert again.recomputed == again.numbers > 0
        assert again.gone == ()


def test_better_answers_that_are_too_few_leave_it_undecided(workspace: Workspace) -> None:
    rule = {"name": "clear lead", "metric": "mae", "against": "champion", "margin": 0.0001, "confidence": 0.95, "min_n": 500}
    decision = decide(
        policy_from({"name": "p", "rules": [rule]}, "policy"), figures_of_run(workspace, RUN), "dead", "champion-model"
    )
    assert decision.verdict == "undecided"
    assert "the rule wants 500" in decision.reason
