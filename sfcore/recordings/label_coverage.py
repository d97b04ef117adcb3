"""What the labels of a dataset cover: takes, seconds, splits, rejects, conflicts and channels, as data, in one pass over rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.recordings import timecode
from sfcore.recordings.channel_tally import ACTIVE_SHAPE, IS_SHAPE, ChannelCoverage, ChannelTally, Extremes
from sfcore.recordings.sidedness import SideTally, suspicions
from sfcore.recordings.timeline import Timeline

if TYPE_CHECKING:
    import pyarrow as pa

_TIMELINE_PARTS = 120
_FIRST_PART_SECONDS = 0.125
# Only to lay out a take without times; ARKit captures at 60 frames a second.
_SECONDS_WITHOUT_TIME = 1 / 60.0
# Rows from which the rate of a take is read that nobody noted.
_ROWS_FOR_RATE = 20_000
_EXAMPLES = 20
SPLITS = ("train", "guard", "test")


@dataclass(frozen=True, slots=True)
class TakeCoverage:
    """One take: ``seconds`` and ``fps`` are None where it knows no time.

    ``fps`` and ``lost`` (frames that the recording should have and has not) are those of its provenance, `timecode.pace` of its
    first rows where it has none.
    """

    name: str
    format: str
    source: str
    subject: str | None
    frames: int
    lost: int
    seconds: float | None
    fps: float | None
    images: int
    clipped: int
    splits: dict[str, int]
    dead: tuple[str, ...]
    """Channels that are known and never change in it."""
    unknown: tuple[str, ...]
    timeline: tuple[tuple[float, str], ...]
    """Equal parts of its time in order: how many shapes are active in the mean, and the split of most rows ("" for none)."""
    part_seconds: float
    suspicion: str | None
    """Why its left and right may be the wrong way round."""


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """What labels of a dataset cover."""

    dataset: str
    rows: int
    seconds: float
    takes: tuple[TakeCoverage, ...]
    splits: dict[str, int]
    rejects: dict[str, int]
    """Reason -> rows."""
    clipped: int
    images: int
    conflicts: tuple[str, ...]
    channels: tuple[ChannelCoverage, ...]

    def names(self, state: str) -> list[str]:
        """Channels of a state (``unknown``, ``dead``, ``rare``, ``covered``)."""
        return [channel.name for channel in self.channels if channel.state == state]

    def plain(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        return asdict(self)


def coverage_of(
    dataset: str,
    labels: Iterable[pa.Table | pa.RecordBatch],
    rejects: Mapping[str, int] | None = None,
    elsewhere: Mapping[str, str] | None = None,
    beside: Sequence[tuple[str, str | None, SideTally]] = (),
) -> LabelCoverage:
    """Counts rows of ``labels`` (several tables or batches of one take may follow each other).

    ``rejects`` maps reasons to rows and is read when all labels are, ``elsewhere`` content hashes of takes of other datasets to
    how people should be told of them; ``beside`` are takes (name, subject, sides) to compare sides with. Without a column
    ``image`` no picture is counted. Memory does not grow with rows, but by some hundred bytes for each picture.
    """
    tally = ChannelTally()
    takes: dict[str, _TakeTally] = {}
    pictures = _PictureTally()
    for table in labels:
        for name, rows in _by_take(table):
            take = takes.setdefault(name, _TakeTally(name))
            values = take.see(rows)
            tally.see(values)
            pictures.see(rows, values, name)
    others = [side for side in beside if side[0] not in takes]
    suspected = suspicions([*others, *((take.name, take.subject, take.sides) for take in takes.values())])
    told = tuple(take.told(suspected.get(take.name)) for take in takes.values())
    several = [take.range.moves for take in takes.values() if take.frames > 1]
    splits: Counter[str] = Counter()
    for take_told in told:
        splits.update(take_told.splits)
    return LabelCoverage(
        dataset=dataset,
        rows=tally.rows,
        seconds=round(sum(take.seconds or 0.0 for take in told), 6),
        takes=told,
        splits=dict(splits.most_common()),
        rejects=dict(sorted((rejects or {}).items(), key=lambda entry: (-entry[1], entry[0]))),
        clipped=sum(take.clipped for take in told),
        images=sum(take.images for take in told),
        conflicts=(*_twins(takes.values(), elsewhere or {}), *pictures.told()),
        channels=tally.channels(np.any(several, axis=0) if several else None),
    )


def _by_take(table: pa.Table | pa.RecordBatch) -> Iterator[tuple[str, pa.Table]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else table
    for name in rows["take"].unique().to_pylist():
        yield name, rows.filter(pc.equal(rows["take"], name))


@dataclass
class _TakeTally:
    """Counts of one take, batch after batch."""

    name: str
    format: str = ""
    source: str = ""
    subject: str | None = None
    hashes: set[str] = field(default_factory=set)
    frames: int = 0
    images: int = 0
    clipped: int = 0
    start: float = np.inf
    end: float = -np.inf
    splits: Counter[str] = field(default_factory=Counter)
    sides: SideTally = field(default_factory=SideTally)
    range: Extremes = field(default_factory=Extremes)
    line: Timeline = field(default_factory=lambda: Timeline(_TIMELINE_PARTS, _FIRST_PART_SECONDS))
    fps: float | None = None
    lost: int = 0
    _is_paced: bool = False
    _frames: list[NDArray[np.int64]] = field(default_factory=list)
    _times: list[NDArray[np.float64]] = field(default_factory=list)

    def see(self, rows: pa.Table) -> NDArray[np.float32]:
        """Counts rows of this take and returns their coefficients."""
        values = np.stack([rows[name].to_numpy() for name in arkit.NAMES], axis=1).astype(np.float32)
        frame, t = rows["frame"].to_numpy(), rows["t"].to_numpy().astype(np.float64)
        splits = rows["split"].to_pylist()
        if not self.frames:
            self.format, self.source, self.subject = (rows[name][0].as_py() for name in ("format", "source_name", "subject"))
            self._read(rows["provenance"][0].as_py() if "provenance" in rows.column_names else None)
        self.hashes |= set(rows["source_hash"].unique().to_pylist())
        self.frames += len(frame)
        self.images += len(frame) - rows["image"].null_count if "image" in rows.column_names else 0
        self.clipped += int(rows["clipped"].to_numpy().sum())
        self.splits.update(splits)
        self.sides.see(values)
        self.range.see(values)
        with np.errstate(invalid="ignore"):
            active = (values[:, IS_SHAPE] >= ACTIVE_SHAPE).sum(axis=1)
        times = np.where(np.isnan(t), frame * _SECONDS_WITHOUT_TIME, t)
        self.line.see(times, active, np.array([SPLITS.index(split) if split in SPLITS else 0 for split in splits]))
        if not np.isnan(t).all():
            self.start, self.end = min(self.start, float(np.nanmin(t))), max(self.end, float(np.nanmax(t)))
            if not self._is_paced and sum(map(len, self._times)) < _ROWS_FOR_RATE:
                self._frames.append(frame)
                self._times.append(t)
        return values

    def _read(self, provenance: str | None) -> None:
        """Takes the rate and the lost frames from what ingest has noted."""
        with suppress(ValueError, AttributeError):
            told = json.loads(provenance or "{}")
            if "fps" in told:
                self.fps, self.lost, self._is_paced = told["fps"], int(told.get("lost_frames", 0)), True

    def told(self, suspicion: str | None) -> TakeCoverage:
        """What was counted."""
        if not self._is_paced and self._times:
            frame, t = np.concatenate(self._frames), np.concatenate(self._times)
            order = np.argsort(frame, kind="stable")
            self.fps, self.lost, _ = timecode.pace(frame[order], t[order])
        return TakeCoverage(
            name=self.name,
            format=self.format,
            source=self.source,
            subject=self.subject,
            frames=self.frames,
            lost=self.lost,
            seconds=round(self.end - self.start, 6) if self.end >= self.start else None,
            fps=None if self.fps is None else round(self.fps, 4),
            images=self.images,
            clipped=self.clipped,
            splits=dict(self.splits.most_common()),
            dead=_names(self.range.known & ~self.range.moves) if self.frames > 1 else (),
            unknown=_names(~self.range.known),
            timeline=tuple((mean, SPLITS[most] if most >= 0 else "") for mean, most in self.line.parts()),
            part_seconds=self.line.part,
            suspicion=suspicion,
        )


def _names(wanted: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, is_wanted in zip(arkit.NAMES, wanted, strict=True) if is_wanted)


def _twins(takes: Iterable[_TakeTally], elsewhere: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each content that is there under two names."""
    by_content: dict[str, list[str]] = defaultdict(list)
    for take in takes:
        for content in sorted(take.hashes):
            by_content[content].append(take.name)
    for content, names in by_content.items():
        if len(names) > 1:
            yield f"takes with the same content: {', '.join(names)}"
        if content in elsewhere:
            yield f"take '{names[0]}' has the same content as {elsewhere[content]}"


class _PictureTally:
    """Which pictures were seen, and with which coefficients: 64 bits of each."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._torn = 0
        self._examples: list[str] = []

    def see(self, rows: pa.Table, values: NDArray[np.float32], take: str) -> None:
        """Counts the pictures of some rows."""
        if "image" not in rows.column_names or rows["image"].null_count == rows.num_rows:
            return
        for frame, picture, row in zip(rows["frame"].to_pylist(), rows["image"], values, strict=True):
            if not picture.is_valid:
                continue
            said = _hash64(row.tobytes())
            if self._seen.setdefault(_hash64(picture.as_buffer()), said) != said:
                self._torn += 1
                if len(self._examples) < _EXAMPLES:
                    self._examples.append(f"'{take}' frame {frame}")

    def told(self) -> Iterator[str]:
        """A sentence where a picture has several labels."""
        if self._torn:
            more = " ..." if self._torn > len(self._examples) else ""
            yield f"pictures that are there before with other labels: {self._torn} ({', '.join(self._examples)}{more})"


def _hash64(content: Any) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
