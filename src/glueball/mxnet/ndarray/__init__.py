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
from .creation import arange, array, empty, from_numpy, from_torch, full, ones, waitall, zeros
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
    "from_numpy",
    "from_torch",
    "full",
    "indexing",
    "layers",
    "linear",
    "ones",
    "random",
    "reductions",
    "shaping",
    "softmaxes",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)
