"""Functions of two arrays: that broadcast, that want one shape, and that take numbers too."""

from __future__ import annotations

import numbers
import operator as python
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ...base import MXNetError
from ..dtypes import numpy_type
from ..ndarray import NDArray, Tensor, wrap
from ..register import OPERATORS, joined, operator
from .followed import flat

__all__ = ["same_types"]

Binary = Callable[[Tensor, Tensor], Tensor]


def same_types(left: Tensor, right: Tensor) -> None:
    """Refuse two arrays of different types."""
    if left.dtype is not right.dtype:
        kinds = [np.dtype(numpy_type(x.dtype)).name for x in (left, right)]
        raise MXNetError(f"Incompatible attr in node  at 1-th input: expected {kinds[0]}, got {kinds[1]}")


def _divided(left: Tensor, right: Tensor) -> Tensor:
    return left / right if left.is_floating_point() else torch.div(left, right, rounding_mode="trunc")


def _remainder(left: Tensor, right: Tensor) -> Tensor:
    """With the sign of the divisor; 0 where that is 0."""
    if left.is_floating_point():
        return torch.where(right == 0, 0 * right, torch.remainder(left, right))
    none = right == 0
    return torch.where(none, 0, torch.remainder(left, right.masked_fill(none, 1)))


def _power(left: Tensor, right: Tensor) -> Tensor:
    if left.is_floating_point():
        return left**right
    return (left.double() ** right.double()).to(left.dtype)


def _larger(left: Tensor, right: Tensor) -> Tensor:
    """The gradient of equal elements goes to the left one."""
    return torch.where((left >= right) | (left != left), left, right)


def _smaller(left: Tensor, right: Tensor) -> Tensor:
    return torch.where((left <= right) | (left != left), left, right)


def _hypotenuse(left: Tensor, right: Tensor) -> Tensor:
    if left.is_floating_point():
        return torch.hypot(left, right)
    return torch.hypot(left.double(), right.double()).to(left.dtype)


def _as_numbers(compare: Binary) -> Binary:
    """Truths as 0 and 1 of the operands' type, with gradients of zeros."""
    return lambda left, right: flat(compare(left, right).to(left.dtype), left, right)


_BROADCAST: dict[str, tuple[Binary, str, tuple[str, ...]]] = {
    "add": (torch.add, "The sum", ("broadcast_plus",)),
    "sub": (torch.sub, "The difference", ("broadcast_minus",)),
    "mul": (torch.mul, "The product", ()),
    "div": (_divided, "The quotient", ()),
    "mod": (_remainder, "The remainder", ()),
    "power": (_power, "lhs to the power of rhs", ()),
    "maximum": (_larger, "The larger one", ()),
    "minimum": (_smaller, "The smaller one", ()),
    "hypot": (_hypotenuse, "√(lhs² + rhs²)", ()),
    "equal": (_as_numbers(torch.eq), "1 where they are equal, else 0", ()),
    "not_equal": (_as_numbers(torch.ne), "1 where they differ, else 0", ()),
    "greater": (_as_numbers(torch.gt), "1 where lhs > rhs, else 0", ()),
    "greater_equal": (_as_numbers(torch.ge), "1 where lhs ≥ rhs, else 0", ()),
    "lesser": (_as_numbers(torch.lt), "1 where lhs < rhs, else 0", ()),
    "lesser_equal": (_as_numbers(torch.le), "1 where lhs ≤ rhs, else 0", ()),
    "logical_and": (_as_numbers(torch.logical_and), "1 where neither is 0, else 0", ()),
    "logical_or": (_as_numbers(torch.logical_or), "1 where not both are 0, else 0", ()),
    "logical_xor": (_as_numbers(torch.logical_xor), "1 where just one is 0, else 0", ()),
}


def _broadcast(name: str, function: Binary, meaning: str, names: tuple[str, ...]) -> None:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.dim() != rhs.dim() or any(
            a != b and a != 1 and b != 1 for a, b in zip(lhs.shape, rhs.shape, strict=True)
        ):
            try:
                torch.broadcast_shapes(lhs.shape, rhs.shape)  # type: ignore[no-untyped-call]
            except RuntimeError:
                raise MXNetError(
                    "operands could not be broadcast together with shapes "
                    f"{joined(lhs.shape)} {joined(rhs.shape)}"
                ) from None
        same_types(lhs, rhs)
        return function(lhs, rhs)

    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = f"{meaning}, of arrays whose shapes broadcast."
    operator(names=names)(compute)


def _elementwise(name: str, function: Binary, meaning: str) -> None:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.shape != rhs.shape:
            raise MXNetError(
                f"Incompatible attr in node  at 1-th input: expected {joined(lhs.shape)}, "
                f"got {joined(rhs.shape)}"
            )
        same_types(lhs, rhs)
        return function(lhs, rhs)

    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = f"{meaning}, of arrays of one shape."
    operator(compute)


for _name, (_function, _meaning, _names) in _BROADCAST.items():
    _broadcast(f"broadcast_{_name}", _function, _meaning, _names)
for _name in ("add", "sub", "mul", "div"):
    _elementwise(f"elemwise_{_name}", *_BROADCAST[_name][:2])


# ---- with numbers ------------------------------------------------------------------------------------

_PYTHON: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "add": (python.add, "lhs + rhs"),
    "subtract": (python.sub, "lhs − rhs"),
    "multiply": (python.mul, "lhs · rhs"),
    "divide": (python.truediv, "lhs / rhs"),
    "true_divide": (python.truediv, "lhs / rhs"),
    "power": (python.pow, "lhs to the power of rhs"),
}
_NUMBERS: dict[str, tuple[str, Callable[[Any, Any], Any], str]] = {
    # operator: the one that broadcasts, the one for two numbers, what it gives
    "modulo": ("mod", python.mod, "The remainder of lhs / rhs"),
    "maximum": ("maximum", max, "The larger one"),
    "minimum": ("minimum", min, "The smaller one"),
    "equal": ("equal", python.eq, "1 where they are equal, else 0"),
    "not_equal": ("not_equal", python.ne, "1 where they differ, else 0"),
    "greater": ("greater", python.gt, "1 where lhs > rhs, else 0"),
    "greater_equal": ("greater_equal", python.ge, "1 where lhs ≥ rhs, else 0"),
    "lesser": ("lesser", python.lt, "1 where lhs < rhs, else 0"),
    "lesser_equal": ("lesser_equal", python.le, "1 where lhs ≤ rhs, else 0"),
    "logical_and": ("logical_and", lambda a, b: bool(a and b), "1 where neither is 0, else 0"),
    "logical_or": ("logical_or", lambda a, b: bool(a or b), "1 where not both are 0, else 0"),
    "logical_xor": ("logical_xor", lambda a, b: bool(a) ^ bool(b), "1 where just one is 0, else 0"),
}
_SYMMETRIC = ("maximum", "minimum")  # a number's gradient is nobody's: the array stands on the left


def _is_array(value: Any) -> bool:
    return isinstance(value, (NDArray, Tensor))


def _refuse(*values: Any) -> None:
    for value in values:
        if not _is_array(value) and not isinstance(value, (numbers.Number, np.generic)):
            raise TypeError(f"type {type(value)} not supported")


def _by_python(name: str, function: Callable[[Any, Any], Any], meaning: str) -> None:
    def compute(lhs: Any, rhs: Any) -> Any:
        _refuse(lhs, rhs)
        result = function(lhs, rhs)
        return result if _is_array(result) else result * 1

    _noted(name, compute, meaning)


def _by_broadcast(name: str, known: str, function: Callable[[Any, Any], Any], meaning: str) -> None:
    def compute(lhs: Any, rhs: Any) -> Any:
        _refuse(lhs, rhs)
        array = lhs if _is_array(lhs) else rhs
        if not _is_array(array):
            return function(lhs, rhs) * 1
        if array is rhs and name in _SYMMETRIC:
            lhs, rhs = rhs, lhs
        return OPERATORS[f"broadcast_{known}"](_like(lhs, array), _like(rhs, array))

    _noted(name, compute, meaning)


def _like(value: Any, array: Any) -> Any:
    """A number as an array of one element that goes with the other one."""
    if _is_array(value):
        return value
    tensor = array._tensor if isinstance(array, NDArray) else array
    dtype = tensor.dtype
    number = float(value) if tensor.is_floating_point() else int(value)
    one = torch.full((1,), number, dtype=dtype, device=tensor.device)
    return wrap(one, array._context) if isinstance(array, NDArray) else one


def _noted(name: str, compute: Callable[[Any, Any], Any], meaning: str) -> None:
    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = f"{meaning}; of arrays that broadcast, and of numbers on either side."
    OPERATORS[name] = compute


for _name, (_plain, _meaning) in _PYTHON.items():
    _by_python(_name, _plain, _meaning)
for _name, (_known, _plain, _meaning) in _NUMBERS.items():
    _by_broadcast(_name, _known, _plain, _meaning)


@operator
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """`x` where the condition is not 0, else `y`.

    Args:
        condition: of the shape of `x`, or one number for each of its rows.
        x: taken where the condition holds.
        y: taken elsewhere; of the same shape.
    """
    same_types(x, y)
    if condition.shape != x.shape and condition.shape == x.shape[:1]:
        condition = condition.reshape(-1, *[1] * (x.dim() - 1))
    elif condition.shape != x.shape or x.shape != y.shape:
        shapes = "\n".join(joined(part.shape) for part in (condition, x, y))
        raise MXNetError(f"Operator where inferring shapes failed.\ninput shapes:\n{shapes}")
    return torch.where(condition != 0, x, y)
