"""JSON as readers of recordings need it: bounded, without doubled keys, and with numbers that are never guessed."""

from __future__ import annotations

import json
import math
from typing import Any

from sfcore.errors import WrongUse
from sfcore.recordings import delimited
from sfcore.recordings.reading import SourceFile

SLOWEST, FASTEST = 0.01, 1000.0
"""Frames a second: one in 100 seconds is a time lapse, and no camera takes more than 1,000 pictures of a face."""


class DoubledKey(ValueError):
    """An object that has one key twice: which of the two values is meant cannot be told."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        raise DoubledKey(f"the key '{next(key for key in keys if keys.count(key) > 1)}' stands twice in one object")
    return made


# More digits than any whole number has that a recording states: 64 bits have 19.
_MOST_DIGITS = 20


def whole(digits: str) -> float:
    """A whole number; one of more than 64 bits is no number that a recording holds, whatever it says."""
    return int(digits) if len(digits) <= _MOST_DIGITS and abs(int(digits)) < 2**64 else math.inf


def parse(text: str) -> Any:
    """The value of a JSON text; NaN and infinities become infinity, which readers reject. Raises `ValueError`."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=lambda _word: math.inf, parse_int=whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def load(source: SourceFile) -> Any:
    """The JSON document that a file holds; raises `WrongUse` with the place where it is damaged."""
    text = delimited.decode(source.content(), source.name)
    try:
        return parse(text)
    except json.JSONDecodeError as error:
        raise WrongUse(
            f"{source.name} is damaged JSON (line {error.lineno}: {error.msg.lower()}): export it again, to its end."
        ) from None
    except ValueError as error:
        raise WrongUse(f"{source.name} cannot be read as JSON: {str(error)[:160]}.") from None


def number(value: Any) -> float:
    """A number, also one written as a string; NaN for null (unknown), infinity for anything else."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and "_" in value):
        return math.inf
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return math.inf
    return read if math.isfinite(read) else math.inf


def rate_in(content: dict[str, Any], key: str, name: str) -> float | None:
    """Frames a second that a document states under a key, None where it states none; raises `WrongUse` for no frame rate."""
    if content.get(key) is None:
        return None
    fps = number(content[key])
    if not SLOWEST <= fps <= FASTEST:
        told = f"{key} is {str(content[key])[:40]}, which is no frame rate of a recording"
        raise WrongUse(f"{name}: {told} ({SLOWEST:g} to {FASTEST:g} a second): mend it.")
    return fps


def starts_like_json(head: bytes) -> str:
    """The text of a file's beginning when it looks like JSON, else an empty one."""
    text = delimited.decode_head(head).lstrip()
    return text if text[:1] in ("{", "[") else ""
