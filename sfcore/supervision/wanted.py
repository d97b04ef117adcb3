"""Which samples a recipe wants of a dataset's labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import WorkFailed, WrongUse, nearest
from sfcore.randomness import digest, sample_id
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TEST, TRAIN
from sfcore.rigs.registry import rig_card
from sfcore.store.workspace import Workspace
from sfcore.supervision.casting import Cast, cast_of

EDITION = 3
"""Raise it when drawing or wording changes on purpose: pictures of another edition are other pictures and are made anew."""


@dataclass(frozen=True, slots=True)
class WantedSample:
    """One picture to make: the label it shows and the face that shows it."""

    sample_id: str
    dataset: str
    take: str
    frame: int
    variant: int
    split: str
    rig: str
    identity: str


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of the tables that a model is made from."""

    labels: int
    supervision: int


def picture_digest(recipe: Recipe, rig_digest: str) -> str:
    """Names how pictures and captions are made: the recipe's faces, the rig's shape, and the edition of drawing and wording."""
    return digest(recipe.supervision_digest, rig_digest, EDITION)


def wanted_samples(labels: pa.Table, recipe: Recipe, cast: Cast) -> list[WantedSample]:
    """The samples of all training and held-out labels, thinned as the recipe says, in the order of take, frame and variant.

    ``labels`` needs the columns dataset, take, frame and split; rows of the guard are never used.
    """
    pictures = {rig: picture_digest(recipe, shape) for rig, shape in cast.shapes.items()}
    rows = labels.select(["dataset", "take", "frame", "split"]).sort_by([("take", "ascending"), ("frame", "ascending")])
    kept = [row for row in rows.to_pylist() if row["split"] in (TRAIN, TEST)]
    samples = []
    for row in thinned(kept, recipe.labels.max_frames):
        for variant in range(recipe.supervision.variants):
            # Who plays follows from the label and the recipe; the sample's name from its own rig too, so that a rig that is
            # imported anew leaves the pictures of others alone.
            part = sample_id(row["dataset"], row["take"], row["frame"], variant, recipe.supervision_digest)
            rig, identity = cast.play(part, row["split"])
            name = sample_id(row["dataset"], row["take"], row["frame"], variant, pictures[rig])
            samples.append(WantedSample(name, row["dataset"], row["take"], row["frame"], variant, row["split"], rig, identity))
    return samples


def cast_in(workspace: Workspace, recipe: Recipe) -> Cast:
    """The cast of a recipe from the rigs that ship with sface or were imported into the workspace; an unknown one is refused."""
    return cast_of(recipe.faces, lambda name: rig_card(name, workspace))


def samples_of(workspace: Workspace, recipe: Recipe, labels_version: int) -> list[WantedSample]:
    """What a recipe wants of its dataset as the labels were at a version: the same whatever else the workspace holds.

    Raises `WrongUse` when the dataset has no labels, `WorkFailed` when it has none to learn from or none to measure with.
    """
    dataset = recipe.labels.dataset
    of_dataset = pc.field("dataset") == dataset
    keys = workspace.read("labels", labels_version, columns=["dataset", "take", "frame", "split"], filter=of_dataset)
    if not keys.num_rows:
        known = workspace.read("labels", labels_version, columns=["dataset"])["dataset"].unique().to_pylist()
        raise WrongUse(
            f"there are no labels of a dataset '{dataset}'{nearest(dataset, known)}: ingest a recording into it first."
        )
    wanted = wanted_samples(keys, recipe, cast_in(workspace, recipe))
    for split, purpose in ((TRAIN, "to learn from"), (TEST, "held out to measure with")):
        if not any(sample.split == split for sample in wanted):
            raise WorkFailed(f"dataset '{dataset}' has no labels {purpose}: ingest a longer recording, or one more.")
    return wanted


def names_of(samples: list[WantedSample], split: str) -> list[str]:
    """The sample ids of one split, sorted."""
    return sorted(sample.sample_id for sample in samples if sample.split == split)


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
