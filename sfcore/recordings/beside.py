"""Pictures that a recording names and that lie in its folder."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sfcore.recordings.pictures import LARGEST_FILE, BadPicture, upright
from sfcore.recordings.reading import SourceFile

KEYS = ("image", "file_name", "filename", "image_path", "path", "images", "file", "picture", "img")
"""Keys under which objects keep a picture or its name."""


def picture_of(source: SourceFile, entry: dict[str, Any]) -> bytes | None:
    """The picture of an object, upright: bytes in it (also in base64), or a file in the folder of its source; None without one.

    Raises `BadPicture` when a picture is there and cannot be used. Files outside the folder are never opened.
    """
    for key in KEYS:
        if key in entry:
            content = _content(source, entry[key])
            if content is not None:
                return upright(content)
    return None


def picture_beside(source: SourceFile, entry: dict[str, Any]) -> bytes | None:
    """As `picture_of`, for recordings whose labels are worth keeping without their picture."""
    try:
        return picture_of(source, entry)
    except BadPicture:
        return None


def _content(source: SourceFile, value: Any) -> bytes | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        inner = value.get("bytes")
        return _content(source, inner) if inner is not None else _content(source, value.get("path"))
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str) or not value:
        return None
    file = source.beside(value) if len(value) < 1024 else None
    return file.content(LARGEST_FILE) if file is not None else _from_base64(value)


def _from_base64(text: str) -> bytes | None:
    """The bytes of a base64 text, or of a data address; None for what is neither."""
    body = text.partition("base64,")[2] or text
    if len(body) < 64:
        return None
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None
