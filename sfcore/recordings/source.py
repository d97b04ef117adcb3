"""From an address to takes: the format is found by content, never by the file's ending."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Protocol

import numpy as np

from sfcore.errors import SfaceError, WorkFailed, WrongUse
from sfcore.recordings import (
    audio2face,
    audio2face_csv,
    beat,
    delimited,
    labelled_images,
    livelink,
    mediapipe,
    mediapipe_text,
    rows_jsonl,
    rows_parquet,
    semanticface,
    talking_avatar,
)
from sfcore.recordings.finding import Found, find
from sfcore.recordings.gather import CUT, take_name
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.shards import Shards, shards_in, whole_of
from sfcore.recordings.take import Take
from sfcore.recordings.unkept import with_the_rest
from sfcore.recordings.video import Film, video_beside, with_pictures


class Format(Protocol):
    """What a module that reads a format has."""

    FORMAT: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` is of this format."""

    def read(self, source: SourceFile, reading: Reading) -> Iterator[Take]:
        """The takes of a file; raises `WrongUse` where it holds none."""


FORMATS: tuple[Format, ...] = (
    *(rows_parquet, audio2face_csv, labelled_images, livelink),
    *(audio2face, semanticface, mediapipe, beat, talking_avatar, mediapipe_text, rows_jsonl),
)
"""Asked in this order: what is special before what is general."""

# Endings of files that somebody meant as labels: told when they cannot be read, while pictures and notes are passed over.
_MEANT = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".pbtxt", ".zip")
# What other files begin with, and what to do about them.
_MARKS = (
    (4, b"ftyp", "it is a video: name the recording beside it, and its pictures come along"),
    (4, b"moov", "it is a video: name the recording beside it, and its pictures come along"),
    (0, b"\xff\xd8\xff", "it is a picture: name the CSV or JSONL that holds its labels"),
    (0, b"\x89PNG", "it is a picture: name the CSV or JSONL that holds its labels"),
    (0, b"\x1f\x8b", "it is compressed: unpack it first"),
    (0, b"\xfd7zXZ", "it is compressed: unpack it first"),
    (0, b"7z\xbc\xaf", "it is compressed: unpack it first"),
    (0, b"PK\x03\x04", "it is an archive inside the source: name it by itself"),
    (0, b"glTF", "it is a 3D model: bring it in with 'sface rig import'"),
)
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)


@dataclass(frozen=True, slots=True)
class Refused:
    """A file of a folder that gave nothing, or not all: its name, and the sentence that says why."""

    name: str
    sentence: str


def read_source(source: str, reading: Reading | None = None) -> Take:
    """Reads the one recording at a path or ``s3://`` address.

    Raises `WrongUse` when nothing is there, when it is no recording or several, `WorkFailed` when it cannot be fetched.
    """
    takes = [take for take in read_takes(find(source), reading or Reading()) if isinstance(take, Take)]
    if len(takes) != 1:
        raise WrongUse(f"{source} holds {len(takes)} takes: name one recording.")
    return takes[0]


def check_source(source: str, reading: Reading | None = None) -> None:
    """Raises what reading would raise before its first take: told before any engine is started for the work that follows."""
    found = find(source)
    takes = read_takes(found, reading or Reading())
    refused: list[Refused] = []
    for take in takes:
        if isinstance(take, Take):
            return
        refused.append(take)
    raise nothing_in(source, refused)


def nothing_in(source: str, refused: list[Refused]) -> WrongUse:
    """The error of a source of many files of which none is a recording."""
    first = f": {refused[0].sentence.rstrip('.')}" if refused else ""
    more = f" (and {len(refused) - 1} more such files)" if len(refused) > 1 else ""
    return WrongUse(f"{source} holds no recording that sface can read{first}{more}.")


def format_of(file: SourceFile) -> Format | None:
    """The format of a file, by its first bytes; None when it is none that sface reads."""
    head = file.head()
    return next((form for form in FORMATS if form.sniff(head)), None)


def read_takes(found: Found, reading: Reading) -> Iterator[Take | Refused]:
    """The takes of all files, one after the other; a file that cannot be read is told and the others are read all the same.

    For a source that is one file, what is wrong with it is raised instead: `WrongUse`, `WorkFailed`.
    """
    for name, reason in found.refused:
        yield Refused(name, f"{name} {reason}.")
    formats: list[tuple[SourceFile, Format | Refused | None]]
    formats = [(file, _format_or_refusal(file, found.is_single)) for file in found.files]
    for shards in shards_in([file for file, form in formats if form is rows_parquet]):
        parts = {file.name for file in shards}
        formats = [entry for entry in formats if entry[0].name not in parts]
        formats.append((whole_of(shards), Shards(shards)))
    names = _names([file.name for file, form in formats if form is not None and not isinstance(form, Refused)])
    for file, form in formats:
        if isinstance(form, Refused):
            yield form
        elif form is not None:
            yield from _takes_of(file, form, reading, found.is_single, names[file.name])


def _names(paths: list[str]) -> dict[str, str]:
    """Path -> name of its take: the file's, with its folders where files of several folders share it, and with its ending where
    several of one folder do."""
    stems = Counter(take_name(path) for path in paths)
    full = {path: "-".join([*PurePosixPath(path).parent.parts, take_name(path)]) for path in paths}
    taken = Counter(full.values())
    return {
        path: take_name(path)
        if stems[take_name(path)] == 1
        else full[path] + PurePosixPath(path).suffix * (taken[full[path]] > 1)
        for path in paths
    }


def _format_or_refusal(file: SourceFile, is_single: bool) -> Format | Refused | None:
    """The format of a file; a refusal where it was meant as a recording, None where it was not."""
    try:
        form = format_of(file)
        if form is not None or not (is_single or file.name.lower().endswith(_MEANT)):
            return form
        raise WrongUse(f"{file.name} is no recording that sface can read ({_looks_like(file)}): it reads {_SPOKEN}.")
    except SfaceError as error:
        if is_single:
            raise
        return Refused(file.name, str(error))
    except (OSError, *_DAMAGED) as error:
        if is_single:
            raise _unreadable(file, error) from None
        return Refused(file.name, str(_unreadable(file, error)))


_SPOKEN = (
    "Live Link Face CSV, Audio2Face JSON and CSV, BEAT, MediaPipe and SemanticFace dumps, lists of named frames, pictures with "
    "labels, and its own Parquet and JSON lines"
)


def _unreadable(file: SourceFile, error: BaseException) -> WorkFailed:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return WorkFailed(f"cannot read {file.name}: {reason}.")


def _takes_of(file: SourceFile, form: Format, reading: Reading, is_single: bool, name: str) -> Iterator[Take | Refused]:
    try:
        film: Film | None = None
        for number, take in enumerate(with_the_rest(form.read(file, reading), CUT)):
            named = replace(take, name=take.name.replace(take_name(file.name), name, 1))
            if reading.video and named.images is None and not np.isnan(named.t).any():
                if number == 0:
                    film, named = _film_of(file, named)
                if film is not None:
                    named = with_pictures(named, film)
            yield named
    except (SfaceError, OSError, *_DAMAGED) as error:
        told = error if isinstance(error, SfaceError) else _unreadable(file, error)
        if is_single:
            raise told from None
        yield Refused(file.name, str(told))


def _film_of(file: SourceFile, take: Take) -> tuple[Film | None, Take]:
    """The film beside a recording; a damaged one is noted, since labels are worth keeping without it."""
    video = video_beside(file, take)
    if video is None:
        return None, take
    try:
        return Film(video).open(), take
    except WrongUse as error:
        return None, replace(take, notes=(*take.notes, str(error)))


def _looks_like(file: SourceFile) -> str:
    head = file.head()
    if not head:
        return "it is empty"
    if known := next((words for place, mark, words in _MARKS if head[place : place + len(mark)] == mark), None):
        return known
    text = delimited.decode_head(head)
    if "\x00" in text:
        unmarked = livelink.sniff(head.replace(b"\x00", b""))
        return "it is text in an encoding other than UTF-8: save it as CSV in UTF-8" if unmarked else "it is binary"
    lines = delimited.lines(text)
    if not lines:
        return "it is blank"
    start = lines[0].lstrip()
    if start.startswith(("{", "[")):
        return "it looks like JSON, but of no kind that sface knows"
    if start.startswith("<"):
        return "it looks like HTML or XML"
    return f"its first line, {start[:60]!r}, names fewer than {livelink.FEWEST_CHANNELS} facial channels"
