"""Audio2Face JSON: ``facsNames`` for the columns of ``weightMat``, and the rate ``exportFps``."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sfcore.errors import WrongUse
from sfcore.recordings import document
from sfcore.recordings.clocks import Clock
from sfcore.recordings.gather import Gather
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take
from sfcore.recordings.weight_rows import gather_weights, left_out, named_columns

FORMAT = "audio2face-json"
_NAMES = ("facsNames", "facs_names", "blendShapeNames", "blendshapeNames")


def sniff(head: bytes) -> bool:
    """Whether a JSON object begins that has ``weightMat`` or ``facsNames``."""
    text = document.starts_like_json(head)
    return text.startswith("{") and ('"weightMat"' in text or '"facsNames"' in text)


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the take; without a rate in the file or from its owner, times are unknown.

    Raises `WrongUse` for a file that names no columns, unless ``reading.names`` does: their order is not the same everywhere.
    """
    content = document.load(source)
    rows = content.get("weightMat") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise WrongUse(f"{source.name} is damaged: it has no list 'weightMat'.")
    names = next((content[key] for key in _NAMES if key in content), None)
    if names is None and reading.names is None:
        width = len(rows[0]) if rows and isinstance(rows[0], list) else 0
        raise WrongUse(
            f"{source.name} does not name its {width} columns (no 'facsNames'): name them in their order with --names, "
            "from the export settings or a CSV of the same service."
        )
    width = len(names) if isinstance(names, list) else len(reading.names or ())
    columns, others = named_columns(names if names is not None else list(reading.names or ()), source.name)
    times = np.full(len(rows), np.nan)
    gather = Gather([channel for _, channel in columns], reading, source.name, "no frame rate")
    if (fps := document.rate_in(content, "exportFps", source.name)) is not None:
        gather.clock = Clock("exportFps", "seconds", "stated")
        times = np.arange(len(rows)) / fps
    notes = left_out(others)
    promised = document.number(content.get("numFrames"))
    if math.isfinite(promised) and promised != len(rows):
        notes.append(f"says that it has {promised:g} frames and has {len(rows)}")
    gather_weights(rows, times, width, columns, gather)
    yield gather.take(source.name, FORMAT, notes)
