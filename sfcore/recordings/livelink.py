"""Live Link Face CSV: a timecode, a count, and the 61 channels by name; also tables of other apps with such names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sfcore.recordings import channel_table, timecode
from sfcore.recordings.channel_table import FEWEST_CHANNELS, Header
from sfcore.recordings.clocks import Clock, clock_of
from sfcore.recordings.gather import Gather, take_name
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

FORMAT = "livelink-csv"
__all__ = ["FEWEST_CHANNELS", "FORMAT", "read", "sniff", "takes_of_table"]


def sniff(head: bytes) -> bool:
    """Whether the first line of a file, given its first bytes, names enough channels to be such a recording."""
    return channel_table.names_enough(channel_table.first_line(head))


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads a recording; the file's name serves as the take's name without its suffix.

    Cells are separated by commas, semicolons or tabs, whichever makes most channels of the first line; with the latter two a
    comma in a number is its decimal point. Raises `WrongUse` when the content is no such recording. A row that is damaged becomes
    a reject, never a guess: lines of the file that are not blank, less the first, are rows kept or rows rejected.
    """
    return takes_of_table(source, reading, FORMAT)


def takes_of_table(source: SourceFile, reading: Reading, form: str) -> Iterator[Take]:
    """The takes of any table of channels, said to be of format ``form``: one, or more where it is very long."""
    header, blocks = channel_table.rows_of(source)
    clock: Clock | None = None
    gather: Gather | None = None
    starts: str | None = None
    for rows, faults in blocks:
        if clock is None and header.clock is not None and rows.clock:
            clock = clock_of(header.cells[header.clock], rows.clock)
        if gather is None:
            of_day = clock is not None and clock.of_day
            spell = timecode.spelt if of_day else "{:g} s".format
            gather = Gather([channel for _, channel in header.channels], reading, of_day, spell)
        for fault in faults:
            gather.reject(*fault)
        times = clock.seconds(rows.clock) if clock else _paced(rows.frame, reading)
        timed = ~np.isinf(times)
        for place in np.flatnonzero(~timed):
            gather.reject(int(rows.frame[place]), "bad timecode", rows.clock[place])
        if starts is None and clock is not None and clock.of_day and timed.any():
            starts = rows.clock[int(np.flatnonzero(timed)[0])].strip()
        if gather.is_full:
            yield gather.take(source.name, form, _told(header), _known(clock, starts), more=True)
        gather.add(rows.frame[timed], times[timed], rows.values[timed])
    gather = gather or Gather([], reading)
    yield gather.take(source.name, form, _told(header), _known(clock, starts), stem=take_name(source.name))


def _paced(frame: Any, reading: Reading) -> Any:
    """Times of rows without a clock: by the frame rate where its owner states one, else unknown."""
    return frame / reading.fps if reading.fps else np.full(len(frame), np.nan)


def _told(header: Header) -> list[str]:
    notes = list(header.notes())
    if header.clock is None:
        notes.append("no Timecode column: the time of its rows is unknown")
    return notes


def _known(clock: Clock | None, starts: str | None) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if clock is not None:
        known["clock"] = clock.kind
    if starts is not None:
        known["starts"] = starts
    return known
