"""First draws of many streams at once: the numbers that `sfcore.randomness.stream` gives each of a million keys, in a second.

A plan asks every sample for one or two draws. Building numpy's generator for each takes some 35 microseconds, so the first block
of Philox is worked out here for all keys together; `tests/sfcore/test_lots.py` holds that the numbers are numpy's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfcore.randomness import framed, stream

Words = NDArray[np.uint64]

# Philox4x64-10: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
_MULTIPLIERS = (np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157))
_WEYL = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B))
_ROUNDS = 10
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def first_words(keys: Sequence[bytes], name: str) -> Words:
    """The first 64 random bits (n,) uint64 of the stream ``name`` of each key; keys are ASCII bytes."""
    ending, lengths = framed(name), [framed(b"x" * size)[:8] for size in range(1 + max(map(len, keys), default=0))]
    digests = b"".join([hashlib.blake2b(lengths[len(key)] + key + ending, digest_size=16).digest() for key in keys])
    halves = np.frombuffer(digests, dtype=">u8").reshape(-1, 2)
    # numpy takes the low half of a 128-bit key first, and counts before it draws.
    return _first_block(halves[:, 1].astype(np.uint64), halves[:, 0].astype(np.uint64))


def first_shares(words: Words) -> NDArray[np.float64]:
    """What ``random()`` gives first, 0..1."""
    return np.asarray((words >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def first_integers(keys: Sequence[bytes], name: str, below: NDArray[np.int64]) -> NDArray[np.int64]:
    """What ``integers(below)`` gives first, for each key with its own bound (n,), 1 to 2**32 - 1."""
    bound = below.astype(np.uint64)
    product = (first_words(keys, name) & _LOW) * bound
    drawn = (product >> _HALF).astype(np.int64)
    # Lemire's method draws again where the remainder is small, once in some ten million; numpy itself then says.
    for place in np.flatnonzero((product & _LOW) < bound).tolist():
        drawn[place] = int(stream(keys[place].decode(), name).integers(int(below[place])))
    return np.where(below == 1, 0, drawn)


def _first_block(key_0: Words, key_1: Words) -> Words:
    c0, c1, c2, c3 = np.ones_like(key_0), np.zeros_like(key_0), np.zeros_like(key_0), np.zeros_like(key_0)
    with np.errstate(over="ignore"):
        for number in range(_ROUNDS):
            if number:
                key_0, key_1 = key_0 + _WEYL[0], key_1 + _WEYL[1]
            high_0, low_0 = _product(_MULTIPLIERS[0], c0)
            high_1, low_1 = _product(_MULTIPLIERS[1], c2)
            c0, c1, c2, c3 = high_1 ^ c1 ^ key_0, low_1, high_0 ^ c3 ^ key_1, low_0
    return c0


def _product(factor: np.uint64, words: Words) -> tuple[Words, Words]:
    """High and low 64 bits of the 128-bit products."""
    factor_high, factor_low = factor >> _HALF, factor & _LOW
    high, low = words >> _HALF, words & _LOW
    below = factor_low * low
    middle = factor_high * low + (below >> _HALF)
    across = factor_low * high + (middle & _LOW)
    return factor_high * high + (middle >> _HALF) + (across >> _HALF), factor * words
