"""`.params` files as all opened files are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from glueball.errors import FileFormatError

from ..base import Checkpoint, Entry, Index
from ..lazy import Lazy, with_copies
from ..progress import Progress
from .layout import Array
from .reading import ParamsFile
from .writing import save

__all__ = ["ParamsCheckpoint", "write"]


class ParamsCheckpoint(Checkpoint):
    """An opened `.params` file by names; arrays of a file without names are called "0", "1", ….

    Of a name that is repeated the last array has it, as in MXNet; the others, and shapes without values, are
    listed in `other`.

    Raises:
        FileFormatError: it is no such file, or a damaged one; it says which array and which byte.
        OSError: the system cannot open it.
    """

    format = "params"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        self._file = ParamsFile(path)
        self._places: dict[str, int] = {}
        entries: dict[str, Entry] = {}
        other: dict[str, str] = {}
        for place, found in enumerate(self._file):
            name = found.name if found.name is not None else str(place)
            if name in entries:
                other[f"{name} (array {self._places[name] + 1})"] = (
                    "replaced by a later array of the same name"
                )
            if found.data is None or found.shape is None or found.dtype is None:
                entries.pop(name, None)
                other[name] = f"no values, and the shape {found.shape}"
                continue
            offset = found.data.offset if found.storage == "default" else None
            entries[name] = Entry(name, found.shape, found.dtype, self._file.file, offset, found.storage)
            self._places[name] = place
        if self._file.trailing:
            other["the end"] = f"{self._file.trailing} bytes that belong to no array"
        super().__init__(
            self._file.file, entries, size=self._file.size, other=other, allow_expansion=allow_expansion
        )

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        array = self._file.read(self._places[entry.name], copy=False)
        return array[key]  # type: ignore[index]  # dense, as its entry says

    def _sparse(self, entry: Entry, copy: bool) -> Array:
        array = self._file.read(self._places[entry.name], copy=copy)
        assert array is not None  # the entry has values
        return array


def write(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Array | Lazy],
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    version: int = 2,
    progress: Progress | None = None,
) -> None:
    """Write a file that MXNet reads, with the arguments that all writers have; `save` says the rest.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by name, dense or sparse. No more than one lazy array is in memory.
        metadata: none; the format has no place for any.
        aliases: other name → name of the array. The format has no ties; each name gets the bytes.
        version: 2 or 3.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        FileFormatError: there are metadata, or what `save` refuses.
        DTypeError: the format has no such dtype.
        OSError: the system cannot write it.
    """
    if metadata:
        keys = ", ".join(map(repr, metadata))
        raise FileFormatError(f"a .params file has no place for metadata, and there are {keys}")
    save(path, with_copies(arrays, aliases), version=version, progress=progress)
