"""`nd`: arrays and the operators on them."""

from __future__ import annotations

from typing import NoReturn

from . import arithmetic, contrib, dtypes, image, indexing, linalg, op, operators, random
from .creation import arange, array, empty, eye, full, linspace, ones, waitall, zeros
from .exchange import from_dlpack, from_numpy, from_torch, to_dlpack_for_read, to_dlpack_for_write
from .missing import say_missing
from .ndarray import NDArray
from .register import OPERATORS
from .utils import load, load_frombuffer, save

__all__ = [
    "NDArray",
    "arange",
    "arithmetic",
    "array",
    "contrib",
    "dtypes",
    "empty",
    "eye",
    "from_dlpack",
    "from_numpy",
    "from_torch",
    "full",
    "image",
    "indexing",
    "linalg",
    "linspace",
    "load",
    "load_frombuffer",
    "ones",
    "op",
    "operators",
    "random",
    "save",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "waitall",
    "zeros",
]

globals().update(OPERATORS)


def __getattr__(name: str) -> NoReturn:
    say_missing("mxnet.ndarray", name)
