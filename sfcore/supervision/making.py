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
from sfcore.rigs.rig import Rig
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from sfcore.supervision.wanted import WantedSample, picture_digest

# The grammar is checked against its own coefficients; a caption below this is a defect and is kept out of training.
LOWEST_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class Made:
    """What became of some wanted samples: rows of ``supervision`` and rows of ``rejects``, which add up to what was wanted."""

    rows: pa.Table
    rejects: pa.Table


class SampleMaker:
    """Makes samples with each rig loaded and the kernel compiled once."""

    def __init__(self, recipe: Recipe, workspace: Workspace) -> None:
        self._recipe, self._workspace = recipe, workspace
        self._renderers: dict[str, Renderer] = {}

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
        renderer = self._renderer(sample.rig)
        scene = draw_scene(sample.sample_id, renderer.rig, sample.identity, coefficients, faces)
        pixels = renderer.draw(scene)
        shown = what_is_shown(renderer.rig, scene.coefficients)
        description = describe(shown, sample.sample_id)
        checked = verify(description, shown)
        row: dict[str, object] = {
            "sample_id": sample.sample_id,
            "dataset": sample.dataset,
            "take": sample.take,
            "frame": sample.frame,
            "variant": sample.variant,
            "split": sample.split,
            "domain": renderer.rig.domain,
            "identity": sample.identity,
            "image": encode_image(pixels, stored.image_format, stored.image_quality),
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            **{name: None if np.isnan(shown[i]) else float(shown[i]) for i, name in enumerate(NAMES)},
            **{field: getattr(description, field) for field in FIELDS},
            "caption_source": "grammar",
            "verify_score": checked.score,
            "faults": list(checked.faults),
            "attempts": 1,
            "tokens": 0,
            "cost": 0.0,
            "scene": scene.to_json(),
            "recipe_digest": picture_digest(self._recipe, renderer.rig.digest),
            "rig_digest": renderer.rig.digest,
        }
        return row, checked

    def _renderer(self, rig: str) -> Renderer:
        if rig not in self._renderers:
            self._renderers[rig] = Renderer(load_rig(rig, self._workspace))
        return self._renderers[rig]


def what_is_shown(rig: Rig, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coefficients (61,) as a picture of the rig can teach them: what it cannot show is unknown (NaN), not 0.

    That is a shape it does not have, and the roll of an eye, which turns a round iris.
    """
    return np.where(rig.channels_shown, coefficients, np.float32(np.nan)).astype(np.float32)


def _reject(sample: WantedSample, run_id: str, faults: Sequence[str]) -> dict[str, object]:
    return {
        "run_id": run_id,
        "stage": "supervise",
        "source": f"{sample.dataset}/{sample.take}",
        "row": sample.frame,
        "reason": "caption not true",
        "detail": f"{sample.sample_id}: {'; '.join(faults)}",
    }
