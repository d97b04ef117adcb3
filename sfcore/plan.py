"""Work cut into files and waves: what is written where follows from the plan alone, never from who does the work.

The cuts are made over everything that is wanted, before what is there already is taken off: so a file holds the same items
whatever else has been done meanwhile, and a wave is known by the items that it was planned with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sfcore.randomness import digest


class Named(Protocol):
    """Something that becomes one row, known by the name of its sample."""

    @property
    def sample_id(self) -> str:
        """Name of the sample, unique within a plan."""


Item = TypeVar("Item", bound=Named)


@dataclass(frozen=True, slots=True)
class PlannedFile(Generic[Item]):
    """One Parquet file to make: its number in the plan, its wave, and the items whose rows it holds, in order."""

    number: int
    wave: int
    items: tuple[Item, ...]

    def without(self, done: set[str]) -> PlannedFile[Item]:
        """The same file less the items that are there already."""
        return PlannedFile(self.number, self.wave, tuple(item for item in self.items if item.sample_id not in done))


@dataclass(frozen=True, slots=True)
class Plan(Generic[Item]):
    """All files of one piece of work, in waves that are each added to the table in one commit.

    ``purpose`` says what is made of the items (for answers: by which model); it is part of each wave's key.
    """

    purpose: str
    table: str
    files: tuple[PlannedFile[Item], ...]

    @property
    def waves(self) -> dict[int, list[PlannedFile[Item]]]:
        """Wave number -> its files."""
        by_wave: dict[int, list[PlannedFile[Item]]] = {}
        for file in self.files:
            by_wave.setdefault(file.wave, []).append(file)
        return by_wave

    def wave_keys(self) -> dict[int, str]:
        """Wave number -> the key under which it is committed once: purpose and items, so equal waves of two plans are one."""
        return {
            wave: f"{self.purpose}/{digest(*(item.sample_id for file in files for item in file.items))}"
            for wave, files in self.waves.items()
        }

    @property
    def items(self) -> int:
        """How many items it holds."""
        return sum(len(file.items) for file in self.files)


def cut(purpose: str, table: str, items: Sequence[Item], rows_per_file: int, files_per_wave: int) -> Plan[Item]:
    """Cuts items into files of ``rows_per_file`` and waves of ``files_per_wave`` files, keeping their order."""
    files = []
    for number, start in enumerate(range(0, len(items), rows_per_file)):
        files.append(PlannedFile(number, number // files_per_wave, tuple(items[start : start + rows_per_file])))
    return Plan(purpose, table, tuple(files))
