"""Which nodes of a pickle are tensors, and where their elements lie in which storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

import ml_dtypes
import numpy as np

from .nodes import Dict, Object, Persistent, Symbol

__all__ = ["DTYPES", "STORAGES", "Storage", "Tensor", "Unreadable", "storage_of", "tensor_of"]

_TYPES: dict[str, Any] = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "complex64": "c8",
    "complex128": "c16",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint64": "u8",
    "uint32": "u4",
    "uint16": "u2",
    "uint8": "u1",
    "bool": "?",
}
DTYPES = {Symbol(f"torch.{name}"): np.dtype(code) for name, code in _TYPES.items()}
STORAGES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "Untyped": "uint8",
}
# Of a quantized storage the bytes of one element.
_QUANTIZED = {"QInt8": 1, "QUInt8": 1, "QInt32": 4, "QUInt4x2": 1, "QUInt2x4": 1}
_WRAPPERS = {
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._utils._rebuild_device_tensor_from_cpu_tensor",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
    "torch.autograd.variable.Variable",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """What a pickle says of a storage.

    Attributes:
        key: its name.
        dtype: of its elements; of a quantized one unsigned integers of the same size.
        size: the number of elements.
        quantized: whether they stand for other numbers.
        begin, length: the part that is meant, in elements (in the format before 1.6 a storage can be a
            part of another).
    """

    key: str
    dtype: np.dtype[Any]
    size: int
    quantized: bool
    begin: int
    length: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A strided tensor over a storage; offset and strides in elements of its dtype."""

    storage: Storage
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    conjugate: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A tensor that is no strided array.

    Attributes:
        what: it is, in a few words.
        parts: tensors that it is made of, by name.
        storage: the key of the storage with its elements, if it has one itself.
    """

    what: str
    parts: tuple[tuple[str, Any], ...] = ()
    storage: str | None = None


def storage_of(node: Persistent) -> Storage:
    """The storage that a pickle leaves to its reader.

    Raises:
        ValueError: it says none.
    """
    given = node.id
    if type(given) is not tuple or len(given) not in (5, 6) or given[0] != "storage":
        raise ValueError("the pickle asks for something that is no storage")
    _, kind, key, _, size, *view = given
    if type(key) is int:
        key = str(key)
    if type(kind) is not Symbol or type(key) is not str or not _count(size):
        raise ValueError("the pickle describes a storage by wrong kinds of values")
    name = kind.rpartition(".")[2].removesuffix("Storage")
    if not kind.startswith("torch.") or (name not in STORAGES and name not in _QUANTIZED):
        raise ValueError(f"there is no storage of type {str(kind)!r}")
    quantized = name in _QUANTIZED
    dtype = np.dtype(f"u{_QUANTIZED[name]}") if quantized else DTYPES[Symbol(f"torch.{STORAGES[name]}")]
    begin, length = 0, size
    if view and view[0] is not None:
        part = view[0]
        if type(part) is not tuple or len(part) != 3 or not _count(part[1]) or not _count(part[2]):
            raise ValueError("the pickle describes a part of a storage by wrong kinds of values")
        begin, length = part[1:]
        if begin + length > size:
            raise ValueError(f"elements {begin} to {begin + length} of a storage that has {size}")
    return Storage(key, dtype, size, quantized, begin, length)


def tensor_of(node: Object, depth: int = 0) -> Tensor | Unreadable | None:
    """The tensor that an object is; None if it is none.

    Raises:
        ValueError: it is one, by wrong arguments.
    """
    if type(node.made_by) is not Symbol or depth > 8:
        return None
    args = node.args
    if node.made_by in _WRAPPERS:
        return tensor_of(args[0], depth + 1) if args and type(args[0]) is Object else None
    if node.made_by == "torch._tensor._rebuild_from_type_v2" and len(args) >= 3 and type(args[2]) is tuple:
        return tensor_of(Object(args[0], args[2]), depth + 1)
    module, _, function = node.made_by.rpartition(".")
    if module != "torch._utils":
        return None
    match function:
        case "_rebuild_tensor" if len(args) == 4:
            return _strided(args)
        case "_rebuild_tensor_v2" if 6 <= len(args) <= 7:
            return _strided(args[:4], notes=args[6] if len(args) > 6 else None)
        case "_rebuild_tensor_v3" if 7 <= len(args) <= 8:
            dtype = args[6]
            if type(dtype) is not Symbol or dtype not in DTYPES:
                return Unreadable(
                    f"a tensor of dtype {dtype if type(dtype) is Symbol else '?'}, which NumPy has not"
                )
            return _strided(args[:4], dtype=DTYPES[dtype], notes=args[7] if len(args) > 7 else None)
        case "_rebuild_qtensor" if len(args) >= 3:
            key = storage_of(args[0]).key if type(args[0]) is Persistent else None
            return Unreadable(f"a quantized tensor of shape {_sizes(args[2])}", storage=key)
        case "_rebuild_sparse_tensor" if len(args) == 2 and type(args[1]) is tuple:
            return _sparse(*args)
        case "_rebuild_meta_tensor_no_storage" if len(args) >= 2:
            return Unreadable(f"a tensor on the meta device, without values, of shape {_sizes(args[1])}")
        case "_rebuild_nested_tensor" if args:
            return Unreadable("a nested tensor", (("buffer", args[0]),))
        case "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_qtensor":
            raise ValueError(f"a tensor with {len(args)} arguments")
    return None


def _strided(
    args: tuple[Any, ...], dtype: np.dtype[Any] | None = None, notes: Any = None
) -> Tensor | Unreadable:
    storage, offset, shape, strides = args
    if type(storage) is not Persistent:
        raise ValueError("a tensor without a storage")
    found = storage_of(storage)
    shape, strides = _sizes(shape), _sizes(strides)
    if not _count(offset) or len(shape) != len(strides):
        raise ValueError("a tensor whose offset, shape and strides do not fit each other")
    if found.quantized:
        return Unreadable(f"a quantized tensor of shape {shape}", storage=found.key)
    flags = (
        {key for key, value in notes.pairs if value is True and type(key) is str}
        if type(notes) is Dict
        else set()
    )
    return Tensor(found, dtype or found.dtype, offset, shape, strides, "conj" in flags, "neg" in flags)


def _sparse(layout: Any, data: tuple[Any, ...]) -> Unreadable:
    name = str(layout.args[0]) if type(layout) is Object and layout.args else str(layout)
    parts = ("indices", "values") if name.endswith("sparse_coo") else ("compressed", "indices", "values")
    shape = data[len(parts)] if len(data) > len(parts) else ()
    what = f"a sparse tensor ({name.rpartition('.')[2]}) of shape {_sizes(shape)}"
    return Unreadable(what, tuple(zip(parts, data, strict=False)))


def _sizes(value: Any) -> tuple[int, ...]:
    """A shape or strides: a tuple of integers, or a torch.Size of one."""
    if type(value) is Object and value.made_by == "torch.Size" and len(value.args) == 1:
        value = value.args[0]
    if type(value) is list:
        value = tuple(value)
    if type(value) is not tuple or not all(map(_count, value)):
        raise ValueError("a shape or strides that are no integers of 0 and more")
    return value


def _count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**63
