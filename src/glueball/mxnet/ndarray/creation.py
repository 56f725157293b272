"""Arrays from nothing, from numbers and from other libraries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..context import Context, current_context, device_of
from .dtypes import torch_dtype
from .ndarray import NDArray, raw

__all__ = ["arange", "array", "empty", "from_numpy", "from_torch", "full", "ones", "waitall", "zeros"]

Shape = int | Sequence[int]


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """A new array with the values of anything that NumPy reads, or of another array.

    Args:
        source_array: nested lists, a NumPy array, an NDArray.
        ctx: where; by default the current context.
        dtype: by default that of an NDArray, else float32.

    >>> from glueball.mxnet import nd
    >>> nd.array([1, 2]).dtype
    <class 'numpy.float32'>
    """
    if isinstance(source_array, NDArray):
        values = raw(source_array)
        wanted = values.dtype if dtype is None else torch_dtype(dtype)
        return _made(values.detach().to(wanted, copy=True), ctx)
    if isinstance(source_array, torch.Tensor):
        return _made(source_array.detach().to(torch_dtype(dtype), copy=True), ctx)
    if not isinstance(source_array, np.ndarray):
        source_array = np.array(
            [_plain(part) for part in source_array] if _listed(source_array) else source_array
        )
    wanted = torch_dtype(dtype)
    if source_array.dtype.name == "bfloat16":
        source_array = source_array.astype(np.float32)
    values = torch.from_numpy(np.ascontiguousarray(source_array)).to(wanted, copy=True)
    return _made(values.reshape(1) if values.dim() == 0 else values, ctx)


def _listed(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _plain(value: Any) -> Any:
    if isinstance(value, NDArray):
        return value.asnumpy()
    return [_plain(part) for part in value] if _listed(value) else value


def _made(values: torch.Tensor, ctx: Context | None) -> NDArray:
    context = current_context() if ctx is None else ctx
    if context.device_type == "gpu":
        values = values.to(device_of(context))
    return NDArray(values, context)


def _sizes(shape: Shape) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))


def full(
    shape: Shape, val: float, ctx: Context | None = None, dtype: Any = None, out: NDArray | None = None
) -> NDArray:
    """An array of one value everywhere."""
    if out is not None:
        out._write(val)
        return out
    context = current_context() if ctx is None else ctx
    return NDArray(
        torch.full(_sizes(shape), val, dtype=torch_dtype(dtype), device=device_of(context)), context
    )


def zeros(shape: Shape, ctx: Context | None = None, dtype: Any = None, **options: Any) -> NDArray:
    """An array of zeros."""
    return full(shape, 0, ctx, dtype, **options)


def ones(shape: Shape, ctx: Context | None = None, dtype: Any = None, **options: Any) -> NDArray:
    """An array of ones."""
    return full(shape, 1, ctx, dtype, **options)


def empty(shape: Shape, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array whose values are whatever lay there."""
    context = current_context() if ctx is None else ctx
    return NDArray(torch.empty(_sizes(shape), dtype=torch_dtype(dtype), device=device_of(context)), context)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool | None = None,
    ctx: Context | None = None,
    dtype: Any = None,
) -> NDArray:
    """Numbers from `start` (0 where only one bound is given) up to and without `stop`.

    Args:
        repeat: how often each number stands, one after the other.
        infer_range: MXNet's hint for graphs; here without effect.
    """
    if stop is None:
        start, stop = 0, start
    context = current_context() if ctx is None else ctx
    numbers = torch.from_numpy(np.arange(start, stop, step)).to(torch_dtype(dtype))
    if repeat > 1:
        numbers = numbers.repeat_interleave(repeat)
    return NDArray(numbers.to(device_of(context)), context)


def from_numpy(ndarray: np.ndarray[Any, Any], zero_copy: bool = True) -> NDArray:
    """An array in the memory of a NumPy array, or (without `zero_copy`) a copy of it."""
    if not zero_copy:
        return array(ndarray, dtype=ndarray.dtype)
    if not ndarray.flags["C_CONTIGUOUS"]:
        raise ValueError("Only c-contiguous arrays are supported for zero-copy")
    return NDArray(torch.from_numpy(ndarray))


def from_torch(tensor: torch.Tensor) -> NDArray:
    """An array around a torch tensor: the same memory, and the same graph where it has one.

    >>> import torch
    >>> from glueball.mxnet import nd
    >>> tensor = torch.zeros(2)
    >>> nd.from_torch(tensor)[:] = 3
    >>> tensor
    tensor([3., 3.])
    """
    return NDArray(tensor)


def waitall() -> None:
    """Return when everything asked of a GPU is done."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
