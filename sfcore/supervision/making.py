"""Making samples: pose and draw a face, describe it, check the description, store the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.captions.grammar import describe
from sfcore.captions.verify import Verification, verify
from sfcore.recipe import Recipe
from sfcore.render.draw import Renderer
from sfcore.render.encode import encode_image
from sfcore.render.scene import draw_scene
from sfcore.rigs.registry import load_rig
from sfcore.store.schemas import SCHEMAS
from sfcore.supervision.wanted import WantedSample, picture_digest

# The grammar is checked against its own coefficients; a caption below this is a defect and is kept out of training.
LOWEST_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class Made:
    """What became of some wanted samples: rows of ``supervision`` and rows of ``rejects``, which add up to what was wanted."""

    rows: pa.Table
    rejects: pa.Table


class SampleMaker:
    """Makes samples with its rig loaded and its kernel compiled once."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._rig = load_rig(recipe.faces.rig)
        self._renderer = Renderer(self._rig)
        self._pictures = picture_digest(recipe, self._rig.digest)

    def make(self, samples: Sequence[WantedSample], coefficients: NDArray[np.float32], run_id: str) -> Made:
        """Makes the samples that show ``coefficients`` (n, 61) float32 with NaN = unknown, in the same order."""
        rows, rejects = [], []
        for number, sample in enumerate(samples):
            row, checked = self._row(sample, coefficients[number])
            if checked.score < LOWEST_SCORE:
                rejects.append(_reject(sample, run_id, checked.faults))
            else:
                rows.append(row)
        return Made(
            pa.Table.from_pylist(rows, schema=SCHEMAS["supervision"]), pa.Table.from_pylist(rejects, schema=SCHEMAS["rejects"])
        )

    def _row(self, sample: WantedSample, coefficients: NDArray[np.float32]) -> tuple[dict[str, object], Verification]:
        faces, stored = self._recipe.faces, self._recipe.supervision
        scene = draw_scene(sample.sample_id, self._rig, sample.identity, coefficients, faces)
        pixels = self._renderer.draw(scene)
        description = describe(scene.coefficients, sample.sample_id)
        checked = verify(description, scene.coefficients)
        drawn = scene.coefficients
        row: dict[str, object] = {
            "sample_id": sample.sample_id,
            "dataset": sample.dataset,
            "take": sample.take,
            "frame": sample.frame,
            "variant": sample.variant,
            "split": sample.split,
            "domain": faces.rig,
            "identity": sample.identity,
            "image": encode_image(pixels, stored.image_format, stored.image_quality),
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            **{name: None if np.isnan(drawn[i]) else float(drawn[i]) for i, name in enumerate(NAMES)},
            **{field: getattr(description, field) for field in FIELDS},
            "caption_source": "grammar",
            "verify_score": checked.score,
            "faults": list(checked.faults),
            "attempts": 1,
            "tokens": 0,
            "cost": 0.0,
            "scene": scene.to_json(),
            "recipe_digest": self._pictures,
            "rig_digest": self._rig.digest,
        }
        return row, checked


def _reject(sample: WantedSample, run_id: str, faults: Sequence[str]) -> dict[str, object]:
    return {
        "run_id": run_id,
        "stage": "supervise",
        "source": f"{sample.dataset}/{sample.take}",
        "row": sample.frame,
        "reason": "caption not true",
        "detail": f"{sample.sample_id}: {'; '.join(faults)}",
    }
