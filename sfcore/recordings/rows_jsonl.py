"""JSON lines of this project and others: an object for each frame: values by name, maybe take, frame, t, subject, image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sfcore.recordings import document, json_lines
from sfcore.recordings.beside import picture_beside
from sfcore.recordings.named import faces, row_of, strangers, time_key, times_of
from sfcore.recordings.named_frames import notes_on
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take
from sfcore.recordings.takes_by_name import TakesByName, whole_number

FORMAT = "labels-jsonl"
_BATCH = 512
_OWN = ("frame", "clipped")


def sniff(head: bytes) -> bool:
    """Whether the first line is an object that names channels."""
    first, line = json_lines.first_entry(head)
    if first is not None:
        return bool(faces(first, 2))
    return line.startswith("{") and ('"JawOpen"' in line or '"jawOpen"' in line) and len(line) > 10_000


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the takes of the lines; null is unknown, a value that is no number spoils its line."""
    takes = TakesByName(source, reading, FORMAT)
    others: dict[str, None] = {}
    batch: list[tuple[int, dict[str, Any]]] = []
    for row, entry in json_lines.entries(source):
        if isinstance(entry, str):
            takes.faults.reject(row, "not an object", entry)
            continue
        batch.append((row, entry))
        if len(batch) >= _BATCH:
            _add(takes, batch, source, reading, others)
            batch.clear()
            yield from takes.ready(notes_on(list(others)))
    _add(takes, batch, source, reading, others)
    yield from takes.rest(notes_on(list(others)))


def _add(
    takes: TakesByName, batch: list[tuple[int, dict[str, Any]]], source: SourceFile, reading: Reading, others: dict[str, None]
) -> None:
    by_take: dict[str, list[tuple[int, dict[str, Any], Any]]] = {}
    for row, entry in batch:
        name = str(entry["take"]) if isinstance(entry.get("take"), str | int) else ""
        held = faces(entry, 2)
        if not held:
            takes.gather(name).reject(row, "no labels", "names no facial channels")
            continue
        if len(held) > 1:
            takes.gather(name).reject(row, "several faces", f"{len(held)} in one line")
            continue
        values = held[0]
        key = time_key([entry])
        others |= dict.fromkeys(name for name in strangers(values) if name not in (*_OWN, key))
        read, fault = row_of(values)
        if fault is not None:
            takes.gather(name).reject(row, "not a number", fault)
            continue
        by_take.setdefault(name, []).append((row, entry, read))
    for name, rows in by_take.items():
        entries = [entry for _, entry, _ in rows]
        key = time_key(entries)
        frame = np.array([whole_number(entry.get("frame"), row) for row, entry, _ in rows], np.int64)
        if key is not None and all(document.number(entry.get(key)) != document.number(entry.get(key)) for entry in entries):
            key = None  # null in every row: unknown
        t = times_of(entries, key) if key or not reading.fps else frame / reading.fps
        subject = next((entry["subject"] for entry in entries if isinstance(entry.get("subject"), str)), None)
        images = [picture_beside(source, entry) for entry in entries]
        takes.add(name, frame, t, np.array([read for *_, read in rows]), images, subject)
