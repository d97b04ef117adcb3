"""Work cut into files and waves: what is written where follows from the plan alone, never from who does the work.

The cuts are made over everything that is wanted, before what is there already is taken off: so a file holds the same items
whatever else has been done meanwhile, and a wave is known by the items that it was planned with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import digest


class Named(Protocol):
    """Something that becomes one row, known by the name of its sample."""

    @property
    def sample_id(self) -> str:
        """Name of the sample, unique within a plan."""


@runtime_checkable
class NamedTogether(Protocol):
    """A sequence of such things that knows the names of all."""

    @property
    def names(self) -> NDArray[np.bytes_]:
        """Their names, in their order."""

    def where(self, kept: NDArray[np.bool_]) -> Any:
        """The sequence less what the mask leaves out."""


Item = TypeVar("Item", bound=Named)


@dataclass(frozen=True, slots=True)
class Cuts:
    """How many rows a file holds, how many of them each row group, and how many files are added in one commit."""

    rows_per_file: int
    files_per_wave: int
    rows_per_group: int = 1024


@dataclass(frozen=True, slots=True)
class PlannedFile(Generic[Item]):
    """One Parquet file to make: its number in the plan, its wave, and the items whose rows it holds, in order."""

    number: int
    wave: int
    items: Sequence[Item]
    rows_per_group: int

    def groups(self) -> Iterator[Sequence[Item]]:
        """The items of each row group: as many as are made and kept in memory together."""
        for start in range(0, len(self.items), self.rows_per_group):
            yield self.items[start : start + self.rows_per_group]


@dataclass(frozen=True)
class Plan(Generic[Item]):
    """All files of one piece of work, in waves that are each added to the table in one commit.

    ``purpose`` says what is made of the items (for answers: by which model); it is part of each wave's key.
    """

    purpose: str
    table: str
    items: Sequence[Item]
    names: NDArray[np.bytes_]
    """The items' names, in their order."""
    cuts: Cuts

    @property
    def waves(self) -> range:
        """Numbers of the waves."""
        return range(-(-len(self.items) // self._rows_per_wave))

    @property
    def files(self) -> int:
        """How many files it has."""
        return -(-len(self.items) // self.cuts.rows_per_file)

    @property
    def _rows_per_wave(self) -> int:
        return self.cuts.rows_per_file * self.cuts.files_per_wave

    def key(self, wave: int) -> str:
        """The key under which a wave is committed once: purpose and items, so equal waves of two plans are one."""
        start = wave * self._rows_per_wave
        return f"{self.purpose}/{digest(self.names[start : start + self._rows_per_wave].tobytes())}"

    def files_of(self, wave: int, done: NDArray[np.bool_]) -> Iterator[PlannedFile[Item]]:
        """The files of a wave less the items that are ``done`` (n,), those without any item left out."""
        first = wave * self.cuts.files_per_wave
        for number in range(first, min(first + self.cuts.files_per_wave, self.files)):
            rows = slice(number * self.cuts.rows_per_file, (number + 1) * self.cuts.rows_per_file)
            left = _without(self.items[rows], done[rows])
            if len(left):
                yield PlannedFile(number, wave, left, self.cuts.rows_per_group)


def cut(purpose: str, table: str, items: Sequence[Item], cuts: Cuts) -> Plan[Item]:
    """Cuts items into files and waves, keeping their order."""
    names = items.names if isinstance(items, NamedTogether) else np.array([item.sample_id for item in items], dtype=np.bytes_)
    return Plan(purpose, table, items, names, cuts)


def _without(items: Sequence[Item], done: NDArray[np.bool_]) -> Sequence[Item]:
    if not done.any():
        return items
    if isinstance(items, NamedTogether):
        return cast(Sequence[Item], items.where(~done))
    return [item for item, there in zip(items, done, strict=True) if not there]
