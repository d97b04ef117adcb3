"""What is written in a format reads back as it was: values bit for bit, rows and times."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from export_worlds import values_of, written
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import INDEX, SHAPES
from sfcore.exports import audio2face, audio2face_csv, lam, livelink, mediapipe
from sfcore.exports.motion import Rows, Wish
from sfcore.recordings import audio2face as audio2face_reader
from sfcore.recordings import audio2face_csv as audio2face_csv_reader
from sfcore.recordings import beat as beat_reader
from sfcore.recordings import livelink as livelink_reader
from sfcore.recordings import mediapipe as mediapipe_reader
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

SHAPE_COLUMNS = [shape.index for shape in SHAPES]
HEAD = [INDEX[name] for name in ("HeadYaw", "HeadPitch", "HeadRoll")]
FORMATS: dict[str, tuple[ModuleType, ModuleType, list[int]]] = {
    "livelink": (livelink, livelink_reader, list(range(61))),
    "audio2face": (audio2face, audio2face_reader, SHAPE_COLUMNS),
    "audio2face-csv": (audio2face_csv, audio2face_csv_reader, SHAPE_COLUMNS + HEAD),
    "lam": (lam, beat_reader, SHAPE_COLUMNS),
    "mediapipe": (mediapipe, mediapipe_reader, SHAPE_COLUMNS),
}


def read(reader: ModuleType, content: bytes, name: str) -> Take:
    """The one take of a file; rotations are said to be radians, which random numbers cannot tell."""
    (take,) = reader.read(SourceFile.of(content, name), Reading(rotation="radians"))
    return take


def rows_of(take: Take) -> Rows:
    return Rows(take.frame, take.t, take.coefficients)


shapes = st.floats(0, 1, width=32, allow_subnormal=False)
angles = st.floats(-0.75, 0.75, width=32, allow_subnormal=False)
typed = st.integers(0, 1000).map(lambda n: float(np.float32(n / 1000)))


@st.composite
def takes(draw: st.DrawFn) -> Rows:
    """Takes as cameras, services and hands make them: full float32s, or few decimals; even and uneven steps; lost frames."""
    n = draw(st.integers(1, 24))
    shape = draw(st.sampled_from([shapes, typed]))
    pool = draw(st.lists(st.tuples(shape, angles if shape is shapes else typed.map(lambda v: v / 2)), min_size=8, max_size=40))
    at = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, len(pool), (n, 61))
    values = np.array(pool, np.float32)[at, (np.arange(61) >= 52).astype(int)]
    steps = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    frame = np.cumsum(steps) - steps[0]
    return Rows(frame.astype(np.int64), frame / draw(st.sampled_from([24.0, 25.0, 30.0, 60.0])), values)


@pytest.mark.parametrize("form", FORMATS)
@given(take=takes())
@settings(max_examples=25, deadline=None)
def test_any_take_comes_back(form: str, take: Rows) -> None:
    writer, reader, columns = FORMATS[form]
    content, done = written(writer, take, Wish(fps=60.0 if form == "audio2face" else None))
    again = read(reader, content, f"walk{writer.SUFFIX}")
    assert not again.rejects
    if form == "audio2face":
        # Frames of its even grid that fall on no row hold the row before.
        places = np.rint(take.t * 60).astype(int)
        assert len(again.frame) == places[-1] + 1
        assert np.array_equal(again.coefficients[places][:, columns], take.coefficients[:, columns])
        held = np.maximum.accumulate(np.where(np.isin(np.arange(places[-1] + 1), places), np.arange(places[-1] + 1), 0))
        assert np.array_equal(again.coefficients[:, columns], again.coefficients[held][:, columns])
        return
    assert done.rows == len(take) == len(again.frame)
    # Bit for bit, but that a reader may take -0 for 0.
    assert (again.coefficients[:, columns] + 0).tobytes() == (take.coefficients[:, columns] + 0).tobytes()
    if form != "mediapipe":
        # Thousandths of a frame of 60 are the finest that a timecode can say.
        assert np.allclose(again.t, take.t, rtol=0, atol=0.51 / 60_000 if form == "livelink" else 0)


LIVELINK = ("MySlate_3_Jason_Millers_iPhone.csv", "MySlate_164_iPhone_cal.csv", "neurosync_default.csv", "alex_rom_3.csv.xz")


@pytest.mark.parametrize("name", LIVELINK)
def test_a_published_take_is_written_as_the_app_wrote_it(real_data: Path, name: str) -> None:
    raw = (real_data / "livelink" / name).read_bytes()
    original = lzma.decompress(raw) if name.endswith(".xz") else raw
    take = read(livelink_reader, original, name.removesuffix(".xz"))
    start = take.provenance["starts"]
    from sfcore.recordings.timecode import seconds_of_day

    content, _ = written(livelink, rows_of(take), Wish(start=seconds_of_day(start)), cut=1000)
    ours, theirs = content.decode().splitlines(), original.decode().splitlines()
    assert ours[0] == theirs[0].replace("BlendShapeCount", "BlendshapeCount")
    clipped = set(take.frame[take.clipped > 0].tolist())
    assert [line for row, line in enumerate(ours[1:]) if row not in clipped] == [
        line for row, line in enumerate(theirs[1:]) if row not in clipped
    ]
    assert len(clipped) <= 50


@pytest.mark.parametrize("name", ["hello.wav_bsweight.json"])
def test_an_audio2face_file_keeps_its_digits_and_layout(real_data: Path, name: str) -> None:
    original = (real_data / "audio2face" / name).read_text()
    take = read(audio2face_reader, original.encode(), name)
    content, done = written(audio2face, rows_of(take))
    ours, theirs = json.loads(content, parse_float=str), json.loads(original, parse_float=str)
    assert ours.pop("trackPath") == "walk"
    theirs.pop("trackPath")
    assert ours == theirs
    assert content.decode().splitlines()[3:] == original.splitlines()[3:]
    assert not done.notes


def test_an_audio2face_csv_is_written_as_the_service_wrote_it(real_data: Path) -> None:
    original = (real_data / "audio2face" / "animation_frames.csv").read_text()
    take = read(audio2face_csv_reader, original.encode(), "animation_frames.csv")
    assert written(audio2face_csv, rows_of(take))[0].decode().split() == original.split()


def test_lam_keeps_what_a_float32_holds(real_data: Path) -> None:
    content = (real_data / "beat" / "test_expression_1s.json").read_bytes()
    take = read(beat_reader, content, "test_expression_1s.json")
    again = read(beat_reader, written(lam, rows_of(take))[0], "again.json")
    assert np.array_equal(again.coefficients, take.coefficients, equal_nan=True)
    assert np.array_equal(again.t, take.t)
    ours, theirs = json.loads(written(lam, rows_of(take))[0]), json.loads(content)
    assert ours["names"] == theirs["names"]
    assert [frame["time"] for frame in ours["frames"]] == [frame["time"] for frame in theirs["frames"]]
    weights = [np.array([frame["weights"] for frame in dump["frames"]]) for dump in (ours, theirs)]
    # These are doubles in the file, of which the table keeps float32s.
    assert np.array_equal(weights[0].astype(np.float32), weights[1].astype(np.float32))


def test_decimals_that_somebody_typed_stay_as_typed(real_data: Path) -> None:
    original = (real_data / "semanticface" / "example_result.csv").read_text().splitlines()
    take = read(livelink_reader, "\n".join(original).encode(), "example_result.csv")
    ours = written(livelink, rows_of(take))[0].decode().splitlines()
    for line, source in zip(ours[1:], original[1:], strict=True):
        cells, typed_cells = line.split(","), source.split(",")
        assert cells[0] == typed_cells[0]
        for cell, was in zip(cells[2:], typed_cells[2:], strict=True):
            assert len(cell.partition(".")[2]) == 10
            assert float(cell) == float(was) or float(was) < 0  # a shape below 0 was clipped


def test_typed_decimals_stay_beside_rotations_that_were_converted() -> None:
    values = np.round(values_of(30), 2)
    values[:, 52:] = np.deg2rad(values[:, 52:] * 1e-3)
    rows = Rows(np.arange(30), np.arange(30) / 60, values)
    for line, row in zip(written(livelink, rows)[0].decode().splitlines()[1:], values, strict=True):
        cells = line.split(",")[2:]
        assert cells[:52] == [f"{value:.2f}00000000" for value in row[:52]]
        assert np.array_equal(np.array(cells, np.float32), row)


@pytest.mark.parametrize(
    ("form", "name"), [("lam", "beat/test_expression_1s.json"), ("livelink", "livelink/neurosync_generated_shapes.csv")]
)
def test_numbers_that_no_table_holds_come_back_from_the_numbers_as_written(real_data: Path, form: str, name: str) -> None:
    """Doubles, and shapes below 0, which the labels table rounds to float32 and clips."""
    writer, reader, columns = FORMATS[form]

    def raw(content: bytes) -> Take:
        (take,) = reader.read(SourceFile.of(content, Path(name).name), Reading(rotation="radians", raw=True))
        return take

    take = raw((real_data / name).read_bytes())
    assert take.raw is not None
    again = raw(written(writer, Rows(take.frame, take.t, take.raw), cut=100)[0])
    assert again.raw is not None
    assert (again.raw[:, columns] + 0).tobytes() == (take.raw[:, columns] + 0).tobytes()
    assert np.array_equal(again.frame, take.frame)
    assert np.allclose(again.t, take.t, rtol=0, atol=1e-9)
    if form == "lam":
        theirs = json.loads((real_data / name).read_bytes(), parse_float=str)
        ours = json.loads(written(writer, Rows(take.frame, take.t, take.raw))[0], parse_float=str)
        assert [frame["weights"] for frame in ours["frames"]] == [frame["weights"] for frame in theirs["frames"]]


def test_values_too_small_for_ten_decimals_get_more() -> None:
    values = values_of(40)
    values[:, :52] *= np.logspace(-12, 0, 40, dtype=np.float32)[:, None]
    rows = Rows(np.arange(40), np.arange(40) / 60, values)
    again = read(livelink_reader, written(livelink, rows)[0], "tiny.csv")
    assert again.coefficients.tobytes() == values.tobytes()
