"""What a model answers where the truth is known to be so strong: means and quartiles by stretches of the truth, by region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import SHAPES
from sfcore.metrics.baselines import coefficients_of

if TYPE_CHECKING:
    import pyarrow as pa

STRETCHES = 10
"""Stretches of equal width over 0..1."""
LEAST_CELLS = 5
"""A stretch with fewer answers is left out: its mean says nothing."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One region, by the k stretches of the truth with enough answers: mean truth (k,), mean and quartiles answered (k,)."""

    truth: NDArray[np.float64]
    answer: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def calibration(supervision: pa.Table, predictions: pa.Table) -> dict[str, Curve]:
    """Region (``all``, ``brows``, ...) -> its curve, from a model's readable answers to the pictures of ``supervision``.

    Both tables need ``sample_id`` and the 61 channels. Regions without a stretch are left out.
    """
    place = {sample: row for row, sample in enumerate(supervision["sample_id"].to_pylist())}
    rows = [place.get(sample, -1) for sample in predictions["sample_id"].to_pylist()]
    kept = [i for i, row in enumerate(rows) if row >= 0]
    truth = coefficients_of(supervision)[[rows[i] for i in kept]]
    answer = coefficients_of(predictions)[kept]
    regions: dict[str, list[int]] = {"all": [shape.index for shape in SHAPES]}
    for shape in SHAPES:
        regions.setdefault(str(shape.region), []).append(shape.index)
    curves = {name: _curve(truth[:, chosen].ravel(), answer[:, chosen].ravel()) for name, chosen in regions.items()}
    return {name: curve for name, curve in curves.items() if len(curve.truth)}


def _curve(truth: NDArray[np.float32], answer: NDArray[np.float32]) -> Curve:
    known = np.isfinite(truth) & np.isfinite(answer)
    t, a = truth[known].astype(np.float64), answer[known].astype(np.float64)
    stretch = np.clip((t * STRETCHES).astype(int), 0, STRETCHES - 1)
    points = []
    for number in range(STRETCHES):
        inside = stretch == number
        if inside.sum() >= LEAST_CELLS:
            points.append((t[inside].mean(), a[inside].mean(), *np.quantile(a[inside], [0.25, 0.75])))
    columns = np.array(points, np.float64).reshape(-1, 4).T
    return Curve(*columns)
