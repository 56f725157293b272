"""`nd.random`: MXNet's own random numbers, bit for bit, wherever the array then goes."""

from __future__ import annotations

from typing import Any

import torch

from .. import generators
from ..context import Context
from .creation import _made, _sizes
from .ndarray import NDArray

__all__ = ["normal", "uniform"]


def _drawn(values: Any, ctx: Context | None, out: NDArray | None) -> NDArray:
    tensor = torch.from_numpy(values)
    if out is not None:
        out._write(tensor)
        return out
    return _made(tensor, ctx)


def uniform(
    low: Any = 0, high: Any = 1, shape: Any = (1,), dtype: Any = None, ctx: Context | None = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Even between `low` and `high`."""
    shape = out.shape if out is not None else _sizes(shape)
    return _drawn(generators.uniform(low, high, shape, dtype or "float32"), ctx, out)


def normal(
    loc: Any = 0, scale: Any = 1, shape: Any = (1,), dtype: Any = None, ctx: Context | None = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Normal with mean `loc` and deviation `scale`."""
    shape = out.shape if out is not None else _sizes(shape)
    return _drawn(generators.normal(loc, scale, shape, dtype or "float32"), ctx, out)
