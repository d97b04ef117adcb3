"""What people are told of cells to which a model gave no number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def silence_of(metrics: pa.Table, model_id: str) -> str:
    """A clause on the cells of a run that a model left without a finite number; empty where there is none."""
    rows = zip(*(metrics[name].to_pylist() for name in ("model_id", "metric", "slice", "value")), strict=True)
    share = next((row[3] for row in rows if row[:3] == (model_id, "unanswered", "all")), None)
    return f"{100 * share:.2g} % of its cells hold no finite number and count as wrong as can be" if share else ""
