"""Pixels to bytes and back."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sfcore.errors import WrongUse

ImageFormat = Literal["webp", "jpeg", "png"]


def encode_image(pixels: NDArray[np.uint8], image_format: ImageFormat, quality: int) -> bytes:
    """Encodes (H, W, 3) uint8 sRGB; ``quality`` 1..100 is that of webp and jpeg. The same pixels give the same bytes."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise WrongUse(f"a picture is (height, width, 3) uint8, not {pixels.dtype} {pixels.shape}.")
    options: dict[str, dict[str, int | bool]] = {
        "webp": {"quality": quality, "method": 2},
        "jpeg": {"quality": quality, "subsampling": 0},
        "png": {"compress_level": 6},
    }
    if image_format not in options:
        raise WrongUse(f"no picture format '{image_format}': the formats are {', '.join(options)}.")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=image_format, **options[image_format])
    return buffer.getvalue()


def decode_image(data: bytes) -> NDArray[np.uint8]:
    """Decodes a picture in any format Pillow reads to (H, W, 3) uint8 sRGB; raises `WrongUse` for bytes that are none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise WrongUse(f"these {len(data)} bytes are no picture that can be read: {str(error)[:80]}.") from None
