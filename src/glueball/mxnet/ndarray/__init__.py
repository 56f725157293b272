"""`nd`: arrays and the operators on them."""

from __future__ import annotations

from . import arithmetic, dtypes, indexing, operators, random
from .creation import arange, array, empty, eye, full, linspace, ones, waitall, zeros
from .exchange import from_dlpack, from_numpy, from_torch, to_dlpack_for_read, to_dlpack_for_write
from .ndarray import NDArray
from .register import OPERATORS

__all__ = [
    "NDArray",
    "arange",
    "arithmetic",
    "array",
    "dtypes",
    "empty",
    "eye",
    "from_dlpack",
    "from_numpy",
    "from_torch",
    "full",
    "indexing",
    "linspace",
    "ones",
    "operators",
    "random",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)
