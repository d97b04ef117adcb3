"""The step that answers pictures which people bring, in this process: one student, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sfcore.errors import WrongUse
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.workspace import Workspace
from tasks.progress import Progress

if TYPE_CHECKING:
    from sfcore.predictions.row import Prediction
    from sfcore.predictions.shots import Album, Shot


@dataclass(frozen=True, slots=True)
class PredictOrder:
    """What to answer, by whom, and where answers go.

    ``fps``: frames a second taken from videos (all with None), and the rate of loose pictures in a Live Link file (then 30).
    """

    sources: tuple[str, ...]
    model: str = CHAMPION
    outs: tuple[Path, ...] = ()
    preview: Path | None = None
    batch_size: int = 16
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What predicting did: rows in the order of the pictures, and what a person should know."""

    model_id: str
    rows: tuple[Prediction, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> int:
        """Rows without an answer."""
        return sum(row.error is not None for row in self.rows)


_USUAL_RATE = 30.0


def predict(workspace: Workspace, order: PredictOrder, progress: Progress) -> Predicted:
    """Answers everything that is named; what cannot be answered is a row with its error.

    Raises `WrongUse` when nothing is there, when there is no such model, or when a file is asked for that cannot hold the rows.
    """
    from sfcore.predictions import files
    from sfcore.predictions.shots import Album

    for out in order.outs:
        files.check_form(out)
    model_id = model_named(workspace, order.model)
    album = Album.of(order.sources)
    if any(out.suffix.lower() == ".csv" for out in order.outs) and album.videos and len(album.files) > 1:
        raise WrongUse("a Live Link file holds one series: name one video, or pictures alone.")
    rows = tuple(_answered(workspace, model_id, album, order, progress))
    notes = [f"{album.others} files are neither pictures nor videos and were left alone"] if album.others else []
    for out in order.outs:
        notes += files.write(out, rows, order.fps or _USUAL_RATE)
    done = Predicted(model_id, rows, tuple(notes))
    progress.end(_sentence(done))
    return done


def model_named(workspace: Workspace, name: str) -> str:
    """The model of that name; ``champion`` is whoever is in use, and `WrongUse` when nobody is yet."""
    if name != CHAMPION:
        return name
    model_id = read_alias(workspace, CHAMPION).model_id
    if model_id is None:
        raise WrongUse("there is no champion yet: name a model with --model; 'sface promote' makes a champion.")
    return model_id


def _answered(workspace: Workspace, model_id: str, album: Album, order: PredictOrder, progress: Progress) -> Iterator[Prediction]:
    from sfcore.predictions.preview import Kept, draw_preview
    from sfcore.predictions.row import Prediction
    from sfcore.student.picture import Unseen
    from sfcore.student.shelf import take_student

    student, codec = take_student(workspace, model_id)
    # How many frames a video has is known at its end: files are what is counted.
    progress.begin("predict", len(album.files) + len(album.refused), "files")
    kept, number = Kept(), 0
    files: dict[str, None] = {}
    for batch in _batches(album.shots(order.fps), order.batch_size):
        answers = student.answer_seen([shot.picture for shot in batch])
        for shot, answer in zip(batch, answers, strict=True):
            row = Prediction.of(number, shot, answer, codec)
            number += 1
            kept.offer(row, None if isinstance(shot.picture, Unseen) else shot.picture)
            files[shot.source] = None
            yield row
        progress.advance(max(0, len(files) - 1), f"{number} pictures")
    if order.preview is not None:
        draw_preview(order.preview, kept, model_id)


def _batches(shots: Iterable[Shot], size: int) -> Iterator[list[Shot]]:
    each = iter(shots)
    while batch := list(islice(each, size)):
        yield batch


def _sentence(done: Predicted) -> str:
    rows = "1 picture" if len(done.rows) == 1 else f"{len(done.rows):,} pictures"
    doubts = sum(row.warning is not None for row in done.rows)
    parts = [f"{done.failed} without an answer"] if done.failed else []
    parts += [f"{doubts} doubtful"] if doubts else []
    return f"{rows} answered by {done.model_id}" + (f", {', '.join(parts)}" if parts else "")
