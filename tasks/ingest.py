"""Step 1: a recording, or the coefficient prior, into the ``labels`` table."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from sfcore.errors import WrongUse
from sfcore.recipe import Labels
from sfcore.recordings.labels import label_rows, prior_takes, reject_rows
from sfcore.recordings.source import read_source
from sfcore.recordings.take import Take
from sfcore.store.workspace import Workspace
from tasks.progress import Progress


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingesting did: ``rows_read = rows_kept + rows_rejected``; ``found_done`` counts takes that were there before."""

    dataset: str
    takes: int
    rows_read: int
    rows_kept: int
    rows_rejected: int
    values_clipped: int
    found_done: int
    notes: tuple[str, ...]


def ingest(workspace: Workspace, labels: Labels, seed: int, run_id: str, progress: Progress) -> Ingested:
    """Adds the recipe's source to its dataset; what is already there is found by content and not added again.

    Raises `WrongUse` when the source is no recording, or when the dataset holds another recording under the same name.
    """
    if labels.source is None:
        takes: list[tuple[Take, str | None]] = [(take, split) for take, split in prior_takes(labels, seed)]
    else:
        takes = [(read_source(labels.source), None)]
    progress.begin("ingest", len(takes), "takes")
    known = _known_takes(workspace, labels.dataset)
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
        notes=tuple(f"{take.name}: {note}" for take, _ in takes for note in take.notes),
    )
    progress.end(sentence(done))
    return done


def sentence(done: Ingested) -> str:
    """What ingesting did, for people."""
    counts = f"{done.rows_kept} rows kept, {done.rows_rejected} rejected, {done.values_clipped} values clipped to 0..1"
    if done.found_done == done.takes:
        return f"labels of '{done.dataset}' found done: {done.takes} takes, {counts}"
    found = f" ({done.found_done} takes found done)" if done.found_done else ""
    return f"labels of '{done.dataset}': {done.takes} takes, {counts}{found}"


def _known_takes(workspace: Workspace, dataset: str) -> dict[str, str]:
    """Take -> content hash, for the takes of a dataset."""
    rows = workspace.read("labels", columns=["take", "source_hash"], filter=pc.field("dataset") == dataset)
    unique = rows.group_by(["take", "source_hash"]).aggregate([])
    return dict(zip(unique["take"].to_pylist(), unique["source_hash"].to_pylist(), strict=True))


def _add(workspace: Workspace, take: Take, split: str | None, labels: Labels, run_id: str, known: dict[str, str]) -> bool:
    if known.get(take.name) == take.source_hash:
        return False
    if take.name in known:
        raise WrongUse(
            f"dataset '{labels.dataset}' already holds another recording named '{take.name}': rename the file or choose "
            "another dataset."
        )
    twin = next((name for name, content in known.items() if content == take.source_hash), None)
    if twin is not None:
        raise WrongUse(
            f"'{take.source_name}' has the same content as take '{twin}' of dataset '{labels.dataset}': it was not added again."
        )
    key = f"ingest/{labels.dataset}/{take.name}/{take.source_hash}"
    if take.rejects:
        workspace.append("rejects", reject_rows(take, run_id), key)
    known[take.name] = take.source_hash
    return workspace.append("labels", label_rows(take, labels, split), key)
