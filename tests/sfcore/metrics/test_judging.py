"""Words judged against faces, and faces measured on a rig."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from metric_worlds import MEDIAN, World, blank

from sfcore.arkit import INDEX, MIRROR_INDEX, MIRROR_SIGN, SHAPES
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.grammar import describe
from sfcore.captions.verify import tally
from sfcore.metrics.judge import judge
from sfcore.metrics.ruler import Ruler
from sfcore.rigs.registry import load_rig
from sfcore.store.schemas import SKIN_REGIONS

FACE = np.zeros(61, np.float32)
FACE[[INDEX["JawOpen"], INDEX["MouthSmileLeft"], INDEX["BrowDownRight"]]] = 0.7
MIRRORED = FACE[list(MIRROR_INDEX)] * np.array(MIRROR_SIGN, np.float32)


@pytest.fixture(scope="module")
def ruler() -> Ruler:
    return Ruler.of(load_rig("procedural"))


def _said(world: World, model: str, numbers: np.ndarray, words: list[Description | None]) -> None:
    """Adds answers of numbers and words; None could not be read."""
    world.answer(model, numbers, [said is not None for said in words])
    table = world.answers[model]
    for name in FIELDS:
        column = pa.array([None if said is None else getattr(said, name) for said in words], pa.string())
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)
    raw = pa.array(["text"] * len(words), pa.string())
    world.answers[model] = table.set_column(table.schema.get_field_index("raw"), table.schema.field("raw"), raw)


def test_distance_is_that_of_the_posed_rig(ruler: Ruler) -> None:
    rig = load_rig("procedural")
    n = len(rig.neutral)
    moves = np.stack([rig.shapes.dense(shape.index, n) for shape in SHAPES]).astype(np.float64)
    rng = np.random.default_rng(0)
    true, answer = rng.random((2, 3, 52))
    posed = np.einsum("nk,kvx->nvx", answer - true, moves) * 10
    moved = (moves != 0).any(axis=(0, 2))
    expected = np.sqrt((posed[:, moved] ** 2).sum(axis=2).mean(axis=1))
    assert ruler.distances(true, answer)[:, 0] == pytest.approx(expected, abs=1e-6)


def test_a_perfect_face_is_no_distance_away_and_a_region_only_answers_for_its_own(ruler: Ruler) -> None:
    true = np.zeros((3, 52))
    answer = true.copy()
    answer[1, INDEX["BrowDownLeft"]] = 1.0
    answer[2, INDEX["JawOpen"]] = 1.0
    found = ruler.distances(true, answer)
    place = {region: 1 + index for index, region in enumerate(SKIN_REGIONS)}
    assert not found[0].any()
    assert found[1, place["brows"]] > 1.0 > found[1, place["jaw"]]
    assert found[2, place["jaw"]] > 10.0 > found[2, place["brows"]]
    assert ruler.distances(true, 2 * answer)[1] == pytest.approx(2 * found[1]), "distance grows with the error"


def test_unknown_truth_is_left_out_and_a_missing_answer_stands_at_the_far_end(ruler: Ruler) -> None:
    true, silent = np.full((1, 52), np.nan), np.full((1, 52), np.nan)
    assert not ruler.distances(true, silent).any()
    true[0, INDEX["JawOpen"]] = 0.2
    far = np.zeros((1, 52))
    far[0, INDEX["JawOpen"]] = 1.0
    assert ruler.distances(true, silent) == pytest.approx(ruler.distances(true, far))


def test_a_true_caption_holds_in_full_and_a_mirrored_one_does_not() -> None:
    description = describe(FACE, "sample")
    true, mirrored = tally(description, FACE), tally(description, MIRRORED)
    assert true.hold == true.claims > 0
    assert true.told == true.signs > 0
    assert mirrored.hold < mirrored.claims
    assert mirrored.told < mirrored.signs
    assert tally(Description("", "", "", ""), FACE).told == 0


def test_words_are_judged_against_the_face_and_against_the_models_own_numbers(ruler: Ruler) -> None:
    world = World(np.tile(FACE, (3, 1)), ["a", "b", "c"], np.zeros(61))
    # The first speaks of what it sees, the second of its own wrong numbers, the third cannot be read.
    words = [describe(FACE, "one"), describe(MIRRORED, "two"), None]
    _said(world, "m", np.stack([FACE, MIRRORED, FACE]), words)
    predictions = pa.concat_tables([world.answers["m"], world.answers[MEDIAN]])
    world.judged = judge(predictions, world.supervision(), ruler)
    first, second, third, *medians = world.judged.to_pylist()
    assert first["claims"] == first["claims_true"] == first["claims_own"]
    assert second["claims"] == second["claims_own"] > second["claims_true"]
    assert (third["claims"], third["signs_told"], third["own_signs"], third["own_signs_told"]) == (0, 0, 1, 0)
    assert all(row["claims"] is None and row["vertex_mm"] > 0 for row in medians), "a baseline has a face and no words"
    assert first["vertex_mm"] == 0.0
    claims = [row["claims"] for row in (first, second)]
    assert world.value("m", "claims_precision") == pytest.approx((claims[0] + second["claims_true"]) / (sum(claims) + 1))
    assert world.value("m", "own_claims_precision") == pytest.approx(sum(claims) / (sum(claims) + 1))
    own = first["own_signs"] + second["own_signs"]
    assert world.value("m", "own_claims_recall") == pytest.approx(own / (own + 1))
    assert world.value("m", "vertex_mm") == pytest.approx((second["vertex_mm"] + third["vertex_mm"]) / 3)
    assert world.value("m", "vertex_mm", "region:jaw") == pytest.approx((second["vertex_mm_jaw"] + third["vertex_mm_jaw"]) / 3)
    assert world.value(MEDIAN, "claims_precision") is None


def test_an_answer_to_a_picture_that_is_not_there_is_not_judged(ruler: Ruler) -> None:
    world = World(blank(2, JawOpen=[0.1, 0.5]), ["a", "b"], np.zeros(61))
    assert judge(world.answers[MEDIAN], world.supervision().slice(0, 1), ruler).num_rows == 1
    assert judge(world.answers[MEDIAN].slice(0, 0), world.supervision(), ruler).num_rows == 0
