"""Audio2Face CSV: an unnamed row number, ``timeCode`` in seconds, and channels behind the prefix ``blendShapes.``"""

from __future__ import annotations

from collections.abc import Iterator

from sfcore.recordings import channel_table
from sfcore.recordings.livelink import takes_of_table
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Take

FORMAT = "audio2face-csv"


def sniff(head: bytes) -> bool:
    """Whether the channels of the first line carry the prefix."""
    line = channel_table.first_line(head)
    if not channel_table.names_enough(line):
        return False
    return any(cell.strip().lower().startswith("blendshapes.") for cell in channel_table.header_cells(line)[0])


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads the take; as `sfcore.recordings.livelink.read`."""
    return takes_of_table(source, reading, FORMAT)
