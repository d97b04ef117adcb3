"""Numbers of the tables as text that reads back to the same float32, in the decimals their source wrote where it can be told.

Three ways of writing are met in published files, and each take keeps to one: ten decimals of a float32 (Live Link Face), all
digits of a float32 widened to a double (Audio2Face, MediaPipe, NeuroSync), and few digits typed or rounded by somebody (home-made
recorders, SemanticFace). Only LAM's exports hold doubles that no float32 holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Every decimal of up to six digits survives a float32, and most of seven; a capture's float32s need eight or nine.
_FEW_DIGITS = 7
_TEN = 10


def nearest_short(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The numbers of at most seven significant digits nearest to values of any shape, as the doubles nearest to them."""
    wide = values.astype(np.float64)
    size = np.where((wide == 0) | ~np.isfinite(wide), 1.0, np.abs(wide))
    places = np.clip(_FEW_DIGITS - 1 - np.floor(np.log10(size)), 0, 22)  # 10**22 is the last power of ten that a double holds
    # A whole number divided by an exact power of ten is rounded once: the same double that reading the text gives.
    return np.rint(wide * 10.0**places) / 10.0**places


Short = NDArray[np.bool_]
"""(c,) for each column whether its numbers are `nearest_short` ones, as `are_short` found for all of its kind in a take."""


def are_short(values: NDArray[np.floating[Any]]) -> bool:
    """Whether each of the values (NaN aside) is the float32 of a number with at most seven significant digits."""
    known = values[~np.isnan(values)]
    return bool(np.array_equal(nearest_short(known).astype(np.float32), known))


def doubles(values: NDArray[np.floating[Any]], short: Short) -> NDArray[np.float64]:
    """The doubles whose shortest text is what the source wrote, for (n, c) values of columns that are ``short`` (c,) or not.

    Values that are doubles already (`Take.raw`, numbers as their source writes them) stay as they are.
    """
    if values.dtype == np.float64:
        return values.astype(np.float64)
    return np.where(short, nearest_short(values), values.astype(np.float64))


def ten_decimals(values: NDArray[np.floating[Any]], short: Short) -> list[str]:
    """Each row of (n, c) values, NaN nowhere, as comma-separated text of ten decimals; more only where ten would not read back.

    Ten decimals hold every float32 from 0.001 on; a smaller one that was not captured with ten decimals may need more.
    """
    wide = doubles(values, short)
    row_format = ",".join([f"%.{_TEN}f"] * values.shape[1])
    texts = [row_format % tuple(row) for row in wide.tolist()]
    held = (np.rint(wide * 1e10) / 1e10).astype(values.dtype) == values
    for row in np.flatnonzero(~held.all(axis=1)):
        texts[row] = ",".join(map(_as_long_as_needed, wide[row].tolist(), values[row]))
    return texts


def _as_long_as_needed(number: float, value: np.float32 | np.float64) -> str:
    text = f"{number:.{_TEN}f}"
    return text if type(value)(text) == value else np.format_float_positional(value, unique=True, trim="k", min_digits=_TEN)
