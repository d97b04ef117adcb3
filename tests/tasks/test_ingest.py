"""What a dataset accepts, and what it refuses, as takes arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sfcore.errors import SfaceError, WrongUse
from sfcore.recipe import Labels, PriorLabels
from sfcore.store.workspace import Workspace
from tasks.ingest import Ingested, ingest
from tasks.progress import Silent

WriteTake = Callable[..., Path]


def bring(workspace: Workspace, source: Path | None, **labels: object) -> Ingested:
    """Ingests into dataset 'anna'."""
    wanted = Labels.model_validate({"dataset": "anna", "source": str(source) if source else None, **labels})
    return ingest(workspace, wanted, 0, "run", Silent())


def test_takes_add_up_and_the_same_one_is_found(workspace_location: str, tmp_path: Path, write_take: WriteTake) -> None:
    workspace = Workspace.create(workspace_location)
    first = bring(workspace, write_take(tmp_path / "a.csv", seed=1))
    second = bring(workspace, write_take(tmp_path / "b.csv", seed=2))
    again = bring(workspace, tmp_path / "a.csv")
    assert (first.rows_kept, second.rows_kept, again.found_done) == (300, 300, 1)
    rows = workspace.read("labels", columns=["take", "frame", "split"])
    assert rows.num_rows == 600
    assert {row["split"] for row in rows.to_pylist()} == {"train", "test", "guard"}
    nothing = bring(workspace, None)
    assert (nothing.takes, nothing.takes_before) == (0, 2)
    assert workspace.read("labels").num_rows == 600


def test_rows_read_are_rows_kept_and_rows_rejected(tmp_path: Path, write_take: WriteTake) -> None:
    take = write_take(tmp_path / "a.csv", rows=40)
    lines = take.read_text().splitlines()
    lines[5], lines[9] = "oh", lines[9].replace("00:00:00", "noon", 1)
    take.write_text("\n".join(lines))
    workspace = Workspace.create(str(tmp_path / "w"))
    done = bring(workspace, take)
    assert (done.rows_read, done.rows_kept, done.rows_rejected) == (40, 38, 2)
    assert workspace.row_counts() | {"labels": 38, "rejects": 2} == workspace.row_counts()


def test_conflicts_are_told_and_change_nothing(tmp_path: Path, write_take: WriteTake) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    bring(workspace, write_take(tmp_path / "a.csv", seed=1))
    (tmp_path / "other").mkdir()
    for source, settings, said in (
        (write_take(tmp_path / "other" / "a.csv", seed=2), {}, "another recording named 'a'"),
        (write_take(tmp_path / "copy.csv", seed=1, end="\r\n"), {}, "same content as take 'a'"),
        (tmp_path / "a.csv", {"test_share": 0.5}, "held out with other settings"),
    ):
        with pytest.raises(WrongUse, match=said):
            bring(workspace, source, **settings)
    assert workspace.read("labels").num_rows == 300


def test_an_empty_dataset_is_told_and_the_prior_fills_one_only_when_asked(tmp_path: Path, write_take: WriteTake) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    with pytest.raises(WrongUse, match="no takes yet"):
        bring(workspace, None)
    drawn = ingest(workspace, Labels(dataset="drawn", prior=PriorLabels(takes=3, frames=5)), 0, "run", Silent())
    assert (drawn.takes, drawn.rows_kept) == (3, 15)
    with pytest.raises(WrongUse, match="kept apart"):
        bring(workspace, write_take(tmp_path / "a.csv"), dataset="drawn")
    longer = Labels(dataset="drawn", prior=PriorLabels(takes=3, frames=6))
    with pytest.raises(WrongUse, match="choose another dataset"):
        ingest(workspace, longer, 0, "run", Silent())


def test_of_two_recordings_of_one_name_at_once_one_goes_in(tmp_path: Path, write_take: WriteTake) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    workspace.table("labels")
    outcomes: list[str] = []

    def bring_one(seed: int) -> None:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            bring(Workspace(workspace.address), write_take(folder / "a.csv", rows=50, seed=seed))
            outcomes.append("in")
        except SfaceError:
            outcomes.append("refused")

    threads = [threading.Thread(target=bring_one, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "refused", "refused"]
    assert workspace.read("labels").num_rows == 50
