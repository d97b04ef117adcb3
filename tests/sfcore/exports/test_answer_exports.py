"""Exports that hold answers and pictures: chat datasets, SemanticFace lines, and dataset folders of the hub."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from export_worlds import HOSTILE, fill, label_table, picture, values_of
from PIL import Image

from sfcore.arkit import NAMES
from sfcore.captions.description import FIELDS
from sfcore.exports import huggingface
from sfcore.exports.answers import QUESTION, coefficients_as_written
from sfcore.exports.selection import Selection
from sfcore.exports.writing import Order, export
from sfcore.recordings import livelink, rows_parquet, semanticface
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.store.workspace import Workspace

ROWS = 8


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, np.ndarray]:
    workspace = Workspace.create(str(tmp_path_factory.mktemp("filled") / "w"))
    return workspace, fill(workspace, ROWS)


def run(workspace: Workspace, form: str, out: Path, what: str, model: str | None = None, **said: Any) -> tuple[str, ...]:
    order = Order(Selection(what, "anna", model=model), form, str(out), **said)  # type: ignore[arg-type]
    return export(workspace, order, lambda _rows: None, lambda _more: None).notes


def lines(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text().splitlines())


def test_a_chat_dataset_holds_questions_pictures_and_answers(filled: tuple[Workspace, np.ndarray], tmp_path: Path) -> None:
    workspace, values = filled
    out = tmp_path / "chat"
    run(workspace, "chat", out, "supervision")
    told = json.loads((out / "dataset_info.json").read_text())
    assert {name: entry["file_name"] for name, entry in told.items()} == {"anna_test": "test.jsonl", "anna_train": "train.jsonl"}
    pictures: set[str] = set()
    for frame, row in enumerate([*lines(out / "train.jsonl"), *lines(out / "test.jsonl")]):
        assert list(row) == ["messages", "images"]
        assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
        # Both frameworks count the tags against the pictures.
        assert row["messages"][1]["content"].count("<image>") == len(row["images"]) == 1
        answer = json.loads(row["messages"][2]["content"])
        assert answer["analysis"] == {field: f"{field} {HOSTILE}" for field in FIELDS}
        known = {name: round(float(v), 3) for name, v in zip(NAMES, values[frame], strict=True) if v == v}
        assert answer["arkit"] == known
        assert "TongueOut" not in answer["arkit"]
        (path,) = row["images"]
        with Image.open(out / path) as shown:
            expected = Image.open(io.BytesIO(picture(frame, ("PNG", "WEBP", "JPEG")[frame % 3])))
            assert shown.format == expected.format
            assert (out / path).suffix == {"PNG": ".png", "WEBP": ".webp", "JPEG": ".jpg"}[str(shown.format)]
        pictures.add(path)
    assert len(pictures) == ROWS
    assert all(f"`{name}`" in (out / "README.md").read_text() for name in told)


def test_a_chat_dataset_trains_on_no_answer_that_could_not_be_read(filled: tuple[Workspace, np.ndarray], tmp_path: Path) -> None:
    notes = run(filled[0], "chat", tmp_path / "chat", "predictions", "demo-1")
    assert sum(1 for file in (tmp_path / "chat").glob("*.jsonl") for _ in lines(file)) == ROWS - 1
    assert any(note.startswith("1 answers") for note in notes)


def test_labels_without_pictures_ask_about_none(tmp_path: Path) -> None:
    workspace = Workspace.create(str(tmp_path / "w"))
    workspace.append("labels", label_table(values_of(4)), "a")
    notes = run(workspace, "chat", tmp_path / "chat", "labels")
    rows = [*lines(tmp_path / "chat" / "train.jsonl"), *lines(tmp_path / "chat" / "test.jsonl")]
    assert all("<image>" not in row["messages"][1]["content"] and row["images"] == [] for row in rows)
    assert all(list(json.loads(row["messages"][2]["content"])) == ["arkit"] for row in rows)
    assert any("no picture" in note for note in notes)


def test_lines_of_semanticface_have_its_keys_and_read_back(
    filled: tuple[Workspace, np.ndarray], tmp_path: Path, real_data: Path
) -> None:
    workspace, values = filled
    run(workspace, "semanticface", tmp_path / "out", "supervision")
    file = tmp_path / "out" / "semanticface.jsonl"
    theirs = json.loads((real_data / "semanticface" / "example_result.jsonl").read_text().splitlines()[0])
    for row in lines(file):
        assert list(row) == list(theirs)
        assert [list(turn) for turn in row["messages"]] == [list(turn) for turn in theirs["messages"]]
        assert [list(entry) for entry in row["images"]] == [list(entry) for entry in theirs["images"]]
        assert row["messages"][-1]["content"] == row["response"]
        assert (tmp_path / "out" / row["images"][0]["path"]).is_file()
    assert semanticface.sniff(file.read_bytes()[:65_536])
    # The question names channels between commas: that makes no table of the line.
    assert not livelink.sniff(file.read_bytes()[:65_536])
    (take,) = semanticface.read(SourceFile.of(file.read_bytes(), "x.jsonl"), Reading(rotation="radians"))
    assert np.array_equal(take.coefficients, values, equal_nan=True)


def test_a_prediction_stands_beside_its_truth_and_an_unread_one_as_it_was(
    filled: tuple[Workspace, np.ndarray], tmp_path: Path
) -> None:
    workspace, values = filled
    run(workspace, "semanticface", tmp_path / "out", "predictions", "demo-1")
    rows = list(lines(tmp_path / "out" / "semanticface.jsonl"))
    jaw = NAMES.index("JawOpen")
    for frame, row in enumerate(rows):
        truth = json.loads(row["labels"].rpartition("\n\n")[2])
        assert np.float32(truth["JawOpen"]) == values[frame, jaw]
        if frame == 1:
            assert row["response"] == "mumble"
        else:
            answered = json.loads(row["response"].rpartition("\n\n")[2])
            assert np.float32(answered["JawOpen"]) == np.float32(values[frame, jaw] / 2)
            assert "**Symmetry**: answered symmetry" in row["response"]


def test_published_answers_come_out_with_the_decimals_they_came_in_with(real_data: Path) -> None:
    content = (real_data / "semanticface" / "example_result.jsonl").read_bytes()
    (take,) = semanticface.read(SourceFile.of(content, "x.jsonl"), Reading())
    for row, line in zip(take.coefficients, content.decode().splitlines(), strict=True):
        numbers = json.loads(line)["response"].rpartition("\n\n")[2]
        theirs = {name: max(value, 0.0) if name in NAMES[:52] else value for name, value in json.loads(numbers).items()}
        assert coefficients_as_written(row, None) == theirs


def test_the_question_names_every_channel_in_order() -> None:
    places = [QUESTION.index(name) for name in NAMES]
    assert places == sorted(places)


# The hub ----------------------------------------------------------------------------------------------------------------

_OPEN = """
import json, sys
from datasets import load_dataset
rows = load_dataset(sys.argv[1])
first = {split: table[0] for split, table in rows.items()}
print(json.dumps({
    "sizes": {split: len(table) for split, table in rows.items()},
    "pictures": [[row["image"].format, row["image"].size, row["image"].getpixel((0, 0))] for row in rows["test"]],
    "frames": rows["test"]["frame"],
    "jaw": rows["test"]["JawOpen"],
    "tongue": rows["test"]["TongueOut"],
    "said": rows["test"]["symmetry"],
    "features": str(rows["test"].features["image"]),
}, default=list))
"""


def test_a_folder_for_the_hub_opens_with_datasets(filled: tuple[Workspace, np.ndarray], tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the library 'datasets' is not installed: pip install 'sface[dev]'")
    workspace, values = filled
    out = tmp_path / "hub"
    run(workspace, "huggingface", out, "supervision", licence="cc-by-4.0")
    # In a process of its own, which reads where its caches lie when it is imported and may not reach for the network.
    env = os.environ | {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, str(out)], capture_output=True, text=True, env=env, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sizes"] == {"train": 6, "test": 2}
    assert told["frames"] == [6, 7]
    assert [np.float32(jaw) for jaw in told["jaw"]] == [values[frame, NAMES.index("JawOpen")] for frame in (6, 7)]
    assert told["tongue"] == [None, None]
    assert told["said"] == [f"symmetry {HOSTILE}"] * 2
    assert told["pictures"][0] == ["PNG", [8, 6], [6, 42, 90]]
    assert told["pictures"][1][:2] == ["WEBP", [8, 6]]
    assert "Image(" in told["features"]


def test_the_card_tells_counts_licences_and_channels(filled: tuple[Workspace, np.ndarray], tmp_path: Path) -> None:
    notes = run(filled[0], "huggingface", tmp_path / "hub", "supervision")
    card = (tmp_path / "hub" / "README.md").read_text()
    import yaml

    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "unknown"
    assert any("--licence" in note for note in notes)
    assert head["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-*.parquet"},
        {"split": "test", "path": "data/test-*.parquet"},
    ]
    assert {"name": "image", "dtype": "image"} in head["dataset_info"]["features"]
    assert head["size_categories"] == ["n<1K"]
    assert "| rows of split `test` | 2 |" in card
    assert "heads of domain `procedural`: part of sface" in card
    assert "| TongueOut | shape | 0.0 % | – | – | – |" in card
    assert all(f"| {name} |" in card for name in NAMES)


def test_shards_hold_every_row_once_and_read_back_as_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filled: tuple[Workspace, np.ndarray]
) -> None:
    monkeypatch.setattr(huggingface, "_GROUP_ROWS", 100)
    monkeypatch.setattr(huggingface, "_SHARD_BYTES", 50_000)
    workspace = Workspace.create(str(tmp_path / "w"))
    values = values_of(900)
    workspace.append("labels", label_table(values, split=["train"] * 900), "a")
    run(workspace, "huggingface", tmp_path / "hub", "labels")
    shards = sorted((tmp_path / "hub" / "data").glob("*.parquet"))
    assert len(shards) > 2
    assert [shard.name for shard in shards] == [f"train-{number:05d}.parquet" for number in range(len(shards))]
    frames = [frame for shard in shards for frame in pq.read_table(shard)["frame"].to_pylist()]
    assert frames == list(range(900))
    (take,) = rows_parquet.read(SourceFile.of(shards[0].read_bytes(), "x.parquet"), Reading(rotation="radians"))
    assert take.coefficients.tobytes() == values[take.frame].tobytes()
    assert np.array_equal(take.t, take.frame / 30.0)
