"""One recording in memory, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import digest

RejectReason = Literal[
    "wrong number of fields", "stray quote", "bad timecode", "time out of order", "not a number", "out of range"
]


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

    @property
    def rows_read(self) -> int:
        """Rows in the source: those kept and those rejected."""
        return len(self.frame) + len(self.rejects)


def content_hash(frame: NDArray[np.int64], t: NDArray[np.float64], coefficients: NDArray[np.float32]) -> str:
    """Digest of what a take holds, 32 hex digits: frames, times in seconds and the 61 coefficients, little-endian.

    Every NaN counts as the same NaN and -0 as 0, so the hash follows from the numbers and not from how they were written.
    """
    return digest("take", frame.astype("<i8").tobytes(), _canonical(t, "<f8"), _canonical(coefficients, "<f4"))


def _canonical(values: NDArray[np.floating], dtype: str) -> bytes:
    # Adding 0 turns -0 into 0.
    return np.where(np.isnan(values), np.nan, values + 0.0).astype(dtype).tobytes()
