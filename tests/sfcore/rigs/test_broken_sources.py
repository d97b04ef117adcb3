"""Broken rigs of other people: one sentence that names what is wrong, where, and what to do."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcore.arkit import NAMES, SHAPES
from sfcore.errors import WrongUse
from sfcore.rigs.archive import files_of
from sfcore.rigs.assemble import assemble
from sfcore.rigs.importing import import_rig
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.obj import read_obj, read_positions
from sfcore.rigs.registry import load_rig

SQUARE = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n"


@pytest.fixture
def head() -> MorphHead:
    draw = np.random.Generator(np.random.Philox(2))
    vertices = draw.normal(size=(60, 3)).astype(np.float32)
    triangles = np.arange(60, dtype=np.int32).reshape(20, 3)
    morphs = {name: draw.normal(size=(60, 3)).astype(np.float32) for name in ("EyeBlinkLeft", "EyeBlinkRight", "JawOpen")}
    return MorphHead("small", "obj:small", "none stated", vertices, triangles, None, morphs)


def _nan(head: MorphHead) -> MorphHead:
    vertices = head.vertices.copy()
    vertices[7, 1] = np.nan
    return replace(head, vertices=vertices)


SPOILT: dict[str, tuple[Callable[[MorphHead], MorphHead], str]] = {
    "nan": (_nan, "vertex 7 is not finite"),
    "no faces": (lambda h: replace(h, triangles=np.zeros((0, 3), np.int32)), "no faces"),
    "no such vertex": (lambda h: replace(h, triangles=h.triangles + 1), "name vertex 60 and it has 60"),
    "no area": (lambda h: replace(h, triangles=h.triangles[:, [0, 0, 0]]), "no area"),
    "no morphs": (lambda h: replace(h, morphs={}), "no shapes with ARKit's names"),
    "still morphs": (lambda h: replace(h, morphs={k: v * 0 for k, v in h.morphs.items()}), "none of its shapes moves"),
    "another count": (lambda h: replace(h, morphs={**h.morphs, "JawLeft": np.zeros((3, 3), np.float32)}), "JawLeft moves 3 vert"),
    "endless morph": (lambda h: replace(h, morphs={**h.morphs, "JawLeft": h.vertices * np.inf}), "JawLeft holds values"),
    "no blink": (lambda h: replace(h, morphs={"JawOpen": h.morphs["JawOpen"]}), "EyeBlinkLeft is missing"),
    "no eyes": (lambda h: h, "neither a left eyeball nor an opening"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_broken_head_is_refused_by_name(head: MorphHead, case: str) -> None:
    spoil, words = SPOILT[case]
    with pytest.raises(WrongUse, match=words) as caught:
        assemble(spoil(head))
    assert "'small'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["ict-facekit", "mpfb", "obj"])
def test_no_file_an_empty_folder_and_a_web_page_are_refused(tmp_path: Path, kind: str) -> None:
    page = tmp_path / "rig.zip"
    page.write_text("<html>not found</html>")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "missing", tmp_path / "empty", page):
        with pytest.raises(WrongUse) as caught:
            import_rig(kind, path)
        assert str(path) in str(caught.value)


def test_folder_zip_and_tar_hold_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    names = {"a.obj": SQUARE, "b.obj": SQUARE[:-1], "c.txt": b"left out"}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped, tarfile.open(tmp_path / "x.tar.xz", "w:xz") as tarred:
        for name, content in names.items():
            (tmp_path / "folder" / name).write_bytes(content)
            zipped.writestr(name, content)
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tarred.addfile(entry, io.BytesIO(content))
    read = [dict(files_of(tmp_path / place, (".obj",))) for place in ("folder", "x.zip", "x.tar.xz")]
    assert read[0] == read[1] == read[2] == {"a.obj": SQUARE, "b.obj": SQUARE[:-1]}


@settings(max_examples=30, deadline=None)
@given(where=st.integers(1, 10_000))
def test_an_archive_cut_short_is_told(tmp_path_factory: pytest.TempPathFactory, where: int) -> None:
    whole = io.BytesIO()
    noise = np.random.Generator(np.random.Philox(3)).integers(0, 256, 9000, np.uint8).tobytes()
    with tarfile.open(fileobj=whole, mode="w:xz") as archive:
        entry = tarfile.TarInfo("a.obj")
        entry.size = len(noise)
        archive.addfile(entry, io.BytesIO(noise))
    path = tmp_path_factory.mktemp("cut") / "x.tar.xz"
    path.write_bytes(whole.getvalue()[: min(where, len(whole.getvalue()) - 40)])
    try:
        read = dict(files_of(path, (".obj",)))
    except WrongUse as error:
        assert "archive" in str(error)  # noqa: PT017 - both ends are right, a wrong content is not
    else:
        assert read == {"a.obj": noise}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no vertices"),
        (b"<html></html>", "no vertices"),
        (b"v 0 0 zero\nf 1 1 1\n", "not three numbers"),
        (b"v 0 0\nv 1 1\n", "not three numbers"),
        (SQUARE + b"f 1 2 9\n", "beyond its 4"),
        (SQUARE + b"f 1 two 3\n", "names no vertices"),
    ],
)
def test_broken_obj_text_is_told(content: bytes, words: str) -> None:
    with pytest.raises(WrongUse, match=words):
        read_obj(content, "'x.obj'")


def test_obj_text_is_read_in_all_its_spellings() -> None:
    mesh = read_obj(
        b"# made by hand\r\nv 0 0 0\r\nv 1 0 0 1 1 1\r\nvt 0 0\r\ng body\r\nv 1 1 0\r\nv 0 1 -1e-1\r\nf 1/1 2/1 3/1 -1/1\r\n", "x"
    )
    assert mesh.vertices.shape == (4, 3)
    assert mesh.vertices[3, 2] == pytest.approx(-0.1)
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.groups[mesh.group[0]] == "body"


@settings(max_examples=50, deadline=None)
@given(
    points=st.lists(
        st.tuples(*(st.floats(-1e3, 1e3, width=32) for _ in range(3))),
        min_size=1,
        max_size=8,
    )
)
def test_positions_come_back_as_written(points: list[tuple[float, float, float]]) -> None:
    text = "\n".join(f"v {x!r} {y!r} {z!r}" for x, y, z in points).encode() + b"\n"
    assert np.array_equal(read_positions(text, "x"), np.array(points, np.float32))


def test_a_set_of_several_topologies_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "neutral.obj").write_bytes(SQUARE)
    (tmp_path / "jawOpen.obj").write_bytes(SQUARE.replace(b"f ", b"v 2 2 2\nf "))
    with pytest.raises(WrongUse, match=r"jawOpen.obj.* has 5 vertices and the neutral mesh 4"):
        import_rig("obj", tmp_path)


def test_a_target_of_another_mesh_is_told(tmp_path: Path) -> None:
    (tmp_path / "base.obj").write_bytes(b"g body\n" + SQUARE)
    (tmp_path / "jawOpen.target").write_bytes(b"17 .1 0 0\n")
    with pytest.raises(WrongUse, match="moves vertex 17 of a mesh that has 4"):
        import_rig("mpfb", tmp_path)


def test_an_ict_release_with_a_mesh_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "jawOpen.obj").write_bytes(SQUARE)
    with pytest.raises(WrongUse, match="the ICT face model has 26719"):
        import_rig("ict-facekit", tmp_path)


def test_a_head_whose_jaw_opens_no_mouth_is_told() -> None:
    rig = load_rig("procedural")
    moved = {name: rig.shapes.dense(i, len(rig.neutral)) for i, name in enumerate(NAMES[: len(SHAPES)])}
    swapped = {**moved, "JawOpen": moved["BrowInnerUp"]}
    face = MorphHead("still", "obj:still", "none stated", rig.neutral, rig.triangles, rig.parts, swapped)
    with pytest.raises(WrongUse, match="no lips were found that JawOpen parts"):
        assemble(face)
