"""What every codec must do, and what is particular to the compact one."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from sfcore.arkit import INDEX, NAMES
from sfcore.captions.description import Description
from sfcore.captions.grammar import describe
from sfcore.codecs.answer import Answer, AnswerError
from sfcore.codecs.codec import CODEC_NAMES, Codec, codec_named
from sfcore.codecs.levels import ANGLE_GRID, SHAPE_GRID
from sfcore.errors import WrongUse
from sfcore.recordings.prior import draw_take

Coefficients = NDArray[np.float32]

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
_NUMBERS = arrays(
    np.float32, 61, elements=st.one_of(st.just(np.float32("nan")), st.floats(-4, 4, width=32), st.floats(0, 1, width=32))
)
_ANSWERS = st.builds(Answer, st.builds(Description, _TEXT, _TEXT, _TEXT, _TEXT), _NUMBERS)

pytestmark = pytest.mark.parametrize("codec", [codec_named(name) for name in CODEC_NAMES], ids=CODEC_NAMES)


@settings(max_examples=300, deadline=None)
@given(answer=_ANSWERS)
def test_round_trip_on_the_grid_is_exact(codec: Codec, answer: Answer) -> None:
    text = codec.encode(answer)
    again = codec.decode(text)
    assert again == Answer(answer.description, codec.quantised(answer.coefficients))
    assert codec.encode(again) == text


@settings(max_examples=100, deadline=None)
@given(answer=_ANSWERS)
def test_parts_make_the_whole(codec: Codec, answer: Answer) -> None:
    words, numbers = codec.parts(answer)
    assert words + numbers == codec.encode(answer)
    pieces = codec.pieces(answer.description)
    assert "".join("".join(piece) for piece in pieces) == words
    assert not any("\n" in piece.body for piece in pieces), "what ends a field stands in no field"


@settings(max_examples=100, deadline=None)
@given(numbers=_NUMBERS)
def test_quantising_twice_changes_nothing_and_keeps_unknown_unknown(codec: Codec, numbers: Coefficients) -> None:
    once = codec.quantised(numbers)
    assert once.dtype == np.float32
    np.testing.assert_array_equal(codec.quantised(once), once)
    np.testing.assert_array_equal(np.isnan(once), np.isnan(numbers))


@settings(max_examples=400, deadline=None)
@given(text=st.one_of(st.text(max_size=300), st.text(alphabet="EMIS: \\n\n-0aZz ", max_size=300)))
def test_no_text_breaks_the_decoder(codec: Codec, text: str) -> None:
    sentence = "none."
    try:
        answer = codec.decode(text)
    except AnswerError as error:
        sentence = str(error)
    else:
        assert codec.encode(answer) == text.strip()
    assert sentence.endswith(".")


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 500), cut=st.integers(0, 3), new=st.text(max_size=3))
def test_damaged_answers_are_refused_or_read_never_a_crash(codec: Codec, at: int, cut: int, new: str) -> None:
    numbers = draw_take(0, 0, 2)[0]
    text = codec.encode(Answer(describe(numbers, "x"), numbers))
    damaged = text[:at] + new + text[at + cut :]
    try:
        answer = codec.decode(damaged)
    except AnswerError:
        return
    assert answer.coefficients.shape == (61,)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_choice_from_the_slots_can_be_read(codec: Codec, data: st.DataObject) -> None:
    slots = codec.coefficient_slots()
    assert len(slots) == 61
    numbers = "".join(data.draw(st.sampled_from(slot)) for slot in slots)
    words, _ = codec.parts(Answer(Description("a", "b", "c", "d"), np.zeros(61, np.float32)))
    assert codec.parts(codec.decode(words + numbers))[1] == numbers


def test_what_is_encoded_is_what_the_slots_allow(codec: Codec) -> None:
    for numbers in draw_take(1, 1, 30):
        text = codec.parts(Answer(Description("", "", "", ""), numbers))[1]
        for slot in codec.coefficient_slots():
            piece = next(p for p in slot if text.startswith(p))
            text = text[len(piece) :]
        assert text == ""


def test_a_misspelt_name_is_answered_with_the_nearest(codec: Codec) -> None:
    with pytest.raises(WrongUse, match=f"did you mean '{codec.name}'"):
        codec_named(codec.name[:-1] + "x")


def test_a_wrong_number_of_coefficients_is_refused(codec: Codec) -> None:
    with pytest.raises(ValueError, match="61"):
        codec.encode(Answer(Description("", "", "", ""), np.zeros(60, np.float32)))


class TestCompact:
    """Steps, limits and sentences of the compact codec."""

    @pytest.fixture(autouse=True)
    def _compact_only(self, codec: Codec) -> None:
        if codec.name != "compact":
            pytest.skip("another codec")

    def test_steps_of_shapes_and_angles(self, codec: Codec) -> None:
        numbers = np.zeros(61, np.float32)
        numbers[INDEX["JawOpen"]], numbers[INDEX["HeadYaw"]] = 0.5, 0.2
        got = codec.quantised(numbers)
        assert got[INDEX["JawOpen"]] == np.float32(0.5)
        assert abs(got[INDEX["HeadYaw"]] - 0.2) < 0.016
        assert np.count_nonzero(got) == 2, "zero is on both grids"
        rng = np.random.default_rng(0)
        shapes = rng.random((200, 61)).astype(np.float32)
        error = np.abs(np.array([codec.quantised(row) for row in shapes]) - shapes)[:, :52]
        assert error.max() <= 1 / 120 + 1e-6

    def test_values_beyond_the_grid_go_to_its_ends(self, codec: Codec) -> None:
        got = codec.quantised(np.full(61, 9.0, np.float32))
        assert set(got.tolist()) == {1.0, float(np.float32(1.2))}
        got = codec.quantised(np.full(61, -np.inf, np.float32))
        assert set(got.tolist()) == {0.0, float(np.float32(-1.2))}

    def test_the_angle_grid_mirrors(self, codec: Codec) -> None:
        np.testing.assert_array_equal(ANGLE_GRID, -ANGLE_GRID[::-1])
        assert ANGLE_GRID[30] == 0.0
        assert len(np.unique(ANGLE_GRID)) == len(np.unique(SHAPE_GRID)) == 61

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "5 lines"),
            ("E: a\nM: b\nS: c\nI: d\n0", "expected a line 'I: ...' for emotional_implication"),
            ("E: a\nM: b\nI: c\nS: d\n0 0 0", "expected 61 coefficients in the last line, found 3"),
            ("E: a\nM: b\nI: c\nS: d\n" + " ".join(["0"] * 60 + ["!"]), "RightEyeRoll is '!'"),
            ("E: a\\x\nM: b\nI: c\nS: d\n" + " ".join(["0"] * 61), "no escape"),
        ],
    )
    def test_sentences_of_refusal(self, codec: Codec, text: str, sentence: str) -> None:
        with pytest.raises(AnswerError, match=re.escape(sentence)):
            codec.decode(text)

    def test_an_answer_is_five_lines_and_its_numbers_one_character_each(self, codec: Codec) -> None:
        numbers = draw_take(2, 0, 2)[1]
        lines = codec.encode(Answer(describe(numbers, "x"), numbers)).split("\n")
        assert [line[:3] for line in lines[:4]] == ["E: ", "M: ", "I: ", "S: "]
        assert len(lines) == 5
        assert len(lines[4]) == 2 * len(NAMES) - 1
