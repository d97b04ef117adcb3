"""What comes into a dataset from folders, pictures, videos and options, and what a dry run tells before."""

from __future__ import annotations

import io
import json
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from PIL import Image

from sfcore.arkit import INDEX, MIRROR_INDEX, MIRROR_SIGN, NAMES
from sfcore.errors import WrongUse
from sfcore.recipe import Labels
from sfcore.recordings import labels as label_tables
from sfcore.recordings.prior import draw_take
from sfcore.recordings.source import read_source
from sfcore.store.address import Address
from sfcore.store.workspace import Workspace
from tasks import doorway
from tasks.ingest import Ingested, ingest, survey
from tasks.progress import Silent

WriteTake = Callable[..., Path]


def bring(workspace: Workspace, source: Path | str, **labels: object) -> Ingested:
    wanted = Labels.model_validate({"dataset": "anna", "source": str(source), **labels})
    return ingest(workspace, wanted, 0, "run", Silent())


def drawn_csv(path: Path, seed: int, rows: int = 240, mirrored: bool = False, lean: float = 0.0) -> Path:
    """A Live Link take of the prior at 30 frames a second; ``lean`` is added to all shapes of the left side."""
    values = draw_take(seed, 0, rows).astype(np.float64)
    left = [i for i, name in enumerate(NAMES[:52]) if name.endswith("Left") and "Look" not in name]
    values[:, left] = np.clip(values[:, left] + lean, 0, 1)
    if mirrored:
        values = values[:, list(MIRROR_INDEX)] * np.array(MIRROR_SIGN)
    lines = ["Timecode,BlendShapeCount," + ",".join(NAMES)]
    for i, row in enumerate(values):
        lines.append(f"01:00:{i // 30:02d}:{i % 30 * 2:02d}.000,61," + ",".join(f"{v:.10f}" for v in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    return path


def picture(seed: int, size: tuple[int, int] = (32, 24), kind: str = "JPEG", **options: object) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (*reversed(size), 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def test_a_folder_comes_in_whole_twice_adds_nothing_and_bad_files_are_told(
    workspace_location: str, tmp_path: Path, write_take: WriteTake
) -> None:
    folder = tmp_path / "takes"
    (folder / "day1").mkdir(parents=True)
    write_take(folder / "a.csv", 40, seed=1)
    write_take(folder / "day1" / "b.csv", 40, seed=2)
    write_take(folder / "copy of a.csv", 40, seed=1)
    (folder / "broken.json").write_text('{"weightMat": [[0.1,')
    workspace = Workspace.create(workspace_location)
    done = bring(workspace, folder)
    assert (done.takes, done.rows_kept, len(done.conflicts), len(done.refused)) == (2, 80, 1, 1)
    assert "same content as take 'a'" in done.conflicts[0]
    assert done.rows_read == done.rows_kept + done.rows_rejected == 120
    assert done.rejected_by_reason == {"same content as another take": 40}
    again = bring(workspace, folder)
    assert (again.takes, again.found_done, again.rows_kept) == (2, 2, 80)
    assert workspace.row_counts()["labels"] == 80
    rejects = workspace.read("rejects").to_pylist()
    assert Counter((reject["source"], reject["reason"], reject["dataset"]) for reject in rejects) == {
        ("broken.json", "unreadable file", "anna"): 1,
        ("copy of a.csv", "same content as another take", "anna"): 40,
    }


def test_patterns_and_prefixes_name_many_takes(s3_bucket: str, tmp_path: Path, write_take: WriteTake) -> None:
    for number in range(3):
        write_take(tmp_path / f"take{number}.csv", 20, seed=number)
    workspace = Workspace.create(str(tmp_path / "w"))
    assert bring(workspace, tmp_path / "take[01].csv").takes == 2
    files = Address.parse(f"s3://{s3_bucket}").files
    for number in range(3):
        files.pipe_file(f"{s3_bucket}/deep/take{number}.csv", (tmp_path / f"take{number}.csv").read_bytes())
    for source in (f"s3://{s3_bucket}/deep", f"s3://{s3_bucket}/deep/*.csv"):
        done = bring(workspace, source)
        assert done.takes == 3
    assert workspace.row_counts()["labels"] == 60


def test_a_folder_without_a_recording_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "page.csv").write_text("<html></html>")
    workspace = Workspace.create(str(tmp_path / "w"))
    with pytest.raises(WrongUse, match=r"holds no recording .*page\.csv.*HTML"):
        bring(workspace, tmp_path)


def test_a_dry_run_tells_all_and_writes_nothing(tmp_path: Path, write_take: WriteTake) -> None:
    folder = tmp_path / "takes"
    folder.mkdir()
    first = write_take(folder / "a.csv", 60, seed=1)
    write_take(folder / "copy.csv", 60, seed=1)
    lines = first.read_text().splitlines()
    lines[5] = "oh"
    first.with_name("c.csv").write_text("\n".join(lines))
    before = sorted(tmp_path.rglob("*"))
    done, coverage = survey(Labels(dataset="anna", source=str(folder)))
    assert (done.takes, len(done.conflicts), done.rows_kept) == (2, 1, 119)
    assert coverage.rows == 119
    assert "same content as take 'a'" in coverage.conflicts[0]
    assert coverage.rejects == {"same content as another take": 60, "wrong number of fields": 1}
    assert done.rejected_examples == ("c.csv row 4: wrong number of fields (1 fields where the header has 63)",)
    assert {take.name for take in coverage.takes} == {"a", "c"}
    assert len(coverage.channels) == 61
    assert sorted(tmp_path.rglob("*")) == before
    workspace = Workspace.create(str(tmp_path / "w"))
    assert bring(workspace, folder).rows_kept == done.rows_kept


def test_mirroring_turns_a_take_over_and_is_recorded(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    path = drawn_csv(tmp_path / "a.csv", 3)
    bring(workspace, path, dataset="plain")
    bring(workspace, path, dataset="turned", mirror=True)
    tables = {name: workspace.read("labels", filter=pc.field("dataset") == name).sort_by("frame") for name in ("plain", "turned")}
    values = {name: np.column_stack([table[c].to_numpy() for c in NAMES]) for name, table in tables.items()}
    np.testing.assert_array_equal(values["turned"], values["plain"][:, list(MIRROR_INDEX)] * np.float32(MIRROR_SIGN))
    assert json.loads(tables["turned"]["provenance"][0].as_py())["mirrored"] is True
    assert tables["turned"]["split"].to_pylist() == tables["plain"]["split"].to_pylist(), "a mirrored take is held out alike"
    with pytest.raises(WrongUse, match="another recording named 'a'"):
        bring(workspace, path, dataset="plain", mirror=True)


def test_swapped_sides_are_suspected_by_the_eyes_and_by_other_takes(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    for seed in (1, 2):
        assert not bring(workspace, drawn_csv(tmp_path / f"{seed}.csv", seed, lean=0.2)).suspected_mirroring
    swapped = drawn_csv(tmp_path / "swapped.csv", 3)
    lines = swapped.read_text().split("\n")
    marked = lines[0].replace("Left", "@").replace("Right", "Left").replace("@", "Right")
    swapped.write_text("\n".join([marked, *lines[1:]]))
    (suspicion,) = bring(workspace, swapped, dataset="other").suspected_mirroring
    assert "eyes turn against their look shapes" in suspicion
    (suspicion,) = bring(workspace, drawn_csv(tmp_path / "turned.csv", 4, mirrored=True, lean=0.2)).suspected_mirroring
    assert "leans the other way than that of '" in suspicion


def test_real_takes_do_not_look_mirrored_and_turned_ones_do(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "livelink" / "MySlate_164_iPhone_cal.csv"
    workspace = Workspace.create(str(tmp_path / "w"))
    assert not bring(workspace, source).suspected_mirroring
    content = source.read_text()
    head, _, body = content.partition("\n")
    swapped = tmp_path / "swapped.csv"
    swapped.write_text(head.replace("Left", "@").replace("Right", "Left").replace("@", "Right") + "\n" + body)
    assert bring(workspace, swapped, dataset="b").suspected_mirroring


def test_a_resting_face_is_subtracted_from_shapes_alone(tmp_path: Path) -> None:
    path = drawn_csv(tmp_path / "a.csv", 5)
    plain = read_source(str(path))
    workspace = Workspace.create(str(tmp_path / "w"))
    bring(workspace, path, neutral="17")
    table = workspace.read("labels").sort_by("frame")
    values = np.column_stack([table[c].to_numpy() for c in NAMES])
    looks = [i for i, name in enumerate(NAMES[:52]) if name.startswith("EyeLook")]
    others = [i for i in range(52) if i not in looks]
    expected = np.maximum(plain.coefficients[:, others] - plain.coefficients[17, others], 0)
    np.testing.assert_array_equal(values[:, others], expected)
    np.testing.assert_array_equal(values[:, [*looks, *range(52, 61)]], plain.coefficients[:, [*looks, *range(52, 61)]])
    assert json.loads(table["provenance"][0].as_py())["neutral"] == "frame 17"
    for wrong, said in (("9999", "no frame 9999"),):
        with pytest.raises(WrongUse, match=said):
            bring(workspace, path, dataset="b", neutral=wrong)
    auto = bring(workspace, path, dataset="c", neutral="auto")
    assert any("the median of the 12 stillest rows" in note for note in auto.notes)


def test_perturbed_takes_use_what_is_rare_and_are_for_learning_alone(tmp_path: Path) -> None:
    path = drawn_csv(tmp_path / "a.csv", 5, rows=900)
    lines = path.read_text().split("\n")
    cells = [line.split(",") for line in lines]
    for row in cells[1:]:
        for name in ("CheekPuff", "TongueOut", "NoseSneerLeft", "NoseSneerRight"):
            row[2 + INDEX[name]] = "0.0"
    path.write_text("\n".join(",".join(row) for row in cells))
    workspace = Workspace.create(str(tmp_path / "w"))
    done = bring(workspace, path, perturb={"copies": 2})
    assert done.perturbed == 2
    rows = workspace.read("labels")
    added = rows.filter(pc.equal(rows["format"], "perturbed"))
    assert set(added["split"].to_pylist()) == {"train"}
    assert set(added["take"].to_pylist()) == {"a+perturbed-1", "a+perturbed-2"}
    held_out = rows.filter(pc.not_equal(rows["split"], "train"))["frame"].to_pylist()
    assert not set(held_out) & set(added["frame"].to_pylist())
    for name in ("CheekPuff", "TongueOut", "NoseSneerLeft"):
        assert (added[name].to_numpy() > 0.3).mean() > 0.01
    assert bring(workspace, path, perturb={"copies": 2}).perturbed == 0, "twice adds nothing"


def label_line(name: str, values: np.ndarray) -> dict[str, object]:
    return {"file_name": name, **dict(zip(NAMES, values.tolist(), strict=True))}


def write_pictures(folder: Path) -> np.ndarray:
    folder.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).random((9, 61)).round(3)
    (folder / "0.jpg").write_bytes(picture(0))
    exif = Image.Exif()
    exif[0x0112] = 6
    (folder / "1.jpg").write_bytes(picture(1, exif=exif))
    (folder / "2.png").write_bytes(picture(2, kind="PNG"))
    (folder / "3.png").write_bytes(picture(3, (3000, 100), "PNG"))
    (folder / "4.jpg").write_bytes(picture(4)[:200])
    (folder / "6.jpg").write_bytes((folder / "0.jpg").read_bytes())
    bomb = bytearray(picture(7, (4, 4), "PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    (folder / "7.png").write_bytes(bytes(bomb))
    return values


REASONS = [(4, "unreadable image"), (5, "no image"), (6, "one picture under two labels"), (7, "image too large"), (8, "no image")]
FILES = ("0.jpg", "1.jpg", "2.png", "3.png", "4.jpg", "5.jpg", "6.jpg", "7.png", "../../outside.jpg")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_pictures_with_labels_beside_them_come_in_upright(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "photos" / "set"
    values = write_pictures(folder)
    (tmp_path / "outside.jpg").write_bytes(picture(8))
    if form == "csv":
        lines = [
            "file_name," + ",".join(NAMES),
            *(f"{n}," + ",".join(map(str, row)) for n, row in zip(FILES, values, strict=True)),
        ]
    else:
        lines = [json.dumps(label_line(name, row)) for name, row in zip(FILES, values, strict=True)]
    (folder / f"metadata.{form}").write_text("\n".join(lines))
    take = read_source(str(folder / f"metadata.{form}"))
    assert [(reject.row, reject.reason) for reject in take.rejects] == REASONS
    assert any("under another label" in note for note in take.notes)
    workspace = Workspace.create(str(tmp_path / "w"))
    done = bring(workspace, tmp_path / "photos")
    assert (done.rows_kept, done.rows_rejected) == (4, 5)
    rows = workspace.read("labels").sort_by("frame")
    sizes = [Image.open(io.BytesIO(image)).size for image in rows["image"].to_pylist()]
    assert sizes == [(32, 24), (24, 32), (32, 24), (2048, 68)]
    assert rows["image"][0].as_py() == (folder / "0.jpg").read_bytes(), "what needs no change keeps its bytes"
    np.testing.assert_array_equal(rows["JawOpen"].to_numpy(), values[:4, INDEX["JawOpen"]].astype(np.float32))


def write_film(path: Path, frames: int, fps: int, start: str | None = None) -> None:
    """A film in which frame i is grey of brightness 4 i."""
    import av

    with av.open(str(path), "w") as made:
        if start:
            made.metadata["timecode"] = start
        stream = made.add_stream("mpeg4", rate=fps)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for i in range(frames):
            grey = np.full((32, 32, 3), 4 * i, np.uint8)
            made.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        made.mux(stream.encode(None))


def brightness(image: bytes) -> float:
    return float(np.asarray(Image.open(io.BytesIO(image))).mean())


def test_a_video_beside_a_recording_gives_it_pictures_by_time(tmp_path: Path) -> None:
    drawn_csv(tmp_path / "take_cal.csv", 1, rows=40)
    write_film(tmp_path / "take.mp4", 30, 30)
    take = read_source(str(tmp_path / "take_cal.csv"))
    assert take.images is not None
    shown = [image for image in take.images if image is not None]
    assert len(shown) == 30
    assert [brightness(image) for image in shown] == pytest.approx([4 * i for i in range(30)], abs=4)
    assert any("30 of 40 rows have a picture" in note for note in take.notes)
    workspace = Workspace.create(str(tmp_path / "w"))
    bring(workspace, tmp_path / "take_cal.csv")
    rows = workspace.read("labels", columns=["frame", "image"]).sort_by("frame")
    assert [image is not None for image in rows["image"].to_pylist()] == [True] * 30 + [False] * 10
    assert bring(workspace, tmp_path / "take_cal.csv", dataset="none", video=False).rows_kept == 40
    none = workspace.read("labels", columns=["image"], filter=pc.field("dataset") == "none")
    assert none["image"].null_count == 40


def test_a_video_of_another_rate_is_matched_frame_by_frame_and_a_broken_one_costs_no_label(tmp_path: Path) -> None:
    drawn_csv(tmp_path / "take.csv", 1, rows=60)
    write_film(tmp_path / "take.mov", 30, 15)
    take = read_source(str(tmp_path / "take.csv"))
    assert take.images is not None
    with_picture = [row for row, image in enumerate(take.images) if image is not None]
    assert len(with_picture) == 30
    assert all(abs(row - 2 * i) <= 1 for i, row in enumerate(with_picture))
    (tmp_path / "take.mov").write_bytes(b"no film")
    broken = read_source(str(tmp_path / "take.csv"))
    assert (len(broken.frame), broken.images) == (60, None)
    assert any("cannot be read as video" in note for note in broken.notes)


def test_very_long_recordings_come_in_as_takes_that_fit_together(
    tmp_path: Path, write_take: WriteTake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sfcore.recordings import delimited, gather

    monkeypatch.setattr(gather, "ROWS_OF_A_TAKE", 500)
    monkeypatch.setattr(delimited, "BLOCK", 32 * 1024)
    path = write_take(tmp_path / "long.csv", 2400, seed=1)
    lines = path.read_text().split("\n")
    lines[700], lines[1500] = "oh", lines[1500].replace("00:02", "00:01", 1)
    path.write_text("\n".join(lines))
    workspace = Workspace.create(str(tmp_path / "w"))
    done = bring(workspace, path)
    assert done.takes >= 3
    assert (done.rows_kept, done.rows_rejected) == (2398, 2)
    rows = workspace.read("labels").sort_by("frame")
    assert rows["frame"].to_pylist() == [i for i in range(2400) if i not in (699, 1499)]
    np.testing.assert_allclose(rows["t"].to_numpy(), rows["frame"].to_numpy() / 10, atol=1e-6)
    words, t = np.array(rows["split"].to_pylist()), rows["t"].to_numpy()
    for test_time in t[words == "test"]:
        assert np.abs(t[words == "train"] - test_time).min() > 0.45, "a frame beside a held-out one is learnt from"
    assert bring(workspace, path).found_done == done.takes


def test_pictures_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_tables, "_ROWS_WITH_PICTURES", 2)
    monkeypatch.setattr(doorway, "_MOST_ROWS", 4)
    folder = tmp_path / "set"
    values = write_pictures(folder)
    (folder / "l.jsonl").write_text("\n".join(json.dumps(label_line(n, v)) for n, v in zip(FILES, values, strict=True)))
    workspace = Workspace.create(str(tmp_path / "w"))
    assert bring(workspace, folder).rows_kept == 4
    assert workspace.dataset("labels").count_rows() == 4
    assert len(list((tmp_path / "w" / "tables" / "labels").glob("*.parquet"))) == 2
    assert workspace.read("labels")["image"].null_count == 0
