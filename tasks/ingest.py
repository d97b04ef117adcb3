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
from sfcore.recipe import Labels
from sfcore.recordings.finding import Found, find
from sfcore.recordings.incoming import incoming, seconds_in, stored_as_person
from sfcore.recordings.known import Known, known_in
from sfcore.recordings.labels import PRIOR_FORMAT, label_batches, prior_takes
from sfcore.recordings.sidedness import SideTally, suspicions
from sfcore.recordings.source import Refused, nothing_in
from sfcore.recordings.take import Take
from sfcore.store.workspace import Workspace
from tasks.doorway import Conflict, Doorway, conflict_of
from tasks.progress import Progress

if TYPE_CHECKING:
    from sfcore.recordings.label_coverage import LabelCoverage

# Rows of a dataset that say how its people's faces differ from left to right: more would say the same.
_ROWS_COMPARED = 200_000
_EXAMPLES = 5
_LONGEST_EXAMPLE = 80

Sides = list[tuple[str, str | None, SideTally]]
"""Take, subject, and which way its face leans."""


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
    rejected_examples: tuple[str, ...] = ()
    """The first rows that could not be kept, each with the reason and what it held."""


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
    examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    sides: Sides = field(default_factory=list)

    def count(self, take: Take, is_new: bool) -> None:
        self.takes += 1
        self.found_done += not is_new
        self.rows_kept += len(take.frame)
        self.clipped += int(take.clipped.sum())
        self.seconds += seconds_in(take)
        self._count_rejects(take)
        self.notes += [f"{take.name}: {note}" for note in take.notes]
        if stored_as_person(take.format):
            seen = SideTally()
            seen.see(take.coefficients)
            self.sides.append((take.name, take.subject, seen))

    def turn_away(self, take: Take, conflict: Conflict) -> None:
        self._count_rejects(take)
        self.reasons[conflict.reason] += len(take.frame)
        self.conflicts.append(conflict.sentence)

    def lose(self, take: Take, conflict: Conflict | None) -> None:
        """Corrects the count of a take that somebody else brought in meanwhile."""
        if conflict is None:
            self.found_done += 1
            return
        self.takes -= 1
        self.rows_kept -= len(take.frame)
        self.clipped -= int(take.clipped.sum())
        self.seconds -= seconds_in(take)
        self.reasons[conflict.reason] += len(take.frame)
        self.conflicts.append(conflict.sentence)

    def _count_rejects(self, take: Take) -> None:
        self.reasons.update(reject.reason for reject in take.rejects)
        for reject in take.rejects[: _EXAMPLES - len(self.examples)]:
            self.examples.append(f"{take.source_name} row {reject.row}: {reject.reason} ({reject.detail[:_LONGEST_EXAMPLE]})")

    def result(self, dataset: str, takes_before: int, beside: Sides | None = None) -> Ingested:
        """What was counted; ``beside`` are takes that the dataset had before, to compare with."""
        rejected = sum(self.reasons.values())
        seen = {name for name, *_ in self.sides}
        mirrored = suspicions([*(side for side in beside or () if side[0] not in seen), *self.sides])
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
            suspected_mirroring=tuple(f"{name}: {mirrored[name]}" for name, *_ in self.sides if name in mirrored),
            perturbed=self.perturbed,
            rejected_examples=tuple(self.examples),
        )


def ingest(workspace: Workspace, labels: Labels, seed: int, run_id: str, progress: Progress) -> Ingested:
    """Adds what the recipe names to its dataset: recordings, takes of the prior, or nothing more than is there.

    What is already there is found by content and not added again. Of a source with many files, what cannot be read or conflicts
    is told and the others come in. Raises `WrongUse` when the source holds no recording, when it is one file that conflicts with
    what the dataset holds (another recording under the same name, the same content under another, other settings), or when the
    dataset stays empty.
    """
    found = find(labels.source) if labels.source is not None else Found()
    total = len(found.files) or (labels.prior.takes if labels.prior else 0)
    progress.begin("ingest", total, "takes" if labels.source is None else "files")
    known = known_in(workspace, labels.dataset)
    if not total and not found.refused and not len(known):
        raise WrongUse(f"dataset '{labels.dataset}' has no takes yet: ingest a recording into it, or name one with --labels.")
    before, tally = len(known), _Tally()
    origin = _origin(workspace, labels.dataset)
    door = Doorway(workspace, labels, run_id, known, strict=found.is_single or labels.source is None)
    places = {file.name: place for place, file in enumerate(found.files)}
    for number, (take, split) in enumerate(_coming(found, labels, seed)):
        if isinstance(take, Refused):
            tally.refused.append(take)
            door.refuse(take)
            continue
        progress.advance(places.get(take.source_name, min(number, total)))
        _check_origin(labels.dataset, take, origin)
        outcome = door.receive(take, split)
        if isinstance(outcome, Conflict):
            tally.turn_away(take, outcome)
            continue
        tally.count(take, outcome)
        if labels.perturb is not None and take.format != PRIOR_FORMAT:
            tally.perturbed += door.receive_copies(take, seed)
    door.flush()
    for take, conflict in door.lost:
        tally.lose(take, conflict)
    door.flush()
    progress.advance(total)
    if labels.source is not None and not tally.takes and not tally.conflicts:
        raise nothing_in(labels.source, tally.refused)
    beside = _sides(workspace, labels.dataset) if before and tally.sides and tally.found_done < tally.takes else []
    done = tally.result(labels.dataset, before, beside)
    progress.end(sentence(done))
    return done


def survey(labels: Labels, known: Known | None = None, beside: Sides | None = None) -> tuple[Ingested, LabelCoverage]:
    """What `ingest` would add, without writing: its counts, and what the labels would cover.

    ``known`` are takes that the dataset holds, ``beside`` which way their faces lean. Memory does not grow with the rows.
    """
    from sfcore.recordings.label_coverage import coverage_of

    if labels.source is None:
        raise WrongUse("name a source to look at.")
    seen = known or Known()
    before = len(seen)
    found, tally = find(labels.source), _Tally()

    def batches() -> Iterator[pa.RecordBatch]:
        for take, split in _coming(found, labels, 0):
            if isinstance(take, Refused):
                tally.refused.append(take)
                continue
            conflict = conflict_of(seen, take, labels.dataset)
            if conflict is not None:
                tally.turn_away(take, conflict)
                continue
            is_new = take.name not in seen
            tally.count(take, is_new)
            if is_new:
                seen.add(take.name, take.source_hash)
            for table in label_batches(take, labels, split):
                yield from table.to_batches()

    coverage = coverage_of(labels.dataset, batches(), tally.reasons, beside=beside or ())
    if not tally.takes and not tally.conflicts:
        raise nothing_in(labels.source, tally.refused)
    # Twins are known before their rows are counted.
    coverage = replace(coverage, conflicts=(*tally.conflicts, *coverage.conflicts))
    return tally.result(labels.dataset, before, beside), coverage


def held_already(workspace: Workspace, dataset: str) -> tuple[Known, Sides]:
    """The takes of a dataset, and which way their faces lean: what `survey` compares with."""
    known = known_in(workspace, dataset)
    return known, _sides(workspace, dataset) if len(known) else []


def _coming(found: Found, labels: Labels, seed: int) -> Iterator[tuple[Take | Refused, np.ndarray | str | None]]:
    """What the recipe adds, one take at a time: the take, and its split where that is not by time."""
    drawn = prior_takes(labels.prior, labels.test_share, seed) if labels.prior else ()
    return chain(((take, None) for take in incoming(found, labels)), drawn)


def sentence(done: Ingested) -> str:
    """What ingesting did, for people."""
    if not done.takes and not done.conflicts:
        return f"labels of '{done.dataset}': nothing to add to its {done.takes_before} takes"
    counts = f"{done.rows_kept} rows kept, {done.rows_rejected} rejected, {done.values_clipped} values clipped to 0..1"
    if done.takes and done.found_done == done.takes:
        return f"labels of '{done.dataset}' found done: {_counted(done.takes, 'take')}, {counts}"
    found = f" ({done.found_done} takes found done)" if done.found_done else ""
    more = f", {done.perturbed} perturbed copies" if done.perturbed else ""
    faults = [f"{_counted(len(done.conflicts), 'take')} in conflict"] if done.conflicts else []
    faults += [f"{_counted(len(done.refused), 'file')} not read"] if done.refused else []
    return f"labels of '{done.dataset}': {_counted(done.takes, 'take')}, {counts}{found}{more}" + "".join(
        f"; {fault}" for fault in faults
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


# What is there ------------------------------------------------------------------------------------------------------------


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


def _sides(workspace: Workspace, dataset: str) -> Sides:
    """Which way the faces of a dataset's takes lean, from its first rows."""
    found: dict[str, tuple[str | None, SideTally]] = {}
    rows = 0
    columns = ["take", "subject", "format", *NAMES]
    for batch in workspace.dataset("labels").scanner(columns=columns, filter=pc.field("dataset") == dataset).to_batches():
        takes = batch["take"].dictionary_encode()
        values = np.column_stack([batch[name].to_numpy(zero_copy_only=False) for name in NAMES]).astype(np.float32)
        places = takes.indices.to_numpy()
        for place, name in enumerate(takes.dictionary.to_pylist()):
            mine = np.flatnonzero(places == place)
            if stored_as_person(batch["format"][int(mine[0])].as_py()):
                subject = batch["subject"][int(mine[0])].as_py()
                found.setdefault(name, (subject, SideTally()))[1].see(values[mine])
        rows += batch.num_rows
        if rows >= _ROWS_COMPARED:
            break
    return [(name, subject, tally) for name, (subject, tally) in found.items()]
