"""A curve over time of a length that nobody knows beforehand, in a fixed number of parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_KINDS = 3


class Timeline:
    """Means over equal parts of time; when time outgrows ``most`` parts, neighbours are joined and parts become twice as long."""

    def __init__(self, most: int, part_seconds: float) -> None:
        self.part = part_seconds
        self._most = most
        self._start: float | None = None
        self._sums = np.zeros(2 * most)
        self._kinds = np.zeros((2 * most, _KINDS), np.int64)

    def see(self, times: NDArray[np.float64], values: NDArray[np.int64], kinds: NDArray[np.int64]) -> None:
        """Adds (n,) values at (n,) seconds of (n,) kinds 0..2; times before the first one seen count as that one."""
        if not len(times):
            return
        if self._start is None:
            self._start = float(times.min())
        since = np.maximum(times - self._start, 0.0)
        while since.max() / self.part >= self._most:
            self._double()
        places = (since / self.part).astype(np.int64)
        np.add.at(self._sums, places, values)
        np.add.at(self._kinds, (places, kinds), 1)

    def _double(self) -> None:
        half = self._most
        self._sums[:half] = self._sums[0 : 2 * half : 2] + self._sums[1 : 2 * half : 2]
        self._kinds[:half] = self._kinds[0 : 2 * half : 2] + self._kinds[1 : 2 * half : 2]
        self._sums[half:], self._kinds[half:] = 0, 0
        self.part *= 2

    def parts(self) -> Iterator[tuple[float, int]]:
        """For each part up to the last with rows: the mean, and the most frequent kind, -1 where no row is."""
        rows = self._kinds.sum(axis=1)
        last = int(np.flatnonzero(rows).max(initial=-1))
        for place in range(last + 1):
            n = int(rows[place])
            yield (round(float(self._sums[place] / n), 3), int(self._kinds[place].argmax())) if n else (0.0, -1)
