"""A folder of pictures with a CSV or JSONL of labels beside them: every row names its picture and holds its coefficients."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS
from sfcore.randomness import digest
from sfcore.recordings import channel_table, json_lines
from sfcore.recordings.beside import KEYS, picture_of
from sfcore.recordings.clocks import clock_of
from sfcore.recordings.gather import Gather
from sfcore.recordings.named import faces, row_of
from sfcore.recordings.pictures import BadPicture
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import RejectReason, Take

FORMAT = "labelled-images"
_PICTURE_NAME = re.compile(r".+\.(jpe?g|png|webp|bmp|tiff?|gif)", re.IGNORECASE | re.DOTALL)
_BATCH = 64


def sniff(head: bytes) -> bool:
    """Whether the first line names channels and a column of pictures, or is an object with channels and a picture's name."""
    line = channel_table.first_line(head)
    if line.lstrip().startswith("{"):
        first, _ = json_lines.first_entry(head)
        return first is not None and _named_picture(first) is not None and bool(faces(first, 2))
    if not channel_table.names_enough(line):
        return False
    words = [re.sub(r"[\s_\-]", "", cell).lower() for cell in channel_table.header_cells(line)[0]]
    return any(word in channel_table.PICTURES for word in words)


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads a take with a picture in every row. Rows whose picture is missing, damaged or too large are rejected; so is a picture
    that comes again, whether under the same label or, as a conflict, under another."""
    frames = _Labelled(source, reading)
    is_lines = channel_table.first_line(source.head()).lstrip().startswith("{")
    notes = frames.read_lines() if is_lines else frames.read_table()
    frames.flush()
    yield frames.gather.take(source.name, FORMAT, [*notes, *frames.conflicts()])


def _named_picture(entry: dict[str, Any]) -> str | None:
    found = (entry[key] for key in KEYS if isinstance(entry.get(key), str))
    return next((name for name in found if _PICTURE_NAME.fullmatch(name[:1024])), None)


class _Labelled:
    def __init__(self, source: SourceFile, reading: Reading) -> None:
        self._source, self._reading = source, reading
        self.gather = Gather(CHANNELS, reading)
        self._rows: list[tuple[int, float, NDArray[np.float64], bytes]] = []
        self._seen: dict[str, tuple[int, str]] = {}
        self._conflicts: list[str] = []

    def read_lines(self) -> list[str]:
        for row, entry in json_lines.entries(self._source):
            if isinstance(entry, str):
                self.gather.reject(row, "not an object", entry)
                continue
            values = next(iter(faces(entry, 2)), None)
            if values is None:
                self.gather.reject(row, "no labels", "names no facial channels")
                continue
            read, fault = row_of(values)
            if fault is not None:
                self.gather.reject(row, "not a number", fault)
                continue
            self._add(row, math.nan, read, _named_picture(entry) or "")
        return []

    def read_table(self) -> list[str]:
        header, blocks = channel_table.rows_of(self._source, with_pictures=True)
        index = [channel.index for _, channel in header.channels]
        for rows, faults in blocks:
            for fault in faults:
                self.gather.reject(*fault)
            times = np.full(len(rows.frame), np.nan)
            if header.clock is not None:
                times = clock_of(header.cells[header.clock], rows.clock).seconds(rows.clock)
            for place, row in enumerate(rows.frame.tolist()):
                wide = np.full(len(CHANNELS), np.nan)
                wide[index] = rows.values[place]
                self._add(row, float(times[place]), wide, rows.picture[place].strip())
        return list(header.notes())

    def _add(self, row: int, time: float, values: NDArray[np.float64], name: str) -> None:
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
        if self._rows:
            rows, times, values, images = zip(*self._rows, strict=True)
            self.gather.add(np.array(rows, np.int64), np.array(times, np.float64), np.array(values), list(images))
            self._rows.clear()
