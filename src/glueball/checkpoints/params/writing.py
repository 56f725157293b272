"""Arrays written as MXNet 1.9.1 writes them, byte for byte."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glueball.errors import DTypeError, FileFormatError

from ..atomic import replacing
from ..base import array_bytes
from ..lazy import Lazy, taken
from ..progress import Meter, Progress, flat_bytes
from ..sparse import CSR, RowSparse
from .layout import DEVICE_AND_DTYPE, DTYPES, HEAD, I32, LIST_MAGIC, MAGIC, U64, Array

__all__ = ["Arrays", "dumps", "save"]

Arrays: TypeAlias = "Mapping[str, Array | Lazy] | Sequence[Array | Lazy]"

_CODES = {dtype: code for code, dtype in DTYPES.items()}
_CPU = 1, 0


def save(
    path: str | os.PathLike[str], arrays: Arrays, *, version: int = 2, progress: Progress | None = None
) -> None:
    """Write a file that MXNet reads: the same bytes that it would write for arrays on its CPU.

    The file is written beside and renamed (see `atomic`), after all arrays have been checked.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by name, or a sequence of arrays without names; a lazy one is made
            when it is written. None at all gives the same file for both.
        version: 2, or 3, which MXNet wants under NumPy's shapes (`npx.set_np()`) and nowhere else; 3 has
            scalars and no sparse arrays.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        FileFormatError: this version has no such array, or no name can be written so.
        DTypeError: what is given is no array, or the format has no such dtype.
        OSError: the system cannot write it.
    """
    checked = _checked(arrays, version)
    sizes = (array_bytes(part.dtype, part.shape) for _, value in checked for part in _kept(value))
    meter = Meter(progress, sum(sizes))
    with replacing(path) as file:
        for name, piece in _pieces(checked, version):
            if name is None:
                file.write(piece)
            else:
                meter.write(file, memoryview(piece), name)


def dumps(arrays: Arrays, *, version: int = 2) -> bytes:
    """What `save` writes, as bytes.

    >>> dumps([np.array([1, 2], np.uint8)])[-10:].hex(" ")
    '01 02 00 00 00 00 00 00 00 00'
    """
    return b"".join(piece for _, piece in _pieces(_checked(arrays, version), version))


def _checked(arrays: Arrays, version: int) -> list[tuple[bytes | None, Array | Lazy]]:
    """The names in UTF-8 with their arrays, all of which the format can hold."""
    if version not in (2, 3):
        raise FileFormatError(f"files are written in version 2 or 3, not {version!r}")
    if not isinstance(arrays, (Mapping, Sequence)):
        raise DTypeError(f"arrays by name or a list of them are saved, not a {type(arrays).__name__}")
    if isinstance(arrays, Mapping):
        return [(_encoded(name), _storable(value, repr(name), version)) for name, value in arrays.items()]
    return [(None, _storable(value, f"array {i}", version)) for i, value in enumerate(arrays, 1)]


def _encoded(name: object) -> bytes:
    if isinstance(name, str) and "\0" not in name:  # MXNet would read no further than to the zero
        try:
            return name.encode()
        except UnicodeEncodeError:
            pass
    raise FileFormatError(f"a name must be text without zero bytes that UTF-8 can write, not {name!r}")


def _storable(value: object, what: str, version: int) -> Array | Lazy:
    if not isinstance(value, (np.ndarray, RowSparse, CSR, Lazy)):
        raise DTypeError(f"{what} is no array but a {type(value).__name__}")
    for part in _kept(value):
        if _little(part.dtype) not in _CODES:
            known = ", ".join(dtype.name for dtype in _CODES)
            raise DTypeError(f"{what} is of dtype {part.dtype}; the format has {known}")
    if version == 3 and isinstance(value, (RowSparse, CSR)):
        raise FileFormatError(
            f"{what} is sparse, which version 3 cannot hold; write version=2, or {what}.dense()"
        )
    if version == 2 and value.shape == ():
        raise FileFormatError(
            f"{what} is a scalar, which version 2 cannot hold; write version=3, or reshape it to (1,)"
        )
    return value


def _pieces(
    arrays: list[tuple[bytes | None, Array | Lazy]], version: int
) -> Iterator[tuple[str | None, bytes | memoryview]]:
    """The file's bytes, piece by piece, each with the name of the array whose elements it has, if so.

    Contiguous little-endian arrays are not copied.
    """
    yield None, HEAD.pack(LIST_MAGIC, 0, len(arrays))
    for name, given in arrays:
        value = taken(str(name), given) if isinstance(given, Lazy) else given
        data, *indices = _parts(value)
        storage = 0 if isinstance(value, np.ndarray) else 1 if isinstance(value, RowSparse) else 2
        header = [struct.pack("<Ii", MAGIC[version], storage)]
        if storage:
            header.append(_shape(data))
        header += _shape(value), DEVICE_AND_DTYPE.pack(*_CPU, _CODES[_little(data.dtype)])
        for part in indices:
            header += I32.pack(_CODES[_little(part.dtype)]), _shape(part)
        yield None, b"".join(header)
        for part in (data, *indices):
            yield (name or b"").decode(), flat_bytes(part)
        del value, data, indices, part  # before the next one is made
    names = [name for name, _ in arrays if name is not None]
    yield None, U64.pack(len(names)) + b"".join(U64.pack(len(name)) + name for name in names)


def _kept(value: Array | Lazy) -> tuple[NDArray[Any] | Lazy, ...]:
    """What has the elements that are written."""
    return (value,) if isinstance(value, Lazy) else _parts(value)


def _parts(value: Array) -> tuple[NDArray[Any], ...]:
    """The arrays that are written: values, then indices."""
    match value:
        case RowSparse():
            return value.data, value.indices
        case CSR():
            return value.data, value.indptr, value.indices
    return (value,)


def _shape(value: Array) -> bytes:
    return struct.pack(f"<i{len(value.shape)}q", len(value.shape), *value.shape)


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    little: np.dtype[Any] = dtype.newbyteorder("<")
    return little
