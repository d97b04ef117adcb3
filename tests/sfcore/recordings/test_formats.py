"""One contract for every format: found by content, read by name, damage stays where it is, numbers survive."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_files import WRITERS, face, livelink_csv, mediapipe_people_json, named, some_values

from sfcore import arkit
from sfcore.arkit import INDEX
from sfcore.errors import WrongUse
from sfcore.recordings import delimited
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.source import FORMATS, format_of, read_source
from sfcore.recordings.take import Take

EVERY_FORMAT = pytest.mark.parametrize("form", sorted(WRITERS))


def takes_of(content: bytes, name: str, reading: Reading | None = None) -> list[Take]:
    file = SourceFile.of(content, name)
    form = format_of(file)
    assert form is not None, "no format was found"
    return list(form.read(file, reading or Reading()))


def take_of(content: bytes, name: str = "x", reading: Reading | None = None) -> Take:
    (take,) = takes_of(content, name, reading)
    return take


def clipped(values: np.ndarray) -> np.ndarray:
    narrow = values.astype(np.float32)
    narrow[:, :52] = np.clip(narrow[:, :52], 0, 1)
    return narrow


@EVERY_FORMAT
def test_a_format_is_found_by_content_alone_and_keeps_every_number(form: str) -> None:
    write, name, known, has_time = WRITERS[form]
    values = some_values()
    for file_name in (name, "no-suffix", "wrong.png"):
        take = take_of(write(values), file_name)
        assert take.format == form
        assert (len(take.frame), take.rejects) == (12, ())
        np.testing.assert_array_equal(take.coefficients[:, :known], clipped(values)[:, :known])
        assert np.isnan(take.coefficients[:, known:]).all()
        if has_time:
            np.testing.assert_allclose(take.t, np.arange(12) / 30, atol=1e-9)
        else:
            assert np.isnan(take.t).all()


@EVERY_FORMAT
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    edges=st.dictionaries(
        st.tuples(st.integers(0, 2), st.integers(0, 60)),
        st.sampled_from([0.0, -0.0, 1.0, 1e-9, -0.4, 1.4, 1.0033375, 0.1]),
        max_size=6,
    ),
)
def test_any_numbers_come_in_as_they_were_written(form: str, seed: int, edges: dict[tuple[int, int], float]) -> None:
    values = np.random.default_rng(seed).uniform(-0.4, 1.4, (3, 61)).round(6)
    for place, value in edges.items():
        values[place] = value
    write, name, known, _ = WRITERS[form]
    take = take_of(write(values), name, Reading(raw=True, rotation="radians"))
    np.testing.assert_array_equal(take.coefficients[:, :known], clipped(values)[:, :known])
    outside = ((values[:, :52] < 0) | (values[:, :52] > 1)).sum(axis=1)
    assert take.clipped.tolist() == outside.tolist()
    assert take.raw is not None
    expected = values.astype(np.float32).astype(np.float64) if form == "labels-parquet" else values
    np.testing.assert_array_equal(take.raw[:, :known], expected[:, :known])


@EVERY_FORMAT
def test_a_take_of_another_format_with_the_same_numbers_and_times_has_the_same_content(form: str) -> None:
    write, name, known, has_time = WRITERS[form]
    if known == 61 and has_time:
        assert take_of(write(some_values()), name).source_hash == take_of(livelink_csv(some_values())).source_hash


def test_only_one_format_claims_each_file_before_the_general_table() -> None:
    for form, (write, _, _, _) in WRITERS.items():
        claims = [module.FORMAT for module in FORMATS if module.sniff(write(some_values()))]
        assert claims[0] == form


REAL = {
    "livelink/neurosync_default.csv": ("livelink-csv", 3046, 50.831),
    "audio2face/hello.wav_bsweight.json": ("audio2face-json", 259, 258 / 60),
    "audio2face/animation_frames.csv": ("audio2face-csv", 184, 6.1),
    "beat/test_expression_1s.json": ("beat-json", 973, 32.4),
    "other/talking_avatar_blendData.json": ("named-frames-json", 415, 6.9),
    "mediapipe/faceLandmarkerResult_from_readme.json": ("mediapipe-json", 1, None),
    "mediapipe/portrait_expected_blendshapes.pbtxt": ("mediapipe-pbtxt", 1, None),
    "semanticface/example_result.jsonl": ("semanticface-jsonl", 8, None),
    "semanticface/example_result.csv": ("livelink-csv", 8, 7.0),
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_files_of_other_people_are_read_whole(real_data: Path, name: str) -> None:
    form, rows, seconds = REAL[name]
    take = read_source(str(real_data / name))
    assert (take.format, len(take.frame), len(take.rejects)) == (form, rows, 0)
    assert np.isnan(take.seconds) if seconds is None else take.seconds == pytest.approx(seconds, abs=1e-3)


def test_numbers_of_other_people_land_in_the_right_channel(real_data: Path) -> None:
    content = json.loads((real_data / "audio2face" / "hello.wav_bsweight.json").read_bytes())
    take = read_source(str(real_data / "audio2face" / "hello.wav_bsweight.json"))
    for column, name in enumerate(content["facsNames"]):
        channel = arkit.resolve(name)
        assert channel is not None
        written = np.array([row[column] for row in content["weightMat"]], np.float32)
        np.testing.assert_array_equal(take.coefficients[:, channel.index], written)
    portrait = read_source(str(real_data / "mediapipe" / "portrait_expected_blendshapes.pbtxt"))
    assert portrait.coefficients[0, INDEX["BrowDownLeft"]] == np.float32(0.7923543)
    assert np.isnan(portrait.coefficients[0, INDEX["TongueOut"]]), "MediaPipe does not know it"


def test_milliseconds_behind_a_timecodes_point_are_told_from_parts_of_a_frame(real_data: Path) -> None:
    take = read_source(str(real_data / "livelink" / "neurosync_generated_shapes.csv"))
    assert take.provenance["clock"] == "timecode with milliseconds"
    assert take.provenance["fps"] == pytest.approx(60, abs=0.01)
    assert take.seconds == pytest.approx(10.15)
    assert read_source(str(real_data / "livelink" / "alex_rom_3.csv")).provenance["clock"] == "timecode"


def test_variants_rates_and_lost_frames_are_recorded(real_data: Path) -> None:
    calibrated = read_source(str(real_data / "livelink" / "MySlate_164_iPhone_cal.csv"))
    assert calibrated.provenance["variant"] == "cal"
    assert calibrated.performance == "MySlate_164_iPhone"
    rom = read_source(str(real_data / "livelink" / "alex_rom_3.csv"))
    assert rom.provenance["starts"] == "13:13:04:31.652"
    assert rom.provenance["lost_frames"] == 3
    assert any("3 frames lost in 3 places" in note for note in rom.notes)


def test_weights_without_names_are_refused_unless_names_are_given(real_data: Path) -> None:
    path = real_data / "audio2face" / "MarkMark_joy_animation_frames.json"
    with pytest.raises(WrongUse, match=r"does not name its 71 columns .* --names"):
        read_source(str(path))
    header = (real_data / "audio2face" / "animation_frames.csv").read_text().splitlines()[0].split(",")[2:]
    names = (*header, *(f"tongue{i}" for i in range(71 - len(header))))
    take = read_source(str(path), Reading(names=names, fps=30))
    assert (len(take.frame), take.seconds) == (184, pytest.approx(183 / 30))
    assert np.nanmax(take.coefficients[:, INDEX["JawOpen"]]) > 0.1
    with pytest.raises(WrongUse, match="none of its 184 rows"):
        read_source(str(path), Reading(names=names[:60]))


def test_a_dump_of_several_people_gives_a_take_for_each_face() -> None:
    values = some_values(4)
    frames = [{"time": i / 30, "people": [face(row), face(row[::-1])][: 1 + i % 2]} for i, row in enumerate(values)]
    first, second = takes_of(json.dumps({"frames": frames}).encode(), "dump.json")
    assert (first.name, len(first.frame)) == ("dump", 4)
    assert (second.name, second.frame.tolist(), second.subject) == ("dump-face2", [1, 3], "face 2")
    alone = take_of(mediapipe_people_json(values), "dump.json")
    np.testing.assert_array_equal(alone.coefficients[:, :52], clipped(values)[:, :52])


def test_frames_without_a_face_are_rejected_and_shift_nothing(real_data: Path) -> None:
    take = read_source(str(real_data / "mediapipe" / "made_here_example_img_js.json"))
    assert take.rows_read == 8
    assert [reject.reason for reject in take.rejects] == ["no face"] * 5
    assert set(take.frame.tolist()) | {reject.row for reject in take.rejects} == set(range(8))


def test_both_shapes_of_an_answer_are_read_with_their_pictures(real_data: Path) -> None:
    take = read_source(str(real_data / "semanticface" / "example_result.jsonl"))
    assert take.coefficients[0, INDEX["EyeWideLeft"]] == np.float32(0.6)
    assert take.coefficients[0, INDEX["HeadYaw"]] == np.float32(-0.1)
    assert take.images is not None
    assert sum(image is not None for image in take.images) == 4
    with pytest.raises(WrongUse, match="questions and no answers"):
        read_source(str(real_data / "semanticface" / "example.jsonl"))


def test_rotations_in_degrees_are_detected_stated_and_recorded() -> None:
    values = some_values(40)
    look = np.linspace(-0.9, 0.9, 40).round(4)
    values[:, INDEX["EyeLookInLeft"]], values[:, INDEX["EyeLookOutLeft"]] = np.maximum(look, 0), np.maximum(-look, 0)
    values[:, INDEX["LeftEyeYaw"]] = 0.58 * look
    radians = take_of(livelink_csv(values))
    in_degrees = values.copy()
    in_degrees[:, 52:] = np.rad2deg(values[:, 52:])
    degrees = take_of(livelink_csv(in_degrees))
    np.testing.assert_allclose(degrees.coefficients, radians.coefficients, atol=1e-6)
    assert radians.provenance["rotation"].startswith("radians (detected")
    assert degrees.provenance["rotation"].startswith("degrees (detected")
    small = some_values(40)
    small[:, 52:] = 0.0
    small[:, INDEX["HeadYaw"]] = 2.0
    assert take_of(livelink_csv(small)).coefficients[0, INDEX["HeadYaw"]] == np.float32(2.0)
    stated = take_of(livelink_csv(small), "x", Reading(rotation="degrees"))
    assert stated.coefficients[0, INDEX["HeadYaw"]] == np.float32(np.deg2rad(2.0))
    assert stated.provenance["rotation"] == "degrees (stated)"


def test_one_wild_number_does_not_change_the_unit_of_all_others() -> None:
    values = some_values(60)
    values[7, INDEX["HeadYaw"]] = 1e5
    take = take_of(livelink_csv(values))
    assert [(reject.row, reject.reason) for reject in take.rejects] == [(7, "out of range")]
    assert take.provenance["rotation"].startswith("radians")


def test_nan_missing_and_dead_channels_are_told_apart() -> None:
    frames = [{"time": i / 30, "blendshapes": named(row)} for i, row in enumerate(some_values(6))]
    for i, frame in enumerate(frames):
        del frame["blendshapes"]["tongueOut"]
        frame["blendshapes"]["cheekPuff"] = 0.5
        frame["blendshapes"]["jawOpen"] = None if i == 2 else 0.1 * i
    frames[4]["blendshapes"]["jawLeft"] = float("nan")
    take = take_of(json.dumps(frames).encode(), "x.json")
    notes = " | ".join(take.notes)
    assert "channels it does not know: TongueOut, HeadYaw" in notes
    assert "channels that never change: CheekPuff" in notes
    assert "channels unknown in some rows: JawOpen" in notes
    assert [(reject.row, reject.reason, reject.detail) for reject in take.rejects] == [(4, "not a number", "JawLeft: inf")]


def test_doubled_names_are_refused_not_guessed() -> None:
    doubled = (
        b'[{"time":0,"blendshapes":{"jawOpen":0.1,"jawOpen":0.9,"eyeBlinkLeft":0,"eyeBlinkRight":0,"jawLeft":0,"jawRight":0}}]'
    )
    with pytest.raises(WrongUse, match="'jawOpen' stands twice"):
        take_of(doubled, "x.json")
    spellings = {"jawOpen": 0.1, "JawOpen": 0.9, **dict.fromkeys(("eyeBlinkLeft", "eyeBlinkRight", "jawLeft", "jawRight"), 0.0)}
    with pytest.raises(WrongUse, match="named twice"):
        take_of(json.dumps([{"time": 0, "blendshapes": spellings}]).encode(), "x.json")


def test_many_takes_of_one_table_come_apart_by_name() -> None:
    lines = []
    for i, row in enumerate(some_values(10)):
        lines.append({"take": "ab"[i % 2], "frame": i // 2, "t": i // 2 / 30, "subject": "Zoë", "arkit": named(row)})
    one, two = takes_of("\n".join(map(json.dumps, lines)).encode(), "rows.jsonl")
    assert (one.name, two.name, one.subject) == ("a", "b", "Zoë")
    assert one.frame.tolist() == two.frame.tolist() == [0, 1, 2, 3, 4]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), block=st.integers(700, 6000), end=st.sampled_from(["\n", "\r\n", "\r"]), damage=st.booleans())
def test_blocks_parsed_many_rows_at_once_give_what_lines_one_by_one_give(seed: int, block: int, end: str, damage: bool) -> None:
    rng = np.random.default_rng(seed)
    lines = livelink_csv(rng.uniform(-0.1, 1.1, (30, 61))).decode().strip().split("\n")
    if damage:
        for place in rng.integers(1, 30, 3):
            lines[place] = lines[place].replace("0", rng.choice(["x", "", '"', "nan", "1e400", "\u00e9"]), 1)
    content = (lines[0] + end + end.join(lines[1:])).encode()
    whole = take_of(content)
    quoted = take_of(content.replace(b",61,", b',"61",'))  # quotes send every block the careful way
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK", block)
        parted = take_of(content)
    for other in (quoted, parted):
        assert other.source_hash == whole.source_hash
        assert [(reject.row, reject.reason) for reject in other.rejects] == [
            (reject.row, reject.reason) for reject in whole.rejects
        ]


def test_names_and_weights_under_other_words_are_found_too() -> None:
    values = some_values(5)
    names = list(named(values[0]))
    frames = [{"timestamp_ms": 40 * i, "blendShapes": row[:52].tolist()} for i, row in enumerate(values)]
    take = take_of(json.dumps({"blendShapeNames": names, "frames": frames}).encode(), "x.json")
    np.testing.assert_array_equal(take.coefficients[:, :52], clipped(values)[:, :52])
    assert take.t == pytest.approx(np.arange(5) / 25)
    rows = [[face(row)["categories"]] for row in values]
    dump = take_of(json.dumps(rows).replace("categoryName", "category_name").encode(), "x.json")
    np.testing.assert_array_equal(dump.coefficients[:, :51], clipped(values)[:, :51])


def test_no_frame_is_lost_in_silence_whatever_holds_it() -> None:
    values = some_values(6)
    maps = [named(row) for row in values]
    numbered = {str(i): row for i, row in enumerate(maps)}
    timed = [{"time": i / 30, "blendShapes": row} for i, row in enumerate(maps)]
    lists = [{"time": i / 30, **face(row)} for i, row in enumerate(values)]
    for document in (numbered, {"blendshapes": maps}, {"data": {"frames": timed}}, timed, lists, {"people": [{"frames": timed}]}):
        take = take_of(json.dumps(document).encode(), "x.json")
        np.testing.assert_array_equal(take.coefficients[:, :51], clipped(values)[:, :51])
    several = takes_of(json.dumps({"people": [{"frames": timed}, {"frames": timed[:4]}]}).encode(), "x.json")
    assert [(take.name, len(take.frame)) for take in several] == [("x", 6), ("x-person2", 4)]
    with pytest.raises(WrongUse, match="several faces"):
        take_of(json.dumps({"one": maps[0], "two": maps[1]}).encode(), "x.jsonl")
