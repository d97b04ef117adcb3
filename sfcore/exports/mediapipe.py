"""Results of MediaPipe's Face Landmarker, in the spelling of its browser edition: one entry a row, a category for each shape."""

from __future__ import annotations

import json
from typing import BinaryIO

import numpy as np

from sfcore import arkit
from sfcore.exports.audio2face import lower_camel
from sfcore.exports.decimals import doubles
from sfcore.exports.motion import Motion, Wish, Written, left_out_note

SUFFIX = ".json"
ORDER: tuple[arkit.Channel, ...] = tuple(sorted(arkit.SHAPES, key=lambda channel: lower_camel(channel.name)))
_COLUMNS = [channel.index for channel in ORDER]


def write(motion: Motion, _wish: Wish, out: BinaryIO) -> Written:
    """Writes a take; a channel that is unknown has no category, and a row without any has no face.

    Index 0 is MediaPipe's own ``_neutral``, which is no shape and not written. Times are not part of the format.
    """
    out.write(b"[")
    written, separator = 0, "\n"
    for rows in motion.batches:
        for row in doubles(rows.coefficients[:, _COLUMNS], motion.survey.short[_COLUMNS]):
            out.write(f"{separator}{json.dumps(_entry(row), indent=1)}".encode())
            separator = ",\n"
        written += len(rows)
    out.write(b"\n]\n")
    notes = ["rows follow each other without times: the format has none"] if motion.survey.rows else []
    notes += left_out_note(motion.survey, arkit.ROTATIONS, "the format holds shapes, and the head as a matrix")
    return Written(written, tuple(notes))


def _entry(row: np.ndarray) -> dict[str, object]:
    categories = [
        {"index": number, "score": value, "categoryName": lower_camel(channel.name), "displayName": ""}
        for number, (channel, value) in enumerate(zip(ORDER, row.tolist(), strict=True), 1)
        if value == value
    ]
    faces = [{"categories": categories, "headIndex": -1, "headName": ""}] if categories else []
    return {"faceBlendshapes": faces}
