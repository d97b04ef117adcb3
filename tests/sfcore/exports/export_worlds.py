"""Small workspaces with labels, supervision and predictions to export, and takes to write."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from PIL import Image

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.exports.motion import Motion, Rows, Survey, Wish, Written
from sfcore.randomness import digest
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace

HOSTILE = 'quote " and \\ and\nline </script> é 表'


def picture(seed: int, form: str = "PNG") -> bytes:
    """A small encoded picture of one colour of its own."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (seed % 256, seed * 7 % 256, 90)).save(out, form)
    return out.getvalue()


def values_of(count: int, seed: int = 0) -> np.ndarray:
    """(count, 61) float32: shapes in 0..1, rotations within half a radian."""
    values = np.random.default_rng(seed).random((count, len(NAMES)), np.float32)
    values[:, 52:] -= np.float32(0.5)
    return values


def channel_columns(values: np.ndarray) -> dict[str, pa.Array]:
    """(n, 61) float32 with NaN = unknown as the tables' columns."""
    return {name: pa.array(values[:, i], mask=np.isnan(values[:, i])) for i, name in enumerate(NAMES)}


def as_table(name: str, count: int, columns: dict[str, Any]) -> pa.Table:
    """Rows of a table; columns that are not given are null."""
    schema = SCHEMAS[name]
    filled = {field.name: columns.get(field.name, pa.nulls(count, field.type)) for field in schema}
    return pa.table(filled).cast(schema)


def label_table(
    values: np.ndarray, take: str = "walk", dataset: str = "anna", t: np.ndarray | None = None, **changed: Any
) -> pa.Table:
    """Rows of ``labels``; ``changed`` replaces columns."""
    n = len(values)
    times = np.arange(n) / 30.0 if t is None else t
    columns = {
        "dataset": [dataset] * n,
        "take": [take] * n,
        "frame": np.arange(n),
        "t": pa.array(times, mask=np.isnan(times)),
        **channel_columns(values),
        "split": ["train"] * (n - n // 4) + ["test"] * (n // 4),
        "format": ["livelink-csv"] * n,
        "source_name": [f"{take}.csv"] * n,
        "source_hash": [digest(dataset, take)] * n,
        "clipped": np.zeros(n, np.int32),
    }
    return as_table("labels", n, columns | changed)


def fill(workspace: Workspace, count: int = 12, variants: int = 1) -> np.ndarray:
    """Labels of take 'walk', a picture of each and variant, and answers of 'median' and 'demo-1'; returns the (n, 61) labels.

    Of the answers of 'demo-1' that to frame 1 cannot be read. TongueOut is unknown in all rows.
    """
    values = values_of(count)
    values[:, NAMES.index("TongueOut")] = np.nan
    workspace.append("labels", label_table(values), "labels")
    shown = np.repeat(values, variants, axis=0)
    n = len(shown)
    frames = np.repeat(np.arange(count), variants)
    names = [digest("sample", i) for i in range(n)]
    supervision = {
        "sample_id": names,
        "dataset": ["anna"] * n,
        "take": ["walk"] * n,
        "frame": frames,
        "variant": np.tile(np.arange(variants, dtype=np.int32), count),
        "split": ["train"] * (n - n // 4) + ["test"] * (n // 4),
        "domain": ["procedural"] * n,
        "identity": [f"procedural-{i % 3:04d}" for i in range(n)],
        "image": [picture(i, ("PNG", "WEBP", "JPEG")[i % 3]) for i in range(n)],
        "width": np.full(n, 8, np.int32),
        "height": np.full(n, 6, np.int32),
        **channel_columns(shown),
        **{field: [f"{field} {HOSTILE}"] * n for field in FIELDS},
        "caption_source": ["grammar"] * n,
        "verify_score": np.ones(n),
        "faults": pa.array([[]] * n, pa.list_(pa.string())),
        "attempts": np.ones(n, np.int32),
        "tokens": np.zeros(n, np.int64),
        "cost": np.zeros(n),
        "scene": ["{}"] * n,
        "recipe_digest": ["r" * 32] * n,
        "rig_digest": ["g" * 32] * n,
    }
    workspace.append("supervision", as_table("supervision", n, supervision), "supervision")
    for model in ("median", "demo-1"):
        workspace.append("predictions", answers(model, names, shown, unread=1 if model == "demo-1" else None), model)
    return values


def answers(model: str, names: Sequence[str], truth: np.ndarray, unread: int | None) -> pa.Table:
    """Answers that are half the truth; that at place ``unread`` could not be read."""
    n = len(names)
    values = truth / 2
    parsed = np.ones(n, bool)
    if unread is not None:
        values[unread], parsed[unread] = np.nan, False
    columns = {
        "model_id": [model] * n,
        "sample_id": list(names),
        **channel_columns(values.astype(np.float32)),
        **{field: pa.array([f"answered {field}"] * n, mask=~parsed) for field in FIELDS},
        "parsed": parsed,
        "raw": ["mumble"] * n,
        "tokens": np.zeros(n, np.int64),
        "milliseconds": np.ones(n),
    }
    return as_table("predictions", n, columns)


def written(writer: Any, rows: Rows, wish: Wish | None = None, name: str = "walk", cut: int = 7) -> tuple[bytes, Written]:
    """What a format's module writes of a take that comes in batches of ``cut`` rows."""
    parts = [Rows(rows.frame[i : i + cut], rows.t[i : i + cut], rows.coefficients[i : i + cut]) for i in range(0, len(rows), cut)]
    survey = Survey()
    for part in parts:
        survey.see(part)
    out: BinaryIO = io.BytesIO()
    done = writer.write(Motion(name, survey, _once(parts)), wish or Wish(), out)
    return out.getvalue(), done  # type: ignore[attr-defined]


def _once(parts: list[Rows]) -> Iterator[Rows]:
    yield from parts
