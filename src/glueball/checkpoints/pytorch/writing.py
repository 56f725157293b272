"""`.pt` files, written array by array and without torch: what `torch.save` of a state dict would write.

The pickle is an OrderedDict of calls, each of which makes one tensor of a storage:

    _rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())

`_rebuild_tensor_v3` takes a dtype besides, for those without a storage class (float8, uint16 and wider). Its
instructions are of protocol 2, the one that `torch.load(weights_only=True)` reads.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from glueball.errors import DTypeError, FileFormatError

from ..atomic import replacing
from ..base import array_bytes
from ..lazy import Arrays, check_names, taken
from ..progress import Meter, Progress, flat_bytes, total_bytes
from ..zips import ZipWriter
from .tensors import DTYPES, STORAGES

__all__ = ["write"]

_ROOT = "archive"  # the folder in the archive, as torch calls it
_ALIGNMENT = 64  # bytes; torch's, and enough for any element
_CLASSES = {dtype: name for name, dtype in STORAGES.items() if name != "Untyped"}
_NAMES = {dtype: str(symbol).removeprefix("torch.") for symbol, dtype in DTYPES.items()}


def write(
    path: str | os.PathLike[str],
    arrays: Arrays,
    *,
    metadata: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a file that `torch.load` reads, mapped too: beside, synced, renamed.

    Args:
        path: of the file; one that is there is replaced.
        arrays: by name, in the order of the state dict. No more than one lazy array is in memory.
        metadata: none; the format has no place for any.
        aliases: other name → name of the array, for ties: its tensor is a view of the same storage, so that a
            change of one is a change of both.
        progress: told how far it is; see `progress.Progress`.

    Raises:
        DTypeError: torch has no such dtype.
        FileFormatError: there are metadata, or names or aliases that it cannot hold.
        OSError: the system cannot write it.

    >>> from tempfile import TemporaryDirectory
    >>> from glueball.checkpoints.pytorch import PytorchFile
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/net.pt", {"embed": np.eye(2)}, aliases={"head": "embed"})
    ...     file = PytorchFile(f"{folder}/net.pt")
    ...     print(file["embed"].shape, file.aliases)
    (2, 2) {'head': 'embed'}
    """
    aliases = aliases or {}
    check_names(arrays, aliases)
    if metadata:
        keys = ", ".join(map(repr, metadata))
        raise FileFormatError(f"a PyTorch file has no place for metadata, and there are {keys}")
    for name, value in arrays.items():
        if value.dtype.newbyteorder("<") not in _NAMES:
            known = ", ".join(dtype.name for dtype in _NAMES)
            raise DTypeError(f"{name!r} is of dtype {value.dtype}; torch has {known}")
        array_bytes(value.dtype, value.shape)
    pickle = _pickle(arrays, aliases)
    meter = Meter(progress, total_bytes(arrays))
    with replacing(path) as file:
        archive = ZipWriter(file, _ALIGNMENT)
        archive.add(f"{_ROOT}/data.pkl", memoryview(pickle))
        archive.add(f"{_ROOT}/byteorder", memoryview(b"little"))
        for key, (name, value) in enumerate(arrays.items()):
            array = taken(name, value)
            archive.add(f"{_ROOT}/data/{key}", flat_bytes(array), meter, name)
            del array  # before the next one is made
        archive.add(f"{_ROOT}/version", memoryview(b"3\n"))
        archive.finish()


def _pickle(arrays: Arrays, aliases: Mapping[str, str]) -> bytes:
    """The state dict's instructions."""
    code = _Code()
    code.name("collections", "OrderedDict")
    code.add(b")R(")
    keys = {name: key for key, name in enumerate(arrays)}
    for name, key in keys.items():
        code.row(name, key, arrays[name].dtype, arrays[name].shape)
    for alias, name in aliases.items():
        code.row(alias, keys[name], arrays[name].dtype, arrays[name].shape)
    code.add(b"u.")
    return b"".join(code.pieces)


class _Code:
    """Instructions of protocol 2; names that come again are recalled."""

    def __init__(self) -> None:
        self.pieces = [b"\x80\x02"]
        self.add = self.pieces.append
        self._memo: dict[bytes, bytes] = {}

    def row(self, name: str, key: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        """A name, and the call that makes the tensor of a whole storage."""
        kind = _NAMES[dtype.newbyteorder("<")]
        typed = kind in _CLASSES
        self.add(_text(name))
        self.name("torch._utils", "_rebuild_tensor_v2" if typed else "_rebuild_tensor_v3")
        self.add(b"((")
        self.once(_text("storage"))
        if typed:
            self.name("torch", f"{_CLASSES[kind]}Storage")
        else:
            self.name("torch.storage", "UntypedStorage")
        self.add(_text(str(key)))
        self.once(_text("cpu"))
        self.add(_integer(prod(shape) * (1 if typed else dtype.itemsize)) + b"tQ" + _integer(0))
        self.add(_tuple(shape) + _tuple(_strides(shape)) + b"\x89")  # False: it requires no gradient
        self.name("collections", "OrderedDict")  # of no hooks
        self.add(b")R")
        if not typed:
            self.name("torch", kind)
        self.add(b"tR")

    def name(self, module: str, name: str) -> None:
        """A function or a class."""
        self.once(f"c{module}\n{name}\n".encode())

    def once(self, instructions: bytes) -> None:
        """What these make; the second time from the memo, which has room for 256 (there are about 40)."""
        if instructions in self._memo:
            self.add(self._memo[instructions])
            return
        place = bytes([len(self._memo)])
        self._memo[instructions] = b"h" + place
        self.add(instructions + b"q" + place)


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Torch's of a contiguous tensor; a dimension of 0 counts as 1.

    >>> _strides((2, 0, 3))
    (3, 3, 1)
    """
    return tuple(prod(max(size, 1) for size in shape[axis + 1 :]) for axis in range(len(shape)))


def _text(text: str) -> bytes:
    encoded = text.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def _integer(value: int) -> bytes:
    """A number of 0 and more.

    >>> _integer(3).hex(" "), _integer(1 << 31).hex(" ")
    ('4b 03', '8a 05 00 00 00 80 00')
    """
    if value < 1 << 8:
        return b"K" + bytes([value])
    if value < 1 << 16:
        return b"M" + struct.pack("<H", value)
    if value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little")


def _tuple(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_integer, values)) + b"t" if values else b")"
