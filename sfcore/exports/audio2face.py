"""Audio2Face JSON: 52 shapes on an even grid of frames, laid out as Omniverse writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.errors import WrongUse
from sfcore.exports.decimals import doubles
from sfcore.exports.motion import Motion, Rows, Survey, Wish, Written, left_out_note, need_times, zero_note

SUFFIX = ".json"


def _left_first(channel: arkit.Channel) -> str:
    swap = {"JawRight": "JawLeft", "JawLeft": "JawRight", "MouthRight": "MouthLeft", "MouthLeft": "MouthRight"}
    return swap.get(channel.name, channel.name)


ORDER: tuple[arkit.Channel, ...] = tuple(arkit.BY_NAME[_left_first(channel)] for channel in arkit.SHAPES)
"""The 52 in Audio2Face's order: Live Link's, but JawLeft before JawRight and MouthLeft before MouthRight."""
_COLUMNS = [channel.index for channel in ORDER]

MOST_FRAMES = 20_000_000
"""Longer than four days at 60 frames a second: such a time is no recording's, and a gap would fill a disk."""


def lower_camel(name: str) -> str:
    """``JawOpen`` -> ``jawOpen``, as ARKit itself and Audio2Face spell it."""
    return name[0].lower() + name[1:]


def write(motion: Motion, wish: Wish, out: BinaryIO) -> Written:
    """Writes a take at ``wish.fps`` or at its own rate; unknown channels as 0.

    The format knows no times, so each row goes to the frame nearest to its time, a frame that no row is near to holds the row
    before, and of two rows nearest to one frame the first stays. Raises `WrongUse` when no rate is known.
    """
    need_times(motion)
    survey = motion.survey
    grid = _Grid(_fps(motion, wish), survey.start, survey.end)
    if grid.last > MOST_FRAMES:
        raise WrongUse(
            f"take '{motion.name}' lasts {survey.end - survey.start:.0f} s: audio2face is written up to {MOST_FRAMES:,} frames."
        )
    out.write(_head(motion.name, grid.fps, grid.last + 1 if survey.rows else 0).encode())
    separator = "\n"
    for rows in grid.filled(motion.batches):
        for row in doubles(rows, survey.short[_COLUMNS]).tolist():
            cells = ",\n".join(f"            {value!r}" for value in row)
            out.write(f"{separator}        [\n{cells}\n        ]".encode())
            separator = ",\n"
    out.write(b"\n    ]\n}")
    return Written(grid.rows, tuple(_notes(survey, grid)))


def _fps(motion: Motion, wish: Wish) -> float:
    fps = wish.fps or motion.survey.rate
    if fps is None and motion.survey.rows > 1:
        raise WrongUse(f"take '{motion.name}' has one time for all its rows: say with --fps how many frames a second to write.")
    return fps or 60.0  # one row: any rate will do


def _head(name: str, fps: float, frames: int) -> str:
    said = {
        "exportFps": int(fps) if fps == int(fps) else fps,
        "trackPath": name,
        "numPoses": len(ORDER),
        "numFrames": frames,
        "facsNames": [lower_camel(channel.name) for channel in ORDER],
    }
    return json.dumps(said, indent=4, ensure_ascii=False)[:-2] + ',\n    "weightMat": ['


class _Grid:
    """Even frames from the first row's time to the last's, and which rows went to them."""

    def __init__(self, fps: float, start: float, end: float) -> None:
        self.fps, self._start = fps, start
        self.rows = self.held = self.crowded = 0
        self.last = int(self._ticks(np.array([end]))[0]) if end >= start else 0

    def _ticks(self, t: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.rint((t - self._start) * self.fps).astype(np.int64)

    def filled(self, batches: Iterator[Rows]) -> Iterator[NDArray[np.float32]]:
        """(m, 52) float32, one row for each frame of the grid."""
        following, before = 0, None
        for batch in batches:
            rows = batch.with_some_channel()
            values = np.nan_to_num(rows.coefficients[:, _COLUMNS])
            for tick, row in zip(self._ticks(rows.t).tolist(), values, strict=True):
                if tick < following:
                    self.crowded += 1
                    continue
                yield from self._hold(row if before is None else before, tick - following)
                yield row[None]
                self.rows += 1
                following, before = tick + 1, row
        if before is not None:
            yield from self._hold(before, self.last + 1 - following)

    def _hold(self, row: NDArray[np.float32], frames: int) -> Iterator[NDArray[np.float32]]:
        self.held += frames
        for _ in range(frames):
            yield row[None]


def _notes(survey: Survey, grid: _Grid) -> Iterator[str]:
    yield from zero_note(survey, ORDER)
    yield from left_out_note(survey, arkit.ROTATIONS, "the format holds the 52 shapes alone")
    if grid.held:
        yield f"frames at {grid.fps:g} a second that have no row of their own and hold the row before: {grid.held}"
    if grid.crowded:
        yield f"rows left out because {grid.fps:g} frames a second have no place for them: {grid.crowded}"
    if survey.failed:
        yield f"rows without any known channel, left out: {survey.failed}"
    if survey.start > 0:
        yield f"frame 0 is second {survey.start:.3f} of the take: the format knows no times"
