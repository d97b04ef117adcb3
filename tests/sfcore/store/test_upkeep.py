"""Tables kept healthy, on a disk and on S3: what anything rests on stays readable."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from sfcore.errors import WorkFailed
from sfcore.store.upkeep import compact, pins, sweep_unfinished, vacuum
from sfcore.store.workspace import Workspace


def rows(workspace: Workspace, source: str) -> pa.Table:
    made = [{"run_id": "r", "stage": "i", "source": source, "row": i, "reason": "x"} for i in range(50)]
    return pa.Table.from_pylist(made, schema=workspace.schemas["rejects"])


def grown(location: str, waves: int = 4) -> Workspace:
    """A table of eight small files in four commits, and a file that no commit names."""
    workspace = Workspace.create(location)
    for wave in range(waves):
        files = [workspace.write_data_file("rejects", f"waves/{wave}-{n}", rows(workspace, f"{wave}{n}")) for n in range(2)]
        workspace.commit_files("rejects", files, f"wave/{wave}")
    workspace.write_data_file("rejects", "waves/9-0", rows(workspace, "orphan"))
    return workspace


def test_a_pinned_version_reads_the_same_after_compacting_and_vacuuming(workspace_location: str) -> None:
    workspace = grown(workspace_location)
    whole, pinned = workspace.read("rejects"), workspace.read("rejects", version=2)
    workspace.write_bytes("models/m/lineage.json", json.dumps({"tables": {"rejects": 2}}).encode())
    assert [(pin.table, pin.version) for pin in pins(workspace)] == [("rejects", 2)]
    done = compact(workspace, "rejects")
    assert (done.files_before, done.files_after) == (8, 1)
    assert workspace.read("rejects").equals(whole)
    assert workspace.is_committed("rejects", "wave/3")
    rehearsed = vacuum(workspace, "rejects", 0, delete=False)
    removed = vacuum(workspace, "rejects", 0, delete=True)
    # Four of the eight small files belong to the pinned version; the other four and the orphan go.
    assert rehearsed.files == removed.files
    assert len(removed.files) == 5
    assert any("9-0" in path for path in removed.files)
    assert removed.kept_versions == (2,)
    assert workspace.read("rejects", version=2).equals(pinned)
    assert workspace.read("rejects").equals(whole)
    assert vacuum(workspace, "rejects", 0, delete=True).files == ()


def test_young_files_stay_and_a_rehearsal_removes_nothing(tmp_path: Path) -> None:
    workspace = grown(str(tmp_path / "w"))
    compact(workspace, "rejects")
    assert vacuum(workspace, "rejects", 24, delete=True).files == ()
    before = sorted(path.name for path in tmp_path.rglob("*.parquet"))
    assert len(vacuum(workspace, "rejects", 0, delete=False).files) == 9
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == before
    (tmp_path / "w" / "unfinished" / "sface-1-x.parquet").write_bytes(b"half")
    assert sweep_unfinished(workspace, 1, delete=True) == ()
    assert sweep_unfinished(workspace, 0, delete=True) == ("unfinished/sface-1-x.parquet",)


def test_vacuum_refuses_when_a_pinned_version_left_the_log(tmp_path: Path) -> None:
    workspace = grown(str(tmp_path / "w"))
    workspace.write_bytes("models/m/lineage.json", json.dumps({"tables": {"rejects": 77}}).encode())
    with pytest.raises(WorkFailed, match="version 77 of 'rejects', which model m rests on"):
        vacuum(workspace, "rejects", 0, delete=True)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    bad = rows(workspace, "x").drop_columns(["row"])
    with pytest.raises(Exception, match="row"):
        workspace.write_data_file("rejects", "waves/0-0", bad)
    assert sweep_unfinished(workspace, 0, delete=False) == ()
