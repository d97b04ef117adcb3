"""Runs a plan through Ray Data: actors make files, the driver adds each finished wave to the table in one commit.

A crash before a commit leaves files that belong to nobody; the next run makes the same rows again. After it, the next run finds
the wave under its key and skips it. Waves are committed in the plan's order, so that the table's history follows from the plan as
its files do, however many workers there are and whichever of them is first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sfcore.errors import SfaceError
from sfcore.plan import Item, Named, Plan, PlannedFile
from sfcore.store.data_file import DataFile, DataFileWriter
from sfcore.store.patience import patiently, stop
from sfcore.store.workspace import Workspace
from tasks.cluster import ray_cluster
from tasks.progress import Progress

Asked = TypeVar("Asked", bound=Named, contravariant=True)


class Maker(Protocol[Asked]):
    """What an actor does; it is built once per actor."""

    def make(self, items: Sequence[Asked]) -> tuple[pa.Table, pa.Table]:
        """The rows for the plan's table and the rows for ``rejects``."""


class MakerFactory(Protocol[Asked]):
    """Travels to an actor and builds its maker there."""

    def __call__(self) -> Maker[Asked]:
        """Builds the maker: loads what it needs once."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of a plan did."""

    rows: int
    rejects: int
    found_done: int
    """Items whose wave was in the table before."""


@dataclass(frozen=True, slots=True)
class _MadeFile:
    """A file that waits for its wave to be complete."""

    number: int
    wave: int
    written: DataFile
    refused: DataFile | None


class _FileActor(Generic[Item]):
    def __init__(self, workspace: Workspace, table: str, factory: MakerFactory[Item]) -> None:
        self._workspace, self._table, self._factory = workspace, table, factory
        self._maker: Maker[Item] | None = None

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """How many items each part of the file held, as they are made, then the file; or the sentence that ends the work."""
        # Ray wraps what is raised here into traces; a sentence meant for people comes back as a value.
        try:
            for told in self._made(row["item"]):
                yield {"item": told}
        except SfaceError as refusal:
            yield {"item": refusal}
        except Exception as error:
            told_stop = stop(error, self._workspace.address.uri)
            if told_stop is None:
                raise
            yield {"item": told_stop}

    def _made(self, file: PlannedFile[Item]) -> Iterator[int | _MadeFile]:
        maker = self._maker = self._maker or patiently(self._factory)
        stem = f"waves/{file.wave:06d}-{file.number:06d}"
        refused = []
        with DataFileWriter(self._workspace, self._table, stem) as writer:
            for items in file.groups():
                rows, rejects = patiently(lambda items=items: maker.make(items))  # type: ignore[misc]
                writer.write(rows)
                refused.append(rejects)
                yield len(items)
            written = writer.finish()
        told = pa.concat_tables(refused)
        yield _MadeFile(
            file.number, file.wave, written, self._workspace.write_data_file("rejects", stem, told) if told.num_rows else None
        )


def run_plan(
    workspace: Workspace,
    plan: Plan[Item],
    factory: MakerFactory[Item],
    progress: Progress,
    actors: int | None = None,
    of: pc.Expression | None = None,
    prepare: Callable[[], None] = lambda: None,
) -> Ran:
    """Makes what is not committed yet, on ``actors`` actors or as many as the cluster has CPUs; starts no Ray for nothing.

    ``of`` says which rows of the table count as the plan's items made before (for answers: those of the model); ``prepare`` is
    called once when there is something to make. Raises `WorkFailed` with one sentence when the store stays out of reach, refuses
    its keys or is full; waves that were committed before stay.
    """
    try:
        return _run(workspace, plan, factory, progress, actors, of, prepare)
    except SfaceError:
        raise
    except Exception as error:
        told = stop(error, workspace.address.uri)
        if told is None:
            raise
        raise told from error


def _run(
    workspace: Workspace,
    plan: Plan[Item],
    factory: MakerFactory[Item],
    progress: Progress,
    actors: int | None,
    of: pc.Expression | None,
    prepare: Callable[[], None],
) -> Ran:
    todo = patiently(lambda: _left(workspace, plan, of))
    found_done = made = len(plan.items) - sum(len(file.items) for file in todo)
    progress.advance(made)
    if not todo:
        return Ran(0, 0, found_done)
    prepare()
    commits = _Commits(workspace, plan, Counter(file.wave for file in todo))
    for told in _told_by_actors(workspace, plan, todo, factory, actors):
        if isinstance(told, _MadeFile):
            commits.take(told)
        else:
            made += told
        progress.advance(made)
    return Ran(commits.rows, commits.rejects, found_done)


def _left(workspace: Workspace, plan: Plan[Item], of: pc.Expression | None) -> list[PlannedFile[Item]]:
    """The files of waves that are not committed, less the items that other plans have put into the table."""
    table = workspace.table(plan.table)
    waves = [wave for wave in plan.waves if table.transaction_version(plan.key(wave)) is None]
    if not waves:
        return []
    done = _there(workspace, plan, of)
    return [file for wave in waves for file in plan.files_of(wave, done)]


def _there(workspace: Workspace, plan: Plan[Item], of: pc.Expression | None) -> NDArray[np.bool_]:
    """Which of the plan's items have rows in the table (n,); the table's names are read in parts."""
    order = np.argsort(plan.names)
    ordered, done = plan.names[order], np.zeros(len(order), bool)
    for batch in workspace.dataset(plan.table).scanner(columns=["sample_id"], filter=of).to_batches():
        names = np.array(batch.column("sample_id").to_pylist(), dtype=np.bytes_)
        if len(names):
            places = np.minimum(np.searchsorted(ordered, names), len(ordered) - 1)
            done[order[places[ordered[places] == names]]] = True
    return done


class _Commits(Generic[Item]):
    """Adds waves to the table in their order, each as soon as its files are made and all waves before it are in."""

    def __init__(self, workspace: Workspace, plan: Plan[Item], waiting: Counter[int]) -> None:
        self._workspace, self._plan, self._waiting = workspace, plan, waiting
        self._open = sorted(waiting, reverse=True)
        self._finished: dict[int, list[_MadeFile]] = defaultdict(list)
        self.rows = self.rejects = 0

    def take(self, file: _MadeFile) -> None:
        """Takes a file, and commits what is complete now."""
        self._finished[file.wave].append(file)
        self.rows += file.written.rows
        self.rejects += file.refused.rows if file.refused else 0
        while self._open and len(self._finished[self._open[-1]]) == self._waiting[self._open[-1]]:
            wave = self._open.pop()
            self._commit(self._plan.key(wave), sorted(self._finished.pop(wave), key=lambda made: made.number))

    def _commit(self, key: str, files: list[_MadeFile]) -> None:
        refused = [file.refused for file in files if file.refused is not None]
        # Rejects first: the wave's own commit is what says that the wave is done.
        if refused:
            patiently(lambda: self._workspace.commit_files("rejects", refused, key))
        patiently(lambda: self._workspace.commit_files(self._plan.table, [file.written for file in files], key))


def _told_by_actors(
    workspace: Workspace, plan: Plan[Item], todo: list[PlannedFile[Item]], factory: MakerFactory[Item], actors: int | None
) -> Iterator[int | _MadeFile]:
    import ray.data

    with ray_cluster() as cpus, _rows_as_they_come():
        files = ray.data.from_items([{"item": file} for file in todo], override_num_blocks=len(todo))
        made = files.flat_map(
            cast(Any, _FileActor),
            fn_constructor_args=(workspace, plan.table, factory),
            # Half a CPU each: with whole ones, actors on every core leave none to the reading task, and Ray Data waits for ever.
            num_cpus=0.5,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, min(actors or cpus, len(todo)))),
        )
        for row in made.iter_rows():
            if isinstance(row["item"], SfaceError):
                raise row["item"]
            yield row["item"]


@contextmanager
def _rows_as_they_come() -> Iterator[None]:
    """Has Ray Data hand over every row at once: it collects 128 MiB otherwise, and a file of hours would show no progress."""
    import ray.data

    context = ray.data.DataContext.get_current()
    before, context.target_max_block_size = context.target_max_block_size, 1
    try:
        yield
    finally:
        context.target_max_block_size = before
