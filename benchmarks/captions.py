"""Writes and checks many captions on one core; prints faults and captions a second.

    python benchmarks/captions.py [--count 100000] [--seed 0]

Faces are sparse, dense, extreme, unknown-holding and drawn from the prior, a fifth each. Exits with 1 when a caption is untrue.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.category import category_of
from sfcore.captions.grammar import describe
from sfcore.captions.verify import verify
from sfcore.recordings.prior import draw_take

_EDGES = np.array([0.0, 0.1, 0.1499, 0.15, 0.25, 0.3, 0.5, 0.55, 0.7999, 0.8, 1.0, 1.0033, -0.016, np.nan], np.float32)
_BATCH = 2000


def faces(count: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """(61,) float32 faces, drawn one kind after another."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        kind, values = number % 5, np.zeros(61, np.float32)
        if kind == 0:
            at = rng.integers(0, 61, rng.integers(0, 9))
            values[at] = rng.random(len(at))
        elif kind == 1:
            values = rng.random(61).astype(np.float32)
            values[52:] = rng.normal(0, 0.4, 9)
        elif kind == 2:
            values = rng.choice(_EDGES, 61)
        elif kind == 3:
            values = rng.beta(0.3, 0.7, 61).astype(np.float32)
            values[rng.random(61) < rng.random()] = np.nan
        else:
            if number % 1000 == 4:
                take = draw_take(seed, number // 1000, 200)
            values = take[number % 1000 // 5]
        yield values


def _timed(values: list[NDArray[np.float32]], first: int) -> tuple[float, float, list[str], int]:
    """Seconds of writing and of checking, the faults found, and the words written."""
    start = time.perf_counter()
    captions = [describe(face, f"benchmark-{first + n}") for n, face in enumerate(values)]
    written = time.perf_counter()
    verdicts = [verify(caption, face) for caption, face in zip(captions, values, strict=True)]
    checked = time.perf_counter()
    faults = [fault for verdict in verdicts for fault in verdict.faults]
    words = sum(len(getattr(caption, field).split()) for caption in captions for field in caption.__slots__)
    return written - start, checked - written, faults, words


def main() -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100_000, help="captions to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    writing, checking, words = [], [], 0
    faults: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    every = faces(arguments.count, arguments.seed)
    for first in range(0, arguments.count, _BATCH):
        batch = [face for _, face in zip(range(min(_BATCH, arguments.count - first)), every, strict=False)]
        wrote, checked, found, said = _timed(batch, first)
        writing.append(wrote / len(batch))
        checking.append(checked / len(batch))
        words += said
        faults.update(found)
        categories.update(category_of(face) for face in batch[4::5])
    both = np.array(writing) + np.array(checking)
    print(f"captions {arguments.count}, faults {faults.total()}, words a caption {words / arguments.count:.1f}")
    print(f"write {np.median(writing) * 1e6:.0f} us, check {np.median(checking) * 1e6:.0f} us (medians over batches of {_BATCH})")
    print(f"write and check: {1 / np.median(both):.0f} captions/s on one core, best batch {1 / both.min():.0f}")
    print("categories of the prior:", ", ".join(f"{name} {n}" for name, n in categories.most_common()))
    for fault, n in faults.most_common(10):
        print(f"  {n} x {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
