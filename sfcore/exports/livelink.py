"""Live Link Face CSV, as the app writes and Unreal reads it: header, order, ten decimals, timecode on a base of 60."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.exports.decimals import ten_decimals
from sfcore.exports.motion import Motion, Wish, Written, need_times, zero_note
from sfcore.recordings.timecode import BASE

SUFFIX = ".csv"
HEADER = ",".join(("Timecode", "BlendshapeCount", *arkit.NAMES))
# The part behind the dot is thousandths of a frame.
_TICKS = 1000
_TICKS_A_DAY = 24 * 3600 * BASE * _TICKS


def write(motion: Motion, wish: Wish, out: BinaryIO) -> Written:
    """Writes a take; unknown channels as 0, rows without any known channel not at all: each timecode follows from its own time.

    Raises `WrongUse` when its times are unknown.
    """
    need_times(motion)
    out.write(f"{HEADER}\n".encode())
    written = 0
    for batch in motion.batches:
        rows = batch.with_some_channel()
        cells = ten_decimals(np.nan_to_num(rows.coefficients), motion.survey.short)
        codes = timecodes(rows.t + wish.start)
        lines = [f"{code},{len(arkit.NAMES)},{row}\n" for code, row in zip(codes, cells, strict=True)]
        out.write("".join(lines).encode())
        written += len(rows)
    notes = zero_note(motion.survey, arkit.CHANNELS)
    if motion.survey.failed:
        notes.append(f"rows without any known channel, left out (those after them keep their time): {motion.survey.failed}")
    return Written(written, tuple(notes))


def timecodes(seconds: NDArray[np.float64]) -> list[str]:
    """(n,) seconds of day -> ``HH:MM:SS:FF.mmm``, to the nearest 1/60,000 s; a day later the clock begins again."""
    ticks = np.rint(seconds * (BASE * _TICKS)).astype(np.int64) % _TICKS_A_DAY
    frames, thousandths = np.divmod(ticks, _TICKS)
    whole, frames = np.divmod(frames, BASE)
    minutes, whole = np.divmod(whole, 60)
    hours, minutes = np.divmod(minutes, 60)
    parts = np.stack([hours, minutes, whole, frames, thousandths], axis=1).tolist()
    return [f"{h:02d}:{m:02d}:{s:02d}:{frame:02d}.{part:03d}" for h, m, s, frame, part in parts]
