"""One head in every way glTF can hold it reads as the same head; names, axes, parts and pictures as a user means them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from small_head import (
    BYTE,
    FLOAT,
    SHORT,
    UBYTE,
    UINT,
    USHORT,
    Draft,
    SmallHead,
    lower_camel,
    packed,
    plain,
    primitive,
    small_head,
)

from sfcore.arkit import BY_NAME, SHAPES
from sfcore.rigs.gltf.part_names import Named, named_part
from sfcore.rigs.gltf.reader import read_gltf
from sfcore.rigs.morph_head import MorphHead
from sfcore.rigs.parts import Part

GLB = Path(__file__).parents[4] / "shared" / "data" / "glb"
HEAD = small_head()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("heads")


def _read(folder: Path, draft: Draft | bytes, name: str = "head.glb") -> MorphHead:
    path = folder / name
    path.write_bytes(draft if isinstance(draft, bytes) else draft.glb())
    return read_gltf(path, "small")


def _same(read: MorphHead, head: SmallHead, within: float = 1e-6) -> None:
    """Whether triangles lie in the same places and the shapes move them alike, whatever the order of the vertices."""
    assert sorted(read.morphs) == sorted(head.morphs)
    corners, wanted = read.vertices[read.triangles], head.vertices[head.triangles]
    order = _by_place(corners.mean(axis=1), wanted.mean(axis=1))
    for name, moved in head.morphs.items():
        np.testing.assert_allclose(
            read.morphs[name][read.triangles].mean(axis=1)[order], moved[head.triangles].mean(axis=1), atol=within
        )
    normal, outward = (np.cross(c[:, 1] - c[:, 0], c[:, 2] - c[:, 0]) for c in (corners[order], wanted))
    np.testing.assert_allclose(normal, outward, atol=max(within * 0.2, 1e-7))


def _by_place(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    assert places.shape == wanted.shape
    apart = np.linalg.norm(places[None] - wanted[:, None], axis=2)
    assert apart.min(axis=1).max() < 1e-3
    return apart.argmin(axis=1)


@dataclass(frozen=True)
class Layout:
    """How the head lies in the file: kinds of numbers, gaps between them, and cuts between primitives."""

    positions: int
    morphs: int
    normalized: bool
    sparse: bool
    interleaved: bool
    gap: int
    indices: int
    cuts: tuple[int, ...]
    as_json: bool

    @property
    def reach(self) -> float:
        return float(np.abs(HEAD.vertices).max())

    @property
    def unit(self) -> float:
        """Metres of one unit of the mesh, which its node scales: quantised numbers are whole, or -1..1."""
        if self.positions == FLOAT:
            return 1.0
        return self.reach if self.normalized else self.reach / _LARGEST[self.positions]

    def step(self, kind: int) -> float:
        """Metres between neighbouring numbers of a kind."""
        if kind == FLOAT:
            return 0.0
        return self.unit / _LARGEST[kind] if self.normalized else self.unit

    def numbers(self, values: np.ndarray, kind: int) -> np.ndarray:
        """Metres as the numbers of a kind."""
        return values / self.unit if kind == FLOAT else np.rint(values / self.step(kind))

    def draft(self) -> Draft:
        draft = Draft()
        if self.interleaved and self.positions == FLOAT:
            table = np.concatenate([HEAD.vertices, HEAD.uv, np.ones((len(HEAD.uv), 1), np.float32)], axis=1).astype("<f4")
            view = draft.view(table.tobytes(), 24)
            attributes = {
                "POSITION": draft.describe(view, len(table), 3, FLOAT),
                "TEXCOORD_0": draft.describe(view, len(table), 2, FLOAT, offset=12),
            }
        else:
            numbers = self.numbers(HEAD.vertices, self.positions)
            attributes = {"POSITION": draft.accessor(numbers, self.positions, self.normalized, pad=self.gap)}
        targets = []
        for moved in HEAD.morphs.values():
            numbers = self.numbers(moved, self.morphs)
            if self.sparse:
                targets.append({"POSITION": draft.sparse(numbers, self.morphs, self.normalized, self.indices)})
            else:
                targets.append({"POSITION": draft.accessor(numbers, self.morphs, self.normalized)})
        primitives = [
            {"attributes": attributes, "indices": draft.accessor(part.ravel(), self.indices), "targets": targets}
            for part in np.split(HEAD.triangles, self.cuts)
        ]
        if self.positions != FLOAT:
            draft.document["extensionsRequired"] = ["KHR_mesh_quantization"]
        draft.node(mesh=draft.mesh(primitives, [lower_camel(name) for name in HEAD.morphs]), scale=[self.unit] * 3)
        return draft


_LARGEST = {SHORT: 32767, BYTE: 127}


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    positions = draw(st.sampled_from([FLOAT, SHORT]))
    cuts = st.lists(st.integers(1, len(HEAD.triangles) - 1), max_size=3, unique=True)
    return Layout(
        positions=positions,
        morphs=draw(st.sampled_from([FLOAT, SHORT] if positions == SHORT else [FLOAT])),
        normalized=positions == SHORT and draw(st.booleans()),
        sparse=draw(st.booleans()),
        interleaved=draw(st.booleans()),
        gap=draw(st.sampled_from([2, 6] if positions == SHORT else [0, 4])),
        indices=draw(st.sampled_from([USHORT, UINT])),
        cuts=tuple(sorted(draw(cuts))),
        as_json=draw(st.booleans()),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(layouts())
def test_one_head_reads_alike_from_every_layout(folder: Path, layout: Layout) -> None:
    draft = layout.draft()
    read = _read(folder, draft.gltf(), "head.gltf") if layout.as_json else _read(folder, draft)
    _same(read, HEAD, max(layout.step(layout.positions), layout.step(layout.morphs), 1e-6))
    assert read.centimetres == 100.0


def test_primitives_that_share_their_vertices_share_them_here(folder: Path) -> None:
    draft = Draft()
    whole = primitive(draft, HEAD)
    half = len(HEAD.triangles) // 2
    parts = [whole | {"indices": draft.accessor(t.ravel(), UINT)} for t in (HEAD.triangles[:half], HEAD.triangles[half:])]
    draft.node(mesh=draft.mesh(parts, [lower_camel(name) for name in HEAD.morphs]))
    assert len(_read(folder, draft).vertices) == len(HEAD.vertices)


def test_nulls_count_as_absent(folder: Path) -> None:
    draft = plain(HEAD)
    document = draft.close()
    document |= {"materials": None, "extensionsRequired": None, "extensions": None}
    document["nodes"][0] |= {"skin": None, "matrix": None, "name": None, "children": None}
    document["meshes"][0]["primitives"][0]["material"] = None
    _same(_read(folder, packed(document, bytes(draft.data))), HEAD)


def test_a_shape_may_be_on_some_primitives_only(folder: Path) -> None:
    draft = plain(HEAD)
    only = {
        "attributes": {"POSITION": draft.accessor(HEAD.vertices * 0.5)},
        "indices": draft.accessor(HEAD.triangles.ravel(), UINT),
    }
    draft.node(name="inside", mesh=draft.mesh([only], None, "inside"))
    read = _read(folder, draft)
    assert len(read.vertices) == 2 * len(HEAD.vertices)
    assert not read.morphs["JawOpen"][len(HEAD.vertices) :].any()
    assert read.morphs["JawOpen"].any()


@pytest.mark.parametrize("mode", [4, 5, 6])
def test_triangles_strips_and_fans(folder: Path, mode: int) -> None:
    draft = plain(HEAD)
    corners = np.array([[0, 0, 0.2], [0.01, 0, 0.2], [0, 0.01, 0.2], [0.01, 0.01, 0.2], [0.0, 0.02, 0.2]], np.float32)
    order = {4: [0, 1, 2, 2, 1, 3], 5: [0, 1, 2, 3], 6: [0, 1, 3, 2]}[mode]
    extra = {
        "attributes": {"POSITION": draft.accessor(corners)},
        "indices": draft.accessor(np.array(order), USHORT),
        "mode": mode,
    }
    draft.node(mesh=draft.mesh([extra], None))
    read = _read(folder, draft)
    added = read.vertices[read.triangles[len(HEAD.triangles) :]]
    assert len(added) == 2
    assert (np.cross(added[:, 1] - added[:, 0], added[:, 2] - added[:, 0])[:, 2] > 0).all()


def test_nodes_place_the_head_and_a_mirroring_one_keeps_its_outside_outside(folder: Path) -> None:
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, (0.5, 1.5, 0)
    draft = plain(replace(HEAD, vertices=HEAD.vertices @ turn, morphs={n: m @ turn for n, m in HEAD.morphs.items()}))
    draft.node(children=[0], matrix=[float(v) for v in matrix.T.ravel()])
    read = _read(folder, draft)
    _same(replace(read, vertices=read.vertices - np.array([0.5, 1.5, 0], np.float32)), HEAD)
    mirrored = plain(
        replace(HEAD, vertices=HEAD.vertices * [-1, 1, 1], morphs={n: m * [-1, 1, 1] for n, m in HEAD.morphs.items()})
    )
    mirrored.document["nodes"][0]["scale"] = [-1, 1, 1]
    # The file's triangles are seen from outside once the node has mirrored them, as glTF has it.
    _same(_read(folder, mirrored), HEAD)


def test_a_skin_shows_the_pose_the_file_has_at_rest(folder: Path) -> None:
    draft = Draft()
    away = np.array([0.0, 1.6, 0.0])
    body = primitive(draft, replace(HEAD, vertices=HEAD.vertices * 100.0, morphs={n: m * 100.0 for n, m in HEAD.morphs.items()}))
    count = len(HEAD.vertices)
    body["attributes"] |= {
        "JOINTS_0": draft.accessor(np.tile([1, 0, 0, 0], (count, 1)), UBYTE),
        "WEIGHTS_0": draft.accessor(np.tile([0.5, 0.5, 0, 0], (count, 1)), FLOAT),
    }
    bind = np.diag([0.01, 0.01, 0.01, 1.0])
    draft.document["skins"] = [{"joints": [1, 2], "inverseBindMatrices": draft.accessor(np.stack([bind.T.ravel()] * 2))}]
    draft.node(mesh=draft.mesh([body], [lower_camel(name) for name in HEAD.morphs]), skin=0, translation=[9.0, 9.0, 9.0])
    draft.node(name="neck", translation=[0.0, 2 * float(away[1]), 0.0])
    draft.node(name="head")
    read = _read(folder, draft)
    _same(replace(read, vertices=(read.vertices - away).astype(np.float32)), HEAD)


@pytest.mark.parametrize(
    "spell",
    [
        lower_camel,
        str,
        lambda name: f"blendShape1.{lower_camel(name)}",
        lambda name: f"ARKit_{lower_camel(name)}",
        lambda name: lower_camel(name).replace("Left", "_L").replace("Right", "_R") if name[:3] not in ("Jaw", "Mou") else name,
        lambda name: "_".join(re.findall("[A-Z][a-z]+", name)),
        str.upper,
    ],
)
def test_every_spelling_of_the_shapes(folder: Path, spell: Any) -> None:
    _same(_read(folder, plain(HEAD, [spell(name) for name in HEAD.morphs])), HEAD)


def test_halves_of_a_shape_are_added_up(folder: Path) -> None:
    left = HEAD.vertices[:, :1] > 0
    halves = {"browInnerUp_L": HEAD.morphs["BrowInnerUp"] * left, "browInnerUp_R": HEAD.morphs["BrowInnerUp"] * ~left}
    morphs = {lower_camel(n): m for n, m in HEAD.morphs.items() if n != "BrowInnerUp"} | halves
    read = _read(folder, plain(replace(HEAD, morphs=morphs), list(morphs)))
    np.testing.assert_allclose(read.morphs["BrowInnerUp"], HEAD.morphs["BrowInnerUp"], atol=1e-7)
    assert any("BrowInnerUp is the sum" in note for note in read.notes)


@pytest.mark.parametrize("version", [0, 1])
def test_expressions_of_a_vrm_name_shapes_and_it_is_turned_to_face_us(folder: Path, version: int) -> None:
    behind = np.array([-1, 1, -1], np.float32)
    turned = replace(HEAD, vertices=HEAD.vertices * behind, morphs={n: m * behind for n, m in HEAD.morphs.items()})
    draft = plain(turned, [f"Face.M_{i}" for i in range(len(HEAD.morphs))])
    if version == 0:
        groups = [
            {"name": name, "presetName": "unknown", "binds": [{"mesh": 0, "index": i, "weight": 100}]}
            for i, name in enumerate(HEAD.morphs)
        ]
        draft.document["extensions"] = {
            "VRM": {"blendShapeMaster": {"blendShapeGroups": [{"name": 5}, *groups]}, "meta": {"licenseName": "CC0"}}
        }
    else:
        custom = {
            lower_camel(n): {"morphTargetBinds": [{"node": 0, "index": i, "weight": 1.0}]} for i, n in enumerate(HEAD.morphs)
        }
        draft.document["extensions"] = {"VRMC_vrm": {"expressions": {"custom": custom}, "meta": {"licenseUrl": "CC0"}}}
    read = _read(folder, draft, "head.vrm")
    _same(read, HEAD)
    assert any("turned" in note for note in read.notes)
    assert read.licence == "CC0"


def test_names_seen_by_the_viewer_are_exchanged_and_it_is_said(folder: Path) -> None:
    names = [lower_camel(BY_NAME[name].partner) for name in HEAD.morphs]
    read = _read(folder, plain(HEAD, names))
    _same(read, HEAD)
    assert any("exchanged" in note for note in read.notes)


def test_triangles_that_face_inwards_are_turned(folder: Path) -> None:
    read = _read(folder, plain(replace(HEAD, triangles=HEAD.triangles[:, ::-1])))
    _same(read, HEAD)
    assert any("face inwards" in note for note in read.notes)


def test_a_single_pair_on_the_wrong_side_is_named(folder: Path) -> None:
    swapped = {"BrowDownLeft": "BrowDownRight", "BrowDownRight": "BrowDownLeft"}
    read = _read(folder, plain(HEAD, [swapped.get(name, name) for name in HEAD.morphs]))
    assert any("BrowDownLeft and BrowDownRight" in note and "wrong sides" in note for note in read.notes)


def test_default_weights_of_other_targets_are_part_of_the_rest(folder: Path) -> None:
    wider = np.zeros_like(HEAD.vertices)
    wider[:, 0] = 0.1 * HEAD.vertices[:, 0]
    morphs = HEAD.morphs | {"broad": wider}
    draft = plain(replace(HEAD, morphs=morphs), [lower_camel(n) for n in HEAD.morphs] + ["broad"])
    draft.document["meshes"][0]["weights"] = [1.0] * len(HEAD.morphs) + [0.5]
    read = _read(folder, draft)
    np.testing.assert_allclose(read.vertices[:, 0], 1.05 * HEAD.vertices[:, 0], atol=1e-6)
    assert read.vertices[:, 1:].tolist() == HEAD.vertices[:, 1:].tolist()


def test_a_body_is_cut_below_the_shoulders_and_hidden_nodes_are_not_shown(folder: Path) -> None:
    draft = plain(HEAD)
    for name, shift, more in (("torso", [0, -0.3, 0], {}), ("legs", [0, -1.2, 0], {}), ("ghost", [0, 0, 0], _hidden())):
        body = {
            "attributes": {"POSITION": draft.accessor(HEAD.vertices + shift)},
            "indices": draft.accessor(HEAD.triangles.ravel(), UINT),
        }
        draft.node(name=name, mesh=draft.mesh([body], None, name), **more)
    read = _read(folder, draft)
    assert read.vertices[:, 1].min() > -0.45
    assert len(HEAD.vertices) < len(read.vertices) < 2 * len(HEAD.vertices) + 1
    assert any("far from the head" in note for note in read.notes)


def _hidden() -> dict[str, Any]:
    return {"extensions": {"KHR_node_visibility": {"visible": False}}}


def test_heads_of_unknown_unit_leave_the_scale_open(folder: Path) -> None:
    large = replace(HEAD, vertices=HEAD.vertices * 100, morphs={n: m * 100 for n, m in HEAD.morphs.items()})
    read = _read(folder, plain(large))
    assert read.centimetres is None
    assert any("scaled" in note for note in read.notes)


# Parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("material", "mesh", "node", "said"),
    [
        ("Wolf3D_Eye", "EyeLeft", "EyeLeft", Named.EYE),
        ("Wolf3D_Teeth", "Wolf3D_Teeth", "", Named.TEETH),
        ("Wolf3D_Glasses", "", "", Named.LEFT_OUT),
        ("Wolf3D_Outfit_Top", "", "", Named.CLOTH),
        ("Wolf3D_Skin", "Wolf3D_Head", "", Named.SKIN),
        ("N00_000_00_FaceBrow_00_FACE (Instance)", "Face", "Face", Named.BROW),
        ("N00_000_00_EyeIris_00_EYE", "Face", "Face", Named.IRIS),
        ("N00_000_00_EyeWhite_00_EYE", "Face", "Face", Named.EYE),
        ("N00_000_00_FaceEyelash_00_FACE", "Face", "", Named.LASHES),
        ("N00_000_00_Body_00_SKIN", "Body", "Body", Named.SKIN),
        ("N00_001_02_Bottoms_01_CLOTH", "Body", "", Named.CLOTH),
        ("Std_Upper_Teeth", "CC_Base_Teeth", "", Named.TEETH_UPPER),
        ("Std_Tearline_L", "CC_Base_TearLine", "", Named.LEFT_OUT),
        ("Std_Eyelash", "CC_Base_Body", "", Named.LASHES),
        ("lambert2", "网格", "head_final", Named.SKIN),
        ("brown", "Hair_brown", "", Named.HAIR),
        ("Material.001", "Cube", "Cube", Named.NOTHING),
        ("eyeshadow", "Face", "", Named.SKIN),
        ("AvatarEyelashes", "mesh", "", Named.LASHES),
        ("", "AvatarLeftEyeball", "", Named.EYE),
        ("", "avaturn_look_0", "", Named.CLOTH),
        ("Wolf3D_Facewear", "", "", Named.LEFT_OUT),
        ("Wolf3D_Headwear", "", "", Named.HAIR),
        ("", "heart", "pearl", Named.NOTHING),
    ],
)
def test_names_of_parts(material: str, mesh: str, node: str, said: Named) -> None:
    assert named_part(material, mesh, node) is said


def test_parts_by_name_side_and_jaw(folder: Path) -> None:
    draft = plain(HEAD)
    draft.document["materials"] = [{"name": "Skin"}, {"name": "Eyes"}, {"name": "Teeth"}]
    draft.document["meshes"][0]["primitives"][0]["material"] = 0
    ball = small_head(12, 16)
    unit = (ball.vertices + np.array([0, 0.02, 0])) / [0.075, 0.11, 0.09]
    balls = [unit * 0.012 + [x, 0, 0.08] for x in (0.031, -0.031)]
    both = np.concatenate(balls).astype(np.float32)
    triangles = np.concatenate([ball.triangles, ball.triangles + len(ball.vertices)])
    eyes = {"attributes": {"POSITION": draft.accessor(both)}, "indices": draft.accessor(triangles.ravel(), UINT), "material": 1}
    draft.node(mesh=draft.mesh([eyes], None, "x"))
    rows = np.array([[-0.01, y, 0.08] for y in (-0.06, -0.07)] + [[0.01, y, 0.08] for y in (-0.06, -0.07)], np.float32)
    shift = np.array([0, 0.005, 0], np.float32)
    bite = np.concatenate([rows + shift, rows - shift])
    opened = np.where(np.arange(8)[:, None] >= 4, np.array([0, -0.01, 0], np.float32), 0)
    teeth = {
        "attributes": {"POSITION": draft.accessor(bite)},
        "indices": draft.accessor(np.array([0, 1, 2, 2, 1, 3, 4, 5, 6, 6, 5, 7]), UINT),
        "targets": [{"POSITION": draft.accessor(opened)}],
        "material": 2,
    }
    draft.node(mesh=draft.mesh([teeth], ["jawOpen"], "y"))
    read = _read(folder, draft)
    assert read.parts is not None
    places = read.vertices[read.triangles].mean(axis=1)
    assert set(np.unique(read.parts)) == {Part.SKIN, Part.EYE_LEFT, Part.EYE_RIGHT, Part.TEETH_UPPER, Part.TEETH_LOWER}
    assert (places[read.parts == Part.EYE_LEFT, 0] > 0).all()
    assert (places[read.parts == Part.EYE_RIGHT, 0] < 0).all()
    assert (read.parts[-4:] == [Part.TEETH_UPPER] * 2 + [Part.TEETH_LOWER] * 2).all()
    assert read.eye_balls is not None
    assert (read.vertices[read.eye_balls[0], 0] > 0).all()
    assert (read.vertices[read.eye_balls[1], 0] < 0).all()


# Pictures ----------------------------------------------------------------------------------------------------


def _png(picture: np.ndarray) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(picture).save(kept, "PNG")
    return kept.getvalue()


def _textured(picture: np.ndarray, material: dict[str, Any], info: dict[str, Any] | None = None, **sampler: int) -> Draft:
    draft = plain(HEAD)
    draft.document |= {
        "images": [{"bufferView": draft.view(_png(picture)), "mimeType": "image/png"}],
        "samplers": [sampler],
        "textures": [{"source": 0, "sampler": 0}],
        "materials": [
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0} | (info or {})} | material.pop("pbr", {}), **material}
        ],
    }
    draft.document["meshes"][0]["primitives"][0]["material"] = 0
    return draft


GREY = np.full((4, 4, 4), 188, np.uint8)


@pytest.mark.parametrize(
    ("material", "texel"),
    [
        ({}, [188, 188, 188, 255]),
        # 188 is half of the light; half of it again is 137.
        ({"pbr": {"baseColorFactor": [1.0, 0.5, 1.0, 0.5]}, "alphaMode": "BLEND"}, [188, 137, 188, 94]),
        ({"alphaMode": "MASK"}, [188, 188, 188, 255]),
        ({"alphaMode": "MASK", "alphaCutoff": 0.9}, [188, 188, 188, 0]),
        ({"alphaMode": "OPAQUE", "pbr": {"baseColorFactor": [1.0, 1.0, 1.0, 0.1]}}, [188, 188, 188, 255]),
    ],
)
def test_pictures_are_texture_times_factor_with_the_alpha_meant(folder: Path, material: dict[str, Any], texel: list[int]) -> None:
    textures = _read(folder, _textured(GREY, dict(material))).textures
    assert textures is not None
    assert textures.images[0][1, 2].tolist() == texel
    assert (textures.of_triangle == 0).all()
    np.testing.assert_allclose(textures.uv, HEAD.uv)


def test_texture_transform_and_clamp_are_in_the_coordinates(folder: Path) -> None:
    move = {"extensions": {"KHR_texture_transform": {"offset": [0.5, 0.0], "rotation": np.pi / 2, "scale": [2.0, 1.0]}}}
    uv = _read(folder, _textured(GREY, {}, move)).textures.uv
    # Counter-clockwise by a quarter, v running down: (u, v) -> (v, -u).
    np.testing.assert_allclose(uv, np.stack([0.5 + HEAD.uv[:, 1], -2 * HEAD.uv[:, 0]], -1), atol=1e-6)
    clamped = _read(folder, _textured(GREY, {}, move, wrapS=33071, wrapT=33071)).textures.uv
    np.testing.assert_allclose(clamped, uv.clip(0, 1), atol=1e-6)


def test_large_pictures_are_scaled_down_and_it_is_said(folder: Path) -> None:
    read = _read(folder, _textured(np.zeros((30, 4100, 3), np.uint8), {}))
    assert read.textures.images[0].shape == (15, 2048, 4)
    assert any("4100 x 30" in note for note in read.notes)


@pytest.mark.parametrize(
    ("name", "factor", "pictures"),
    [
        ("Hair", [0.2, 0.1, 0.05, 1.0], 1),
        ("Hair", [1, 1, 1, 1], 0),
        ("Skin", [0.8, 0.5, 0.4, 1.0], 0),
        ("Shirt", [0, 0, 1, 1], 1),
    ],
)
def test_plain_colours_count_where_they_say_something(folder: Path, name: str, factor: list[float], pictures: int) -> None:
    draft = plain(HEAD)
    draft.document["materials"] = [{"name": name, "pbrMetallicRoughness": {"baseColorFactor": factor}}]
    draft.document["meshes"][0]["primitives"][0]["material"] = 0
    textures = _read(folder, draft).textures
    assert (0 if textures is None else len(textures.images)) == pictures
    if textures is not None:
        assert textures.images[0].shape == (1, 1, 4)


def test_buffers_and_pictures_beside_the_file(folder: Path) -> None:
    draft = _textured(GREY, {})
    draft.document["images"] = [{"uri": "skin%20tone.png"}]
    (folder / "skin tone.png").write_bytes(_png(GREY))
    (folder / "head.bin").write_bytes(bytes(draft.data))
    document = draft.close()
    document["buffers"][0]["uri"] = "head.bin"
    read = _read(folder, json.dumps(document).encode(), "beside.gltf")
    _same(read, HEAD)
    assert read.textures.images[0].shape == (4, 4, 4)


# Heads of other people ------------------------------------------------------------------------------------------


@pytest.mark.skipif(
    not (GLB / "brunette-t.glb").exists(), reason="needs ../shared/data/glb/brunette-t.glb (CC BY-NC, not shipped)"
)
def test_a_textured_full_body_avatar() -> None:
    read = read_gltf(GLB / "brunette-t.glb", "brunette")
    assert len(read.morphs) == 52
    assert read.parts is not None
    assert {Part.SKIN, Part.HAIR, Part.SHIRT, Part.EYE_LEFT, Part.EYE_RIGHT, Part.TEETH_UPPER, Part.TEETH_LOWER} == set(
        np.unique(read.parts)
    )
    assert read.textures is not None
    assert (read.textures.of_triangle >= 0).all()
    assert read.centimetres == 100.0
    assert read.vertices[:, 1].min() > 1.1
    assert any("Glasses" in note for note in read.notes)
    assert "Ready Player Me" in read.licence
    ball = read.vertices[read.eye_balls[0]]
    assert np.linalg.norm(ball.mean(axis=0) - [0.033, 1.632, 0.113]) < 0.003
    _acts_on_its_side(read)


@pytest.mark.skipif(not (GLB / "lam_skin.glb").exists(), reason="needs ../shared/data/glb/lam_skin.glb")
def test_an_untextured_skinned_head_with_sparse_targets() -> None:
    read = read_gltf(GLB / "lam_skin.glb", "lam")
    assert sorted(read.morphs) == sorted(shape.name for shape in SHAPES if shape.name != "TongueOut")
    assert read.parts is None
    assert read.textures is None
    assert any("TongueOut" in note for note in read.notes)
    # The skin's rest pose is the head standing upright in metres, as its positions are stored.
    assert read.vertices[:, 1].max() - read.vertices[:, 1].min() == pytest.approx(0.308, abs=0.003)
    _acts_on_its_side(read)


def _acts_on_its_side(read: MorphHead) -> None:
    for name, moved in read.morphs.items():
        side = BY_NAME[name].side
        if side != "both":
            weight = np.linalg.norm(moved, axis=1)
            assert (weight @ read.vertices[:, 0] > 0) == (side == "left"), name
