"""`nd`: arrays and the operators on them."""

from __future__ import annotations

from . import arithmetic, dtypes, indexing, operators, random
from .creation import arange, array, empty, eye, full, linspace, ones, waitall, zeros
from .exchange import from_dlpack, from_numpy, from_torch, to_dlpack_for_read, to_dlpack_for_write
from .ndarray import NDArray
from .register import OPERATORS
from .utils import load, load_frombuffer, save

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
    "load",
    "load_frombuffer",
    "ones",
    "operators",
    "random",
    "save",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)
