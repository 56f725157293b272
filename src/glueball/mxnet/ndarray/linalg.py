"""`nd.linalg`: linear algebra on the matrices in the last two axes."""

from __future__ import annotations

from typing import NoReturn

from . import operators as _operators  # noqa: F401  # they fill OPERATORS
from .missing import say_missing
from .register import OPERATORS

__all__: list[str] = []

_PREFIX = "linalg_"
globals().update({name[len(_PREFIX) :]: f for name, f in OPERATORS.items() if name.startswith(_PREFIX)})


def __getattr__(name: str) -> NoReturn:
    say_missing("mxnet.ndarray.linalg", name)
