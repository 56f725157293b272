"""One array's record, read and checked; whatever is wrong with it is one error."""

from __future__ import annotations

import struct
from math import prod
from typing import Any

import numpy as np

from glueball.errors import FileFormatError, ShapeError

from ..sparse import index_shapes
from .layout import DEVICE_AND_DTYPE, DEVICES, DTYPES, I32, INDICES, MAGIC, STORAGES, U32, U64, Block, Entry

__all__ = ["Cursor"]

_VERSIONS = {magic: version for version, magic in MAGIC.items()}
_MAX_DIMENSIONS = 64  # NumPy's
_MAX_BYTES = 2**63 - 1


class Cursor:
    """A place in the content of a file, which moves on over what is taken.

    Args:
        content: of the whole file.
        at: the byte to begin at.
        where: the file and the array, for messages.

    Every method raises FileFormatError when what it should take is not there or cannot be.
    """

    __slots__ = ("at", "content", "where")

    def __init__(self, content: memoryview, at: int, where: str) -> None:
        self.content, self.at, self.where = content, at, where

    @property
    def left(self) -> int:
        """The bytes that follow."""
        return len(self.content) - self.at

    def bad(self, why: str, at: int) -> FileFormatError:
        """The error to raise for what is at a byte."""
        return FileFormatError(f"{self.where}, byte {at}: {why}")

    def skip(self, size: int, what: str) -> int:
        """Move over so many bytes; where they begin."""
        begin = self.at
        if size > self.left:
            raise self.bad(f"{what} takes {size} bytes, and the file ends after {self.left}", begin)
        self.at += size
        return begin

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        """The integers that are here."""
        return form.unpack_from(self.content, self.skip(form.size, "this part of the header"))

    def text(self) -> str:
        """A name: its length, then UTF-8."""
        (size,) = self.take(U64)
        begin = self.skip(size, "the name")
        try:
            return str(self.content[begin : self.at], "utf-8")
        except UnicodeDecodeError as error:
            raise self.bad("the name is not UTF-8", begin + error.start) from None

    def entry(self) -> Entry:
        """The array whose record begins here; its name stands elsewhere."""
        begin = self.at
        (magic,) = self.take(U32)
        version = _VERSIONS.get(magic, 0)
        if not version and magic > _MAX_DIMENSIONS:
            raise self.bad(f"no array begins with {magic:#x}", begin)
        storage, kept = STORAGES[0], None
        if version >= 2:
            (code,) = self.take(I32)
            if not 0 <= code < (len(STORAGES) if version == 2 else 1):
                raise self.bad(f"arrays of version {version} have no storage type {code}", self.at - 4)
            storage = STORAGES[code]
            kept = self._shape(version) if code else None
        shape = self._shape(version) if version else self._dimensions(magic, "I", 0)
        if version < 3:
            shape = shape or None
        if shape is None or -1 in shape:
            return Entry(None, version, storage, shape)
        return self._values(version, storage, shape, kept)

    def _values(
        self, version: int, storage: str, shape: tuple[int, ...], kept: tuple[int, ...] | None
    ) -> Entry:
        """Device, dtypes, values and indices: what follows after the shape of an array that has values."""
        device, number, code = self.take(DEVICE_AND_DTYPE)
        dtype = self._dtype(code)
        self._check_size(dtype, shape)
        place = f"{DEVICES.get(device, f'device type {device}')}({number})"
        if storage == STORAGES[0]:
            return Entry(None, version, storage, shape, place, self._block(dtype, shape))
        begin = self.at
        heads = [(self._dtype(*self.take(I32)), self._shape(version) or ()) for _ in range(INDICES[storage])]
        # MXNet may write how many values there were before it computed them; the indices are right.
        kept = (*heads[-1][1][:1], *(kept or ())[1:])
        try:
            wanted = index_shapes(storage, shape, kept)
        except ShapeError as error:
            raise self.bad(str(error), begin) from None
        for (integer, given), needed in zip(heads, wanted, strict=True):
            if integer.kind not in "iu" or given != needed:
                raise self.bad(f"indices must be integers of shape {needed}, not {integer} {given}", begin)
        data, *indices = (self._block(*block) for block in ((dtype, kept), *heads))
        return Entry(None, version, storage, shape, place, data, tuple(indices))

    def _shape(self, version: int) -> tuple[int, ...] | None:
        (length,) = self.take(I32)
        if version == 3 and length == -1:
            return None
        if not 0 <= length <= _MAX_DIMENSIONS:
            raise self.bad(f"no array has {length} dimensions", self.at - 4)
        return self._dimensions(length, "q", -1 if version == 3 else 0)

    def _dimensions(self, length: int, letter: str, least: int) -> tuple[int, ...]:
        form = f"<{length}{letter}"
        begin = self.skip(struct.calcsize(form), "the shape")
        shape = struct.unpack_from(form, self.content, begin)
        if shape and min(shape) < least:
            raise self.bad(f"no array has the shape {shape}", begin)
        return shape

    def _dtype(self, code: int) -> np.dtype[Any]:
        if code not in DTYPES:
            raise self.bad(f"no dtype has the code {code}", self.at - 4)
        return DTYPES[code]

    def _check_size(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        # NumPy counts the other dimensions of an empty array too.
        if prod(size or 1 for size in shape) * dtype.itemsize > _MAX_BYTES:
            raise self.bad(f"no memory holds {dtype} {shape}", self.at)

    def _block(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Block:
        self._check_size(dtype, shape)
        return Block(dtype, shape, self.skip(prod(shape) * dtype.itemsize, f"{dtype} {shape}"))
