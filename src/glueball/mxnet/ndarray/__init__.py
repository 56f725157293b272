"""`nd`: arrays and the operators on them."""

from __future__ import annotations

from . import arithmetic, dtypes, indexing, operators, random
from .creation import arange, array, empty, from_numpy, from_torch, full, ones, waitall, zeros
from .ndarray import NDArray
from .register import OPERATORS

__all__ = [
    "NDArray",
    "arange",
    "arithmetic",
    "array",
    "dtypes",
    "empty",
    "from_numpy",
    "from_torch",
    "full",
    "indexing",
    "ones",
    "operators",
    "random",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)
