"""A picture as a student sees it: whole, upright, RGB of 8 bits; or why it is none. Files of other people never raise here."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_PIXELS = 64_000_000
"""Pixels of a decoded picture: 8,000 by 8,000, beyond any phone's; more is a decompression bomb."""
LEAST_SIDE = 16
"""Pixels: a face of fewer shows nothing."""
MOST_ELONGATED = 8
"""A strip longer than this many of its heights is cut from something else; Qwen3-VL's processor refuses 200."""
LARGEST_SIDE = 2048
"""Larger pictures are scaled down: students see a few hundred pixels."""

_KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
_GREY = (128, 128, 128)
# Standard deviation of grey below which no face, light or dark, is to be seen: two steps of 255.
_FLAT = 2.0


@dataclass(frozen=True)
class Unseen:
    """A picture that cannot be answered, and why."""

    why: str


def seen(content: bytes) -> Image.Image | Unseen:
    """The picture in an encoded file, ready to be answered; ``info["doubt"]`` says what makes a face in it unlikely."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are judged here, not by a warning
            with Image.open(io.BytesIO(content), formats=_KINDS) as picture:
                why = _out_of_bounds(picture.width, picture.height)
                if why:
                    return Unseen(why)
                if picture.format == "JPEG":
                    picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
                picture.load()
                return as_seen(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        return Unseen("the picture cannot be decoded")
    except Image.DecompressionBombError as error:
        return Unseen(f"the picture is too large: {str(error).split(',')[0]}")
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever their format made them stumble over
        return Unseen(f"the picture cannot be decoded: {' '.join(str(error).split()) or type(error).__name__}")


def as_seen(picture: Image.Image) -> Image.Image | Unseen:
    """The same for a picture that is decoded already, such as a frame of a video."""
    why = _out_of_bounds(picture.width, picture.height)
    if why:
        return Unseen(why)
    plain = _rgb(picture)
    plain.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    plain.info = {}
    if np.asarray(plain.convert("L").resize((64, 64))).std() < _FLAT:
        plain.info["doubt"] = "no face in sight: the picture has one colour"
    return plain


def _out_of_bounds(width: int, height: int) -> str | None:
    if width * height > MOST_PIXELS:
        return f"the picture is too large: {width} by {height} pixels"
    if min(width, height) < LEAST_SIDE:
        return f"the picture is too small: {width} by {height} pixels"
    if max(width, height) > MOST_ELONGATED * min(width, height):
        return f"the picture is a strip of {width} by {height} pixels: cut it to the face"
    return None


def _rgb(picture: Image.Image) -> Image.Image:
    """RGB of 8 bits: what has more bits keeps its highest, what is transparent lies on grey."""
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, dtype=np.float64)
        # 16 bits in whole numbers; floating-point pictures run from 0 to 1 or, scaled, to 255.
        most = 65535.0 if picture.mode != "F" else (1.0 if np.nanmax(values) <= 1.0 else 255.0)
        return Image.fromarray(np.uint8(np.clip(np.nan_to_num(values) * (255.0 / most), 0, 255))).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        plain = Image.new("RGB", clear.size, _GREY)
        plain.paste(clear, mask=clear.getchannel("A"))
        return plain
    return picture.convert("RGB")
