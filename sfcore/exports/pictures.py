"""Pictures of the tables as files: what kind each is, and a name that tells whose it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
)
_LONGEST = 80


def suffix_of(picture: bytes) -> str:
    """The ending of an encoded picture, by its first bytes; ``.bin`` for none that is known."""
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for magic, suffix in _KINDS if picture.startswith(magic)), ".bin")


def file_name(text: str) -> str:
    """A text as part of a file's name on any system: letters, digits, ``_``, ``.`` and ``-``, at most 80 of them."""
    cleaned = re.sub(r"[^\w.-]+", "-", text).strip(".-")[:_LONGEST]
    return cleaned or "take"


def picture_name(row: Mapping[str, Any]) -> str:
    """``take-frame`` and, for drawn pictures, the first digits of the sample's id; without an ending."""
    stem = f"{file_name(row['take'])}-{row['frame']:06d}"
    return f"{stem}-{row['sample_id'][:12]}" if row.get("sample_id") else stem
