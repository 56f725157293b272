"""`nd`: arrays and the operators on them."""

from __future__ import annotations

from typing import NoReturn

from . import arithmetic, contrib, dtypes, image, indexing, linalg, op, operators, random
from .creation import arange, array, empty, from_numpy, from_torch, full, ones, waitall, zeros
from .missing import say_missing
from .ndarray import NDArray
from .register import OPERATORS

__all__ = [
    "NDArray",
    "arange",
    "arithmetic",
    "array",
    "contrib",
    "dtypes",
    "empty",
    "from_numpy",
    "from_torch",
    "full",
    "image",
    "indexing",
    "linalg",
    "ones",
    "op",
    "operators",
    "random",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)


def __getattr__(name: str) -> NoReturn:
    say_missing("mxnet.ndarray", name)
