"""Where every sample gets its name and every draw its number: nothing depends on a worker, a batch or an order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Name = TypeVar("Name", bound=str)


def digest(*parts: str | bytes | int) -> str:
    """BLAKE2b-128 of the parts, each prefixed by its length so that ("ab", "c") and ("a", "bc") differ; 32 hex digits."""
    return hashlib.blake2b(framed(*parts), digest_size=16).hexdigest()


def framed(*parts: str | bytes | int) -> bytes:
    """What `digest` is made of: each part after its length, so that ends of parts count."""
    framing = bytearray()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        framing += len(raw).to_bytes(8, "little")
        framing += raw
    return bytes(framing)


def sample_id(dataset: str, take: str, frame: int, variant: int, recipe_digest: str) -> str:
    """The identity of one sample, 32 hex digits: the same picture and caption follow from it wherever it is made."""
    return digest(dataset, take, frame, variant, recipe_digest)


def stream(key: str, name: str) -> np.random.Generator:
    """A generator of its own for one kind of draw of one thing.

    ``key`` is a sample id (or any name), ``name`` the stream ("camera", "noise", "wording"). Philox is counter-based: a stream's
    numbers follow from its 128-bit key alone, so leaving one kind of draw out never moves another.
    """
    return np.random.Generator(np.random.Philox(key=int(digest(key, name), 16)))


def drawn_bytes(key: str, name: str, count: int) -> bytes:
    """``count`` random bytes of one kind of draw of one thing, where a generator would cost more than what it is for.

    They follow from ``key`` and ``name`` alone (SHAKE-128 of both), and have nothing to do with the stream of that name.
    """
    return hashlib.shake_128(framed(key, name)).digest(count)


def picked(weights: Mapping[Name, float], chance: float) -> Name:
    """One name by weight: ``chance`` in 0..1 is a draw; the order of the names counts, the sum of their weights does not."""
    names = list(weights)
    bounds = np.cumsum([weights[name] for name in names])
    place = int(np.searchsorted(bounds, chance * bounds[-1], side="right"))
    return names[min(place, len(names) - 1)]
