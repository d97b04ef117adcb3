"""Known answers: figures of small worlds worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from metric_worlds import MEDIAN, World, blank, figures_of

from sfcore.arkit import CHANNELS, LEFT_RIGHT_PAIRS, MIRROR_INDEX, NAMES
from sfcore.metrics.figures import FIGURES
from sfcore.store.schemas import SCHEMAS

FACES = ["a", "a", "b", "b"]
OPEN = [0.0, 0.2, 0.4, 0.6]


def jaw_world(median: float = 0.3) -> World:
    return World(blank(4, JawOpen=OPEN), FACES, blank(1, JawOpen=[median])[0])


def test_a_perfect_answer_is_perfect_in_every_figure() -> None:
    world = World(blank(4, JawOpen=OPEN, MouthSmileLeft=[0.5, 0, 0, 0.1], MouthSmileRight=[0, 0, 0.5, 0.1]), FACES, np.zeros(61))
    world.answer("perfect", world.truth)
    found = {metric: world.value("perfect", metric) for metric, figure in FIGURES.items() if figure.form != "never"}
    found = {metric: value for metric, value in found.items() if value is not None and metric not in ("tokens", "milliseconds")}
    best = {metric: 0.0 if FIGURES[metric].better == "lower" else 1.0 for metric in found}
    assert found == pytest.approx(best)
    assert {"rmse", "rank_correlation", "slope"} < set(found)
    assert world.value("perfect", "never_fires") == 0.0


def test_the_error_is_the_mean_over_known_cells_and_the_active_one_over_true_shapes_above_a_tenth() -> None:
    world = jaw_world()
    world.answer("m", blank(4, JawOpen=[0.1, 0.2, 0.3, 0.2]))
    assert world.value("m", "mae") == pytest.approx((0.1 + 0 + 0.1 + 0.4) / 4)
    assert world.value("m", "mae_active") == pytest.approx((0 + 0.1 + 0.4) / 3)
    # The median is wrong by .3, .1, .1 and .3.
    assert world.value("m", "skill") == pytest.approx(1 - 0.6 / 0.8)
    assert world.value("m", "skill_active") == pytest.approx(1 - 0.5 / 0.5)


def test_rotations_are_never_active_but_count_in_the_error() -> None:
    world = World(blank(2, HeadYaw=[0.5, -0.5]), ["a", "b"], np.zeros(61))
    world.answer("m", blank(2, HeadYaw=[0.25, 0.0]))
    assert world.value("m", "mae") == pytest.approx(0.375)
    assert world.value("m", "mae_active") is None


def test_the_median_has_no_skill_over_itself() -> None:
    world = jaw_world()
    assert world.value(MEDIAN, "skill") == 0.0


def test_a_shuffled_answer_correlates_less_and_a_reversed_one_fully_against() -> None:
    world = jaw_world()
    world.answer("shuffled", blank(4, JawOpen=[0.2, 0.0, 0.6, 0.4]))
    world.answer("reversed", blank(4, JawOpen=OPEN[::-1]))
    # Pearson of (0, 1, 2, 3) with (1, 0, 3, 2): 3 / 5.
    assert world.value("shuffled", "correlation") == pytest.approx(0.6)
    assert world.value("reversed", "correlation") == pytest.approx(-1.0)


def test_a_mirrored_answer_has_every_side_wrong() -> None:
    rng = np.random.default_rng(3)
    truth = np.zeros((4, 61))
    for left, right in LEFT_RIGHT_PAIRS:
        truth[:, NAMES.index(left)] = rng.uniform(0.5, 1, 4)
        truth[:, NAMES.index(right)] = rng.uniform(0, 0.3, 4)
    world = World(truth, FACES, np.zeros(61))
    world.answer("mirrored", truth[:, list(MIRROR_INDEX)])
    world.answer("straight", truth * 0.1)
    assert world.value("mirrored", "left_right") == 0.0
    assert world.value("straight", "left_right") == 1.0
    assert world.value(MEDIAN, "left_right") == 0.0, "equal sides are no answer to which side is heavier"


def test_left_and_right_are_compared_only_where_they_differ_by_more_than_015() -> None:
    world = World(blank(3, BrowDownLeft=[0.5, 0.5, 0.0], BrowDownRight=[0.4, 0.2, 0.5]), ["a", "b", "c"], np.zeros(61))
    world.answer("m", blank(3, BrowDownLeft=[0.0, 0.3, 0.3], BrowDownRight=[0.9, 0.2, 0.2]))
    row = figures_of(world.score())["m", "left_right", "all"]
    assert (row["value"], row["n"]) == (0.5, 2)


def test_a_dead_channel_counts_as_zero_and_a_still_truth_counts_nowhere() -> None:
    world = World(blank(4, JawOpen=OPEN, CheekPuff=OPEN, TongueOut=[0.0] * 4), FACES, np.zeros(61))
    world.answer("m", blank(4, JawOpen=OPEN, CheekPuff=[0.2] * 4, TongueOut=[0.0, 0.5, 0.0, 0.5]))
    assert world.value("m", "correlation", "channel:CheekPuff") == 0.0
    assert world.value("m", "correlation", "channel:TongueOut") is None
    assert world.value("m", "correlation") == pytest.approx(0.5)


def test_a_constant_answer_has_no_correlation() -> None:
    world = jaw_world()
    assert world.value(MEDIAN, "correlation") == 0.0


def test_unknown_truth_counts_nowhere() -> None:
    world = World(blank(4, JawOpen=[0.0, 0.2, np.nan, 0.6]), FACES, blank(1, JawOpen=[0.3])[0])
    world.answer("m", blank(4, JawOpen=[0.1, 0.2, 0.9, 0.2]))
    row = figures_of(world.score())["m", "mae", "all"]
    assert (row["value"], row["n"]) == (pytest.approx(0.5 / 3), 3)


@pytest.mark.parametrize("missing", ["unparsed", "null", "infinite", "no row"])
def test_a_missing_answer_errs_to_the_far_end_of_the_range(missing: str) -> None:
    world = jaw_world()
    answer = blank(4, JawOpen=OPEN)
    answer[3] = {"unparsed": 0.6, "null": np.nan, "infinite": np.inf, "no row": 0.6}[missing]
    world.answer("m", answer, [True, True, True, missing != "unparsed"], only=[0, 1, 2] if missing == "no row" else None)
    assert world.value("m", "mae") == pytest.approx(0.6 / 4)
    assert world.value("m", "skill") == pytest.approx(1 - 0.6 / 0.8)
    # The missing point stands at 0.3 - 0.3 = 0 where the truth is 0.6; the other three are exact.
    assert world.value("m", "correlation") == pytest.approx(np.corrcoef(OPEN, [0.0, 0.2, 0.4, 0.0])[0, 1])
    assert world.value("m", "share_parsed") == (0.75 if missing in ("unparsed", "no row") else 1.0)


def test_a_model_that_never_answers_is_wrong_everywhere() -> None:
    world = World(blank(4, JawOpen=OPEN, NoseSneerLeft=[0.9] * 4, NoseSneerRight=[0.1] * 4), FACES, np.zeros(61))
    world.answer("mute", world.truth, [False] * 4)
    assert world.value("mute", "share_parsed") == 0.0
    assert world.value("mute", "correlation") == pytest.approx(-1.0)
    assert world.value("mute", "left_right") == 0.0
    assert world.value("mute", "mae") == pytest.approx((1.0 + 0.8 + 0.6 + 0.6 + 4 * 0.9 + 4 * 0.9) / 12)


def test_skill_leaves_out_cells_whose_median_is_unknown() -> None:
    world = World(blank(4, JawOpen=OPEN, HeadYaw=[1.0] * 4), FACES, blank(1, JawOpen=[0.3])[0])
    world.answer("m", blank(4, JawOpen=[0.3] * 4, HeadYaw=[1.0] * 4))
    assert world.value("m", "skill") == pytest.approx(0.0)


def test_slices_say_what_arkit_says() -> None:
    rng = np.random.default_rng(0)
    world = World(rng.uniform(0.2, 0.8, (4, 61)), FACES, np.full(61, 0.5))
    found = figures_of(world.score())
    for kind in ("region", "side"):
        for name in {getattr(channel, kind) for channel in CHANNELS} - {"both"}:
            columns = [channel.index for channel in CHANNELS if getattr(channel, kind) == name]
            expected = np.abs(world.truth.astype(np.float32)[:, columns] - 0.5).mean()
            assert found[MEDIAN, "mae", f"{kind}:{name}"]["value"] == pytest.approx(expected, abs=1e-6), name
    assert not any("both" in slice_name for _, _, slice_name in found)


def test_only_the_channels_of_the_tables_begin_with_a_capital() -> None:
    # The SQL picks the 61 columns by that.
    for table in ("supervision", "predictions"):
        assert [name for name in SCHEMAS[table].names if name[0].isupper()] == list(NAMES)
