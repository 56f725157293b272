"""`.npz` and `.npy` files, written array by array."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glueball.errors import DTypeError, FileFormatError

from ..atomic import replacing
from ..lazy import Arrays, taken, with_copies
from ..progress import Meter, Progress, flat_bytes, total_bytes
from ..zips import ZipWriter

__all__ = ["write", "write_one"]

_MAX_NAME = 65_000  # bytes; zip's limit, without the suffix
_ALIGNMENT = 64  # bytes; a header is padded to as many, so elements are aligned too


def write(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write an `.npz` file that `numpy.load` reads, uncompressed: beside, synced, renamed.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by name, in the order that the file will have. No more than one lazy array is in memory.
        metadata: none; the format has no place for any.
        aliases: other name → name of the array. The format has no ties; each name gets the bytes.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        DTypeError: NumPy would read the array back as another dtype, as bfloat16.
        FileFormatError: there are metadata, or names that it cannot hold.
        OSError: the system cannot write it.
    """
    _no_metadata(metadata, "an .npz")
    named = with_copies(arrays, aliases)
    for name, value in named.items():
        _check(name, value.dtype)
    meter = Meter(progress, total_bytes(named))
    with replacing(path) as file:
        archive = ZipWriter(file, _ALIGNMENT)
        for name, value in named.items():
            array = taken(name, value)
            archive.add(f"{name}.npy", flat_bytes(array), meter, name, before=_header(array))
            del array  # before the next one is made
        archive.finish()


def write_one(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write an `.npy` file of a single array, whose name it does not keep.

    Raises:
        FileFormatError: there is not one array, or there are other names or metadata.
        DTypeError, OSError: as from `write`.
    """
    _no_metadata(metadata, "an .npy")
    if len(arrays) != 1 or aliases:
        count = len(arrays) + len(aliases or {})
        raise FileFormatError(f"an .npy has one array and no name; there are {count} names: write an .npz")
    ((name, value),) = arrays.items()
    _check(name, value.dtype)
    meter = Meter(progress, total_bytes(arrays))
    with replacing(path) as file:
        array = taken(name, value)
        file.write(_header(array))
        meter.write(file, flat_bytes(array), name)


def _no_metadata(metadata: Mapping[str, str] | None, what: str) -> None:
    if metadata:
        raise FileFormatError(
            f"{what} has no place for metadata, and there are {', '.join(map(repr, metadata))}"
        )


def _check(name: str, dtype: np.dtype[Any]) -> None:
    if len(name.encode()) > _MAX_NAME:
        raise FileFormatError(f"a name of {len(name.encode())} bytes is too long for a zip archive")
    if dtype.kind not in "biufc" or dtype.isbuiltin == 2:
        raise DTypeError(f"{name!r} is of dtype {dtype}, which NumPy's files do not keep; convert it")


def _header(array: NDArray[Any]) -> bytes:
    """The bytes of an `.npy` before its elements."""
    stream = io.BytesIO()
    little = array.dtype.newbyteorder("<")
    fields = {"descr": np.lib.format.dtype_to_descr(little), "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(stream, fields)
    return stream.getvalue()
