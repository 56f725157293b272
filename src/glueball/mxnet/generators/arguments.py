"""What the functions that draw have in common: shapes and dtypes as MXNet takes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from ..base import MXNetError

__all__ = ["FLOATS", "DTypeLike", "Parameter", "Shape", "dtype_of", "refuse", "shape_of"]

FLOATS = ("None", "float16", "float32", "float64")
"""The dtypes of most distributions."""

Shape: TypeAlias = int | Sequence[int] | None
DTypeLike: TypeAlias = Any
Parameter: TypeAlias = Any
"""A number, or an array of numbers, one for each distribution that is drawn from."""


def shape_of(shape: Shape) -> tuple[int, ...]:
    """The shape as a tuple; None is one element.

    >>> shape_of(None), shape_of(3), shape_of((2, 3))
    ((1,), (3,), (2, 3))
    """
    if shape is None:
        return (1,)
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)


@lru_cache(maxsize=64)  # a name takes NumPy as long as a small draw
def _name(dtype: DTypeLike) -> str:
    return np.dtype(dtype).name


def dtype_of(dtype: DTypeLike, valid: Sequence[str], operator: str) -> str:
    """The name of a dtype, which has to be one of `valid`.

    None is NumPy's default, float64, as in MXNet. Where MXNet lists "None" among the valid names, it
    stands in `valid` too; no dtype has that name.

    Raises:
        MXNetError: operator has no such dtype.

    >>> dtype_of(np.float32, ("None", "float32", "float64"), "_random_normal")
    'float32'
    """
    name = _name(dtype)
    if name in valid:
        return name
    choices = ", ".join(f"'{choice}'" for choice in sorted(valid))
    raise MXNetError(f"Invalid Input: '{name}', valid values are: {{{choices}}}, in operator {operator}")


def refuse(condition: str, values: tuple[Any, Any], reason: str) -> MXNetError:
    """The error of an argument that is out of range, in MXNet's words.

    Args:
        condition: that does not hold, in MXNet's words.
        values: of its two sides.
        reason: the sentence behind it.

    >>> print(refuse("param.scale > 0", (-1.0, 0), "scale parameter in gaussian has to be positive"))
    scale parameter in gaussian has to be positive
    """
    left, right = (f"{value:g}" if isinstance(value, float | np.floating) else str(value) for value in values)
    refused = MXNetError(reason)
    refused.add_note(f"{condition} does not hold: {left} vs. {right}.")
    return refused
