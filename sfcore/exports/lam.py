"""LAM's and BEAT's JSON: names in order of the alphabet, and frames with weights and a time."""

from __future__ import annotations

import json
from typing import BinaryIO

import numpy as np

from sfcore import arkit
from sfcore.exports.audio2face import lower_camel
from sfcore.exports.decimals import doubles
from sfcore.exports.motion import Motion, Wish, Written, left_out_note, need_times, zero_note

SUFFIX = ".json"
ORDER: tuple[arkit.Channel, ...] = tuple(sorted(arkit.SHAPES, key=lambda channel: lower_camel(channel.name)))
_COLUMNS = [channel.index for channel in ORDER]


def write(motion: Motion, _wish: Wish, out: BinaryIO) -> Written:
    """Writes a take with each row's own time in seconds; unknown channels as 0, rows without any known channel not at all.

    Raises `WrongUse` when its times are unknown.
    """
    need_times(motion)
    names = json.dumps({"names": [lower_camel(channel.name) for channel in ORDER]}, indent=2)
    out.write(f'{names[:-2]},\n  "frames": ['.encode())
    written, separator = 0, "\n"
    for batch in motion.batches:
        rows = batch.with_some_channel()
        values = doubles(np.nan_to_num(rows.coefficients[:, _COLUMNS]), motion.survey.short[_COLUMNS]).tolist()
        for t, row in zip(rows.t.tolist(), values, strict=True):
            weights = ",\n".join(f"        {value!r}" for value in row)
            frame = f'    {{\n      "weights": [\n{weights}\n      ],\n      "time": {t!r},\n      "rotation": []\n    }}'
            out.write(f"{separator}{frame}".encode())
            separator = ",\n"
        written += len(rows)
    out.write(b"\n  ]\n}")
    notes = zero_note(motion.survey, ORDER)
    notes += left_out_note(motion.survey, arkit.ROTATIONS, "the format's rotations are of a head in no stated frame")
    if motion.survey.failed:
        notes.append(f"rows without any known channel, left out (those after them keep their time): {motion.survey.failed}")
    return Written(written, tuple(notes))
