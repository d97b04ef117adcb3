"""Video beside a recording: frames matched by time, as pictures of the labels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from sfcore.errors import WrongUse
from sfcore.recordings import timecode
from sfcore.recordings.gather import take_name
from sfcore.recordings.pictures import MOST_PIXELS, Pictures, Shelf, encoded
from sfcore.recordings.reading import SourceFile
from sfcore.recordings.take import Take, content_hash

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".mov", ".mp4", ".m4v")
# A label takes the picture nearest to it, if that is no further away than this share of a label's step.
_FURTHEST_STEP = 0.75


def video_beside(source: SourceFile, take: Take) -> SourceFile | None:
    """The video of a take: in the folder of its file, under the name of the file or of its performance."""
    for stem in (take_name(source.name), take.performance):
        for name in source.namesakes(stem):
            if PurePosixPath(name).suffix.lower() in SUFFIXES:
                return source.beside(name)
    return None


@dataclass(slots=True)
class Film:
    """A video that is decoded once, from its beginning to its end, while takes ask for its pictures in order of time."""

    source: SourceFile
    start: str | None = None
    """The timecode of its first frame, where it has one."""
    fps: float = 0.0
    _frames: Iterator[tuple[float, Any]] | None = None
    _held: tuple[float, Any] | None = None
    _next: tuple[float, Any] | None = None

    def open(self) -> Film:
        """Begins; raises `WrongUse` for what is no video."""
        import av

        try:
            container = av.open(self.source.opener(), mode="r", metadata_errors="replace")
            stream = container.streams.video[0]
        except (av.FFmpegError, IndexError, ValueError, OSError) as error:
            raise WrongUse(
                f"{self.source.name} cannot be read as video ({_words(error)}): convert it, or ingest with --no-video."
            ) from None
        if stream.width * stream.height > MOST_PIXELS:
            raise WrongUse(f"{self.source.name} has {stream.width} by {stream.height} pixels, which is too large.")
        tagged = (streams.metadata.get("timecode") for streams in container.streams)
        self.start = next((code for code in tagged if code), container.metadata.get("timecode"))
        self.fps = float(stream.average_rate or 0)
        self._frames = self._decoded(container, stream)
        self._next = next(self._frames, None)
        return self

    def _decoded(self, container: Any, stream: Any) -> Iterator[tuple[float, Any]]:
        import av

        first: float | None = None
        with container, contextlib.suppress(av.FFmpegError):  # what comes before the damage is used
            for frame in container.decode(stream):
                if frame.time is not None:
                    first = frame.time if first is None else first
                    yield frame.time - first, frame

    def nearest(self, second: float, furthest: float) -> tuple[float, Any] | None:
        """The frame nearest to a second of the video, within ``furthest``; seconds asked for never fall."""
        while self._next is not None and self._frames is not None and self._next[0] <= second:
            self._held, self._next = self._next, next(self._frames, None)
        near = [frame for frame in (self._held, self._next) if frame is not None]
        best = min(near, key=lambda frame: abs(frame[0] - second), default=None)
        return best if best is not None and abs(best[0] - second) <= furthest else None


def with_pictures(take: Take, film: Film) -> Take:
    """The take with the film's pictures: the nearest in time for each row, one picture for one row.

    Film and take begin together, unless both know their timecode: then they are laid over each other by it. Rows without a
    frame near enough keep no picture.
    """
    step = float(np.median(np.diff(take.t))) if len(take.t) > 1 else 1.0
    offset, how = _offset(take, film)
    shelf, places, shown = Shelf(), np.full(len(take.t), -1, np.int64), -1.0
    for row, time in enumerate(take.t.tolist()):
        found = film.nearest(time - offset, max(_FURTHEST_STEP * step, 0.5 / film.fps if film.fps else 0.0))
        if found is not None and found[0] > shown:
            shown = found[0]
            places[row] = shelf.put(encoded(_upright(found[1])))
    seen = int((places >= 0).sum())
    images: Sequence[bytes | None] = Pictures(shelf, places)
    return replace(
        take,
        images=images if seen else None,
        source_hash=content_hash(take.frame, take.t, take.coefficients, images if seen else None),
        notes=(*take.notes, f"{seen} of {len(places)} rows have a picture from {film.source.name}, matched by {how}"),
        provenance=take.provenance | {"video": film.source.name, "video_matched_by": how, "video_offset": round(offset, 4)},
    )


def _offset(take: Take, film: Film) -> tuple[float, str]:
    """When the film begins, in seconds of the take, and how that is known."""
    starts = take.provenance.get("starts")
    if not starts or not film.start or not film.fps:
        return 0.0, "their beginnings"
    try:
        first = timecode.seconds_of_day(str(starts))
        hours, minutes, seconds, frames = (int(part) for part in film.start.replace(";", ":").split(":")[:4])
    except ValueError:
        return 0.0, "their beginnings"
    began = hours * 3600.0 + minutes * 60 + seconds + frames / round(film.fps)
    offset = (began - first + timecode.DAY / 2) % timecode.DAY - timecode.DAY / 2
    length = max(take.seconds, 1.0)
    return (offset, "timecode") if abs(offset) < length else (0.0, "their beginnings, since their timecodes lie apart")


def _upright(frame: Any) -> Image:
    picture: Image = frame.to_image()
    turned = int(getattr(frame, "rotation", 0) or 0) % 360
    return picture.rotate(turned, expand=True) if turned else picture


def _words(error: BaseException) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split()).rstrip(".") or type(error).__name__
