"""One safetensors file, written array by array."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glueball.errors import DTypeError, FileFormatError

from ..atomic import replacing
from ..base import array_bytes
from ..lazy import Arrays, Lazy, check_names, taken
from ..progress import Meter, Progress, flat_bytes, total_bytes
from .layout import CODES, METADATA, check_metadata, header_bytes

__all__ = ["Planned", "plan", "put", "write"]


def write(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write one file: beside, synced, renamed. No more than one lazy array is in memory at a time.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by name, in the order that the names will have.
        metadata: text to text.
        aliases: other name → name of the array, for ties: stored once, and said in the metadata.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        DTypeError: the format has no such dtype.
        FileFormatError: names, aliases or metadata that it cannot hold.
        OSError: the system cannot write it.

    >>> from tempfile import TemporaryDirectory
    >>> from glueball.checkpoints.safetensors import SafetensorsFile
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/net.safetensors"
    ...     write(path, {"embed": np.eye(2)}, metadata={"epoch": "3"}, aliases={"head": "embed"})
    ...     file = SafetensorsFile(path)
    ...     print(file["embed"].dtype, file.metadata, file.aliases)
    ...     print(file.read("head", 0))
    float64 {'epoch': '3'} {'head': 'embed'}
    [1. 0.]
    """
    planned = plan(arrays, metadata or {}, aliases or {})
    meter = Meter(progress, total_bytes(arrays))
    with replacing(path) as file:
        put(file, planned, meter)


class Planned(NamedTuple):
    """A file that can be written: checked, and its header made."""

    header: bytes
    arrays: list[tuple[str, NDArray[Any] | Lazy]]  # in the order of their bytes


def plan(arrays: Arrays, metadata: Mapping[str, str], aliases: Mapping[str, str]) -> Planned:
    """Check all that can be checked before the first byte is written, and make the header.

    Errors are those of `write`.
    """
    check_names(arrays, aliases)
    check_metadata(metadata, aliases, arrays)
    notes = {**metadata, **aliases}
    for name, value in arrays.items():
        if name == METADATA:
            raise FileFormatError(f"no array can have the name {METADATA!r} in a safetensors file")
        if _little(value.dtype) not in CODES:
            known = ", ".join(dtype.name for dtype in CODES)
            raise DTypeError(f"{name!r} is of dtype {value.dtype}; the format has {known}")
    # Wider elements come first, so that all are aligned; torch cannot view those that are not.
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    begins, end = {}, 0
    for name in order:
        begins[name] = end
        end += array_bytes(arrays[name].dtype, arrays[name].shape)
    header = header_bytes(
        ((name, _little(value.dtype), value.shape, begins[name]) for name, value in arrays.items()), notes
    )
    return Planned(header, [(name, arrays[name]) for name in order])


def put(file: BinaryIO, planned: Planned, meter: Meter) -> None:
    """Write a planned file's bytes; contiguous little-endian arrays are not copied."""
    file.write(planned.header)
    for name, value in planned.arrays:
        array = taken(name, value)
        meter.write(file, flat_bytes(array), name)
        del array  # before the next one is made


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    little: np.dtype[Any] = dtype.newbyteorder("<")
    return little
