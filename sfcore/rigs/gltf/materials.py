"""Materials as pictures: base colour texture times base colour factor, with the alpha the material means."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sfcore.errors import WrongUse
from sfcore.rigs.gltf.container import Container, fetch
from sfcore.rigs.gltf.document import Material, Read, Sampler, Texture, TextureInfo, Vector2, Vector4, checked, item
from sfcore.rigs.gltf.part_names import Named
from sfcore.rigs.rig import Floats

LARGEST_SIDE = 2048
"""Pixels: a face fills some hundreds of a picture that is learnt from."""
_LARGEST_TEXELS = 1 << 26
"""Of a picture before it is scaled down: 8,192 squared; more is a bomb or a mistake."""
_MOST_TEXELS = 1 << 27
"""Of all pictures together, 512 MiB."""

_CLAMP = 33071
_PAINTED_BY_NAME = frozenset((Named.HAIR, Named.CLOTH, Named.BROW, Named.LASHES, Named.IRIS))
"""Parts whose plain colour is believed. Plain skin, eyes, teeth, tongue and mouth look better in sface's own painting."""


@dataclass(frozen=True)
class Placing:
    """Which texture coordinates a material reads, and how: ``linear`` (2, 2) rows, then ``offset``; ``clamp`` per axis."""

    coordinates: int = 0
    linear: tuple[Vector2, Vector2] = ((1.0, 0.0), (0.0, 1.0))
    offset: Vector2 = (0.0, 0.0)
    clamp: tuple[bool, bool] = (False, False)

    def apply(self, uv: Floats) -> Floats:
        """Texture coordinates (n, 2) as the picture is read."""
        placed = uv @ np.array(self.linear, np.float32).T + np.array(self.offset, np.float32)
        for axis in range(2):
            if self.clamp[axis]:
                placed[:, axis] = placed[:, axis].clip(0.0, 1.0)
        return placed.astype(np.float32)


class _Transform(Read):
    offset: Vector2 = (0.0, 0.0)
    rotation: float = 0.0
    scale: Vector2 = (1.0, 1.0)
    texCoord: int | None = None  # noqa: N815  the name of the format


class _Diffuse(Read):
    """KHR_materials_pbrSpecularGlossiness: what older exporters wrote instead of metallic and rough."""

    diffuseFactor: Vector4 | None = None  # noqa: N815
    diffuseTexture: TextureInfo | None = None  # noqa: N815


def _base_colour(material: Material) -> tuple[TextureInfo | None, Vector4 | None]:
    old = material.extensions.get("KHR_materials_pbrSpecularGlossiness")
    if old is not None:
        diffuse = checked(_Diffuse, old, f"material '{material.name}'")
        return diffuse.diffuseTexture, diffuse.diffuseFactor
    return material.pbrMetallicRoughness.baseColorTexture, material.pbrMetallicRoughness.baseColorFactor


def placing(container: Container, index: int | None) -> Placing:
    """How material ``index`` reads its picture, KHR_texture_transform and the sampler's clamping included."""
    if index is None:
        return Placing()
    material = item(container.document.materials, index, "material")
    info, _ = _base_colour(material)
    if info is None:
        return Placing()
    texture = item(container.document.textures, info.index, "texture")
    sampler = Sampler() if texture.sampler is None else item(container.document.samplers, texture.sampler, "sampler")
    clamp = (sampler.wrapS == _CLAMP, sampler.wrapT == _CLAMP)
    raw = info.extensions.get("KHR_texture_transform")
    if raw is None:
        return Placing(info.texCoord, clamp=clamp)
    move = checked(_Transform, raw, f"texture transform of material '{material.name}'")
    # Counter-clockwise for v that runs down, as three.js and Khronos' own viewer turn their test model.
    c, s = float(np.cos(move.rotation)), float(np.sin(move.rotation))
    linear = ((c * move.scale[0], s * move.scale[1]), (-s * move.scale[0], c * move.scale[1]))
    return Placing(info.texCoord if move.texCoord is None else move.texCoord, linear, move.offset, clamp)


class Pictures:
    """Pictures of the materials asked for, each made once; ``notes`` tells what was changed."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._made: dict[tuple[Any, ...], int] = {}
        self._decoded: dict[int, NDArray[np.uint8]] = {}
        self.images: list[NDArray[np.uint8]] = []
        self.notes: list[str] = []

    def of(self, index: int | None, named: Named) -> int:
        """Number of the picture of material ``index`` on a part of that name, or -1 where sface is to paint."""
        if index is None:
            return -1
        material = item(self._container.document.materials, index, "material")
        info, factor = _base_colour(material)
        if info is None:
            return self._plain(material, factor, named)
        factor = factor or (1.0, 1.0, 1.0, 1.0)
        key = (self._source(info), factor, material.alphaMode, material.alphaCutoff)
        if key not in self._made:
            picture = _tinted(self._decode(key[0]), factor)
            picture[..., 3] = _alpha(picture[..., 3], material)
            self._made[key] = self._keep(picture)
        return self._made[key]

    def _plain(self, material: Material, factor: Vector4 | None, named: Named) -> int:
        """A picture of one texel where a colour says something, as the hair's does and a default's does not."""
        if factor is None or named not in _PAINTED_BY_NAME or len(set(factor[:3])) == 1:
            return -1
        key = ("plain", factor, material.alphaMode)
        if key not in self._made:
            texel = _tinted(np.full((1, 1, 4), 255, np.uint8), factor)
            texel[..., 3] = _alpha(texel[..., 3], material)
            self._made[key] = self._keep(texel)
        return self._made[key]

    def _keep(self, picture: NDArray[np.uint8]) -> int:
        self.images.append(np.ascontiguousarray(picture))
        if sum(image.shape[0] * image.shape[1] for image in self.images) > _MOST_TEXELS:
            raise WrongUse(f"has more than {_MOST_TEXELS >> 20} million texels of pictures on its head: scale them down.")
        return len(self.images) - 1

    def _source(self, info: TextureInfo) -> int:
        texture = item(self._container.document.textures, info.index, "texture")
        source = _source_of(texture)
        if source is None:
            named = ", ".join(texture.extensions) or "no image"
            raise WrongUse(f"texture {info.index} has no PNG, JPEG or WebP ({named}): export its pictures as PNG or JPEG.")
        return source

    def _decode(self, source: int) -> NDArray[np.uint8]:
        if source not in self._decoded:
            image = item(self._container.document.images, source, "image")
            named = f"image {source}" + (f" '{image.name[:40]}'" if image.name else "")
            if image.uri is not None:
                data: bytes | memoryview = fetch(image.uri, self._container.folder, named)
            elif image.bufferView is not None:
                data = self._container.view(image.bufferView)
            else:
                raise WrongUse(f"{named} has neither bytes nor an address: export the file again.")
            self._decoded[source] = self._opened(bytes(data), named)
        return self._decoded[source]

    def _opened(self, data: bytes, named: str) -> NDArray[np.uint8]:
        try:
            with warnings.catch_warnings():
                # Pillow's own warning of large pictures: they are refused or scaled down here.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                opened = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF"))
            width, height = opened.size
            if width * height > _LARGEST_TEXELS:
                raise WrongUse(f"{named} has {width} x {height} pixels: scale it down to {LARGEST_SIDE} a side.")
            scale = min(1.0, LARGEST_SIDE / max(width, height))
            fitting = (max(1, round(width * scale)), max(1, round(height * scale)))
            opened.draft("RGB", fitting)
            picture = _eight_bits(opened).convert("RGBA")
        except Image.DecompressionBombError:
            raise WrongUse(f"{named} claims more than 178 million pixels: scale it down to {LARGEST_SIDE} a side.") from None
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError, struct.error):
            raise WrongUse(f"{named} is no picture that can be read: the file is damaged, export it again.") from None
        if scale < 1.0:
            which, before = named.removeprefix("image "), f"{width} x {height}"
            self.notes.append(f"The picture {which} is scaled from {before} to {fitting[0]} x {fitting[1]} pixels.")
            picture = picture.resize(fitting, Image.Resampling.LANCZOS)
        return np.array(picture, np.uint8)


def _eight_bits(opened: Image.Image) -> Image.Image:
    """Sixteen-bit grey reduced to eight: Pillow itself would cut it off at 255."""
    if opened.mode.startswith("I"):
        return Image.fromarray((np.array(opened, np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return opened


def _source_of(texture: Texture) -> int | None:
    for name in ("EXT_texture_webp", "EXT_texture_avif"):
        extension = texture.extensions.get(name)
        if isinstance(extension, dict) and isinstance(extension.get("source"), int):
            return int(extension["source"])
    return texture.source


def _tinted(picture: NDArray[np.uint8], factor: Vector4) -> NDArray[np.uint8]:
    """``picture`` (h, w, 4) sRGB times a linear factor; a copy."""
    levels = np.arange(256) / 255.0
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    result = picture.copy()
    for channel in range(4):
        share = min(max(factor[channel], 0.0), 1.0)
        if share == 1.0:
            continue
        if channel == 3:
            table = levels * share
        else:
            tinted = light * share
            table = np.where(tinted <= 0.0031308, tinted * 12.92, 1.055 * tinted ** (1 / 2.4) - 0.055)
        result[..., channel] = np.rint(table * 255.0).astype(np.uint8)[picture[..., channel]]
    return result


def _alpha(alpha: NDArray[np.uint8], material: Material) -> NDArray[np.uint8]:
    if material.alphaMode == "BLEND":
        return alpha
    if material.alphaMode == "MASK":
        return np.where(alpha >= material.alphaCutoff * 255.0, 255, 0).astype(np.uint8)
    return np.full_like(alpha, 255)
