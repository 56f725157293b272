"""Arrays in small parts, however they lie in memory: each part is one row without holes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

__all__ = ["PIECE", "parts"]

PIECE = 1 << 18
"""Elements that a thread takes at a time."""


def parts(*arrays: NDArray[Any]) -> Iterator[tuple[NDArray[Any], ...]]:
    """Arrays of one shape as rows of the same elements, in C order, each of at most `PIECE`.

    What lies in C order is not copied; of all else small copies are made.

    >>> import numpy as np
    >>> [part.tolist() for part, in parts(np.arange(6).reshape(2, 3).T)]
    [[0, 3, 1, 4, 2, 5]]
    """
    first = arrays[0]
    if all(array.flags.c_contiguous for array in arrays):
        arrays = tuple(array.reshape(-1) for array in arrays)
        first = arrays[0]
    if first.size <= PIECE:
        yield tuple(array.ravel() for array in arrays)
        return
    lines = PIECE * len(first) // first.size  # along the first axis, as many as fit
    for start in range(0, len(first), max(1, lines)):
        if lines:
            yield tuple(array[start : start + lines].ravel() for array in arrays)
        else:
            yield from parts(*(array[start] for array in arrays))
