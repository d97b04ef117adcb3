"""Which samples a recipe wants of a dataset's labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sfcore.errors import WorkFailed, WrongUse, nearest
from sfcore.randomness import digest, framed
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TEST, TRAIN
from sfcore.rigs.registry import rig_card
from sfcore.store.workspace import Workspace
from sfcore.supervision.casting import Cast, cast_of, identity_name

EDITION = 4
"""Raise it when drawing or wording changes on purpose: pictures of another edition are other pictures and are made anew."""

# Names are hashed this many labels at a time, so that what hashing needs beside them stays small.
_NAMED_TOGETHER = 65_536


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


@dataclass(frozen=True, eq=False)
class WantedSamples(Sequence[WantedSample]):
    """Samples in the order of take, frame and variant, kept as columns: a million are some 60 MB, as objects they were 2 GB.

    A slice is a view of the same columns.
    """

    dataset: str
    takes: tuple[str, ...]
    rigs: tuple[str, ...]
    names: NDArray[np.bytes_]
    """Sample ids, (n,) S32."""
    take: NDArray[np.int32]
    """(n,) places in ``takes``."""
    frame: NDArray[np.int64]
    variant: NDArray[np.int32]
    held_out: NDArray[np.bool_]
    rig: NDArray[np.int16]
    """(n,) places in ``rigs``."""
    person: NDArray[np.int32]
    """(n,) numbers of the people of a rig and split."""

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> WantedSample: ...

    @overload
    def __getitem__(self, place: slice) -> WantedSamples: ...

    def __getitem__(self, place: int | slice) -> WantedSample | WantedSamples:
        if isinstance(place, slice):
            return self._at(place)
        rig, split = self.rigs[self.rig[place]], TEST if self.held_out[place] else TRAIN
        return WantedSample(
            self.names[place].decode(),
            self.dataset,
            self.takes[self.take[place]],
            int(self.frame[place]),
            int(self.variant[place]),
            split,
            rig,
            identity_name(rig, split, int(self.person[place])),
        )

    def __iter__(self) -> Iterator[WantedSample]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def where(self, kept: NDArray[np.bool_]) -> WantedSamples:
        """The samples that a mask (n,) keeps."""
        return self._at(kept)

    def _at(self, place: slice | NDArray[np.bool_]) -> WantedSamples:
        return WantedSamples(
            self.dataset,
            self.takes,
            self.rigs,
            self.names[place],
            self.take[place],
            self.frame[place],
            self.variant[place],
            self.held_out[place],
            self.rig[place],
            self.person[place],
        )


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of the tables that a model is made from."""

    labels: int
    supervision: int


def picture_digest(recipe: Recipe, rig_digest: str) -> str:
    """Names how pictures and captions are made: the recipe's faces, the rig's shape, and the edition of drawing and wording."""
    return digest(recipe.supervision_digest, rig_digest, EDITION)


def wanted_samples(labels: pa.Table, recipe: Recipe, cast: Cast) -> WantedSamples:
    """The samples of all training and held-out labels, thinned as the recipe says, in the order of take, frame and variant.

    ``labels`` needs the columns dataset, take, frame and split of one dataset; rows of the guard are never used.
    """
    rows = labels.select(["take", "frame", "split"]).filter(pc.is_in(labels["split"], pa.array([TRAIN, TEST])))
    rows = rows.sort_by([("take", "ascending"), ("frame", "ascending")])
    kept = thinned(pc.equal(rows["split"], TEST).to_numpy(zero_copy_only=False), recipe.labels.max_frames)
    takes = rows["take"].combine_chunks().dictionary_encode()
    take = takes.indices.to_numpy(zero_copy_only=False).astype(np.int32)[kept]
    frame = rows["frame"].to_numpy().astype(np.int64)[kept]
    held_out = pc.equal(rows["split"], TEST).to_numpy(zero_copy_only=False)[kept]
    variants = recipe.supervision.variants
    take, frame, held_out = (np.repeat(column, variants) for column in (take, frame, held_out))
    variant = np.tile(np.arange(variants, dtype=np.int32), len(kept))
    dataset = str(labels["dataset"][0]) if labels.num_rows else recipe.labels.dataset
    take_names = tuple(takes.dictionary.to_pylist())
    labelled = _Labelled(dataset, take_names, take, frame, variant)
    pictures = [picture_digest(recipe, cast.shapes[rig]) for rig in cast.rigs]
    names, rig, person = _named(labelled, held_out, recipe.supervision_digest, cast, pictures)
    return WantedSamples(dataset, take_names, cast.rigs, names, take, frame, variant, held_out, rig, person)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Which label each sample shows, before it has a name and a face."""

    dataset: str
    takes: tuple[str, ...]
    take: NDArray[np.int32]
    frame: NDArray[np.int64]
    variant: NDArray[np.int32]


def _named(
    labelled: _Labelled, held_out: NDArray[np.bool_], recipe_digest: str, cast: Cast, pictures: list[str]
) -> tuple[NDArray[np.bytes_], NDArray[np.int16], NDArray[np.int32]]:
    """Name, rig and person of each sample; ``pictures`` are the digests of how each of the cast's rigs is drawn."""
    count = len(labelled.take)
    names, rig, person = np.empty(count, "S32"), np.empty(count, np.int16), np.empty(count, np.int32)
    for start in range(0, count, _NAMED_TOGETHER):
        part = slice(start, start + _NAMED_TOGETHER)
        # Who plays follows from the label and the recipe; the sample's name from its own rig too, so that a rig that is
        # imported anew leaves the pictures of others alone.
        parts = _hashes(labelled, part, [recipe_digest], np.zeros(min(_NAMED_TOGETHER, count - start), np.int16))
        rig[part], person[part] = cast.play_all(parts, held_out[part])
        names[part] = _hashes(labelled, part, pictures, rig[part])
    return names, rig, person


def _hashes(labelled: _Labelled, part: slice, digests: list[str], which: NDArray[np.int16]) -> list[bytes]:
    """`sfcore.randomness.sample_id` of many samples: what their takes and digests share is hashed or framed once."""
    states = [hashlib.blake2b(framed(labelled.dataset, take), digest_size=16) for take in labelled.takes]
    endings = [[framed(variant, word) for word in digests] for variant in range(int(labelled.variant[part].max(initial=-1)) + 1)]
    lengths = [framed("0" * digits)[:8] for digits in range(24)]
    made = []
    columns = (labelled.take[part], labelled.frame[part], labelled.variant[part], which)
    for take, frame, variant, word in zip(*(column.tolist() for column in columns), strict=True):
        state, digits = states[take].copy(), b"%d" % frame
        state.update(lengths[len(digits)] + digits + endings[variant][word])
        made.append(state.hexdigest().encode())
    return made


def cast_in(workspace: Workspace, recipe: Recipe) -> Cast:
    """The cast of a recipe from the rigs that ship with sface or were imported into the workspace; an unknown one is refused."""
    return cast_of(recipe.faces, lambda name: rig_card(name, workspace))


def samples_of(workspace: Workspace, recipe: Recipe, labels_version: int) -> WantedSamples:
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
    for missing, purpose in ((wanted.held_out.all(), "to learn from"), (not wanted.held_out.any(), "held out to measure with")):
        if missing:
            raise WorkFailed(f"dataset '{dataset}' has no labels {purpose}: ingest a longer recording, or one more.")
    return wanted


def names_of(samples: WantedSamples, split: str) -> list[str]:
    """The sample ids of one split, sorted."""
    return [name.decode() for name in np.sort(samples.names[samples.held_out == (split == TEST)]).tolist()]


def thinned(held_out: NDArray[np.bool_], most: int | None) -> NDArray[np.int64]:
    """Places of evenly spaced rows, at most ``most``, each split keeping its share."""
    count = len(held_out)
    if most is None or count <= most:
        return np.arange(count)
    kept = []
    for split in (False, True):
        places = np.flatnonzero(held_out == split)
        if len(places):
            share = max(1, round(most * len(places) / count))
            kept.append(places[np.linspace(0, len(places) - 1, share).round().astype(np.int64)])
    # A set: where a split has fewer rows than its share, some places come twice.
    return np.unique(np.concatenate(kept))
