"""BEAT and LAM JSON: ``names``, and ``frames`` of ``weights`` and ``time``; also other programs' words for the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from sfcore.errors import WrongUse
from sfcore.recordings import document
from sfcore.recordings.clocks import Clock
from sfcore.recordings.gather import Gather
from sfcore.recordings.named import clock_in, times_of
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take
from sfcore.recordings.weight_rows import gather_weights, left_out, named_columns

FORMAT = "beat-json"


_NAMES = ("names", "blendshapeNames", "blendShapeNames", "blendshape_names", "facsNames", "channels")
_WEIGHTS = ("weights", "blendshapes", "blendShapes", "values", "coefficients")


def sniff(head: bytes) -> bool:
    """Whether a JSON object begins that has ``names`` or frames with ``weights``."""
    text = document.starts_like_json(head)
    if not text.startswith("{"):
        return False
    named = re.search(rf'"(?:{"|".join(_NAMES)})"\s*:\s*\[\s*"', text) is not None
    return named or ('"frames"' in text and '"weights"' in text)


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the take; head poses are left out, since neither their unit nor their order is stated. Raises `WrongUse`."""
    content = document.load(source)
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list):
        raise WrongUse(f"{source.name} is damaged: it has no list 'frames'.")
    names = next((content[key] for key in _NAMES if key in content), list(reading.names) if reading.names else None)
    if names is None:
        raise WrongUse(f"{source.name} does not name its columns (no 'names'): name them in their order with --names.")
    columns, others = named_columns(names, source.name)
    weights = [_weights(frame) for frame in frames]
    gather = Gather([channel for _, channel in columns], reading, source.name, "no time in its frames")
    objects = [frame if isinstance(frame, dict) else {} for frame in frames]
    key, gather.clock = clock_in(objects)
    times = times_of(objects, key, gather.clock)
    if gather.clock is None and (rate := document.rate_in(content, "fps", source.name)) is not None:
        gather.clock = Clock("fps", "seconds", "stated")
        times = np.arange(len(frames)) / rate
    notes = left_out(others)
    if any(isinstance(frame, dict) and frame.get("rotation") for frame in frames) or content.get("head_pose"):
        notes.append("head poses were left out: the format states neither their unit nor their order")
    gather_weights(weights, times, len(names), columns, gather)
    yield gather.take(source.name, FORMAT, notes)


def _weights(frame: Any) -> Any:
    """The weights of a frame; a frame may be nothing else."""
    return next((frame[key] for key in _WEIGHTS if key in frame), None) if isinstance(frame, dict) else frame
