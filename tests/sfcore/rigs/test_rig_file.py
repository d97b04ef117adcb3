"""A rig read from its file is the rig that was written; any other content is one sentence."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.errors import WrongUse
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Textures
from sfcore.rigs.rig_file import rig_from_bytes, rig_to_bytes


@pytest.fixture(scope="module")
def content() -> bytes:
    return rig_to_bytes(load_rig("procedural"))


def test_the_same_rig_comes_back(content: bytes) -> None:
    rig = load_rig("procedural")
    read = rig_from_bytes(content, "it")
    assert read.digest == rig.digest
    assert read.eyes[0].centre == rig.eyes[0].centre
    assert np.array_equal(read.hair, rig.hair)


def test_the_same_rig_makes_the_same_bytes(content: bytes) -> None:
    assert rig_to_bytes(load_rig("procedural")) == content


def test_textures_and_notes_come_back() -> None:
    rig = load_rig("procedural")
    picture = np.arange(4 * 5 * 4, dtype=np.uint8).reshape(4, 5, 4)
    uv = np.linspace(0, 1, 2 * len(rig.neutral), dtype=np.float32).reshape(-1, 2)
    of_triangle = np.where(np.arange(len(rig.triangles)) % 3 == 0, 1, -1).astype(np.int16)
    textured = replace(rig, textures=Textures(uv, (picture, picture[:2]), of_triangle), notes=("one.", "two: ü."), digest="")
    read = rig_from_bytes(rig_to_bytes(textured), "it")
    assert read.digest == textured.digest
    assert read.notes == textured.notes
    assert read.textures is not None
    assert [image.shape for image in read.textures.images] == [(4, 5, 4), (2, 5, 4)]


def test_changed_content_is_noticed(content: bytes) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, data[:-4] + b"\x00\x00\x80\x3f" if entry.filename == "neutral.npy" else data)
    with pytest.raises(WrongUse, match="has changed since it was written"):
        rig_from_bytes(changed.getvalue(), "it")


@pytest.mark.parametrize("hostile", [b"", b"PK", b"<html>", bytes(2000)])
def test_other_content_is_one_sentence(hostile: bytes) -> None:
    with pytest.raises(WrongUse, match=r"^here holds no rig that can be read .*import the rig again\.$"):
        rig_from_bytes(hostile, "here")


def test_pickled_objects_are_never_loaded(content: bytes) -> None:
    evil = io.BytesIO()
    np.save(evil, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(WrongUse):
        rig_from_bytes(_with_entry(content, "neutral.npy", evil.getvalue()), "here")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_cut_or_spoilt_bytes_never_end_otherwise(content: bytes, data: st.DataObject) -> None:
    where = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        spoilt = content[:where]
    else:
        spoilt = content[:where] + bytes([content[where] ^ data.draw(st.integers(1, 255))]) + content[where + 1 :]
    with suppress(WrongUse):
        assert rig_from_bytes(spoilt, "here").digest == load_rig("procedural").digest


def _with_entry(content: bytes, name: str, data: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, data if entry.filename == name else old.read(entry))
    return changed.getvalue()
