"""``sface ingest`` as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.ingest_verb import dataset_name
from sfcore.arkit import NAMES
from sfcore.errors import WrongUse

WriteTake = Callable[..., Path]


def sface(*words: object) -> Result:
    """Runs the command in this process; a failure meant for people is the result's exception."""
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(word) for word in words])


def refused(done: Result, said: str) -> None:
    assert isinstance(done.exception, WrongUse), done.output
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_dry_run_shows_a_table_json_and_a_page_and_makes_no_workspace(tmp_path: Path, write_take: WriteTake) -> None:
    write_take(tmp_path / "takes-a.csv", 50, seed=1)
    write_take(tmp_path / "takes-b.csv", 50, seed=2)
    words = ("ingest", tmp_path / "takes-*.csv", "--dataset", "anna", "-w", tmp_path / "w", "--dry-run")
    shown = sface(*words)
    assert shown.exit_code == 0, shown.output
    assert "JawOpen" in shown.stdout
    assert "nothing was written; 2 of 2 takes would be added to 'anna'" in " ".join(shown.stdout.split())
    told = json.loads(sface(*words, "--json", "--html", tmp_path / "page.html").stdout)
    assert (told["dry_run"], told["takes"], told["rows_kept"], told["coverage"]["rows"]) == (True, 2, 100, 100)
    assert "<svg" in (tmp_path / "page.html").read_text()
    assert not (tmp_path / "w").exists()


def test_what_comes_in_is_told_as_json(tmp_path: Path, write_take: WriteTake) -> None:
    write_take(tmp_path / "a.csv", 50, seed=1)
    words = (
        "ingest",
        tmp_path / "a.csv",
        "--dataset",
        "anna",
        "-w",
        tmp_path / "w",
        "--perturb",
        1,
        "--neutral",
        "auto",
        "--json",
    )
    first, again = (json.loads(sface(*words).stdout) for _ in range(2))
    assert (first["takes"], first["rows_kept"], first["found_done"]) == (1, 50, 0)
    assert (again["takes"], again["rows_kept"], again["found_done"], again["perturbed"]) == (1, 50, 1, 0)


def test_names_are_given_in_words_or_in_a_file(tmp_path: Path) -> None:
    source = tmp_path / "bare.json"
    source.write_text(json.dumps({"weightMat": [[round((i + k) % 10 / 10, 1) for k in range(54)] for i in range(20)]}))
    header = ["", "timeCode", *NAMES[:52]]
    refused(sface("ingest", source, "-w", tmp_path / "w"), "--names")
    listed = tmp_path / "names.csv"
    listed.write_text(",".join(header) + "\n0,0," + ",".join("0" * 52))
    for given in (",".join(header), listed):
        done = sface("ingest", source, "--names", given, "--fps", 30, "-w", tmp_path / str(given)[:1].strip("/,"), "--json")
        assert done.exit_code == 0, done.exception
        assert json.loads(done.stdout)["seconds"] == pytest.approx(19 / 30, abs=1e-3)
    refused(sface("ingest", source, "--names", "jawOpen,jawLeft", "-w", tmp_path / "w"), "names of all columns")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--neutral", "soon"), "no resting face"),
        (("--rotation", "turns"), "labels.rotation"),
        (("--fps", "0"), "labels.fps"),
        (("--html", "x.html"), "--html goes with --dry-run"),
        (("--dry-run", "--html", "x.png"), "ends in .html"),
        (("--neutral", "99"), "no frame 99"),
    ],
)
def test_wrong_options_are_told_in_one_sentence(
    tmp_path: Path, write_take: WriteTake, options: tuple[str, ...], said: str
) -> None:
    write_take(tmp_path / "a.csv", 50)
    refused(sface("ingest", tmp_path / "a.csv", "-w", tmp_path / "w", *options), said)


def test_datasets_are_named_after_their_source() -> None:
    assert dataset_name("takes/Anna day 1/") == "Anna-day-1"
    assert dataset_name("s3://bucket/a.b/take.csv") == "take"
    with pytest.raises(WrongUse, match="gives no name"):
        dataset_name("*.csv")
