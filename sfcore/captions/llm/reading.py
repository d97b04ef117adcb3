"""From the bytes of an answer to four fields, and nothing that is not four fields of plain English.

An endpoint may send anything under status 200: a page of HTML, half a document, numbers without end. Each way to be wrong ends in
one `Unreadable` with its reason.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sfcore.captions.description import FIELDS, Description

MOST_BYTES = 1 << 20
"""An answer of four short fields has a few kilobytes; what is longer than this is no answer."""
_LONGEST_FIELD = 1200
_MOST_TOKENS = 10_000_000

_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "…": "...", " ": " "})
_THINKING = re.compile(r"<(/?)think(?:ing)?\s*>", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_PLAIN = re.compile(r"[A-Za-z .,;:()'\"/-]+")


class Unreadable(Exception):
    """An answer that holds no caption; ``refused`` where the model declines to write one."""

    def __init__(self, reason: str, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one call, with the tokens that the endpoint counts (0 where it counts none)."""

    text: str
    tokens_in: int
    tokens_out: int
    trouble: str = ""
    """Why there is no text to read: cut off, filtered, or declined by the model."""
    refused: bool = False


def read_reply(body: bytes) -> Reply:
    """The reply in the body of a chat completion; raises `Unreadable` when it is none."""
    document = _loaded(body, "the body")
    if not isinstance(document, dict):
        raise Unreadable("the body is no JSON object")
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Unreadable("the body holds no choices")
    tokens_in, tokens_out = _counted(document.get("usage"))
    message, reason = choices[0].get("message"), choices[0].get("finish_reason")
    if not isinstance(message, dict):
        raise Unreadable("the choice holds no message")
    if message.get("refusal"):
        return Reply("", tokens_in, tokens_out, "the model declined", refused=True)
    if reason == "content_filter":
        return Reply("", tokens_in, tokens_out, "the answer was filtered", refused=True)
    if reason == "length":
        return Reply("", tokens_in, tokens_out, "the answer was cut off at max_tokens")
    text = message.get("content")
    if not isinstance(text, str) or not text.strip():
        return Reply("", tokens_in, tokens_out, "the message is empty")
    return Reply(text, tokens_in, tokens_out)


def read_complaint(body: bytes) -> tuple[str, str]:
    """Message and code in the body of an error, "" for what it does not say."""
    try:
        document = _loaded(body, "the body")
    except Unreadable:
        return "", ""
    said = document.get("error", document) if isinstance(document, dict) else None
    message, code = (said.get("message"), said.get("code")) if isinstance(said, dict) else ("", "")
    return message if isinstance(message, str) else "", code if isinstance(code, str) else ""


def read_description(reply: Reply) -> Description:
    """The four fields of a reply, in plain ASCII; raises `Unreadable` with the reason when they are not there.

    Thoughts and text around the JSON object are passed over, since models add them, and names may be written as in "Muscle
    Movements"; a field that is missing, doubled, unknown or no text is not taken.
    """
    if reply.trouble:
        raise Unreadable(reply.trouble, reply.refused)
    text = _without_thoughts(reply.text)
    start = text.find("{")
    if start < 0:
        raise Unreadable("the answer holds no JSON object")
    found = _once([(_folded(name), value) for name, value in _loaded(text[start:], "the answer", whole=False).items()])
    unknown = sorted(set(found) - set(FIELDS))
    if unknown:
        raise Unreadable(f"the answer has a field {unknown[0][:40]!r} that nobody asked for")
    return Description(*(_field(found, name) for name in FIELDS))


def _without_thoughts(text: str) -> str:
    """The text without ``<think>`` blocks, in time linear in its length.

    What stands before a closing tag alone is thought too: some servers keep the opening one to themselves. An opening tag alone
    is dropped by itself, since what follows may be the answer.
    """
    first, *rest = _THINKING.split(text)
    kept, thought_from = [first], None
    for slash, piece in zip(rest[::2], rest[1::2], strict=True):
        if slash:
            del kept[thought_from or 0 :]
            thought_from = None
        elif thought_from is None:
            thought_from = len(kept)
        kept.append(piece)
    return "".join(kept)


def _folded(name: str) -> str:
    return _BETWEEN_WORDS.sub("_", name.strip().lower())


def _field(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"{name} is missing or no text")
    text = " ".join(value.translate(_TYPOGRAPHY).split())
    if not text:
        raise Unreadable(f"{name} is empty")
    if len(text) > _LONGEST_FIELD:
        raise Unreadable(f"{name} has {len(text)} characters")
    strange = _PLAIN.sub("", text)
    if strange:
        raise Unreadable(f"{name} holds {strange[0]!a}, which plain English needs not")
    return text


def _counted(usage: Any) -> tuple[int, int]:
    def count(name: str) -> int:
        value = usage.get(name) if isinstance(usage, dict) else None
        return value if type(value) is int and 0 <= value <= _MOST_TOKENS else 0

    return count("prompt_tokens"), count("completion_tokens")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("a field stands in it twice")
    return found


def _loaded(text: bytes | str, what: str, whole: bool = True) -> Any:
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return decoder.decode(text) if whole else decoder.raw_decode(text)[0]
    except UnicodeDecodeError:
        raise Unreadable(f"{what} is not UTF-8") from None
    except ValueError:
        raise Unreadable(f"{what} is not valid JSON") from None
    except RecursionError:
        raise Unreadable(f"{what} is nested without end") from None
