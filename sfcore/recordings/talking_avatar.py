"""A list of ``{"time", "blendshapes": {name: value}}``, as speech services and talking avatars write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sfcore.errors import WrongUse
from sfcore.recordings import document
from sfcore.recordings.named import clock_in, scores, times_of
from sfcore.recordings.named_frames import NamedFrames, notes_on
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

FORMAT = "named-frames-json"
_LISTS = ("frames", "blendData", "data", "animation", "keyframes", "results", "blendshapes", "blendShapes")
_MAPS = ("blendshapes", "blendShapes", "blend_shapes", "shapes", "weights", "coefficients", "arkit", "values")


def sniff(head: bytes) -> bool:
    """Whether a JSON document begins whose frames map names to values."""
    whole = document.starts_like_json(head)
    text = re.sub(r"\s", "", whole)
    named = '"jawOpen":' in text or '"JawOpen":' in text or any(f'"{key}":{{' in text for key in _MAPS)
    if text.startswith("[{") or re.match(r'\{"\d+":\{', text):
        return named
    listed = any(f'"{name}":[{{' in text[:4096] for name in _LISTS)
    # Where a second line begins another object, each line is one of its own.
    return text.startswith("{") and listed and named and re.search(r"\}[\r\n]+\{", whole) is None


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the take, each frame by the names it has itself. Raises `WrongUse` when no frame names channels."""
    content = document.load(source)
    content = _frames(content)
    if content is None:
        raise WrongUse(f"{source.name} is damaged: it has no list of frames.")
    frames = NamedFrames(reading, source.name, "no time in its frames")
    kept: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
    for row, frame in enumerate(content):
        values = _values(frame)
        if not isinstance(frame, dict):
            frames.gather.reject(row, "not an object", str(frame))
        elif values is None:
            frames.gather.reject(row, "no labels", "names no facial channels")
        else:
            kept.append((row, frame, values))
    whole = [frame for _, frame, _ in kept]
    key, clock = clock_in(whole)
    frames.gather.clock = clock
    times = times_of(whole, key, clock)
    for (row, _, values), time in zip(kept, times.tolist(), strict=True):
        frames.add(row, time, values)
    frames.flush()
    notes = notes_on([name for name in frames.others if name != key])
    yield frames.gather.take(source.name, FORMAT, notes)


def _frames(content: Any, depth: int = 3) -> list[Any] | None:
    """The list of frames in a document: itself, below the usual words, or the values of an object with a key for each frame."""
    if isinstance(content, list):
        return content
    if not isinstance(content, dict) or depth == 0:
        return None
    if content and all(str(key).isdigit() for key in content):
        return list(content.values())
    below = (_frames(content[key], depth - 1) for key in _LISTS if isinstance(content.get(key), list | dict))
    return next((frames for frames in below if frames is not None), None)


def _values(frame: Any) -> dict[str, Any] | None:
    if not isinstance(frame, dict):
        return None
    found = (scores(frame[key]) for key in _MAPS if key in frame)
    return next((values for values in found if values is not None), None) or scores(frame)
