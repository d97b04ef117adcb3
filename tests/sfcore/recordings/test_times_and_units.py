"""Times and rotations: read as they were meant, or rejected, or guessed aloud."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recording_files import LABELLED, WRITERS, beside_pictures, face, livelink_csv, lower, named, rows_parquet, some_values

from sfcore.arkit import INDEX, NAMES, resolve
from sfcore.errors import WrongUse
from sfcore.recordings import gather, rows_jsonl
from sfcore.recordings.finding import Found
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.source import read_takes
from sfcore.recordings.take import Take


def takes_of(content: bytes, name: str = "x", reading: Reading | None = None, pictures: int = 0) -> list[Take]:
    """What ingestion reads of one file."""
    file = beside_pictures(content, name, pictures) if pictures else SourceFile.of(content, name)
    return [take for take in read_takes(Found([file], is_single=True), reading or Reading()) if isinstance(take, Take)]


def take_of(content: bytes, name: str = "x", reading: Reading | None = None, pictures: int = 0) -> Take:
    (take,) = takes_of(content, name, reading, pictures)
    return take


def rejects(take: Take) -> list[tuple[int, str]]:
    return [(reject.row, reject.reason) for reject in take.rejects]


def table(clock: str, times: list[Any], rows: int | None = None) -> bytes:
    """A CSV with a column of times."""
    values = some_values(rows or len(times)).tolist()
    lines = [clock + "," + ",".join(NAMES)]
    return "\n".join(lines + [f"{t}," + ",".join(map(repr, row)) for t, row in zip(times, values, strict=True)]).encode()


def lines(key: str, times: list[Any]) -> bytes:
    """JSON lines with a time under a key."""
    return "\n".join(json.dumps({key: t, **named(row)}) for t, row in zip(times, some_values(len(times)), strict=True)).encode()


# Absurd times ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["1e18", "-1e300", "1e11", "later"])
def test_a_time_that_no_recording_has_is_rejected_alone(time: str) -> None:
    for content in (table("time", [0.0, 0.1, time, 0.3]), lines("time", [0.0, 0.1, time, 0.3])):
        take = take_of(content)
        assert rejects(take) == [(2, "bad timecode")]
        assert take.t == pytest.approx([0.0, 0.1, 0.3])
    dated = take_of(table("seconds", [1.7e9, 1.7e9 + 0.5, 1.7e9 + 1]))
    assert dated.t.tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("fps", [0, -30, 1e-300, 1e300, "NaN", "fast", True, [30], 10**400])
def test_a_rate_that_no_recording_has_is_refused_in_a_sentence(fps: Any) -> None:
    values = some_values(3)
    content = {"exportFps": fps, "facsNames": [lower(name) for name in NAMES[:52]], "weightMat": values[:, :52].tolist()}
    with pytest.raises(WrongUse, match="no frame rate of a recording") as error:
        take_of(json.dumps(content).encode())
    assert len(str(error.value)) < 200
    frames = [{"weights": row[:52].tolist()} for row in values]
    with pytest.raises(WrongUse, match="no frame rate of a recording"):
        take_of(json.dumps({"fps": fps, "names": content["facsNames"], "frames": frames}).encode())


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e-300, 1e300, float("nan"), float("inf")])
def test_so_is_one_that_its_owner_states(fps: float) -> None:
    with pytest.raises(WrongUse, match="no frame rate"):
        take_of(livelink_csv(some_values(3)), reading=Reading(fps=fps))


def test_frames_and_times_beyond_all_bounds_never_crash() -> None:
    for number in ("1e300", "9" * 30, "9" * 5000, "-5", "1e-300", "NaN"):
        content = "\n".join(
            json.dumps({"frame": "FRAME" if i == 2 else i, **named(row)}) for i, row in enumerate(some_values(4))
        ).replace('"FRAME"', number)
        take = take_of(content.encode(), reading=Reading(fps=30))
        assert take.rows_read == 4, number
        json.dumps(take.provenance, allow_nan=False)


# Units of time ---------------------------------------------------------------------------------------------------------------


def test_only_a_name_that_says_milliseconds_means_them() -> None:
    for key, unit, scale in (
        ("timestamp_ms", "milliseconds", 1e-3),
        ("timestampUs", "microseconds", 1e-6),
        ("t", "seconds", 1.0),
    ):
        for take in (take_of(lines(key, [0, 40, 80])), take_of(table(key, [0, 40, 80]))):
            assert take.t == pytest.approx(np.array([0, 40, 80]) * scale)
            assert (take.provenance["clock"], take.provenance["clock_known"]) == (
                unit,
                "usual" if unit == "seconds" else "stated",
            )
            assert any("if they are milliseconds, name it t_ms" in note for note in take.notes) == (key == "t")


def test_a_unit_that_is_guessed_is_told_and_recorded() -> None:
    for times, unit, seconds in (
        ([0, 33, 66], "milliseconds", 0.066),
        ([0.0, 0.1, 0.2], "seconds", 0.2),
        ([17e11], "milliseconds", 0),
    ):
        take = take_of(table("timestamp", times))
        assert take.seconds == pytest.approx(seconds)
        assert take.provenance["clock_known"] == "guessed"
        assert any(
            f"'timestamp' does not say its unit: its numbers were taken for {unit} by their size" in note for note in take.notes
        )


@pytest.mark.parametrize("form", ["lines", "parquet", "pictures"])
def test_one_clock_serves_a_whole_file(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half is slow: by itself it would pass for seconds counted in thousandths."""
    times = [i / 30 for i in range(20)] + [100.0 + 20 * i for i in range(20)]
    monkeypatch.setattr(rows_jsonl, "_BATCH", 10)
    if form == "lines":
        take = take_of(lines("timestamp", times))
    elif form == "parquet":
        monkeypatch.setattr("sfcore.recordings.rows_parquet._BATCH", 10)
        import io

        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pq.read_table(io.BytesIO(rows_parquet(some_values(40)))).drop_columns(["t"])
        out = io.BytesIO()
        pq.write_table(rows.append_column("timestamp", pa.array(times)), out)
        take = take_of(out.getvalue())
    else:
        monkeypatch.setattr("sfcore.recordings.labelled_images._BATCH", 10)
        csv = table("timestamp", times).decode().split("\n")
        csv = ["image," + csv[0], *(f"p{i}.png,{line}" for i, line in enumerate(csv[1:]))]
        take = take_of("\n".join(csv).encode(), pictures=40)
    assert take.t == pytest.approx(times)


def test_times_that_are_unknown_are_told_and_follow_from_a_stated_rate() -> None:
    dump = json.dumps([{"faceBlendshapes": [face(row)]} for row in some_values(6)]).encode()
    assert any("no time in its frames: the time of its rows is unknown" in note for note in take_of(dump).notes)
    assert take_of(dump).provenance["clock"] == "unknown"
    paced = take_of(dump, reading=Reading(fps=25))
    assert paced.t == pytest.approx(np.arange(6) / 25)
    assert paced.provenance["clock_known"] == "stated: 25 frames a second"
    null = take_of(lines("t", [None] * 6), reading=Reading(fps=25))
    assert null.t == pytest.approx(np.arange(6) / 25)
    assert rejects(take_of(lines("t", [0.0, None, 0.2]))) == [(1, "bad timecode")]


# Timecodes -------------------------------------------------------------------------------------------------------------------


def test_an_empty_timecode_column_is_no_timecode_column() -> None:
    content = re.sub(rb"\n\d\d:\d\d:\d\d:\d\d\.000,", b"\n,", livelink_csv(some_values(5)))
    take = take_of(content)
    assert (len(take.frame), np.isnan(take.t).all()) == (5, True)
    assert any("nothing in its column Timecode: the time of its rows is unknown" in note for note in take.notes)
    assert take_of(content, reading=Reading(fps=10)).t == pytest.approx(np.arange(5) / 10)
    one = livelink_csv(some_values(5)).replace(b"00:00:00:04.000", b"")
    assert rejects(take_of(one)) == [(2, "bad timecode")]


def test_clocks_without_frames_are_read() -> None:
    for times in (["0:00:59.500", "0:01:00.000", "0:01:00.5"], ["23:59:59,5", "00:00:00,0", "00:00:00.5"]):
        joined = "\n".join(livelink_csv(some_values(3)).decode().replace(",", ";").split("\n"))
        for i, time in enumerate(times):
            joined = re.sub(rf"00:00:00:{2 * i:02d}\.000", time, joined)
        take = take_of(joined.encode())
        assert take.t == pytest.approx([0.0, 0.5, 1.0])
        assert take.provenance["clock"] == "clock time"
    assert rejects(take_of(table("time", ["0:00:00.0", "5000:00:00.0", "0:00:00.2"]))) == [(1, "bad timecode")]


def test_dates_with_times_are_read() -> None:
    for times in (
        ["2024-05-01T23:59:59.900Z", "2024-05-02T00:00:00Z", "2024-05-02T02:00:00.25+02:00"],
        ["2024-05-01 10:00:00", "2024-05-01 10:00:00.100", "2024-05-01 10:00:00,35"],
    ):
        for content in (lines("timestamp", times), table("timestamp", times).replace(b":00,35", b":00.35")):
            take = take_of(content)
            assert take.t == pytest.approx([0.0, 0.1, 0.35], abs=1e-6)
            assert take.provenance["clock"] == "date and time"
    assert rejects(take_of(table("time", [*times[:2], "2024-13-01 10:00:00", "never"]))) == [
        (2, "bad timecode"),
        (3, "bad timecode"),
    ]


@pytest.mark.parametrize("base", [24, 25, 30, 60])
def test_timecodes_that_look_like_another_base_are_told(base: int) -> None:
    times = [f"10:00:{i // base:02d}:{i % base:02d}.000" for i in range(5 * base)]
    take = take_of(table("Timecode", times))
    told = [note for note in take.notes if "frame numbers of its timecodes never exceed" in note]
    assert (len(told), take.provenance.get("timecode_base")) == ((0, None) if base == 60 else (1, f"60, maybe {base}"))
    assert base == 60 or f"never exceed {base - 1}: they look like {base} frames a second" in told[0]
    assert not any("frames lost" in note for note in take.notes), "between seconds nothing is lost"
    assert take.provenance["lost_frames"] == 0
    out = [f"10:00:00:{i:02d}.000" for i in range(58, 64)]
    assert rejects(take_of(table("Timecode", out))) == [(i, "bad timecode") for i in range(2, 6)]


def test_decimal_commas_of_spreadsheets_reach_the_clock_too() -> None:
    for content in (livelink_csv(some_values(4)), table("time", [0.0, 0.0333, 0.0667, 0.1])):
        saved = content.replace(b",", b";").replace(b".", b",")
        assert take_of(saved).source_hash == take_of(content).source_hash


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("column", ["timestamp", "__index_level_0__"])
def test_moments_and_durations_of_parquet_are_a_clock(unit: str, column: str) -> None:
    steps = np.arange(1, 7) * {"s": 1, "ms": 40, "us": 40_000, "ns": 40_000_000}[unit]
    kinds = [pa.timestamp(unit), pa.timestamp(unit, "Europe/Berlin"), pa.duration(unit)]
    kinds += [pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)]
    values = {name: some_values(6)[:, place] for place, name in enumerate(NAMES)}
    for kind in kinds:
        whole = pa.array(steps, pa.int32() if pa.types.is_time32(kind) else pa.int64()).cast(kind)
        out = io.BytesIO()
        pq.write_table(pa.table({**values, column: whole}), out)
        assert take_of(out.getvalue()).t == pytest.approx(np.arange(6) * (1.0 if unit == "s" else 0.04), abs=1e-6)


def test_percents_are_refused_with_what_to_do() -> None:
    percents = livelink_csv(some_values(6) * np.where(np.arange(61) < 52, 100, 1) + 2)
    with pytest.raises(WrongUse, match="shapes go from 0 to 1: divide percents by 100"):
        take_of(percents)


def test_few_frame_numbers_say_nothing_about_their_base() -> None:
    assert "timecode_base" not in take_of(table("Timecode", [f"00:00:{i:02d}:00.000" for i in range(9)])).provenance


# Rotations -------------------------------------------------------------------------------------------------------------------


def looking(rows: int, scale: float = 0.58) -> np.ndarray:
    """Eyes that look about and turn with it."""
    values = some_values(rows)
    values[:, 52:] = 0.0
    look = np.linspace(-0.9, 0.9, rows).round(4)
    values[:, INDEX["EyeLookInLeft"]], values[:, INDEX["EyeLookOutLeft"]] = np.maximum(look, 0), np.maximum(-look, 0)
    values[:, INDEX["LeftEyeYaw"]] = (scale * look).round(6)
    return values


def test_the_unit_of_rotations_is_decided_by_the_whole_take() -> None:
    """The head is nearly straight in the first thousand rows, as a JSON reader hands them on, and turns later."""
    values = looking(2000, 0.0)
    values[:, INDEX["HeadYaw"]] = np.concatenate([np.full(1000, 1.5), np.linspace(1.5, 60, 1000)]).round(4)
    frames = [{"time": i / 30, "blendshapes": dict(zip(NAMES, row.tolist(), strict=True))} for i, row in enumerate(values)]
    take = take_of(json.dumps(frames).encode())
    assert take.provenance["rotation"].startswith("degrees (detected: turns up to")
    assert take.coefficients[0, INDEX["HeadYaw"]] == np.float32(np.deg2rad(1.5))
    assert take.coefficients[-1, INDEX["HeadYaw"]] == np.float32(np.deg2rad(60))


def test_a_contradiction_later_in_a_file_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "LONGEST_WAIT", 500)
    values = looking(2000, 0.0)
    values[:, INDEX["HeadYaw"]] = np.concatenate([np.full(1500, 1.5), np.full(500, 60.0)])
    frames = [{"time": i / 30, "blendshapes": dict(zip(NAMES, row.tolist(), strict=True))} for i, row in enumerate(values)]
    content = json.dumps(frames).encode()
    with pytest.raises(WrongUse, match=r"look like degrees from row \d+ on .* --rotation"):
        take_of(content)
    assert take_of(content, reading=Reading(rotation="degrees")).provenance["rotation"] == "degrees (stated)"


@pytest.mark.parametrize("scale", [0.0, 0.001, 5.0])
def test_eyes_that_tell_no_unit_are_no_detection(scale: float) -> None:
    values = looking(60, scale)
    values[:, INDEX["HeadYaw"]] = 0.2
    take = take_of(livelink_csv(np.clip(values, -2.4, 2.4)))
    assert take.provenance["rotation"].startswith("radians (assumed: eyes turn by")
    assert any(note.startswith("rotations were read as radians (assumed") and "--rotation" in note for note in take.notes)


# Names and first lines -------------------------------------------------------------------------------------------------------


def test_short_sides_in_lower_case_are_sides() -> None:
    for spelling, name in (("eye_blink_l", "EyeBlinkLeft"), ("mouthSmile_r", "MouthSmileRight"), ("brow_down_L", "BrowDownLeft")):
        channel = resolve(spelling)
        assert channel is not None
        assert channel.name == name


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "# recorded by hand\n#\n\n", "\ufeffsep=;\n# and a comment, too\n"])
def test_what_comes_before_a_header_is_passed_over(first: str) -> None:
    content = livelink_csv(some_values(4)).decode().replace(",", ";")
    take = take_of((first + content).encode())
    assert (take.rows_read, take.rejects) == (4, ())
    commented = take_of(("# " + livelink_csv(some_values(4)).decode()).encode())
    assert (commented.rows_read, commented.source_hash) == (4, take.source_hash)


@pytest.mark.parametrize("form", ["labels-jsonl", "semanticface-jsonl"])
@pytest.mark.parametrize("bad", ['{"cut', "garbage", '{"version": 1}'])
def test_a_bad_first_line_is_one_reject(form: str, bad: str) -> None:
    write, name, *_ = WRITERS[form]
    take = take_of(f"{bad}\n".encode() + write(some_values(5)), name)
    assert (take.format, len(take.frame), len(take.rejects), take.rejects[0].row) == (form, 5, 1, 0)


def test_dumps_of_a_line_for_each_frame_are_read() -> None:
    content = "\n".join(
        json.dumps({"timestampMs": i * 40, "faceBlendshapes": [face(row)]}) for i, row in enumerate(some_values(5))
    )
    take = take_of(content.encode())
    assert (len(take.frame), take.seconds) == (5, pytest.approx(0.16))


# Labelled pictures -----------------------------------------------------------------------------------------------------------


def test_lines_of_labelled_pictures_keep_time_and_subject_and_name_the_rest() -> None:
    write, name = LABELLED["labelled-images as JSONL"]
    take = take_of(write(some_values(6)), name, pictures=6)
    assert (take.format, take.subject) == ("labelled-images", "Zoë")
    assert take.t == pytest.approx(np.arange(6) / 30)
    assert any("left out: mood" in note for note in take.notes)
    untimed = re.sub(rb'"t": [\d.]+, ', b"", write(some_values(6)))
    assert take_of(untimed, name, Reading(fps=10), pictures=6).t == pytest.approx(np.arange(6) / 10)
    others = write(some_values(6)).replace(b'"Zo\\u00eb"', b'"Ben"', 2)
    several = take_of(others, name, pictures=6)
    assert several.subject is None
    assert any("name 2 subjects (Ben, Zoë)" in note for note in several.notes)


def test_two_faces_on_one_picture_are_not_taken_for_one() -> None:
    rows = [{"image": f"p{i}.png", "arkit": named(row)} for i, row in enumerate(some_values(4))]
    rows[2] = {"image": "p2.png", "one": named(some_values(1)[0]), "two": named(some_values(2)[1])}
    take = take_of("\n".join(map(json.dumps, rows)).encode(), "labels.jsonl", pictures=4)
    assert rejects(take) == [(2, "several faces")]
