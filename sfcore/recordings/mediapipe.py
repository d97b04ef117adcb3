"""Dumps of MediaPipe's Face Landmarker: one result, a list of them, or ``people``; scores as numbers or as strings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sfcore.errors import WrongUse
from sfcore.recordings import document, json_lines
from sfcore.recordings.beside import picture_beside
from sfcore.recordings.gather import take_name
from sfcore.recordings.named import clock_in, faces, times_of
from sfcore.recordings.named_frames import NamedFrames, notes_on
from sfcore.recordings.reading import Reading, SourceFile
from sfcore.recordings.take import Reject, Take
from sfcore.recordings.unkept import NothingKept, rejected

FORMAT = "mediapipe-json"
_MARKS = ('"faceBlendshapes"', '"face_blendshapes"', '"categoryName"', '"category_name"', '"people"')
_LISTS = ("frames", "results", "data", "detections", "faceLandmarkerResults")


def sniff(head: bytes) -> bool:
    """Whether a JSON document begins that has the names of MediaPipe's results, or ``people``, and no line for each frame."""
    text = document.starts_like_json(head)
    return bool(text) and any(mark in text for mark in _MARKS) and len(json_lines.first_entries(head)[0]) < 2


def read(source: SourceFile, reading: Reading) -> Iterator[Take]:
    """Reads a take for each face: the first of every frame under the file's name, others as ``-face2`` and so on.

    A frame in which no face was found is rejected. The category ``_neutral`` is no channel; ``TongueOut`` is unknown to
    MediaPipe. Raises `WrongUse` when no face is in the whole dump.
    """
    content = document.load(source)
    spare: list[Reject] = []
    some = False
    for number, frames in enumerate(_people(content) or [_frames(content)], start=1):
        stem = take_name(source.name) + (f"-person{number}" if number > 1 else "")
        for take in _takes(frames, source, reading, stem, spare):
            some = True
            yield take
    if not some and all(reject.reason == "no face" for reject in spare):
        raise WrongUse(f"{source.name} holds no face: MediaPipe found none in its {len(spare)} frames, or kept no blendshapes.")
    if spare:
        raise NothingKept(source.name, spare)


def _takes(frames: list[Any], source: SourceFile, reading: Reading, name: str, spare: list[Reject]) -> Iterator[Take]:
    """The takes of one person's frames; rows of faces of which nothing is kept go to ``spare``."""
    found = [faces(frame) for frame in frames]
    if not any(found):
        spare += [rejected(row, "no face", "no face was found in this frame") for row in range(len(frames))]
        return
    objects = [frame if isinstance(frame, dict) else {} for frame in frames]
    key, clock = clock_in(objects)
    times = times_of(objects, key, clock)
    for face in range(max(map(len, found))):
        track = NamedFrames(reading, source.name, "no time in its frames")
        track.gather.clock = clock
        for row, (frame, values) in enumerate(zip(objects, found, strict=True)):
            if face < len(values):
                track.add(row, float(times[row]), values[face], picture_beside(source, frame) if face == 0 else None)
            elif face == 0:
                track.gather.reject(row, "no face", "no face was found in this frame")
        track.flush()
        stem = name + (f"-face{face + 1}" if face else "")
        subject = f"face {face + 1}" if face else None
        try:
            take = track.gather.take(source.name, FORMAT, notes_on(list(track.others)), stem=stem, subject=subject)
        except NothingKept as nothing:
            spare += nothing.rejects
            continue
        yield take


def _people(content: Any) -> list[list[Any]] | None:
    """The frames of each person, where a dump keeps people apart and frames below them."""
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list) or not people:
        return None
    if not all(isinstance(person, dict) and isinstance(person.get("frames"), list) for person in people):
        return None
    return [person["frames"] for person in people]


def _frames(content: Any) -> list[Any]:
    """The frames of a dump; a list of names with scores is one frame, and so is a result that holds faces or people itself."""
    if isinstance(content, list):
        return [content] if content and isinstance(content[0], dict) and "score" in content[0] else content
    if not isinstance(content, dict):
        return []
    for key in _LISTS:
        inner = content.get(key)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict) and "score" not in inner[0]:
            return inner
    return [content]
