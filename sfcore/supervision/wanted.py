"""Which samples a recipe wants of a dataset's labels, and who of its identities shows each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfcore.randomness import digest, sample_id, stream
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TEST, TRAIN


@dataclass(frozen=True, slots=True)
class WantedSample:
    """One picture to make: the label it shows and the face that shows it."""

    sample_id: str
    dataset: str
    take: str
    frame: int
    variant: int
    split: str
    identity: str


def identity_name(rig: str, split: str, number: int) -> str:
    """Name of a face; its traits follow from the name, and no name is in two splits."""
    return f"{rig}-{split}-{number:03d}"


def wanted_samples(labels: pa.Table, recipe: Recipe) -> list[WantedSample]:
    """The samples of all training and held-out labels, thinned as the recipe says, in the order of take, frame and variant.

    ``labels`` needs the columns dataset, take, frame and split; rows of the guard are never used.
    """
    rows = labels.select(["dataset", "take", "frame", "split"]).sort_by([("take", "ascending"), ("frame", "ascending")])
    kept = [row for row in rows.to_pylist() if row["split"] in (TRAIN, TEST)]
    chosen = thinned(kept, recipe.labels.max_frames)
    samples = []
    for row in chosen:
        count = recipe.faces.train_identities if row["split"] == TRAIN else recipe.faces.test_identities
        for variant in range(recipe.supervision.variants):
            name = sample_id(row["dataset"], row["take"], row["frame"], variant, recipe.supervision_digest)
            number = int(stream(name, "identity").integers(count))
            identity = identity_name(recipe.faces.rig, row["split"], number)
            samples.append(WantedSample(name, row["dataset"], row["take"], row["frame"], variant, row["split"], identity))
    return samples


def is_of(recipe: Recipe, split: str | None = None) -> pc.Expression:
    """The filter for a recipe's rows of ``supervision``: its dataset, shown by its faces; of one split, or of both."""
    rows = (pc.field("dataset") == recipe.labels.dataset) & (pc.field("recipe_digest") == recipe.supervision_digest)
    return rows if split is None else rows & (pc.field("split") == split)


def thinned(rows: list[dict[str, Any]], most: int | None) -> list[dict[str, Any]]:
    """Evenly spaced rows, at most ``most``, each split keeping its share."""
    if most is None or len(rows) <= most:
        return rows
    kept: set[int] = set()
    for split in (TRAIN, TEST):
        places = np.array([i for i, row in enumerate(rows) if row["split"] == split], dtype=np.int64)
        if len(places):
            count = max(1, round(most * len(places) / len(rows)))
            kept.update(places[np.linspace(0, len(places) - 1, count).round().astype(np.int64)].tolist())
    return [rows[i] for i in sorted(kept)]


def plan_key(samples: list[WantedSample], rig_digest: str, recipe: Recipe) -> str:
    """Names the plan: the samples wanted, the rig's shape, and how files are cut."""
    cuts = f"{recipe.supervision.rows_per_file}/{recipe.supervision.files_per_wave}"
    return digest("supervise", rig_digest, cuts, "\n".join(sample.sample_id for sample in samples))[:16]
