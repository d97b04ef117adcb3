"""Arrays out of buffers: interleaved, normalised, quantised and sparse accessors (glTF 2.0, section 3.6.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfcore.errors import WrongUse
from sfcore.rigs.gltf.container import Container
from sfcore.rigs.gltf.document import Accessor, item
from sfcore.rigs.rig import Floats

LARGEST_COUNT = 4_000_000
"""Elements of one accessor: a count above is a lie or no head."""

_COMPONENTS: dict[int, np.dtype] = {
    5120: np.dtype("<i1"),
    5121: np.dtype("<u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_DAMAGED = "the file is damaged, export it again."


def read_floats(container: Container, index: int, kind: str, what: str) -> Floats:
    """An accessor of ``kind`` (``VEC3``) as (count, width) float32; whole numbers as such, or 0..1 and -1..1 where normalised."""
    accessor, values = _read(container, index, kind, what)
    result = values.astype(np.float32)
    if accessor.normalized and values.dtype.kind in "iu":
        result = np.maximum(result / np.float32(np.iinfo(values.dtype).max), np.float32(-1.0))
    if not np.isfinite(result).all():
        raise WrongUse(f"{what} (accessor {index}) holds values that are not finite: {_DAMAGED}")
    return result


def read_integers(container: Container, index: int, kind: str, what: str) -> NDArray[np.int64]:
    """An accessor of ``kind`` as (count, width) int64; raises `WrongUse` for one of floats."""
    accessor, values = _read(container, index, kind, what)
    if values.dtype.kind == "f" or accessor.normalized:
        raise WrongUse(f"{what} (accessor {index}) holds fractions where whole numbers belong: {_DAMAGED}")
    return values.astype(np.int64)


def _read(container: Container, index: int, kind: str, what: str) -> tuple[Accessor, NDArray]:
    accessor = item(container.document.accessors, index, "accessor")
    named = f"{what} (accessor {index})"
    if accessor.type != kind:
        raise WrongUse(f"{named} is {accessor.type[:12]}, expected {kind}: {_DAMAGED}")
    if accessor.count > LARGEST_COUNT:
        raise WrongUse(f"{named} claims {accessor.count} elements, more than the {LARGEST_COUNT} any head has: {_DAMAGED}")
    dtype = _component(accessor.componentType, named)
    shape = (accessor.count, _WIDTHS[kind])
    if accessor.bufferView is None:
        values = np.zeros(shape, dtype)
    else:
        stride = item(container.document.bufferViews, accessor.bufferView, "buffer view").byteStride
        values = _laid_out(container.view(accessor.bufferView), accessor.byteOffset, shape, dtype, stride, named)
    if accessor.sparse is not None:
        _replace(container, accessor, values, named)
    return accessor, values


def _component(code: int, named: str) -> np.dtype:
    if code not in _COMPONENTS:
        raise WrongUse(f"{named} has component type {code}, which glTF does not know: {_DAMAGED}")
    return _COMPONENTS[code]


def _laid_out(data: memoryview, offset: int, shape: tuple[int, int], dtype: np.dtype, stride: int | None, named: str) -> NDArray:
    """A copy of (count, width) elements that lie ``stride`` bytes apart, or one after the other."""
    element = shape[1] * dtype.itemsize
    step = stride or element
    if step < element:
        raise WrongUse(f"{named} has elements of {element} bytes only {step} apart: {_DAMAGED}")
    end = offset + step * (shape[0] - 1) + element
    if end > len(data):
        raise WrongUse(f"{named} reaches byte {end} of a buffer view that has {len(data)}: {_DAMAGED}")
    return np.ndarray(shape, dtype, buffer=data, offset=offset, strides=(step, dtype.itemsize)).copy()


def _replace(container: Container, accessor: Accessor, values: NDArray, named: str) -> None:
    """Writes a sparse accessor's own elements over ``values``."""
    sparse = accessor.sparse
    assert sparse is not None
    if sparse.count > accessor.count:
        raise WrongUse(f"{named} replaces {sparse.count} of its {accessor.count} elements: {_DAMAGED}")
    code = _component(sparse.indices.componentType, named)
    if code.kind != "u":
        raise WrongUse(f"{named} has sparse indices that are not unsigned: {_DAMAGED}")
    place = _laid_out(container.view(sparse.indices.bufferView), sparse.indices.byteOffset, (sparse.count, 1), code, None, named)
    shape = (sparse.count, values.shape[1])
    new = _laid_out(container.view(sparse.values.bufferView), sparse.values.byteOffset, shape, values.dtype, None, named)
    if int(place.max()) >= accessor.count:
        raise WrongUse(f"{named} replaces element {int(place.max())} of {accessor.count}: {_DAMAGED}")
    values[place[:, 0]] = new
