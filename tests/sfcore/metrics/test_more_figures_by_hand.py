"""Known answers of the figures beside error and correlation: worked out by hand, and by scipy and scikit-learn on random data."""

from __future__ import annotations

import numpy as np
import pytest
from metric_worlds import MEDIAN, World, blank, figures_of, random_world
from scipy.spatial.transform import Rotation
from scipy.stats import linregress, pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from sfcore.arkit import CHANNELS, INDEX, MIRROR_INDEX, NAMES
from sfcore.metrics.figures import FIGURES, SLICES, sql_of
from sfcore.rigs.rig import head_rotation

FACES = ["a", "a", "b", "b"]
OPEN = [0.0, 0.2, 0.4, 0.6]
ANGLES = ("HeadYaw", "HeadPitch", "HeadRoll")


def test_the_root_mean_square_weighs_large_errors_more() -> None:
    world = World(blank(4, JawOpen=OPEN), FACES, blank(1, JawOpen=[0.3])[0])
    world.answer("m", blank(4, JawOpen=[0.0, 0.2, 0.4, 0.2]))
    assert world.value("m", "rmse") == pytest.approx(0.2)
    assert world.value("m", "mae") == pytest.approx(0.1)


def test_a_damped_answer_has_the_slope_by_which_it_is_damped() -> None:
    world = World(blank(4, JawOpen=OPEN, CheekPuff=OPEN), FACES, np.zeros(61))
    world.answer("m", blank(4, JawOpen=[0.1 + 0.5 * v for v in OPEN], CheekPuff=[1.5 * v for v in OPEN]))
    assert world.value("m", "slope", "channel:JawOpen") == pytest.approx(0.5)
    assert world.value("m", "slope", "channel:CheekPuff") == pytest.approx(1.5)
    assert world.value("m", "slope") == pytest.approx(1.0)
    assert world.value(MEDIAN, "slope") == pytest.approx(0.0)


def test_a_dead_channel_is_counted_and_a_still_truth_is_not() -> None:
    world = World(blank(4, JawOpen=OPEN, CheekPuff=OPEN, TongueOut=[0.05] * 4), FACES, np.zeros(61))
    world.answer("m", blank(4, JawOpen=OPEN, CheekPuff=[0.09] * 4, TongueOut=[0.0] * 4))
    assert world.value("m", "never_fires") == 1.0
    assert world.value("m", "never_fires", "channel:CheekPuff") == 1.0
    assert world.value("m", "never_fires", "channel:TongueOut") is None
    assert world.value(MEDIAN, "never_fires") == 2.0


def test_false_activity_looks_at_neutral_faces_alone() -> None:
    world = World(blank(3, JawOpen=[0.0, 0.1, 0.5], CheekPuff=[0.05, 0.0, 0.0]), ["a", "b", "c"], np.zeros(61))
    world.answer("m", blank(3, JawOpen=[0.3, 0.05, 0.9], CheekPuff=[0.0, np.nan, 0.9]))
    # Two neutral faces of two shapes: one moved, one not answered. 0.1 as 32 bits is a little above 0.1: the face of 0.1 moves.
    row = world.figures()["m", "false_activity", "all"]
    assert (row["value"], row["n"]) == (0.5, 1)


def test_angles_are_those_between_rotations_and_between_gazes() -> None:
    rng = np.random.default_rng(0)
    names = [channel.name for channel in CHANNELS if channel.kind != "shape"]
    truth, answer = (blank(6, **{name: list(rng.uniform(-0.7, 0.7, 6)) for name in names}) for _ in range(2))
    world = World(truth, ["a", "b"] * 3, np.zeros(61))
    world.answer("m", answer)
    world.answer("mute", answer, [False] * 6)
    expected, gazes = [], []
    for t, p in zip(np.nan_to_num(truth), np.nan_to_num(answer), strict=True):
        true, told = (Rotation.from_matrix(head_rotation(v.astype(np.float32)).astype(np.float64)) for v in (t, p))
        expected.append(np.degrees((true.inv() * told).magnitude()))
        for side in ("Left", "Right"):
            axes = [
                Rotation.from_euler("YX", [-v[INDEX[f"{side}EyeYaw"]], v[INDEX[f"{side}EyePitch"]]]).apply([0, 0, 1])
                for v in (t, p)
            ]
            gazes.append(np.degrees(np.arccos(axes[0] @ axes[1])))
    assert world.value("m", "head_degrees") == pytest.approx(np.mean(expected), abs=1e-3)
    assert world.value("m", "gaze_degrees") == pytest.approx(np.mean(gazes), abs=1e-5)
    assert world.value("mute", "head_degrees") == world.value("mute", "gaze_degrees") == 180.0


def test_a_head_pose_with_an_unknown_angle_counts_nowhere() -> None:
    world = World(blank(2, HeadYaw=[0.1, 0.2], HeadPitch=[0.0, 0.0]), ["a", "b"], np.zeros(61))
    world.answer("m", world.truth)
    assert world.value("m", "head_degrees") is None


def test_a_face_whose_pictures_all_count_nowhere_leaves_the_figure_to_the_others() -> None:
    names = ("LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch")
    world = World(blank(4, JawOpen=OPEN, **{name: [0.1, 0.2, np.nan, np.nan] for name in names}), FACES, np.zeros(61))
    world.answer("m", np.nan_to_num(world.truth))
    row = world.figures()["m", "gaze_degrees", "all"]
    assert (row["value"], row["n"], row["clusters"]) == (pytest.approx(0.0, abs=1e-6), 2, 1)


def test_time_and_tokens_are_means_and_categories_are_compared_by_their_first_words() -> None:
    said = ["felt smile, broad", "Neutral.", "fear", "something else: fear"]
    world = World(blank(4, JawOpen=OPEN), FACES, np.zeros(61), expressions=["felt smile, weak", "neutral", "surprise", "fear"])
    world.answer("m", world.truth, says=said)
    assert world.value("m", "milliseconds") == 3.0
    assert world.value("m", "tokens") == 11.5
    assert world.value("m", "category_accuracy") == 0.5
    assert world.value("m", "category_accuracy", "expression:fear") == 0.0
    assert world.value(MEDIAN, "category_accuracy") is None
    world.answer("mute", world.truth, [True, True, True, False], says=["felt smile", "neutral", "surprise", "fear"])
    assert world.value("mute", "category_accuracy") == 0.75


def test_slices_of_pictures_hold_the_pictures_they_name() -> None:
    truth = blank(4, JawOpen=OPEN, HeadYaw=[0.0, 0.3, -0.5, 0.1], HeadPitch=[0.0] * 4, HeadRoll=[0.0] * 4)
    world = World(
        truth, FACES, np.zeros(61), ["ict", "ict", "procedural", "procedural"], expressions=["fear", "fear", "anger", "x"]
    )
    world.answer("m", np.nan_to_num(truth) + 0.1)
    found = world.figures()
    pictures = {name: found["m", "share_parsed", name]["n"] for _, metric, name in found if metric == "share_parsed"}
    assert pictures == {
        "all": 4,
        "dataset:demo": 4,
        "domain:ict": 2,
        "domain:procedural": 2,
        "identity:new": 4,
        "expression:fear": 2,
        "expression:anger": 1,
        "expression:x": 1,
        "pose:frontal": 2,
        "pose:turned": 1,
        "pose:far": 1,
    }
    cells = {name: found["m", "mae", name]["n"] for _, metric, name in found if metric == "mae" and name.startswith("intensity")}
    assert cells == {"intensity:none": 1, "intensity:slight": 1, "intensity:moderate": 1, "intensity:strong": 1}
    assert found["m", "mae", "pose:far"]["value"] == pytest.approx(0.1)


def test_an_identity_of_the_training_pictures_is_seen() -> None:
    world = World(blank(2, JawOpen=[0.1, 0.5]), ["old", "fresh"], np.zeros(61))
    import pyarrow as pa

    from sfcore.metrics.score import score
    from sfcore.recipe import Evaluation
    from sfcore.store.schemas import SCHEMAS

    train = world.supervision("demo", "train", ["old", "old"])
    train = train.set_column(0, SCHEMAS["supervision"].field("sample_id"), pa.array(["t0", "t1"]))
    found = figures_of(score(world.connect([train]), "run", [MEDIAN], "demo", 3, Evaluation(bootstrap=50), 0))
    assert found[MEDIAN, "mae", "identity:seen"]["value"] == pytest.approx(0.1)
    assert found[MEDIAN, "mae", "identity:new"]["value"] == pytest.approx(0.5)


@pytest.mark.parametrize("seed", [0, 1])
def test_random_data_agree_with_scipy_and_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.clip(rng.normal(0.1, 0.4, (80, 52)), 0, 1), rng.normal(0, 0.2, (80, 9))], axis=1).astype(
        np.float32
    )
    answer = (0.6 * truth + rng.normal(0, 0.1, truth.shape)).round(2).astype(np.float32)
    world = World(truth, [f"f{i % 9}" for i in range(80)], np.zeros(61))
    world.answer("m", answer)
    t, p = truth.astype(np.float64), answer.astype(np.float64)
    assert world.value("m", "mae") == pytest.approx(mean_absolute_error(t.ravel(), p.ravel()), abs=1e-6)
    assert world.value("m", "rmse") == pytest.approx(root_mean_squared_error(t.ravel(), p.ravel()), abs=1e-6)
    per_channel = {
        "correlation": [pearsonr(t[:, i], p[:, i])[0] for i in range(61)],
        "rank_correlation": [spearmanr(t[:, i], p[:, i])[0] for i in range(61)],
        "slope": [linregress(t[:, i], p[:, i])[0] for i in range(61)],
    }
    for metric, values in per_channel.items():
        assert world.value("m", metric) == pytest.approx(np.mean(values), abs=1e-6), metric
        for region in SLICES["region"]:
            mine = [values[c.index] for c in CHANNELS if c.region == region]
            assert world.value("m", metric, f"region:{region}") == pytest.approx(np.mean(mine), abs=1e-6), (metric, region)


def test_predictions_made_on_purpose_show_what_was_done_to_them() -> None:
    world = random_world(11, n=40)
    known = np.nan_to_num(world.truth)
    world.answers = {MEDIAN: world.answers[MEDIAN]}
    world.answer("perfect", known)
    world.answer("shuffled", known[np.random.default_rng(0).permutation(40)])
    world.answer("mirrored", known[:, list(MIRROR_INDEX)])
    dead = known.copy()
    dead[:, INDEX["JawOpen"]] = 0.0
    world.answer("dead", dead)
    one_slice = known + 0.001
    one_slice[:, [c.index for c in CHANNELS if c.region == "brows"]] += 0.2
    world.answer("brows", one_slice)
    value = world.value
    assert value("perfect", "rank_correlation") == pytest.approx(1.0)
    assert abs(value("shuffled", "correlation") or 1) < 0.2
    assert value("mirrored", "left_right") == 0.0
    assert value("mirrored", "mae", "channel:JawOpen") == 0.0
    assert (value("dead", "never_fires"), value("perfect", "never_fires")) == (1.0, 0.0)
    assert value("brows", "mae", "region:brows") == pytest.approx(0.201, abs=1e-3)
    assert value("brows", "mae", "region:mouth") == pytest.approx(0.001, abs=1e-3)


def test_every_figure_has_its_file_and_the_list_of_channels_is_arkits() -> None:
    for name in FIGURES:
        assert sql_of(name).startswith(f"-- {name}: ")
    import duckdb

    rows = duckdb.connect().execute(sql_of("channels")).fetchall()
    assert rows == [(c.index + 1, c.name, INDEX[c.partner] + 1, c.region, c.side) for c in CHANNELS]
    assert [row[1] for row in rows] == list(NAMES)
