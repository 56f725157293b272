"""`nd.op`: all operators, without what only makes arrays."""

from __future__ import annotations

from typing import NoReturn

from . import operators as _operators  # noqa: F401  # they fill OPERATORS
from . import random as _random  # noqa: F401
from .missing import say_missing
from .register import OPERATORS

__all__: list[str] = []

globals().update(OPERATORS)


def __getattr__(name: str) -> NoReturn:
    say_missing("mxnet.ndarray.op", name)
