"""Indexing: which parts of an array share its memory, and how parts are assigned.

A basic index (integers and slices) that takes one unbroken run of memory gives a view; any other, and
every advanced index (arrays, lists), gives a copy. That is MXNet's rule. A single element is an array of
shape (1,). Arrays in an index are whole numbers, whatever their type: a mask is not one of them.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from .creation import array as array_of
from .dtypes import as_kind
from .graph import INPLACE, raw, writable
from .keys import Key, key_of
from .ndarray import NDArray, Tensor

__all__: list[str] = []


def _all(key: Any) -> bool:
    """Whether it is `[:]`."""
    return type(key) is slice and key.start is None and key.stop is None and key.step is None


def _plain(key: Any) -> bool:
    """Whether torch does the same with it: whole numbers and slices forwards."""
    kind = type(key)
    if kind is tuple:
        return all(type(part) is int or (type(part) is slice and part.step is None) for part in key)
    return kind is int or (kind is slice and key.step is None)


def _getitem(self: NDArray, key: Any) -> NDArray:
    if type(key) is int:
        tensor = raw(self)
        try:
            part = tensor[key]
        except IndexError:
            key_of(key, tuple(tensor.shape), reads=True)
            raise
        return NDArray(part.reshape(1) if part.dim() == 0 else part, self._context)
    if _all(key) or (type(key) is tuple and not key):
        return self
    tensor = raw(self)
    if _plain(key):
        try:
            part = tensor[key]
        except IndexError:
            part = key_of(key, tuple(tensor.shape), reads=True).of(tensor)
        copies = not part.is_contiguous()
    else:
        parsed = key_of(key, tuple(tensor.shape), reads=True)
        part = parsed.of(tensor)
        copies = not parsed.advanced and not part.is_contiguous()
    if copies:
        part = part.clone(memory_format=torch.contiguous_format)
    return NDArray(part.reshape(1) if part.dim() == 0 else part, self._context)


def _setitem(self: NDArray, key: Any, value: Any) -> None:
    whole = _all(key)
    parsed = None
    if not whole and not _plain(key):
        parsed = key_of(key, self.shape, reads=False)
        whole = parsed.whole
    if isinstance(value, NDArray):
        values: Any = raw(value)
        if values.requires_grad:
            if not whole and not key_of(key, self.shape, reads=False).whole:
                writable(self)
                raise MXNetError(INPLACE)
            self._write(_spread(values, self.shape, False))
            return
    elif isinstance(value, (numbers.Real, np.bool_)):
        values = as_kind(value, self._tensor.dtype)
    else:
        values = _values(self, value)
    target = writable(self)
    from_numpy = isinstance(value, np.ndarray)
    if whole:
        _put(target, values, from_numpy)
    elif parsed is None:
        try:
            part = target[key]
        except IndexError:
            part = key_of(key, self.shape, reads=False).of(target)
        _put(part, values, from_numpy)
    else:
        _assign(target, parsed, values, from_numpy)


def _put(part: Tensor, values: Any, from_numpy: bool) -> None:
    """Write into what is a view."""
    if not isinstance(values, Tensor):
        part.fill_(values)
        return
    values = _spread(values, tuple(part.shape), from_numpy)
    part.copy_(values.reshape(()) if part.dim() == 0 else values)


def _assign(target: Tensor, key: Key, values: Any, from_numpy: bool) -> None:
    if key.simple and not key.advanced:
        _put(target[key.index], values, from_numpy)
    elif key.simple:
        if isinstance(values, Tensor):
            shape = tuple(target[key.index].shape)
            values = _spread(values, shape, from_numpy).to(target.device, target.dtype)
        target[key.index] = values
    else:  # New axes beside arrays, and steps backwards: find the elements first.
        at = key.of(torch.arange(target.numel(), device=target.device).reshape(target.shape))
        if not isinstance(values, Tensor):
            values = torch.tensor(values)
        values = _spread(values, tuple(at.shape), from_numpy).to(target.device, target.dtype)
        target.put_(at.reshape(-1), values.reshape(-1))


def _values(target: NDArray, value: Any) -> Tensor:
    """What is no array and no number, as a tensor."""
    if isinstance(value, Tensor):
        return value.detach()
    try:
        return raw(array_of(value, dtype=target.dtype))
    except (TypeError, ValueError):
        raise TypeError(
            f"{NDArray} does not support assignment with non-array-like object {value} of type {type(value)}"
        ) from None


def _spread(values: Tensor, shape: tuple[int, ...], from_numpy: bool) -> Tensor:
    """Values broadcast to a part's shape; axes of size 1 before the part's own fall away."""
    shape = shape or (1,)
    if values.shape == shape:
        return values
    extra = values.dim() - len(shape)
    fits = values
    if extra > 0 and all(size == 1 for size in values.shape[:extra]):
        fits = values.reshape(values.shape[extra:])
    try:
        return fits.broadcast_to(shape)
    except RuntimeError:
        pass
    if from_numpy:
        was, wanted = (str(tuple(x)).replace(" ", "") for x in (values.shape, shape))
        raise ValueError(
            "operands could not be broadcast together with remapped shapes [original->remapped]: "
            f"{was}  and requested shape {wanted}"
        )
    raise ValueError(
        "operands could not be broadcast together with remapped shapes[original->remapped]: "
        f"{tuple(values.shape)} and requested shape {shape}"
    )


def _full(self: NDArray, value: Any) -> NDArray:
    """Fill it with one number."""
    self[:] = value
    return self


def _at(self: NDArray, idx: int) -> NDArray:
    """The part at one place of the first axis, in the same memory."""
    return self[int(idx)]


def _slice(self: NDArray, start: int, stop: int) -> NDArray:
    """A run of the first axis, in the same memory."""
    return self[start:stop]


def slice_assign(self: NDArray, rhs: NDArray, begin: Any, end: Any, step: Any) -> NDArray:
    """Write an array into the part that slices take, in place.

    Args:
        rhs: of the part's shape.
        begin: where each slice begins; None for the axis' own.
        end: where it ends.
        step: from one index to the next.
    """
    key = tuple(map(slice, begin, end, step))
    part = self._tensor.shape if not key else key_of(key, self.shape, False).of(self._tensor).shape
    if rhs._tensor.shape != part:
        shown = (f"[{','.join(map(str, shape))}]" for shape in (rhs.shape, part))
        raise MXNetError("Shape inconsistent, Provided = {}, inferred shape={}".format(*shown))
    self[key] = rhs
    return self


def slice_assign_scalar(self: NDArray, value: float, begin: Any, end: Any, step: Any) -> NDArray:
    """Write a number into the part that slices take, in place."""
    self[tuple(map(slice, begin, end, step))] = value
    return self


for _name, _function in {
    "slice_assign": slice_assign,
    "slice_assign_scalar": slice_assign_scalar,
    "__getitem__": _getitem,
    "__setitem__": _setitem,
    "_full": _full,
    "_at": _at,
    "_slice": _slice,
}.items():
    setattr(NDArray, _name, _function)
