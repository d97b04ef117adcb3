"""One recording in memory, whatever file it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import ROTATIONS

RejectReason = Literal[
    "wrong number of fields",
    "stray quote",
    "bad timecode",
    "time out of order",
    "not a number",
    "out of range",
    "not an object",
    "no labels",
    "no face",
    "several faces",
    "no image",
    "unreadable image",
    "image too large",
    "same picture twice",
    "one picture under two labels",
    "unreadable file",
    "same content as another take",
    "name taken",
]

_HEAD = [channel.index for channel in ROTATIONS if channel.region == "head"]
# Rows hashed at a time: a copy of so many is small beside the take.
_HASHED_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be kept: its 0-based row number in the source, why, and the offending text."""

    row: int
    reason: RejectReason
    detail: str


@dataclass(frozen=True, slots=True)
class Take:
    """A recording of n rows kept.

    ``frame`` (n,) int64: row number in the source, so that a rejected row leaves a hole and shifts nothing.
    ``t`` (n,) float64: seconds from the first kept row's time, never falling; NaN where the source knows no time.
    ``coefficients`` (n, 61) float32 in Live Link order: shapes in 0..1, rotations in radians, NaN = unknown.
    ``clipped`` (n,) int32: how many shapes of the row lay outside 0..1 and were brought back to its edge.
    ``source_hash``: digest of the content that was read, not of the file (`content_hash`, for takes read from files): a take that
    a spreadsheet saved again, with other line ends, separators or a byte order mark, is the same take.
    """

    name: str
    format: str
    source_name: str
    source_hash: str
    frame: NDArray[np.int64]
    t: NDArray[np.float64]
    coefficients: NDArray[np.float32]
    clipped: NDArray[np.int32]
    rejects: tuple[Reject, ...] = ()
    subject: str | None = None
    notes: tuple[str, ...] = field(default=())
    """What a person should know: columns left out, channels that never change."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """What a program should know, plain data for JSON: ``performance`` and ``variant`` (cal, raw, neutral) of the file's name,
    ``starts`` (the timecode of time 0), ``fps``, ``lost_frames``, ``rotation`` (unit and how it is known), ``mirrored``, ..."""
    images: Sequence[bytes | None] | None = None
    """One encoded picture for each row kept, None where there is none; all None for sources without pictures."""
    raw: NDArray[np.float64] | None = None
    """(n, 61) float64: the numbers as the source writes them, before units and clipping; only where it was asked for."""
    split: NDArray[np.str_] | None = None
    """(n,) words train, test or guard where the source says them (an export of labels); None: they follow from the times."""
    cut: tuple[bool, bool] = (False, False)
    """Whether the take begins, and ends, where a recording too long for one take was cut."""

    @property
    def rows_read(self) -> int:
        """Rows in the source: those kept and those rejected."""
        return len(self.frame) + len(self.rejects)

    @property
    def seconds(self) -> float:
        """From the first row to the last; NaN where the source knows no time."""
        return float(self.t[-1] - self.t[0]) if len(self.t) else 0.0

    @property
    def performance(self) -> str:
        """What was performed: takes of one performance, such as its raw and its calibrated numbers, share it."""
        return str(self.provenance.get("performance", self.name))


def content_hash(
    frame: NDArray[np.int64],
    t: NDArray[np.float64],
    coefficients: NDArray[np.float32],
    images: Sequence[bytes | None] | None = None,
) -> str:
    """Digest of what a take holds, 32 hex digits: frames, times in seconds, the 61 coefficients, little-endian, and pictures.

    Every NaN counts as the same NaN and -0 as 0, so the hash follows from the numbers and not from how they were written. A head
    that is unknown in every row counts as one that is 0 in every row: labels hold the latter, a head switched off in the app, as
    unknown, and a take that comes back from an export is the take that went out.
    """
    if len(coefficients) and np.isnan(coefficients[:, _HEAD]).all():
        coefficients = coefficients.copy()
        coefficients[:, _HEAD] = 0.0
    state = hashlib.blake2b(digest_size=16)
    for part, dtype in ((frame, "<i8"), (t, "<f8"), (coefficients, "<f4")):
        state.update(part.size.to_bytes(8, "little"))
        for chunk in _canonical(part, dtype):
            state.update(chunk)
    for image in images or ():
        state.update(b"none" if image is None else hashlib.blake2b(image, digest_size=16).digest())
    return state.hexdigest()


def _canonical(values: NDArray[Any], dtype: str) -> Iterator[bytes]:
    for start in range(0, len(values), _HASHED_ROWS):
        rows = values[start : start + _HASHED_ROWS]
        # Adding 0 turns -0 into 0.
        yield (rows if rows.dtype.kind == "i" else np.where(np.isnan(rows), np.nan, rows + 0.0)).astype(dtype).tobytes()
