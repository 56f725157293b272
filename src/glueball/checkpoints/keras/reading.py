"""`.keras` files, opened."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from glueball.errors import FileFormatError

from ..archive import Archive, opened
from ..base import Checkpoint, Entry, Index
from ..hdf5 import Hdf5File
from ..jsons import parsed
from ..mapping import mapped

__all__ = ["METADATA", "WEIGHTS", "KerasFile"]

WEIGHTS = "model.weights.h5"
METADATA = "metadata.json"
_MOST = 1 << 20  # bytes of metadata; Keras writes about a hundred


class KerasFile(Checkpoint):
    """An opened `.keras` file: the weights' entries, by their paths in the HDF5 file inside.

    The metadata are those of the archive and of the weights; the configuration and assets are listed in
    `other`.

    Attributes:
        weights: the HDF5 file inside, opened.
        archive: all that is in the file.

    Raises:
        FileFormatError: it is no such file, or a damaged one.
        MissingExtraError: h5py is not installed.
        OSError: the system cannot open it.
    """

    format = "keras"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        file = os.fsdecode(path)
        content = mapped(path)
        archive = self.archive = Archive(content, file)
        member = archive.members.get(WEIGHTS)
        if member is None:
            raise FileFormatError(f"{file}: the archive has no {WEIGHTS}, so it is no Keras model")
        if member.compressed:
            raise archive.bad(member, "it is compressed, and Keras keeps weights as they are")
        inside = opened(content, member)
        self.weights = Hdf5File(path, content=inside, allow_expansion=allow_expansion)
        metadata = dict(self.weights.metadata)
        if METADATA in archive.members:
            found = parsed(archive.read(METADATA, _MOST), f"{file}, {METADATA}")
            if isinstance(found, dict):
                metadata.update({key: text for key, text in found.items() if isinstance(text, str)})
        others = {
            name: f"{one.size} bytes"
            for name, one in archive.members.items()
            if name not in (WEIGHTS, METADATA)
        }
        entries = {
            name: entry._replace(offset=None if entry.offset is None else entry.offset + member.offset)
            for name, entry in self.weights.items()
        }
        super().__init__(
            file,
            entries,
            size=len(content),
            metadata=metadata,
            aliases=self.weights.aliases,
            other={**others, **self.weights.other},
            allow_expansion=allow_expansion,
        )

    def close(self) -> None:
        """Let go of the file. Arrays that were read stay."""
        self.weights.close()

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        return self.weights._part(entry, key)
