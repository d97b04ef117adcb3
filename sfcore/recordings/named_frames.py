"""A list of frames, each with values by name: what talking avatars, MediaPipe dumps and JSON lines have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sfcore.arkit import CHANNELS
from sfcore.recordings.gather import Gather
from sfcore.recordings.named import row_of, strangers
from sfcore.recordings.reading import Reading


@dataclass(slots=True)
class NamedFrames:
    """Collects frames of one face; ``add`` takes one at a time and hands them on many at a time."""

    reading: Reading
    name: str
    """What messages call the source."""
    untimed: str = ""
    """What lacks where times are unknown."""
    gather: Gather = field(init=False)
    others: dict[str, None] = field(default_factory=dict)
    _frames: list[int] = field(default_factory=list)
    _times: list[float] = field(default_factory=list)
    _rows: list[Any] = field(default_factory=list)
    _images: list[bytes | None] = field(default_factory=list)

    # Rows that wait: enough to be worth a numpy call, few enough that their pictures are no burden.
    _WAITING = 512

    def __post_init__(self) -> None:
        self.gather = Gather(CHANNELS, self.reading, self.name, self.untimed)

    def add(self, row: int, time: float, values: dict[str, Any], image: bytes | None = None) -> None:
        """Adds a frame, or rejects it where a value is no number."""
        self.others |= dict.fromkeys(strangers(values))
        read, fault = row_of(values)
        if fault is not None:
            self.gather.reject(row, "not a number", fault)
            return
        self._frames.append(row)
        self._times.append(time)
        self._rows.append(read)
        self._images.append(image)
        if len(self._frames) >= self._WAITING:
            self.flush()

    def flush(self) -> None:
        """Hands on what waits."""
        if self._frames:
            self.gather.add(
                np.array(self._frames, np.int64), np.array(self._times, np.float64), np.array(self._rows), list(self._images)
            )
        for waiting in (self._frames, self._times, self._rows, self._images):
            waiting.clear()


def notes_on(others: Sequence[str]) -> list[str]:
    """A note on names that are no channels; MediaPipe's ``_neutral`` is known to be none."""
    told = [name for name in others if name != "_neutral"]
    return [f"names that are no facial channel were left out: {', '.join(told)}"] if told else []
