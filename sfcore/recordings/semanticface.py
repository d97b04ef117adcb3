"""SemanticFace JSONL: answers about pictures, as ``{"analysis", "arkit"}`` or as prose followed by a flat JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from sfcore.errors import WrongUse
from sfcore.recordings import document, json_lines
from sfcore.recordings.beside import picture_beside
from sfcore.recordings.named import faces, scores
from sfcore.recordings.named_frames import NamedFrames, notes_on
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

FORMAT = "semanticface-jsonl"
# An answer has a thousand tokens; braces in prose are few.
_MOST_TRIES = 50


def sniff(head: bytes) -> bool:
    """Whether lines are objects with ``response``, ``messages``, or ``analysis`` beside ``arkit``."""
    first, line = json_lines.first_entries(head)
    if not first:
        return line.startswith(('{"messages"', '{"response"'))
    return any("response" in entry or "messages" in entry or ("arkit" in entry and "analysis" in entry) for entry in first)


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads a take of one row for each answer, with its picture where the row holds it or it lies in the file's folder.

    A row without an answer is rejected; raises `WrongUse` when none has one.
    """
    frames = NamedFrames(reading, source.name)
    answers = unseen = 0
    for row, entry in json_lines.entries(source):
        if isinstance(entry, str):
            frames.gather.reject(row, "not an object", entry)
            continue
        answer = _answer(entry)
        if answer is None:
            frames.gather.reject(row, "no labels", "a question without an answer")
            continue
        answers += 1
        values = labels_in(answer)
        if values is None:
            frames.gather.reject(row, "no labels", f"no coefficients in the answer: {str(answer)[:80]!r}")
            continue
        picture = picture_beside(source, entry)
        unseen += picture is None
        frames.add(row, math.nan, values, picture)
    if not answers and frames.gather.rejects:
        raise WrongUse(f"{source.name} holds questions and no answers: there are no labels in it to learn from.")
    frames.flush()
    notes = notes_on(list(frames.others))
    if unseen:
        notes.append(f"{unseen} rows without their picture, which is neither in the row nor in the file's folder")
    yield frames.gather.take(source.name, FORMAT, notes)


def _answer(entry: dict[str, Any]) -> Any:
    """What answers: the row itself, its ``response``, or its last message of the assistant."""
    if "arkit" in entry:
        return entry
    if entry.get("response") is not None:
        return entry["response"]
    messages = entry.get("messages")
    spoken = [m for m in messages if isinstance(m, dict) and m.get("role") == "assistant"] if isinstance(messages, list) else []
    return spoken[-1].get("content") if spoken else None


def labels_in(answer: Any) -> dict[str, Any] | None:
    """The coefficients by name in an answer of either shape; None where it has none."""
    if not isinstance(answer, str):
        return next(iter(faces(answer, 2)), None)
    decoder = json.JSONDecoder(parse_constant=lambda _word: math.inf, parse_int=document.whole)
    place, found = -1, None
    for _ in range(_MOST_TRIES):
        place = answer.find("{", place + 1)
        if place < 0:
            break
        try:
            value, end = decoder.raw_decode(answer, place)
        except (ValueError, RecursionError):
            continue
        try:
            document.parse(answer[place:end])
        except document.DoubledKey:
            return None
        held = scores(value) or next(iter(faces(value, 2)), None)
        found, place = held or found, end - 1
    return found
