"""Answers always parse, whatever the weights say, and do not depend on who else is in the batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from learnable_rows import picture_of

from sfcore.arkit import INDEX, NAMES
from sfcore.errors import WorkFailed
from sfcore.recipe import Student as StudentRecipe
from sfcore.recordings.prior import draw_take
from sfcore.student.adapter import Facts, attach_adapter, save_adapter
from sfcore.student.answering import Student, StudentAnswer
from sfcore.student.base import load_base

UNKNOWN = ("HeadYaw", "TongueOut")


@pytest.fixture(scope="module")
def untrained(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter as it is before the first step: the worst student there can be."""
    folder = tmp_path_factory.mktemp("untrained")
    base = load_base(tiny)
    model = attach_adapter(base, StudentRecipe(lora_rank=4), seed=0)
    save_adapter(model, folder)
    base.processor.save_pretrained(folder)
    Facts("compact", UNKNOWN).save(folder)
    return folder


@pytest.fixture(scope="module")
def student(tiny: Path, untrained: Path) -> Student:
    return Student.open(tiny, untrained)


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    faces = draw_take(11, 0, 40)
    odd = picture_of(faces[20], width=200, height=120, form="JPEG")
    return [picture_of(faces[0]), odd, b"not a picture", picture_of(faces[39]), b""]


@pytest.fixture(scope="module")
def together(student: Student, pictures: list[bytes]) -> list[StudentAnswer]:
    return student.answer(pictures)


def test_answers_of_an_untrained_student_parse(student: Student, together: list[StudentAnswer]) -> None:
    codec = student.frame.dialogue.codec
    for answer in (together[0], together[1], together[3]):
        assert answer.error is None
        assert codec.encode(codec.decode(answer.text)) == answer.text
        assert answer.tokens > len(NAMES)
        assert answer.milliseconds > 0


def test_a_channel_that_no_row_knew_is_null_and_no_other(student: Student, together: list[StudentAnswer]) -> None:
    coefficients = student.frame.dialogue.codec.decode(together[0].text).coefficients
    assert [NAMES[i] for i in np.flatnonzero(np.isnan(coefficients))] == sorted(UNKNOWN, key=lambda name: INDEX[name])


def test_a_batch_of_one_answers_as_a_batch_of_many(
    student: Student, pictures: list[bytes], together: list[StudentAnswer]
) -> None:
    for picture, answer in zip(pictures[:3], together[:3], strict=True):
        (alone,) = student.answer([picture])
        assert (alone.text, alone.tokens, alone.error) == (answer.text, answer.tokens, answer.error)


def test_what_is_no_picture_gets_an_answer_with_an_error(together: list[StudentAnswer]) -> None:
    assert [answer.error for answer in together] == [
        None,
        None,
        "the picture cannot be decoded",
        None,
        "the picture cannot be decoded",
    ]
    assert together[2].text == ""


def test_no_pictures_no_answers(student: Student) -> None:
    assert student.answer([]) == []


def test_another_codec_and_a_folder_without_student_are_refused(tiny: Path, untrained: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match="answers in the codec 'compact', not in 'official'"):
        Student.open(tiny, untrained, "official")
    with pytest.raises(WorkFailed, match="is no student's adapter"):
        Student.open(tiny, tmp_path)
