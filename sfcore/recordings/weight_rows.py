"""Rows of bare weights whose names stand elsewhere: what Audio2Face and BEAT have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import Channel
from sfcore.errors import WrongUse
from sfcore.recordings.channel_table import FEWEST_CHANNELS
from sfcore.recordings.document import number
from sfcore.recordings.gather import Gather
from sfcore.recordings.named import channels_named


def named_columns(names: Any, name: str) -> tuple[list[tuple[int, Channel]], list[str]]:
    """The columns that are channels and the names of the others; raises `WrongUse` for names that cannot be those of a face."""
    if not isinstance(names, list):
        raise WrongUse(f"{name} is damaged: what names its columns is no list.")
    try:
        columns, others = channels_named(names)
    except ValueError as error:
        raise WrongUse(f"{name} has two columns for {error}: remove one of them.") from None
    if len(columns) < FEWEST_CHANNELS:
        raise WrongUse(f"{name} is not a recording: its columns name {len(columns)} of the 61 facial channels.")
    return columns, others


def gather_weights(
    rows: Sequence[Any], times: NDArray[np.float64], width: int, columns: list[tuple[int, Channel]], gather: Gather
) -> None:
    """Adds rows that are lists of ``width`` numbers; others are rejected. ``times`` (n,) seconds, infinity for no time."""
    places = [column for column, _ in columns]
    kept: list[int] = []
    values: list[list[float]] = []
    for row, weights in enumerate(rows):
        if not isinstance(weights, list) or len(weights) != width:
            count = f"{len(weights)} weights" if isinstance(weights, list) else "no list of weights"
            gather.reject(row, "wrong number of fields", f"{count} where {width} are named")
            continue
        if math.isinf(times[row]):
            gather.reject(row, "bad timecode", "no time can be read")
            continue
        read = [number(weights[place]) for place in places]
        faulty = next((i for i, value in enumerate(read) if not math.isfinite(value)), None)
        if faulty is not None:
            gather.reject(row, "not a number", f"{columns[faulty][1].name}: {weights[places[faulty]]!r}")
            continue
        kept.append(row)
        values.append(read)
    shaped = np.array(values, np.float64).reshape(len(kept), len(columns))
    gather.add(np.array(kept, np.int64), times[kept], shaped)


def left_out(others: Sequence[str]) -> list[str]:
    """A note on columns that are no channels."""
    return [f"columns that are no facial channel were left out: {', '.join(others)}"] if others else []
