"""Every row that was read is in ``labels`` or in ``rejects``, also of takes that were turned away, and can be counted there."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake

from sfcore.recipe import Labels
from sfcore.recordings import finding
from sfcore.recordings import labels as label_tables
from sfcore.recordings.labels import reject_batches
from sfcore.recordings.source import read_source
from sfcore.store.workspace import Workspace
from tasks import doorway
from tasks.coverage import coverage_in
from tasks.ingest import Ingested, ingest
from tasks.progress import Silent

WriteTake = Callable[..., Path]


def bring(workspace: Workspace, source: Path, dataset: str = "anna", run: str = "run") -> Ingested:
    return ingest(workspace, Labels(dataset=dataset, source=str(source)), 0, run, Silent())


def damage(path: Path, *rows: int) -> Path:
    lines = path.read_text().split("\n")
    for row in rows:
        lines[1 + row] = "oh"
    path.write_text("\n".join(lines))
    return path


def counted(workspace: Workspace, dataset: str = "anna") -> tuple[int, int]:
    """Rows of labels, and rows of rejects that stand for a row of a file."""
    mine = pc.field("dataset") == dataset
    rejects = workspace.read("rejects", filter=mine & (pc.field("row") >= 0))
    return workspace.read("labels", columns=["frame"], filter=mine).num_rows, rejects.num_rows


def test_rows_of_takes_that_were_turned_away_are_rejects(tmp_path: Path, write_take: WriteTake) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    for folder in ("day1", "day2"):
        (tmp_path / folder).mkdir()
    damage(write_take(tmp_path / "day1" / "a.csv", 30, seed=1), 4, 9)
    damage(write_take(tmp_path / "day1" / "twin.csv", 30, seed=1), 4, 9)
    write_take(tmp_path / "day2" / "a.csv", 20, seed=2)
    write_take(tmp_path / "day2" / "b.csv", 10, seed=3)
    first, second = bring(workspace, tmp_path / "day1"), bring(workspace, tmp_path / "day2")
    assert (first.rows_read, first.rows_kept) == (60, 28)
    assert first.rejected_by_reason == {"same content as another take": 28, "wrong number of fields": 4}
    assert (second.rows_read, second.rows_kept, second.rejected_by_reason) == (30, 10, {"name taken": 20})
    assert counted(workspace) == (38, 52)
    assert Counter(workspace.read("rejects")["reason"].to_pylist()) == {
        "same content as another take": 28,
        "wrong number of fields": 4,
        "name taken": 20,
    }
    told = coverage_in(workspace, "anna")
    assert sum(told.rejects.values()) == 52
    assert [conflict.split("'")[1] for conflict in told.conflicts] == ["twin.csv", "anna"]
    for folder in ("day1", "day2"):
        assert bring(workspace, tmp_path / folder, run="again").takes == 1
    assert counted(workspace) == (38, 52), "twice adds nothing"


def test_rejects_are_made_and_written_in_parts(tmp_path: Path, write_take: WriteTake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_tables, "_ROWS", 8)
    monkeypatch.setattr(doorway, "_MOST_ROWS", 16)
    path = damage(write_take(tmp_path / "a.csv", 60), *range(5, 45))
    assert [part.num_rows for part in reject_batches(read_source(str(path)), "anna", "r")] == [8] * 5
    workspace = Workspace.create(str(tmp_path / "w"))
    bring(workspace, path)
    assert counted(workspace) == (20, 40)
    assert sorted(workspace.read("rejects")["row"].to_pylist()) == list(range(5, 45))
    assert len(workspace.table("rejects").file_uris()) == 5


def test_small_takes_share_a_commit_and_two_runs_at_once_bring_each_once(tmp_path: Path, write_take: WriteTake) -> None:
    folder = tmp_path / "takes"
    folder.mkdir()
    for number in range(30):
        write_take(folder / f"t{number}.csv", 5, seed=number)
    alone = Workspace.create(str(tmp_path / "alone"))
    bring(alone, folder)
    assert alone.version("labels") <= 2
    both = Workspace.create(str(tmp_path / "both"))
    both.table("labels"), both.table("rejects")
    done: list[Ingested] = []
    threads = [threading.Thread(target=lambda: done.append(bring(Workspace(both.address), folder, run="r"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.takes for one in done] == [30, 30, 30]
    assert sum(one.found_done for one in done) == 60
    columns = ["take", "frame", "JawOpen", "split"]
    order = [("take", "ascending"), ("frame", "ascending")]
    assert both.read("labels", columns=columns).sort_by(order) == alone.read("labels", columns=columns).sort_by(order)


def test_another_take_that_came_first_under_a_name_leaves_the_rows_accounted_for(
    tmp_path: Path, write_take: WriteTake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, seed in (("mine", 1), ("theirs", 50)):
        (tmp_path / place).mkdir()
        write_take(tmp_path / place / "a.csv", 10, seed=seed)
        damage(write_take(tmp_path / place / "b.csv", 10, seed=seed if place == "theirs" else 51), 3)
    workspace = Workspace.create(str(tmp_path / "w"))
    known_in = doorway.known_in
    commit_each = Workspace.commit_each

    def rival_first(self: Workspace, name: str, stem: str, rows: dict[str, pa.Table]) -> set[str]:
        monkeypatch.setattr(Workspace, "commit_each", commit_each)
        bring(Workspace(workspace.address), tmp_path / "theirs", run="rival")
        return commit_each(self, name, stem, rows)

    monkeypatch.setattr(Workspace, "commit_each", rival_first)
    done = bring(workspace, tmp_path / "mine")
    assert known_in(workspace, "anna")["a"].content == read_source(str(tmp_path / "theirs" / "a.csv")).source_hash
    assert (done.takes, done.rows_kept, len(done.conflicts)) == (0, 0, 2)
    assert done.rows_read == done.rows_rejected == 20
    labels, rejects = counted(workspace)
    assert labels + rejects == 40


def test_each_dataset_counts_its_own_rejects_also_beside_older_ones(tmp_path: Path, write_take: WriteTake) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    old = pa.schema([column for column in workspace.schemas["rejects"] if column.name != "dataset"])
    row = {"run_id": "old", "stage": "ingest", "source": "a.csv", "row": 3, "reason": "bad timecode"}
    write_deltalake(workspace.uri("tables/rejects"), pa.Table.from_pylist([row], schema=old))
    for dataset, rows in (("anna", (1, 2)), ("bert", (4, 5, 6))):
        (tmp_path / dataset).mkdir()
        path = damage(write_take(tmp_path / dataset / "a.csv", 20, seed=len(rows)), *rows)
        bring(workspace, path, dataset)
    assert coverage_in(workspace, "bert").rejects == {"wrong number of fields": 3, "bad timecode": 1}
    assert counted(workspace, "anna") == (18, 2)
    assert workspace.read("rejects")["dataset"].null_count == 1


def test_a_folder_is_listed_once_however_many_recordings_it_holds(
    tmp_path: Path, write_take: WriteTake, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "takes"
    folder.mkdir()
    for number in range(6):
        write_take(folder / f"t{number}.csv", 5, seed=number)
    listed: list[str] = []
    names = finding._names
    monkeypatch.setattr(finding, "_names", lambda place: listed.append(str(place)) or names(place))
    assert bring(Workspace.create(str(tmp_path / "w")), folder).takes == 6
    assert listed == [str(folder)]


def test_links_in_a_folder_are_told_and_not_followed(tmp_path: Path, write_take: WriteTake) -> None:
    for place in ("takes", "elsewhere"):
        (tmp_path / place).mkdir()
    write_take(tmp_path / "takes" / "a.csv", 5, seed=1)
    other = write_take(tmp_path / "elsewhere" / "b.csv", 5, seed=2)
    (tmp_path / "takes" / "link.csv").symlink_to(other)
    (tmp_path / "takes" / "more").symlink_to(other.parent)
    done = bring(Workspace.create(str(tmp_path / "w")), tmp_path / "takes")
    assert done.takes == 1
    assert [told.partition(": ")[0] for told in done.refused] == [
        "link.csv is a link and was not followed",
        "more is a link and was not followed",
    ]
