"""``sface query`` as people type it: formats, files, commands with a dot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sfcore.store.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> str:
    return Workspace.create(str(tmp_path / "w")).address.uri


def sface(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("sface")), "query", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, "COLUMNS": "100"})


def test_an_answer_goes_into_the_file_that_its_ending_names(tmp_path: Path, place: str) -> None:
    (tmp_path / "asked.sql").write_text("select channel, place from channels where region = 'tongue'")
    done = sface("--file", "asked.sql", "--out", "answer.parquet", "-w", place, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert pq.read_table(tmp_path / "answer.parquet").to_pylist() == [{"channel": "TongueOut", "place": 52}]
    told = sface("-f", "asked.sql", "--format", "csv", "-w", place, folder=tmp_path)
    assert told.stdout == "channel,place\nTongueOut,52\n"


def test_commands_with_a_dot_tell_what_there_is(place: str) -> None:
    listed = json.loads(sface(".tables", "--json", "-w", place).stdout)
    assert {"name": "leaderboard", "kind": "view", "rows": None, "version": None} in listed
    described = sface(".schema", "-w", place)
    assert described.returncode == 2
    assert "'.schema' is not a command: use .tables, or .schema TABLE." in " ".join(described.stderr.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give one query"),
        (("from labels", "--format", "cvs"), "'cvs' is not a format (did you mean 'csv'?)"),
        (("from labels", "--format", "parquet"), "name a file with --out"),
        (("from labels", "--out", "x.txt"), "end the file's name in .csv, .json or .parquet"),
        (("from labels", "--json", "--format", "csv"), "contradict each other"),
        (("--file", "none.sql"), "none.sql cannot be read"),
        (("from labels", "--as-of", "lables=1"), "did you mean 'labels'"),
    ],
)
def test_wrong_words_are_one_sentence(place: str, words: tuple[str, ...], said: str) -> None:
    done = sface(*words, "-w", place)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
