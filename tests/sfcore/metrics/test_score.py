"""Scores of random worlds against numpy, against their own printed queries, and in the face of bad tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_worlds import MEDIAN, World, blank, figures_of, random_world

from sfcore.arkit import CHANNELS, LEFT_RIGHT_PAIRS, NAMES, SHAPES
from sfcore.errors import WorkFailed, WrongUse
from sfcore.gate.decide import decide
from sfcore.gate.policy import policy_from
from sfcore.metrics.figures import FIGURES, Scope, check_metric, check_slice, query_for
from sfcore.metrics.score import score
from sfcore.recipe import Evaluation
from sfcore.store.query import ask
from sfcore.store.schemas import SCHEMAS

WORDS = {
    "category_accuracy",
    "claims_precision",
    "claims_recall",
    "own_claims_precision",
    "own_claims_recall",
    "vertex_mm",
    "false_activity",
    "head_degrees",
    "jitter",
    "flip_error",
    "batch_agreement",
}
"""Figures that the random worlds have no words, judgements, neutral faces, head roll or second answers for."""
SHAPE = [channel.index for channel in SHAPES]


def _answer_matrix(world: World, model: str) -> np.ndarray:
    """(n, 61) float64 of a model's usable answers, nan elsewhere."""
    out = np.full(world.truth.shape, np.nan)
    for row in world.answers[model].to_pylist():
        if row["parsed"]:
            out[int(row["sample_id"][1:])] = [np.nan if row[name] is None else row[name] for name in NAMES]
    return out


def by_numpy(world: World, model: str) -> dict[str, float]:
    """The figures over everything, computed another way."""
    truth = world.truth.astype(np.float32).astype(np.float64)
    answer, median = _answer_matrix(world, model), np.asarray(world.median, np.float32).astype(np.float64)
    known, silent = ~np.isnan(truth), np.isnan(_answer_matrix(world, model))
    low, high = np.array([c.low for c in CHANNELS]), np.array([c.high for c in CHANNELS])
    error = np.where(silent, np.maximum(truth - low, high - truth), np.abs(answer - truth))
    base = np.abs(median - truth)
    active = known & (truth > 0.1) & np.isin(np.arange(61), SHAPE)
    rs = []
    for i in range(61):
        t = truth[known[:, i], i]
        if len(t) and t.std() > 1e-5:
            p = np.where(silent[known[:, i], i], 2 * t.mean() - t, answer[known[:, i], i])
            rs.append(np.corrcoef(t, p)[0, 1] if p.std() > 1e-5 else 0.0)
    hits = []
    for left, right in LEFT_RIGHT_PAIRS:
        gap = truth[:, NAMES.index(left)] - truth[:, NAMES.index(right)]
        said = answer[:, NAMES.index(left)] - answer[:, NAMES.index(right)]
        hits += list(np.sign(said[np.abs(gap) > 0.15]) == np.sign(gap[np.abs(gap) > 0.15]))
    parsed = {row["sample_id"] for row in world.answers[model].to_pylist() if row["parsed"]}
    return {
        "mae": error[known].mean(),
        "mae_active": error[active].mean(),
        "skill": 1 - error[known].sum() / base[known].sum(),
        "skill_active": 1 - error[active].sum() / base[active].sum(),
        "correlation": float(np.mean(rs)),
        "left_right": float(np.mean(hits)),
        "share_parsed": len(parsed) / len(truth),
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_figures_agree_with_numpy(seed: int) -> None:
    world = random_world(seed)
    found = figures_of(world.score())
    for model in world.answers:
        for metric, expected in by_numpy(world, model).items():
            assert found[model, metric, "all"]["value"] == pytest.approx(expected, abs=1e-6), (model, metric)


def test_every_kind_of_number_is_recomputed_by_its_printed_query() -> None:
    world = random_world(2)
    metrics, con = world.score(), world.connect()
    scope = Scope.of(metrics)
    assert scope == Scope("demo", 3, MEDIAN)
    rows = [row for row in metrics.to_pylist() if row["model_id"] in ("noisy", "partial")]
    kinds = {(row["metric"], row["slice"].split(":")[0]) for row in rows}
    assert len(kinds) >= 60
    for metric, kind in sorted(kinds):
        if kind not in ("all", "intensity", "pose") and metric not in ("mae", "share_parsed", "rank_correlation"):
            continue
        row = next(row for row in rows if (row["metric"], row["slice"].split(":")[0]) == (metric, kind))
        answer = ask(con, query_for(metric, row["slice"], row["model_id"], scope)).to_pylist()
        assert answer == [
            {"model_id": row["model_id"], "slice": row["slice"], "value": pytest.approx(row["value"], abs=1e-9), "n": row["n"]}
        ]


def test_each_file_runs_by_hand_over_views() -> None:
    from sfcore.metrics.figures import sql_of

    world = random_world(3, n=20)
    con, expected = world.connect(), figures_of(world.score())
    con.execute(f"SET VARIABLE dataset = 'demo'; SET VARIABLE median = '{MEDIAN}'; SET VARIABLE models = ['good']")
    con.execute("SET VARIABLE cluster = 'identity'")
    for view in ("channels", "learnt", "truth", "cells", "sums", "pictures", "judged", "probed"):
        con.execute(f"CREATE TEMP VIEW {view} AS {sql_of(view)}")
    for metric in FIGURES:
        if ("good", metric, "all") not in expected:
            assert metric in WORDS
            continue
        values = {slice_name: value for _, slice_name, value, _ in con.execute(sql_of(metric)).fetchall()}
        assert values["all"] == pytest.approx(expected["good", metric, "all"]["value"], abs=1e-9)


def test_one_query_answers_for_candidate_and_other() -> None:
    world = random_world(4, n=20)
    rows = ask(world.connect(), query_for("mae", "all", ["good", "noisy"], Scope("demo", 3, MEDIAN))).to_pylist()
    assert [row["model_id"] for row in rows] == ["good", "noisy"]


def test_the_table_has_the_contract_and_the_same_bytes_again() -> None:
    world = random_world(5)
    first = world.score()
    assert first.schema == SCHEMAS["metrics"]
    assert first.equals(world.score())
    assert list(dict.fromkeys(first["model_id"].to_pylist())) == list(world.answers)
    assert all(row["ci_low"] <= row["value"] + 1e-9 for row in first.to_pylist() if row["metric"] == "share_parsed")


def test_pictures_of_other_splits_datasets_and_recipes_stay_out() -> None:
    world = random_world(6, n=20)
    other = world.supervision("elsewhere").set_column(
        0, SCHEMAS["supervision"].field("sample_id"), pa.array([f"x{i}" for i in range(20)])
    )
    train = world.supervision("demo", "train", ["stranger"] * 20).set_column(
        0, SCHEMAS["supervision"].field("sample_id"), pa.array([f"y{i}" for i in range(20)])
    )
    redrawn = world.supervision().set_column(0, SCHEMAS["supervision"].field("sample_id"), pa.array([f"z{i}" for i in range(20)]))
    con = world.connect([other, train, redrawn])
    assert score(con, "run", list(world.answers), "demo", 3, Evaluation(bootstrap=50), 0).equals(world.score())


@settings(max_examples=5, deadline=None)
@given(silenced=st.sets(st.integers(0, 11), min_size=1, max_size=12), seed=st.integers(0, 1000))
def test_silence_never_makes_errors_smaller_or_agreement_larger(silenced: set[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ("JawOpen", "MouthSmileLeft", "MouthSmileRight", "HeadYaw")
    world = World(blank(12, **{name: rng.random(12) for name in names}), list("aabbccddeeff"), np.full(61, 0.2))
    answer = blank(12, **{name: rng.random(12) for name in names})
    world.answer("speaking", answer)
    world.answer("silent", answer, [i not in silenced for i in range(12)])
    found = figures_of(world.score())
    for metric in ("mae", "mae_active", "skill", "skill_active", "left_right", "share_parsed"):
        before, after = (found[model, metric, "all"]["value"] for model in ("speaking", "silent"))
        assert (after >= before - 1e-12) if FIGURES[metric].better == "lower" else (after <= before + 1e-12), metric


def test_one_identity_has_no_interval() -> None:
    world = World(blank(3, JawOpen=[0.1, 0.5, 0.9]), ["only"] * 3, np.zeros(61))
    row = figures_of(world.score())[MEDIAN, "mae", "all"]
    assert (row["ci_low"], row["ci_high"], row["n"]) == (None, None, 3)


def test_names_with_quotes_are_names() -> None:
    world = World(blank(2, JawOpen=[0.1, 0.5]), ["a", "o'neil"], np.zeros(61))
    hostile = "it's -- ';\n-- drop"
    world.answer(hostile, world.truth)
    row = figures_of(world.score())[hostile, "mae", "all"]
    assert row["value"] == 0.0
    assert ask(world.connect(), query_for("mae", "all", hostile, Scope("demo", 3, MEDIAN)))["value"].to_pylist() == [0.0]


def test_an_empty_evaluation_is_one_sentence() -> None:
    world = World(np.zeros((0, 61)), [], np.zeros(61))
    with pytest.raises(WorkFailed, match="nothing to score: no test picture of 'demo' has been answered"):
        world.score()


def test_a_model_without_answers_is_named() -> None:
    world = random_world(7, n=10)
    with pytest.raises(WorkFailed, match="absent has answered no test picture of 'demo'"):
        score(world.connect(), "run", [MEDIAN, "absent"], "demo", 3, Evaluation(), 0)


def test_two_answers_to_one_picture_are_refused() -> None:
    world = random_world(8, n=10)
    world.answers["good"] = pa.concat_tables([world.answers["good"], world.answers["good"].slice(0, 1)])
    with pytest.raises(WorkFailed, match="more than one answer of good"):
        world.score()


def test_scoring_without_a_median_is_wrong_use() -> None:
    world = random_world(9, n=10)
    with pytest.raises(WrongUse, match="needs one median baseline among the models, found 0"):
        score(world.connect(), "run", ["good"], "demo", 3, Evaluation(), 0)


def test_scoring_leaves_the_connection_as_it_was() -> None:
    world = random_world(10, n=10)
    con = world.connect()
    score(con, "run", list(world.answers), "demo", 3, Evaluation(bootstrap=50), 0)
    assert (
        con.execute("SELECT current_setting('threads')").fetchall()
        == world.connect().execute("SELECT current_setting('threads')").fetchall()
    )
    with pytest.raises(WrongUse, match="there is no table 'answers'"):
        ask(con, "select * from answers")


def test_unknown_metrics_and_slices_name_the_nearest() -> None:
    with pytest.raises(WrongUse, match="did you mean 'correlation'"):
        check_metric("corelation")
    with pytest.raises(WrongUse, match="did you mean 'channel:JawOpen'"):
        check_slice("channel:JawOpn")
    with pytest.raises(WrongUse, match="'domain:' is not a slice"):
        check_slice("domain:")
    assert check_slice("domain:gltf:fox") == "domain:gltf:fox"


def test_every_number_of_a_decision_is_recomputed_from_its_printed_queries_alone() -> None:
    world = random_world(12, n=40)
    world.answers = {model: world.answers[model] for model in (MEDIAN, "good", "noisy")}
    against = {"against": "champion", "confidence": 0.95}
    rules = [
        {"name": "one", "metric": "mae", "bound": 0.2, "confidence": 0.9},
        {"name": "two", "metric": "rank_correlation", "slice": "side:*", "margin": -0.01, "correction": "holm"} | against,
        {"name": "three", "metric": "mae_active", "slice": "region:*", "margin": 0.01} | against,
        {"name": "four", "metric": "slope", "against": "champion", "margin": 0.0},
        {"name": "five", "metric": "share_parsed", "slice": "domain:*", "bound": 0.9},
        {"name": "six", "metric": "gaze_degrees", "bound": 30.0, "use": "ci_high"},
    ]
    decision = decide(policy_from({"name": "unseen", "rules": rules}, "policy"), world.score(), "good", "noisy")
    con = world.connect()
    assert {rule.outcome for rule in decision.rules} <= {"passed", "failed", "too_few"}
    for rule in decision.rules:
        values = {row["model_id"]: row["value"] for row in ask(con, rule.query or "").to_pylist()}
        assert values["good"] == pytest.approx(rule.candidate_value, abs=1e-9), rule.rule
        if rule.other:
            assert values[rule.other] == pytest.approx(rule.other_value, abs=1e-9), rule.rule
