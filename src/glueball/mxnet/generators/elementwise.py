"""Arithmetic of standard numbers and arrays of parameters, in the types in which C++ does it.

An integer or float32 parameter meets a float32 number in float32 and a float64 one in float64; a float16
parameter makes everything float16, rounded after each operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import MXNetError
from .arguments import Shape, shape_of

__all__ = ["over", "parameters_of", "plus", "reciprocal", "rounded_to", "times"]

Array = NDArray[Any]


def parameters_of(
    parameters: Sequence[Any], shape: Shape, operator: str
) -> tuple[list[Array], tuple[int, ...]]:
    """Arrays of parameters, made to broadcast against what is drawn, and the shape of that.

    Args:
        parameters: arrays of the same shape and dtype.
        shape: of what is drawn for each of their elements; None is one, without a dimension of its own.
        operator: for the errors.

    Raises:
        MXNetError: their shapes or their dtypes differ.
    """
    arrays = [_as_cpp(np.asarray(parameter)) for parameter in parameters]
    first = arrays[0]
    if any(array.shape != first.shape for array in arrays):
        shapes = "".join(f"[{','.join(map(str, array.shape))}]\n" for array in arrays)
        raise MXNetError(
            f"Operator {operator} inferring shapes failed.\ninput shapes:\n{shapes}"
            "output shapes:\nNone\noperator attributes:\n\n",
        )
    if any(array.dtype != first.dtype for array in arrays):
        raise MXNetError(f"Operator {operator} is missing FInferType attribute")
    each = () if shape is None else shape_of(shape)
    return [array.reshape(*first.shape, *(1 for _ in each)) for array in arrays], (*first.shape, *each)


def rounded_to(values: Array, dtype: str) -> Array:
    """The values in dtype; float16 by way of float32, as MXNet's half precision is made."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore"):
        if dtype == "float16":
            values = values.astype(np.float32, copy=False)
        return values.astype(dtype, copy=False)


def times(number: Array, parameter: Array) -> Array:
    """The product, number · parameter."""
    return _combined(np.multiply, number, parameter)


def over(number: Array, parameter: Array) -> Array:
    """The quotient, number / parameter."""
    return _combined(np.divide, number, parameter)


def plus(number: Array, parameter: Array) -> Array:
    """The sum, number + parameter."""
    return _combined(np.add, number, parameter)


def reciprocal(parameter: Array) -> Array:
    """1 / parameter, in its dtype."""
    with np.errstate(all="ignore"):
        if parameter.dtype.kind == "f":
            result: Array = (parameter.dtype.type(1) / parameter).astype(parameter.dtype)
        else:
            result = (1 / parameter.astype(np.float64)).astype(parameter.dtype)
    return result


def _as_cpp(array: Array) -> Array:
    """Integers of less than 32 bits are promoted before any arithmetic."""
    return array.astype(np.int32) if array.dtype.kind in "iub" and array.itemsize < 4 else array


def _combined(operation: Callable[[Array, Array], Array], number: Array, parameter: Array) -> Array:
    if parameter.dtype == np.float16:
        result = operation(number.astype(np.float32), parameter.astype(np.float32))
        return result.astype(np.float16)
    dtype = np.float64 if np.float64 in (number.dtype, parameter.dtype) else np.float32
    return operation(number.astype(dtype, copy=False), parameter.astype(dtype, copy=False))
