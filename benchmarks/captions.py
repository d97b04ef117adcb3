"""Writes and checks many captions on one core: faults, captions a second of CPU time, lies found, answers of others read.

    python benchmarks/captions.py [--count 100000] [--seed 0] [--takes FOLDER] [--answers FILE] [--lies 1000]

Faces are plausible, sparse, dense, extreme and partly unknown; with --takes also frames of the Live Link files (CSV) in a folder.
--answers reads published answers of a model (SemanticFace's example_result.jsonl) and scores their words against the coefficients
beside them. Rates are medians over batches. Exits with 1 when a caption is untrue or too many lies pass.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.captioner import by_grammar
from sfcore.captions.description import FIELDS, Description
from sfcore.captions.lies import LIES
from sfcore.captions.verify import tally, verify
from sfcore.recordings.prior import draw_take

Faces = list[NDArray[np.float32]]

_EDGES = np.array([0.0, 0.1, 0.1499, 0.15, 0.25, 0.3, 0.5, 0.55, 0.7999, 0.8, 1.0, 1.0033, -0.016, np.nan], np.float32)
_BATCH = 2000
# The verifier has to find at least this share of what was made false on purpose.
_LEAST_FOUND = 0.99
KINDS = ("prior", "sparse", "dense", "extreme", "unknown")


def faces(kind: str, count: int, seed: int) -> Faces:
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


def frames_of(folder: Path) -> Faces:
    """Every frame of the Live Link takes (CSV with the 61 names) in a folder."""
    found: Faces = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if set(NAMES) <= set(reader.fieldnames or ()):
                found += [np.array([float(row[name] or "nan") for name in NAMES], np.float32) for row in reader]
    return found


def _batches(kind: str, count: int, seed: int, recorded: Faces) -> Iterator[Faces]:
    for first in range(0, count, _BATCH):
        many = min(_BATCH, count - first)
        if kind == "takes":
            picks = np.linspace(0, len(recorded) - 1, count).astype(int)[first : first + many]
            yield [recorded[i] for i in picks]
        else:
            yield faces(kind, many, seed + first)


def _timed(values: Faces, name: str) -> tuple[float, list[str], int]:
    """Seconds of this core's time for writing and checking, the faults found, and the words written."""
    start = time.process_time()
    captions = [by_grammar(face, f"{name}-{n}") for n, face in enumerate(values)]
    taken = time.process_time() - start
    faults = [fault for caption in captions for fault in caption.checked.faults]
    return taken, faults, sum(len(getattr(c.description, field).split()) for c in captions for field in FIELDS)


def truth(count: int, seed: int, recorded: Faces) -> int:
    """Writes ``count`` captions, prints speed and faults for each kind of face; returns the number of faults."""
    kinds = (*KINDS, "takes") if recorded else KINDS
    total = 0
    print(f"{'faces':8}  {'captions':>8}  {'words':>5}  {'us':>5}  {'captions/s':>10}  faults")
    for kind in kinds:
        taken, words, done, faults = [], 0, 0, Counter[str]()
        for number, batch in enumerate(_batches(kind, -(-count // len(kinds)), seed, recorded)):
            seconds, found, said = _timed(batch, f"{kind}-{number}")
            taken.append(seconds / len(batch))
            done, words = done + len(batch), words + said
            faults.update(found)
        each = float(np.median(taken))
        print(f"{kind:8}  {done:8}  {words / done:5.1f}  {each * 1e6:5.0f}  {1 / each:10.0f}  {faults.total()}")
        for fault, n in faults.most_common(5):
            print(f"  {n} x {fault}")
        total += faults.total()
    return total


def lies(count: int, seed: int, recorded: Faces) -> bool:
    """Tells each lie of ``count`` faces of each kind; prints how many are found and returns whether they are enough."""
    print(f"\n{'lie':14}  {'told':>6}  found")
    enough = True
    for name, lie in LIES.items():
        told = found = 0
        for kind in (*KINDS, "takes") if recorded else KINDS:
            for number, face in enumerate(next(_batches(kind, min(count, _BATCH), seed, recorded))):
                false = lie(by_grammar(face, f"{kind}-{number}").description, face, np.random.default_rng(number))
                if false is not None:
                    told += 1
                    found += bool(verify(false, face).faults)
        print(f"{name:14}  {told:6}  {found / max(told, 1):.2%}")
        enough &= found >= _LEAST_FOUND * told
    return enough


def answers(path: Path) -> None:
    """Reads published answers (four numbered points, then coefficients) and prints how their words stand to their numbers."""
    claims = hold = signs = told = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        prose, _, numbers = json.loads(line)["response"].partition("{")
        fields = [field.strip() for field in re.split(r"(?:^|\n)\d\. \*\*[^*]*\*\*:?", prose)[1:]]
        values = json.loads("{" + numbers)
        counted = tally(Description(*fields), np.array([values[name] for name in NAMES], np.float32))
        claims, hold, signs, told = claims + counted.claims, hold + counted.hold, signs + counted.signs, told + counted.told
    print(f"\npublished answers: {hold} of {claims} claims hold ({hold / claims:.0%}), {told} of {signs} strong actions are told")


def main() -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100_000, help="captions to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--takes", type=Path, help="folder of Live Link takes (CSV) to caption too")
    parser.add_argument("--answers", type=Path, help="file of published answers to read (JSON lines)")
    parser.add_argument("--lies", type=int, default=1000, help="faces of each kind to lie about")
    given = parser.parse_args()
    recorded = frames_of(given.takes) if given.takes else []
    faults = truth(given.count, given.seed, recorded)
    found = lies(given.lies, given.seed, recorded)
    if given.answers:
        answers(given.answers)
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
