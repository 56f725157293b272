"""What stands between the brackets: read, checked, and as torch takes it.

Beside arrays MXNet puts a new axis where NumPy does not: after as many of the result's axes as there are
slices before it, counted after the arrays' own axes where the arrays do not stand together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from .graph import raw
from .ndarray import NDArray, Tensor

__all__ = ["Key", "key_of"]


class Key:
    """An index that was read for an array of some shape.

    Attributes:
        index: what torch takes; steps are positive in it, and beside arrays it has no new axes.
        advanced: whether there are arrays in it.
        whole: whether it takes the whole array as it lies.
        turned: the result's axes to be turned around.
        axes: new axes to be put into the result.
        first: where arrays stand that have to come first, and how many axes are theirs.
    """

    __slots__ = ("advanced", "axes", "first", "index", "turned", "whole")

    def __init__(self) -> None:
        self.index: tuple[Any, ...] = ()
        self.advanced = False
        self.whole = False
        self.turned: list[int] = []
        self.axes: list[int] = []
        self.first: tuple[int, int] | None = None

    @property
    def simple(self) -> bool:
        """Whether torch's own indexing does it."""
        return not (self.turned or self.axes or self.first)

    def of(self, tensor: Tensor) -> Tensor:
        """The part of a tensor."""
        part = tensor[self.index]
        if self.turned:
            part = part.flip(self.turned)
        if self.first:
            place, count = self.first
            part = part.movedim(tuple(range(place, place + count)), tuple(range(count)))
        for axis in self.axes:
            part = part.unsqueeze(axis)
        return part


def key_of(key: Any, shape: tuple[int, ...], reads: bool) -> Key:
    """Read an index.

    Args:
        key: what the user wrote.
        shape: of the array.
        reads: whether it is read; only then MXNet counts the axis of an error otherwise.

    Raises:
        IndexError: something is out of bounds, or there are too many.
        ValueError: something cannot be an index.
    """
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = _filled([_part(part) for part in parts], len(shape))
    parsed = Key()
    if any(isinstance(part, Tensor) for part in parts):
        _read_advanced(parsed, parts, shape)
    else:
        _read_basic(parsed, parts, shape, reads)
    return parsed


def _part(part: Any) -> Any:
    """One part of an index: an int, a slice, None, an ellipsis or a tensor of whole numbers."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if isinstance(part, slice):
        return part if part.step != 0 else _no_step()
    if isinstance(part, (bool, np.integer)):
        return int(part)
    if isinstance(part, NDArray):
        part = raw(part)
        if part.dtype is torch.bool:
            error = ValueError(
                "Cannot perform boolean indexing in legacy mode. Please activate numpy semantics by "
                "calling `npx.set_np()` in the global scope before calling this function."
            )
            error.add_note("Here: index the tensors, x.as_torch()[mask.as_torch()].")
            raise error
    elif isinstance(part, (list, tuple, range, np.ndarray)):
        part = torch.from_numpy(np.array(part, dtype=np.int64))
    if isinstance(part, Tensor) and part.dim() == 0:
        refused = MXNetError("Operator broadcast_to inferring shapes failed.")
        refused.add_note("An array in an index has one dimension at least.")
        raise refused
    if isinstance(part, Tensor):
        return part.detach().to(torch.int64)
    raise ValueError(f"NDArray does not support slicing with key {part} of type {type(part)}.")


def _no_step() -> Any:
    raise ValueError("slice step cannot be zero")


def _filled(parts: list[Any], ndim: int) -> list[Any]:
    """One part for each axis, and the new axes: an ellipsis is what is missing."""
    given = len(parts) - sum(part is None or part is Ellipsis for part in parts)
    dots = [at for at, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1:
        raise IndexError("Cannot use more than one ellipsis (`...`) for indexing")
    if given > ndim:
        raise IndexError(f"too many indices ({given}) for array with {ndim} dimensions")
    missing = [slice(None)] * (ndim - given)
    if dots:
        return [*parts[: dots[0]], *missing, *parts[dots[0] + 1 :]]
    return parts + missing


def _out_of_bounds(index: int, axis: int, size: int) -> IndexError:
    return IndexError(f"index {index} is out of bounds for axis {axis} with size {size}")


def _sliced(part: slice, size: int) -> tuple[slice, bool]:
    """A slice with a positive step, and whether its run is to be turned around."""
    start, stop, step = part.indices(size)
    if step > 0:
        return slice(start, max(start, stop), step), False
    count = len(range(start, stop, step))
    low = start + (count - 1) * step
    return (slice(low, start + 1, -step), count > 1) if count else (slice(0, 0), False)


def _read_basic(parsed: Key, parts: list[Any], shape: tuple[int, ...], reads: bool) -> None:
    axis = out = 0
    whole = True
    numbers = sum(part is not None and not isinstance(part, slice) for part in parts)
    elements = reads and numbers == len(shape)  # one element: MXNet goes down axis by axis
    for at, part in enumerate(parts):
        if part is None:
            whole = False
            out += 1
            continue
        size = shape[axis]
        if isinstance(part, slice):
            parts[at], turned = _sliced(part, size)
            whole = whole and not turned and parts[at] == slice(0, size, 1)
            if turned:
                parsed.turned.append(out)
            out += 1
        else:
            whole = False
            if not -size <= part < size:
                raise _out_of_bounds(part, 0 if elements else axis, size)
        axis += 1
    parsed.whole = whole
    parsed.index = tuple(parts)


def _read_advanced(parsed: Key, parts: list[Any], shape: tuple[int, ...]) -> None:
    parsed.advanced = True
    arrays = [isinstance(part, (int, Tensor)) for part in parts]
    axis = 0
    index: list[Any] = []
    slices = 0
    axes: list[int] = []
    turned: list[int] = []
    shapes: list[torch.Size] = []
    for part in parts:
        if part is None:
            axes.append(slices)
            continue
        size = shape[axis]
        if isinstance(part, slice):
            part, turn = _sliced(part, size)
            if turn:
                turned.append(slices)
            slices += 1
        elif isinstance(part, int):
            if not -size <= part < size:
                raise _out_of_bounds(part, axis, size)
        else:
            outside = (part < -size) | (part >= size)
            if bool(outside.any()):
                raise _out_of_bounds(int(part[outside][0]), axis, size)
            shapes.append(part.shape)
        index.append(part)
        axis += 1
    count = _dimensions(shapes)
    # Integers count as arrays where there are arrays.
    parsed.index = tuple(torch.tensor([p]) if isinstance(p, int) else p for p in index)
    first, last = arrays.index(True), len(arrays) - 1 - arrays[::-1].index(True)
    together = all(arrays[first : last + 1])
    without = [x for x, part in zip(arrays, parts, strict=True) if part is not None]
    place = without.index(True)
    close = all(without[place : len(without) - without[::-1].index(True)])
    if close and not together and place:
        parsed.first = (place, count)
    ahead = count if not together else 0
    parsed.axes = [at + n + ahead for n, at in enumerate(axes)]
    # Where a slice's axis lies in torch's result: after the arrays' where these come first or before it.
    parsed.turned = [at + (count if not close or at >= place else 0) for at in turned]


def _dimensions(shapes: list[torch.Size]) -> int:
    """How many axes the arrays have together."""
    try:
        return len(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
    except RuntimeError:
        one, two = (tuple(shape) for shape in shapes[:2])
        raise ValueError(f"shape1={one} is not broadcastable to shape2={two}") from None
