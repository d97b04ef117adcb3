"""Writes and checks many captions on one core; prints for five kinds of faces the faults and captions a second of CPU time.

    python benchmarks/captions.py [--count 100000] [--seed 0]

Rates are medians over batches. Exits with 1 when a caption is untrue.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from sfcore.captions.grammar import describe
from sfcore.captions.verify import verify
from sfcore.recordings.prior import draw_take

_EDGES = np.array([0.0, 0.1, 0.1499, 0.15, 0.25, 0.3, 0.5, 0.55, 0.7999, 0.8, 1.0, 1.0033, -0.016, np.nan], np.float32)
_BATCH = 2000
KINDS = ("prior", "sparse", "dense", "extreme", "unknown")


def faces(kind: str, count: int, seed: int) -> list[NDArray[np.float32]]:
    """``count`` faces (61,) float32 of one kind."""
    rng = np.random.default_rng(seed)
    if kind == "prior":
        return list(np.concatenate([draw_take(seed, take, 200) for take in range(-(-count // 200))])[:count])
    if kind == "extreme":
        return list(rng.choice(_EDGES, (count, 61)))
    if kind == "dense":
        values = rng.random((count, 61)).astype(np.float32)
        values[:, 52:] = rng.normal(0, 0.4, (count, 9))
        return list(values)
    if kind == "unknown":
        values = rng.beta(0.3, 0.7, (count, 61)).astype(np.float32)
        values[rng.random((count, 61)) < rng.random((count, 1))] = np.nan
        return list(values)
    shown = rng.random((count, 61)) < rng.uniform(0, 0.15, (count, 1))
    return list((shown * rng.random((count, 61))).astype(np.float32))


def _timed(values: list[NDArray[np.float32]], name: str) -> tuple[float, float, list[str], int]:
    """Seconds of this core's time for writing and for checking, the faults found, and the words written."""
    start = time.process_time()
    captions = [describe(face, f"{name}-{n}") for n, face in enumerate(values)]
    written = time.process_time()
    verdicts = [verify(caption, face) for caption, face in zip(captions, values, strict=True)]
    checked = time.process_time()
    faults = [fault for verdict in verdicts for fault in verdict.faults]
    words = sum(len(getattr(caption, field).split()) for caption in captions for field in caption.__slots__)
    return written - start, checked - written, faults, words


def main() -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100_000, help="captions to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    total = 0
    print(f"{'faces':8}  {'captions':>8}  {'words':>5}  {'write us':>8}  {'check us':>8}  {'captions/s':>10}  faults")
    for kind in KINDS:
        count = arguments.count // len(KINDS)
        writing, checking, words, faults = [], [], 0, Counter[str]()
        for first in range(0, count, _BATCH):
            batch = faces(kind, min(_BATCH, count - first), arguments.seed + first)
            wrote, checked, found, said = _timed(batch, f"{kind}-{first}")
            writing.append(wrote / len(batch))
            checking.append(checked / len(batch))
            words += said
            faults.update(found)
        write, check = float(np.median(writing)) * 1e6, float(np.median(checking)) * 1e6
        rate = 1e6 / (write + check)
        print(f"{kind:8}  {count:8}  {words / count:5.1f}  {write:8.0f}  {check:8.0f}  {rate:10.0f}  {faults.total()}")
        for fault, n in faults.most_common(5):
            print(f"  {n} x {fault}")
        total += faults.total()
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
