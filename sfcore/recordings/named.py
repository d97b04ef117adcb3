"""Values by name, wherever an object keeps them: flat, below a key, or as a list of names with scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.arkit import CHANNELS, Channel
from sfcore.recordings.clocks import NAMES as CLOCK_NAMES
from sfcore.recordings.clocks import Clock, clock_of, folded
from sfcore.recordings.document import number

FEWEST_NAMES = 5
"""An object that names fewer channels than this is about something else."""
_NAME_KEYS = ("categoryName", "category_name", "label", "name", "displayName", "display_name")
_SCORE_KEYS = ("score", "value", "weight")
_DEPTH = 6
_LONGEST_KEY = 64
# Files name the same few dozen channels in every frame.
_resolve = lru_cache(maxsize=4096)(arkit.resolve)


def scores(node: Any) -> dict[str, Any] | None:
    """Name -> value of a mapping of names to values or of a list of names with scores; None for anything else.

    A name that stands twice keeps the value infinity, which is rejected.
    """
    if isinstance(node, dict):
        return node if _names(node) >= FEWEST_NAMES else None
    if not isinstance(node, list) or not node or not all(isinstance(entry, dict) for entry in node):
        return None
    found: dict[str, Any] = {}
    for entry in node:
        name = next((entry[key] for key in _NAME_KEYS if isinstance(entry.get(key), str) and entry[key]), None)
        score = next((entry[key] for key in _SCORE_KEYS if key in entry), None)
        if name is not None:
            found[name] = math.inf if name in found else score
    return found if _names(found) >= FEWEST_NAMES else None


def _names(mapping: dict[str, Any]) -> int:
    return sum(1 for key in mapping if isinstance(key, str) and _resolve(key) is not None)


def faces(node: Any, depth: int = _DEPTH) -> list[dict[str, Any]]:
    """The values of each face that a JSON value holds, in order."""
    found = scores(node)
    if found is not None:
        return [found]
    first = node[0] if isinstance(node, list) and node else node
    if depth == 0 or (isinstance(first, dict) and "x" in first and "y" in first):  # landmarks: hundreds of points a face
        return []
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [face for child in inner if isinstance(child, dict | list) for face in faces(child, depth - 1)]


def row_of(values: dict[str, Any]) -> tuple[NDArray[np.float64], str | None]:
    """(61,) float64 of values by name, NaN = not named or null, infinity = no number; and what is wrong with the first
    of the latter."""
    row = np.full(len(CHANNELS), np.nan)
    fault: str | None = None
    seen: set[str] = set()
    for name, value in values.items():
        channel = _resolve(name)
        if channel is None:
            continue
        row[channel.index] = math.inf if channel.name in seen else number(value)
        if math.isinf(row[channel.index]) and fault is None:
            fault = f"{channel.name}: {'named twice' if channel.name in seen else repr(value)}"
        seen.add(channel.name)
    return row, fault


def strangers(values: dict[str, Any]) -> list[str]:
    """Names that are no channel and hold a number."""
    return [name for name, value in values.items() if _resolve(name) is None and isinstance(value, int | float)]


def time_key(objects: Sequence[dict[str, Any]]) -> str | None:
    """The key under which objects keep their time: the first such key of the first of them that has one."""
    for entry in objects:
        for key in entry:
            if len(key) < _LONGEST_KEY and folded(key) in CLOCK_NAMES:
                return key
    return None


def times_of(objects: Sequence[dict[str, Any]], key: str | None, clock: Clock | None) -> NDArray[np.float64]:
    """(n,) float64 seconds of each object; infinity for what is no time, NaN for null and without a key or clock."""
    if key is None or clock is None:
        return np.full(len(objects), np.nan)
    return clock.seconds([entry.get(key) for entry in objects])


def clock_in(objects: Sequence[dict[str, Any]]) -> tuple[str | None, Clock | None]:
    """The key under which objects keep their time, and how it is read; None where they have none."""
    key = time_key(objects)
    if key is None:
        return None, None
    return key, clock_of(key, [entry[key] for entry in objects if entry.get(key) is not None])


def channels_named(names: Sequence[Any]) -> tuple[list[tuple[int, Channel]], list[str]]:
    """The columns that are channels, each with its channel, and the names of the others; raises `ValueError` for one named
    twice."""
    known: dict[str, tuple[int, Channel]] = {}
    others: list[str] = []
    for column, name in enumerate(names):
        channel = _resolve(name) if isinstance(name, str) else None
        if channel is None:
            others.append(str(name))
        elif channel.name in known:
            raise ValueError(channel.name)
        else:
            known[channel.name] = (column, channel)
    return list(known.values()), others
