"""Whatever is handed over as a GLB ends in a head or in one sentence that names the file and the fault."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_head import UINT, Draft, SmallHead, lower_camel, packed, plain, small_head

from sfcore.errors import WrongUse
from sfcore.rigs.gltf.reader import read_gltf

HEAD = small_head(8, 10)


def _refused(folder: Path, content: bytes, name: str = "head.glb") -> str:
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(WrongUse) as refusal:
        read_gltf(path, "hostile")
    sentence = str(refusal.value)
    assert sentence.startswith(f"{path}: ")
    assert "\n" not in sentence
    assert len(sentence) < 700
    return sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (b"<!DOCTYPE html>\n<html><body>Not found</body></html>", "web page"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><Error/>", "web page or XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "git lfs pull"),
        (b"PK\x03\x04\x14\x00", "zip"),
        (b"Kaydara FBX Binary  \x00", "FBX"),
        (b"\x00\x01\x02", "neither GLB nor glTF"),
        (b"glTF", "cut short"),
        (b"glTF" + struct.pack("<II", 1, 20) + b"\0" * 8, "version 1"),
        (b"{", "JSON cannot be read"),
        (b"{}", "no 'asset'"),
        (b'{"asset": {"version": "1.0"}}', "glTF 1.0"),
        (b'{"asset": {"version": "2.0"}}', "no morph targets"),
        (b'{"asset": {"version": "2.0"}, "nodes": 5}', "'nodes'"),
        (packed(b"[" * 100_000, b""), "JSON cannot be read"),
        (b'{"asset":' * 50_000, "JSON cannot be read"),
        (packed(b"\xff\xfe{}", b""), "JSON cannot be read"),
        (packed(b'{"asset": {"version": "2.0"}, "x": NaN}', b""), "JSON cannot be read"),
    ],
)
def test_what_is_no_model_at_all(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in _refused(tmp_path, content)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.glb", "check the path"), (tmp_path, "is a folder")):
        with pytest.raises(WrongUse, match=said):
            read_gltf(path, "x")


def test_json_alone_without_its_buffer(tmp_path: Path) -> None:
    document = plain(HEAD).close()
    assert "JSON only" in _refused(tmp_path, json.dumps(document).encode())
    assert "JSON only" in _refused(tmp_path, packed(document, None))
    document["buffers"][0]["uri"] = "gone.bin"
    assert "'gone.bin'" in _refused(tmp_path, json.dumps(document).encode(), "head.gltf")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://example.org/head.bin", "on the net"),
        ("../../../../../../etc/hostname", "out of the file's own folder"),
        ("%2e%2e/secret.bin", "out of the file's own folder"),
        ("/etc/hostname", "out of the file's own folder"),
        ("data:application/octet-stream;base64", "without data"),
        ("data:application/octet-stream;base64,@@@", "does not decode"),
        ("a\0b", "no file can have"),
        ("", "is a folder"),
    ],
)
def test_addresses_that_lead_astray(tmp_path: Path, uri: str, said: str) -> None:
    document = plain(HEAD).close()
    document["buffers"][0]["uri"] = uri
    assert said in _refused(tmp_path, json.dumps(document).encode(), "head.gltf")


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Sets the last of ``path`` at the place the others lead to."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-2]:
            place = place[step]
        place[path[-2]] = path[-1]

    return change


_PRIMITIVE = ("meshes", 0, "primitives", 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("accessors", 0, "count", 2**31 - 1), "claims 2147483647 elements"),
        (_set("accessors", 0, "count", 2**31), "'accessors.0.count'"),
        (_set("accessors", 0, "count", -1), "'accessors.0.count'"),
        (_set("accessors", 0, "count", 10**400), "JSON"),
        (_set("accessors", 0, "count", 500), "reaches byte"),
        (_set("accessors", 0, "count", 79), "79 vertices"),
        (_set("accessors", 0, "type", "VEC2"), "expected VEC3"),
        (_set("accessors", 0, "componentType", 5124), "component type 5124"),
        (_set("accessors", 0, "byteOffset", 2**31 - 1), "reaches byte"),
        (_set("accessors", 0, "bufferView", 999), "buffer view 999"),
        (
            _set(
                "accessors",
                4,
                "sparse",
                {"count": 9999, "indices": {"bufferView": 0, "componentType": 5125}, "values": {"bufferView": 0}},
            ),
            "replaces 9999",
        ),
        (
            _set(
                "accessors",
                4,
                "sparse",
                {"count": 2, "indices": {"bufferView": 0, "componentType": 5125}, "values": {"bufferView": 0}},
            ),
            "replaces element",
        ),
        (
            _set(
                "accessors",
                4,
                "sparse",
                {"count": 2, "indices": {"bufferView": 0, "componentType": 5126}, "values": {"bufferView": 0}},
            ),
            "not unsigned",
        ),
        (_set("bufferViews", 0, "byteLength", 10**9), "reaches byte"),
        (_set("bufferViews", 0, "byteOffset", 2**31 - 1), "reaches byte"),
        (_set("bufferViews", 0, "byteStride", 4), "only 4 apart"),
        (_set("bufferViews", 0, "buffer", 3), "buffer 3"),
        (_set("bufferViews", 0, "extensions", {"EXT_meshopt_compression": {}}), "meshopt"),
        (_set("buffers", [{"byteLength": 10**9}]), "cut short"),
        (_set(*_PRIMITIVE, "indices", 0), "expected SCALAR"),
        (_set(*_PRIMITIVE, "material", 7), "material 7"),
        (_set(*_PRIMITIVE, "attributes", {"NORMAL": 0}), "without positions"),
        (_set(*_PRIMITIVE, "targets", 0, "POSITION", 0), None),
        (_set(*_PRIMITIVE, "targets", 0, "POSITION", 1), "expected VEC3"),
        (_set(*_PRIMITIVE, "targets", []), "no morph targets"),
        (_set("meshes", 0, "extras", {}), "without names"),
        (_set("meshes", 0, "extras", {"targetNames": ["Fcl_EYE_Close", "eye_blink_lft"]}), "did you mean 'EyeBlinkLeft'"),
        (_set("nodes", 0, "children", [0]), "contain themselves"),
        (_set("nodes", 0, "children", [5]), "node 5"),
        (_set("nodes", 0, "mesh", 5), "mesh 5"),
        (_set("nodes", 0, "scale", [1e38, 1e38, 1e38]), "no finite place"),
        (_set("nodes", 0, "matrix", [1.0]), "'nodes.0.matrix'"),
        (_set("nodes", 0, "mesh", None), "shows no triangles"),
        (_set("scenes", [{"nodes": []}]), "shows no triangles"),
        (_set("scene", 4), "scene 4"),
        (
            _set("extensionsRequired", ["KHR_draco_mesh_compression"]),
            "needs KHR_draco_mesh_compression, which sface does not read: export it without Draco",
        ),
        (_set("extensionsRequired", ["EXT_meshopt_compression"]), "EXT_meshopt_compression"),
        (_set("extensionsRequired", ["KHR_texture_basisu"]), "PNG or JPEG"),
        (_set("extensionsRequired", ["ACME_secret"]), "ACME_secret"),
    ],
)
def test_lies_in_the_document(tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str | None) -> None:
    draft = plain(HEAD)
    document = draft.close()
    change(document)
    content = packed(document, bytes(draft.data))
    if said is None:
        (tmp_path / "head.glb").write_bytes(content)
        assert read_gltf(tmp_path / "head.glb", "odd").morphs
    else:
        assert said in _refused(tmp_path, content)


def test_triangles_beyond_the_vertices_and_numbers_that_are_none(tmp_path: Path) -> None:
    draft = plain(HEAD)
    draft.document["meshes"][0]["primitives"][0]["indices"] = draft.accessor(np.array([0, 1, 999]), UINT)
    assert "triangles name vertex 999" in _refused(tmp_path, draft.glb())
    broken = SmallHead(np.where(HEAD.vertices > 0.05, np.nan, HEAD.vertices), HEAD.triangles, HEAD.uv, HEAD.morphs)
    assert "not finite" in _refused(tmp_path, plain(broken).glb())


def test_shapes_that_move_nothing(tmp_path: Path) -> None:
    still = SmallHead(HEAD.vertices, HEAD.triangles, HEAD.uv, {name: moved * 0 for name, moved in HEAD.morphs.items()})
    assert "move nothing" in _refused(tmp_path, plain(still).glb())


def test_nodes_that_multiply_a_mesh_without_end(tmp_path: Path) -> None:
    draft = plain(HEAD)
    for _ in range(20_000):
        draft.node(mesh=0)
    assert "2000 primitives" in _refused(tmp_path, draft.glb())


def _pictured(data: bytes) -> Draft:
    draft = plain(HEAD)
    draft.document |= {
        "images": [{"bufferView": draft.view(data), "mimeType": "image/png", "name": "face"}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    draft.document["meshes"][0]["primitives"][0]["material"] = 0
    return draft


def _bomb(width: int, height: int) -> bytes:
    """A PNG that claims a size and brings next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def test_pictures_that_are_bombs_or_broken(tmp_path: Path) -> None:
    kept = io.BytesIO()
    Image.new("RGB", (64, 64), (9, 99, 9)).save(kept, "PNG")
    assert "'face' claims more than 178 million pixels" in _refused(tmp_path, _pictured(_bomb(60_000, 60_000)).glb())
    assert "'face' has 9000 x 9000 pixels" in _refused(tmp_path, _pictured(_bomb(9_000, 9_000)).glb())
    assert "'face' is no picture" in _refused(tmp_path, _pictured(_bomb(512, 512)).glb())
    assert "'face' is no picture" in _refused(tmp_path, _pictured(kept.getvalue()[:-60]).glb())
    assert "'face' is no picture" in _refused(tmp_path, _pictured(b"<svg/>").glb())
    draft = _pictured(kept.getvalue())
    draft.document["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    assert "KHR_texture_basisu" in _refused(tmp_path, draft.glb())


def _read_or_refused(path: Path, content: bytes) -> bool:
    """Whether damaged content still makes a head; anything but `WrongUse` is a fault of ours and passes on."""
    path.write_bytes(content)
    try:
        head = read_gltf(path, "damaged")
    except WrongUse:
        return False
    assert np.isfinite(head.vertices).all()
    assert head.triangles.max() < len(head.vertices)
    assert all(moved.shape == head.vertices.shape and np.isfinite(moved).all() for moved in head.morphs.values())
    return True


def _whole() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 160, 140)).save(kept, "PNG")
    few = {name: HEAD.morphs[name] for name in ("EyeBlinkLeft", "EyeBlinkRight", "JawOpen", "MouthSmileLeft", "BrowInnerUp")}
    draft = _pictured(kept.getvalue())
    draft.document["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": draft.sparse(moved)} for moved in few.values()]
    draft.document["meshes"][0]["extras"]["targetNames"] = [lower_camel(name) for name in few]
    return draft.glb()


def test_every_cut_is_refused(tmp_path: Path) -> None:
    whole = _whole()
    assert _read_or_refused(tmp_path / "head.glb", whole)
    for length in np.linspace(0, len(whole) - 1, 300).astype(int):
        assert not _read_or_refused(tmp_path / "head.glb", whole[:length])


def test_flipped_bits_end_in_a_head_or_a_sentence(tmp_path: Path) -> None:
    whole = np.frombuffer(_whole(), np.uint8)
    text = 20 + int(whole[12:16].view("<u4")[0])
    draw = np.random.default_rng(7)
    for trial in range(500):
        damaged = whole.copy()
        # Half of the flips in header and document, which lie together at the front.
        end = text if trial % 2 else len(whole)
        for _ in range(int(draw.integers(1, 4))):
            damaged[draw.integers(end)] ^= np.uint8(1 << draw.integers(8))
        _read_or_refused(tmp_path / "head.glb", damaged.tobytes())


def test_wild_numbers_and_types_in_the_document_end_in_a_head_or_a_sentence(tmp_path: Path) -> None:
    draft = plain(HEAD)
    document, data = draft.close(), bytes(draft.data)
    wild = [
        None,
        True,
        -1,
        0,
        1,
        2,
        5,
        2**31,
        2**63,
        -(2**70),
        0.5,
        -1e300,
        1e-320,
        "",
        "POSITION",
        [],
        [[]],
        {},
        {"POSITION": 0},
        [0] * 16,
    ]
    draw = np.random.default_rng(11)
    for _ in range(400):
        damaged = json.loads(json.dumps(document))
        _spoil(damaged, wild, draw)
        _read_or_refused(tmp_path / "head.glb", packed(damaged, data))


def _spoil(document: Any, wild: list[Any], draw: np.random.Generator) -> None:
    """Puts a wild value somewhere, at any depth."""
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[int(draw.integers(len(keys)))]
        inner = place[key]
        if isinstance(inner, dict | list) and inner and draw.random() < 0.9:
            place = inner
            continue
        place[key] = wild[int(draw.integers(len(wild)))]
        return
