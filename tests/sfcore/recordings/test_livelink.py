"""Live Link Face takes: real ones, damaged ones, and things that only look like one."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore import arkit
from sfcore.errors import WorkFailed, WrongUse
from sfcore.recipe import Labels
from sfcore.recordings import livelink
from sfcore.recordings.labels import label_rows
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.source import read_source
from sfcore.recordings.take import Take, content_hash
from sfcore.store.address import Address

# Rows of each published take, counted with other tools.
REAL_TAKES = {
    "alex_rom_3.csv": 4030,
    "MySlate_3_Jason_Millers_iPhone.csv": 328,
    "MySlate_164_iPhone_cal.csv": 1895,
    "neurosync_default.csv": 3046,
    "neurosync_generated_shapes.csv": 610,
    "arkit_recorder_no_timecode.csv": 313,
}


def read_bytes(content: bytes, name: str) -> Take:
    """The one take of a file's content."""
    (take,) = livelink.read(SourceFile.of(content, name), Reading())
    return take


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
    take = read_bytes(take_csv([cells], header, "\r\n"), "x.csv")
    assert take.coefficients[0] == pytest.approx(np.arange(61) / 100)
    assert any("Mood" in note for note in take.notes)


def test_a_missing_channel_is_unknown_and_not_zero() -> None:
    header = ["Timecode", "BlendShapeCount", *arkit.NAMES[:40]]
    take = read_bytes(take_csv([row(1)[:42]], header), "x.csv")
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
    take = read_bytes(take_csv(rows), "x.csv")
    assert take.frame.tolist() == [0, 7]
    assert [(r.row, r.reason) for r in take.rejects] == [
        (1, "wrong number of fields"),
        (2, "not a number"),
        (3, "not a number"),
        (4, "bad timecode"),
        (5, "time out of order"),
        (6, "out of range"),
    ]
    assert take.rows_read == len(rows)
    assert take.clipped.tolist() == [0, 52]


def test_a_take_past_midnight_keeps_its_time() -> None:
    cells = [["23:59:59:30.0", *row(0)[1:]], ["00:00:00:30.0", *row(0)[1:]]]
    assert read_bytes(take_csv(cells), "x.csv").t.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \r\n\r", "blank"),
        (b"\x00\x01\x02" * 50, "binary"),
        (b'{"a": 1}', "JSON"),
        (b"<html><body>sign in</body></html>", "HTML"),
        (b"Filename,Timecode\na,06:09:20:19\n", "names fewer than"),
        (take_csv([]), "none of its 0 rows"),
        (take_csv([row(1)], ["Timecode", "JawOpen", *arkit.NAMES]), "two columns for JawOpen"),
        (take_csv([row(1)], ["Timecode", "Timecode", *arkit.NAMES]), "two columns for Timecode"),
        (
            take_csv([row(1), row(2)]).replace(b"0.25", b"nan"),
            'none of its 2 rows can be read (row 0: not a number, "EyeBlinkLeft',
        ),
        (take_csv([row(1)]).replace(b"0.25", b"\xff\xfe", 1), "not UTF-8"),
        (take_csv([row(1)]).decode().encode("utf-16")[:-1], "not UTF-16"),
        (take_csv([row(1)]).decode().encode("utf-32"), "save it as CSV in UTF-8"),
        (take_csv([row(1)]).decode().encode("utf-16-le"), "save it as CSV in UTF-8"),
        (b'"' + take_csv([row(1)]), "names fewer than 10"),
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
    with pytest.raises(WrongUse, match="there is no file in"):
        read_source(str(tmp_path))


def numbers(rows: int) -> list[list[str]]:
    """Ten rows a second from 00:00:00, no two numbers of a row alike."""
    return [
        [f"00:{i // 600:02d}:{i // 10 % 60:02d}:{i % 10 * 6:02d}.0", "61", *(f"{i / 1000 + c / 100000:.5f}" for c in range(61))]
        for i in range(rows)
    ]


def reasons(take: Take) -> list[tuple[int, str]]:
    return [(reject.row, reject.reason) for reject in take.rejects]


def test_a_quote_that_opens_in_one_row_and_closes_in_another_spoils_these_two_alone() -> None:
    rows = numbers(300)
    lines = [",".join(cells) for cells in [["Timecode", "BlendShapeCount", *arkit.NAMES], *rows]]
    lines[101] = lines[101].replace(rows[100][2], '"' + rows[100][2])
    lines[121] = lines[121].replace(rows[120][2], rows[120][2] + '"')
    take = read_bytes("\n".join(lines).encode(), "x.csv")
    assert reasons(take) == [(100, "stray quote"), (120, "not a number")]
    assert len(take.frame) == 298


def test_a_quote_that_never_closes_spoils_one_row_of_a_long_take() -> None:
    content = take_csv(numbers(500)).replace(b"00:00:05:00.0", b'"00:00:05:00.0')
    take = read_bytes(content, "x.csv")
    assert reasons(take) == [(50, "stray quote")]
    assert (take.rows_read, len(take.frame)) == (500, 499)


def test_what_follows_a_closing_quote_is_never_guessed() -> None:
    content = take_csv(numbers(3)).replace(b"0.00100", b'"0.001"00')
    assert reasons(read_bytes(content, "x.csv")) == [(1, "stray quote")]
    assert reasons(read_bytes(take_csv([row(1), row(2, "0.2_5")]), "x.csv")) == [(1, "not a number")]


def test_a_bad_hour_rejects_its_own_row_of_a_thousand() -> None:
    for hour, row_number in ((b"14", 100), (b"00", 100), (b"14", 0), (b"00", 0), (b"00", 1), (b"14", 999), (b"00", 998)):
        lines = [b"13" + line[2:] if number else line for number, line in enumerate(take_csv(numbers(1000)).splitlines())]
        lines[row_number + 1] = hour + lines[row_number + 1][2:]
        take = read_bytes(b"\n".join(lines), "x.csv")
        assert reasons(take) == [(row_number, "time out of order")], (hour, row_number)
        assert take.rejects[0].detail.startswith(hour.decode())
        assert take.t[-1] - take.t[0] == pytest.approx((take.frame[-1] - take.frame[0]) / 10)


def in_semicolons(content: bytes, decimal: bytes = b",") -> bytes:
    """As a spreadsheet of a country with decimal commas saves it; timecodes are text and keep their points."""
    head, *lines = content.splitlines()
    cells = [line.split(b",") for line in lines]
    body = [b";".join([first, *(c.replace(b".", decimal) for c in rest)]) for first, *rest in cells]
    return b"\r\n".join([head.replace(b",", b";"), *body])


@pytest.mark.parametrize(
    "saved",
    [
        lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: content.replace(b"\n", b"\n\n  \n"),
        lambda content: b"\n" + content,
        lambda content: content.rstrip(b"\n"),
        lambda content: content.replace(b",", b"\t"),
        lambda content: content.replace(b",", b";"),
        in_semicolons,
        lambda content: in_semicolons(content).decode().encode("utf-16"),
        lambda content: codecs.BOM_UTF16_BE + content.decode().encode("utf-16-be"),
        lambda content: content.replace(b"0.00000", b"-0"),
        lambda content: b"\n".join(b",".join(b'"%s"' % cell for cell in line.split(b",")) for line in content.splitlines()),
    ],
    ids=["crlf", "cr", "blank", "start", "end", "tabs", "semicolons", "decimals", "utf16-le", "utf16-be", "minus", "quotes"],
)
def test_a_take_saved_again_is_the_same_take(tmp_path: Path, saved: Callable[[bytes], bytes]) -> None:
    content = take_csv(numbers(20))
    (tmp_path / "take.csv").write_bytes(content)
    (tmp_path / "Kopie von take (2).csv").write_bytes(saved(content))
    take, again = read_source(str(tmp_path / "take.csv")), read_source(str(tmp_path / "Kopie von take (2).csv"))
    assert again.name == "Kopie von take (2)"
    assert again.coefficients[3, 7] == np.float32(0.00307)
    assert len(again.frame) == 20 == again.rows_read
    assert again.source_hash == take.source_hash


def test_another_number_time_or_frame_is_another_take() -> None:
    content = take_csv(numbers(20))
    others = [
        content.replace(b"0.00307", b"0.00308"),
        content.replace(b"00:00:00:06.0", b"00:00:00:06.1"),
        content.replace(b"\n00:00:00:06.0", b"\nspoilt\n00:00:00:06.0"),
        content.replace(b"Timecode", b"Remark"),
    ]
    hashes = {read_bytes(other, "x.csv").source_hash for other in [content, *others]}
    assert len(hashes) == 5


def test_every_nan_is_the_same_nan() -> None:
    frame, t = np.arange(2), np.array([0.0, np.nan])
    values = np.zeros((2, 61), np.float32)
    odd = values.copy()
    values[0, 3] = np.nan
    odd.view(np.uint32)[0, 3] = 0xFFC12345
    assert np.isnan(odd[0, 3])
    assert content_hash(frame, t, values) == content_hash(frame, t, odd)


def test_decimal_commas_are_told_and_nothing_else_is_guessed() -> None:
    take = read_bytes(in_semicolons(take_csv(numbers(4))), "x.csv")
    assert "cells are separated by semicolons, so a comma in a number was read as its decimal point" in take.notes
    assert not any("separated" in note for note in read_bytes(take_csv(numbers(4)), "x.csv").notes)
    spoilt = in_semicolons(take_csv(numbers(4))).replace(b"0,00100", b"0,001,00").replace(b"0,00200", b"1.000,2")
    assert reasons(read_bytes(spoilt, "x.csv")) == [(1, "not a number"), (2, "not a number")]
    in_commas = take_csv(numbers(4)).replace(b"0.00100", b"0,00100")
    assert reasons(read_bytes(in_commas, "x.csv")) == [(1, "wrong number of fields")]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_very_short_takes_keep_every_row(count: int) -> None:
    take = read_bytes(take_csv(numbers(count)), "x.csv")
    assert take.frame.tolist() == list(range(count))
    assert take.t == pytest.approx(np.arange(count) / 10)
    assert ("a single row: nothing in it moves" in take.notes) == (count == 1)
    assert not any("never change" in note for note in take.notes)
    assert label_rows(take, Labels()).num_rows == count


def test_names_keep_their_spaces_points_and_letters(tmp_path: Path) -> None:
    for file, name in (
        ("Zoë – take 1.v2.csv", "Zoë – take 1.v2"),
        ("Zoe\u0308.csv", "Zo\u00eb"),  # as macOS writes it
        ("表情 01", "表情 01"),
        (".csv", ".csv"),
        ("a#b?c%20.csv", "a#b?c%20"),
    ):
        (tmp_path / file).write_bytes(take_csv(numbers(2)))
        assert read_source(str(tmp_path / file)).name == name


def test_recordings_on_s3_are_read_under_their_full_name(s3_bucket: str, tmp_path: Path) -> None:
    files = Address.parse(f"s3://{s3_bucket}").files
    for number, key in enumerate(("p#q", "p", "a?x", "a", "b c/%20.csv")):
        files.pipe_file(f"{s3_bucket}/{key}", take_csv(numbers(number + 2)))
    for number, key in enumerate(("p#q", "p", "a?x", "a", "b c/%20.csv")):
        assert read_source(f"s3://{s3_bucket}/{key}").rows_read == number + 2


def test_addresses_that_name_no_recording_are_told(s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Address.parse(f"s3://{s3_bucket}").files.pipe_file(f"{s3_bucket}/folder/x", b"x")
    for source, said in (
        (f"s3://{s3_bucket}", "holds 0 takes"),
        (f"s3://{s3_bucket}//", "holds 0 takes"),
        (f"s3://{s3_bucket}/none.csv", "there is no file"),
        (f"s3://{s3_bucket}/folder/", "holds 0 takes"),
        (f"s3://{s3_bucket}/fold*/*.csv", "there is no file"),
        ("s3://absent/x.csv", "there is no file"),
        ("file:///tmp/x.csv", "plain path"),
    ):
        with pytest.raises(WrongUse, match=said) as error:
            read_source(source)
        assert "\n" not in str(error.value)
    with pytest.raises(WorkFailed, match="cannot read s3://Not_A_Bucket!/x"):
        read_source("s3://Not_A_Bucket!/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(WorkFailed, match="cannot read"):
        read_source(f"s3://{s3_bucket}/other.csv")


GOOD = take_csv([row(second, "0.5") for second in range(6)])
DAMAGE = b'",;\t\r\n\x0b\x00\x85\xff0'


def lines_counted(content: bytes) -> int:
    """Lines that are not blank, counted without a reader of CSV."""
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    return sum(bool(line.strip()) for line in text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@settings(max_examples=300, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.one_of(st.integers(0, 255), st.sampled_from(list(DAMAGE)))), max_size=8
    ),
    body=st.booleans(),
    cut=st.integers(0, len(GOOD)),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_no_damage_crashes_the_reader_or_loses_a_line(places: list[tuple[int, int]], body: bool, cut: int, end: bytes) -> None:
    damaged = bytearray(GOOD)
    first = GOOD.index(b"\n") + 1 if body else 0
    for place, byte in places:
        damaged[max(place, first)] = byte
    content = bytes(damaged[: max(cut, first)]).replace(b"\n", end)
    livelink.sniff(content)
    try:
        take = read_bytes(content, "x.csv")
    except WrongUse:
        return
    assert len(take.frame) + len(take.rejects) == lines_counted(content) - 1
    assert sorted([*take.frame.tolist(), *(reject.row for reject in take.rejects)]) == list(range(take.rows_read))
    assert np.isnan(take.t).all() or np.all(np.diff(take.t) >= 0)
    assert np.nanmin(take.coefficients[:, :52]) >= 0
    assert np.nanmax(take.coefficients[:, :52]) <= 1
