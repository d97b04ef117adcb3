"""What the student learns from: the order of the rows, the layout of an answer, and which tokens count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from learnable_rows import learnable_rows

from sfcore.arkit import INDEX
from sfcore.errors import WorkFailed
from sfcore.recipe import Recipe
from sfcore.student.batches import Supervision, batch_indices, loss_sums, rank_slice
from sfcore.student.dialogue import Dialogue, Part

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
