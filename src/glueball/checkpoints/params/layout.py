"""The numbers of the format, and what a file says of one array."""

from __future__ import annotations

import struct
from math import prod
from typing import Any, NamedTuple, TypeAlias

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ..sparse import CSR, RowSparse

__all__ = [
    "DEVICES",
    "DEVICE_AND_DTYPE",
    "DTYPES",
    "HEAD",
    "I32",
    "INDICES",
    "LIST_MAGIC",
    "MAGIC",
    "STORAGES",
    "U32",
    "U64",
    "Array",
    "Block",
    "Entry",
]

Array: TypeAlias = "NDArray[Any] | RowSparse | CSR"

LIST_MAGIC = 0x112
MAGIC = {1: 0xF993FAC8, 2: 0xF993FAC9, 3: 0xF993FACA}  # by version; version 0 has none
STORAGES = ("default", "row_sparse", "csr")
INDICES = {"row_sparse": 1, "csr": 2}  # how many index arrays a storage has
DEVICES = {1: "cpu", 2: "gpu", 3: "cpu_pinned", 5: "cpu_shared"}
DTYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<f8"),
    2: np.dtype("<f2"),
    3: np.dtype("u1"),
    4: np.dtype("<i4"),
    5: np.dtype("i1"),
    6: np.dtype("<i8"),
    7: np.dtype("?"),
    12: np.dtype(ml_dtypes.bfloat16),
}

HEAD = struct.Struct("<QQQ")  # magic, reserved, count of arrays
I32, U32, U64 = struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<Q")
DEVICE_AND_DTYPE = struct.Struct("<iii")


class Block(NamedTuple):
    """Where the elements of one array lie in a file, in C order."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int  # in bytes from the file's beginning

    @property
    def nbytes(self) -> int:
        """The bytes from `offset` on that are its elements."""
        return prod(self.shape) * self.dtype.itemsize


class Entry(NamedTuple):
    """What a file says of one array.

    Attributes:
        name: None in a file that has no names.
        version: of the array's record, 0 to 3.
        storage: "default" (dense), "row_sparse" or "csr".
        shape: of the whole array; -1 is an unknown dimension, None an unknown number of them, or no array.
        device: where it was when it was saved, such as "cpu(0)"; None where there are no values.
        data: the values; of a sparse array those that are kept. None where there are none.
        indices: a row-sparse array's rows; the row pointers and columns of a csr array.
    """

    name: str | None
    version: int
    storage: str
    shape: tuple[int, ...] | None
    device: str | None = None
    data: Block | None = None
    indices: tuple[Block, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The values' dtype, if there are values."""
        return self.data.dtype if self.data else None

    @property
    def nbytes(self) -> int:
        """What the file spends on values and indices."""
        return sum(block.nbytes for block in (self.data, *self.indices) if block)
