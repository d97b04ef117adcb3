"""Making samples: pose and draw a face, describe it, check the description, store the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcore.arkit import NAMES
from sfcore.captions.captioner import Captioned, captioner_of
from sfcore.captions.description import FIELDS
from sfcore.recipe import Recipe
from sfcore.render.draw import Renderer
from sfcore.render.encode import encode_image
from sfcore.render.scene import Scene, draw_scene
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from sfcore.supervision.wanted import WantedSample, picture_digest

if TYPE_CHECKING:
    from sfcore.captions.llm.access import TeacherAccess

# Captions are checked against the coefficients they were written from; one below this is a defect and is kept out of training.
LOWEST_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class Made:
    """What became of some wanted samples: rows of ``supervision`` and rows of ``rejects``, which add up to what was wanted."""

    rows: pa.Table
    rejects: pa.Table


class SampleMaker:
    """Makes samples with each rig loaded, the kernel compiled and the captioner made once.

    ``access`` says where the language model answers that a recipe may ask for captions; by default the environment says it.
    """

    def __init__(self, recipe: Recipe, workspace: Workspace, access: TeacherAccess | None = None) -> None:
        self._recipe, self._workspace = recipe, workspace
        self._captioner = captioner_of(recipe, workspace, access)
        self._renderers: dict[str, Renderer] = {}

    def make(self, samples: Sequence[WantedSample], coefficients: NDArray[np.float32], run_id: str) -> Made:
        """Makes the samples that show ``coefficients`` (n, 61) float32 with NaN = unknown, in the same order.

        Each ends in a row or in a reject. Raises `sfcore.errors.WorkFailed` when the language model fails too often.
        """
        # Captions first, all together: a language model is asked many at once, and a dead one is found before anything is drawn.
        scenes = [self._scene(sample, face) for sample, face in zip(samples, coefficients, strict=True)]
        shown = [
            what_is_shown(self._renderer(sample.rig).rig, scene.coefficients)
            for sample, scene in zip(samples, scenes, strict=True)
        ]
        captions = self._captioner.caption(shown, [sample.sample_id for sample in samples])
        rows, rejects = [], []
        for sample, scene, face, caption in zip(samples, scenes, shown, captions, strict=True):
            if caption.checked.score < LOWEST_SCORE:
                rejects.append(_reject(sample, run_id, caption.checked.faults))
            else:
                rows.append(self._row(sample, scene, face, caption))
        return Made(
            pa.Table.from_pylist(rows, schema=SCHEMAS["supervision"]), pa.Table.from_pylist(rejects, schema=SCHEMAS["rejects"])
        )

    def _scene(self, sample: WantedSample, coefficients: NDArray[np.float32]) -> Scene:
        rig = self._renderer(sample.rig).rig
        return draw_scene(sample.sample_id, rig, sample.identity, coefficients, self._recipe.faces)

    def _row(self, sample: WantedSample, scene: Scene, shown: NDArray[np.float32], caption: Captioned) -> dict[str, object]:
        stored = self._recipe.supervision
        renderer = self._renderer(sample.rig)
        pixels = renderer.draw(scene)
        return {
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
            **{field: getattr(caption.description, field) for field in FIELDS},
            "caption_source": caption.source,
            "verify_score": caption.checked.score,
            "faults": list(caption.checked.faults),
            "attempts": caption.attempts,
            "tokens": caption.tokens,
            "cost": caption.cost,
            "scene": scene.to_json(),
            "recipe_digest": picture_digest(self._recipe, renderer.rig.digest),
            "rig_digest": renderer.rig.digest,
        }

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
        "dataset": sample.dataset,
    }
