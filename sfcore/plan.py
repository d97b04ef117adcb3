"""Work cut into files and waves: what is written where follows from the plan alone, never from who does the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PlannedFile(Generic[Item]):
    """One Parquet file to make: its path below the table and the items whose rows it holds, in order."""

    wave: int
    path: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Plan(Generic[Item]):
    """All files of one piece of work, in waves that are each added to the table in one commit."""

    key: str
    table: str
    files: tuple[PlannedFile[Item], ...]

    @property
    def waves(self) -> dict[int, list[PlannedFile[Item]]]:
        """Wave number -> its files."""
        by_wave: dict[int, list[PlannedFile[Item]]] = {}
        for file in self.files:
            by_wave.setdefault(file.wave, []).append(file)
        return by_wave

    @property
    def folder(self) -> str:
        """Folder below the table that holds the plan's files and nobody else's."""
        return folder_of(self.key)

    def wave_key(self, wave: int) -> str:
        """The key under which a wave is committed once."""
        return f"{self.key}/{wave}"

    @property
    def items(self) -> int:
        """How many items it holds."""
        return sum(len(file.items) for file in self.files)


def folder_of(key: str) -> str:
    """Folder of a plan's files below its table."""
    return f"plan-{key}"


def cut(key: str, table: str, items: Sequence[Item], rows_per_file: int, files_per_wave: int) -> Plan[Item]:
    """Cuts items into files of ``rows_per_file`` and waves of ``files_per_wave`` files, keeping their order."""
    files = []
    for number, start in enumerate(range(0, len(items), rows_per_file)):
        path = f"{folder_of(key)}/{number:06d}.parquet"
        files.append(PlannedFile(number // files_per_wave, path, tuple(items[start : start + rows_per_file])))
    return Plan(key, table, tuple(files))
