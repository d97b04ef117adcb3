"""The baseline between the median and the network: ridge regression from the pixels of a small grey picture to the 61 numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfcore.arkit import CHANNELS
from sfcore.errors import WorkFailed
from sfcore.metrics.baselines import coefficients_of

if TYPE_CHECKING:
    import pyarrow as pa

SIDE = 24
"""Pixels on each side: 576 numbers a picture."""
PENALTIES = (1e1, 1e2, 1e3, 1e4, 1e5)
"""Tried on the training rows, in units of a squared standardised pixel; more rows want a smaller one relative to them."""


def _pixels(images: Sequence[bytes]) -> NDArray[np.float64]:
    """Pictures as (n, SIDE * SIDE) grey values 0..1."""
    rows = np.empty((len(images), SIDE * SIDE))
    for row, image in enumerate(images):
        with Image.open(io.BytesIO(image)) as picture:
            small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
        rows[row] = np.asarray(small, np.float64).ravel() / 255.0
    return rows


@dataclass(frozen=True, slots=True)
class RidgeBaseline:
    """A fitted regression: ``weights`` (pixels, 61) act on pixels less ``centre`` over ``scale``; ``offset`` (61,) is added."""

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    def predict(self, images: Sequence[bytes]) -> NDArray[np.float32]:
        """Answers encoded pictures with (n, 61) float32 within each channel's range; nan for channels no training row knew."""
        low, high = (np.array([getattr(c, end) for c in CHANNELS]) for end in ("low", "high"))
        raw = (_pixels(images) - self.centre) / self.scale @ self.weights + self.offset
        return np.clip(raw, low, high).astype(np.float32)


def fit_ridge(train: pa.Table) -> RidgeBaseline:
    """Fits supervision rows (``image`` and the 61 channels, null = unknown); no draw is made.

    An unknown label counts as its channel's mean. The penalty is the one of `PENALTIES` with the least error when each row is
    predicted from all others (leave-one-out in closed form; Hastie, Tibshirani and Friedman, 7.10). Raises `WorkFailed` when
    there is no row.
    """
    labels = coefficients_of(train).astype(np.float64)
    if not len(labels):
        raise WorkFailed("the ridge baseline has no training row to learn from: run supervise first.")
    known = ~np.isnan(labels)
    count = known.sum(axis=0)
    offset = np.divide(np.nansum(labels, axis=0), count, out=np.full(labels.shape[1], np.nan), where=count > 0)
    target = np.where(known, labels - offset, 0.0)
    pixels = _pixels(train["image"].to_pylist())
    centre, scale = pixels.mean(axis=0), np.maximum(pixels.std(axis=0), 1e-3)
    x = (pixels - centre) / scale
    values, vectors = np.linalg.eigh(x.T @ x)
    values = np.maximum(values, 0.0)
    turned, projected = x @ vectors, vectors.T @ (x.T @ target)

    def left_out_error(penalty: float) -> float:
        fitted = turned @ (projected / (values + penalty)[:, None])
        leverage = (turned**2 / (values + penalty)).sum(axis=1) + 1 / len(x)
        return float((((target - fitted) / np.maximum(1 - leverage, 1e-6)[:, None])[known] ** 2).mean())

    penalty = min(PENALTIES, key=left_out_error)
    weights = vectors @ (projected / (values + penalty)[:, None])
    return RidgeBaseline(centre, scale, weights, offset)
