"""What is read of a glTF 2.0 document, checked as it is read: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from sfcore.errors import WrongUse

Index = Annotated[int, Field(ge=0, lt=2**31)]
Size = Annotated[int, Field(ge=1, lt=2**31)]
Vector2 = tuple[float, float]
Vector3 = tuple[float, float, float]
Vector4 = tuple[float, float, float, float]


class Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    extensions: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        """Some exporters write null for what they have not; the format leaves such keys out."""
        return {key: value for key, value in raw.items() if value is not None} if isinstance(raw, dict) else raw


class Asset(Read):
    version: str
    copyright: str = ""
    generator: str = ""
    extras: Any = None


class Buffer(Read):
    byteLength: Size  # noqa: N815  the names of the format
    uri: str | None = None


class BufferView(Read):
    buffer: Index
    byteLength: Size  # noqa: N815
    byteOffset: Index = 0  # noqa: N815
    byteStride: Size | None = None  # noqa: N815


class SparseIndices(Read):
    bufferView: Index  # noqa: N815
    byteOffset: Index = 0  # noqa: N815
    componentType: int  # noqa: N815


class SparseValues(Read):
    bufferView: Index  # noqa: N815
    byteOffset: Index = 0  # noqa: N815


class Sparse(Read):
    count: Size
    indices: SparseIndices
    values: SparseValues


class Accessor(Read):
    componentType: int  # noqa: N815
    count: Size
    type: str
    name: str | None = None
    bufferView: Index | None = None  # noqa: N815
    byteOffset: Index = 0  # noqa: N815
    normalized: bool = False
    sparse: Sparse | None = None


class Primitive(Read):
    attributes: dict[str, Index]
    indices: Index | None = None
    material: Index | None = None
    mode: int = 4
    targets: tuple[dict[str, Index], ...] = ()
    extras: Any = None


class Mesh(Read):
    primitives: tuple[Primitive, ...]
    name: str = ""
    weights: tuple[float, ...] = ()
    extras: Any = None


class Node(Read):
    name: str = ""
    children: tuple[Index, ...] = ()
    mesh: Index | None = None
    skin: Index | None = None
    matrix: Annotated[tuple[float, ...], Field(min_length=16, max_length=16)] | None = None
    translation: Vector3 = (0.0, 0.0, 0.0)
    rotation: Vector4 = (0.0, 0.0, 0.0, 1.0)
    scale: Vector3 = (1.0, 1.0, 1.0)
    weights: tuple[float, ...] | None = None


class Skin(Read):
    joints: tuple[Index, ...]
    inverseBindMatrices: Index | None = None  # noqa: N815


class Scene(Read):
    nodes: tuple[Index, ...] = ()


class Image(Read):
    name: str = ""
    uri: str | None = None
    bufferView: Index | None = None  # noqa: N815


class Texture(Read):
    source: Index | None = None
    sampler: Index | None = None


class Sampler(Read):
    wrapS: int = 10497  # noqa: N815
    wrapT: int = 10497  # noqa: N815


class TextureInfo(Read):
    index: Index
    texCoord: Index = 0  # noqa: N815


class MetallicRoughness(Read):
    baseColorFactor: Vector4 | None = None  # noqa: N815
    baseColorTexture: TextureInfo | None = None  # noqa: N815


class Material(Read):
    name: str = ""
    pbrMetallicRoughness: MetallicRoughness = MetallicRoughness()  # noqa: N815
    alphaMode: str = "OPAQUE"  # noqa: N815
    alphaCutoff: float = 0.5  # noqa: N815


class Document(Read):
    asset: Asset
    extensionsRequired: tuple[str, ...] = ()  # noqa: N815
    scene: Index | None = None
    scenes: tuple[Scene, ...] = ()
    nodes: tuple[Node, ...] = ()
    meshes: tuple[Mesh, ...] = ()
    skins: tuple[Skin, ...] = ()
    materials: tuple[Material, ...] = ()
    textures: tuple[Texture, ...] = ()
    samplers: tuple[Sampler, ...] = ()
    images: tuple[Image, ...] = ()
    accessors: tuple[Accessor, ...] = ()
    bufferViews: tuple[BufferView, ...] = ()  # noqa: N815
    buffers: tuple[Buffer, ...] = ()


Item = TypeVar("Item")
Model = TypeVar("Model", bound=BaseModel)


def item(items: tuple[Item, ...], index: int, what: str) -> Item:
    """The item at ``index``; raises `WrongUse` where the document points to one it does not have."""
    if not 0 <= index < len(items):
        raise WrongUse(f"names {what} {index}, but holds {len(items)}: the file is damaged, export it again.")
    return items[index]


def checked(model: type[Model], raw: Any, where: str) -> Model:
    """Reads ``raw`` as a ``model``; raises `WrongUse` that names the first field at fault."""
    try:
        return model.model_validate(raw)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "document"
        raise WrongUse(f"{where}: '{place}' is not what glTF 2.0 has there ({first['msg']}): export it again.") from None


def read_document(text: bytes) -> Document:
    """Reads the JSON of a glTF file; raises `WrongUse` for text that is not JSON, not an object or not glTF 2."""
    try:
        raw = from_json(text.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except (ValueError, RecursionError) as fault:
        raise WrongUse(f"its JSON cannot be read ({str(fault)[:120]}): the file is damaged, export it again.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("asset"), dict):
        raise WrongUse("is JSON but not glTF: it has no 'asset' that names its version.")
    version = str(raw["asset"].get("version"))
    if not version.startswith("2."):
        raise WrongUse(f"is glTF {version[:20]}: convert it to glTF 2.0, as every current exporter writes.")
    return checked(Document, raw, "its JSON")
