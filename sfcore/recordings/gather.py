"""From numbers as a source writes them to a take: units, ranges, clipping, order of time, and what a person should know."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.arkit import NAMES, Channel
from sfcore.errors import WrongUse
from sfcore.recordings import rotations, timecode
from sfcore.recordings.pictures import Pictures, Shelf
from sfcore.recordings.reading import Reading
from sfcore.recordings.take import Reject, RejectReason, Take, content_hash

# Published takes leave 0..1 by at most 0.1; a value further out than this is a damaged number, not an overshoot to clip.
FURTHEST_SHAPE = 0.5
FURTHEST_ROTATION = math.pi
LONGEST_DETAIL = 200

ROWS_OF_A_TAKE = 262_144
"""A longer recording comes in as several takes, so that memory stays flat: 73 minutes at 60 frames a second."""

_ALL = np.arange(len(NAMES))
_IS_SHAPE = np.array([c.kind == "shape" for c in arkit.CHANNELS])
_LOW = np.array([c.low - (FURTHEST_SHAPE if c.kind == "shape" else FURTHEST_ROTATION) for c in arkit.CHANNELS])
_HIGH = np.array([c.high + (FURTHEST_SHAPE if c.kind == "shape" else FURTHEST_ROTATION) for c in arkit.CHANNELS])
_VARIANT = re.compile(r"(?P<performance>.+)_(?P<variant>raw|cal|neutral)", re.IGNORECASE)


def take_name(file_name: str) -> str:
    """The name of a take that is read from a file: without folder and suffix, in one form of Unicode."""
    return unicodedata.normalize("NFC", PurePosixPath(file_name).stem)


class Gather:
    """Collects the rows of one source, part by part.

    ``channels`` (k) say what the columns of ``add``'s values are; ``spell`` writes a time for people.
    """

    def __init__(
        self, channels: Sequence[Channel], reading: Reading, of_day: bool = False, spell: Callable[[float], str] = "{:g} s".format
    ) -> None:
        self.channels, self.reading, self.of_day, self.spell = channels, reading, of_day, spell
        self._index = np.array([channel.index for channel in channels], np.int64)
        self._unit: rotations.Unit | None = None
        self._origin: float | None = None
        self._reached = -math.inf
        self._parts = 0
        self._begin()

    def _begin(self) -> None:
        self.rejects: list[Reject] = []
        self._frames: list[NDArray[np.int64]] = []
        self._times: list[NDArray[np.float64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._clipped: list[NDArray[np.int32]] = []
        self._raw: list[NDArray[np.float64]] = []
        self._shelf: Shelf | None = None
        self._shelved: list[NDArray[np.int64]] = []
        self.rows = 0

    @property
    def is_full(self) -> bool:
        """Whether what was collected is as much as one take should hold."""
        return self.rows >= ROWS_OF_A_TAKE or (self.rows > 0 and len(self.rejects) >= ROWS_OF_A_TAKE)

    def reject(self, row: int, reason: RejectReason, detail: object = "") -> None:
        """Notes a row that cannot be kept."""
        self.rejects.append(Reject(row, reason, str(detail)[:LONGEST_DETAIL]))

    def add(
        self,
        frame: NDArray[np.int64],
        t: NDArray[np.float64],
        values: NDArray[np.float64],
        images: Sequence[bytes | None] | None = None,
    ) -> None:
        """Adds m rows: (m,) row numbers, (m,) seconds, (m, k) values; NaN = unknown, infinity = could not be read."""
        wide = values
        if not np.array_equal(self._index, _ALL):
            wide = np.full((len(values), len(NAMES)), np.nan)
            wide[:, self._index] = values
        if self._unit is None:
            self._unit = rotations.unit_of(wide, self.reading.rotation)
        converted = self._unit.to_radians(wide)
        low, high = np.minimum.reduce(converted, axis=0, initial=np.inf), np.maximum.reduce(converted, axis=0, initial=-np.inf)
        # NaN compares as false: a block with anything unknown is looked at row by row.
        if not ((low >= _LOW).all() and (high <= _HIGH).all() and not np.isinf(t).any()):
            kept = self._readable(frame, t, converted)
            frame, t, converted, wide = frame[kept], t[kept], converted[kept], wide[kept]
            images = None if images is None else [image for image, keep in zip(images, kept, strict=True) if keep]
            low, high = np.fmin.reduce(converted, axis=0, initial=np.inf), np.fmax.reduce(converted, axis=0, initial=-np.inf)
        self._keep_pictures(images, len(frame))
        if self.reading.raw:
            self._raw.append(wide)
        clipped, narrow = _clip(converted, low, high)
        self._frames.append(frame)
        self._times.append(t)
        self._values.append(narrow)
        self._clipped.append(clipped)
        self.rows += len(frame)

    def _keep_pictures(self, images: Sequence[bytes | None] | None, rows: int) -> None:
        places = np.full(rows, -1, np.int64)
        if images is not None and any(image is not None for image in images):
            shelf = self._shelf = self._shelf or Shelf()
            places[:] = [shelf.put(image) for image in images]
        self._shelved.append(places)

    def _readable(self, frame: NDArray[np.int64], t: NDArray[np.float64], wide: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            faulty = np.isinf(wide) | (wide < _LOW) | (wide > _HIGH)
        wordless = np.asarray(np.isnan(wide).all(axis=1))
        bad: NDArray[np.bool_] = faulty.any(axis=1) | np.isinf(t) | wordless
        for row in np.flatnonzero(bad):
            if np.isinf(t[row]):
                self.reject(int(frame[row]), "bad timecode", "no time can be read")
            elif wordless[row]:
                self.reject(int(frame[row]), "no labels", "no value of any channel")
            else:
                column = int(np.flatnonzero(faulty[row])[0])
                value = wide[row, column]
                reason: RejectReason = "not a number" if np.isinf(value) else "out of range"
                self.reject(int(frame[row]), reason, f"{NAMES[column]}: {value:g}")
        return ~bad

    def take(
        self,
        name: str,
        form: str,
        notes: Sequence[str] = (),
        provenance: dict[str, Any] | None = None,
        more: bool = False,
        stem: str | None = None,
        subject: str | None = None,
    ) -> Take:
        """The take of what was collected so far, under the file's name; ``more`` says that the recording goes on.

        Raises `WrongUse` when not one row was kept.
        """
        frame, t, values, clipped, kept = self._in_order()
        rejects = tuple(sorted(self.rejects, key=lambda reject: reject.row))
        if not len(frame):
            first = f" (row {rejects[0].row}: {rejects[0].reason}, {rejects[0].detail!r})" if rejects else ""
            raise WrongUse(f"{name} is not a recording: none of its {len(rejects)} rows can be read{first}.")
        self._parts += 1
        stem = stem or take_name(name)
        images = None if self._shelf is None else Pictures(self._shelf, np.concatenate(self._shelved)[kept])
        told = [*notes, *_notes(values), *timing_notes(frame, t)]
        if self._unit is not None and (words := self._unit.note):
            told.append(words)
        cut = (self._parts > 1, more)
        if any(cut):
            told.append(f"longer than {ROWS_OF_A_TAKE} rows, so it was cut into several takes")
        made = Take(
            name=f"{stem}~{self._parts}" if self._parts > 1 else stem,
            format=form,
            source_name=name,
            source_hash=content_hash(frame, t, values, images),
            frame=frame,
            t=t,
            coefficients=values,
            clipped=clipped,
            rejects=rejects,
            subject=subject,
            notes=tuple(told),
            provenance=self._provenance(stem, frame, t) | (provenance or {}),
            images=images,
            raw=np.concatenate(self._raw)[kept] if self._raw else None,
            cut=cut,
        )
        self._begin()
        return made

    def _provenance(self, stem: str, frame: NDArray[np.int64], t: NDArray[np.float64]) -> dict[str, Any]:
        variant = _VARIANT.fullmatch(stem)
        found: dict[str, Any] = {"performance": variant["performance"] if variant else stem}
        if variant:
            found["variant"] = variant["variant"].lower()
        if self._unit is not None and self._unit.how:
            found["rotation"] = f"{self._unit.name} ({self._unit.how})"
        fps, lost, _ = timecode.pace(frame, t)
        if fps is not None:
            found |= {"fps": round(fps, 4), "lost_frames": lost}
        return found

    def _in_order(self) -> tuple[Any, ...]:
        """Frames, seconds from the recording's first row, coefficients and clipped counts of the rows in order of time, and which
        rows these are."""
        frame = np.concatenate([np.zeros(0, np.int64), *self._frames])
        times = np.concatenate([np.zeros(0), *self._times])
        values = np.concatenate([np.zeros((0, len(NAMES)), np.float32), *self._values])
        clipped = np.concatenate([np.zeros(0, np.int32), *self._clipped])
        if not len(frame) or np.isnan(times).all():
            return frame, times, values, clipped, np.ones(len(frame), np.bool_)
        for row in np.flatnonzero(np.isnan(times)):
            self.reject(int(frame[row]), "bad timecode", "no time, where others have one")
        timed = np.asarray(~np.isnan(times))
        kept = timed.copy()
        kept[timed], running = timecode.in_order(times[timed], self.of_day)
        whole = times.copy()
        whole[timed] = running
        if self._origin is not None and self.of_day:
            whole += timecode.DAY * max(0, round((self._reached - whole[timed][0]) / timecode.DAY))
        late = np.asarray(timed & (~kept | (whole < self._reached)))
        for row in np.flatnonzero(late):
            self.reject(int(frame[row]), "time out of order", self.spell(float(times[row])))
        kept &= ~late
        if not kept.any():
            return frame[:0], times[:0], values[:0], clipped[:0], kept
        if self._origin is None:
            self._origin = float(whole[kept][0])
        self._reached = float(whole[kept][-1])
        if kept.all():
            return frame, whole - self._origin, values, clipped, kept
        return frame[kept], whole[kept] - self._origin, values[kept], clipped[kept], kept


def _clip(
    wide: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """How many shapes of each row lie outside 0..1, and the rows with these brought back; ``low`` and ``high`` bound columns."""
    narrow = wide.astype(np.float32)
    counts = np.zeros(len(wide), np.int32)
    # Most channels of most takes stay within their range.
    for column in np.flatnonzero(_IS_SHAPE & ((low < 0) | (high > 1))):
        values = wide[:, column]
        counts += (values < 0) | (values > 1)
        narrow[:, column] = np.clip(values, 0.0, 1.0)
    return counts, narrow


def _notes(values: NDArray[np.float32]) -> Iterator[str]:
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    empty = np.isnan(low)
    missing = [NAMES[i] for i in np.flatnonzero(empty)]
    if missing:
        yield f"channels it does not know: {', '.join(missing)}"
    if len(values) == 1:
        yield "a single row: nothing in it moves"
        return
    part = np.isnan(np.minimum.reduce(values, axis=0)) & ~empty
    if part.any():
        yield f"channels unknown in some rows: {', '.join(NAMES[i] for i in np.flatnonzero(part))}"
    still = np.flatnonzero(low == high)
    if len(still):
        yield f"channels that never change: {', '.join(NAMES[i] for i in still)}"


def timing_notes(frame: NDArray[np.int64], t: NDArray[np.float64]) -> Iterator[str]:
    """Tells lost frames."""
    fps, lost, places = timecode.pace(frame, t)
    if fps is not None and lost:
        shown = ", ".join(str(place) for place in places[:5]) + (", ..." if len(places) > 5 else "")
        yield f"{lost} frames lost in {len(places)} places of a take of {fps:.2f} frames a second (after rows {shown})"
