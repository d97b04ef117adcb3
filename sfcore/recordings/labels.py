"""From takes to rows of the ``labels`` and ``rejects`` tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.randomness import digest
from sfcore.recipe import Labels, PriorLabels
from sfcore.recordings import prior
from sfcore.recordings.source import Refused
from sfcore.recordings.splits import GUARD, split_by_take, split_by_time
from sfcore.recordings.take import RejectReason, Take
from sfcore.store.schemas import SCHEMAS

PRIOR_FORMAT = "prior"
PRIOR_FPS = 30.0
# Rows made into a table at a time; with pictures of a hundred kilobytes or so, far fewer.
_ROWS = 65_536
_ROWS_WITH_PICTURES = 512
_HEAD = [c.index for c in arkit.ROTATIONS if c.region == "head"]


def split_of(take: Take, labels: Labels) -> NDArray[np.str_]:
    """(n,) words train, test or guard for the rows of a take.

    What is held out follows from the performance and its times: raw, calibrated, mirrored and perturbed takes of one performance
    are held out alike. Where a long recording was cut, both sides of the cut are guarded. Rows that were exported stay in the
    split they were in: a copy that was made of training frames must not be held out when it comes back.
    """
    if take.split is not None:
        return take.split
    words = split_by_time(take.t, take.frame, labels, take.performance)
    for at_end, is_cut in zip((False, True), take.cut, strict=True):
        if is_cut and labels.guard_seconds and not np.isnan(take.t).any():
            edge = take.t[-1] - labels.guard_seconds if at_end else take.t[0] + labels.guard_seconds
            words[take.t > edge if at_end else take.t < edge] = GUARD
    return words


def label_rows(take: Take, labels: Labels, split: NDArray[np.str_] | str | None = None) -> pa.Table:
    """One row of ``labels`` for each kept row of a take; ``split`` overrides the split by time.

    Head rotations that are exactly 0 in every row were switched off in the app, so they are unknown (null), not a still head.
    """
    return pa.concat_tables(list(label_batches(take, labels, split)) or [SCHEMAS["labels"].empty_table()])


def label_batches(take: Take, labels: Labels, split: NDArray[np.str_] | str | None = None) -> Iterator[pa.Table]:
    """As `label_rows`, a part of the rows at a time: fewer where they hold pictures."""
    n = len(take.frame)
    words = split_of(take, labels) if split is None else np.broadcast_to(split, n)
    head_is_off = _head_is_off(take.coefficients)
    step = _ROWS_WITH_PICTURES if take.images is not None else _ROWS
    provenance = json.dumps(take.provenance, sort_keys=True) if take.provenance else None
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        yield _table(take, labels.dataset, rows, words[rows], head_is_off, provenance)


def _table(take: Take, dataset: str, rows: slice, words: NDArray[np.str_], head_is_off: bool, provenance: str | None) -> pa.Table:
    n = rows.stop - rows.start
    values, t = take.coefficients[rows], take.t[rows]
    if head_is_off:
        values = values.copy()
        values[:, _HEAD] = np.nan
    columns: dict[str, object] = {
        "dataset": _repeated(dataset, n),
        "take": _repeated(take.name, n),
        "frame": take.frame[rows],
        "t": pa.array(t, mask=np.isnan(t)),
        **{name: pa.array(values[:, i], mask=np.isnan(values[:, i])) for i, name in enumerate(arkit.NAMES)},
        "split": pa.array(words.tolist()),
        "format": _repeated(take.format, n),
        "source_name": _repeated(take.source_name, n),
        "source_hash": _repeated(take.source_hash, n),
        "subject": _repeated(take.subject, n),
        "image": pa.array(list(take.images[rows]) if take.images is not None else [None] * n, pa.binary()),
        "clipped": take.clipped[rows],
        "provenance": _repeated(provenance, n),
    }
    return pa.table(columns).cast(SCHEMAS["labels"])


def _repeated(word: str | None, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(word, pa.string()), n)


def _head_is_off(coefficients: NDArray[np.float32]) -> bool:
    return len(coefficients) >= 2 and not np.any(coefficients[:, _HEAD] != 0)


def reject_batches(take: Take, dataset: str, run_id: str) -> Iterator[pa.Table]:
    """One row of ``rejects`` for each row of the source that could not be kept, a part of them at a time."""
    for start in range(0, len(take.rejects), _ROWS):
        part = take.rejects[start : start + _ROWS]
        yield _reject_table(
            dataset, run_id, take.source_name, [r.row for r in part], [r.reason for r in part], [r.detail for r in part]
        )


def turned_away_batches(take: Take, dataset: str, run_id: str, reason: RejectReason, detail: str) -> Iterator[pa.Table]:
    """One row of ``rejects`` for each row that a take would have brought: its own rejects, and the others for one reason."""
    yield from reject_batches(take, dataset, run_id)
    for start in range(0, len(take.frame), _ROWS):
        rows = take.frame[start : start + _ROWS]
        yield _reject_table(dataset, run_id, take.source_name, rows, [reason] * len(rows), [detail] * len(rows))


def refused_row(refused: Refused, dataset: str, run_id: str, row: int) -> pa.Table:
    """The row of ``rejects`` for a file of which nothing could be read; ``row`` stands in for a row's number."""
    return _reject_table(dataset, run_id, refused.name, [row], ["unreadable file"], [refused.sentence])


def _reject_table(
    dataset: str, run_id: str, source: str, rows: Any, reasons: Sequence[RejectReason], details: Sequence[str]
) -> pa.Table:
    n = len(rows)
    columns = {"run_id": run_id, "stage": "ingest", "source": source, "dataset": dataset}
    told = {name: _repeated(value, n) for name, value in columns.items()}
    told |= {"row": pa.array(rows, pa.int64()), "reason": pa.array(reasons), "detail": pa.array(details)}
    return pa.table({name: told[name] for name in SCHEMAS["rejects"].names}).cast(SCHEMAS["rejects"])


def prior_takes(drawn: PriorLabels, test_share: float, seed: int) -> Iterator[tuple[Take, str]]:
    """The takes of the coefficient prior with their splits: alike and independent, so whole takes are held out."""
    splits = split_by_take(drawn.takes, test_share, key=f"prior-{seed}")
    for number, split in enumerate(splits):
        values = prior.draw_take(seed, number, drawn.frames, PRIOR_FPS)
        frame = np.arange(len(values), dtype=np.int64)
        take = Take(
            name=f"prior-{seed}-{number:03d}",
            format=PRIOR_FORMAT,
            source_name="coefficient prior",
            source_hash=digest("prior", values.astype("<f4").tobytes()),
            frame=frame,
            t=frame / PRIOR_FPS,
            coefficients=values,
            clipped=np.zeros(len(values), np.int32),
        )
        yield take, split
