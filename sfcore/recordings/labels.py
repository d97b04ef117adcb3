"""From takes to rows of the ``labels`` and ``rejects`` tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcore import arkit
from sfcore.randomness import digest
from sfcore.recipe import Labels, PriorLabels
from sfcore.recordings import prior
from sfcore.recordings.splits import split_by_take, split_by_time
from sfcore.recordings.take import Take
from sfcore.store.schemas import SCHEMAS

PRIOR_FORMAT = "prior"
PRIOR_FPS = 30.0


def label_rows(take: Take, labels: Labels, split: NDArray[np.str_] | str | None = None) -> pa.Table:
    """One row of ``labels`` for each kept row of a take; ``split`` overrides the split by time.

    Head rotations that are exactly 0 in every row were switched off in the app, so they are unknown (null), not a still head.
    """
    n = len(take.frame)
    words = split_by_time(take.t, take.frame, labels, take.source_hash) if split is None else np.broadcast_to(split, n)
    values = _without_switched_off_head(take.coefficients)
    columns: dict[str, object] = {
        "dataset": pa.array([labels.dataset] * n),
        "take": pa.array([take.name] * n),
        "frame": take.frame,
        "t": pa.array(take.t, mask=np.isnan(take.t)),
        **{name: pa.array(values[:, i], mask=np.isnan(values[:, i])) for i, name in enumerate(arkit.NAMES)},
        "split": pa.array(words.tolist()),
        "format": pa.array([take.format] * n),
        "source_name": pa.array([take.source_name] * n),
        "source_hash": pa.array([take.source_hash] * n),
        "subject": pa.array([take.subject] * n, pa.string()),
        "image": pa.nulls(n, pa.binary()),
        "clipped": take.clipped,
    }
    return pa.table(columns).cast(SCHEMAS["labels"])


def _without_switched_off_head(coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    head = [c.index for c in arkit.ROTATIONS if c.region == "head"]
    if len(coefficients) < 2 or np.any(coefficients[:, head] != 0):
        return coefficients
    unknown = coefficients.copy()
    unknown[:, head] = np.nan
    return unknown


def reject_rows(take: Take, run_id: str) -> pa.Table:
    """One row of ``rejects`` for each row of the source that could not be kept."""
    rows = [
        {"run_id": run_id, "stage": "ingest", "source": take.source_name, "row": r.row, "reason": r.reason, "detail": r.detail}
        for r in take.rejects
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["rejects"])


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
