"""Step 1: recordings, or the coefficient prior, into the ``labels`` table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.errors import WrongUse
from sfcore.randomness import digest
from sfcore.recipe import Labels
from sfcore.recordings.finding import Found, find
from sfcore.recordings.incoming import OtherTakes, incoming, seconds_in, stored_as_person
from sfcore.recordings.labels import PRIOR_FORMAT, label_batches, prior_takes, refused_row, reject_rows, split_of
from sfcore.recordings.perturb import perturbed_take
from sfcore.recordings.source import Refused, nothing_in
from sfcore.recordings.splits import TRAIN
from sfcore.recordings.take import Take
from sfcore.store.workspace import Workspace
from tasks.progress import Progress

if TYPE_CHECKING:
    from sfcore.recordings.label_coverage import LabelCoverage

# Rows of a dataset that say how its people's faces differ from left to right: more would say the same.
_ROWS_COMPARED = 200_000
_OF_THE_FILE = -1
"""Row number of a reject that stands for a whole file."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingesting did: ``rows_read = rows_kept + rows_rejected``; ``found_done`` counts takes of the
    source that were there before, ``takes_before`` all of the dataset's."""

    dataset: str
    takes: int
    rows_read: int
    rows_kept: int
    rows_rejected: int
    values_clipped: int
    found_done: int
    takes_before: int
    notes: tuple[str, ...]
    seconds: float = 0.0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    """Files that gave nothing, each with the reason."""
    conflicts: tuple[str, ...] = ()
    """Takes that did not come in, because their content or their name is taken."""
    suspected_mirroring: tuple[str, ...] = ()
    perturbed: int = 0
    """Perturbed copies that were added."""


@dataclass(slots=True)
class _Tally:
    """Counts what comes in, take by take."""

    takes: int = 0
    rows_kept: int = 0
    clipped: int = 0
    found_done: int = 0
    seconds: float = 0.0
    perturbed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    mirrored: list[str] = field(default_factory=list)

    def count(self, take: Take, suspicion: str | None) -> None:
        self.takes += 1
        self.rows_kept += len(take.frame)
        self.clipped += int(take.clipped.sum())
        self.seconds += seconds_in(take)
        self.reasons.update(reject.reason for reject in take.rejects)
        self.notes += [f"{take.name}: {note}" for note in take.notes]
        if suspicion is not None:
            self.mirrored.append(f"{take.name}: {suspicion}")

    def turn_away(self, take: Take, conflict: str) -> None:
        self.conflicts.append(conflict)
        self.reasons.update({"same content as another take" if "same content" in conflict else "name taken": take.rows_read})

    def result(self, dataset: str, takes_before: int) -> Ingested:
        rejected = sum(self.reasons.values())
        return Ingested(
            dataset=dataset,
            takes=self.takes,
            rows_read=self.rows_kept + rejected,
            rows_kept=self.rows_kept,
            rows_rejected=rejected,
            values_clipped=self.clipped,
            found_done=self.found_done,
            takes_before=takes_before,
            notes=tuple(self.notes),
            seconds=round(self.seconds, 3),
            rejected_by_reason=dict(self.reasons.most_common()),
            refused=tuple(refused.sentence for refused in self.refused),
            conflicts=tuple(self.conflicts),
            suspected_mirroring=tuple(self.mirrored),
            perturbed=self.perturbed,
        )


class _Conflict(WrongUse):
    """A take whose content or name the dataset holds already."""


def ingest(workspace: Workspace, labels: Labels, seed: int, run_id: str, progress: Progress) -> Ingested:
    """Adds what the recipe names to its dataset: recordings, takes of the prior, or nothing more than is there.

    What is already there is found by content and not added again. Of a source with many files, what cannot be read or conflicts
    is told and the others come in. Raises `WrongUse` when the source holds no recording, when it is one file that conflicts with
    what the dataset holds (another recording under the same name, the same content under another, other settings), or when the
    dataset stays empty.
    """
    found = find(labels.source) if labels.source is not None else Found()
    total = len(found.files) or (labels.prior.takes if labels.prior else 0)
    progress.begin("ingest", total, "takes")
    known = _known_takes(workspace, labels.dataset)
    if not total and not found.refused and not known:
        raise WrongUse(f"dataset '{labels.dataset}' has no takes yet: ingest a recording into it, or name one with --labels.")
    before, tally = len(known), _Tally()
    others = _other_takes(workspace, labels.dataset) if total and known else OtherTakes()
    origin = _origin(workspace, labels.dataset)
    for number, (take, split, suspicion) in enumerate(_coming(found, labels, seed, others), start=1):
        if isinstance(take, Refused):
            tally.refused.append(take)
            workspace.append("rejects", refused_row(take, run_id, _OF_THE_FILE), f"ingest/{labels.dataset}/{_key_of(take)}")
            continue
        _check_origin(labels.dataset, take, origin)
        try:
            added = _add(workspace, take, split, labels, run_id, known)
        except _Conflict as conflict:
            if found.is_single or labels.source is None:
                raise
            tally.turn_away(take, str(conflict))
            continue
        tally.count(take, suspicion)
        tally.found_done += not added
        if labels.perturb is not None and take.format != PRIOR_FORMAT:
            tally.perturbed += _add_perturbed(workspace, take, labels, seed, run_id, known)
        progress.advance(min(number, total))
    if labels.source is not None and not tally.takes and not tally.conflicts:
        raise nothing_in(labels.source, tally.refused)
    added_in_all = tally.takes - tally.found_done + tally.perturbed
    done = tally.result(labels.dataset, len(known) - added_in_all if labels.source or labels.prior else before)
    progress.end(sentence(done))
    return done


def survey(labels: Labels, known: dict[str, str]) -> tuple[Ingested, LabelCoverage]:
    """What `ingest` would add, without writing: its counts, and what the labels would cover.

    ``known`` maps takes that the dataset holds to the hashes of their content. Memory does not grow with the source.
    """
    from sfcore.recordings.label_coverage import coverage_of

    if labels.source is None:
        raise WrongUse("name a source to look at.")
    found, tally, seen = find(labels.source), _Tally(), dict(known)
    rejects: list[pa.RecordBatch] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for take, split, suspicion in _coming(found, labels, 0, OtherTakes()):
            if isinstance(take, Refused):
                tally.refused.append(take)
                continue
            there = _there(seen, take)
            if there is not None and there != take.name:
                tally.turn_away(take, _twin_sentence(take, there, labels.dataset))
                continue
            if there is None and take.name in seen:
                tally.turn_away(take, _taken_sentence(take, labels.dataset))
                continue
            tally.count(take, suspicion)
            tally.found_done += take.name in known
            seen[take.name] = take.source_hash
            rejects.extend(reject_rows(take, "dry-run").to_batches())
            for table in label_batches(take, labels, split):
                yield from table.to_batches()

    def rejected() -> Iterator[pa.RecordBatch]:
        yield from rejects

    coverage = coverage_of(labels.dataset, batches(), rejected(), {})
    if not tally.takes and not tally.conflicts:
        raise nothing_in(labels.source, tally.refused)
    # Twins are known before their rows are counted.
    return tally.result(labels.dataset, len(known)), replace(coverage, conflicts=(*tally.conflicts, *coverage.conflicts))


def known_takes(workspace: Workspace, dataset: str) -> dict[str, str]:
    """Take -> hash of its content, for the takes of a dataset."""
    return _known_takes(workspace, dataset)


def _coming(
    found: Found, labels: Labels, seed: int, others: OtherTakes
) -> Iterator[tuple[Take | Refused, np.ndarray | str | None, str | None]]:
    """What the recipe adds, one take at a time: the take, its split where that is not by time, and why it looks mirrored."""
    drawn = prior_takes(labels.prior, labels.test_share, seed) if labels.prior else ()
    return chain(
        ((take, None, suspicion) for take, suspicion in incoming(found, labels, others)),
        ((take, split, None) for take, split in drawn),
    )


def sentence(done: Ingested) -> str:
    """What ingesting did, for people."""
    if not done.takes and not done.conflicts:
        return f"labels of '{done.dataset}': nothing to add to its {done.takes_before} takes"
    counts = f"{done.rows_kept} rows kept, {done.rows_rejected} rejected, {done.values_clipped} values clipped to 0..1"
    if done.takes and done.found_done == done.takes:
        return f"labels of '{done.dataset}' found done: {done.takes} takes, {counts}"
    found = f" ({done.found_done} takes found done)" if done.found_done else ""
    more = f", {done.perturbed} perturbed copies" if done.perturbed else ""
    faults = [f"{len(done.conflicts)} takes in conflict"] if done.conflicts else []
    faults += [f"{len(done.refused)} files not read"] if done.refused else []
    return f"labels of '{done.dataset}': {done.takes} takes, {counts}{found}{more}" + "".join(f"; {fault}" for fault in faults)


# What is there ------------------------------------------------------------------------------------------------------------


def _known_takes(workspace: Workspace, dataset: str) -> dict[str, str]:
    """Take -> content hash, for the takes of a dataset; read in parts, since a dataset may have millions of rows."""
    known: dict[str, str] = {}
    scanner = workspace.dataset("labels").scanner(columns=["take", "source_hash"], filter=pc.field("dataset") == dataset)
    for batch in scanner.to_batches():
        unique = pa.Table.from_batches([batch]).group_by(["take", "source_hash"]).aggregate([])
        known |= dict(zip(unique["take"].to_pylist(), unique["source_hash"].to_pylist(), strict=True))
    return known


def _origin(workspace: Workspace, dataset: str) -> set[bool]:
    """Whether the dataset holds drawn takes (True), recordings (False), or nothing yet."""
    drawn: set[bool] = set()
    for batch in workspace.dataset("labels").scanner(columns=["format"], filter=pc.field("dataset") == dataset).to_batches():
        drawn |= {form == PRIOR_FORMAT for form in batch["format"].unique().to_pylist()}
    return drawn


def _check_origin(dataset: str, take: Take, drawn: set[bool]) -> None:
    """Raises `WrongUse` when drawn takes would join recordings, or recordings drawn takes."""
    if any((take.format == PRIOR_FORMAT) is not origin for origin in drawn):
        raise WrongUse(
            f"dataset '{dataset}' holds {'drawn takes' if True in drawn else 'recordings'}: the two are kept apart, so "
            "choose another dataset."
        )


def _other_takes(workspace: Workspace, dataset: str) -> OtherTakes:
    others, rows = OtherTakes(), 0
    columns = [*NAMES, "format", "provenance"]
    for batch in workspace.dataset("labels").scanner(columns=columns, filter=pc.field("dataset") == dataset).to_batches():
        form = batch["format"][0].as_py() if batch.num_rows else ""
        suspected = batch.num_rows and "looks_mirrored" in str(batch["provenance"][0].as_py())
        if batch.num_rows and stored_as_person(form) and not suspected:
            others.add(np.column_stack([batch[name].to_numpy(zero_copy_only=False) for name in NAMES]).astype(np.float32))
        rows += batch.num_rows
        if rows >= _ROWS_COMPARED:
            break
    return others


# Adding -------------------------------------------------------------------------------------------------------------------


def _there(known: dict[str, str], take: Take) -> str | None:
    """The name under which the dataset holds this content: the take's own where it does, None where it does not."""
    if known.get(take.name) == take.source_hash:
        return take.name
    return next((name for name, content in known.items() if content == take.source_hash), None)


def _twin_sentence(take: Take, twin: str, dataset: str) -> str:
    return f"'{take.source_name}' holds the same content as take '{twin}' of dataset '{dataset}': it was not added."


def _taken_sentence(take: Take, dataset: str) -> str:
    remedy = "choose another dataset" if take.format == PRIOR_FORMAT else "rename the file or choose another dataset"
    return f"dataset '{dataset}' already holds another recording named '{take.name}': {remedy}."


def _add(
    workspace: Workspace, take: Take, split: np.ndarray | str | None, labels: Labels, run_id: str, known: dict[str, str]
) -> bool:
    if take.name not in known:
        twin = _there(known, take)
        if twin is not None:
            raise _Conflict(_twin_sentence(take, twin, labels.dataset))
        if _write(workspace, take, split, labels, run_id):
            known[take.name] = take.source_hash
            return True
        known |= _known_takes(workspace, labels.dataset)
    _check_same(workspace, take, split, labels, known)
    return False


def _write(workspace: Workspace, take: Take, split: np.ndarray | str | None, labels: Labels, run_id: str) -> bool:
    """Writes a take in one commit, its rows part by part."""
    # One key for a dataset's take whatever its content: of two recordings of one name at once, one goes in.
    key = f"ingest/{labels.dataset}/{take.name}"
    if take.rejects:
        workspace.append("rejects", reject_rows(take, run_id), f"{key}/{take.source_hash}")
    if workspace.is_committed("labels", key):
        return False
    stem = f"{labels.dataset}-{digest(take.name)[:12]}"
    parts = label_batches(take, labels, split)
    files = [workspace.write_data_file("labels", f"{stem}-{number:03d}", part) for number, part in enumerate(parts)]
    return workspace.commit_files("labels", files, key)


def _add_perturbed(workspace: Workspace, take: Take, labels: Labels, seed: int, run_id: str, known: dict[str, str]) -> int:
    """Adds a take's perturbed copies, of its training frames alone; returns how many are new."""
    assert labels.perturb is not None
    added = 0
    for number in range(1, labels.perturb.copies + 1):
        copy = perturbed_take(take, number, seed, labels.perturb.strength)
        learnt = np.flatnonzero(split_of(copy, labels) == TRAIN)
        if copy.name in known or not len(learnt):
            continue
        part = replace(
            copy,
            frame=copy.frame[learnt],
            t=copy.t[learnt],
            coefficients=copy.coefficients[learnt],
            clipped=copy.clipped[learnt],
        )
        if _write(workspace, part, TRAIN, labels, run_id):
            known[copy.name] = copy.source_hash
            added += 1
    return added


def _check_same(workspace: Workspace, take: Take, split: np.ndarray | str | None, labels: Labels, known: dict[str, str]) -> None:
    """Raises `WrongUse` unless the take that is there is this one, held out as this recipe holds out."""
    if known[take.name] != take.source_hash:
        raise _Conflict(_taken_sentence(take, labels.dataset))
    of_take = (pc.field("dataset") == labels.dataset) & (pc.field("take") == take.name)
    there = workspace.read("labels", columns=["frame", "split"], filter=of_take).sort_by("frame")
    words = split_of(take, labels) if split is None else np.broadcast_to(split, len(take.frame))
    if there["split"].to_pylist() != words[np.argsort(take.frame, kind="stable")].tolist():
        raise WrongUse(
            f"take '{take.name}' of dataset '{labels.dataset}' was held out with other settings: use the same labels.test_share, "
            "stretch_seconds and guard_seconds, or choose another dataset."
        )


def _key_of(refused: Refused) -> str:
    return f"refused/{digest(refused.name, refused.sentence)}"
