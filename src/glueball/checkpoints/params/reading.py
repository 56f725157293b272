"""A file opened: its index first, its arrays when asked for."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glueball.errors import FileFormatError, ShapeError

from ..mapping import mapped
from ..remote import Remote
from ..sparse import CSR, RowSparse
from .layout import HEAD, LIST_MAGIC, U32, U64, Array, Block, Entry
from .records import Cursor

__all__ = ["ParamsFile", "Source", "load"]

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview"


class ParamsFile:
    """An opened `.params` file: a sequence of entries, and their arrays when asked for.

    All that can be wrong without looking at values is found on opening; the indices of a sparse array are
    checked when that is read. A file is mapped into memory for as long as this, or an array that was read
    without a copy, is alive; like every mapped file it must not be cut meanwhile (replacing it is safe). What
    follows after the last name is ignored, as MXNet does, and counted.

    Args:
        source: a path, or the content of a file as bytes.

    Attributes:
        file: the path as text, or "the given bytes"; for messages.
        named: whether the arrays have names. A file of no arrays has none.
        size: of the file, in bytes.
        trailing: how many bytes follow after the last name.

    Raises:
        FileFormatError: it is no such file, or a damaged one; it says which array and which byte.
        OSError: the system cannot open it.

    >>> content = bytes.fromhex(
    ...     "1201000000000000 0000000000000000 0100000000000000 c9fa93f9 00000000 01000000 0200000000000000"
    ...     "01000000 00000000 00000000 0000c03f 000020c0 0100000000000000 0400000000000000 62696173"
    ... )
    >>> file = ParamsFile(content)
    >>> file[0].name, file[0].shape, file[0].dtype, file[0].data.offset
    ('bias', (2,), dtype('float32'), 56)
    >>> file.read(0)
    array([ 1.5, -2.5], dtype=float32)
    """

    def __init__(self, source: Source) -> None:
        if isinstance(source, (bytes, bytearray, memoryview)):
            self.file, self._content = "the given bytes", memoryview(source).cast("B")
        else:
            content = mapped(source)
            if isinstance(content, Remote):
                content = content.whole("a .params file has no index")
            self.file, self._content = os.fsdecode(source), memoryview(content)
        self._starts, self._name_starts = array("Q"), array("Q")
        self.size = len(self._content)
        self.trailing = self._walk()
        self.named = bool(self._name_starts)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Entry]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Entry:
        index = range(len(self))[index]
        entry = Cursor(self._content, self._starts[index], self._where(index)).entry()
        return entry._replace(name=self._name(index)) if self.named else entry

    def names(self) -> list[str]:
        """The names in the file's order, repeated ones too; none in a file without names."""
        return list(map(self._name, range(len(self._name_starts))))

    def read(self, index: int, *, copy: bool = True) -> Array | None:
        """The array of one entry; None where the file has a shape at most.

        Args:
            index: its place in the file.
            copy: False for a view of the file that cannot be written to. Its elements may not be aligned,
                and slicing it reads no more than the slice.

        Raises:
            FileFormatError: the indices of a sparse array do not fit its shape.
        """
        entry = self[index]
        if entry.data is None or entry.shape is None:
            return None
        data, *indices = (self._elements(block, copy) for block in (entry.data, *entry.indices))
        try:
            match entry.storage:
                case "row_sparse":
                    return RowSparse(data, indices[0], entry.shape)
                case "csr":
                    return CSR(data, indices[0], indices[1], entry.shape)
        except ShapeError as error:
            where = self._where(index) + (f" ({entry.name!r})" if self.named else "")
            raise FileFormatError(f"{where}, byte {entry.indices[0].offset}: {error}") from None
        return data

    def _elements(self, block: Block, copy: bool) -> NDArray[Any]:
        flat = np.frombuffer(self._content, block.dtype, prod(block.shape), block.offset)
        flat.flags.writeable = False
        if block.dtype == np.bool_ and (flat.view(np.uint8) > 1).any():
            flat = flat.view(np.uint8) != 0  # any other byte is true as well, and NumPy counts on 0 and 1
            flat.flags.writeable = False
        shaped = flat.reshape(block.shape)
        return np.array(shaped) if copy else shaped

    def _walk(self) -> int:
        """Note where each array and each name begins; the number of bytes after the last."""
        cursor = Cursor(self._content, 0, self.file)
        magic, _, count = cursor.take(HEAD)
        if magic != LIST_MAGIC:
            raise FileFormatError(f"{self.file}, byte 0: this is no MXNet parameter file")
        if count > (room := cursor.left // U32.size):
            raise cursor.bad(f"{count} arrays are declared, and there is room for {room} at most", 16)
        for index in range(count):
            self._starts.append(cursor.at)
            cursor.where = self._where(index)
            cursor.entry()
        cursor.where = self.file
        (named,) = cursor.take(U64)
        if named not in (0, count):
            raise cursor.bad(f"{named} names are declared for {count} arrays", cursor.at - 8)
        for index in range(named):
            self._name_starts.append(cursor.at)
            cursor.where = f"{self.file}, name {index + 1} of {count}"
            cursor.text()
        return cursor.left

    def _name(self, index: int) -> str:
        return Cursor(self._content, self._name_starts[index], self.file).text()

    def _where(self, index: int) -> str:
        return f"{self.file}, array {index + 1}"


def load(source: Source, *, copy: bool = True) -> dict[str, Array | None] | list[Array | None]:
    """All arrays of a file: a dict by name, or a list where there are no names (or no arrays).

    Where a name is repeated, the last array has it, as in MXNet. `source`, `copy` and errors are those of
    `ParamsFile` and its `read`.
    """
    file = ParamsFile(source)
    arrays = (file.read(index, copy=copy) for index in range(len(file)))
    return dict(zip(file.names(), arrays, strict=True)) if file.named else list(arrays)
