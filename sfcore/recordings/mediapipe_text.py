"""MediaPipe's blendshapes of one picture as protobuf text: ``classification { index score label }``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sfcore.errors import WrongUse
from sfcore.recordings import delimited
from sfcore.recordings.named import FEWEST_NAMES, scores
from sfcore.recordings.named_frames import NamedFrames, notes_on
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

FORMAT = "mediapipe-pbtxt"
_ENTRY = re.compile(r"\bclassification\s*:?\s*\{([^{}]*)\}")
_LABEL = re.compile(r"\b(?:label|display_name)\s*:\s*[\"']([^\"']*)[\"']")
_SCORE = re.compile(r"\bscore\s*:\s*([^\s,;}]+)")
# A few pictures' worth: such files are written by hand or by a test.
_LARGEST = 16 * 1024**2


def sniff(head: bytes) -> bool:
    """Whether protobuf text begins that classifies."""
    text = delimited.decode_head(head)
    return re.search(r"^\s*classification\s*:?\s*\{", text, re.MULTILINE) is not None and "score" in text


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads a take of one row for each list of classifications: a name that comes again begins the next."""
    text = delimited.decode(source.content(_LARGEST), source.name)
    lists: list[list[dict[str, Any]]] = [[]]
    seen: set[str] = set()
    for entry in _ENTRY.findall(text):
        label, score = _LABEL.search(entry), _SCORE.search(entry)
        if label is None:
            continue
        if label[1] in seen:
            lists.append([])
            seen.clear()
        seen.add(label[1])
        lists[-1].append({"label": label[1], "score": score[1] if score else "0"})  # protobuf leaves zeros out
    frames = NamedFrames(reading, source.name)
    for row, entries in enumerate(lists):
        values = scores(entries)
        if values is None:
            frames.gather.reject(row, "no labels", f"names fewer than {FEWEST_NAMES} facial channels")
        else:
            frames.add(row, float("nan"), values)
    frames.flush()
    if not frames.gather.rows and not text.count("}"):
        raise WrongUse(f"{source.name} is damaged: its first classification does not end.")
    yield frames.gather.take(source.name, FORMAT, notes_on(list(frames.others)))
