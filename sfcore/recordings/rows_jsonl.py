"""JSON lines of this project and others: an object for each frame: values by name, maybe take, frame, t, subject, image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sfcore.recordings import json_lines
from sfcore.recordings.beside import picture_beside
from sfcore.recordings.clocks import NAMES as CLOCK_NAMES
from sfcore.recordings.clocks import folded
from sfcore.recordings.named import clock_in, faces, row_of, strangers, times_of
from sfcore.recordings.named_frames import notes_on
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take
from sfcore.recordings.takes_by_name import TakesByName, is_exported, whole_number

FORMAT = "labels-jsonl"
_BATCH = 512
_OWN = ("frame", "clipped")
# How far down in a line its values may lie: MediaPipe's are in a list of categories of a face of a result.
_DEPTH = 4


def sniff(head: bytes) -> bool:
    """Whether lines are objects that name channels."""
    first, line = json_lines.first_entries(head)
    if first:
        return any(faces(entry, _DEPTH) for entry in first)
    return ('"JawOpen"' in line or '"jawOpen"' in line) and len(line) > 10_000


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the takes of the lines; null is unknown, a value that is no number spoils its line."""
    lines = _Lines(source, reading)
    for row, entry in json_lines.entries(source):
        lines.see(row, entry)
        if row % _BATCH == 0 and lines.takes.is_full:
            lines.flush()
            yield from lines.takes.ready(lines.notes)
    lines.flush()
    yield from lines.takes.rest(lines.notes)


class _Lines:
    """Collects lines, and hands them on many at a time."""

    def __init__(self, source: SourceFile, reading: Reading) -> None:
        self._source = source
        self.takes = TakesByName(source, reading, FORMAT)
        self._others: dict[str, None] = {}
        self._key: str | None = None
        self._waiting: list[tuple[int, dict[str, Any], Any]] = []

    @property
    def notes(self) -> list[str]:
        """What a person should know about names in the lines."""
        return notes_on(list(self._others))

    def see(self, row: int, entry: dict[str, Any] | str) -> None:
        """Takes a line, or rejects it."""
        if isinstance(entry, str):
            self.takes.reject(row, "not an object", entry)
            return
        held = faces(entry, _DEPTH)
        if not held:
            self.takes.reject(row, "no labels", "names no facial channels")
        elif len(held) > 1:
            self.takes.reject(row, "several faces", f"{len(held)} in one line")
        else:
            read, fault = row_of(held[0])
            unknown = (name for name in strangers(held[0]) if name not in _OWN and folded(name) not in CLOCK_NAMES)
            self._others |= dict.fromkeys(unknown)
            if fault is not None:
                self.takes.reject(row, "not a number", fault)
                return
            self._waiting.append((row, entry, read))
            if len(self._waiting) >= _BATCH:
                self.flush()

    def flush(self) -> None:
        """Hands on what waits, take by take; one clock, told by the first lines that have times, serves the whole file."""
        entries = [entry for _, entry, _ in self._waiting]
        if self.takes.clock is None:
            self._key, self.takes.clock = clock_in(entries)
        times = times_of(entries, self._key, self.takes.clock)
        by_take: dict[str, list[int]] = {}
        for place, entry in enumerate(entries):
            by_take.setdefault(str(entry["take"]) if isinstance(entry.get("take"), str | int) else "", []).append(place)
        for name, places in by_take.items():
            rows = [self._waiting[place] for place in places]
            frame = np.array([whole_number(entry.get("frame"), row) for row, entry, _ in rows], np.int64)
            values = np.array([read for *_, read in rows])
            images = [picture_beside(self._source, entry) for _, entry, _ in rows]
            subject = next((entry["subject"] for _, entry, _ in rows if isinstance(entry.get("subject"), str)), None)
            split = [str(entry["split"]) for _, entry, _ in rows] if all(is_exported(entry) for _, entry, _ in rows) else None
            self._add(name, frame, times[places], values, images, subject, split)
        self._waiting.clear()

    def _add(
        self,
        name: str,
        frame: Any,
        t: Any,
        values: Any,
        images: list[bytes | None],
        subject: str | None,
        split: list[str] | None,
    ) -> None:
        """Adds rows of one take, less those whose time cannot be read."""
        timed = ~np.isinf(t)
        for row in frame[~timed].tolist():
            self.takes.reject(row, "bad timecode", "no time can be read")
        kept = [image for image, keep in zip(images, timed, strict=True) if keep]
        words = None if split is None else [word for word, keep in zip(split, timed, strict=True) if keep]
        self.takes.add(name, frame[timed], t[timed], values[timed], kept, subject, words)
