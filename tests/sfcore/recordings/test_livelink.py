"""Live Link Face takes: real ones, damaged ones, and things that only look like one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore import arkit
from sfcore.errors import WrongUse
from sfcore.recipe import Labels
from sfcore.recordings import livelink
from sfcore.recordings.labels import label_rows, reject_rows
from sfcore.recordings.source import read_source

# Rows of each published take, counted with other tools.
REAL_TAKES = {
    "alex_rom_3.csv": 4030,
    "MySlate_3_Jason_Millers_iPhone.csv": 328,
    "MySlate_164_iPhone_cal.csv": 1895,
    "neurosync_default.csv": 3046,
    "neurosync_generated_shapes.csv": 610,
    "arkit_recorder_no_timecode.csv": 313,
}


def take_csv(rows: list[list[str]], header: list[str] | None = None, end: str = "\n") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(header or ["Timecode", "BlendShapeCount", *arkit.NAMES])
    writer.writerows(rows)
    return out.getvalue().encode()


def row(second: int, value: str = "0.25") -> list[str]:
    return [f"01:02:{second:02d}:00.000", "61", *([value] * 61)]


@pytest.mark.parametrize("name", sorted(REAL_TAKES))
def test_real_takes_keep_every_row_and_number(real_data: Path, name: str) -> None:
    path = real_data / "livelink" / name
    take = read_source(str(path))
    assert (len(take.frame), len(take.rejects)) == (REAL_TAKES[name], 0)
    with path.open(newline="") as lines:
        for number, cells in enumerate(csv.DictReader(lines)):
            for spelling, text in cells.items():
                channel = arkit.resolve(spelling)
                if channel is None or spelling in ("Timecode", "BlendshapeCount", "BlendShapeCount"):
                    continue
                value = np.float32(float(text))
                expected = np.clip(value, 0, 1) if channel.kind == "shape" else value
                assert take.coefficients[number, channel.index] == expected


def test_a_30_frame_take_on_a_60_base_keeps_its_seconds(real_data: Path) -> None:
    take = read_source(str(real_data / "livelink" / "alex_rom_3.csv"))
    # 13:13:04:31.652 to 13:15:18:54.561 on a base of 60.
    assert take.t[-1] == pytest.approx(134 + (54.561 - 31.652) / 60, abs=1e-9)
    assert np.median(np.diff(take.t)) == pytest.approx(1 / 30, abs=2e-4)


def test_a_head_that_was_switched_off_is_unknown_and_not_still(real_data: Path) -> None:
    table = label_rows(read_source(str(real_data / "livelink" / "alex_rom_3.csv")), Labels())
    assert table["HeadYaw"].null_count == table.num_rows == 4030
    assert table["LeftEyeYaw"].null_count == 0


def test_columns_are_read_by_name_whatever_their_order_and_spelling() -> None:
    header = ["BlendshapeCount", *(f"{n[0].lower()}{n[1:]}" for n in reversed(arkit.NAMES)), "Mood", "Timecode"]
    cells = ["61", *(f"{arkit.INDEX[n] / 100:.2f}" for n in reversed(arkit.NAMES)), "glad", "00:00:00:00.0"]
    take = livelink.read(take_csv([cells], header, "\r\n"), "x.csv")
    assert take.coefficients[0] == pytest.approx(np.arange(61) / 100)
    assert any("Mood" in note for note in take.notes)


def test_a_missing_channel_is_unknown_and_not_zero() -> None:
    header = ["Timecode", "BlendShapeCount", *arkit.NAMES[:40]]
    take = livelink.read(take_csv([row(1)[:42]], header), "x.csv")
    assert np.isnan(take.coefficients[0, 40:]).all()
    assert not np.isnan(take.coefficients[0, :40]).any()


def test_damaged_rows_become_rejects_with_their_reason_and_the_rest_keeps_its_frame() -> None:
    rows = [
        row(1),
        row(2)[:-1],
        row(3, "nan"),
        row(4, "zero,1"),
        ["99:99:99:99", *row(5)[1:]],
        row(0),
        row(6, "1e30"),
        row(7, "1.2"),
    ]
    take = livelink.read(take_csv(rows), "x.csv")
    assert take.frame.tolist() == [0, 7]
    assert [(r.row, r.reason) for r in take.rejects] == [
        (1, "wrong number of fields"),
        (2, "not a number"),
        (3, "not a number"),
        (4, "bad timecode"),
        (5, "time runs backwards"),
        (6, "out of range"),
    ]
    assert take.rows_read == len(rows)
    assert take.clipped.tolist() == [0, 52]
    assert reject_rows(take, "run").num_rows == 6


def test_a_take_past_midnight_keeps_its_time() -> None:
    cells = [["23:59:59:30.0", *row(0)[1:]], ["00:00:00:30.0", *row(0)[1:]]]
    assert livelink.read(take_csv(cells), "x.csv").t.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02" * 50, "binary"),
        (b'{"a": 1}', "JSON"),
        (b"<html><body>sign in</body></html>", "HTML"),
        (b"Filename,Timecode\na,06:09:20:19\n", "names fewer than"),
        (take_csv([]), "none of its 0 rows"),
        (take_csv([row(1)], ["Timecode", "JawOpen", *arkit.NAMES]), "two columns for JawOpen"),
        (take_csv([row(1)]).replace(b"0.25", b"\xff\xfe", 1), "not UTF-8"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "thing.csv"
    path.write_bytes(content)
    with pytest.raises(WrongUse) as error:
        read_source(str(path))
    assert said in str(error.value)
    assert "thing.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no file"):
        read_source(str(tmp_path / "none.csv"))
    with pytest.raises(WrongUse, match="is a folder"):
        read_source(str(tmp_path))


GOOD = take_csv([row(second, "0.5") for second in range(6)])


@settings(max_examples=200, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, len(GOOD)),
)
def test_no_damage_crashes_the_reader_or_loses_a_row(places: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(GOOD)
    for place, byte in places:
        damaged[place] = byte
    try:
        take = livelink.read(bytes(damaged[:cut]), "x.csv")
    except WrongUse:
        return
    text = bytes(damaged[:cut]).decode("utf-8-sig")
    lines = [cells for cells in csv.reader(io.StringIO(text, newline="")) if cells]
    assert take.rows_read == len(lines) - 1
    assert np.nanmin(take.coefficients[:, :52]) >= 0
    assert np.nanmax(take.coefficients[:, :52]) <= 1
