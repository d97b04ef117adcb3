"""A plan through a real Ray: the table follows from the plan, not from who made it or how often it was tried."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import ray.cloudpickle

from sfcore.errors import WorkFailed
from sfcore.plan import Cuts, Plan, cut
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from tasks.cluster import ray_cluster
from tasks.progress import Silent
from tasks.waves import run_plan

pytestmark = pytest.mark.slow
# Workers cannot import a test module by its name.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class Number:
    """An item: a number with the name of its sample."""

    value: int

    @property
    def sample_id(self) -> str:
        """Its name."""
        return f"{self.value:04d}"


@dataclass(frozen=True)
class Numbers:
    """Makes one row of ``predictions`` per number below 100 and rejects the others; each try has bytes of its own."""

    poison: int | None = None
    noise: float = 0.0

    def __call__(self) -> Numbers:
        return self

    def make(self, items: tuple[Number, ...]) -> tuple[pa.Table, pa.Table]:
        """Rows and rejects of a file."""
        if self.poison in [item.value for item in items]:
            raise WorkFailed("poisoned")
        fixed = {"model_id": "m", "parsed": True, "milliseconds": self.noise}
        rows = [{**fixed, "sample_id": item.sample_id, "tokens": item.value} for item in items if item.value < 100]
        told = {"run_id": f"{self.noise}", "stage": "test", "source": "s", "reason": "x"}
        refused = [{**told, "row": item.value} for item in items if item.value >= 100]
        return (
            pa.Table.from_pylist(rows, schema=SCHEMAS["predictions"]),
            pa.Table.from_pylist(refused, schema=SCHEMAS["rejects"]),
        )


def plan_of(numbers: Iterable[int], rows_per_file: int = 7) -> Plan[Number]:
    return cut("numbers", "predictions", [Number(i) for i in numbers], Cuts(rows_per_file, files_per_wave=2, rows_per_group=4))


def content(workspace: Workspace) -> dict[str, str]:
    """Live files of the table, each by the hash of its bytes."""
    paths = [uri.rsplit("predictions/", 1)[1] for uri in workspace.table("predictions").file_uris()]
    return {path: hashlib.sha256(workspace.read_bytes(f"tables/predictions/{path}")).hexdigest() for path in sorted(paths)}


def values(workspace: Workspace) -> list[int]:
    """What the table holds, sorted; equal to a range exactly when nothing is missing and nothing is there twice."""
    return sorted(workspace.read("predictions")["tokens"].to_pylist())


def test_rows_in_are_rows_kept_and_rows_rejected_once_each(workspace_location: str) -> None:
    workspace = Workspace.create(workspace_location)
    with ray_cluster():
        ran = run_plan(workspace, plan_of(range(107)), Numbers(), Silent(), 2)
        again = run_plan(workspace, plan_of(range(107)), Numbers(noise=1.0), Silent(), 2)
    assert (ran.rows, ran.rejects, ran.found_done) == (100, 7, 0)
    assert (again.rows, again.rejects, again.found_done) == (0, 0, 107)
    assert values(workspace) == list(range(100))
    assert sorted(workspace.read("rejects")["row"].to_pylist()) == list(range(100, 107))


def test_a_run_that_broke_half_way_ends_like_one_that_did_not(tmp_path: Path) -> None:
    whole, broken = Workspace.create(str(tmp_path / "whole")), Workspace.create(str(tmp_path / "broken"))
    with ray_cluster():
        run_plan(whole, plan_of(range(60)), Numbers(), Silent(), 1)
        with pytest.raises(WorkFailed, match="poisoned"):
            run_plan(broken, plan_of(range(60)), Numbers(poison=40), Silent(), 2)
        assert broken.read("predictions").num_rows < 60
        run_plan(broken, plan_of(range(60)), Numbers(), Silent(), 2)
    assert content(broken) == content(whole)
    assert len(content(whole)) == 9


def test_other_cuts_other_tries_and_rivals_neither_lose_nor_double_a_row(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))

    class Rival(Silent):
        """Somebody else who does the same work, with other bytes, while this run is on its way."""

        def __init__(self) -> None:
            self.waiting = True

        def advance(self, done: int, note: str = "") -> None:
            if self.waiting and done:
                self.waiting = False
                run_plan(workspace, plan_of(range(60)), Numbers(noise=2.0), Silent(), 1)

    with ray_cluster():
        with pytest.raises(WorkFailed, match="poisoned"):
            run_plan(workspace, plan_of(range(30), rows_per_file=3), Numbers(poison=16), Silent(), 1)
        run_plan(workspace, plan_of(range(60)), Numbers(noise=1.0), Rival(), 1)
        # The dataset grows at its front: every cut moves.
        run_plan(workspace, plan_of(range(-5, 70)), Numbers(noise=3.0), Silent(), 1)
    assert values(workspace) == list(range(-5, 70))
