"""Exports as a whole: what is selected, where it goes, and that a place holds all of it or what it held before."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from export_worlds import as_table, fill, label_table, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import NAMES
from sfcore.errors import WorkFailed, WrongUse
from sfcore.exports import selection
from sfcore.exports.pictures import file_name
from sfcore.exports.selection import Selection, SeriesKey
from sfcore.exports.target import MARKER, written_file, written_folder
from sfcore.exports.writing import FORMATS, Exported, Order, check_order, export, series_names
from sfcore.recipe import Labels
from sfcore.recordings import livelink, rows_jsonl
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.store.address import Address
from sfcore.store.workspace import Workspace
from tasks.ingest import ingest
from tasks.progress import Silent


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(str(tmp_path / "w"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with rows in every table, for reading."""
    workspace = Workspace.create(str(tmp_path_factory.mktemp("filled") / "w"))
    fill(workspace, 8)
    return workspace


def run(workspace: Workspace, form: str, out: Path | str, on_row: Callable[[int], None] | None = None, **said: Any) -> Exported:
    """Exports dataset 'anna'."""
    chosen = {name: said.pop(name) for name in ("what", "take", "split", "model") if name in said}
    order = Order(Selection(dataset="anna", **{"what": "labels", **chosen}), form, str(out), **said)
    return export(workspace, order, lambda _rows: None, on_row or (lambda _more: None))


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_takes_every_table_and_counts_its_rows(filled: Workspace, tmp_path: Path, form: str) -> None:
    for what in ("labels", "supervision", "predictions"):
        out = tmp_path / what / ("out.jsonl" if form == "jsonl" else "out")
        seen: list[int] = []
        model = "median" if what == "predictions" else None
        done = run(filled, form, out, seen.append, what=what, model=model)
        assert done.rows_selected == sum(seen) == 8
        files = [path for path in out.rglob("*") if path.is_file() and path.name != MARKER] if out.is_dir() else [out]
        assert (done.files, done.bytes) == (len(files), sum(path.stat().st_size for path in files))
        assert not list(out.parent.glob(".*partial*"))


def test_times_of_pictures_and_answers_are_those_of_their_labels(filled: Workspace, tmp_path: Path) -> None:
    values = values_of(8)
    run(filled, "livelink", tmp_path / "p", what="predictions", model="demo-1")
    rows = table(tmp_path / "p" / "walk.csv")
    # Frame 1 could not be read: it is not there, and frame 2 is where it was.
    assert [row["Timecode"][-6:] for row in rows] == [f"{2 * frame:02d}.000" for frame in (0, 2, 3, 4, 5, 6, 7)]
    assert np.float32(rows[1]["JawOpen"]) == np.float32(values[2, NAMES.index("JawOpen")] / 2)


def test_variants_of_a_take_get_a_file_each(workspace: Workspace, tmp_path: Path) -> None:
    fill(workspace, 6, variants=2)
    run(workspace, "livelink", tmp_path / "out", what="supervision")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.csv")) == ["walk-v0.csv", "walk-v1.csv"]
    assert all(len(table(path)) == 6 for path in (tmp_path / "out").glob("*.csv"))


def test_names_of_takes_that_are_alike_stay_apart() -> None:
    keys = [SeriesKey(take, 0, "") for take in ("a/b", "a b", "A-B", "..", "", "é" * 300)]
    names = list(series_names(keys).values())
    assert len({name.casefold() for name in names}) == len(keys)
    assert all("/" not in name and 0 < len(name) < 100 and not name.startswith(".") for name in names)


@given(st.text(max_size=200))
def test_any_take_makes_a_file_name(text: str) -> None:
    name = file_name(text)
    assert name
    assert not set(name) & set('/\\:*?"<>|\x00\n')
    assert name not in (".", "..")


@pytest.mark.parametrize("together", [10, 20, 1000])
def test_takes_come_in_order_however_many_are_sorted_together(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(selection, "_SORTED_ROWS", together)
    takes = ("c", "a", "b", "é", "B")
    for take in takes:
        rows = label_table(values_of(9, ord(take)), take=take)
        workspace.append("labels", rows.take(np.random.default_rng(0).permutation(9)), take)
    run(workspace, "livelink", tmp_path / "out")
    # File systems that do not tell b from B are spared.
    files = {take: "b-2" if take == "b" else take for take in takes}
    for take in takes:
        (again,) = livelink.read(SourceFile.of((tmp_path / "out" / f"{files[take]}.csv").read_bytes(), "x.csv"), Reading())
        assert again.coefficients.tobytes() == values_of(9, ord(take)).tobytes()


def test_one_take_goes_into_a_file_and_several_do_not(workspace: Workspace, tmp_path: Path) -> None:
    for take in ("a", "b"):
        workspace.append("labels", label_table(values_of(5), take=take), take)
    with pytest.raises(WrongUse, match=r"can hold one take and 2 are selected \(a, b\).*--take"):
        run(workspace, "livelink", tmp_path / "x.csv")
    run(workspace, "livelink", tmp_path / "x.csv", take="b", split="test")
    assert len(table(tmp_path / "x.csv")) == 1


def test_a_take_begins_at_the_timecode_it_was_recorded_at(workspace: Workspace, tmp_path: Path) -> None:
    told = [json.dumps({"starts": "13:04:31:12.500"})] * 4
    workspace.append("labels", label_table(values_of(4), take="a", provenance=told), "a")
    # Its first row was rejected, and the recording still began when it began.
    rest = label_table(values_of(4), take="b", provenance=told, frame=np.arange(1, 5))
    workspace.append("labels", rest, "b")
    workspace.append("labels", label_table(values_of(4), take="c", provenance=["no JSON"] * 4), "c")
    run(workspace, "livelink", tmp_path / "out")
    firsts = {take: table(tmp_path / "out" / f"{take}.csv")[0]["Timecode"] for take in "abc"}
    assert firsts == {"a": "13:04:31:12.500", "b": "13:04:31:12.500", "c": "00:00:00:00.000"}
    run(workspace, "livelink", tmp_path / "a.csv", take="a", start=60.0)
    assert table(tmp_path / "a.csv")[1]["Timecode"] == "00:01:00:02.000"


@given(values=st.lists(st.one_of(st.none(), st.floats(0, 1, width=32)), min_size=1, max_size=30))
@settings(max_examples=6, deadline=None)
def test_lines_of_our_own_read_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float | None]) -> None:
    folder = tmp_path_factory.mktemp("lines")
    faces = values_of(len(values))
    faces[:, 17] = [np.nan if value is None else value for value in values]
    t = np.arange(len(values)) * 0.0333
    workspace = Workspace.create(str(folder / "w"))
    workspace.append("labels", label_table(faces, t=t), "a")
    run(workspace, "jsonl", folder / "x.jsonl")
    (again,) = rows_jsonl.read(SourceFile.of((folder / "x.jsonl").read_bytes(), "x.jsonl"), Reading(rotation="radians"))
    assert again.coefficients.tobytes() == (faces + 0).tobytes()
    assert np.allclose(again.t, t, rtol=0, atol=1e-12)


# Places ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def out(workspace_location: str) -> Address:
    """A place on a disk, and one on S3."""
    return Address.parse(f"{workspace_location}-out/export")


def content(place: Address) -> dict[str, bytes]:
    found = place.files.find(place.root) if place.files.exists(place.root) else []
    return {str(path)[len(place.root) + 1 :]: place.files.cat_file(path) for path in found}


def put(place: Address, told: dict[str, bytes], force: bool = False, fail: bool = False) -> None:
    with written_folder(place, force, {"rows": 1}) as sink:
        for name, text in told.items():
            with sink.open(name) as file:
                file.write(text)
                if fail:
                    raise RuntimeError("power")


def test_a_folder_is_replaced_only_when_asked_and_only_whole(out: Address) -> None:
    put(out, {"a.csv": b"1", "images/b.png": b"2"})
    assert set(content(out)) == {"a.csv", "images/b.png", MARKER}
    with pytest.raises(WrongUse, match="--force"):
        put(out, {"a.csv": b"3"})
    assert content(out)["a.csv"] == b"1"
    put(out, {"c.csv": b"4"}, force=True)
    assert set(content(out)) == {"c.csv", MARKER}
    assert json.loads(content(out)[MARKER]) == {"complete": True, "rows": 1}


def test_what_breaks_leaves_no_half_file_and_can_be_done_again(out: Address) -> None:
    with pytest.raises(RuntimeError, match="power"):
        put(out, {"a.csv": b"1" * 100}, fail=True)
    assert "a.csv" not in content(out)
    put(out, {"a.csv": b"1"})
    assert content(out)["a.csv"] == b"1"


def test_on_a_disk_a_broken_replacement_leaves_what_was_there(tmp_path: Path) -> None:
    place = Address.parse(str(tmp_path / "x"))
    put(place, {"a.csv": b"1"})
    with pytest.raises(RuntimeError, match="power"):
        put(place, {"a.csv": b"2"}, force=True, fail=True)
    assert content(place)["a.csv"] == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_somebody_elses_folder_is_never_replaced(out: Address) -> None:
    out.files.makedirs(out.root, exist_ok=True)
    out.files.pipe_file(f"{out.root}/thesis.txt", b"years")
    for force in (False, True):
        with pytest.raises(WrongUse, match="did not export"):
            put(out, {"a.csv": b"1"}, force=force)
    assert content(out) == {"thesis.txt": b"years"}


def test_a_file_appears_whole_or_not_at_all(out: Address) -> None:
    def write(text: bytes, force: bool = False, fail: bool = False) -> None:
        with written_file(out, force) as sink, sink.open("") as file:
            file.write(text)
            if fail:
                raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        write(b"half", fail=True)
    assert not out.files.exists(out.root)
    write(b"one")
    with pytest.raises(WrongUse, match="--force"):
        write(b"two")
    with pytest.raises(RuntimeError, match="power"):
        write(b"half", force=True, fail=True)
    assert out.files.cat_file(out.root) == b"one"
    write(b"two", force=True)
    assert out.files.cat_file(out.root) == b"two"


def test_exports_go_to_any_place(filled: Workspace, out: Address) -> None:
    run(filled, "huggingface", f"{out.uri}/hub", what="supervision")
    shards = {name: text for name, text in content(out).items() if name.endswith(".parquet")}
    assert set(shards) == {"hub/data/train-00000.parquet", "hub/data/test-00000.parquet"}
    assert sum(pq.read_table(io.BytesIO(text)).num_rows for text in shards.values()) == 8
    run(filled, "livelink", f"{out.uri}/walk.csv")
    assert len(content(out)["walk.csv"].splitlines()) == 9


def test_an_export_that_fails_in_the_middle_leaves_nothing(filled: Workspace, tmp_path: Path) -> None:

    def fail(_more: int) -> None:
        raise KeyboardInterrupt

    for form, name in (("livelink", "x.csv"), ("chat", "x"), ("huggingface", "y"), ("jsonl", "z.jsonl")):
        with pytest.raises(KeyboardInterrupt):
            run(filled, form, tmp_path / name, fail, what="supervision")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told(filled: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkFailed, match="cannot write"):
        run(filled, "livelink", tmp_path / "file" / "below")
    with pytest.raises(WrongUse, match="is a file: name a folder"):
        run(filled, "chat", tmp_path / "file")
    (tmp_path / "d.jsonl").mkdir()
    with pytest.raises(WrongUse, match="is a folder: name a file"):
        run(filled, "jsonl", tmp_path / "d.jsonl")


# Wrong use ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"form": "livelnk"}, "did you mean 'livelink'"),
        ({"form": "livelink", "out": "x.json"}, "written as .csv"),
        ({"form": "chat", "out": "x.jsonl"}, "name a folder"),
        ({"form": "jsonl", "out": "x"}, "ends in .jsonl"),
        ({"form": "chat", "fps": 30.0}, "--fps belongs to"),
        ({"form": "livelink", "model": "m"}, "--model belongs to predictions"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_read(said: dict[str, Any], sentence: str) -> None:
    chosen = Selection("labels", "anna", model=said.pop("model", None))
    order = Order(chosen, said.pop("form"), said.pop("out", "x"), **said)
    with pytest.raises(WrongUse, match=sentence):
        check_order(order)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"what": "predictions"}, "name one of demo-1, median with --model"),
        ({"what": "predictions", "model": "medan"}, "did you mean 'median'"),
        ({"take": "wlk"}, "did you mean 'walk'"),
        ({"split": "tset"}, "did you mean 'test'"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(filled: Workspace, tmp_path: Path, said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        run(filled, "livelink", tmp_path / "x", **said)
    assert not (tmp_path / "x").exists()


def test_an_empty_workspace_says_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    for what, step in (("labels", "ingest"), ("supervision", "supervise"), ("predictions", "supervise")):
        with pytest.raises(WrongUse, match=f"run {step} first"):
            run(workspace, "livelink", tmp_path / "x", what=what)


def test_takes_without_times_need_a_rate_and_leave_nothing_without_one(workspace: Workspace, tmp_path: Path) -> None:
    workspace.append("labels", label_table(values_of(4), t=np.full(4, np.nan)), "a")
    with pytest.raises(WrongUse, match="--fps"):
        run(workspace, "livelink", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    run(workspace, "livelink", tmp_path / "x", fps=30.0)
    assert [row["Timecode"][-6:] for row in table(tmp_path / "x" / "walk.csv")] == ["00.000", "02.000", "04.000", "06.000"]


def test_tables_without_the_newest_columns_are_exported_too(workspace: Workspace, tmp_path: Path) -> None:
    from deltalake import write_deltalake

    rows = label_table(values_of(4))
    older = rows.drop_columns(["provenance"]) if "provenance" in rows.column_names else rows
    write_deltalake(f"{workspace.address.root}/tables/labels", older)
    run(workspace, "livelink", tmp_path / "x.csv")
    assert len(table(tmp_path / "x.csv")) == 4
    assert as_table("labels", 4, {name: older[name] for name in older.column_names}).num_rows == 4


def test_what_ingest_clipped_is_told_on_the_way_out(
    workspace: Workspace, tmp_path: Path, write_take: Callable[..., Path]
) -> None:
    path = write_take(tmp_path / "anna.csv", 20)
    lines = path.read_text().splitlines()
    for row in (3, 5):
        cells = lines[row].split(",")
        cells[2] = cells[3] = "1.2"
        lines[row] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    ingest(workspace, Labels(dataset="anna", source=str(path)), 0, "run", Silent())
    for form in ("livelink", "semanticface"):
        done = run(workspace, form, tmp_path / form)
        assert "written clipped, as they came in: 4 (rows: 2)" in " ".join(done.notes)
        assert done.is_exact is (form == "livelink")
