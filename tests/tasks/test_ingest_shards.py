"""What was exported as shards comes in again as the dataset that it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sfcore.arkit import NAMES
from sfcore.exports import huggingface
from sfcore.exports.selection import Selection
from sfcore.exports.writing import Order, export
from sfcore.recipe import Labels, PerturbedLabels
from sfcore.recordings import delimited, gather, rows_parquet, takes_by_name
from sfcore.store.workspace import Workspace
from tasks.ingest import Ingested, ingest
from tasks.progress import Silent

WriteTake = Callable[..., Path]
SAME = ["take", "frame", "t", "split", "source_hash", *NAMES]


def bring(workspace: Workspace, source: Path, dataset: str) -> Ingested:
    return ingest(workspace, Labels(dataset=dataset, source=str(source)), 0, "run", Silent())


def rows(workspace: Workspace, dataset: str) -> pa.Table:
    table = workspace.read("labels", columns=SAME, filter=pc.field("dataset") == dataset)
    return table.sort_by([("take", "ascending"), ("frame", "ascending")])


def hub_folder(workspace: Workspace, out: Path, dataset: str = "anna") -> Path:
    export(workspace, Order(Selection("labels", dataset), "huggingface", str(out)), lambda _: None, lambda _: None)
    return out


def test_an_exported_hub_folder_comes_back_whole(tmp_path: Path, write_take: WriteTake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "_GROUP_ROWS", 40)
    monkeypatch.setattr(huggingface, "_SHARD_BYTES", 20_000)
    (tmp_path / "takes").mkdir()
    for number in range(3):
        path = write_take(tmp_path / "takes" / f"t{number}.csv", 300, seed=number)
        lines = path.read_text().split("\n")
        lines[1 + 50 * number] = "oh"
        path.write_text("\n".join(lines))
    workspace = Workspace.create(str(tmp_path / "w"))
    assert bring(workspace, tmp_path / "takes", "anna").rows_kept == 897
    out = hub_folder(workspace, tmp_path / "hub")
    assert len(list((out / "data").glob("train-*.parquet"))) > 1
    for source in (out, out / "data"):
        done = bring(workspace, source, source.name)
        assert (done.takes, done.rows_kept, done.rows_rejected, done.conflicts, done.refused) == (3, 897, 0, (), ())
        assert rows(workspace, source.name) == rows(workspace, "anna")
    again = bring(workspace, out, "anna")
    assert (again.takes, again.found_done) == (3, 3), "what is there is found"


def test_a_head_that_was_switched_off_makes_no_other_take(real_data: Path, tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    bring(workspace, real_data / "livelink" / "MySlate_3_Jason_Millers_iPhone.csv", "anna")
    out = hub_folder(workspace, tmp_path / "hub")
    assert bring(workspace, out, "anna").found_done == 1
    assert bring(workspace, out, "bert").rows_kept == 328
    assert rows(workspace, "bert") == rows(workspace, "anna")


def test_shards_that_are_copies_or_damaged_add_up(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    values = np.random.default_rng(0).random((90, 61)).astype(np.float32)
    values[7, 3] = np.nan
    columns = {"take": ["a"] * 60 + ["b"] * 30, "frame": [*range(60), *range(30)], "t": np.arange(90) / 30}
    table = pa.table(columns | {name: values[:, i] for i, name in enumerate(NAMES)})
    for number, part in enumerate((table.slice(40), table.slice(0, 40), table.slice(30, 5))):
        pq.write_table(part, folder / f"part-{number:05d}.parquet", row_group_size=16)
    (folder / "part-00009.parquet").write_bytes(b"PAR1 and nothing more")
    workspace = Workspace.create(str(tmp_path / "w"))
    done = bring(workspace, folder, "anna")
    (refused,) = done.refused
    assert refused.startswith("part-00009.parquet is damaged Parquet")
    assert (done.takes, done.rows_read, done.rows_kept) == (2, 95, 89)
    assert done.rejected_by_reason == {"time out of order": 5, "not a number": 1}
    kept = rows(workspace, "anna").filter(pc.equal(rows(workspace, "anna")["take"], "a"))["frame"].to_pylist()
    assert kept == [frame for frame in range(60) if frame != 7]


@pytest.mark.parametrize("form", ["huggingface", "jsonl"])
def test_parts_of_a_long_recording_and_copies_come_back_with_their_times_and_splits(
    tmp_path: Path, write_take: WriteTake, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(gather, "ROWS_OF_A_TAKE", 500)
    monkeypatch.setattr(takes_by_name, "ROWS_OF_A_TAKE", 500)
    monkeypatch.setattr(delimited, "BLOCK", 100_000)
    monkeypatch.setattr(rows_parquet, "_BATCH", 64)
    path = write_take(tmp_path / "long.csv", 1700)
    workspace = Workspace.create(str(tmp_path / "w"))
    perturbed = Labels(dataset="long", source=str(path), perturb=PerturbedLabels(copies=1))
    ingest(workspace, perturbed, 0, "run", Silent())
    before = rows(workspace, "long")
    assert {"long~2", "long+perturbed-1", "long~2+perturbed-1"} <= set(before["take"].to_pylist())
    out = tmp_path / f"out.{form}" if form == "jsonl" else tmp_path / "out"
    export(workspace, Order(Selection("labels", "long"), form, str(out)), lambda _: None, lambda _: None)  # type: ignore[arg-type]
    done = bring(workspace, out, "back")
    assert (done.rows_kept, done.rows_rejected, done.conflicts) == (len(before), 0, ())
    assert any("keep the splits" in note for note in done.notes)
    assert rows(workspace, "back") == before, "times, splits and content are those that went out"
    again = bring(workspace, out, "long")
    assert again.takes == again.found_done, "nothing is added twice"
