"""The reference's published answers, and the shape that its prompt asks for, are read; what is written has their shape."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from sfcore.arkit import INDEX, NAMES
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.grammar import describe
from sfcore.codecs.answer import Answer, AnswerError
from sfcore.codecs.official import OfficialCodec
from sfcore.recordings.prior import draw_take

CODEC = OfficialCodec()


def _asked(numbers: object) -> str:
    analysis = {"expression_category": "a", "muscle_movements": {"mouth": "open"}, "emotional_implication": "c", "symmetry": "d"}
    return json.dumps({"analysis": analysis, "arkit": numbers}, indent=2)


def test_the_eight_published_answers_are_read(real_data: Path) -> None:
    lines = (real_data / "semanticface" / "example_result.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 8
    for line in lines:
        text = json.loads(line)["response"]
        answer = CODEC.decode(text)
        told = json.loads(text[text.index("\n{") :])
        np.testing.assert_array_equal(answer.coefficients, np.array([told[name] for name in NAMES], np.float32))
        np.testing.assert_array_equal(CODEC.quantised(answer.coefficients), answer.coefficients)
        for field in FIELDS:
            words = getattr(answer.description, field)
            assert len(words) > 40
            assert words == words.strip()


def test_what_is_written_has_the_published_shape(real_data: Path) -> None:
    published = json.loads((real_data / "semanticface" / "example_result.jsonl").read_text(encoding="utf-8").splitlines()[0])
    theirs = published["response"].replace("-0.0", "0.0")
    face = draw_take(2, 0, 2)[1]
    ours = CODEC.encode(Answer(describe(face, "x"), face))

    def bones(text: str) -> str:
        """Headings, breaks and keys; words and digits taken out."""
        points, numbers = text[: text.index("\n{")], text[text.index("\n{") :]
        first_lines = [line for line in points.split("\n") if re.match(r"\d\. ", line) or not line]
        return "\n".join(line.split("**:")[0] for line in first_lines) + re.sub(r"-?\d\.\d", "#", numbers)

    assert bones(ours) == bones(theirs)
    assert ours.count("  \n") == 3


def test_the_shape_of_the_prompt_is_read_with_its_three_decimals() -> None:
    answer = CODEC.decode(_asked(dict.fromkeys(NAMES, 0.123)))
    assert answer.description == Description("a", '{"mouth": "open"}', "c", "d")
    np.testing.assert_array_equal(answer.coefficients, np.full(61, 0.123, np.float32))


def test_a_missing_key_is_unknown_and_not_zero() -> None:
    numbers = CODEC.decode(_asked({"JawOpen": 0.5, "HeadYaw": None})).coefficients
    assert np.flatnonzero(~np.isnan(numbers)).tolist() == [INDEX["JawOpen"]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("just words", "expected a JSON object"),
        ('1. **A**: b\n{"JawOpen": 0.1}', "expected four points"),
        ('{"JawOpen": 0.1', "cannot be read"),
        ('{"JawOpen": 0.1, "JawOpen": 0.2}', "tells a key twice"),
        ('{"JawOpen": 0.1, "jawOpen": 0.2}', "JawOpen is told twice"),
        ('{"JawOpen": "much"}', "which is no number"),
        ('{"JawOpen": true}', "which is no number"),
        ('{"JawOpen": 1.5}', "expected 0 to 1"),
        ('{"JawOpen": NaN}', "expected 0 to 1"),
        ('{"Jaw": 0.5}', "'Jaw' is no channel"),
        ("{}", "holds no coefficients"),
        ("[" * 100_000, "expected a JSON object"),
        ('{"arkit":' + "[" * 100_000, "cannot be read"),
    ],
)
def test_sentences_of_refusal(text: str, sentence: str) -> None:
    with pytest.raises(AnswerError, match=re.escape(sentence)):
        CODEC.decode(text)


def test_angles_have_one_decimal_and_no_minus_zero() -> None:
    numbers = np.zeros(61, np.float32)
    numbers[INDEX["HeadYaw"]], numbers[INDEX["HeadRoll"]] = -0.04, -0.26
    text = CODEC.encode(Answer(Description("", "", "", ""), numbers))
    assert '"HeadYaw": 0.0,' in text
    assert '"HeadRoll": -0.3,' in text
