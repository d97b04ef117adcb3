"""What labels cover: figures that can be counted by hand, the same however rows are cut into batches."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import INDEX, MIRROR_INDEX, MIRROR_SIGN, NAMES
from sfcore.randomness import digest
from sfcore.recipe import Labels
from sfcore.recordings import livelink
from sfcore.recordings.channel_tally import BINS
from sfcore.recordings.label_coverage import LabelCoverage, coverage_of
from sfcore.recordings.labels import label_rows
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.sidedness import SideTally, suspicions
from sfcore.recordings.take import Take
from sfcore.recordings.timeline import Timeline


def take_of(values: np.ndarray, name: str = "walk", fps: float = 30.0, **changed: object) -> Take:
    """A take of (n, 61) coefficients."""
    n = len(values)
    told = {
        "name": name,
        "format": "livelink-csv",
        "source_name": f"{name}.csv",
        "source_hash": digest(name, values.tobytes()),
        "frame": np.arange(n),
        "t": np.arange(n) / fps,
        "coefficients": values.astype(np.float32),
        "clipped": np.zeros(n, np.int32),
    }
    return Take(**(told | changed))  # type: ignore[arg-type]


def rows_of(take: Take) -> pa.Table:
    return label_rows(take, Labels(dataset="anna"), "train")


def cover(*takes: Take) -> LabelCoverage:
    return coverage_of("anna", [rows_of(take) for take in takes])


def still(count: int) -> np.ndarray:
    return np.zeros((count, 61), np.float32)


def test_figures_that_can_be_counted_by_hand() -> None:
    values = still(100)
    values[:, INDEX["JawOpen"]] = np.arange(100) / 100
    values[:, INDEX["CheekPuff"]] = 0.9
    values[0, INDEX["TongueOut"]] = 0.5
    values[:, INDEX["HeadYaw"]] = np.linspace(-0.16, 0.16, 100)
    values[:, INDEX["NoseSneerLeft"]] = np.nan
    coverage = cover(take_of(values))
    channels = {channel.name: channel for channel in coverage.channels}
    assert list(channels) == list(NAMES)
    jaw = channels["JawOpen"]
    assert (jaw.known, jaw.active_share, jaw.state) == (100, 0.85, "covered")
    assert (jaw.low, jaw.high) == (0.0, pytest.approx(0.99))
    # Hundredths, five to each of the twenty bins, but for what rounding moves over an edge.
    assert sum(jaw.histogram) == 100
    assert len(jaw.histogram) == BINS
    assert all(4 <= count <= 6 for count in jaw.histogram)
    assert channels["HeadYaw"].active_share == pytest.approx(0.5, abs=0.02)
    assert sum(channels["HeadYaw"].histogram[: BINS // 2]) == 50
    assert channels["CheekPuff"].state == "dead"
    assert channels["TongueOut"].state == "covered"
    sneer = channels["NoseSneerLeft"]
    assert (sneer.state, sneer.low, sneer.known_share, sum(sneer.histogram)) == ("unknown", None, 0.0, 0)
    (take,) = coverage.takes
    assert (take.frames, take.seconds, take.fps, take.lost) == (100, 3.3, 30.0, 0)
    assert "CheekPuff" in take.dead
    assert "JawOpen" not in take.dead
    assert take.unknown == ("NoseSneerLeft",)


def test_a_channel_that_differs_from_take_to_take_and_never_moves_is_dead() -> None:
    first, second = still(10), still(10)
    second[:, INDEX["JawOpen"]] = 0.5
    coverage = cover(take_of(first, "a"), take_of(second, "b"))
    assert "JawOpen" in coverage.names("dead")


def test_single_rows_are_judged_together() -> None:
    takes = []
    for i in range(4):
        values = still(1)
        values[0, INDEX["JawOpen"]] = i / 4
        takes.append(take_of(values, f"picture-{i}"))
    coverage = cover(*takes)
    assert "JawOpen" in coverage.names("covered")
    assert all(take.dead == () for take in coverage.takes)


@given(cuts=st.lists(st.integers(1, 149), max_size=6))
@settings(max_examples=15, deadline=None)
def test_the_figures_do_not_depend_on_how_rows_are_cut(cuts: list[int]) -> None:
    rng = np.random.default_rng(1)
    tables = [rows_of(take_of(rng.random((75, 61)), name)) for name in "ab"]
    whole = pa.concat_tables(tables)
    edges = [0, *sorted(set(cuts)), 150]
    parts = [whole.slice(start, end - start) for start, end in pairwise(edges)]
    batches = [batch for part in parts for batch in part.combine_chunks().to_batches()]
    one, other = coverage_of("anna", [whole]).plain(), coverage_of("anna", batches).plain()
    assert one == other
    json.dumps(one, allow_nan=False)


def test_rate_and_lost_frames_are_those_of_the_take() -> None:
    """Rows that were rejected are no lost frames, and a jittery clock has one rate, in the report as in the provenance."""
    values = np.random.default_rng(0).random((10, 61), np.float32)
    frame, t = np.array([0, 1, 2, 5, 6, 7, 8, 9, 10, 12]), np.array([0, 1, 2, 5, 6, 7, 8, 11, 12, 14]) / 30
    plain = take_of(values, frame=frame, t=t, clipped=np.array([2] + [0] * 9, np.int32))
    coverage = coverage_of("anna", [rows_of(plain)], {"not a number": 1, "bad timecode": 3})
    assert list(coverage.rejects.items()) == [("bad timecode", 3), ("not a number", 1)]
    assert (coverage.takes[0].fps, coverage.takes[0].lost) == (30.0, 2)
    assert coverage.clipped == 2
    noted = take_of(values, frame=frame, t=t, provenance={"fps": 29.9701, "lost_frames": 7})
    (take,) = coverage_of("anna", [rows_of(noted)]).takes
    assert (take.fps, take.lost) == (29.9701, 7)


def test_the_same_content_under_two_names_is_a_conflict() -> None:
    values = np.random.default_rng(0).random((10, 61), np.float32)
    first, second = take_of(values, "a"), take_of(values, "b", source_hash=digest("a", values.tobytes()))
    (conflict,) = coverage_of("anna", [rows_of(first), rows_of(second)]).conflicts
    assert "a, b" in conflict
    elsewhere = {first.source_hash: "take 'x' of dataset 'bert'"}
    (conflict,) = coverage_of("anna", [rows_of(first)], elsewhere=elsewhere).conflicts
    assert "take 'a'" in conflict
    assert "dataset 'bert'" in conflict


def test_one_picture_under_two_labels_is_a_conflict() -> None:
    table = rows_of(take_of(np.random.default_rng(0).random((6, 61), np.float32)))
    place = table.column_names.index("image")
    distinct = table.set_column(place, "image", pa.array([bytes([i]) for i in range(6)], pa.binary()))
    assert coverage_of("anna", [distinct]).conflicts == ()
    assert coverage_of("anna", [distinct]).images == 6
    torn = table.set_column(place, "image", pa.array([b"a", b"b", b"a", None, b"c", b"c"], pa.binary()))
    (conflict,) = coverage_of("anna", [torn]).conflicts
    assert ": 2 (" in conflict
    assert "'walk' frame 2, 'walk' frame 5" in conflict


def test_nothing_at_all_is_still_an_answer() -> None:
    coverage = coverage_of("anna", [])
    assert (coverage.rows, coverage.seconds, coverage.takes) == (0, 0.0, ())
    assert len(coverage.names("unknown")) == 61
    json.dumps(coverage.plain(), allow_nan=False)


# Left and right -------------------------------------------------------------------------------------------------------


def published(real_data: Path) -> Iterator[tuple[str, np.ndarray]]:
    for name in ("alex_rom_3", "MySlate_3_Jason_Millers_iPhone", "MySlate_164_iPhone_cal", "neurosync_default"):
        content = (real_data / "livelink" / f"{name}.csv").read_bytes()
        (take,) = livelink.read(SourceFile.of(content, f"{name}.csv"), Reading())
        yield name, take.coefficients


def tally(values: np.ndarray) -> SideTally:
    made = SideTally()
    for part in np.array_split(values, 5):
        made.see(part)
    return made


def mirrored(values: np.ndarray) -> np.ndarray:
    return values[:, list(MIRROR_INDEX)] * np.array(MIRROR_SIGN, np.float32)


def test_sides_swapped_without_their_signs_are_seen_in_one_take(real_data: Path) -> None:
    for name, values in published(real_data):
        swapped = values[:, list(MIRROR_INDEX)]
        assert suspicions([(name, None, tally(values))]) == {}, name
        assert "eyes turn against" in suspicions([(name, None, tally(swapped))])[name]


def test_of_one_persons_takes_the_mirrored_one_is_seen(real_data: Path) -> None:
    for name, values in published(real_data):
        parts = [tally(part) for part in np.array_split(values, 3)]
        assert suspicions([(f"{i}", "anna", part) for i, part in enumerate(parts)]) == {}, name
        parts[1] = tally(mirrored(np.array_split(values, 3)[1]))
        assert set(suspicions([(f"{i}", "anna", part) for i, part in enumerate(parts)])) == {"1"}, name


def test_takes_of_several_people_are_no_reason_to_suspect_anyone(real_data: Path) -> None:
    assert suspicions([(name, None, tally(values)) for name, values in published(real_data)]) == {}


def test_a_still_or_even_face_is_not_suspected() -> None:
    even = np.repeat(np.random.default_rng(0).random((200, 1), np.float32), 61, axis=1)
    assert suspicions([("a", "x", tally(still(200))), ("b", "x", tally(even)), ("c", "x", tally(even[:3]))]) == {}


# Timeline -------------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=60), st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_a_timeline_keeps_every_row_in_its_part_whatever_the_length(times: list[float], cut: int) -> None:
    times = sorted(times)
    line = Timeline(16, 0.125)
    for start in range(0, len(times), cut):
        part = np.array(times[start : start + cut])
        line.see(part, np.ones(len(part), np.int64), np.zeros(len(part), np.int64))
    parts = list(line.parts())
    assert len(parts) <= 16
    busy = {int((time - times[0]) / line.part) for time in times}
    assert {place for place, (mean, _) in enumerate(parts) if mean == 1.0} == busy
    assert all(kind == (0 if place in busy else -1) for place, (_, kind) in enumerate(parts))


def test_looking_at_the_sides_of_a_long_take_needs_less_memory_than_the_take() -> None:
    values = np.zeros((100_000, len(NAMES)), np.float32)
    tracemalloc.start()
    tally(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes
