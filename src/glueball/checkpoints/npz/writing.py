"""`.npz` files, written array by array."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping

import numpy as np

from glueball.errors import DTypeError, FileFormatError

from ..atomic import replacing
from ..lazy import Arrays, taken, with_copies

__all__ = ["write"]

_DATE = 1980, 1, 1, 0, 0, 0  # the earliest that zip has: the same arrays give the same bytes
_MAX_NAME = 65_000  # bytes; zip's limit, without the suffix


def write(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> None:
    """Write an `.npz` file that `numpy.load` reads, uncompressed: beside, synced, renamed.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by name, in the order that the file will have. No more than one lazy array is in memory.
        metadata: none; the format has no place for any.
        aliases: other name → name of the array. The format has no ties; each name gets the bytes.

    Raises:
        DTypeError: NumPy would read the array back as another dtype, as bfloat16.
        FileFormatError: there are metadata, or names that it cannot hold.
        OSError: the system cannot write it.
    """
    if metadata:
        raise FileFormatError(
            f"an .npz has no place for metadata, and there are {', '.join(map(repr, metadata))}"
        )
    named = with_copies(arrays, aliases)
    for name, value in named.items():
        if value.dtype.kind not in "biufc" or value.dtype.isbuiltin == 2:
            raise DTypeError(
                f"{name!r} is of dtype {value.dtype}, which NumPy's files do not keep; convert it"
            )
        if len(name.encode()) > _MAX_NAME:
            raise FileFormatError(f"a name of {len(name.encode())} bytes is too long for a zip archive")
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, value in named.items():
            info = zipfile.ZipInfo(f"{name}.npy", _DATE)
            info.external_attr = 0o600 << 16  # what NumPy and zipfile give
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, taken(name, value), allow_pickle=False)
