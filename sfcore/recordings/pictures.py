"""Pictures that come with labels: decoded once, to see that they are whole, turned upright, and kept aside until written."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import BinaryIO, overload

import numpy as np
from numpy.typing import NDArray

from sfcore.recordings.take import RejectReason

LARGEST_FILE = 64 * 1024**2
"""Bytes of an encoded picture."""
MOST_PIXELS = 64_000_000
"""Pixels of a decoded one: 8,000 by 8,000, which is beyond any phone's and needs 192 MB; more is a decompression bomb."""
LARGEST_SIDE = 2048
"""Larger pictures are scaled down: students see a few hundred pixels."""
# Pillow opens a phone's MPO, which is a JPEG and more pictures behind it, as JPEG.
_KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_KEPT_KINDS = ("JPEG", "PNG", "WEBP")
_ORIENTATION = 0x0112
# Pictures kept in memory before they go to a file.
_IN_MEMORY = 8 * 1024**2


class BadPicture(Exception):
    """A picture that cannot be used: why, and the detail."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: RejectReason = reason


def upright(content: bytes) -> bytes:
    """The picture ready for training: whole, upright, RGB or grey, at most 2048 pixels a side.

    Bytes that already are so stay as they are; others are turned as their EXIF orientation says, scaled down and encoded as JPEG
    of quality 95. Raises `BadPicture`.
    """
    from PIL import Image, ImageOps

    if len(content) > LARGEST_FILE:
        raise BadPicture("image too large", f"{len(content)} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are judged here, not by a warning
            with Image.open(io.BytesIO(content), formats=_KINDS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise BadPicture("image too large", f"{width} by {height} pixels")
                turned = picture.getexif().get(_ORIENTATION, 1) not in (0, 1)
                fits = max(width, height) <= LARGEST_SIDE
                if not fits and picture.format == "JPEG":
                    picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
                picture.load()
                if fits and not turned and picture.format in _KEPT_KINDS and picture.mode in ("RGB", "L"):
                    return content
                return encoded(ImageOps.exif_transpose(picture))
    except BadPicture:
        raise
    except Image.DecompressionBombError as error:
        raise BadPicture("image too large", str(error).split(",")[0]) from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever their format made them stumble over
        raise BadPicture("unreadable image", " ".join(str(error).split()) or type(error).__name__) from None


def encoded(picture: object) -> bytes:
    """JPEG of quality 95 of a Pillow picture, at most 2048 pixels a side; what is transparent lies on grey."""
    from PIL import Image

    assert isinstance(picture, Image.Image)
    if picture.mode in ("RGBA", "LA", "P", "PA"):
        clear = picture.convert("RGBA")
        picture = Image.new("RGB", clear.size, (128, 128, 128))
        picture.paste(clear, mask=clear.getchannel("A"))
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


class Shelf:
    """Keeps encoded pictures in a temporary file, so that memory does not grow with their number."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
        self._spans: list[tuple[int, int]] = []
        self._end = 0

    def put(self, content: bytes | None) -> int:
        """Keeps a picture and returns its place; -1 for none."""
        if content is None:
            return -1
        self._file.seek(self._end)
        self._file.write(content)
        self._spans.append((self._end, len(content)))
        self._end += len(content)
        return len(self._spans) - 1

    def get(self, place: int) -> bytes | None:
        """The picture at a place."""
        if place < 0:
            return None
        start, length = self._spans[place]
        self._file.seek(start)
        return self._file.read(length)


class Pictures(Sequence[bytes | None]):
    """The pictures of a take's rows: ``places`` (n,) int64 on a shelf, -1 for none."""

    def __init__(self, shelf: Shelf, places: NDArray[np.int64]) -> None:
        self._shelf, self._places = shelf, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, row: int) -> bytes | None: ...
    @overload
    def __getitem__(self, row: slice) -> Pictures: ...
    def __getitem__(self, row: int | slice) -> bytes | Pictures | None:
        if isinstance(row, slice):
            return Pictures(self._shelf, self._places[row])
        return self._shelf.get(int(self._places[row]))

    def __iter__(self) -> Iterator[bytes | None]:
        return (self._shelf.get(int(place)) for place in self._places)
