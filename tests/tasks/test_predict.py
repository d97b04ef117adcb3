"""Predicting on what people bring: every picture gets a row, in order, whatever it is; files hold the rows as they are."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import av
import numpy as np
import pytest
from learnable_rows import picture_of
from PIL import Image

from sfcore.arkit import NAMES
from sfcore.errors import WrongUse
from sfcore.predictions.preview import Kept, preview
from sfcore.predictions.shots import Album
from sfcore.recipe import Student as StudentRecipe
from sfcore.recordings.prior import draw_take
from sfcore.rigs.registry import load_rig
from sfcore.store.aliases import CHAMPION, move_alias, read_alias
from sfcore.store.workspace import Workspace
from sfcore.student.adapter import Facts, attach_adapter, save_adapter
from sfcore.student.base import load_base
from sfcore.student.picture import Unseen
from sfcore.student.shelf import prepare_base
from tasks.predict import Predicted, PredictOrder, predict
from tasks.progress import Silent

FACES = draw_take(11, 0, 40)
MODEL = "tiny-12345678"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a tiny base and an untrained model on it, which is the champion."""
    place = Workspace.create(str(tmp_path_factory.mktemp("predict") / "workspace"))
    recipe = StudentRecipe(lora_rank=4)
    name = prepare_base(place, recipe)
    folder = tmp_path_factory.mktemp("adapter")
    base = load_base(place.fetch_folder(f"bases/{name}", tmp_path_factory.mktemp("base") / name))
    save_adapter(attach_adapter(base, recipe, seed=0), folder)
    base.processor.save_pretrained(folder)
    Facts("compact", ("TongueOut",), field_limit=2).save(folder)
    (folder / "lineage.json").write_text(json.dumps({"base": name, "codec": "compact"}))
    place.push_folder(folder, f"models/{MODEL}")
    move_alias(place, read_alias(place, CHAMPION), MODEL, "by hand")
    return place


def ask(workspace: Workspace, *sources: object, **how: object) -> Predicted:
    return predict(workspace, PredictOrder(tuple(map(str, sources)), **how), Silent())  # type: ignore[arg-type]


def video(path: Path, frames: int = 12, fps: int = 30) -> Path:
    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=fps)
        track.width, track.height, track.pix_fmt = 96, 96, "yuv420p"
        for number in range(frames):
            picture = Image.open(io.BytesIO(picture_of(FACES[number])))
            container.mux(track.encode(av.VideoFrame.from_image(picture)))
        container.mux(track.encode())
    return path


def test_a_folder_of_all_sorts_gives_a_row_each_and_files_hold_them(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "1.png").write_bytes(picture_of(FACES[0]))
    (folder / "2.jpg").write_bytes(b"not a picture")
    Image.new("RGB", (20_000, 30)).save(folder / "3.png")
    (folder / "4.JPG").write_bytes(picture_of(FACES[39], 200, 120, "JPEG"))
    Image.new("RGB", (64, 64)).save(folder / "5.png")
    (folder / "notes.txt").write_text("not asked about")
    outs = tuple(tmp_path / f"rows.{form}" for form in ("json", "jsonl", "csv"))
    done = ask(workspace, folder, outs=outs, batch_size=2, fps=10.0, preview=tmp_path / "preview.png")
    assert [row.source for row in done.rows] == ["1.png", "2.jpg", "3.png", "4.JPG", "5.png"]
    assert [row.error is None for row in done.rows] == [True, False, False, True, True]
    assert "strip of 20000 by 30" in str(done.rows[2].error)
    assert "no face in sight" in str(done.rows[4].warning)
    assert done.model_id == MODEL
    assert done.notes[0] == "1 files are neither pictures nor videos and were left alone"

    rows = json.loads(outs[0].read_text())
    assert rows == [json.loads(line) for line in outs[1].read_text().splitlines()]
    assert list(rows[0]["coefficients"]) == list(NAMES)
    assert rows[0]["coefficients"]["TongueOut"] is None
    assert rows[1]["coefficients"] is None

    header, *lines = outs[2].read_text().splitlines()
    assert header.split(",")[2:] == list(NAMES)
    # Ten pictures a second on a base of 60: those that failed take their time and have no line.
    assert [line.split(",")[0] for line in lines] == ["00:00:00:00.000", "00:00:00:18.000", "00:00:00:24.000"]
    with Image.open(tmp_path / "preview.png") as sheet:
        assert sheet.width > 1000


def test_a_batch_of_one_answers_as_a_batch_of_many(workspace: Workspace, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture_of(FACES[15 * number], 96 + 40 * number))
    together, alone = (ask(workspace, tmp_path / "*.png", batch_size=size) for size in (3, 1))
    for one, other in zip(alone.rows, together.rows, strict=True):
        np.testing.assert_array_equal(one.coefficients, other.coefficients)
        assert one.description == other.description


def test_frames_of_a_video_keep_their_seconds(workspace: Workspace, tmp_path: Path) -> None:
    film = video(tmp_path / "take.mp4")
    every = list(Album.of([str(film)]).shots())
    assert [round(shot.t or 0.0, 3) for shot in every] == [round(i / 30, 3) for i in range(12)]
    done = ask(workspace, film, fps=10.0, outs=(tmp_path / "take.csv",))
    assert [row.frame for row in done.rows] == [0, 3, 6, 9]
    codes = [line.split(",")[0] for line in (tmp_path / "take.csv").read_text().splitlines()[1:]]
    assert codes == ["00:00:00:00.000", "00:00:00:06.000", "00:00:00:12.000", "00:00:00:18.000"]


def test_a_broken_video_gives_what_comes_before_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "none.mp4").write_bytes(b"no video at all")
    (shot,) = Album.of([str(tmp_path / "none.mp4")]).shots()
    assert isinstance(shot.picture, Unseen)
    assert "cannot be read" in shot.picture.why


def test_pictures_on_s3(workspace: Workspace, s3_bucket: str) -> None:
    import s3fs

    files = s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"], skip_instance_cache=True)
    files.pipe({f"{s3_bucket}/faces/{name}": content for name, content in (("a.png", picture_of(FACES[0])), ("b.png", b"no"))})
    done = ask(workspace, f"s3://{s3_bucket}/faces/")
    assert [(row.source.rpartition("/")[2], row.error is None) for row in done.rows] == [("a.png", True), ("b.png", False)]


def test_wrong_use_is_told_before_a_model_is_opened(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture_of(FACES[0]))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    video(tmp_path / "take.mp4", 2)
    with pytest.raises(WrongUse, match="there is no file"):
        ask(workspace, tmp_path / "nothing")
    with pytest.raises(WrongUse, match="holds no picture and no video"):
        ask(workspace, tmp_path / "texts")
    with pytest.raises(WrongUse, match=r"ends in \.json, \.jsonl, \.csv"):
        ask(workspace, tmp_path / "a.png", outs=(tmp_path / "rows.xml",))
    with pytest.raises(WrongUse, match="one series"):
        ask(workspace, tmp_path / "a.png", tmp_path / "take.mp4", outs=(tmp_path / "rows.csv",))
    with pytest.raises(WrongUse, match="did you mean 'tiny-12345678'"):
        ask(workspace, tmp_path / "a.png", model="tiny-1234567x")
    with pytest.raises(WrongUse, match="no champion yet"):
        ask(Workspace.create(str(tmp_path / "new")), tmp_path / "a.png")


def test_a_preview_of_many_is_spread_over_them(workspace: Workspace, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture_of(FACES[number]))
    rows = ask(workspace, tmp_path / "*.png").rows
    kept = Kept(most=4)
    for number in range(100):
        kept.offer(rows[number % 3], None if number % 2 else Image.new("RGB", (300, 200)))
    assert 2 <= len(kept.cells) <= 4
    sheet = preview(kept.cells, load_rig("procedural"), MODEL)
    assert sheet.mode == "RGB"
