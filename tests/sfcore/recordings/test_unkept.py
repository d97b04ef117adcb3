"""Rows behind the last readable one count; junk is given up before it fills the memory."""

from __future__ import annotations

import io
import json
import re
import resource
from typing import BinaryIO

import pytest
from recording_files import livelink_csv, named, some_values

from sfcore.errors import SfaceError
from sfcore.recordings import gather, takes_by_name
from sfcore.recordings.finding import Found
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.source import read_takes
from sfcore.recordings.take import Take


@pytest.fixture
def small_takes(monkeypatch: pytest.MonkeyPatch) -> int:
    for module in (gather, takes_by_name):
        monkeypatch.setattr(module, "ROWS_OF_A_TAKE", 50)
    monkeypatch.setattr("sfcore.recordings.channel_table._CAREFUL_LINES", 10)
    monkeypatch.setattr("sfcore.recordings.delimited.BLOCK", 9000)
    monkeypatch.setattr("sfcore.recordings.rows_jsonl._BATCH", 8)
    return 50


def read(content: bytes, name: str = "x") -> tuple[list[Take], str]:
    """The takes that came before an error, and its sentence."""
    takes: list[Take] = []
    try:
        for take in read_takes(Found([SourceFile.of(content, name)], is_single=True), Reading()):
            assert isinstance(take, Take)
            takes.append(take)
    except SfaceError as error:
        return takes, str(error)
    return takes, ""


def jsonl(rows: int) -> list[str]:
    return [json.dumps({"frame": i, "t": i / 30, **named(row)}) for i, row in enumerate(some_values(rows))]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("tail", [1, 30, 49])
@pytest.mark.parametrize("good", [10, 50, 60, 120])
def test_an_unreadable_tail_belongs_to_the_last_take(small_takes: int, form: str, tail: int, good: int) -> None:
    lines = livelink_csv(some_values(good)).decode().strip().split("\n") if form == "csv" else jsonl(good)
    takes, said = read("\n".join([*lines, *["junk"] * tail]).encode())
    assert not said
    assert sum(len(take.frame) for take in takes) == good
    assert sum(len(take.rejects) for take in takes) == tail
    assert takes[-1].rejects[-1].row == good + tail - 1
    assert [take.cut for take in takes] == [(i > 0, i < len(takes) - 1) for i in range(len(takes))]
    assert any("cut into several" in note for note in takes[0].notes) == (len(takes) > 1)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_good_rows_among_much_junk_come_in_and_all_rows_count(small_takes: int, form: str) -> None:
    lines = livelink_csv(some_values(200)).decode().strip().split("\n") if form == "csv" else jsonl(200)
    header, rows = (lines[:1], lines[1:]) if form == "csv" else ([], lines)
    mixed = [line for row in rows for line in (row, "junk", "more junk")]
    takes, said = read("\n".join([*header, *mixed]).encode())
    assert not said
    assert sum(len(take.frame) for take in takes) == 200
    assert sum(take.rows_read for take in takes) == 600
    assert max(len(take.rejects) for take in takes) < 4 * small_takes, "rejects cut parts too"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_reading_is_given_up_where_nothing_follows_but_junk(small_takes: int, form: str) -> None:
    lines = livelink_csv(some_values(60)).decode().strip().split("\n") if form == "csv" else jsonl(60)
    takes, said = read("\n".join([*lines, *["junk"] * 1000]).encode())
    assert sum(len(take.frame) for take in takes) == 60
    assert re.search(r"x is damaged from row \d+ on: of the \d+ rows that follow none can be read", said)
    takes, said = read("\n".join([*lines[: 1 if form == "csv" else 9], *["junk"] * 1000]).encode())
    assert form == "jsonl" or (not takes and "none of its first 50 rows can be read" in said)


class _Junk(io.RawIOBase):
    """A header, and then ten million lines of nothing, made as they are read."""

    def __init__(self) -> None:
        self._head, self._left = livelink_csv(some_values(1)).split(b"\n")[0] + b"\n", 10_000_000

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        if head:
            return head
        lines = min(self._left, max(size, 0) // 5)
        self._left -= lines
        return b"junk\n" * lines


def test_ten_million_lines_of_junk_stream() -> None:
    def opener() -> BinaryIO:
        return _Junk()  # type: ignore[return-value]

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SfaceError, match="none of its first 262144 rows can be read"):
        list(read_takes(Found([SourceFile("junk.csv", 50_000_000, opener)], is_single=True), Reading()))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 * 1024, "KiB"
