"""Particulars of the formats of motion: what programs that read them rely on, and what becomes of what they cannot say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from export_worlds import values_of, written

from sfcore.arkit import INDEX
from sfcore.errors import WrongUse
from sfcore.exports import audio2face, lam, livelink, mediapipe
from sfcore.exports.livelink import timecodes
from sfcore.exports.motion import Rows, Survey, Wish


def take(count: int, fps: float = 30.0) -> Rows:
    return Rows(np.arange(count), np.arange(count) / fps, values_of(count))


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_header_is_that_of_the_app(real_data: Path) -> None:
    theirs = (real_data / "livelink" / "MySlate_164_iPhone_cal.csv").read_text().splitlines()[0]
    assert theirs == livelink.HEADER


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (0.0, "00:00:00:00.000"),
        (1 / 24, "00:00:00:02.500"),
        (1001 / 30000, "00:00:00:02.002"),
        (59.99999999, "00:01:00:00.000"),
        (3 * 3600 + 4 * 60 + 5 + 59.999 / 60, "03:04:05:59.999"),
        (86400 + 2 / 60, "00:00:00:02.000"),
    ],
)
def test_timecodes_count_sixty_frames_a_second_and_carry(seconds: float, code: str) -> None:
    assert timecodes(np.array([seconds])) == [code]


def test_a_row_that_failed_leaves_its_time_to_nobody() -> None:
    rows = take(6)
    rows.coefficients[2] = np.nan
    content, done = written(livelink, rows)
    codes = [row["Timecode"] for row in cells(content)]
    assert codes == [f"00:00:00:{frame:02d}.000" for frame in (0, 2, 6, 8, 10)]
    assert done.rows == 5
    assert any("left out" in note and note.endswith(": 1") for note in done.notes)


def test_unknown_channels_are_told_where_a_number_must_stand() -> None:
    rows = take(5)
    rows.coefficients[1:3, INDEX["TongueOut"]] = np.nan
    for form in (livelink, audio2face, lam):
        _, done = written(form, rows)
        assert any("written as 0" in note and "TongueOut" in note for note in done.notes), form
    assert [row["TongueOut"] for row in cells(written(livelink, rows)[0])][1:3] == ["0.0000000000"] * 2
    dump = json.loads(written(mediapipe, rows)[0])
    named = [{entry["categoryName"] for entry in frame["faceBlendshapes"][0]["categories"]} for frame in dump]
    assert ["tongueOut" in names for names in named] == [True, False, False, True, True]


def test_times_that_nobody_knows_are_asked_for() -> None:
    rows = Rows(np.arange(3), np.full(3, np.nan), values_of(3))
    for form in (livelink, audio2face, lam):
        with pytest.raises(WrongUse, match=r"'walk'.*--fps"):
            written(form, rows)


def test_a_rate_gives_times_to_rows_and_holes_their_share() -> None:
    rows = Rows(np.array([0, 1, 4]), np.full(3, np.nan), values_of(3)).timed(30.0)
    assert [row["Timecode"][-6:] for row in cells(written(livelink, rows)[0])] == ["00.000", "02.000", "08.000"]
    assert json.loads(written(audio2face, rows)[0])["numFrames"] == 5


def test_a_rate_does_not_move_rows_that_know_their_time() -> None:
    rows = take(4, fps=24.0)
    assert rows.timed(60.0) is rows


@pytest.mark.parametrize(("clock", "rate"), [(60.0, 60), (59.904, 59.94), (29.995, 30), (24.0, 24), (17.3, 17.3)])
def test_the_rate_is_read_off_the_times(clock: float, rate: float) -> None:
    survey = Survey()
    survey.see(take(50, clock))
    assert survey.rate == pytest.approx(rate)


def test_a_coarser_rate_leaves_rows_out_and_says_how_many() -> None:
    content, done = written(audio2face, take(61, 60.0), Wish(fps=30.0))
    dump = json.loads(content)
    assert (dump["exportFps"], dump["numFrames"], len(dump["weightMat"])) == (30, 31, 31)
    assert done.rows == 31
    assert any("left out because 30" in note and note.endswith(": 30") for note in done.notes)


def test_a_stretch_from_the_middle_of_a_take_says_where_it_began() -> None:
    rows = take(10)
    later = Rows(rows.frame + 300, rows.t + 10.0, rows.coefficients)
    content, done = written(audio2face, later)
    assert json.loads(content)["numFrames"] == 10
    assert any("10.000" in note for note in done.notes)
    assert cells(written(livelink, later)[0])[0]["Timecode"] == "00:00:10:00.000"


def test_a_time_beyond_all_recordings_fills_no_disk() -> None:
    rows = take(3)
    rows.t[-1] = 1e9
    with pytest.raises(WrongUse, match="lasts"):
        written(audio2face, rows)
