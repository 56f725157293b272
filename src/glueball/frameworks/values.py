"""Values on the host: whatever a user gives as a NumPy array, checked against the array that it is for."""

from __future__ import annotations

import math
import sys
from typing import Any

import ml_dtypes
import numpy as np

from ..errors import DTypeError, ShapeError

__all__ = ["as_host", "cast_array", "coerced", "dtype_kind", "shape_hint"]

Array = np.ndarray[Any, Any]


def dtype_kind(dtype: np.dtype[Any]) -> str:
    """`b`, `i`, `f` or `c`; NumPy itself calls the floats of ml_dtypes void."""
    if dtype.kind in "iu":
        return "i"
    if dtype.kind == "V" and dtype.type.__module__ == "ml_dtypes":
        return "i" if dtype.name.startswith(("int", "uint")) else "f"
    return dtype.kind


_ORDER = "bifc"


def as_host(value: Any) -> Array:
    """Whatever a user may give as a NumPy array: an array of any framework, a list, a number.

    Raises:
        TypeError, ValueError: it is none.
    """
    torch = sys.modules.get("torch")  # who has a tensor has imported it
    if torch is not None and isinstance(value, torch.Tensor):
        from . import adapter_named

        return adapter_named("torch").numpy(value)
    own = getattr(value, "numpy", None)  # TensorFlow's, whose `__array__` NumPy warns of
    array = np.asarray(own() if callable(own) else value)
    if array.dtype == object or array.dtype.kind in "USmM":
        raise TypeError(f"it holds {array.dtype.type.__name__}")
    return array


def cast_array(array: Any, dtype: Any, name: str) -> Any:
    """An array of NumPy or JAX in another floating dtype; None for what is not floating, or has it.

    Raises:
        DTypeError: it is no floating dtype, or would lose a part.
    """
    try:
        wanted = np.dtype(getattr(ml_dtypes, dtype, dtype) if isinstance(dtype, str) else dtype)
    except TypeError:
        raise DTypeError(f'{dtype!r} is no dtype of NumPy. Write numpy.float16 or "bfloat16".') from None
    given, kind = np.dtype(array.dtype), dtype_kind(wanted)
    if kind not in "fc":
        raise DTypeError(f"{name!r} cannot be cast to {wanted.name}: write a floating dtype.")
    if dtype_kind(given) not in "fc" or given == wanted:
        return None
    if dtype_kind(given) == "c" and kind == "f":
        raise DTypeError(f"{name!r} is {given.name}: {wanted.name} would lose a part.")
    return array.astype(wanted)


def coerced(value: Any, shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> Any:
    """A value for an array: another of its shape and dtype, perhaps a view; a number is spread.

    Raises:
        ShapeError: the value has another shape; only a plain number is spread.
        DTypeError: a kind that the dtype cannot hold (complex to real, fraction to integer).
    """
    try:
        array = as_host(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise DTypeError(
            f"{name!r} cannot be set to a {type(value).__name__}: write an array, a number or a Parameter "
            f"({error})."
        ) from None
    number = isinstance(value, (bool, int, float, complex, np.generic))
    if not number and array.shape != shape:
        raise ShapeError(
            f"{name!r} has shape {shape}, the value {array.shape}." + shape_hint(array.shape, shape)
        )
    if _ORDER.index(dtype_kind(array.dtype)) > _ORDER.index(dtype_kind(dtype)):
        raise DTypeError(
            f"{name!r} is {dtype.name}, the value {array.dtype.name}, which it cannot hold. "
            f"Convert the value first: value.astype({dtype.name!r})."
        )
    if dtype_kind(dtype) in "bi" and array.size and array.dtype != dtype:
        low, high = int(array.min()), int(array.max())
        limits = (0, 1) if dtype.kind == "b" else (int(_limits(dtype).min), int(_limits(dtype).max))
        if low < limits[0] or high > limits[1]:
            values = f"values from {low} to {high}" if not number else f"{value}"
            raise DTypeError(f"{name!r} is {dtype.name}, which cannot hold {values}.")
    with np.errstate(over="ignore"):  # a large float becomes an infinity, as in every framework
        converted = array.astype(dtype, copy=False)
    return np.broadcast_to(converted, shape) if number else converted


def _limits(dtype: np.dtype[Any]) -> Any:
    of: Any = ml_dtypes if dtype.kind == "V" else np
    return of.iinfo(dtype)


def shape_hint(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """What would make a value fit."""
    if given == wanted[::-1]:
        return " The value transposed would fit: write value.T."
    if math.prod(given) == math.prod(wanted):
        return f" The value would fit reshaped: write value.reshape({wanted})."
    return " Only a plain number is spread over a whole parameter."
