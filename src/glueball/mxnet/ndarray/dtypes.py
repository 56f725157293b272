"""The types of elements, by MXNet's names (NumPy scalar types or their names) and by torch's."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import torch

__all__ = ["as_kind", "numpy_type", "torch_dtype"]

_NUMPY: dict[torch.dtype, Any] = {
    torch.float32: np.float32,
    torch.float64: np.float64,
    torch.float16: np.float16,
    torch.uint8: np.uint8,
    torch.int32: np.int32,
    torch.int8: np.int8,
    torch.int64: np.int64,
    torch.bool: np.bool_,
    torch.bfloat16: ml_dtypes.bfloat16,
}
_TORCH: dict[Any, torch.dtype] = {
    **{kind: dtype for dtype, kind in _NUMPY.items()},
    **{np.dtype(kind).name: dtype for dtype, kind in _NUMPY.items()},
    **{dtype: dtype for dtype in _NUMPY},
}


_LARGEST = float(np.finfo(np.float32).max)
_ROUNDS_TO_INF = 2.0**128 - 2.0**103


def numpy_type(dtype: torch.dtype) -> Any:
    """NumPy's scalar type for one of torch's."""
    return _NUMPY[dtype]


def torch_dtype(dtype: Any) -> torch.dtype:
    """Torch's type for what a user writes: None (float32), a name, a NumPy type or dtype, torch's own.

    Raises:
        TypeError: it names no type.
        KeyError: MXNet has no arrays of this type.
    """
    if dtype is None:
        return torch.float32
    try:
        return _TORCH[dtype]
    except (KeyError, TypeError):
        pass
    name = np.dtype(dtype).name
    if name not in _TORCH:
        known = ", ".join(np.dtype(kind).name for kind in _NUMPY.values())
        error = KeyError(np.dtype(dtype).type)
        error.add_note(f"MXNet has no arrays of this type; it has {known}.")
        raise error
    return _TORCH[name]


def as_kind(number: Any, dtype: torch.dtype) -> Any:
    """A Python or NumPy number as an array of this type takes it in.

    Integers take the whole part, converted as a processor does it: what does not fit into 32 bits (64 for
    int64) becomes the lowest number, and of smaller types the low bits count.
    """
    if dtype.is_floating_point:
        number = float(number)
        if dtype is torch.float16:
            return torch.tensor(number, dtype=dtype).item()
        if dtype is torch.float32 and _LARGEST < abs(number) < math.inf:
            return math.copysign(_LARGEST if abs(number) < _ROUNDS_TO_INF else math.inf, number)
        return number
    number = float(number)
    bits = 63 if dtype is torch.int64 else 31
    whole = int(number) if -(2.0**bits) <= number < 2.0**bits else -(2**bits)
    if dtype is torch.uint8:
        return whole & 255
    if dtype is torch.int8:
        return (whole + 128 & 255) - 128
    return bool(number) if dtype is torch.bool else whole
