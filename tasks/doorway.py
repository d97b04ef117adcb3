"""Takes on their way into a dataset: conflicts are turned away, small takes share a commit, and every row is accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from sfcore.errors import WrongUse
from sfcore.randomness import digest
from sfcore.recipe import Labels
from sfcore.recordings.known import Known, held_out, known_in
from sfcore.recordings.labels import (
    PRIOR_FORMAT,
    label_batches,
    label_rows,
    refused_row,
    reject_batches,
    split_of,
    turned_away_batches,
)
from sfcore.recordings.perturb import perturbed_take
from sfcore.recordings.source import Refused
from sfcore.recordings.splits import TRAIN
from sfcore.recordings.take import RejectReason, Take, content_hash
from sfcore.store.workspace import Workspace

# Rows that wait for a commit they share, a row with a picture as so many; a commit costs as much as a thousand rows.
_MOST_ROWS = 32_768
_MOST_TAKES = 400
_ROWS_OF_A_PICTURE = 64
_OF_THE_FILE = -1
"""Row number of a reject that stands for a whole file."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a take did not come in: a reason for each of its rows, and a sentence for people."""

    reason: RejectReason
    sentence: str


class Conflicting(WrongUse):
    """A source that is one take, whose content or name the dataset holds already."""


def conflict_of(known: Known, take: Take, dataset: str) -> Conflict | None:
    """Why a take cannot join a dataset: its content is there under another name, or its name with another content."""
    there = known.name_of(take)
    if there == take.name:
        return None
    if there is not None:
        sentence = f"'{take.source_name}' holds the same content as take '{there}' of dataset '{dataset}': it was not added."
        return Conflict("same content as another take", sentence)
    if take.name in known:
        remedy = "choose another dataset" if take.format == PRIOR_FORMAT else "rename the file or choose another dataset"
        return Conflict("name taken", f"dataset '{dataset}' already holds another recording named '{take.name}': {remedy}.")
    return None


class Doorway:
    """Brings takes into ``labels``, and rows that were refused into ``rejects``; what waits is written by `flush`.

    ``strict``: a conflict is raised as `Conflicting` and leaves nothing, rather than told and counted.
    """

    def __init__(self, workspace: Workspace, labels: Labels, run_id: str, known: Known, strict: bool) -> None:
        self._workspace, self._labels, self._run_id, self._known, self._strict = workspace, labels, run_id, known, strict
        self._waiting: dict[str, tuple[Take, pa.Table]] = {}
        self._refused: dict[str, pa.Table] = {}
        self._rows = self._refused_rows = 0
        self.lost: list[tuple[Take, Conflict | None]] = []
        """Takes that somebody else brought in meanwhile: the same one (None), or another under its name."""

    def refuse(self, refused: Refused) -> None:
        """Notes a file of which nothing could be read."""
        row = refused_row(refused, self._labels.dataset, self._run_id, _OF_THE_FILE)
        self._reject(f"{self._key('refused')}/{digest(refused.name, refused.sentence)}", [row])

    def receive(self, take: Take, split: np.ndarray | str | None) -> bool | Conflict:
        """Whether a take is new (True) or there already (False), or why it was turned away.

        Raises `WrongUse` for a take that is there and was held out otherwise.
        """
        conflict = conflict_of(self._known, take, self._labels.dataset)
        if conflict is not None:
            self._turn_away(take, conflict)
            return conflict
        words = split_of(take, self._labels) if split is None else np.broadcast_to(split, len(take.frame))
        held = held_out(take.frame, words)
        if take.name not in self._known:
            self._known.add(take.name, take.source_hash, held)
            self._add(take, words)
            return True
        self._check_held_out(take, held)
        return False

    def receive_copies(self, take: Take, seed: int) -> int:
        """Adds perturbed copies of a take, of its training frames alone; returns how many are new."""
        assert self._labels.perturb is not None
        added = 0
        for number in range(1, self._labels.perturb.copies + 1):
            copy = perturbed_take(take, number, seed, self._labels.perturb.strength)
            learnt = np.flatnonzero(split_of(copy, self._labels) == TRAIN)
            if copy.name in self._known or not len(learnt):
                continue
            frame, t = copy.frame[learnt], copy.t[learnt]
            values, clipped = copy.coefficients[learnt], copy.clipped[learnt]
            content = content_hash(frame, t, values)
            part = replace(copy, source_hash=content, frame=frame, t=t, coefficients=values, clipped=clipped, split=None)
            self._known.add(part.name, part.source_hash, held_out(part.frame, TRAIN))
            self._add(part, np.broadcast_to(np.array(TRAIN), len(learnt)))
            added += 1
        return added

    def flush(self) -> None:
        """Writes what waits, rejects first: a run that breaks in between finds its takes missing and brings them again."""
        if self._refused:
            self._workspace.commit_each("rejects", _stem(self._labels.dataset, self._refused), self._refused)
            self._refused, self._refused_rows = {}, 0
        if not self._waiting:
            return
        waiting, self._waiting, self._rows = self._waiting, {}, 0
        tables = {key: table for key, (_, table) in waiting.items()}
        new = self._workspace.commit_each("labels", _stem(self._labels.dataset, tables), tables)
        if len(new) < len(waiting):
            self._find([take for key, (take, _) in waiting.items() if key not in new])

    # Inside ---------------------------------------------------------------------------------------------------------------

    def _key(self, name: str) -> str:
        return f"ingest/{self._labels.dataset}/{name}"

    def _add(self, take: Take, words: np.ndarray) -> None:
        # One key for a dataset's take whatever its content: of two recordings of one name at once, one goes in.
        key = self._key(take.name)
        self._reject(f"{key}/{take.source_hash}", reject_batches(take, self._labels.dataset, self._run_id))
        weight = len(take.frame) * (_ROWS_OF_A_PICTURE if take.images is not None else 1)
        if weight > _MOST_ROWS:
            self._add_large(take, words, key)
            return
        if self._rows + weight > _MOST_ROWS or len(self._waiting) >= _MOST_TAKES:
            self.flush()
        self._waiting[key] = (take, label_rows(take, self._labels, words))
        self._rows += weight

    def _add_large(self, take: Take, words: np.ndarray, key: str) -> None:
        """Writes a take in one commit, its rows part by part."""
        self.flush()
        stem = _stem(self._labels.dataset, [key])
        parts = label_batches(take, self._labels, words)
        files = [self._workspace.write_data_file("labels", f"{stem}-{number:03d}", part) for number, part in enumerate(parts)]
        if not self._workspace.commit_files("labels", files, key):
            self._find([take])

    def _turn_away(self, take: Take, conflict: Conflict) -> None:
        if self._strict:
            raise Conflicting(conflict.sentence)
        key = f"{self._key(take.name)}/{take.source_hash}/turned away"
        self._reject(key, turned_away_batches(take, self._labels.dataset, self._run_id, conflict.reason, conflict.sentence))

    def _reject(self, key: str, batches: Iterable[pa.Table]) -> None:
        """Keeps a few rows for the next commit; many are written as they come."""
        batches = iter(batches)
        first, second = next(batches, None), next(batches, None)
        if first is None:
            return
        if second is None and first.num_rows <= _MOST_ROWS:
            if self._refused_rows + first.num_rows > _MOST_ROWS or len(self._refused) >= _MOST_TAKES:
                self.flush()
            self._refused[key] = first
            self._refused_rows += first.num_rows
            return
        stem = _stem(self._labels.dataset, [key])
        parts = enumerate(part for part in chain([first, second], batches) if part is not None)
        files = [self._workspace.write_data_file("rejects", f"{stem}-{number:03d}", part) for number, part in parts]
        self._workspace.commit_files("rejects", files, key)

    def _find(self, takes: list[Take]) -> None:
        """Looks at what a rival has brought in under the names of some takes."""
        now = known_in(self._workspace, self._labels.dataset)
        for take in takes:
            conflict = conflict_of(now, take, self._labels.dataset)
            if conflict is not None:
                # Its own rejects are written.
                self._turn_away(replace(take, rejects=()), conflict)
            self.lost.append((take, conflict))

    def _check_held_out(self, take: Take, held: int) -> None:
        """Raises `WrongUse` unless the take that is there is held out as this recipe holds out."""
        if self._known[take.name].held_out != held:
            raise WrongUse(
                f"take '{take.name}' of dataset '{self._labels.dataset}' was held out with other settings: use the same "
                "labels.test_share, stretch_seconds and guard_seconds, or choose another dataset."
            )


def _stem(dataset: str, keys: Iterable[str]) -> str:
    return f"{dataset}-{digest(*sorted(keys))[:12]}"
