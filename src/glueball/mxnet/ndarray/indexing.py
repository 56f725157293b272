"""Indexing: which parts of an array share its memory, and how parts are assigned.

A basic index (integers and slices) that takes one unbroken run of memory gives a view; any other, and
every advanced index (arrays, lists), gives a copy. That is MXNet's rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._mode import mode
from .ndarray import NDArray, Tensor, raw, writable

__all__: list[str] = []


def _key(key: Any) -> Any:
    """An index as torch takes it; arrays in it as tensors of whole numbers."""
    if isinstance(key, tuple):
        return tuple(_key(part) for part in key)
    if isinstance(key, NDArray):
        return raw(key).long()
    if isinstance(key, np.ndarray):
        return torch.from_numpy(key.astype(np.int64))
    if isinstance(key, list):
        return torch.tensor(key)
    if isinstance(key, np.integer):
        return int(key)
    return key


def _advanced(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, Tensor) for part in parts)


def _negative(key: Any, shape: tuple[int, ...]) -> tuple[Any, list[int]]:
    """Steps below zero, which torch does not take, as steps above it and the axes to turn around."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if not any(isinstance(part, slice) and part.step is not None and part.step < 0 for part in parts):
        return key, []
    if any(part is Ellipsis for part in parts):
        at = parts.index(Ellipsis)
        given = sum(part is not None for part in parts) - 1
        parts[at : at + 1] = [slice(None)] * (len(shape) - given)
    turned, axis, out = [], 0, 0
    for place, part in enumerate(parts):
        if part is None:
            out += 1
            continue
        if isinstance(part, slice):
            start, stop, step = part.indices(shape[axis])
            if step < 0:
                count = len(range(start, stop, step))
                first = start + (count - 1) * step
                parts[place] = slice(first, start + 1 if count else first, -step)
                turned.append(out)
            out += 1
        axis += 1
    return tuple(parts), turned


def _getitem(self: NDArray, key: Any) -> NDArray:
    tensor = raw(self)
    key, turned = _negative(_key(key), tuple(tensor.shape))
    part = tensor[key]
    if turned:
        part = part.flip(turned)
    elif not _advanced(key) and not part.is_contiguous():
        part = part.clone(memory_format=torch.contiguous_format)
    return NDArray(part.reshape(1) if part.dim() == 0 else part, self._context)


def _setitem(self: NDArray, key: Any, value: Any) -> None:
    target = writable(self)
    key, turned = _negative(_key(key), tuple(target.shape))
    if isinstance(value, NDArray):
        value = raw(value) if mode.recording else value._tensor.detach()
    elif not isinstance(value, (int, float, bool, Tensor)):
        value = torch.as_tensor(np.asarray(value))
    if isinstance(value, Tensor):
        value = value.to(device=target.device, dtype=target.dtype)
        there = target[key].shape
        if value.dim() > len(there) and value.numel() == there.numel():
            value = value.reshape(there)
        if turned:
            value = value.broadcast_to(there).flip(turned)
    target[key] = value


setattr(NDArray, "__getitem__", _getitem)  # noqa: B010  # its type knows it already
setattr(NDArray, "__setitem__", _setitem)  # noqa: B010
