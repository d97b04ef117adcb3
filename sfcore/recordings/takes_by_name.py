"""Rows that say themselves which take they belong to: this project's own tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import CHANNELS
from sfcore.errors import WrongUse
from sfcore.recordings.clocks import Clock
from sfcore.recordings.gather import ROWS_OF_A_TAKE, Gather, take_name
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.splits import WORDS
from sfcore.recordings.take import Reject, RejectReason, Take
from sfcore.recordings.unkept import NothingKept, rejected

MOST_TAKES = 100_000
"""Takes that one file may name: as many as files that one folder may hold."""
_UNNAMED = ""
_EXPORTED = frozenset({"take", "frame", "t", "split", "source_hash"})


def is_exported(names: Iterable[str]) -> bool:
    """Whether columns or keys are those of labels that sface has written: their times and splits are a take's own already."""
    return _EXPORTED.issubset(names)


class TakesByName:
    """Collects rows of several takes; hands them out when enough are there, so that memory does not grow with the file."""

    def __init__(self, source: SourceFile, reading: Reading, form: str) -> None:
        self._source, self._reading, self._form = source, reading, form
        self._gathers: dict[str, Gather] = {}
        self._subjects: dict[str, str | None] = {}
        self._reached: dict[str, int] = {}
        self._splits: dict[str, list[tuple[NDArray[np.int64], NDArray[np.str_]]]] = {}
        self._unsplit: set[str] = set()
        self._latest = _UNNAMED
        # Takes that were exported are of bearable length already: cutting them again would give their parts names of others.
        self._most = ROWS_OF_A_TAKE
        self._loose: list[Reject] = []
        self._some = False
        self.clock: Clock | None = None
        """How times of the whole source are read; set when the first of them are seen."""

    def reject(self, row: int, reason: RejectReason, detail: object = "") -> None:
        """Notes a row that cannot be kept; it goes out with whichever take is next."""
        self._loose.append(rejected(row, reason, detail))

    @property
    def is_full(self) -> bool:
        """Whether `ready` should be asked: so much was collected."""
        rejects = len(self._loose) + sum(len(gather.rejects) for gather in self._gathers.values())
        return self._rows >= self._most or rejects >= ROWS_OF_A_TAKE

    @property
    def _rows(self) -> int:
        return sum(gather.rows for gather in self._gathers.values())

    def add(
        self,
        take: str | None,
        frame: NDArray[np.int64],
        t: NDArray[np.float64],
        values: NDArray[np.float64],
        images: Sequence[bytes | None] | None = None,
        subject: str | None = None,
        split: Sequence[str | None] | None = None,
    ) -> None:
        """Adds m rows of one take; frames that do not rise are rejected. Raises `WrongUse` for more takes than files may be.

        ``split`` (m,) is given for rows that `is_exported` knows: their times stay as they are, and so do their splits where
        every row of the take has one.
        """
        name = take or _UNNAMED
        gather = self._gathers.get(name)
        if gather is None:
            if len(self._gathers) >= MOST_TAKES:
                raise WrongUse(f"{self._source.name} names more than {MOST_TAKES} takes: split it.")
            gather = self._gathers[name] = Gather(CHANNELS, self._reading, self._source.name, "no time in its rows")
            if split is not None:
                gather.keep_times()
                self._most = 2 * ROWS_OF_A_TAKE
        gather.clock, self._latest = self.clock, name
        before = np.maximum.accumulate(np.concatenate([[self._reached.get(name, -1)], frame]))
        rising = frame > before[:-1]
        for place in np.flatnonzero(~rising):
            self.reject(int(frame[place]), "time out of order", f"frame {frame[place]} after frame {before[place]}")
        self._reached[name] = int(before[-1])
        self._subjects.setdefault(name, subject)
        if split is None or not WORDS.issuperset(split):
            self._unsplit.add(name)
        elif name not in self._unsplit:
            self._splits.setdefault(name, []).append((frame[rising], np.array(split)[rising]))
        kept = None if images is None else [image for image, keep in zip(images, rising, strict=True) if keep]
        gather.add(frame[rising], t[rising], values[rising], kept)

    def ready(self, notes: Sequence[str] = ()) -> Iterator[Take]:
        """The takes that should go out now because much has been collected.

        Raises `NothingKept` where as much is nothing but rows that cannot be kept.
        """
        if self.is_full:
            yield from self._going(notes, more=True)
            if len(self._loose) >= ROWS_OF_A_TAKE:
                raise NothingKept(self._source.name, self._loose, is_all=False)

    def rest(self, notes: Sequence[str] = ()) -> Iterator[Take]:
        """All that is left; raises `NothingKept` for rows behind the last take, or when the whole source held no row to keep."""
        yield from self._going(notes, more=False)
        if self._loose or not self._some:
            raise NothingKept(self._source.name, sorted(self._loose, key=lambda reject: reject.row))

    def _going(self, notes: Sequence[str], more: bool) -> Iterator[Take]:
        for gather in self._gathers.values():
            if not gather.rows:
                self._loose += gather.rejects
                gather.rejects = []
        for name, gather in self._gathers.items():
            if gather.rows and not (more and self._goes_on(name, gather)):
                gather.rejects += self._loose
                self._loose = []
                try:
                    take = self._take(name, gather, notes, more)
                except NothingKept as nothing:
                    self._loose += nothing.rejects
                    gather.forget()
                    continue
                self._some = True
                yield take

    def _goes_on(self, name: str, gather: Gather) -> bool:
        """Whether an exported take waits for its other rows: the one that was read last, while there is room."""
        return name in self._splits and name == self._latest and gather.rows < self._most

    def _take(self, name: str, gather: Gather, notes: Sequence[str], more: bool = False) -> Take:
        take = gather.take(
            self._source.name,
            self._form,
            notes,
            more=more and name not in self._splits,
            stem=name or take_name(self._source.name),
            subject=self._subjects.get(name),
        )
        told = self._splits.pop(name, [])
        return take if name in self._unsplit or not told else _split_as_told(take, told)


def _split_as_told(take: Take, told: list[tuple[NDArray[np.int64], NDArray[np.str_]]]) -> Take:
    """The take with the splits that its rows came with: (m,) rising frames and their words, part by part."""
    frames, words = (np.concatenate(parts) for parts in zip(*told, strict=True))
    split = words[np.searchsorted(frames, take.frame)]
    counts = ", ".join(f"{count} {word}" for word, count in Counter(split.tolist()).most_common())
    return replace(take, split=split, notes=(*take.notes, f"its rows keep the splits they were exported with: {counts}"))


def whole_number(value: Any, otherwise: int) -> int:
    """A row's frame where it states one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53:
        return int(value)
    return otherwise
