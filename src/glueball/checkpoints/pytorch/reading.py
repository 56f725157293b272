"""PyTorch files, opened."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glueball.errors import FileFormatError, ShapeError

from ..archive import Archive
from ..base import Checkpoint, Entry, Index, array_bytes
from ..mapping import mapped
from ..parts import part
from ..remote import Remote
from .places import Places
from .storages import Bytes, Contents, is_old, old, zipped
from .tensors import Tensor

__all__ = ["PytorchFile"]

_TAR = 257, b"ustar"


class PytorchFile(Checkpoint):
    """An opened PyTorch file: every tensor by its path, and all other content in `other`.

    Tensors that are the same elements of the same storage are one entry with aliases; other views of a
    storage are entries of their own. Quantized, sparse and nested tensors are listed in `other`; the dense
    tensors that a sparse one is made of are entries.

    Raises:
        FileFormatError: it is no such file, or a damaged one.
        OSError: the system cannot open it.
    """

    format = "pytorch"

    def __init__(self, path: str | os.PathLike[str], *, allow_expansion: bool = False) -> None:
        file = os.fsdecode(path)
        self._content = mapped(path)
        self._archive: Archive | None = None
        found = self._apart(file)
        places = Places(found.root, found.pickle_size, file)
        self._big_endian = found.big_endian
        self._tensors: dict[str, tuple[Tensor, Bytes]] = {}
        entries: dict[str, Entry] = {}
        aliases: dict[str, str] = {}
        first: dict[object, str] = {}
        for name, tensor in places.tensors.items():
            same = first.setdefault(_identity(tensor), name)
            if same != name:
                aliases[name] = same
                continue
            place = _checked(tensor, found.storages, f"{file}, tensor {name!r}")
            self._tensors[name] = tensor, place
            plain = place.member is None and not found.big_endian and _is_plain(tensor)
            offset = place.offset + _begin(tensor) if plain else None
            entries[name] = Entry(name, tensor.shape, tensor.dtype, file, offset)
        unused = {
            f"the storage {key}": f"{place.size} bytes that no tensor uses"
            for key, place in found.storages.items()
            if key not in places.storages
        }
        other = {**places.other, **found.other, **unused}
        size = len(self._content)
        super().__init__(
            file, entries, size=size, aliases=aliases, other=other, allow_expansion=allow_expansion
        )

    def _apart(self, file: str) -> Contents:
        content = self._content
        if content[:4] == b"PK\x03\x04":
            self._archive = Archive(content, file)
            return zipped(self._archive, file)
        if is_old(content[:64]):
            if isinstance(content, Remote):
                content = self._content = content.whole(
                    "the format before PyTorch 1.6 is read from its start on"
                )
            return old(content, file)
        if content[_TAR[0] : _TAR[0] + len(_TAR[1])] == _TAR[1]:
            raise FileFormatError(
                f"{file}: PyTorch's tar format, from before version 0.2, is not read;"
                " load it with an old PyTorch and save it again"
            )
        raise FileFormatError(f"{file}, byte 0: this is no PyTorch file")

    def _part(self, entry: Entry, key: Index) -> NDArray[Any]:
        tensor, place = self._tensors[entry.name]
        begin = _begin(tensor) + (place.offset if place.member is None else 0)
        content: Any = self._content
        if place.member is not None and self._archive is not None:
            self._check_expansion(entry, place.size)
            content = self._archive.read(place.member)
        width = tensor.dtype.itemsize
        swapped = self._big_endian and width > 1
        # ml_dtypes, whose dtypes NumPy counts as a user's (2), have one byte order; integers are swapped.
        plain = tensor.dtype.isbuiltin != 2
        raw = tensor.dtype if plain else np.dtype(f"u{width}")
        order = raw.newbyteorder(">" if swapped else "<")
        strides = tuple(stride * width for stride in tensor.strides)
        found = part(content, tensor.shape, order, begin, key, strides)
        if swapped:
            self._check_expansion(entry, found.nbytes)
            found = found.astype(raw)
        if not plain:
            found = np.asarray(found).view(tensor.dtype)
        if tensor.conjugate or tensor.negative:
            self._check_expansion(entry, found.nbytes)
            found = np.conjugate(found) if tensor.conjugate else found
            found = np.negative(found) if tensor.negative else found
        return found


def _begin(tensor: Tensor) -> int:
    """The byte of its storage where a tensor's first element lies."""
    return tensor.storage.begin * tensor.storage.dtype.itemsize + tensor.offset * tensor.dtype.itemsize


def _is_plain(tensor: Tensor) -> bool:
    """Whether its elements lie one after the other as they are."""
    expected = 1
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.strides), strict=True):
        if size > 1 and stride != expected:
            return False
        expected *= size
    return not (tensor.conjugate or tensor.negative)


def _identity(tensor: Tensor) -> object:
    """What two tensors have in common when they are the same elements."""
    strides = [stride for stride, size in zip(tensor.strides, tensor.shape, strict=True) if size > 1]
    if 0 in tensor.shape:
        return tensor  # of no elements: equal when all that is said of them is
    flags = tensor.conjugate, tensor.negative
    return tensor.storage.key, _begin(tensor), tensor.dtype, tensor.shape, tuple(strides), flags


def _checked(tensor: Tensor, storages: dict[str, Bytes], where: str) -> Bytes:
    """The bytes of a tensor's storage, in which all its elements lie."""
    storage = tensor.storage
    place = storages.get(storage.key)
    if place is None:
        raise FileFormatError(f"{where}: its storage {storage.key!r} is not in the file")
    try:
        array_bytes(tensor.dtype, tensor.shape)
    except ShapeError as error:
        raise FileFormatError(f"{where}: {error}") from None
    if storage.size * storage.dtype.itemsize > place.size:
        raise FileFormatError(
            f"{where}, byte {place.offset}: its storage is said to have {storage.size} elements of"
            f" {storage.dtype.itemsize} bytes, and has {place.size} bytes"
        )
    if 0 not in tensor.shape:
        last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
        end = (tensor.offset + last + 1) * tensor.dtype.itemsize
        if end > storage.length * storage.dtype.itemsize:
            raise FileFormatError(
                f"{where}, byte {place.offset}: elements up to byte {end} of its storage, which has"
                f" {storage.length * storage.dtype.itemsize}"
            )
    return place
