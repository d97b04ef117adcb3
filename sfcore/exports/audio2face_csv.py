"""The CSV of the Audio2Face microservice: row number, seconds, 52 shapes and the head under a ``blendShapes.`` prefix."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from sfcore import arkit
from sfcore.exports.audio2face import ORDER
from sfcore.exports.decimals import doubles
from sfcore.exports.motion import Motion, Wish, Written, left_out_note, need_times, zero_note

SUFFIX = ".csv"
_HEAD = tuple(arkit.BY_NAME[name] for name in ("HeadRoll", "HeadPitch", "HeadYaw"))
_CHANNELS = (*ORDER, *_HEAD)
_COLUMNS = [channel.index for channel in _CHANNELS]
HEADER = ",".join(["", "timeCode", *(f"blendShapes.{channel.name}" for channel in _CHANNELS)])


def write(motion: Motion, _wish: Wish, out: BinaryIO) -> Written:
    """Writes a take with each row's own time in seconds; unknown channels as 0, rows without any known channel not at all.

    Raises `WrongUse` when its times are unknown.
    """
    need_times(motion)
    out.write(f"{HEADER}\n".encode())
    written = 0
    for batch in motion.batches:
        rows = batch.with_some_channel()
        values = doubles(np.nan_to_num(rows.coefficients[:, _COLUMNS]), motion.survey.short[_COLUMNS]).tolist()
        for number, (t, row) in enumerate(zip(rows.t.tolist(), values, strict=True), written):
            out.write(f"{number},{t!r},{','.join(map(repr, row))}\n".encode())
        written += len(rows)
    eyes = [channel for channel in arkit.ROTATIONS if channel not in _HEAD]
    notes = zero_note(motion.survey, _CHANNELS) + left_out_note(motion.survey, eyes, "the format turns no eyes")
    if motion.survey.failed:
        notes.append(f"rows without any known channel, left out (those after them keep their time): {motion.survey.failed}")
    return Written(written, tuple(notes))
