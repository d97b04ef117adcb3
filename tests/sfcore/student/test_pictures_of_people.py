"""Pictures as people have them: turned, in other colours and depths, damaged, too large, no pictures at all."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learnable_rows import picture_of
from PIL import Image

from sfcore.recordings.prior import draw_take
from sfcore.student.picture import LARGEST_SIDE, Unseen, seen

FACE = Image.open(io.BytesIO(picture_of(draw_take(1, 0, 9)[8], 120, 96))).convert("RGB")


def saved(picture: Image.Image, form: str = "PNG", **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **how)
    return out.getvalue()


def pixels(content: bytes) -> np.ndarray:
    got = seen(content)
    assert isinstance(got, Image.Image), got
    assert got.mode == "RGB"
    return np.asarray(got).astype(int)


def header_of_a_bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it has side by side pixels."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_lies_on_its_side_is_turned_up(orientation: int) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = FACE.transpose(turns[orientation]) if orientation in turns else FACE
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(pixels(saved(stored, exif=exif)), np.asarray(FACE))


def test_sixteen_bits_keep_their_highest_eight() -> None:
    grey = np.asarray(FACE.convert("L")).astype(np.uint16)
    got = pixels(saved(Image.fromarray(grey * 257)))
    assert np.abs(got[..., 0] - grey).max() <= 1
    assert got[..., 0].std() > 10


def test_other_colours_are_the_same_picture() -> None:
    assert np.abs(pixels(saved(FACE.convert("CMYK"), "JPEG", quality=100)) - np.asarray(FACE)).mean() < 4
    assert np.abs(pixels(saved(FACE.quantize(256))) - np.asarray(FACE)).mean() < 4
    assert np.abs(pixels(saved(FACE, "GIF")) - np.asarray(FACE)).mean() < 8
    np.testing.assert_array_equal(pixels(saved(FACE.convert("L")))[..., 0], np.asarray(FACE.convert("L")))
    assert pixels(saved(FACE.convert("1"))).shape == (96, 120, 3)


def test_what_is_transparent_lies_on_grey() -> None:
    clear = FACE.convert("RGBA")
    clear.putalpha(Image.new("L", FACE.size, 0))
    assert (pixels(saved(clear)) == 128).all()
    paletted = FACE.quantize(16)
    paletted.info["transparency"] = 0
    assert pixels(saved(paletted, transparency=0)).shape == (96, 120, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cannot be decoded"),
        (b"hello", "cannot be decoded"),
        (saved(FACE)[:100], "cannot be decoded"),
        (saved(FACE, "JPEG")[:400], "cannot be decoded"),
        (header_of_a_bomb(20_000), "too large: Image size (400000000 pixels)"),
        (header_of_a_bomb(2**31 - 1), "too large"),
        (saved(Image.new("RGB", (20_000, 40))), "a strip of 20000 by 40 pixels"),
        (saved(Image.new("RGB", (8, 8))), "too small"),
    ],
)
def test_what_is_no_picture_of_a_face_is_told_why(content: bytes, why: str) -> None:
    got = seen(content)
    assert isinstance(got, Unseen)
    assert why in got.why


def test_a_wide_picture_is_scaled_down_and_one_of_one_colour_is_doubted() -> None:
    got = seen(saved(Image.new("RGB", (20_000, 3_000), (90, 90, 90)), "JPEG"))
    assert isinstance(got, Image.Image)
    assert got.width == LARGEST_SIDE
    assert "no face in sight" in got.info["doubt"]
    clear = seen(saved(FACE))
    assert isinstance(clear, Image.Image)
    assert "doubt" not in clear.info


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"]),
    at=st.integers(0, 2000),
    cut=st.integers(0, 200),
    new=st.binary(max_size=40),
)
def test_no_damage_makes_it_raise(form: str, at: int, cut: int, new: bytes) -> None:
    whole = saved(FACE, form)
    got = seen(whole[:at] + new + whole[at + cut :])
    assert isinstance(got, Unseen | Image.Image)
