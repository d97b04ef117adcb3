"""Step 4: the candidate, the champion and two baselines answer the held-out pictures; DuckDB scores them all alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed
from sfcore.metrics.silence import silence_of
from sfcore.plan import Cuts, cut
from sfcore.randomness import digest
from sfcore.recipe import Recipe
from sfcore.recordings.splits import TEST, TRAIN
from sfcore.store.aliases import CHAMPION, read_alias
from sfcore.store.query import connect
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from sfcore.student.shelf import lineage_of
from sfcore.supervision.wanted import Versions, names_of, samples_of
from tasks.asked import Asked, channels_of, pictures_of
from tasks.baselines import ask_baselines, unanswered
from tasks.probing import probe_student
from tasks.progress import Progress
from tasks.promote import finish_cut_off
from tasks.waves import run_plan

if TYPE_CHECKING:
    from sfcore.student.answering import StudentAnswer

# Cuts are no choice of a recipe: a smaller batch must find the waves that a larger one has made.
_CUTS = Cuts(rows_per_file=64, files_per_wave=4)
# Some ten seconds of reading words.
_JUDGED_TOGETHER = 20_000


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What evaluating did: who was scored on how many pictures; ``champion`` is None where there is none yet."""

    run_id: str
    candidate: str
    champion: str | None
    baselines: tuple[str, ...]
    samples: int
    dataset: str
    dataset_version: int

    @property
    def models(self) -> tuple[str, ...]:
        """Everyone who was scored, the candidate first."""
        others = (self.champion,) if self.champion and self.champion != self.candidate else ()
        return (self.candidate, *others, *self.baselines)


def evaluate(
    workspace: Workspace, recipe: Recipe, candidate: str, versions: Versions, run_id: str, progress: Progress
) -> Evaluated:
    """Writes ``predictions`` of the candidate, the champion and the baselines, then ``metrics`` of this run.

    The held-out pictures are those that the recipe wants, at a version of ``supervision``. Answers that are in the table are not
    asked for again. Raises `WrongUse` when there is no such model, `WorkFailed` when there is nothing to measure on.
    """
    lineage_of(workspace, candidate)
    finished = finish_cut_off(workspace)
    champion = read_alias(workspace, CHAMPION).model_id
    asked = _asked(workspace, recipe, versions)
    _champion_can_answer(workspace, champion, asked)
    students = list(dict.fromkeys([candidate, *([champion] if champion else [])]))
    progress.begin("evaluate", len(asked.test) * (len(students) + 3), "answers")
    if finished:
        progress.advance(0, finished)
    baselines = ask_baselines(workspace, recipe, asked)
    done = len(asked.test) * 3
    progress.advance(done)
    for model_id in students:
        _ask_student(workspace, recipe, model_id, asked, _Offset(progress, done))
        probe_student(workspace, model_id, asked, recipe.evaluation.probes, recipe.evaluation.batch_size)
        done += len(asked.test)
        progress.advance(done)
    evaluated = Evaluated(run_id, candidate, champion, baselines, len(asked.test), recipe.labels.dataset, versions.supervision)
    _judge(workspace, asked, evaluated.models)
    silence = silence_of(_score(workspace, recipe, evaluated), candidate)
    progress.end(
        f"metrics of {candidate} beside {len(evaluated.models) - 1} others on {evaluated.samples} held-out pictures of new faces"
        + "".join(f"; {said}" for said in (silence, finished) if said)
    )
    return evaluated


@dataclass(frozen=True, slots=True)
class _Offset:
    """Counts one model's answers on top of what was done before it."""

    progress: Progress
    before: int

    def begin(self, step: str, total: int, unit: str) -> None:
        """The step has begun already."""

    def advance(self, done: int, note: str = "") -> None:
        """Adds what was done before."""
        self.progress.advance(self.before + done, note)

    def end(self, summary: str) -> None:
        """The step ends when all have answered."""


def _asked(workspace: Workspace, recipe: Recipe, versions: Versions) -> Asked:
    wanted = samples_of(workspace, recipe, versions.labels)
    there = set(workspace.read("supervision", versions.supervision, columns=["sample_id"])["sample_id"].to_pylist())
    train, test = (tuple(name for name in names_of(wanted, split) if name in there) for split in (TRAIN, TEST))
    if not test:
        raise WorkFailed(f"dataset '{recipe.labels.dataset}' has no held-out pictures of these faces: run supervise first.")
    return Asked(versions.supervision, train, test)


def _champion_can_answer(workspace: Workspace, champion: str | None, asked: Asked) -> None:
    """Both models are scored on the same rows: the champion answers what is new among them, which takes its files."""
    if champion is None or workspace.is_complete(f"models/{champion}"):
        return
    left = unanswered(workspace, champion, asked.test)
    if left:
        raise WorkFailed(
            f"the files of the champion {champion} are gone, and {len(left)} of {len(asked.test)} pictures want its answer: "
            "'sface model rollback --reason ...' goes back, 'sface model promote MODEL --force --reason ...' names another."
        )


# Students -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture to answer."""

    sample_id: str


def _ask_student(workspace: Workspace, recipe: Recipe, model_id: str, asked: Asked, progress: Progress) -> None:
    pictures = [_Picture(name) for name in asked.test]
    plan = cut(f"predict/{model_id}", "predictions", pictures, _CUTS)
    evaluation = recipe.evaluation
    factory = _AnswerFactory(workspace, model_id, asked.version, evaluation.batch_size)
    run_plan(workspace, plan, factory, progress, evaluation.workers, of=pc.field("model_id") == model_id)


@dataclass(frozen=True, slots=True)
class _AnswerFactory:
    """Travels to a Ray actor and opens the student there."""

    workspace: Workspace
    model_id: str
    version: int
    batch_size: int

    def __call__(self) -> _FileOfAnswers:
        return _FileOfAnswers(self)


class _FileOfAnswers:
    def __init__(self, given: _AnswerFactory) -> None:
        from sfcore.student.shelf import take_student

        self._given = given
        # One thread, which Ray gives an actor of half a CPU: threads of several processes on the same cores wait for each other
        # by spinning, and answers that take seconds then take minutes. More actors are what makes it faster.
        self._student, self._codec = take_student(given.workspace, given.model_id)

    def make(self, items: Sequence[_Picture]) -> tuple[pa.Table, pa.Table]:
        samples = [item.sample_id for item in items]
        pictures = pictures_of(self._given.workspace, self._given.version, samples)
        rows = []
        for start in range(0, len(samples), self._given.batch_size):
            batch = slice(start, start + self._given.batch_size)
            answers = self._student.answer(pictures[batch])
            rows += [self._row(sample, answer) for sample, answer in zip(samples[batch], answers, strict=True)]
        return pa.Table.from_pylist(rows, schema=SCHEMAS["predictions"]), SCHEMAS["rejects"].empty_table()

    def _row(self, sample: str, answer: StudentAnswer) -> dict[str, object]:
        from sfcore.captions.description import FIELDS
        from sfcore.codecs.answer import AnswerError

        row: dict[str, object] = {
            "model_id": self._given.model_id,
            "sample_id": sample,
            "parsed": False,
            "raw": answer.text,
            "tokens": answer.tokens,
            "milliseconds": answer.milliseconds,
            "error": answer.error,
        }
        if answer.error is None:
            try:
                read = self._codec.decode(answer.text)
            except AnswerError as error:
                row["error"] = str(error)
            else:
                row |= {"parsed": True, **channels_of(read.coefficients)}
                row |= {field: getattr(read.description, field) for field in FIELDS}
        return row


# Judgements -----------------------------------------------------------------------------------------------------------


def _judge(workspace: Workspace, asked: Asked, models: Sequence[str]) -> None:
    """Reads the words of the answers and measures their faces, where that has not been done."""
    from sfcore.captions.description import FIELDS
    from sfcore.metrics.judge import judge
    from sfcore.metrics.ruler import Ruler
    from sfcore.rigs.registry import load_rig

    # One rig measures all faces, whoever they are: millimetres of different rigs do not compare.
    ruler = Ruler.of(load_rig("procedural"))
    for model in models:
        left = unanswered(workspace, model, asked.test, "judgements")
        for start in range(0, len(left), _JUDGED_TOGETHER):
            part = left[start : start + _JUDGED_TOGETHER]
            whose = pc.field("sample_id").isin(part)
            truth = workspace.read("supervision", asked.version, columns=["sample_id", *NAMES], filter=whose)
            columns = ["model_id", "sample_id", *NAMES, *FIELDS, "parsed", "raw"]
            answers = workspace.read("predictions", columns=columns, filter=whose & (pc.field("model_id") == model))
            workspace.append("judgements", judge(answers, truth, ruler), f"judge/{model}/{digest(*part)}")


# Scores ---------------------------------------------------------------------------------------------------------------


def _score(workspace: Workspace, recipe: Recipe, done: Evaluated) -> pa.Table:
    from sfcore.metrics.score import score

    con = connect(workspace, {"supervision": done.dataset_version})
    rows = score(con, done.run_id, list(done.models), done.dataset, done.dataset_version, recipe.evaluation, recipe.seed)
    workspace.append("metrics", rows, f"metrics/{done.run_id}")
    return rows
