"""A rig as one file: a compressed archive of arrays, without pickled objects; what displaces is kept in half precision."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.rigs.rig import Deltas, Eye, Rig, Textures

FORMAT = 1
LARGEST_ARRAY = 1 << 29
"""Bytes of one unpacked array beyond which a file is no rig: the largest real one has 32 MB."""
_WORDS = ("name", "version", "pivot", "hair_names", "mode_names", "hair_start", "gaze_gain", "domain", "licence", "notes")
_HALVES = ("modes", "stretch", "offsets")
"""Arrays that are written as float16 where that loses nothing, which it does for rigs that were imported."""


def rig_to_bytes(rig: Rig) -> bytes:
    """The rig as a file's content; `rig_from_bytes` reads the same rig, of the same digest, from it."""
    arrays: dict[str, NDArray[Any]] = {}
    for part in fields(rig):
        if part.name not in _WORDS and part.name != "digest":
            _collect(arrays, part.name, getattr(rig, part.name))
    words = {name: getattr(rig, name) for name in _WORDS}
    header = json.dumps({"format": FORMAT, "digest": rig.digest, **words}, sort_keys=True)
    arrays["header"] = np.frombuffer(header.encode(), np.uint8)
    target = io.BytesIO()
    # Written entry by entry: numpy's own writer stamps the time of day into the archive.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return target.getvalue()


def _collect(arrays: dict[str, NDArray[Any]], name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, Deltas | Eye | Textures):
        for part in fields(value):
            inner = getattr(value, part.name)
            _collect(arrays, f"{name}.{part.name}", np.array(inner) if isinstance(inner, int) else inner)
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            _collect(arrays, f"{name}.{i}", item)
    else:
        half = name.rsplit(".", 1)[-1] in _HALVES and value.dtype == np.float32
        small = value.astype(np.float16) if half else value
        arrays[name] = small if half and np.array_equal(small.astype(np.float32), value) else value


def rig_from_bytes(content: bytes, where: str) -> Rig:
    """Reads what `rig_to_bytes` wrote; ``where`` names it in the `WrongUse` that anything else ends in."""
    try:
        arrays = _unpacked(content)
        header = json.loads(arrays.pop("header").tobytes())
        if header.pop("format") != FORMAT:
            raise ValueError("it was written by another version")
        expected = header.pop("digest")
        rig = Rig(**_words(header), **_values(arrays))
        if rig.digest != expected:
            raise ValueError("its content has changed since it was written")
        return rig
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError,
            NotImplementedError, RuntimeError, MemoryError, WrongUse) as error:  # fmt: skip
        reason = (str(error).rstrip(".") or type(error).__name__)[:120]
        raise WrongUse(f"{where} holds no rig that can be read ({reason}): import the rig again.") from None


def _unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.file_size > LARGEST_ARRAY:
                raise ValueError(f"{entry.filename} is too large")
            array = np.lib.format.read_array(io.BytesIO(archive.read(entry)), allow_pickle=False)
            arrays[entry.filename.removesuffix(".npy")] = array.astype(np.float32) if array.dtype == np.float16 else array
    return arrays


def _words(header: dict[str, Any]) -> dict[str, Any]:
    if set(header) != set(_WORDS):
        raise ValueError("it has other fields")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in header.items()}


def _values(arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The rig's fields from arrays named by their path."""
    values: dict[str, Any] = {name: array for name, array in arrays.items() if "." not in name}
    for name in ("shapes", "correctives"):
        values[name] = Deltas(**{part: arrays[f"{name}.{part}"] for part in ("starts", "vertices", "offsets")})
    values["eyes"] = tuple(_eye(arrays, i) for i in (0, 1))
    if "textures.uv" in arrays:
        count = sum(name.startswith("textures.images.") for name in arrays)
        images = tuple(arrays[f"textures.images.{i}"] for i in range(count))
        values["textures"] = Textures(arrays["textures.uv"], images, arrays["textures.of_triangle"])
    return values


def _eye(arrays: dict[str, NDArray[Any]], which: int) -> Eye:
    parts: dict[str, Any] = {part.name: arrays[f"eyes.{which}.{part.name}"] for part in fields(Eye)}
    return Eye(**{**parts, "centre": int(parts["centre"].item()), "pole": int(parts["pole"].item())})
