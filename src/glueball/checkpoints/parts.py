"""A part of an array in a file: a view where the file is mapped, else the fewest bytes that have it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import Index
from .mapping import Content
from .remote import Remote

__all__ = ["block", "part"]

_REQUEST = 1 << 16  # bytes that could have come in the time that one more request takes


def part(
    content: Content,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    offset: int,
    key: Index = (),
    strides: tuple[int, ...] | None = None,
) -> NDArray[Any]:
    """The part of an array that a key selects.

    Args:
        content: of the file.
        shape: of the whole array.
        dtype: as the file has it.
        offset: the byte of its first element.
        key: integers, slices and `...`.
        strides: in bytes, 0 and more; None for C order.
    """
    if 0 in shape:  # wherever a file says that it lies
        return np.empty(shape, dtype)[key]
    if not isinstance(content, Remote):
        whole: NDArray[Any] = np.ndarray(shape, dtype, content, offset, strides)
        return whole[key] if key != () else whole
    if strides is None:
        strides = tuple(
            dtype.itemsize * prod(max(size, 1) for size in shape[axis + 1 :]) for axis in range(len(shape))
        )
    # A view of one element, as large as the array: NumPy checks the key and says what comes out.
    result = np.broadcast_to(np.empty((), dtype), shape)[key].shape
    if 0 in result:
        return np.empty(result, dtype)
    selected, then = block(key, shape)
    counts = tuple(len(range(one.start, one.stop, one.step)) for one in selected)
    steps = tuple(one.step * stride for one, stride in zip(selected, strides, strict=True))
    begin = offset + sum(one.start * stride for one, stride in zip(selected, strides, strict=True))

    width: int = dtype.itemsize

    # Leading axes are fetched row by row where that saves more bytes than the requests cost.
    def span(axis: int) -> int:
        rest = zip(counts[axis:], steps[axis:], strict=True)
        return int(sum((count - 1) * step for count, step in rest)) + width

    outer = 0
    for axis in range(1, len(counts) + 1):
        rows = prod(counts[:axis])
        if rows * (span(axis) + _REQUEST) < prod(counts[:outer]) * (span(outer) + _REQUEST):
            outer = axis
    size = span(outer)
    places = [
        begin + sum(i * step for i, step in zip(where, steps, strict=False))
        for where in np.ndindex(counts[:outer])
    ]
    if len(places) == 1:
        pieces = [content.fetch(places[0], places[0] + size)]
    else:
        pieces = content.fetch_all([(place, place + size) for place in places])
    inner = [np.ndarray(counts[outer:], dtype, piece, 0, steps[outer:]) for piece in pieces]
    found = inner[0] if outer == 0 else np.stack(inner)
    selection: NDArray[Any] = found.reshape(counts)[then]
    return selection.reshape(result)


def block(key: Index, shape: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[Any, ...]]:
    """A selection by steps that rise, and what to do with what it gives.

    Every dimension is a slice in the first, so that none is lost before the second.

    >>> block((slice(None, None, -2), 1), (4, 3))
    ((slice(1, 4, 2), slice(1, 2, 1)), (slice(None, None, -1), 0))
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis not in keys:
        keys.append(Ellipsis)
    where = keys.index(Ellipsis)
    keys[where : where + 1] = [slice(None)] * (len(shape) - len(keys) + 1)
    rising: list[slice] = []
    then: list[Any] = []
    for one, size in zip(keys, shape, strict=True):
        if not isinstance(one, slice):
            index = range(size)[one]  # type: ignore[index]  # an integer, as NumPy has found
            rising.append(slice(index, index + 1, 1))
            then.append(0)
            continue
        places = range(size)[one]
        up = places[::-1] if places.step < 0 else places
        rising.append(slice(up[0], up[-1] + 1, up.step) if up else slice(0, 0, 1))
        then.append(slice(None, None, -1) if places.step < 0 else slice(None))
    return tuple(rising), tuple(then)
