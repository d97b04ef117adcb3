"""Live Link Face CSV: a timecode, a count, and the 61 channels by name; also tables of other apps with such names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sfcore.recordings import channel_table
from sfcore.recordings.channel_table import FEWEST_CHANNELS, Header
from sfcore.recordings.clocks import clock_of
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
    gather = Gather([channel for _, channel in header.channels], reading, source.name, _untimed(header))
    for rows, faults in blocks:
        if gather.is_full:
            yield gather.take(source.name, form, list(header.notes()), more=True)
        if gather.clock is None and header.clock is not None:
            gather.clock = clock_of(header.cells[header.clock].strip(), rows.clock)
        clock = gather.clock
        for fault in faults:
            gather.reject(*fault)
        times = clock.seconds(rows.clock) if clock else np.full(len(rows.frame), np.nan)
        timed = ~np.isinf(times)
        for place in np.flatnonzero(~timed):
            gather.reject(int(rows.frame[place]), "bad timecode", rows.clock[place])
        gather.add(rows.frame[timed], times[timed], rows.values[timed])
    yield gather.take(source.name, form, list(header.notes()), stem=take_name(source.name))


def _untimed(header: Header) -> str:
    """What lacks where times are unknown."""
    return "no Timecode column" if header.clock is None else f"nothing in its column {header.cells[header.clock].strip()}"
