"""Rows that say themselves which take they belong to: this project's own tables and lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS
from sfcore.recordings.gather import ROWS_OF_A_TAKE, Gather, take_name
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

_UNNAMED = ""


class TakesByName:
    """Collects rows of several takes; hands them out when enough are there, so that memory does not grow with the file."""

    def __init__(self, source: SourceFile, reading: Reading, form: str) -> None:
        self._source, self._reading, self._form = source, reading, form
        self._gathers: dict[str, Gather] = {}
        self._subjects: dict[str, str | None] = {}
        self._reached: dict[str, int] = {}
        self.faults = Gather(CHANNELS, reading)
        """Rows of which even the take is unknown."""

    def gather(self, take: str | None) -> Gather:
        """Where a take's rows go."""
        return self._gathers.setdefault(take or _UNNAMED, Gather(CHANNELS, self._reading))

    def add(
        self,
        take: str | None,
        frame: NDArray[np.int64],
        t: NDArray[np.float64],
        values: NDArray[np.float64],
        images: Sequence[bytes | None] | None = None,
        subject: str | None = None,
    ) -> None:
        """Adds m rows of one take; frames that do not rise are rejected."""
        gather, name = self.gather(take), take or _UNNAMED
        before = np.maximum.accumulate(np.concatenate([[self._reached.get(name, -1)], frame]))
        rising = frame > before[:-1]
        for place in np.flatnonzero(~rising):
            gather.reject(int(frame[place]), "time out of order", f"frame {frame[place]} after frame {before[place]}")
        self._reached[name] = int(before[-1])
        self._subjects.setdefault(name, subject)
        kept = None if images is None else [image for image, keep in zip(images, rising, strict=True) if keep]
        gather.add(frame[rising], t[rising], values[rising], kept)

    def ready(self, notes: Sequence[str] = ()) -> Iterator[Take]:
        """The takes that should go out now because much has been collected."""
        if sum(gather.rows for gather in self._gathers.values()) >= ROWS_OF_A_TAKE:
            for name, gather in self._gathers.items():
                if gather.rows:
                    yield self._take(name, gather, notes, more=True)

    def rest(self, notes: Sequence[str] = ()) -> Iterator[Take]:
        """All that is left; raises `WrongUse` when the whole source held no row to keep."""
        if self.faults.rejects or not self._gathers:
            home = next(iter(self._gathers.values()), self.faults)
            if home is not self.faults:
                home.rejects += self.faults.rejects
            else:
                yield home.take(self._source.name, self._form, notes)
        orphans: list[Any] = []
        last = None
        for name, gather in self._gathers.items():
            if gather.rows:
                gather.rejects += orphans
                orphans, last = [], None
                yield self._take(name, gather, notes)
            elif gather.rejects:
                orphans += gather.rejects
                last = gather
                gather.rejects = []
        if last is not None:  # takes of which nothing is left
            last.rejects = orphans
            yield last.take(self._source.name, self._form, notes)

    def _take(self, name: str, gather: Gather, notes: Sequence[str], more: bool = False) -> Take:
        return gather.take(
            self._source.name,
            self._form,
            notes,
            more=more,
            stem=name or take_name(self._source.name),
            subject=self._subjects.get(name),
        )


def whole_number(value: Any, otherwise: int) -> int:
    """A row's frame where it states one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 2**53:
        return int(value)
    return otherwise
