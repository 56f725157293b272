"""`nd`: arrays and the operators on them."""

from __future__ import annotations

from . import (
    arithmetic,
    binary,
    dtypes,
    elementwise,
    indexing,
    layers,
    linear,
    random,
    reductions,
    shaping,
    softmaxes,
)
from .creation import arange, array, empty, eye, full, linspace, ones, waitall, zeros
from .exchange import from_dlpack, from_numpy, from_torch, to_dlpack_for_read, to_dlpack_for_write
from .ndarray import NDArray
from .register import OPERATORS

__all__ = [
    "NDArray",
    "arange",
    "arithmetic",
    "array",
    "binary",
    "dtypes",
    "elementwise",
    "empty",
    "eye",
    "from_dlpack",
    "from_numpy",
    "from_torch",
    "full",
    "indexing",
    "layers",
    "linear",
    "linspace",
    "ones",
    "random",
    "reductions",
    "shaping",
    "softmaxes",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)
