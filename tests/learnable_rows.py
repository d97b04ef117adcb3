"""Rows of the supervision table with pictures that show their coefficients as grey squares: made in milliseconds, learnable."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image

from sfcore.arkit import INDEX, NAMES
from sfcore.captions.description import FIELDS
from sfcore.captions.grammar import describe
from sfcore.randomness import digest
from sfcore.recipe import Recipe
from sfcore.recordings.prior import draw_take
from sfcore.store.schemas import SCHEMAS


def picture_of(face: np.ndarray, width: int = 96, height: int = 96, form: str = "PNG") -> bytes:
    """Encoded picture with one grey square for each of the first 36 channels."""
    squares = np.uint8(255 * np.clip(np.nan_to_num(face[:36]), 0, 1)).reshape(6, 6)
    out = io.BytesIO()
    Image.fromarray(squares).resize((width, height), Image.Resampling.NEAREST).convert("RGB").save(out, form)
    return out.getvalue()


def learnable_rows(count: int, recipe: Recipe, unknown: tuple[str, ...] = ("TongueOut",)) -> pa.Table:
    """``count`` training rows of faces from the prior, in which the ``unknown`` channels are null."""
    faces = draw_take(3, 0, count)
    faces[:, [INDEX[name] for name in unknown]] = np.nan
    rows = []
    for number, face in enumerate(faces):
        name = digest("learnable", number)
        said = describe(face, name)
        rows.append(
            {
                **dict.fromkeys(("take", "identity", "caption_source", "rig_digest"), "test"),
                **dict.fromkeys(("variant", "attempts", "tokens"), 0),
                "sample_id": name,
                "dataset": recipe.labels.dataset,
                "frame": number,
                "split": "train",
                "domain": "procedural",
                "image": picture_of(face),
                "width": 96,
                "height": 96,
                "faults": [],
                "scene": "{}",
                "verify_score": 1.0,
                "cost": 0.0,
                "recipe_digest": recipe.supervision_digest,
                **{channel: None if np.isnan(value) else float(value) for channel, value in zip(NAMES, face, strict=True)},
                **{field: getattr(said, field) for field in FIELDS},
            }
        )
    return pa.Table.from_pylist(rows, schema=SCHEMAS["supervision"])
