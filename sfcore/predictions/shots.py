"""Pictures to be answered, one after another: files, folders, patterns, archives and ``s3://``, and the frames of videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from sfcore.errors import WrongUse
from sfcore.recordings.finding import Found, find
from sfcore.recordings.reading import SourceFile
from sfcore.student.picture import MOST_PIXELS, Unseen, as_seen, seen

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
VIDEOS = (".mov", ".mp4", ".m4v", ".webm", ".mkv", ".avi")
LARGEST_FILE = 256 * 1024**2
"""Bytes of an encoded picture."""
# A frame this share of a step early is taken for the one that is due: clocks of cameras are not even.
_EARLY = 0.05


@dataclass(frozen=True)
class Shot:
    """One picture: the file it is from, its number there, its second from a video's beginning, and itself or why it is none."""

    source: str
    frame: int
    t: float | None
    picture: Image.Image | Unseen


@dataclass(frozen=True)
class Album:
    """All that was named: files of pictures and videos in their order, and how many files of a folder are neither."""

    files: tuple[SourceFile, ...]
    refused: tuple[tuple[str, str], ...]
    others: int

    @staticmethod
    def of(sources: Iterable[str]) -> Album:
        """Looks for what is named; raises `WrongUse` when nothing is there or nothing of it is a picture or a video."""
        files: list[SourceFile] = []
        refused: list[tuple[str, str]] = []
        others = 0
        for source in sources:
            found = find(source)
            # A file that was named is answered or told as a fault, whatever it is called.
            kept = found.files if found.is_single else [file for file in found.files if _ending(file) in (*PICTURES, *VIDEOS)]
            files, refused, others = [*files, *kept], [*refused, *found.refused], others + len(found.files) - len(kept)
            if not kept and not found.refused:
                raise WrongUse(f"{source} holds no picture and no video: its {_told(found)} end otherwise.")
        return Album(tuple(files), tuple(refused), others)

    @property
    def videos(self) -> int:
        """How many of the files are videos."""
        return sum(_ending(file) in VIDEOS for file in self.files)

    def shots(self, fps: float | None = None) -> Iterator[Shot]:
        """Every picture, and of every video ``fps`` frames a second, with None all; what cannot be read is told in its place."""
        for name, why in self.refused:
            yield Shot(name, 0, None, Unseen(why))
        for file in self.files:
            yield from _frames(file, fps) if _ending(file) in VIDEOS else _picture(file)


def _ending(file: SourceFile) -> str:
    return PurePosixPath(file.name).suffix.lower()


def _told(found: Found) -> str:
    return "1 file" if len(found.files) == 1 else f"{len(found.files)} files"


def _picture(file: SourceFile) -> Iterator[Shot]:
    try:
        with file.opener() as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        yield Shot(file.name, 0, None, Unseen(f"the file cannot be read: {error.strerror or error}"))
        return
    large = len(content) > LARGEST_FILE
    yield Shot(file.name, 0, None, Unseen("the file is too large for a picture: more than 256 MiB") if large else seen(content))


def _frames(file: SourceFile, fps: float | None) -> Iterator[Shot]:
    """Frames as they are shown; one more that says so where a video cannot be read to its end."""
    import av

    read, t = 0, 0.0
    try:
        with file.opener() as stream, av.open(stream, mode="r", metadata_errors="replace") as container:
            track = container.streams.video[0]
            if track.width * track.height > MOST_PIXELS:
                yield Shot(file.name, 0, 0.0, Unseen(f"the video is too large: {track.width} by {track.height} pixels"))
                return
            first, due = None, 0.0
            for frame in container.decode(track):
                first = frame.time if first is None else first
                t = (frame.time or 0.0) - (first or 0.0)
                if fps is None or t >= due - _EARLY / fps:
                    yield Shot(file.name, read, t, as_seen(_upright(frame)))
                    due = (due if t - due < 1 / fps else t) + 1 / fps if fps else 0.0
                read += 1
    except (av.FFmpegError, IndexError, ValueError, OSError) as error:
        said = " ".join(str(getattr(error, "strerror", None) or error).split()).rstrip(".") or type(error).__name__
        what = f"the video breaks off after {read} frames" if read else "the video cannot be read"
        yield Shot(file.name, read, t, Unseen(f"{what}: {said}"))


def _upright(frame: Any) -> Image.Image:
    picture: Image.Image = frame.to_image()
    turned = int(getattr(frame, "rotation", 0) or 0) % 360
    return picture.rotate(turned, expand=True) if turned else picture
