"""Step 1: a recording, or the coefficient prior, into the ``labels`` table."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import WrongUse
from sfcore.recipe import Labels
from sfcore.recordings.labels import PRIOR_FORMAT, label_rows, prior_takes, reject_rows
from sfcore.recordings.source import read_source
from sfcore.recordings.take import Take
from sfcore.store.workspace import Workspace
from tasks.progress import Progress


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


def ingest(workspace: Workspace, labels: Labels, seed: int, run_id: str, progress: Progress) -> Ingested:
    """Adds what the recipe names to its dataset: a recording, takes of the prior, or nothing more than is there.

    What is already there is found by content and not added again. Raises `WrongUse` when the source is no recording, when the
    dataset holds another recording under the same name or the same one under other settings, or when it stays empty.
    """
    takes = _takes(labels, seed)
    progress.begin("ingest", len(takes), "takes")
    known = _known_takes(workspace, labels.dataset)
    if not takes and not known:
        raise WrongUse(f"dataset '{labels.dataset}' has no takes yet: ingest a recording into it, or name one with --labels.")
    _check_origin(workspace, labels, takes)
    added = 0
    for number, (take, split) in enumerate(takes, start=1):
        added += _add(workspace, take, split, labels, run_id, known)
        progress.advance(number)
    done = Ingested(
        dataset=labels.dataset,
        takes=len(takes),
        rows_read=sum(take.rows_read for take, _ in takes),
        rows_kept=sum(len(take.frame) for take, _ in takes),
        rows_rejected=sum(len(take.rejects) for take, _ in takes),
        values_clipped=sum(int(take.clipped.sum()) for take, _ in takes),
        found_done=len(takes) - added,
        takes_before=len(known) - added,
        notes=tuple(f"{take.name}: {note}" for take, _ in takes for note in take.notes),
    )
    progress.end(sentence(done))
    return done


def _takes(labels: Labels, seed: int) -> list[tuple[Take, str | None]]:
    """What the recipe adds, each with its split where that is not by time."""
    if labels.source is not None:
        return [(read_source(labels.source), None)]
    return list(prior_takes(labels.prior, labels.test_share, seed)) if labels.prior else []


def sentence(done: Ingested) -> str:
    """What ingesting did, for people."""
    if not done.takes:
        return f"labels of '{done.dataset}': nothing to add to its {done.takes_before} takes"
    counts = f"{done.rows_kept} rows kept, {done.rows_rejected} rejected, {done.values_clipped} values clipped to 0..1"
    if done.found_done == done.takes:
        return f"labels of '{done.dataset}' found done: {done.takes} takes, {counts}"
    found = f" ({done.found_done} takes found done)" if done.found_done else ""
    return f"labels of '{done.dataset}': {done.takes} takes, {counts}{found}"


def _check_origin(workspace: Workspace, labels: Labels, takes: list[tuple[Take, str | None]]) -> None:
    """Raises `WrongUse` when drawn takes would join recordings, or recordings drawn takes."""
    rows = workspace.read("labels", columns=["format"], filter=pc.field("dataset") == labels.dataset)
    drawn = {form == PRIOR_FORMAT for form in rows["format"].unique().to_pylist()}
    if any((take.format == PRIOR_FORMAT) is not origin for take, _ in takes for origin in drawn):
        raise WrongUse(
            f"dataset '{labels.dataset}' holds {'drawn takes' if True in drawn else 'recordings'}: the two are kept apart, so "
            "choose another dataset."
        )


def _known_takes(workspace: Workspace, dataset: str) -> dict[str, str]:
    """Take -> content hash, for the takes of a dataset."""
    rows = workspace.read("labels", columns=["take", "source_hash"], filter=pc.field("dataset") == dataset)
    unique = rows.group_by(["take", "source_hash"]).aggregate([])
    return dict(zip(unique["take"].to_pylist(), unique["source_hash"].to_pylist(), strict=True))


def _add(workspace: Workspace, take: Take, split: str | None, labels: Labels, run_id: str, known: dict[str, str]) -> bool:
    rows = label_rows(take, labels, split)
    if take.name not in known:
        twin = next((name for name, content in known.items() if content == take.source_hash), None)
        if twin is not None:
            raise WrongUse(
                f"'{take.source_name}' holds the same content as take '{twin}' of dataset '{labels.dataset}': it was not added."
            )
        # One key for a dataset's take whatever its content: of two recordings of one name at once, one goes in.
        key = f"ingest/{labels.dataset}/{take.name}"
        if take.rejects:
            workspace.append("rejects", reject_rows(take, run_id), f"{key}/{take.source_hash}")
        if workspace.append("labels", rows, key):
            known[take.name] = take.source_hash
            return True
        known |= _known_takes(workspace, labels.dataset)
    _check_same(workspace, take, rows, labels, known)
    return False


def _check_same(workspace: Workspace, take: Take, rows: pa.Table, labels: Labels, known: dict[str, str]) -> None:
    """Raises `WrongUse` unless the take that is there is this one, held out as this recipe holds out."""
    if known[take.name] != take.source_hash:
        remedy = "choose another dataset" if take.format == PRIOR_FORMAT else "rename the file or choose another dataset"
        raise WrongUse(f"dataset '{labels.dataset}' already holds another recording named '{take.name}': {remedy}.")
    of_take = (pc.field("dataset") == labels.dataset) & (pc.field("take") == take.name)
    there = workspace.read("labels", columns=["frame", "split"], filter=of_take).sort_by("frame")
    if there["split"].to_pylist() != rows.sort_by("frame")["split"].to_pylist():
        raise WrongUse(
            f"take '{take.name}' of dataset '{labels.dataset}' was held out with other settings: use the same labels.test_share, "
            "stretch_seconds and guard_seconds, or choose another dataset."
        )
