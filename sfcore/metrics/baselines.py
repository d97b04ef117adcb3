"""The plainest answer there is: the median of the training labels, whatever the picture."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed

if TYPE_CHECKING:
    import pyarrow as pa


def coefficients_of(rows: pa.Table) -> NDArray[np.float32]:
    """The 61 channel columns of a table as (n, 61) float32 in Live Link order; null becomes nan."""
    columns = [rows[name].to_numpy(zero_copy_only=False) for name in NAMES]
    return np.stack(columns, axis=1).astype(np.float32) if rows.num_rows else np.empty((0, len(NAMES)), np.float32)


def median_prediction(train: pa.Table) -> NDArray[np.float32]:
    """The median of each channel over the rows that know it, (61,) float32; nan for a channel that no row knows.

    Raises `WorkFailed` when there is no row.
    """
    labels = coefficients_of(train)
    if not len(labels):
        raise WorkFailed("the median baseline has no training row to learn from: run supervise first.")
    with warnings.catch_warnings():
        # A channel that no row knows is an answer here, not an accident.
        warnings.filterwarnings("ignore", message="All-NaN slice encountered")
        return np.nanmedian(labels, axis=0).astype(np.float32)
