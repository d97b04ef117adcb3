"""One recording in memory, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RejectReason = Literal["wrong number of fields", "bad timecode", "time runs backwards", "not a number", "out of range"]


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
    ``t`` (n,) float64: seconds from the first row's time; NaN where the source knows no time.
    ``coefficients`` (n, 61) float32 in Live Link order: shapes in 0..1, rotations in radians, NaN = unknown.
    ``clipped`` (n,) int32: how many shapes of the row lay outside 0..1 and were brought back to its edge.
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
