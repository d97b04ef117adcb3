"""A plan through a real Ray: the table follows from the plan, not from who made it or how often it was tried."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import ray.cloudpickle

from sfcore.errors import WorkFailed
from sfcore.plan import Plan, cut
from sfcore.store.schemas import SCHEMAS
from sfcore.store.workspace import Workspace
from tasks.cluster import ray_cluster
from tasks.progress import Silent
from tasks.waves import run_plan

pytestmark = pytest.mark.slow
# Workers cannot import a test module by its name.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class Numbers:
    """Makes one row of ``rejects`` per number below 100, and refuses to make others."""

    poison: int | None = None

    def __call__(self) -> Numbers:
        return self

    def make(self, items: tuple[int, ...]) -> tuple[pa.Table, pa.Table]:
        if self.poison in items:
            raise WorkFailed("poisoned")
        rows = [
            {"model_id": "m", "sample_id": f"{i}", "parsed": True, "tokens": i, "milliseconds": 0.0} for i in items if i < 100
        ]
        refused = [{"run_id": "r", "stage": "test", "source": "s", "row": i, "reason": "x"} for i in items if i >= 100]
        return (
            pa.Table.from_pylist(rows, schema=SCHEMAS["predictions"]),
            pa.Table.from_pylist(refused, schema=SCHEMAS["rejects"]),
        )


def plan_of(count: int) -> Plan[int]:
    return cut("numbers", "predictions", list(range(count)), rows_per_file=7, files_per_wave=2)


def content(workspace: Workspace) -> dict[str, str]:
    """Live files of the table, each by the hash of its bytes."""
    paths = [uri.rsplit("predictions/", 1)[1] for uri in workspace.table("predictions").file_uris()]
    return {path: hashlib.sha256(workspace.read_bytes(f"tables/predictions/{path}")).hexdigest() for path in sorted(paths)}


def test_rows_in_are_rows_kept_and_rows_rejected_once_each(workspace_location: str) -> None:
    workspace = Workspace.create(workspace_location)
    with ray_cluster():
        ran = run_plan(workspace, plan_of(107), Numbers(), Silent(), 2)
        again = run_plan(workspace, plan_of(107), Numbers(), Silent(), 2)
    assert (ran.rows, ran.rejects, ran.found_done) == (100, 7, 0)
    assert sorted(workspace.read("predictions")["tokens"].to_pylist()) == list(range(100))
    assert sorted(workspace.read("rejects")["row"].to_pylist()) == list(range(100, 107))
    assert (again.rows, again.found_done) == (0, 107)
    assert workspace.read("predictions").num_rows == 100


def test_a_run_that_broke_half_way_ends_like_one_that_did_not(tmp_path: Path) -> None:
    whole, broken = Workspace.create(str(tmp_path / "whole")), Workspace.create(str(tmp_path / "broken"))
    with ray_cluster():
        run_plan(whole, plan_of(60), Numbers(), Silent(), 1)
        with pytest.raises(WorkFailed, match="poisoned"):
            run_plan(broken, plan_of(60), Numbers(poison=40), Silent(), 2)
        assert broken.read("predictions").num_rows < 60
        run_plan(broken, plan_of(60), Numbers(), Silent(), 2)
    assert content(broken) == content(whole)
    assert len(content(whole)) == 9
