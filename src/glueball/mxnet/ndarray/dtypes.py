"""The types of elements, by MXNet's names (NumPy scalar types or their names) and by torch's."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import torch

__all__ = ["numpy_type", "torch_dtype"]

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


def numpy_type(dtype: torch.dtype) -> Any:
    """NumPy's scalar type for one of torch's."""
    return _NUMPY[dtype]


def torch_dtype(dtype: Any) -> torch.dtype:
    """Torch's type for what a user writes: None (float32), a name, a NumPy type or dtype, torch's own.

    Raises:
        TypeError: MXNet has no arrays of this type.
    """
    if dtype is None:
        return torch.float32
    try:
        return _TORCH[dtype]
    except (KeyError, TypeError):
        pass
    try:
        return _TORCH[np.dtype(dtype).name]
    except (KeyError, TypeError):
        known = ", ".join(np.dtype(kind).name for kind in _NUMPY.values())
        raise TypeError(f"MXNet has no arrays of type {dtype!r}; it has {known}.") from None
