"""Words for the mirrored face: exchanged sides say exactly what is true of the exchanged numbers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.captions.description import Description
from sfcore.captions.grammar import describe
from sfcore.captions.sides import exchanged
from sfcore.captions.verify import verify
from sfcore.codecs.answer import Answer
from sfcore.recordings.prior import draw_take
from sfcore.student.mirror import mirrored_answer


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 500), st.text(max_size=6))
def test_a_mirrored_answer_is_what_the_grammar_says_of_the_mirrored_face(seed: int, name: str) -> None:
    for face in draw_take(seed, 0, 3):
        turned = mirrored_answer(Answer(describe(face, name), face))
        assert turned.description == describe(turned.coefficients, name)
        assert verify(turned.description, turned.coefficients).faults == ()
        assert mirrored_answer(turned) == Answer(describe(face, name), face)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="leftrighLEFTRIGHward- ,.", max_size=60))
def test_exchanged_twice_any_text_is_itself(text: str) -> None:
    said = Description(text, text, text, text)
    assert exchanged(exchanged(said)) == said


def test_case_is_kept_and_other_words_are_left_alone() -> None:
    said = exchanged(Description("Left brow, RIGHT eye", "bright copyright lefty", "leftward gaze, right-hand side", "uplifting"))
    assert said == Description("Right brow, LEFT eye", "bright copyright lefty", "rightward gaze, left-hand side", "uplifting")
