"""HDF5 files, written array by array."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from glueball.errors import DTypeError, FileFormatError, MissingExtraError

from ..atomic import replacing
from ..lazy import Arrays, Lazy, check_names, taken
from ..progress import Meter, Progress, total_bytes
from .reading import Hdf5File

__all__ = ["check", "put", "write"]

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_KNOWN = {np.dtype(code) for code in ("?", *"bBhHiIlLqQefdFD")}


def write(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    like: Hdf5File | None = None,
    progress: Progress | None = None,
) -> None:
    """Write an HDF5 file: beside, synced, renamed. Each name is a path, of groups and a dataset.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by path. No more than one lazy array is in memory.
        metadata: attributes of the file itself.
        aliases: other path → path of the array; a second link to the same dataset.
        like: a file that lends all else that it has: groups, attributes, and every dataset for which no array
            is given.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        DTypeError: the format has no such dtype.
        FileFormatError: names, aliases or metadata that it cannot hold.
        MissingExtraError: h5py is not installed.
        OSError: the system cannot write it.
    """
    check(arrays, metadata or {}, aliases or {})
    with replacing(path) as file:
        put(file, arrays, metadata or {}, aliases or {}, like, Meter(progress, total_bytes(arrays)))


def check(arrays: Arrays, metadata: Mapping[str, str], aliases: Mapping[str, str]) -> None:
    """Check all that can be checked before the first byte is written; errors are those of `write`."""
    try:
        import h5py  # noqa: F401  # here, so that nothing was written when it is missing
    except ModuleNotFoundError:
        raise MissingExtraError("h5py is not installed: pip install 'glueball[hdf5]'") from None
    check_names(arrays, aliases)
    paths = {*arrays, *aliases}
    for path in paths:
        parts = path.split("/")
        if "" in parts or "." in parts:
            raise FileFormatError(f"{path!r} is no path in an HDF5 file; write groups and a name, as 'a/b'")
        for depth in range(1, len(parts)):
            if (group := "/".join(parts[:depth])) in paths:
                raise FileFormatError(f"{group!r} is an array, and would be the group of {path!r} too")
    for name, value in arrays.items():
        dtype = value.dtype.newbyteorder("=")
        if dtype not in _KNOWN and dtype != _BFLOAT16:
            raise DTypeError(
                f"{name!r} is of dtype {value.dtype}; HDF5 files have bool, integers, floats of 16 to 64"
                " bits, complex numbers of 64 and 128, and bfloat16 as Keras writes it"
            )
    for key, text in metadata.items():
        if not all(type(part) is str and "\0" not in part for part in (key, text)):
            raise FileFormatError(f"metadata are text by text without zero bytes, not {key!r}: {text!r}")


def put(
    file: BinaryIO,
    arrays: Arrays,
    metadata: Mapping[str, str],
    aliases: Mapping[str, str],
    like: Hdf5File | None,
    meter: Meter,
) -> None:
    """Write what was checked into an empty file that can be read and sought."""
    import h5py

    with h5py.File(file, "w") as into:
        left = dict(arrays)
        if like is not None:
            _copy(like.opened, into, "", left, meter, {})
        for name, value in left.items():
            _dataset(into, name, value, meter)
        for alias, name in aliases.items():
            if alias not in into:
                into[alias] = into[name]
        for key, text in metadata.items():
            into.attrs[key] = text


def _dataset(into: Any, name: str, value: NDArray[Any] | Lazy, meter: Meter) -> None:
    array = taken(name, value)
    if array.dtype == _BFLOAT16:
        into.create_dataset(name, data=np.asarray(array, order="C").view("V2")).attrs["dtype"] = "bfloat16"
    else:
        into.create_dataset(name, data=array)
    meter.wrote(array.nbytes, name)


def _copy(
    group: Any,
    into: Any,
    path: str,
    arrays: dict[str, NDArray[Any] | Lazy],
    meter: Meter,
    seen: dict[Any, str],
) -> None:
    """All that a group has, with arrays in the place of its datasets; those that were used are taken out."""
    import h5py

    _attributes(group, into[path or "/"])
    for key in group:
        inner = f"{path}/{key}" if path else key
        link = group.get(key, getlink=True)
        if isinstance(link, h5py.SoftLink):
            into[inner] = h5py.SoftLink(link.path)
            continue
        found = group[key]
        before = seen.setdefault(h5py.h5o.get_info(found.id).addr, inner)
        if inner in arrays:
            _dataset(into, inner, arrays.pop(inner), meter)
            _attributes(found, into[inner], but="dtype")
        elif before != inner:
            into[inner] = into[before]
        elif isinstance(found, h5py.Group):
            into.create_group(inner)
            _copy(found, into, inner, arrays, meter, seen)
        else:
            group.copy(key, into, inner)


def _attributes(found: Any, into: Any, but: str = "") -> None:
    for key in found.attrs:
        if key != but:
            into.attrs[key] = found.attrs[key]
