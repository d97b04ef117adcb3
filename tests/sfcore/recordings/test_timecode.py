"""Which rows of a take are in order: damaged times go alone, pauses and midnight stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.recordings.timecode import in_order, seconds_of_day

DAY = 86_400.0
NOON = 43_200.0


def take(rows: int, start: float = 13 * 3600.0) -> np.ndarray:
    """Thirty rows a second."""
    return (start + np.arange(rows) / 30) % DAY


def rejected(times: np.ndarray) -> list[int]:
    kept, running = in_order(times)
    assert np.all(np.diff(running[kept]) >= 0)
    return np.flatnonzero(~kept).tolist()


def test_timecodes_have_a_base_of_60_and_a_day_of_24_hours() -> None:
    assert seconds_of_day(" 01:02:03:30.6 ") == pytest.approx(3723 + 30.6 / 60)
    for wrong in ("24:00:00:00", "23:60:00:00", "23:00:60:00", "23:00:00:60", "noon", "", "1:2:3:4", "٠١:00:00:00"):
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            seconds_of_day(wrong)


@pytest.mark.parametrize("by", [3600.0, -3600.0, -13 * 3600.0, 60.0, -60.0, 10 * 3600.0])
@pytest.mark.parametrize(
    "rows", [[0], [1], [500], [998], [999], [0, 1], [998, 999], [0, 300, 301, 302, 999], [*range(0, 1000, 40)]]
)
def test_damaged_times_go_and_their_neighbours_stay(by: float, rows: list[int]) -> None:
    times = take(1000)
    times[rows] += by
    assert rejected(times) == rows


@pytest.mark.parametrize(("before", "after"), [(500, 500), (10, 990), (990, 10), (4, 996)])
@pytest.mark.parametrize("pause", [0.5, 5.0, 3600.0])
def test_a_pause_rejects_nothing(before: int, after: int, pause: float) -> None:
    times = np.concatenate([take(before), take(after, 13 * 3600 + before / 30 + pause)])
    assert rejected(times) == []
    times[before + 2] += 7200
    assert rejected(times) == [before + 2]


@pytest.mark.parametrize("start", [DAY - 10, DAY - 30.0, DAY - 0.01])
def test_midnight_is_passed_once_also_among_damage(start: float) -> None:
    times = take(1000, start)
    assert rejected(times) == []
    _, running = in_order(times)
    assert running[-1] - running[0] == pytest.approx(999 / 30)
    times[[200, 700]] = NOON
    assert rejected(times) == [200, 700]


def test_long_takes_pass_midnight_too() -> None:
    times = (10 * 3600 + np.arange(1000) * 60.0) % DAY  # sixteen hours and forty minutes
    assert rejected(times) == []


def test_slow_takes_and_takes_in_bursts_are_no_damage() -> None:
    assert rejected(np.arange(600) * 120.0) == []
    bursts = (np.arange(400) // 2) * 5.0 + (np.arange(400) % 2) / 30
    assert rejected(bursts) == []
    assert rejected(np.zeros(100)) == []


def test_the_shortest_takes_are_judged_by_order_alone() -> None:
    assert rejected(np.array([5.0])) == []
    assert rejected(np.array([0.0, 7200.0])) == []
    assert rejected(np.array([0.0, 1.0, 7200.0])) == []
    assert rejected(np.array([10.0, 11.0, 3.0])) == [2]
    assert rejected(np.array([7200.0, 10.0, 10.1, 10.2, 10.3])) == [0]
    assert rejected(np.array([10.0, 10.1, 10.2, 10.3, 7200.0])) == [4]
    assert rejected(np.array([10.0, 10.1, 7200.0, 7200.1])) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, DAY, exclude_max=True), min_size=1, max_size=40))
def test_what_is_kept_never_falls_and_something_always_is(times: list[float]) -> None:
    kept, running = in_order(np.array(times))
    assert kept.any()
    assert np.all(np.diff(running[kept]) >= 0)
    around = np.abs(running - times) % DAY
    assert np.all(np.minimum(around, DAY - around) < 1e-6)


@settings(max_examples=200, deadline=None)
@given(
    start=st.floats(0, DAY, exclude_max=True),
    damage=st.dictionaries(st.integers(0, 299), st.floats(60, DAY - 60), max_size=8),
)
def test_a_few_damaged_times_never_take_a_good_row_with_them(start: float, damage: dict[int, float]) -> None:
    times = take(300, start)
    for row, by in damage.items():
        times[row] = (times[row] + by) % DAY
    assert set(rejected(times)) <= set(damage)
