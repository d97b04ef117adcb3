"""What the student learns from: the order of the rows, the layout of an answer, and which tokens count."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from learnable_rows import learnable_rows
from PIL import Image, ImageOps

from sfcore.arkit import INDEX
from sfcore.codecs.codec import CODEC_NAMES, codec_named
from sfcore.errors import WorkFailed
from sfcore.recipe import Recipe
from sfcore.student.base import load_processor
from sfcore.student.batches import Supervision, batch_flips, batch_indices, look, loss_sums, rank_slice
from sfcore.student.dialogue import Dialogue, Part
from sfcore.student.mirror import mirrored_answer

VOCABULARY = 1024


@pytest.fixture(scope="module")
def supervision(dialogue: Dialogue) -> Supervision:
    return Supervision(learnable_rows(12, Recipe()), dialogue)


@given(count=st.integers(1, 60), batch=st.integers(1, 24), seed=st.integers(0, 5))
def test_every_row_is_seen_once_per_epoch_whatever_the_batch(count: int, batch: int, seed: int) -> None:
    steps = math.ceil(3 * count / batch)
    order = np.concatenate([batch_indices(step, batch, count, seed) for step in range(steps)])
    epochs = order[: 3 * count].reshape(3, count)
    assert (np.sort(epochs, axis=1) == np.arange(count)).all()


@given(share=st.integers(1, 6), ranks=st.integers(1, 4), step=st.integers(0, 30))
def test_ranks_share_one_global_batch(share: int, ranks: int, step: int) -> None:
    batch = batch_indices(step, share * ranks, 37, seed=1)
    parts = [rank_slice(batch, rank, ranks) for rank in range(ranks)]
    assert {len(part) for part in parts} == {share}
    assert np.concatenate(parts).tolist() == batch.tolist()


def test_order_changes_with_seed_and_epoch() -> None:
    first, second = batch_indices(0, 40, 40, 0), batch_indices(1, 40, 40, 0)
    assert first.tolist() != second.tolist()
    assert first.tolist() != batch_indices(0, 40, 40, 1).tolist()


def test_a_batch_that_ranks_cannot_share_is_refused() -> None:
    with pytest.raises(WorkFailed, match="a batch of 5 cannot be shared by 2 processes"):
        rank_slice(np.arange(5), 0, 2)


def test_the_answer_in_a_row_reads_back_as_the_row(supervision: Supervision) -> None:
    dialogue, batch = supervision.dialogue, supervision.batch(np.arange(12))
    faces = learnable_rows(12, Recipe())
    for row, sample_id in enumerate(batch.sample_ids):
        assert sample_id == faces["sample_id"][row].as_py()
        kept = batch.ids[row][batch.mask[row].bool()].tolist()
        start = len(dialogue.question(36))
        assert kept[:start] == dialogue.question(36)
        assert kept[-1] == dialogue.end_id
        answer = dialogue.codec.decode(dialogue.text(kept[start:-1]))
        assert answer.description.symmetry == faces["symmetry"][row].as_py()
        assert answer.coefficients[INDEX["JawOpen"]] == pytest.approx(faces["JawOpen"][row].as_py(), abs=1 / 120 + 1e-6)
        assert np.isnan(answer.coefficients[INDEX["TongueOut"]])


def test_question_padding_and_unknown_channels_bear_no_loss(supervision: Supervision) -> None:
    batch = supervision.batch(np.arange(12))
    question = len(supervision.dialogue.question(36))
    assert not batch.parts[:, :question].any()
    assert not batch.parts[batch.mask == 0].any()
    assert batch.mask.sum(1).min() < batch.mask.shape[1], "rows of one length would not test padding"
    assert ((batch.parts == Part.COEFFICIENT).sum(1) == 60).all()


def test_loss_of_an_even_guess_is_the_logarithm_of_the_vocabulary(supervision: Supervision) -> None:
    batch = supervision.batch(np.arange(3))
    sums = loss_sums(torch.zeros(*batch.ids.shape, VOCABULARY), batch)
    assert sums.coefficient_tokens == 3 * 60
    assert sums.coefficients / sums.coefficient_tokens == pytest.approx(math.log(VOCABULARY), abs=1e-4)
    assert sums.description / sums.description_tokens == pytest.approx(math.log(VOCABULARY), abs=1e-4)


def test_only_a_coefficients_own_token_moves_its_loss(supervision: Supervision) -> None:
    batch = supervision.batch(np.arange(1))
    logits = torch.zeros(*batch.ids.shape, VOCABULARY)
    place = int((batch.parts[0] == Part.COEFFICIENT).nonzero()[0])
    logits[0, place - 1, batch.ids[0, place]] = 50.0
    sums, even = loss_sums(logits, batch), loss_sums(torch.zeros_like(logits), batch)
    assert even.coefficients - sums.coefficients == pytest.approx(math.log(VOCABULARY), abs=1e-3)
    assert sums.description == even.description


def test_a_picture_that_cannot_be_decoded_is_named(dialogue: Dialogue) -> None:
    rows: Any = learnable_rows(3, Recipe())
    at = rows.column_names.index("image")
    rows = rows.set_column(at, "image", pa.array([b"\x89PNG broken"] * 3))
    with pytest.raises(WorkFailed, match=f"sample {rows['sample_id'][1].as_py()} cannot be decoded"):
        Supervision(rows, dialogue).batch(np.array([1]))


@pytest.fixture(params=CODEC_NAMES)
def any_codec(tiny: Path, request: pytest.FixtureRequest) -> Supervision:
    return Supervision(learnable_rows(6, Recipe()), Dialogue(load_processor(tiny), codec_named(request.param)))


def test_unknown_channels_bear_no_loss_in_any_codec(any_codec: Supervision) -> None:
    batch = any_codec.batch(np.arange(6))
    logits = torch.zeros(*batch.ids.shape, len(any_codec.dialogue.processor.tokenizer))
    sums = loss_sums(logits, batch)
    if batch.reading is not None:
        assert sums.coefficient_tokens == 6 * 60
        assert sums.coefficients == pytest.approx(_divergence_of_evenness(batch.reading.labels), rel=1e-4)
        at = batch.reading.places[0, INDEX["TongueOut"]]
    else:
        assert sums.coefficients == pytest.approx(float(sums.coefficient_tokens) * math.log(logits.shape[-1]), rel=1e-4)
        unknown = [any_codec.dialogue.unknown_marks[INDEX["TongueOut"]]]
        row = batch.ids[0].tolist()
        at = next(i for i in range(len(row)) if tuple(row[i : i + len(unknown[0])]) == unknown[0]) + len(unknown[0]) - 2
    logits[0, at] = torch.randn(logits.shape[-1]) * 9
    moved = loss_sums(logits, batch)
    assert (moved.coefficients, moved.description) == (sums.coefficients, sums.description)


def _divergence_of_evenness(labels: torch.Tensor) -> float:
    entropy = -(labels * labels.clamp(min=1e-30).log()).sum()
    return float(labels.sum() * math.log(labels.shape[-1]) - entropy)


def test_each_channel_token_learns_its_own_channel(tiny: Path) -> None:
    supervision = Supervision(learnable_rows(3, Recipe()), Dialogue(load_processor(tiny), codec_named("readout")))
    batch = supervision.batch(np.arange(3))
    assert batch.reading is not None
    for row in range(3):
        assert batch.ids[row, batch.reading.places[row]].tolist() == list(supervision.dialogue.channel_ids)
    logits = torch.zeros(*batch.ids.shape, len(supervision.dialogue.processor.tokenizer))
    rows, levels = torch.arange(3)[:, None, None], torch.tensor(batch.reading.level_ids)
    logits[rows, batch.reading.places[..., None], levels] = batch.reading.labels.clamp(min=1e-30).log()
    assert loss_sums(logits, batch).coefficients == pytest.approx(0, abs=1e-2), "shares that are the labels cost nothing"


def test_mirrored_rows_show_and_tell_the_mirrored_face(supervision: Supervision) -> None:
    plain, turned = supervision.batch(np.arange(2)), supervision.batch(np.arange(2), np.array([True, False]))
    dialogue = supervision.dialogue
    at = len(dialogue.question(36))

    def told(batch: Any, row: int) -> Any:
        ids = batch.ids[row][batch.mask[row].bool()].tolist()
        return dialogue.codec.decode(dialogue.text(ids[at:-1]))

    assert told(turned, 0) == mirrored_answer(told(plain, 0))
    assert told(turned, 1) == told(plain, 1)
    face = supervision.rows["image"][0].as_py()
    picture = ImageOps.mirror(Image.open(io.BytesIO(face)).convert("RGB"))
    np.testing.assert_array_equal(turned.pixels[: len(turned.pixels) // 2], look(dialogue.processor, [picture])[0])


def test_which_rows_are_mirrored_follows_from_the_seed_and_changes_with_the_epoch() -> None:
    epochs = [batch_flips(step, 50, 50, 3, 0.5).tolist() for step in range(4)]
    assert epochs == [batch_flips(step, 50, 50, 3, 0.5).tolist() for step in range(4)]
    assert len({tuple(flips) for flips in epochs}) == 4
    assert 0.3 < np.mean(epochs) < 0.7
    assert not batch_flips(0, 50, 50, 3, 0.0).any()
    assert batch_flips(0, 50, 50, 3, 1.0).all()
