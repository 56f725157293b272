"""`.npy` and `.npz` files, opened."""

from __future__ import annotations

import os
from contextlib import suppress
from math import prod
from typing import Any

from numpy.typing import NDArray

from glueball.errors import FileFormatError

from ..archive import Archive, Member
from ..base import Checkpoint, Entry, Index
from ..mapping import Content, mapped
from ..parts import part
from ..remote import Remote
from .layout import MOST, Npy, parse

__all__ = ["NpyFile", "NpzFile"]

_FEW = 256  # bytes of a header


class NpyFile(Checkpoint):
    """An opened `.npy` file: one array, which is called "0".

    Raises:
        FileFormatError: it is no such file, a damaged one, or its array holds objects, records or text.
        OSError: the system cannot open it.
    """

    format = "npy"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        file = os.fsdecode(path)
        self._content = mapped(path)
        size = len(self._content)
        self._npy = parse(self._content[:MOST], size, file)
        if self._npy.unreadable:
            raise FileFormatError(f"{file}, byte 0: {self._npy.unreadable}")
        entry = _entry("0", self._npy, file, 0)
        super().__init__(file, {"0": entry}, size=size, allow_expansion=allow_expansion)

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        return _array(self._npy, self._content, self._npy.begin, key)


class NpzFile(Checkpoint):
    """An opened `.npz` file: arrays by name, without their `.npy`.

    Raises:
        FileFormatError: it is no such file, or a damaged one; it says which member.
        OSError: the system cannot open it.
    """

    format = "npz"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        file = os.fsdecode(path)
        self._content = mapped(path)
        self._archive = Archive(self._content, file)
        self._arrays: dict[str, Npy] = {}
        entries: dict[str, Entry] = {}
        other: dict[str, str] = {}
        for name, member in self._archive.members.items():
            if not name.endswith(".npy"):
                other[name] = f"{member.size} bytes that are no array"
                continue
            where = f"{file}, member {name!r}"
            npy = self._parse(member, where)
            name = name.removesuffix(".npy")
            if npy.unreadable:
                other[name] = npy.unreadable
                continue
            self._arrays[name] = npy
            entries[name] = _entry(name, npy, file, None if member.compressed else member.offset)
        size = len(self._content)
        super().__init__(file, entries, size=size, other=other, allow_expansion=allow_expansion)

    def _parse(self, member: Member, where: str) -> Npy:
        if isinstance(self._content, Remote):
            with suppress(FileFormatError):  # nearly always these are enough, and they are there already
                return parse(self._archive.read(member.name, _FEW), member.size, where, member.offset)
        return parse(self._archive.read(member.name, MOST), member.size, where, member.offset)

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        npy, member = self._arrays[entry.name], self._archive.members[f"{entry.name}.npy"]
        if not member.compressed:
            return _array(npy, self._content, member.offset + npy.begin, key)
        self._check_expansion(entry, entry.nbytes)
        return _array(npy, self._archive.read(member.name), npy.begin, key)


def _entry(name: str, npy: Npy, file: str, begin: int | None) -> Entry:
    """The entry of an `.npy` that begins at a byte of the file, or nowhere."""
    plain = npy.dtype.str[0] != ">" and not (npy.fortran and len(npy.shape) > 1)
    offset = begin + npy.begin if begin is not None and plain else None
    return Entry(name, npy.shape, npy.dtype.newbyteorder("="), file, offset)


def _array(npy: Npy, content: Content, begin: int, key: Index) -> NDArray[Any]:
    strides = None
    if npy.fortran:
        strides = tuple(npy.dtype.itemsize * prod(npy.shape[:axis]) for axis in range(len(npy.shape)))
    return part(content, npy.shape, npy.dtype, begin, key, strides)
