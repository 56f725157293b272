"""Integers between two bounds."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import DTypeLike, Shape, dtype_of, refuse, shape_of
from .scalars import as_integer
from .threads import current
from .variates import INTEGER

__all__ = ["randint"]


def randint(
    low: int, high: int, shape: Shape = None, dtype: DTypeLike = "int32"
) -> NDArray[np.int32] | NDArray[np.int64]:
    """Integers from low, included, to high, excluded.

    A remainder of 63 bits, so that small numbers are a little likelier where high − low is large, and a
    result that does not fit an int32 is cut to its lowest 32 bits.

    Args:
        low: the smallest, an integer of 64 bits.
        high: one more than the largest, an integer of 64 bits.
        shape: of the result; None is one element.
        dtype: int32 or int64.

    Raises:
        MXNetError: low is above high, an argument is no integer of 64 bits, or the dtype is another.
        ZeroDivisionError: low is high. (MXNet ends the process.)

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.randint(0, 10, 5)
    array([6, 8, 5, 3, 4], dtype=int32)
    """
    operator = "_random_randint"
    name = dtype_of(dtype, ("None", "int32", "int64"), operator)
    end = as_integer(high, "high", "long", operator)
    start = as_integer(low, "low", "long", operator)
    if not end >= start:
        reason = "low must be less or equal to high in uniform distribution"
        raise refuse("param.high >= param.low", (end, start), reason)
    if start == end:
        raise ZeroDivisionError(f"randint has no integer to choose from: low and high are both {start}")
    # In MXNet's int64 a width of 2^63 or more is negative, and the remainder by it that by its amount.
    width = end - start if end - start < 2**63 else 2**64 - (end - start)

    def finish(number: NDArray[Any]) -> None:
        if width < 2**63:
            number -= number // width * width
        number += start

    sizes = shape_of(shape)
    values: NDArray[Any] = current().parallel.draw(INTEGER, prod(sizes), finish)
    return values.astype(name, copy=False).reshape(sizes)
