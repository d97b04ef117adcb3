"""From numbers as a source writes them to a take: units, ranges, clipping, order of time, and what a person should know."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.arkit import NAMES, Channel
from sfcore.errors import WrongUse
from sfcore.recordings import rotations, timecode
from sfcore.recordings.clocks import Clock
from sfcore.recordings.document import FASTEST, SLOWEST
from sfcore.recordings.pictures import Pictures, Shelf
from sfcore.recordings.reading import Reading
from sfcore.recordings.take import Reject, RejectReason, Take, content_hash
from sfcore.recordings.unkept import NothingKept, rejected

# Published takes leave 0..1 by at most 0.1; a value further out than this is a damaged number, not an overshoot to clip.
FURTHEST_SHAPE = 0.5
FURTHEST_ROTATION = math.pi

ROWS_OF_A_TAKE = 262_144
"""A longer recording comes in as several takes, so that memory stays flat: 73 minutes at 60 frames a second."""

LONGEST_WAIT = 65_536
"""Rows that wait, at most, for one that tells the unit of rotations: 32 MB of numbers."""
CUT = f"longer than {ROWS_OF_A_TAKE} rows, so it was cut into several takes"

_ALL = np.arange(len(NAMES))
_IS_SHAPE = np.array([c.kind == "shape" for c in arkit.CHANNELS])
_LOW = np.array([c.low - (FURTHEST_SHAPE if c.kind == "shape" else FURTHEST_ROTATION) for c in arkit.CHANNELS])
_HIGH = np.array([c.high + (FURTHEST_SHAPE if c.kind == "shape" else FURTHEST_ROTATION) for c in arkit.CHANNELS])
_VARIANT = re.compile(r"(?P<performance>.+)_(?P<variant>raw|cal|neutral)", re.IGNORECASE)


def take_name(file_name: str) -> str:
    """The name of a take that is read from a file: without folder and suffix, in one form of Unicode."""
    return unicodedata.normalize("NFC", PurePosixPath(file_name).stem)


@dataclass(frozen=True, slots=True)
class _Rows:
    """m rows as a source writes them: (m,) numbers, (m,) seconds, (m, 61) values, and (m,) places of their pictures."""

    frame: NDArray[np.int64]
    t: NDArray[np.float64]
    wide: NDArray[np.float64]
    places: NDArray[np.int64]


class Gather:
    """Collects the rows of one source called ``name``, part by part.

    ``channels`` (k) say what the columns of ``add``'s values are. ``clock`` is set when the first times have told it; ``untimed``
    says, for recordings of motion, what is lacking where times turn out to be unknown. Raises `WrongUse` for a frame rate that no
    recording has.
    """

    def __init__(self, channels: Sequence[Channel], reading: Reading, name: str = "the file", untimed: str = "") -> None:
        if reading.fps is not None and not SLOWEST <= reading.fps <= FASTEST:
            raise WrongUse(f"--fps {reading.fps:g} is no frame rate of a recording: state one from {SLOWEST:g} to {FASTEST:g}.")
        self.channels, self.reading, self.name, self.untimed = channels, reading, name, untimed
        self.clock: Clock | None = None
        self._index = np.array([channel.index for channel in channels], np.int64)
        self._unit: rotations.Unit | None = None
        self._is_timed: bool | None = None
        self._origin: float | None = None
        self._reached = -math.inf
        self._parts = 0
        self._begin()

    def _begin(self) -> None:
        self.rejects: list[Reject] = []
        self._waiting: list[_Rows] = []
        self._frames: list[NDArray[np.int64]] = []
        self._times: list[NDArray[np.float64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._clipped: list[NDArray[np.int32]] = []
        self._raw: list[NDArray[np.float64]] = []
        self._shelf: Shelf | None = None
        self._shelved: list[NDArray[np.int64]] = []
        self._kept = self._waits = 0

    def keep_times(self) -> None:
        """Says that times are a take's own already: its first row may be anywhere, as in a part of a long recording."""
        self._origin = 0.0

    def forget(self) -> None:
        """Lets go of what was collected: a take of which nothing could be kept."""
        self._begin()

    @property
    def rows(self) -> int:
        """Rows collected and not rejected so far."""
        return self._kept + self._waits

    @property
    def is_full(self) -> bool:
        """Whether what was collected is as much as one take should hold."""
        return self.rows >= ROWS_OF_A_TAKE or (self.rows > 0 and len(self.rejects) >= ROWS_OF_A_TAKE)

    def reject(self, row: int, reason: RejectReason, detail: object = "") -> None:
        """Notes a row that cannot be kept; raises `NothingKept` where as many in a row cannot as a take holds."""
        self.rejects.append(rejected(row, reason, detail))
        if len(self.rejects) >= ROWS_OF_A_TAKE and not self.rows:
            raise NothingKept(self.name, self.rejects, is_all=False)

    def add(
        self,
        frame: NDArray[np.int64],
        t: NDArray[np.float64],
        values: NDArray[np.float64],
        images: Sequence[bytes | None] | None = None,
    ) -> None:
        """Adds m rows: (m,) row numbers, (m,) seconds, (m, k) values; NaN = unknown, infinity = could not be read.

        Raises `WrongUse` where rotations are in another unit than those of the rows before.
        """
        wide = values
        if not np.array_equal(self._index, _ALL):
            wide = np.full((len(values), len(NAMES)), np.nan)
            wide[:, self._index] = values
        rows = _Rows(frame, t, wide, self._put_away(images, len(frame)))
        if self._unit is not None:
            if self._unit.denied_by(wide):
                self._refuse_unit(rows)
            else:
                self._keep(rows, self._unit)
            return
        unit = rotations.unit_of(wide, self.reading.rotation)
        if unit.is_sure and not self._waiting:
            self._unit = unit
        if self._unit is not None or (not unit.how and not self._waiting):
            self._keep(rows, unit)  # numbers that are all 0 or unknown are so in any unit
            return
        self._waiting.append(rows)
        self._waits += len(frame)
        if unit.is_sure or self._waits >= LONGEST_WAIT:
            self._settle(at_last=self._waits >= LONGEST_WAIT)

    def _settle(self, at_last: bool) -> None:
        """Decides the unit of rotations by all rows that wait for it, and keeps them; where it stays unsure, only ``at_last``."""
        if not self._waiting:
            return
        unit = rotations.unit_of(np.concatenate([rows.wide for rows in self._waiting]), self.reading.rotation)
        if not unit.is_sure and not at_last:
            return
        waiting, self._waiting, self._waits, self._unit = self._waiting, [], 0, unit
        for rows in waiting:
            self._keep(rows, self._unit)

    def _refuse_unit(self, rows: _Rows) -> None:
        assert self._unit is not None
        other = "radians" if self._unit.name == "degrees" else "degrees"
        told = f"rotations look like {other} from row {int(rows.frame[0])} on and like {self._unit.name} before: state --rotation"
        if not self._parts:
            raise WrongUse(f"{self.name}: its {told} radians or degrees, or mend it.")
        for row in rows.frame.tolist():
            self.reject(row, "out of range", told)

    def _put_away(self, images: Sequence[bytes | None] | None, rows: int) -> NDArray[np.int64]:
        """Puts pictures aside and returns their (m,) places, -1 for rows without one."""
        places = np.full(rows, -1, np.int64)
        if images is not None and any(image is not None for image in images):
            shelf = self._shelf = self._shelf or Shelf()
            places[:] = [shelf.put(image) for image in images]
        return places

    def _keep(self, rows: _Rows, unit: rotations.Unit) -> None:
        frame, t, wide, places = rows.frame, rows.t, rows.wide, rows.places
        converted = unit.to_radians(wide)
        low, high = np.minimum.reduce(converted, axis=0, initial=np.inf), np.maximum.reduce(converted, axis=0, initial=-np.inf)
        # NaN compares as false: a block with anything unknown is looked at row by row.
        if not ((low >= _LOW).all() and (high <= _HIGH).all() and not (np.abs(t) > timecode.FURTHEST).any()):
            kept = self._readable(frame, t, converted)
            frame, t, converted, wide, places = frame[kept], t[kept], converted[kept], wide[kept], places[kept]
            low, high = np.fmin.reduce(converted, axis=0, initial=np.inf), np.fmax.reduce(converted, axis=0, initial=-np.inf)
        self._shelved.append(places)
        if self.reading.raw:
            self._raw.append(wide)
        clipped, narrow = _clip(converted, low, high)
        self._frames.append(frame)
        self._times.append(t)
        self._values.append(narrow)
        self._clipped.append(clipped)
        self._kept += len(frame)

    def _readable(self, frame: NDArray[np.int64], t: NDArray[np.float64], wide: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            faulty = np.isinf(wide) | (wide < _LOW) | (wide > _HIGH)
        wordless = np.asarray(np.isnan(wide).all(axis=1))
        far = np.abs(t) > timecode.FURTHEST
        bad: NDArray[np.bool_] = faulty.any(axis=1) | far | wordless
        for row in np.flatnonzero(bad):
            if far[row]:
                told = "no time can be read" if np.isinf(t[row]) else f"{t[row]:g} s is no time of a recording"
                self.reject(int(frame[row]), "bad timecode", told)
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

        Raises `NothingKept` when not one row was kept.
        """
        self._settle(at_last=True)
        frame, t, values, clipped, kept = self._in_order()
        rejects = tuple(sorted(self.rejects, key=lambda reject: reject.row))
        if not len(frame):
            raise NothingKept(name, rejects, is_all=not more)
        self._parts += 1
        stem = stem or take_name(name)
        images = None if self._shelf is None else Pictures(self._shelf, np.concatenate(self._shelved)[kept])
        told = [*notes, *self._clock_notes(t), *_notes(values)]
        told += [] if self._is_of_smaller_base else timing_notes(frame, t)
        if self._unit is not None and (words := self._unit.note):
            told.append(words)
        cut = (self._parts > 1, more)
        if any(cut):
            told.append(CUT)
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
        if self.clock is not None and self._is_timed:
            found |= self.clock.known()
            if self.clock.kind.startswith("timecode") and self._origin is not None:
                found["starts"] = timecode.spelt(self._origin)
        elif self._is_paced:
            found |= {"clock": "frame number", "clock_known": f"stated: {self.reading.fps:g} frames a second"}
        elif np.isnan(t).any():
            found["clock"] = "unknown"
        fps, lost, _ = timecode.pace(frame, t)
        if fps is not None:
            found |= {"fps": round(fps, 4), "lost_frames": 0 if self._is_of_smaller_base else lost}
        return found

    @property
    def _is_of_smaller_base(self) -> bool:
        """Whether frame numbers seem to begin anew before sixty: what lacks between seconds then is no lost frame."""
        return self.clock is not None and bool(self._is_timed) and self.clock.smaller_base is not None

    def _clock_notes(self, t: NDArray[np.float64]) -> Iterator[str]:
        if self.clock is not None and self._is_timed:
            yield from self.clock.notes()
        elif self.untimed and len(t) > 1 and np.isnan(t).all():
            yield f"{self.untimed}: the time of its rows is unknown (state a rate with --fps)"

    @property
    def _is_paced(self) -> bool:
        """Whether times follow from row numbers, at the rate that the owner states."""
        return self._is_timed is False and self.reading.fps is not None

    def _in_order(self) -> tuple[Any, ...]:
        """Frames, seconds from the recording's first row, coefficients and clipped counts of the rows in order of time, and which
        rows these are."""
        frame = np.concatenate([np.zeros(0, np.int64), *self._frames])
        times = np.concatenate([np.zeros(0), *self._times])
        values = np.concatenate([np.zeros((0, len(NAMES)), np.float32), *self._values])
        clipped = np.concatenate([np.zeros(0, np.int32), *self._clipped])
        if not len(frame):
            return frame, times, values, clipped, np.ones(0, np.bool_)
        if self._is_timed is None:
            self._is_timed = not np.isnan(times).all()
        kept, whole = self._timed(frame, times) if self._is_timed else self._untimed(frame, times)
        if not kept.any():
            return frame[:0], times[:0], values[:0], clipped[:0], kept
        if self._origin is None:
            self._origin = float(whole[kept][0])
        self._reached = float(whole[kept][-1])
        if kept.all():
            return frame, whole - self._origin, values, clipped, kept
        return frame[kept], whole[kept] - self._origin, values[kept], clipped[kept], kept

    def _untimed(self, frame: NDArray[np.int64], times: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which rows of a recording without times are kept, and their seconds at the rate that its owner states, or NaN."""
        kept = np.asarray(np.isnan(times))
        for row in np.flatnonzero(~kept):
            self.reject(int(frame[row]), "bad timecode", "a time, where the rows before have none")
        if self.reading.fps is None:
            return kept, times
        paced = frame / self.reading.fps
        far = kept & (paced > timecode.FURTHEST)
        for row in np.flatnonzero(far):
            self.reject(int(frame[row]), "bad timecode", f"frame {frame[row]} is further than a recording goes")
        return kept & ~far, paced

    def _timed(self, frame: NDArray[np.int64], times: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which rows are in order of time, and their times carried on past midnight."""
        of_day = self.clock is not None and self.clock.of_day
        timed = np.asarray(~np.isnan(times))
        for row in np.flatnonzero(~timed):
            self.reject(int(frame[row]), "bad timecode", "no time, where others have one")
        if not timed.any():
            return timed, times
        kept = timed.copy()
        kept[timed], running = timecode.in_order(times[timed], of_day)
        whole = times.copy()
        whole[timed] = running
        if self._origin is not None and of_day:
            whole += timecode.DAY * max(0, round((self._reached - whole[timed][0]) / timecode.DAY))
        late = np.asarray(timed & (~kept | (whole < self._reached)))
        spell = "{:g} s".format if self.clock is None else self.clock.spelt
        for row in np.flatnonzero(late):
            self.reject(int(frame[row]), "time out of order", spell(float(times[row])))
        return kept & ~late, whole


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
