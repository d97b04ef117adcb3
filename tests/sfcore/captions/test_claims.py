"""Claims are read from words, whoever wrote them."""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import INDEX, NAMES
from sfcore.captions.actions import ACTIONS, BY_KEY
from sfcore.captions.claims import Claim, claims_of
from sfcore.captions.description import Description
from sfcore.captions.intensity import BANDS
from sfcore.captions.verify import verify
from sfcore.captions.vocabulary import ADJECTIVES, ADVERBS, INTENSITIES, PHRASES

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "semanticface" / "example_result.jsonl"


def moves(text: str) -> list[tuple[str, str, str | None, bool]]:
    claims = claims_of(Description("", text, "", ""))
    return [(c.subject, c.side, c.band, c.negated) for c in claims if c.kind == "action"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Left cheek strongly raised, right slightly.", [("cheek_raise", "left", "strong"), ("cheek_raise", "right", "slight")]),
        ("Both eyes are widely open.", [("eye_widen", "both", "strong")]),
        ("The corners of the mouth are pulled upward.", [("corner_pull", "both", None)]),
        ("Mild lateral stretching of the mouth", [("lip_stretch", "both", "slight")]),
        ("Jaw noticeably shifted to the left", [("jaw_left", "both", "moderate")]),
        ("gaze slightly left and strongly down", [("gaze_left", "both", "slight"), ("gaze_down", "both", "strong")]),
        ("Eyebrows are furrowed", [("brow_lower", "both", None)]),
        ("Cheeks: subtle squinting", [("cheek_raise", "both", "slight")]),
        ("Eyes: subtle squinting", [("lid_tighten", "both", "slight")]),
        ("a faint smile on the right side", [("corner_pull", "right", "slight")]),
        ("lower lip pulled down, upper lip raised", [("lower_lip_depress", "both", None), ("upper_lip_raise", "both", None)]),
        ("Head tilted to the right", [("tilt_right", "both", None)]),
    ],
)
def test_claims_of_plain_sentences(text: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert [claim[:3] for claim in moves(text)] == expected


def test_denials_are_denials() -> None:
    assert moves("No dimpling") == [("dimple", "both", None, True)]
    assert moves("Left cheek raised, the right side remains neutral") == [
        ("cheek_raise", "left", None, False),
        ("cheek_raise", "right", None, True),
    ]


def test_regions_at_rest_are_claimed_one_by_one() -> None:
    claims = claims_of(Description("", "Brows, nose and jaw at rest.", "", ""))
    assert claims == (Claim("rest", "brows"), Claim("rest", "nose"), Claim("rest", "jaw"))
    moving = np.zeros(61, np.float32)
    moving[INDEX["JawOpen"]] = 0.4
    assert verify(Description("", "Brows, nose and jaw at rest.", "", ""), moving).faults == (
        "says that the jaw rest, where jaw drop is moderate",
    )


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.key)
def test_every_phrase_of_the_grammar_is_read_as_its_action(action: object) -> None:
    key = action.key  # type: ignore[attr-defined]
    phrase = PHRASES[key]
    texts = [f"{phrase.all} strongly {done}" for done in phrase.done] + [f"strong {noun}" for noun in phrase.nouns]
    for text in texts:
        assert moves(text) == [(key, "both", "strong", False)], text
    if BY_KEY[key].kind == "pair":
        assert moves(f"strong {phrase.nouns[0]} on the left, slight on the right") == [
            (key, "left", "strong", False),
            (key, "right", "slight", False),
        ]


def test_no_word_has_two_intensities() -> None:
    written = [word for table in (ADVERBS, ADJECTIVES) for words in table.values() for word in words]
    assert len(written) == len(set(written))
    assert set(INTENSITIES.values()) == {1, 2, 3, 4}


def test_a_side_that_is_ahead() -> None:
    description = Description("", "", "", "uneven: cheek raise slightly stronger on the left")
    assert claims_of(description)[-1] == Claim("stronger", "cheek_raise", "left", "slight")
    values = np.zeros(61, np.float32)
    values[INDEX["CheekSquintLeft"]], values[INDEX["CheekSquintRight"]] = 0.5, 0.35
    assert verify(description, values).score == 1.0
    values[[INDEX["CheekSquintLeft"], INDEX["CheekSquintRight"]]] = 0.35, 0.5
    assert verify(description, values).score < 1.0


def test_claims_name_their_channels() -> None:
    (claim,) = claims_of(Description("", "left cheek raised", "", ""))
    assert claim.channels == ("CheekSquintLeft",)


def test_what_nobody_can_know_is_a_fault() -> None:
    unknown = np.full(61, np.nan, np.float32)
    for text in ("cheeks strongly raised", "no dimpling", "Brows at rest."):
        assert verify(Description("", text, "", ""), unknown).score == 0.0
    assert verify(Description("", "", "", "mostly symmetric"), unknown).score == 0.0


def test_an_empty_caption_scores_nothing() -> None:
    verdict = verify(Description("", "", "", ""), np.zeros(61, np.float32))
    assert verdict == type(verdict)(0.0, ("says nothing that can be checked",))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=4, max_size=4), st.integers(0, 2**32 - 1))
def test_any_text_is_read_without_complaint(fields: list[str], seed: int) -> None:
    values = np.random.default_rng(seed).random(61).astype(np.float32)
    verdict = verify(Description(*fields), values)
    assert 0.0 <= verdict.score <= 1.0


_VOCABULARY = [w for p in PHRASES.values() for w in f"{p.one} {p.all} {' '.join(p.done)} {' '.join(p.nouns)}".split()]
_WORDS = [
    *_VOCABULARY,
    *INTENSITIES,
    "left",
    "right",
    "both",
    "no",
    "more",
    "stronger",
    ",",
    ".",
    ":",
    "and",
    "while",
    "rest",
    "symmetric",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(_WORDS), max_size=25), min_size=4, max_size=4), st.integers(0, 2**32 - 1))
def test_any_order_of_known_words_is_read_without_complaint(fields: list[list[str]], seed: int) -> None:
    values = np.random.default_rng(seed).random(61).astype(np.float32)
    description = Description(*(" ".join(words) for words in fields))
    assert 0.0 <= verify(description, values).score <= 1.0
    assert all(c.band is None or c.band in BANDS for c in claims_of(description))


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published SemanticFace answers are not beside this checkout")
def test_the_published_answers_are_read_and_scored() -> None:
    scores = []
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        response = json.loads(line)["response"]
        prose, numbers = response[: response.index("{")], json.loads(response[response.index("{") :])
        fields = re.split(r"(?:^|\n)\d\. \*\*[^*]*\*\*:?", prose)[1:]
        description = Description(*(field.strip() for field in fields))
        values = np.array([numbers[name] for name in NAMES], np.float32)
        claims = claims_of(description)
        assert sum(c.kind == "action" for c in claims) >= 8, astuple(description)
        scores.append(verify(description, values).score)
    assert len(scores) == 8
    # Written by a language model from finer numbers than the tenths printed beside it: half true and more, never faultless.
    assert min(scores) > 0.4
    assert max(scores) < 1.0
    assert np.mean(scores) > 0.6
