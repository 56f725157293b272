"""Keras's `.keras` files: a zip archive of a configuration, metadata and weights in HDF5."""

from __future__ import annotations

import io
import os
from typing import Any

from numpy.typing import NDArray

from glueball.errors import FileFormatError

from .archive import Archive, opened
from .base import Checkpoint, Entry, Index
from .hdf5 import Hdf5File
from .jsons import parsed
from .mapping import mapped

__all__ = ["WEIGHTS", "KerasFile"]

WEIGHTS = "model.weights.h5"
_METADATA = "metadata.json"
_MOST = 1 << 20  # bytes of metadata; Keras writes about a hundred


class KerasFile(Checkpoint):
    """An opened `.keras` file: the weights' entries, by their paths in the HDF5 file inside.

    The metadata are those of the archive and of the weights; the configuration and assets are listed in
    `other`.

    Raises:
        FileFormatError: it is no such file, or a damaged one.
        MissingExtraError: h5py is not installed.
        OSError: the system cannot open it.
    """

    format = "keras"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        file = os.fsdecode(path)
        content = mapped(path)
        archive = Archive(content, file)
        member = archive.members.get(WEIGHTS)
        if member is None:
            raise FileFormatError(f"{file}: the archive has no {WEIGHTS}, so it is no Keras model")
        if member.compressed:
            raise archive.bad(member, "it is compressed, and Keras keeps weights as they are")
        inside = io.BufferedReader(opened(content, member))
        self._weights = Hdf5File(path, content=inside, allow_expansion=allow_expansion)
        metadata = dict(self._weights.metadata)
        if _METADATA in archive.members:
            found = parsed(archive.read(_METADATA, _MOST), f"{file}, {_METADATA}")
            if isinstance(found, dict):
                metadata.update({key: text for key, text in found.items() if isinstance(text, str)})
        others = {
            name: f"{one.size} bytes"
            for name, one in archive.members.items()
            if name not in (WEIGHTS, _METADATA)
        }
        entries = {
            name: entry._replace(offset=None if entry.offset is None else entry.offset + member.offset)
            for name, entry in self._weights.items()
        }
        super().__init__(
            file,
            entries,
            size=len(content),
            metadata=metadata,
            aliases=self._weights.aliases,
            other={**others, **self._weights.other},
            allow_expansion=allow_expansion,
        )

    def close(self) -> None:
        """Let go of the file. Arrays that were read stay."""
        self._weights.close()

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        return self._weights._part(entry, key)
