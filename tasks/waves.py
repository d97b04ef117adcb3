"""Runs a plan through Ray Data: actors make files, the driver adds each finished wave to the table in one commit.

A crash before a commit leaves files that belong to nobody; the next run makes the same rows again. After it, the next run finds
the wave under its key and skips it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import pyarrow as pa
import pyarrow.compute as pc

from sfcore.errors import SfaceError
from sfcore.plan import Item, Named, Plan, PlannedFile
from sfcore.store.workspace import DataFile, Workspace
from tasks.cluster import ray_cluster
from tasks.progress import Progress

Asked = TypeVar("Asked", bound=Named, contravariant=True)


class Maker(Protocol[Asked]):
    """What an actor does; it is built once per actor."""

    def make(self, items: tuple[Asked, ...]) -> tuple[pa.Table, pa.Table]:
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


class _FileActor(Generic[Item]):
    def __init__(self, workspace: Workspace, table: str, factory: MakerFactory[Item]) -> None:
        self._workspace, self._table, self._factory = workspace, table, factory
        self._maker: Maker[Item] | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        # Ray wraps what is raised here into traces; a sentence meant for people comes back as a value.
        try:
            return {"item": self._made(row["item"])}
        except SfaceError as refusal:
            return {"item": refusal}

    def _made(self, file: PlannedFile[Item]) -> tuple[PlannedFile[Item], DataFile, DataFile | None]:
        self._maker = self._maker or self._factory()
        rows, rejects = self._maker.make(file.items)
        written = self._workspace.write_data_file(self._table, _stem(file), rows)
        refused = self._workspace.write_data_file("rejects", _stem(file), rejects) if rejects.num_rows else None
        return file, written, refused


def _stem(file: PlannedFile[Item]) -> str:
    return f"waves/{file.wave:06d}-{file.number:06d}"


def run_plan(
    workspace: Workspace,
    plan: Plan[Item],
    factory: MakerFactory[Item],
    progress: Progress,
    actors: int | None = None,
    of: pc.Expression | None = None,
) -> Ran:
    """Makes what is not committed yet, on ``actors`` actors or as many as the cluster has CPUs; starts no Ray for nothing.

    ``of`` says which rows of the table count as the plan's items made before (for answers: those of the model).
    """
    keys = plan.wave_keys()
    todo = _left(workspace, plan, keys, of)
    found_done = plan.items - sum(len(file.items) for file in todo)
    waiting = Counter(file.wave for file in todo)
    finished: dict[int, list[tuple[PlannedFile[Item], DataFile, DataFile | None]]] = defaultdict(list)
    rows = rejects = 0
    made = found_done
    progress.advance(made)
    for file, written, refused in _made_files(workspace, plan, todo, factory, actors):
        finished[file.wave].append((file, written, refused))
        made += len(file.items)
        rows += written.rows
        rejects += refused.rows if refused else 0
        if len(finished[file.wave]) == waiting[file.wave]:
            _commit(workspace, plan.table, keys[file.wave], finished.pop(file.wave))
        progress.advance(made)
    return Ran(rows, rejects, found_done)


def _left(workspace: Workspace, plan: Plan[Item], keys: dict[int, str], of: pc.Expression | None) -> list[PlannedFile[Item]]:
    """The files of waves that are not committed, less the items that other plans have put into the table."""
    table = workspace.table(plan.table)
    open_waves = {wave for wave, key in keys.items() if table.transaction_version(key) is None}
    if not open_waves:
        return []
    there = workspace.dataset(plan.table).to_table(columns=["sample_id"], filter=of)
    done = set(there.column("sample_id").to_pylist())
    left = (file.without(done) for file in plan.files if file.wave in open_waves)
    return [file for file in left if file.items]


def _commit(workspace: Workspace, table: str, key: str, files: list[tuple[PlannedFile[Item], DataFile, DataFile | None]]) -> None:
    in_order = sorted(files, key=lambda made: made[0].number)
    refused = [rejects for _, _, rejects in in_order if rejects is not None]
    # Rejects first: the wave's own commit is what says that the wave is done.
    if refused:
        workspace.commit_files("rejects", refused, key)
    workspace.commit_files(table, [written for _, written, _ in in_order], key)


def _made_files(
    workspace: Workspace, plan: Plan[Item], todo: list[PlannedFile[Item]], factory: MakerFactory[Item], actors: int | None
) -> Iterator[tuple[PlannedFile[Item], DataFile, DataFile | None]]:
    if not todo:
        return
    import ray.data

    with ray_cluster() as cpus:
        files = ray.data.from_items([{"item": file} for file in todo], override_num_blocks=len(todo))
        made = files.map(
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
