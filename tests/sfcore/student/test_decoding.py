"""Decoding by whole runs of tokens answers exactly what choosing one token after the other does, as transformers does it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from learnable_rows import picture_of
from PIL import Image
from transformers import LogitsProcessor, LogitsProcessorList

from sfcore.arkit import INDEX, NAMES
from sfcore.captions.grammar import describe
from sfcore.codecs.answer import Answer
from sfcore.codecs.codec import CODEC_NAMES, codec_named
from sfcore.codecs.ordinal import expected
from sfcore.recipe import Student as StudentRecipe
from sfcore.recordings.prior import draw_take
from sfcore.student.adapter import attach_adapter
from sfcore.student.answering import Student
from sfcore.student.base import load_base
from sfcore.student.batches import look, padded
from sfcore.student.dialogue import Dialogue
from sfcore.student.frame import Frame, Place
from sfcore.student.habits import Habits
from sfcore.student.writing import Feed, Written, write

UNKNOWN = ("TongueOut", "HeadYaw")


class World(NamedTuple):
    """A student of random weights, the habits of captions, pictures, and what it writes about them with guesses and without."""

    model: Any
    frame: Frame
    habits: Habits
    pictures: list[Image.Image]
    plain: Written
    guessed: Written


@pytest.fixture(scope="module", params=CODEC_NAMES)
def world(tiny: Path, request: pytest.FixtureRequest) -> World:
    base = load_base(tiny)
    model = attach_adapter(base, StudentRecipe(lora_rank=4, codec=request.param), seed=0).eval()
    frame = Frame(Dialogue(base.processor, codec_named(request.param)), UNKNOWN, field_limit=9)
    faces = draw_take(11, 0, 60)
    habits = Habits.learn(frame.dialogue, [Answer(describe(face, f"{i}"), face) for i, face in enumerate(faces)])
    pictures = [
        Image.open(io.BytesIO(picture_of(faces[20 * row], 96 + 60 * row))).convert("RGB") for row in range(2)
    ]  # of unlike sizes, so that prompts are padded
    plain = write(model, frame, habits, pictures, guessed=0)
    return World(model, frame, habits, pictures, plain, write(model, frame, habits, pictures))


class Grammar(LogitsProcessor):
    """Leaves each row's allowed tokens alone and forbids all others; after the answer only the end of the turn."""

    def __init__(self, frame: Frame, rows: int, prompt: int) -> None:
        self._places: list[Place] = [frame.start()] * rows
        self._seen, self._end = prompt, frame.dialogue.end_id

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        while self._seen < input_ids.shape[1]:
            tokens = input_ids[:, self._seen].tolist()
            pairs = zip(self._places, tokens, strict=True)
            self._places = [place if place.done else place.after(token) for place, token in pairs]
            self._seen += 1
        masked = torch.full_like(scores, -torch.inf)
        for row, place in enumerate(self._places):
            allowed = torch.tensor([self._end]) if place.done else place.allowed()
            masked[row, allowed] = scores[row, allowed]
        return masked


def _generated(world: World) -> list[list[int]]:
    dialogue = world.frame.dialogue
    pixels, grids = look(dialogue.processor, world.pictures)
    merge = dialogue.processor.image_processor.merge_size**2
    questions = [dialogue.question(int(grid.prod()) // merge) for grid in grids]
    ids = padded(questions, dialogue.pad_id, side="left")
    out = world.model.generate(
        input_ids=ids,
        attention_mask=padded([[1] * len(question) for question in questions], 0, side="left"),
        mm_token_type_ids=(ids == dialogue.image_id).long(),
        pixel_values=pixels,
        image_grid_thw=grids,
        do_sample=False,
        max_new_tokens=3000,
        eos_token_id=dialogue.end_id,
        pad_token_id=dialogue.pad_id,
        logits_processor=LogitsProcessorList([Grammar(world.frame, len(questions), ids.shape[1])]),
    )
    answers = [row[ids.shape[1] :].tolist() for row in out]
    return [answer[: answer.index(dialogue.end_id)] for answer in answers]


def test_token_by_token_it_is_what_generate_writes_under_the_same_grammar(world: World) -> None:
    generated = _generated(world)
    assert [row.written for row in world.plain.rows] == generated
    assert [row.written for row in world.guessed.rows] == generated


def test_answers_parse_and_only_what_no_row_knew_is_null(world: World) -> None:
    student = Student(world.model, world.frame, world.habits)
    for row in world.guessed.rows:
        answer = world.frame.dialogue.codec.decode(student._text(row))
        unknown = [NAMES[i] for i in np.flatnonzero(np.isnan(answer.coefficients))]
        assert unknown == sorted(UNKNOWN, key=lambda name: INDEX[name])


def test_a_batch_of_one_writes_as_a_batch_of_many(world: World) -> None:
    for picture, row in zip(world.pictures, world.guessed.rows, strict=True):
        (alone,) = write(world.model, world.frame, world.habits, [picture]).rows
        assert alone.written == row.written
        if row.shares is not None and alone.shares is not None:
            np.testing.assert_allclose(alone.shares, row.shares, atol=1e-5)


def test_logits_of_one_and_of_many_differ_by_rounding_alone(world: World) -> None:
    # Matrices of other shapes are summed in another order: about 1e-6 at logits of this size. An answer could differ only
    # where two tokens are as close as that.
    opening = [list(world.frame.segments[0].tokens)]  # type: ignore[attr-defined]
    together = Feed.begin(world.model, world.frame, world.pictures, opening * 2).logits_BWV
    for row, picture in enumerate(world.pictures):
        alone = Feed.begin(world.model, world.frame, [picture], opening).logits_BWV
        np.testing.assert_allclose(alone[0].detach(), together[row].detach(), atol=1e-4)


def test_a_right_habit_saves_passes_and_changes_nothing(world: World) -> None:
    student = Student(world.model, world.frame, world.habits)
    own = [world.frame.dialogue.codec.decode(student._text(row)) for row in world.guessed.rows]
    habits = Habits.learn(world.frame.dialogue, own * 2)
    again = write(world.model, world.frame, habits, world.pictures)
    assert [row.written for row in again.rows] == [row.written for row in world.plain.rows]
    assert again.passes < 0.8 * world.plain.passes
    tokens = max(len(row.written) for row in world.plain.rows)
    assert world.plain.passes < 0.9 * tokens, "forced tokens go together"


def test_habits_come_back_from_a_folder(world: World, tmp_path: Path) -> None:
    world.habits.save(tmp_path)
    assert Habits.load(tmp_path) == world.habits
    assert Habits.load(tmp_path / "none") == Habits()


def test_channels_read_in_one_pass_are_those_of_a_pass_over_the_whole_text(world: World) -> None:
    if not world.frame.dialogue.channel_ids:
        pytest.skip("coefficients are written")
    dialogue = world.frame.dialogue
    pixels, grids = look(dialogue.processor, world.pictures[:1])
    question = dialogue.question(int(grids[0].prod()) // dialogue.processor.image_processor.merge_size**2)
    row = world.guessed.rows[0]
    ids = torch.tensor([[*question, *row.written]])
    with torch.no_grad():
        logits = world.model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            mm_token_type_ids=(ids == dialogue.image_id).long(),
            pixel_values=pixels,
            image_grid_thw=grids,
        ).logits
    shares = logits[0, -61:][:, list(dialogue.level_ids)].float().softmax(dim=-1)
    assert row.shares is not None
    np.testing.assert_allclose(row.shares, shares, atol=1e-5)
    assert expected(row.shares.numpy()).shape == (61,)
