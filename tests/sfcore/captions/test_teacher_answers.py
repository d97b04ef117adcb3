"""Bodies and answers of endpoints: four fields of plain English come out, or one reason why not."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.captions.description import FIELDS
from sfcore.captions.llm.call import asked_to_wait
from sfcore.captions.llm.reading import Reply, Unreadable, read_description, read_reply

WHOLE = dict.fromkeys(FIELDS, "brows raised")


def said(text: str) -> Reply:
    return Reply(text, 1, 1)


def test_the_four_fields_are_found_inside_what_models_put_around_them() -> None:
    text = f"Here you go:\n```json\n{json.dumps(WHOLE)}\n```\nAnything else?"
    assert read_description(said(text)).muscle_movements == "brows raised"


@pytest.mark.parametrize(
    "text",
    [
        "<think>{a} or {b}?</think>{}",
        "{a} or {b}?</THINK>\n{}",
        "<think>{}",
        "<think>one {a}</think><think>two {b}</think>{}<think>was it {c}?</think>",
        "<think>one <think>two {a}</think> three {b}</think>{}",
    ],
)
def test_thoughts_are_passed_over(text: str) -> None:
    assert read_description(said(text.replace("{}", json.dumps(WHOLE)))).symmetry == "brows raised"


def test_thoughts_without_end_are_passed_over_in_no_time() -> None:
    begun = time.monotonic()
    read_description(said("<think>" * 100_000 + "</think>" * 100_000 + "<think" + " " * 100_000 + json.dumps(WHOLE)))
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("name", ["Muscle Movements", "MUSCLE-MOVEMENTS", " muscle_movements ", "Muscle - movements"])
def test_names_may_be_written_as_people_write_them(name: str) -> None:
    given_ = {name if field == "muscle_movements" else field: text for field, text in WHOLE.items()}
    assert read_description(said(json.dumps(given_))).muscle_movements == "brows raised"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no braces",
        "{",
        json.dumps(WHOLE)[:-5],
        json.dumps({**WHOLE, "mood": "fine"}),
        json.dumps({**WHOLE, "symmetry": None}),
        json.dumps({**WHOLE, "symmetry": ""}),
        json.dumps({**WHOLE, "symmetry": ["a"]}),
        json.dumps({**WHOLE, "symmetry": "a" * 2000}),
        json.dumps({**WHOLE, "symmetry": "\ud800"}),
        json.dumps({**WHOLE, "symmetry": "50 percent"}),
        json.dumps({**WHOLE, "symmetry": "<|im_end|>"}),
        json.dumps(WHOLE)[:-1] + ', "symmetry": "other"}',
        json.dumps({**WHOLE, "Symmetry": "other"}),
        f"{json.dumps(WHOLE)}</think>",
        json.dumps([WHOLE["symmetry"]]),
        '{"a":' * 100_000,
    ],
)
def test_whatever_is_no_caption_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_description(said(text))


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["choices", "message", "content", "usage", "prompt_tokens", "refusal"]), inner, max_size=4
                )
            ),
            max_leaves=12,
        ).map(lambda document: json.dumps(document).encode()),
    )
)
def test_any_body_is_a_reply_or_unreadable(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        reply = read_reply(body)
        assert min(reply.tokens_in, reply.tokens_out) >= 0
        read_description(reply)


def test_tokens_are_counted_as_the_endpoint_counts_and_never_below_nothing() -> None:
    body = {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 12, "completion_tokens": -3}}
    assert read_reply(json.dumps(body).encode()) == Reply("x", 12, 0)
    assert read_reply(json.dumps({**body, "usage": "many"}).encode()) == Reply("x", 0, 0)


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("Mon, 23 Nov 2026 10:00:30 GMT", 30.0), ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0)]
    + [(text, None) for text in ("", "-1", "nan", "inf", "soon", "Mon, 99 Nov 2026")],
)
def test_retry_after_in_seconds_or_as_a_date(given_: str, seconds: float | None) -> None:
    assert asked_to_wait({"retry-after": given_}, datetime(2026, 11, 23, 10, tzinfo=UTC)) == seconds
