"""Second answers to pictures: what is asked again, and figures whose values are worked out by hand."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from metric_worlds import MEDIAN, World, blank
from PIL import Image

from sfcore.metrics.figures import Scope, query_for
from sfcore.metrics.probes import NOISE, PROBES, Probe, probe_rows, probed_samples, second_look
from sfcore.metrics.silence import silence_of
from sfcore.store.query import ask


def _world(answer: np.ndarray, **again: np.ndarray) -> World:
    """Four pictures of two faces; ``again`` are second answers to the first pictures, by probe."""
    world = World(blank(4, JawOpen=[0.1, 0.4, 0.5, 0.9], MouthSmileLeft=[0.0, 0.5, 0.2, 0.1]), list("aabb"), np.zeros(61))
    world.answer("model", answer)
    rows = [
        probe_rows("model", world.ids[: len(values)], probe, np.asarray(values, np.float32)) for probe, values in again.items()
    ]  # type: ignore[arg-type]
    world.probed = pa.concat_tables(rows)
    return world


def _value(world: World, metric: str, slice_name: str = "all") -> tuple[float, int]:
    row = world.figures()["model", metric, slice_name]
    (again,) = ask(world.connect(), query_for(metric, slice_name, "model", Scope("demo", 3, MEDIAN))).to_pylist()
    assert (again["value"], again["n"]) == (pytest.approx(row["value"], abs=1e-9), row["n"])
    return row["value"], row["n"]


def test_jitter_is_the_mean_move_of_the_shapes_when_only_noise_changes() -> None:
    first = blank(4, JawOpen=[0.1, 0.4, 0.5, 0.9], BrowInnerUp=[0.2, 0.2, 0.2, 0.2], HeadYaw=[0.0] * 4)
    second = blank(2, JawOpen=[0.3, 0.4], BrowInnerUp=[0.2, 0.6], HeadYaw=[1.0, 1.0])
    world = _world(first, retaken=second)
    # Moves of 0.2, 0, 0 and 0.4; the head is no shape.
    assert _value(world, "jitter") == (pytest.approx(0.15, abs=1e-6), 2)
    assert _value(world, "jitter", "channel:JawOpen") == (pytest.approx(0.1, abs=1e-6), 2)
    assert _value(world, "jitter", "region:brows") == (pytest.approx(0.2, abs=1e-6), 2)
    assert ("model", "flip_error", "all") not in world.figures()


def test_an_answer_that_mirrors_itself_has_no_flip_error_and_one_that_ignores_the_mirror_has() -> None:
    first = blank(4, MouthSmileLeft=[0.8, 0.0, 0.3, 0.3], MouthSmileRight=[0.2, 0.0, 0.3, 0.3], JawOpen=[0.5] * 4)
    mirrored = blank(2, MouthSmileLeft=[0.2, 0.0], MouthSmileRight=[0.8, 0.0], JawOpen=[0.5] * 2)
    assert _value(_world(first, mirrored=mirrored), "flip_error")[0] == pytest.approx(0.0, abs=1e-6)
    # Left unmirrored, both smiles of the first picture are off by 0.6: 1.2 over six shapes.
    assert _value(_world(first, mirrored=first[:2]), "flip_error") == (pytest.approx(0.2, abs=1e-6), 2)


def test_a_number_that_only_one_answer_gives_is_as_far_off_as_can_be() -> None:
    first = blank(4, JawOpen=[0.5] * 4, TongueOut=[0.0] * 4)
    assert _value(_world(first, retaken=blank(1, JawOpen=[0.5])), "jitter")[0] == pytest.approx(0.5, abs=1e-6)
    assert _value(_world(first, retaken=np.full((2, 61), np.nan)), "jitter")[0] == pytest.approx(1.0, abs=1e-6)


def test_batch_agreement_counts_whole_answers() -> None:
    first = blank(4, JawOpen=[0.5] * 4, TongueOut=[0.1] * 4)
    alone = blank(4, JawOpen=[0.5, 0.5, 0.5005, 0.5], TongueOut=[0.1, 0.102, 0.1, 0.1])
    assert _value(_world(first, alone=alone), "batch_agreement") == (0.75, 4)


def test_cells_without_a_finite_number_are_counted() -> None:
    answer = blank(4, JawOpen=[0.1, np.nan, 0.5, np.inf], MouthSmileLeft=[0.0, 0.5, 0.2, 0.1])
    world = _world(answer, alone=answer)
    assert _value(world, "unanswered") == (0.25, 4)
    assert _value(world, "unanswered", "channel:JawOpen") == (0.5, 4)
    assert silence_of(world.score(), "model") == "25 % of its cells hold no finite number and count as wrong as can be"
    assert silence_of(world.score(), MEDIAN) == ""
    # Those two cells err to the far end of the range: 0.6 (truth 0.4) and 0.9.
    assert _value(world, "mae")[0] == pytest.approx((0.6 + 0.9) / 8, abs=1e-6)


def test_pictures_are_shown_again_as_the_probe_says() -> None:
    pixels = np.full((8, 8, 3), 100, np.uint8)
    pixels[:, :4, 0] = 200
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")

    def seen(probe: Probe, sample: str = "s") -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(second_look(sink.getvalue(), sample, probe))))

    assert (seen("mirrored") == pixels[:, ::-1]).all()
    assert second_look(sink.getvalue(), "s", "alone") == sink.getvalue()
    moved = seen("retaken").astype(float) - pixels
    assert 0.5 * 255 * NOISE < moved.std() < 2 * 255 * NOISE
    assert (seen("retaken") == seen("retaken")).all()
    assert (seen("retaken") != seen("retaken", "other")).any()


def test_which_pictures_are_asked_again_follows_from_their_names() -> None:
    names = [f"{i:02d}" for i in range(40)]
    assert probed_samples(names[::-1], 16, "mirrored") == names[:16]
    assert probed_samples(names, 16, "alone") == names[:4]
    assert [probed_samples(names[:2], 16, probe) for probe in PROBES] == [names[:2], names[:2], names[:1]]
    assert [probed_samples(names, 0, probe) for probe in PROBES] == [[], [], []]
