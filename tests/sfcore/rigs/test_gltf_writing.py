"""A rig written as GLB is well-formed to others' readers and the same head to ours."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfcore.arkit import INDEX, NAMES, SHAPES
from sfcore.rigs.gltf.reader import read_gltf
from sfcore.rigs.gltf.writer import arkit_name, write_glb
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.parts import Part
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Deltas, Rig, Textures

_BALLS = (Part.EYE_LEFT, Part.EYE_RIGHT)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("procedural")


@pytest.fixture(scope="module")
def written(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written") / "procedural.glb"
    path.write_bytes(write_glb(rig))
    return path


@pytest.fixture(scope="module")
def again(written: Path) -> MorphHead:
    return read_gltf(written, "again")


def _document(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack_from("<I", content, 12)[0]
    return json.loads(content[20 : 20 + length]), content[20 + length + 8 :]


def test_a_rig_read_back_is_the_same_head(rig: Rig, again: MorphHead) -> None:
    assert again.centimetres == 100.0
    assert again.parts is not None
    assert np.bincount(again.parts, minlength=18).tolist() == np.bincount(rig.parts, minlength=18).tolist()
    assert sorted(again.morphs) == sorted(shape.name for shape in SHAPES)
    vertices = again.vertices * 100.0
    # Triangles keep their order within a part, so corners of a part pair up one to one.
    lids = np.unique(np.concatenate([rig.followers[:, 0], *(eye.keep_out for eye in rig.eyes)]))
    for part in np.unique(rig.parts):
        mine, theirs = rig.triangles[rig.parts == part], again.triangles[again.parts == part]
        np.testing.assert_allclose(vertices[theirs], rig.neutral[mine], atol=1e-4)
        if part in _BALLS:
            continue
        plain = ~np.isin(mine, lids)
        for shape in SHAPES:
            wanted = rig.shapes.dense(shape.index, len(rig.neutral))[mine]
            found = again.morphs[shape.name][theirs] * 100.0
            np.testing.assert_allclose(found[plain], wanted[plain], atol=1e-4, err_msg=f"{shape.name} {part}")


def test_lids_run_over_the_eyeball_at_every_value(rig: Rig, again: MorphHead) -> None:
    skin = np.unique(rig.triangles[rig.parts == Part.SKIN])
    place = {tuple(point): i for i, point in enumerate(np.rint(again.vertices * 1e5).astype(int).tolist())}
    for eye, side in zip(rig.eyes, ("Left", "Right"), strict=True):
        centre = rig.neutral[eye.centre]
        radius = np.linalg.norm(rig.neutral[eye.pole] - centre)
        lids = np.intersect1d(eye.keep_out, skin)
        rows = np.array([place[tuple(point)] for point in np.rint(rig.neutral[lids] * 1e3).astype(int).tolist()])
        for value in np.linspace(0.0, 1.0, 9):
            posed = 100.0 * (again.vertices[rows] + np.float32(value) * again.morphs[f"EyeBlink{side}"][rows]) - centre
            front = posed[:, 2] > 0
            assert (np.linalg.norm(posed[front], axis=1) > 0.995 * radius).all()
        before = np.linalg.norm(100.0 * again.vertices[rows] - centre, axis=1).max()
        after = np.linalg.norm(100.0 * (again.vertices[rows] + again.morphs[f"EyeBlink{side}"][rows]) - centre, axis=1).max()
        assert after < before + 0.3


@pytest.mark.parametrize(("look", "axis", "sign"), [("In", 0, -1), ("Out", 0, 1), ("Up", 1, 1), ("Down", 1, -1)])
def test_looks_turn_the_eyeballs_as_sface_draws_them(rig: Rig, again: MorphHead, look: str, axis: int, sign: int) -> None:
    for side, part in (("Left", Part.EYE_LEFT), ("Right", Part.EYE_RIGHT)):
        ball = np.unique(again.triangles[again.parts == part])
        points = again.vertices[ball] * 100.0
        pole = points[:, 2].argmax()
        moved = again.morphs[f"EyeLook{look}{side}"][ball] * 100.0
        towards = sign * (-1 if side == "Right" and axis == 0 else 1)
        assert moved[pole, axis] * towards > 0.4
        centre = rig.neutral[rig.eyes[0 if side == "Left" else 1].centre]
        np.testing.assert_allclose(
            np.linalg.norm(points + moved - centre, axis=1), np.linalg.norm(points - centre, axis=1), atol=1e-3
        )


def test_each_eye_is_a_node_at_the_centre_of_its_ball(rig: Rig, written: Path) -> None:
    document, _ = _document(written.read_bytes())
    nodes = {node["name"]: node for node in document["nodes"]}
    for name, eye in zip(("EyeLeft", "EyeRight"), rig.eyes, strict=True):
        np.testing.assert_allclose(nodes[name]["translation"], rig.neutral[eye.centre] / 100.0, atol=1e-6)
        assert document["meshes"][nodes[name]["mesh"]]["name"] == name


def test_the_head_has_all_52_targets_under_arkits_names(written: Path) -> None:
    document, _ = _document(written.read_bytes())
    head = next(mesh for mesh in document["meshes"] if mesh["name"] == "Head")
    assert head["extras"]["targetNames"] == [arkit_name(shape.name) for shape in SHAPES]
    assert head["extras"]["targetNames"][0] == "eyeBlinkLeft"
    assert all(len(primitive["targets"]) == len(head["weights"]) == 52 for primitive in head["primitives"])


def test_arrays_are_aligned_bounded_and_inside_their_buffer(written: Path) -> None:
    content = written.read_bytes()
    document, data = _document(content)
    assert len(content) % 4 == 0
    assert struct.unpack_from("<I", content, 8)[0] == len(content)
    assert document["buffers"] == [{"byteLength": len(data)}]
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= len(data)
        assert "byteStride" not in view
    sizes = {5123: 2, 5125: 4, 5126: 4}
    for accessor in document["accessors"]:
        if "sparse" in accessor:
            indices = accessor["sparse"]["indices"]
            assert indices["byteOffset"] % sizes[indices["componentType"]] == 0
            assert accessor["sparse"]["values"]["byteOffset"] % 4 == 0
            assert 1 <= accessor["sparse"]["count"] < accessor["count"]
    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            for at in (primitive["attributes"]["POSITION"], *(target["POSITION"] for target in primitive.get("targets", ()))):
                assert len(document["accessors"][at]["min"]) == len(document["accessors"][at]["max"]) == 3
    assert len(content) < 4_000_000


def test_the_same_rig_gives_the_same_bytes(rig: Rig, written: Path) -> None:
    assert write_glb(rig) == written.read_bytes()


def test_trimesh_sees_the_same_head(rig: Rig, written: Path) -> None:
    trimesh = pytest.importorskip("trimesh", reason="trimesh, an independent reader, is not installed")
    scene = trimesh.load(written)
    whole = scene.to_geometry() if hasattr(scene, "to_geometry") else scene.dump(concatenate=True)
    assert len(whole.faces) == len(rig.triangles)
    used = rig.neutral[np.unique(rig.triangles)] / 100.0
    np.testing.assert_allclose(whole.bounds, [used.min(axis=0), used.max(axis=0)], atol=1e-5)
    # Normals as written agree with the triangles they stand on.
    facing = np.einsum("mk,mk->m", whole.vertex_normals[whole.faces].mean(axis=1), whole.face_normals)
    assert (facing > 0).mean() > 0.99


def test_khronos_validator_finds_no_fault(written: Path) -> None:
    validator = shutil.which("gltf_validator")
    if validator is None:
        pytest.skip("gltf_validator (Khronos) is not on the PATH")
    report = json.loads(subprocess.run([validator, "-o", str(written)], capture_output=True, check=False, text=True).stdout)
    assert report["issues"]["numErrors"] == report["issues"]["numWarnings"] == 0


def test_a_masked_shape_is_there_and_moves_nothing(rig: Rig, tmp_path: Path) -> None:
    dense = np.stack([rig.shapes.dense(i, len(rig.neutral)) for i in range(len(SHAPES))])
    dense[INDEX["TongueOut"]] = 0
    (tmp_path / "rig.glb").write_bytes(write_glb(replace(rig, shapes=Deltas.from_dense(dense))))
    document, _ = _document((tmp_path / "rig.glb").read_bytes())
    assert "tongueOut" in document["meshes"][0]["extras"]["targetNames"]
    head = read_gltf(tmp_path / "rig.glb", "masked")
    assert "TongueOut" not in head.morphs
    assert any("TongueOut" in note for note in head.notes)


def test_any_person_can_be_written(rig: Rig, tmp_path: Path) -> None:
    identity = np.linspace(-1.0, 1.0, len(rig.mode_names)).astype(np.float32)
    (tmp_path / "person.glb").write_bytes(write_glb(rig, identity, hair=rig.hair_names.index("bob")))
    head = read_gltf(tmp_path / "person.glb", "person")
    vertices, _ = rig.person(identity, rig.hair_names.index("bob"))
    hair, wanted = head.triangles[head.parts == Part.HAIR], rig.triangles[rig.parts == Part.HAIR]
    np.testing.assert_allclose(head.vertices[hair] * 100.0, vertices[wanted], atol=1e-4)


def test_pictures_of_a_rig_come_back(rig: Rig, tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    face = np.full((8, 8, 4), 255, np.uint8)
    face[..., :3] = draw.integers(0, 255, (8, 8, 3))
    hair = draw.integers(0, 255, (4, 4, 4)).astype(np.uint8)
    of_triangle = np.full(len(rig.triangles), -1, np.int16)
    of_triangle[rig.parts == Part.SKIN] = 0
    of_triangle[rig.parts == Part.HAIR] = 1
    uv = draw.random((len(rig.neutral), 2)).astype(np.float32)
    (tmp_path / "rig.glb").write_bytes(write_glb(replace(rig, textures=Textures(uv, (face, hair), of_triangle))))
    read = read_gltf(tmp_path / "rig.glb", "painted")
    assert read.textures is not None
    for part, picture in ((Part.SKIN, face), (Part.HAIR, hair)):
        mine, theirs = rig.triangles[rig.parts == part], read.triangles[read.parts == part]
        number = np.unique(read.textures.of_triangle[read.parts == part])
        np.testing.assert_array_equal(read.textures.images[int(number[0])], picture)
        np.testing.assert_allclose(read.textures.uv[theirs], uv[mine], atol=1e-6)


def test_shapes_at_full_value_look_alike_in_both(rig: Rig, again: MorphHead) -> None:
    """What another program shows at one shape's full value is what sface poses, but for the lips' edges, which it keeps apart."""
    still = np.ones(len(rig.neutral), np.float32)
    mine, theirs = rig.triangles[rig.parts == Part.SKIN], again.triangles[again.parts == Part.SKIN]
    away = ~np.isin(mine, np.concatenate([rig.lips.ravel(), rig.followers.ravel()]))
    for shape in SHAPES:
        values = np.zeros(len(NAMES), np.float32)
        values[shape.index] = 1.0
        posed = rig.express(rig.neutral, still, values)[mine]
        found = 100.0 * (again.vertices[theirs] + again.morphs[shape.name][theirs])
        assert np.linalg.norm(found - posed, axis=2)[away].max() < 0.25, shape.name
