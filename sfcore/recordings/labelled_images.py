"""A folder of pictures with a CSV or JSONL of labels beside them: every row names its picture and holds its coefficients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.arkit import CHANNELS
from sfcore.randomness import digest
from sfcore.recordings import channel_table, json_lines
from sfcore.recordings.beside import KEYS, picture_of
from sfcore.recordings.clocks import clock_of, folded
from sfcore.recordings.gather import Gather
from sfcore.recordings.named import faces, row_of, strangers, time_key
from sfcore.recordings.named_frames import notes_on
from sfcore.recordings.pictures import BadPicture
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import RejectReason, Take

FORMAT = "labelled-images"
_PICTURE_NAME = re.compile(r".+\.(jpe?g|png|webp|bmp|tiff?|gif)", re.IGNORECASE | re.DOTALL)
_BATCH = 64
# Names that are kept to be told: of more, a person reads none.
_MOST_NAMES = 100
_LONGEST_NAME = 60


def sniff(head: bytes) -> bool:
    """Whether the first line names channels and a column of pictures, or lines are objects with channels and a picture's name."""
    if _are_lines(head):
        return True
    line = channel_table.first_line(head)
    if not channel_table.names_enough(line):
        return False
    return any(folded(cell) in channel_table.PICTURES for cell in channel_table.header_cells(line)[0])


def _are_lines(head: bytes) -> bool:
    return any(_named_picture(entry) is not None and faces(entry, 2) for entry in json_lines.first_entries(head)[0])


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads a take with a picture in every row. Rows whose picture is missing, damaged or too large are rejected; so is a picture
    that comes again, whether under the same label or, as a conflict, under another."""
    frames = _Labelled(source, reading)
    notes = frames.read_lines() if _are_lines(source.head()) else frames.read_table()
    frames.flush()
    yield frames.gather.take(source.name, FORMAT, [*notes, *frames.conflicts()], subject=frames.subject)


def _named_picture(entry: dict[str, Any]) -> str | None:
    found = (entry[key] for key in KEYS if isinstance(entry.get(key), str))
    return next((name for name in found if _PICTURE_NAME.fullmatch(name[:1024])), None)


class _Labelled:
    def __init__(self, source: SourceFile, reading: Reading) -> None:
        self._source, self._reading = source, reading
        self.gather = Gather(CHANNELS, reading, source.name)
        self._rows: list[tuple[int, Any, NDArray[np.float64], bytes]] = []
        self._seen: dict[str, tuple[int, str]] = {}
        self._conflicts: list[str] = []
        self._subjects: dict[str, None] = {}
        self._others: dict[str, None] = {}
        self._clock_name: str | None = None

    @property
    def subject(self) -> str | None:
        """Who the pictures show, where all rows that say so name one person."""
        return next(iter(self._subjects)) if len(self._subjects) == 1 else None

    def read_lines(self) -> list[str]:
        for row, entry in json_lines.entries(self._source):
            if isinstance(entry, str):
                self.gather.reject(row, "not an object", entry)
                continue
            held = faces(entry, 2)
            if len(held) != 1:
                reason: RejectReason = "several faces" if held else "no labels"
                self.gather.reject(row, reason, f"{len(held)} in one line" if held else "names no facial channels")
                continue
            read, fault = row_of(held[0])
            if fault is not None:
                self.gather.reject(row, "not a number", fault)
                continue
            self._clock_name = self._clock_name or time_key([entry])
            self._note_others(entry, held[0])
            time = entry.get(self._clock_name) if self._clock_name else None
            self._add(row, time, read, _named_picture(entry) or "")
        notes = notes_on(list(self._others))
        if len(self._subjects) > 1:
            few = ", ".join(list(self._subjects)[:6])
            notes.append(f"its rows name {len(self._subjects)} subjects ({few}), of which a take can keep one: none was kept")
        return notes

    def _note_others(self, entry: dict[str, Any], face: dict[str, Any]) -> None:
        """Notes who is shown, and what a line says beside its labels, picture and time."""
        if isinstance(entry.get("subject"), str) and len(self._subjects) < _MOST_NAMES:
            self._subjects.setdefault(entry["subject"])
        if len(self._others) >= _MOST_NAMES:
            return
        for names, values in ((strangers(face), face), (entry, entry)):
            for name in names:
                if name in (*KEYS, "subject", self._clock_name) or arkit.resolve(name) or values[name] is face:
                    continue
                self._others.setdefault(name[:_LONGEST_NAME])

    def read_table(self) -> list[str]:
        header, blocks = channel_table.rows_of(self._source, with_pictures=True)
        index = [channel.index for _, channel in header.channels]
        self._clock_name = None if header.clock is None else header.cells[header.clock].strip()
        for rows, faults in blocks:
            for fault in faults:
                self.gather.reject(*fault)
            for place, row in enumerate(rows.frame.tolist()):
                wide = np.full(len(CHANNELS), np.nan)
                wide[index] = rows.values[place]
                self._add(row, rows.clock[place] if self._clock_name else None, wide, rows.picture[place].strip())
        return list(header.notes())

    def _add(self, row: int, time: Any, values: NDArray[np.float64], name: str) -> None:
        try:
            content = picture_of(self._source, {"image": name})
        except BadPicture as bad:
            self.gather.reject(row, bad.reason, f"{name}: {bad}")
            return
        if content is None:
            self.gather.reject(row, "no image", name or "names no picture")
            return
        reason = self._twice(row, name, content, values)
        if reason is not None:
            self.gather.reject(row, reason, name)
            return
        self._rows.append((row, time, values, content))
        if len(self._rows) >= _BATCH:
            self.flush()

    def _twice(self, row: int, name: str, content: bytes, values: NDArray[np.float64]) -> RejectReason | None:
        label = digest(values.tobytes())
        first, there = self._seen.setdefault(digest(content), (row, label))
        if first == row:
            return None
        if there == label:
            return "same picture twice"
        self._conflicts.append(f"{name} (row {row}) is the picture of row {first} under another label")
        return "one picture under two labels"

    def conflicts(self) -> list[str]:
        """What a person should know of pictures that two labels claim."""
        few, more = self._conflicts[:5], len(self._conflicts) - 5
        return [*few, f"and {more} more pictures under two labels"] if more > 0 else few

    def flush(self) -> None:
        """Hands on what waits; one clock, told by the first rows that have times, serves the whole file."""
        if not self._rows:
            return
        rows, cells, values, images = zip(*self._rows, strict=True)
        self._rows.clear()
        if self.gather.clock is None and self._clock_name is not None:
            self.gather.clock = clock_of(self._clock_name, cells)
        frame = np.array(rows, np.int64)
        times = self.gather.clock.seconds(cells) if self.gather.clock else np.full(len(rows), np.nan)
        timed = ~np.isinf(times)
        for place in np.flatnonzero(~timed):
            self.gather.reject(rows[place], "bad timecode", cells[place])
        kept = [image for image, keep in zip(images, timed, strict=True) if keep]
        self.gather.add(frame[timed], times[timed], np.array(values)[timed], kept)
