"""``sface export`` and ``sface labels report`` as people type them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from sfcore.arkit import NAMES
from sfcore.errors import WrongUse


def sface(*words: str) -> Result:
    """Runs the command in this process; a failure meant for people is the result's exception."""
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, words)


def refused(done: Result, *said: str) -> None:
    """Asserts that wrong use was told in one sentence with each part of it."""
    assert isinstance(done.exception, WrongUse), done.output
    sentence = str(done.exception)
    assert "\n" not in sentence
    for part in said:
        assert part in sentence


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one ingested take."""
    folder = tmp_path_factory.mktemp("verbs")
    head = "Timecode,BlendShapeCount," + ",".join(NAMES)
    numbers = [",".join(str(round((i * 7 + k) % 100 / 100, 2)) for k in range(61)) for i in range(40)]
    lines = [head, *(f"01:00:0{i // 10}:{i % 10 * 6:02d}.0,61,{row}" for i, row in enumerate(numbers))]
    lines.insert(9, lines[8].replace("61,0.", "61,x."))
    (folder / "walk.csv").write_text("\n".join(lines))
    done = sface("ingest", str(folder / "walk.csv"), "--dataset", "anna", "-w", str(folder / "w"))
    assert done.exit_code == 0, done.output
    return folder


def test_a_take_goes_in_and_comes_out_as_it_was(place: Path) -> None:
    out = place / "again.csv"
    done = sface("export", "anna", "-f", "livelink", "-o", str(out), "-w", str(place / "w"), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["rows_selected"], told["files"], told["bytes"]) == (40, 1, out.stat().st_size)
    ours, theirs = (list(csv.DictReader(path.open())) for path in (out, place / "walk.csv"))
    theirs.pop(8)  # damaged: rejected
    assert [float(row["JawOpen"]) for row in ours] == [float(row["JawOpen"]) for row in theirs]
    assert [row["Timecode"] for row in ours] == [row["Timecode"] + "00" for row in theirs]


@pytest.mark.parametrize("damage", [("0.11", "oh"), ("0.11", "40.0"), ("01:00:00:00", "noon"), ("01:00:00:00", "23:59:59:00")])
def test_rows_keep_their_timecode_when_the_first_was_rejected(tmp_path: Path, damage: tuple[str, str]) -> None:
    numbers = [",".join(f"0.{11 + i}" for _ in range(61)) for i in range(40)]
    rows = [f"01:00:0{i // 10}:{i % 10 * 6:02d}.000,61,{row}" for i, row in enumerate(numbers)]
    (tmp_path / "walk.csv").write_text(
        "\n".join(["Timecode,BlendShapeCount," + ",".join(NAMES), rows[0].replace(*damage, 1), *rows[1:]])
    )
    assert sface("ingest", str(tmp_path / "walk.csv"), "--dataset", "anna", "-w", str(tmp_path / "w")).exit_code == 0
    done = sface("export", "anna", "-f", "livelink", "-o", str(tmp_path / "out.csv"), "-w", str(tmp_path / "w"))
    assert done.exit_code == 0, done.output
    codes = [row["Timecode"] for row in csv.DictReader((tmp_path / "out.csv").open())]
    assert codes == [row.split(",")[0] for row in rows[1:]]


def test_the_report_is_a_table_json_and_a_page(place: Path) -> None:
    page = place / "anna.html"
    done = sface("labels", "report", "anna", "-w", str(place / "w"), "--html", str(page))
    assert done.exit_code == 0, done.output
    assert "1 take, 40 frames" in done.stdout
    assert "rejected: 1 not a number" in done.stdout
    assert all(len(line) <= 80 or str(page) in line for line in done.stdout.splitlines())
    assert page.read_text().count("<svg") == 62
    told = json.loads(sface("labels", "report", "anna", "-w", str(place / "w"), "--json").stdout)
    assert told["rejects"] == {"not a number": 1}
    assert [channel["name"] for channel in told["channels"]] == list(NAMES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "ana", "-f", "livelink", "-o", "x"), ("did you mean 'anna'",)),
        (("export", "anna", "-f", "unreal", "-o", "x"), ("no format 'unreal'", "livelink, audio2face")),
        (("export", "anna", "-f", "livelink", "-o", "x", "--what", "label"), ("did you mean 'labels'",)),
        (("export", "anna", "-f", "livelink", "-o", "x", "--fps", "0"), ("--fps 0", "above 0")),
        (("export", "anna", "-f", "livelink", "-o", "x", "--start", "noon"), ("--start noon", "13:04:31:12.500")),
        (("labels", "report", "bert"), ("no labels of a dataset 'bert'", "there is anna")),
        (("labels", "report", "anna", "--html", "x.pdf"), ("ends in .html",)),
        (("labels", "report", "anna", "--html", "nowhere/x.html"), ("no folder nowhere",)),
    ],
)
def test_wrong_use_is_one_line(place: Path, words: tuple[str, ...], said: tuple[str, ...]) -> None:
    refused(sface(*words, "-w", str(place / "w")), *said)


@pytest.mark.parametrize("words", [("export",), ("labels", "report")])
def test_help_shows_an_example(words: tuple[str, ...]) -> None:
    done = sface(*words, "--help")
    assert done.exit_code == 0
    assert f"Example: sface {' '.join(words)} anna" in done.stdout


def test_a_missing_workspace_is_told(tmp_path: Path) -> None:
    refused(sface("export", "anna", "-f", "livelink", "-o", "x", "-w", str(tmp_path)), "no workspace")
