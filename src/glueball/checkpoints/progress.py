"""How far a long write has come, told to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .base import array_bytes

__all__ = ["Meter", "Progress", "flat_bytes", "total_bytes"]

Progress: TypeAlias = "Callable[[int, int, str], object]"
"""Called as `progress(done, total, name)`: bytes of arrays so far, of all, and the array's name."""

_PIECE = 1 << 24  # bytes between two calls for one large array


class Meter:
    """Counts what is written.

    Args:
        progress: what is told, after each array and within large ones; the last time `done` is `total`.
            What it raises ends the write as any other error does.
        total: bytes of all arrays together.

    >>> import io
    >>> meter = Meter(lambda done, total, name: print(done, total, name), 5)
    >>> meter.write(io.BytesIO(), memoryview(b"abc"), "a")
    3 5 a
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def write(self, file: BinaryIO, data: memoryview, name: str) -> None:
        """Write an array's bytes."""
        if self._progress is None:
            file.write(data)
            return
        for at in range(0, len(data) or 1, _PIECE):
            piece = data[at : at + _PIECE]
            file.write(piece)
            self.wrote(len(piece), name)

    def wrote(self, count: int, name: str) -> None:
        """Some bytes of an array have been written."""
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total, name)


def total_bytes(arrays: Mapping[str, Any]) -> int:
    """The bytes of all arrays, lazy ones too."""
    return sum(array_bytes(value.dtype, value.shape) for value in arrays.values())


def flat_bytes(array: NDArray[Any]) -> memoryview:
    """The elements in C order, little-endian, as bytes; not copied where they lie so already.

    >>> bytes(flat_bytes(np.array([1, 2], ">i2"))).hex()
    '01000200'
    """
    flat = np.asarray(array, array.dtype.newbyteorder("<"), order="C").reshape(-1)
    return flat.view(np.uint8).data
