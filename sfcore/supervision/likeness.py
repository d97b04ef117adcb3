"""Pictures that look alike: a perceptual hash of each, and the pairs whose hashes nearly agree."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 16
BITS = _SIDE * _SIDE
NEAR = 39
"""Bits of 256 in which pictures may differ that pass for nearly the same. A picture stored anew as JPEG of quality 30, at half
its size or a tenth brighter stays below, other faces are at 80 and more (``tests/sfcore/supervision/test_likeness.py``)."""
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures by their places, and in how many of 256 bits they differ."""

    first: int
    second: int
    bits: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """How many of some pictures have another that is nearly the same, and the closest pairs."""

    pictures: int
    near: int
    same: int
    """Pictures with another whose hash is the very same."""
    closest: tuple[Pair, ...]
    histogram: tuple[int, ...]
    """Pictures by the distance to the one most like them: 0 to 7 bits, 8 to 15, and so on."""


def perceptual_hash(picture: bytes) -> NDArray[np.uint64]:
    """(4,) uint64: whether each of 16 x 16 places is brighter than its left neighbour (a difference hash)."""
    grey = Image.open(io.BytesIO(picture)).convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, np.int16)
    return np.packbits(values[:, 1:] > values[:, :-1]).view(np.uint64)


def likeness(hashes: Sequence[NDArray[np.uint64]], pairs: int = 6) -> Likeness:
    """Compares every picture with every other; 20,000 take some seconds."""
    table = np.array(hashes, np.uint64).reshape(-1, BITS // 64)
    count = len(table)
    nearest, where = np.full(count, BITS), np.zeros(count, np.int64)
    for start in range(0, count, _BLOCK):
        block = table[start : start + _BLOCK]
        bits = np.zeros((len(block), count), np.int16)
        for column in range(table.shape[1]):
            bits += np.bitwise_count(block[:, column, None] ^ table[None, :, column])
        bits[np.arange(len(block)), start + np.arange(len(block))] = BITS + 1
        where[start : start + len(block)] = bits.argmin(axis=1)
        nearest[start : start + len(block)] = bits.min(axis=1, initial=BITS + 1)
    order = np.argsort(nearest, kind="stable").tolist()
    closest: dict[tuple[int, int], int] = {}
    for place in order:
        if len(closest) == pairs or nearest[place] > BITS:
            break
        other = int(where[place])
        closest.setdefault((min(place, other), max(place, other)), int(nearest[place]))
    bins = np.bincount(np.minimum(nearest, BITS) // 8, minlength=BITS // 8 + 1)
    return Likeness(
        count,
        int((nearest <= NEAR).sum()),
        int((nearest == 0).sum()),
        tuple(Pair(first, second, bits) for (first, second), bits in closest.items()),
        tuple(bins.tolist()),
    )
