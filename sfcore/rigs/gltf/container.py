"""The files a glTF model is kept in: a GLB, or JSON with buffers and pictures beside it or inside as data addresses."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from sfcore.errors import WrongUse
from sfcore.rigs.gltf.document import Document, item, read_document

LARGEST_FILE = 1 << 30
"""Bytes: heads with 4k textures stay far below; more is taken for a mistake before it fills the memory."""
_JSON, _BIN = 0x4E4F534A, 0x004E4942

# First bytes of what people hand over by mistake -> what it is and what to do.
_MISTAKEN: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the model: fetch it with 'git lfs pull'"),
    (b"PK\x03\x04", "is a zip archive: unpack it and give the .glb or .gltf inside"),
    (b"Kaydara FBX", "is an FBX file: convert it to GLB, in Blender for one"),
    (b"\x1f\x8b", "is gzip-compressed: unpack it first"),
    (b"BLENDER", "is a Blender file: export it as glTF (.glb) with shape keys"),
    (b"ply", "is a PLY file, which holds no morph targets"),
    (b"USD", "is a USD file: convert it to GLB"),
)


_UNDERSTOOD = frozenset(
    ("KHR_mesh_quantization", "KHR_texture_transform", "KHR_node_visibility", "EXT_texture_webp", "EXT_texture_avif", "VRM")
)
# Light, gloss, motion and the like: a head is the same without them.
_HARMLESS = ("KHR_materials_", "KHR_lights_", "KHR_animation_", "KHR_xmp", "KHR_physics", "VRMC_", "EXT_lights_", "MSFT_lod")

_WAY_OUT: dict[str, str] = {
    "KHR_draco_mesh_compression": "export it without Draco compression",
    "EXT_meshopt_compression": "export it without meshopt compression",
    "KHR_meshopt_compression": "export it without meshopt compression",
    "KHR_texture_basisu": "export its pictures as PNG or JPEG instead of KTX2",
    "MSFT_texture_dds": "export its pictures as PNG or JPEG instead of DDS",
    "EXT_mesh_gpu_instancing": "export it without instancing",
}


@dataclass(frozen=True)
class Container:
    """A document and where its bytes are: the buffers, whole, and the folder that pictures lie in."""

    document: Document
    buffers: tuple[bytes, ...]
    folder: Path

    def view(self, index: int) -> memoryview:
        """The bytes of a buffer view; raises `WrongUse` where it reaches beyond its buffer."""
        view = item(self.document.bufferViews, index, "buffer view")
        if "EXT_meshopt_compression" in view.extensions:
            raise WrongUse(f"buffer view {index} is compressed (EXT_meshopt_compression): export without compression.")
        data = item(self.buffers, view.buffer, "buffer")
        if view.byteOffset + view.byteLength > len(data):
            raise WrongUse(
                f"buffer view {index} reaches byte {view.byteOffset + view.byteLength} of buffer {view.buffer}, which has"
                f" {len(data)}: the file is damaged, export it again."
            )
        return memoryview(data)[view.byteOffset : view.byteOffset + view.byteLength]


def open_container(path: Path) -> Container:
    """Reads a .glb, .vrm or .gltf with all its buffers; raises `WrongUse` for what is none."""
    data = _read(path)
    text, binary = _split(data)
    document = read_document(text)
    _refuse_unknown(document)
    buffers = []
    for i, buffer in enumerate(document.buffers):
        if buffer.uri is not None:
            content = fetch(buffer.uri, path.parent, f"buffer {i}")
        elif i == 0 and binary is not None:
            content = binary
        else:
            raise WrongUse(f"has no bytes for buffer {i}: the file is JSON only, give the GLB or put its .bin beside it.")
        if len(content) < buffer.byteLength:
            raise WrongUse(f"buffer {i} has {len(content)} bytes, not the {buffer.byteLength} it claims: it is cut short.")
        buffers.append(content)
    return Container(document, tuple(buffers), path.parent)


def _refuse_unknown(document: Document) -> None:
    """Refuses a document that cannot be read without extensions sface does not know, all of them by name."""
    unknown = [name for name in document.extensionsRequired if name not in _UNDERSTOOD and not name.startswith(_HARMLESS)]
    if unknown:
        ways = dict.fromkeys(_WAY_OUT.get(name, "export it without that extension") for name in unknown)
        named = " and ".join(name[:60] for name in unknown[:4])
        raise WrongUse(f"needs {named}, which sface does not read: {' and '.join(ways)}.")


def fetch(uri: str, folder: Path, what: str) -> bytes:
    """The bytes behind an address of a glTF file: data inside it, or a file in its folder."""
    if uri.startswith("data:"):
        head, comma, body = uri.partition(",")
        if not comma:
            raise WrongUse(f"{what} is a data address without data: export it again.")
        try:
            return base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote(body).encode("latin-1")
        except (binascii.Error, ValueError):
            raise WrongUse(f"{what} is a data address that does not decode: the file is damaged, export it again.") from None
    if "://" in uri:
        raise WrongUse(f"{what} lies at an address on the net ({uri[:80]}): download it and put it beside the file.")
    if "\0" in uri:
        raise WrongUse(f"{what} has a file name that no file can have: export it again.")
    file = (folder / unquote(uri)).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise WrongUse(f"{what} points out of the file's own folder ({uri[:80]}): put it beside the file.")
    try:
        return _read(file)
    except WrongUse as fault:
        raise WrongUse(f"{what}, '{uri[:80]}', {fault}") from None


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise WrongUse("is a folder: give the .glb or .gltf inside.")
        if size > LARGEST_FILE:
            raise WrongUse(
                f"has {size >> 20} MiB, more than the {LARGEST_FILE >> 20} that a head may have: export the head alone."
            )
        data = path.read_bytes()
    except OSError as fault:
        raise WrongUse(f"cannot be read ({fault.strerror or 'no such file'}): check the path.") from None
    if not data:
        raise WrongUse("is empty (0 bytes): download or export it again.")
    return data


def _split(data: bytes) -> tuple[bytes, bytes | None]:
    """JSON and binary chunk of a file's bytes."""
    if data[:4] == b"glTF":
        return _split_glb(data)
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        raise WrongUse("is a web page or XML, not a model: the download failed or its address was not that of the raw file.")
    if start.startswith(b"{"):
        return data, None
    for first, said in _MISTAKEN:
        if data.startswith(first):
            raise WrongUse(f"{said}.")
    raise WrongUse("is neither GLB nor glTF: it starts with neither 'glTF' nor '{'.")


def _split_glb(data: bytes) -> tuple[bytes, bytes | None]:
    if len(data) < 20:
        raise WrongUse(f"is cut short: {len(data)} bytes hold no GLB; download it again.")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise WrongUse(f"is GLB version {version}: convert it to glTF 2.0.")
    if length > len(data):
        raise WrongUse(f"is cut short: its header says {length} bytes and it has {len(data)}; download it again.")
    chunks: dict[int, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > length:
            raise WrongUse("is damaged: a chunk reaches beyond its end; download it again.")
        if not chunks and kind != _JSON:
            raise WrongUse("is damaged: its first chunk is not JSON; download it again.")
        chunks.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size + (-size) % 4
    if _JSON not in chunks:
        raise WrongUse("is damaged: it holds no JSON chunk; download it again.")
    return chunks[_JSON], chunks.get(_BIN)
