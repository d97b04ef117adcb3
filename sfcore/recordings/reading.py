"""A source as readers meet it: bytes under a name, files beside it, and how its owner wants it read."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

from sfcore.errors import WrongUse

SNIFFED_BYTES = 65_536
"""How much of a file's beginning tells its format; the header of a table of all channels has about a thousand bytes."""

# A JSON document becomes some ten times as much in memory.
LARGEST_DOCUMENT = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file cannot say for itself: the unit of its rotations, its frame rate, names of nameless columns."""

    rotation: Literal["auto", "radians", "degrees"] = "auto"
    fps: float | None = None
    names: tuple[str, ...] | None = None
    raw: bool = False
    """Whether takes keep the numbers as written (`Take.raw`)."""
    video: bool = True
    """Whether a video beside a recording gives it pictures."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: ``name`` as messages call it, ``size`` in bytes, and ``beside``, which finds a file by its path from this one's
    folder, or None for what is not there or lies outside."""

    name: str
    size: int
    opener: Callable[[], BinaryIO]
    beside: Callable[[str], SourceFile | None] = lambda _path: None
    namesakes: Callable[[str], list[str]] = lambda _stem: []
    """Names of the files in its folder that have a stem (`Folder`)."""

    @staticmethod
    def of(content: bytes, name: str) -> SourceFile:
        """A file that is in memory."""
        return SourceFile(name, len(content), lambda: io.BytesIO(content))

    def head(self) -> bytes:
        """Its first bytes."""
        with self.opener() as stream:
            return stream.read(SNIFFED_BYTES)

    def content(self, most: int = LARGEST_DOCUMENT) -> bytes:
        """All of it; raises `WrongUse` for more than ``most`` bytes."""
        with self.opener() as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise WrongUse(
                f"{self.name} has more than {most // 1024**2} MiB: split it, or save it as CSV, which has no such limit."
            )
        return content
