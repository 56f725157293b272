"""What every opened file has in common, whatever its format.

An opened file is an ordered mapping of names to entries: what it says of each array, without the arrays.
`read` gives an array, or the slice of it that is asked for, and reads no more than it must.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from math import prod
from types import EllipsisType, MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glueball.errors import FileFormatError, NameNotFoundError, ShapeError

from ..patterns import nearest
from .lazy import Lazy
from .mapping import State
from .sparse import CSR, RowSparse

__all__ = ["Array", "Checkpoint", "Entry", "Index", "array_bytes"]

Array: TypeAlias = "NDArray[Any] | RowSparse | CSR"
Index: TypeAlias = "int | slice | EllipsisType | tuple[int | slice | EllipsisType, ...]"

_MAX_DIMENSIONS = 64  # NumPy's
_MAX_BYTES = 2**63 - 1
_LONG = 200  # letters; comparing longer names takes too long
_SMALL = 1 << 26  # bytes that any file may ask for
_EXPANSION = 16  # and above it, how many times its own size


class Entry(NamedTuple):
    """What a file says of one array.

    Attributes:
        name: as the file has it.
        shape: of the whole array, zeros that a sparse one leaves out included.
        dtype: NumPy's or ml_dtypes', in the machine's byte order, as `read` gives it.
        file: the path of the file with its bytes; of a sharded checkpoint the shard.
        offset: the byte of the file from which on all its elements lie in C order, little-endian; None where
            they do not lie so (compressed, in chunks, by other strides).
        storage: "default" (dense), "row_sparse" or "csr".
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    file: str
    offset: int | None
    storage: str = "default"

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of the whole array in memory."""
        return prod(self.shape) * self.dtype.itemsize


class Checkpoint(Mapping[str, Entry]):
    """An opened file: entries by name, in the file's order, and their arrays when asked for.

    A file is mapped into memory where its format allows it, for as long as this, or an array that was read
    without a copy, is alive. Each format is a subclass that finds the entries and gives parts of them.

    Attributes:
        format: its name: "safetensors", "pytorch", "params", "npz", "npy", "hdf5" or "keras".
        path: as text; of a sharded checkpoint the index's.
        size: of the file in bytes, or of all shards together.
        metadata: what the file says of itself, without the rows that are ties.
        aliases: other names of stored arrays (ties): name → the name that is stored. `read` takes both.
        other: what is in the file besides arrays that can be read: where → what, in a few words.
        states: path of each file → what tells it from another that takes its place (`mapping.state_of`).
            An opened file stays what it was, and its path may lead to another one.

    Raises:
        FileFormatError: a name cannot be shown on a terminal.
    """

    format: str
    states: Mapping[str, State] = MappingProxyType({})

    def __init__(
        self,
        path: str,
        entries: dict[str, Entry],
        *,
        size: int,
        metadata: dict[str, str] | None = None,
        aliases: dict[str, str] | None = None,
        other: dict[str, str] | None = None,
        allow_expansion: bool = False,
    ) -> None:
        self.path, self.size, self._entries = path, size, entries
        self.metadata = metadata if metadata is not None else {}
        self.aliases = aliases if aliases is not None else {}
        self.other = other if other is not None else {}
        self._most = _MAX_BYTES if allow_expansion else max(_SMALL, _EXPANSION * size)
        for names in (entries, self.aliases):
            if "".join(names).isprintable():
                continue
            for name in names:
                if not name.isprintable():
                    raise FileFormatError(f"{path}: the name {name!r} has characters that cannot be printed")

    def __getitem__(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise self._unknown(name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries  # Mapping's way makes the error, which looks for the nearest name

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<{self.format} {self.path!r}: {len(self)} arrays>"

    def read(self, name: str, key: Index = (), *, copy: bool = True) -> Array:
        """An array, or the part of it that `key` selects; no more than that part is read where it can be.

        Args:
            name: of an entry, or an alias.
            key: integers, slices and `...`, as for a NumPy array. Of a sparse array none.
            copy: False for an array that cannot be written to, and that is a view of the file where its
                format allows it.

        Raises:
            NameNotFoundError: there is no such array.
            FileFormatError: the array's bytes are damaged, or it would take far more memory than the file is
                large (open it with allow_expansion=True if that is meant).
            IndexError: the array has no such part.
        """
        entry = self[self.aliases.get(name, name)]
        if entry.storage != "default":
            if key != ():
                raise ShapeError(f"{name!r} is {entry.storage} and read as a whole; .dense() can be indexed")
            return self._sparse(entry, copy)
        part = np.asarray(self._part(entry, key))  # an element that integers select is no array yet
        self._check_expansion(entry, part.nbytes)  # a view of few bytes may be a copy to whoever reads it
        if part.dtype == np.bool_ and (part.view(np.uint8) > 1).any():
            part = np.asarray(
                part.view(np.uint8) != 0
            )  # any other byte is true as well, and NumPy counts on 0 and 1
        if not part.dtype.isnative:
            part = part.astype(part.dtype.newbyteorder("="))
        if not copy:
            part.flags.writeable = False
        elif not part.flags.writeable:  # it is the file's memory
            part = np.array(part, order="C")
        return part

    def lazy(self, name: str) -> Lazy:
        """The array to be, for a writer: read when its turn comes, and not copied where it is mapped.

        A sparse one will be dense.
        """
        entry = self[self.aliases.get(name, name)]

        def make() -> NDArray[Any]:
            array = self.read(name, copy=False)
            if isinstance(array, np.ndarray):
                return array
            self._check_expansion(entry, entry.nbytes)
            return array.dense()

        return Lazy(entry.shape, entry.dtype, make)

    def close(self) -> None:
        """Let go of the file. Arrays that were read stay."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        """The part of a dense array; one that cannot be written to is copied before a caller may."""

    def _sparse(self, entry: Entry, copy: bool) -> Array:
        raise NotImplementedError  # only some formats have them

    def _check_expansion(self, entry: Entry, nbytes: int) -> None:
        """Refuse to make an array far larger than the file."""
        if nbytes > self._most:
            raise FileFormatError(
                f"{entry.file}, {entry.name!r}: {nbytes} bytes are far more than the file's;"
                " open it with allow_expansion=True if they are meant"
            )

    def _unknown(self, name: str) -> NameNotFoundError:
        if name in self.other:
            return NameNotFoundError(f"{name!r} of {self.path} is not an array to read: {self.other[name]}")
        near = nearest(
            name[:_LONG], [known for known in (*self._entries, *self.aliases) if len(known) < _LONG]
        )
        hint = f"; nearest names: {', '.join(map(repr, near))}" if near else ""
        return NameNotFoundError(f"there is no {name!r} in {os.path.basename(self.path)}{hint}")


def array_bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """The bytes of a dense array.

    Raises:
        ShapeError: no memory could hold it.
    """
    if len(shape) <= _MAX_DIMENSIONS:
        size = prod(shape) * dtype.itemsize
        # NumPy counts the other dimensions of an empty array too.
        if (size or prod(one or 1 for one in shape) * dtype.itemsize) <= _MAX_BYTES:
            return size
    raise ShapeError(f"no memory holds {dtype} of shape {shape}")
