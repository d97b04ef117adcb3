"""The median and the small convolutional network."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
import torch
from metric_worlds import World, blank
from PIL import Image

from sfcore.arkit import INDEX
from sfcore.errors import WorkFailed
from sfcore.metrics.baselines import median_prediction
from sfcore.metrics.cnn import CnnBaseline, train_cnn
from sfcore.metrics.figures import baseline_id, kind_of

SIZE = 32


def _picture(level: float, size: int = SIZE) -> bytes:
    """A bar whose height is the coefficient."""
    pixels = np.full((size, size, 3), 40, np.uint8)
    pixels[size - round(level * size) :, size // 4 : 3 * size // 4] = 220
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _rows(n: int, seed: int) -> tuple[pa.Table, np.ndarray]:
    level = np.random.default_rng(seed).random(n)
    truth = blank(n, JawOpen=list(level), CheekPuff=[0.0] * n)
    truth[::3, INDEX["CheekPuff"]] = np.nan
    world = World(truth, ["a"] * n, np.zeros(61))
    table = world.supervision()
    place = table.schema.get_field_index("image")
    return table.set_column(place, table.schema.field("image"), pa.array([_picture(v) for v in level], pa.binary())), level


@pytest.fixture(scope="module")
def trained() -> CnnBaseline:
    torch.set_num_threads(1)
    return train_cnn(_rows(96, 0)[0], steps=60, seed=4, size=SIZE)


def test_the_median_ignores_the_unknown_and_stays_unknown_where_nothing_is_known() -> None:
    world = World(blank(3, JawOpen=[0.1, np.nan, 0.5], HeadYaw=[-0.2, 0.0, 0.3]), ["a"] * 3, np.zeros(61))
    median = median_prediction(world.supervision())
    assert median.shape == (61,)
    assert median.dtype == np.float32
    assert median[INDEX["JawOpen"]] == pytest.approx(0.3)
    assert median[INDEX["HeadYaw"]] == pytest.approx(0.0)
    assert np.isnan(median[INDEX["EyeBlinkLeft"]])


def test_no_row_is_one_sentence() -> None:
    empty = World(np.zeros((0, 61)), [], np.zeros(61)).supervision()
    with pytest.raises(WorkFailed, match="median baseline has no training row"):
        median_prediction(empty)
    with pytest.raises(WorkFailed, match="convolutional baseline has no training row"):
        train_cnn(empty, 1, 0, SIZE)


def test_the_network_learns_what_it_sees(trained: CnnBaseline) -> None:
    rows, level = _rows(64, 1)
    answer = trained.predict(rows["image"].to_pylist())
    assert answer.shape == (64, 61)
    assert np.corrcoef(answer[:, INDEX["JawOpen"]], level)[0, 1] > 0.9


def test_answers_keep_to_the_range_and_stay_unknown_for_what_no_label_knew(trained: CnnBaseline) -> None:
    answer = trained.predict([_picture(v) for v in (0.0, 1.0)])
    assert answer[:, INDEX["JawOpen"]].min() >= 0
    assert answer[:, INDEX["JawOpen"]].max() <= 1
    assert np.isnan(answer[:, INDEX["HeadYaw"]]).all()
    assert not np.isnan(answer[:, INDEX["CheekPuff"]]).any()


def test_a_picture_is_answered_alike_alone_and_among_others_and_at_any_size(trained: CnnBaseline) -> None:
    pictures = [_picture(v) for v in np.linspace(0, 1, 40)]
    together = trained.predict(pictures)
    alone = np.concatenate([trained.predict([picture]) for picture in pictures])
    assert np.allclose(together, alone, atol=1e-5, equal_nan=True)
    assert trained.predict([_picture(0.5, 2 * SIZE)])[0, INDEX["JawOpen"]] == pytest.approx(
        trained.predict([_picture(0.5)])[0, INDEX["JawOpen"]], abs=0.1
    )
    assert trained.predict([]).shape == (0, 61)


def test_the_seed_decides_everything_and_nothing_outside_is_touched(trained: CnnBaseline) -> None:
    state = torch.random.get_rng_state()
    pictures = [_picture(v) for v in (0.2, 0.8)]
    again = train_cnn(_rows(96, 0)[0], steps=60, seed=4, size=SIZE)
    assert np.array_equal(again.predict(pictures), trained.predict(pictures), equal_nan=True)
    other = train_cnn(_rows(96, 0)[0], steps=5, seed=5, size=SIZE)
    assert not np.array_equal(other.predict(pictures), trained.predict(pictures), equal_nan=True)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("steps", range(1, 7))
def test_any_number_of_steps_trains(steps: int) -> None:
    rows = _rows(16, 0)[0]
    answer = train_cnn(rows, steps, 0, SIZE).predict(rows["image"].to_pylist())
    assert np.isfinite(answer[:, INDEX["JawOpen"]]).all()
    assert answer[:, INDEX["JawOpen"]].std() > 0, "the first answer is the median for all; a step moves it"


def test_names_of_baselines_follow_from_what_they_learned() -> None:
    assert baseline_id("median", "a") != baseline_id("median", "b")
    assert kind_of(baseline_id("median", "a")) == "median"
    assert kind_of(baseline_id("cnn", "a")) == "cnn"
    assert kind_of("demo-0123") == "model"
    assert kind_of("baseline-medianish") == "model"
