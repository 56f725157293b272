"""Functions of two arrays: that broadcast, that want one shape, and that take numbers too."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ...base import MXNetError
from ..arguments import joined
from ..dtypes import numpy_type
from ..followed import flat
from ..ndarray import NDArray, Tensor
from ..register import OPERATORS, operator

__all__ = ["floats_only", "same_kind", "same_shapes", "same_types"]

Binary = Callable[[Tensor, Tensor], Tensor]


def same_kind(data: Tensor, **others: Tensor | None) -> None:
    """Refuse parameters of a layer that are of another type than its data."""
    for key, other in others.items():
        if other is not None and other.dtype is not data.dtype:
            kinds = [np.dtype(numpy_type(x.dtype)).name for x in (data, other)]
            raise MXNetError(
                f"This layer requires uniform type. Expected '{kinds[0]}' v.s. given '{kinds[1]}' at '{key}'"
            )


def floats_only(data: Tensor) -> None:
    """Refuse integers where MXNet has no such operator for them."""
    if not data.is_floating_point():
        kind = np.dtype(numpy_type(data.dtype)).name
        raise MXNetError(f"This operation only support floating point types, not {kind}")


def same_types(left: Tensor, right: Tensor, at: int = 1) -> None:
    """Refuse an array, the `at`-th one, of another type than the first."""
    if left.dtype is not right.dtype:
        kinds = [np.dtype(numpy_type(x.dtype)).name for x in (left, right)]
        raise MXNetError(f"Incompatible attr in node  at {at}-th input: expected {kinds[0]}, got {kinds[1]}")


def same_shapes(left: Tensor, right: Tensor, at: int = 1) -> None:
    """Refuse an array, the `at`-th one, of another shape than the first."""
    if left.shape != right.shape:
        raise MXNetError(
            f"Incompatible attr in node  at {at}-th input: expected {joined(left.shape)}, "
            f"got {joined(right.shape)}"
        )


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
    if not torch.is_grad_enabled():
        return torch.maximum(left, right)
    return torch.where((left >= right) | (left != left), left, right)


def _smaller(left: Tensor, right: Tensor) -> Tensor:
    if not torch.is_grad_enabled():
        return torch.minimum(left, right)
    return torch.where((left <= right) | (left != left), left, right)


def _hypotenuse(left: Tensor, right: Tensor) -> Tensor:
    if left.is_floating_point():
        return torch.hypot(left, right)
    return torch.hypot(left.double(), right.double()).to(left.dtype)


def _as_numbers(compare: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """Truths as 0 and 1 of the operands' type, with gradients of zeros."""

    def compute(left: Tensor, right: Any) -> Tensor:
        truths = compare(left, right).to(left.dtype)
        return flat(truths, left, right) if isinstance(right, Tensor) else flat(truths, left)

    return compute


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
    operator(fresh=True, names=names)(compute)


def _elementwise(name: str, function: Binary, meaning: str) -> None:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        same_shapes(lhs, rhs)
        same_types(lhs, rhs)
        return function(lhs, rhs)

    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = f"{meaning}, of arrays of one shape."
    operator(fresh=True)(compute)


for _name, (_function, _meaning, _names) in _BROADCAST.items():
    _broadcast(f"broadcast_{_name}", _function, _meaning, _names)
for _name in ("add", "sub", "mul", "div"):
    _elementwise(f"elemwise_{_name}", *_BROADCAST[_name][:2])


# ---- with numbers ------------------------------------------------------------------------------------


def _of_its_kind(number: Any, data: Tensor) -> Any:
    """A number as the array's own type has it: integers take its whole part, and go round as C's do."""
    if data.is_floating_point():
        return float(np.float16(number)) if data.dtype is torch.float16 else float(number)
    if data.dtype is torch.bool:
        return bool(number)
    least, most = torch.iinfo(data.dtype).min, torch.iinfo(data.dtype).max
    whole = int(max(-(2.0**63), min(2.0**63, number)))
    return (whole - least) % (most - least + 1) + least


def _full(number: Any, data: Tensor) -> Tensor:
    return torch.full((), number, dtype=data.dtype, device=data.device)


_SCALAR: dict[str, tuple[Callable[[Tensor, Any], Tensor], str]] = {
    "mod": (lambda x, s: _remainder(x, _full(s, x)), "The remainder of data / scalar"),
    "rmod": (lambda x, s: _remainder(_full(s, x), x), "The remainder of scalar / data"),
    "maximum": (torch.clamp_min, "The larger one"),
    "minimum": (torch.clamp_max, "The smaller one"),
    "equal": (_as_numbers(torch.eq), "1 where they are equal, else 0"),
    "not_equal": (_as_numbers(torch.ne), "1 where they differ, else 0"),
    "greater": (_as_numbers(torch.gt), "1 where data > scalar, else 0"),
    "greater_equal": (_as_numbers(torch.ge), "1 where data ≥ scalar, else 0"),
    "lesser": (_as_numbers(torch.lt), "1 where data < scalar, else 0"),
    "lesser_equal": (_as_numbers(torch.le), "1 where data ≤ scalar, else 0"),
    "logical_and": (_as_numbers(lambda x, s: (x != 0) & bool(s)), "1 where neither is 0, else 0"),
    "logical_or": (_as_numbers(lambda x, s: (x != 0) | bool(s)), "1 where not both are 0, else 0"),
    "logical_xor": (_as_numbers(lambda x, s: (x != 0) ^ bool(s)), "1 where just one is 0, else 0"),
}


def _with_scalar(name: str, function: Callable[[Tensor, Any], Tensor], meaning: str) -> None:
    def compute(data: Tensor, scalar: float = 1.0) -> Tensor:
        return function(data, _of_its_kind(scalar, data))

    compute.__name__ = compute.__qualname__ = f"_{name}_scalar"
    compute.__doc__ = f"{meaning}, of an array and a number."
    operator(fresh=True)(compute)


for _name, (_one, _meaning) in _SCALAR.items():
    _with_scalar(_name, _one, _meaning)

_PYTHON: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "add": (python.add, "lhs + rhs"),
    "subtract": (python.sub, "lhs − rhs"),
    "multiply": (python.mul, "lhs · rhs"),
    "divide": (python.truediv, "lhs / rhs"),
    "true_divide": (python.truediv, "lhs / rhs"),
    "power": (python.pow, "lhs to the power of rhs"),
}
_MODULE: dict[str, tuple[Callable[[Any, Any], Any], str, str, str]] = {
    # of two numbers; of two arrays, of an array and a number, of a number and an array
    "modulo": (python.mod, "mod", "mod", "rmod"),
    "maximum": (max, "maximum", "maximum", "maximum"),
    "minimum": (min, "minimum", "minimum", "minimum"),
    "equal": (python.eq, "equal", "equal", "equal"),
    "not_equal": (python.ne, "not_equal", "not_equal", "not_equal"),
    "greater": (python.gt, "greater", "greater", "lesser"),
    "greater_equal": (python.ge, "greater_equal", "greater_equal", "lesser_equal"),
    "lesser": (python.lt, "lesser", "lesser", "greater"),
    "lesser_equal": (python.le, "lesser_equal", "lesser_equal", "greater_equal"),
    "logical_and": (lambda a, b: bool(a and b), "logical_and", "logical_and", "logical_and"),
    "logical_or": (lambda a, b: bool(a or b), "logical_or", "logical_or", "logical_or"),
    "logical_xor": (lambda a, b: bool(a) ^ bool(b), "logical_xor", "logical_xor", "logical_xor"),
}
_NUMBER = (int, float, np.generic)


def _is_array(value: Any) -> bool:
    return isinstance(value, (NDArray, Tensor))


def _noted(name: str, compute: Callable[[Any, Any], Any], meaning: str) -> None:
    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = f"{meaning}; of arrays that broadcast, and of numbers on either side."
    OPERATORS[name] = compute


def _by_python(name: str, function: Callable[[Any, Any], Any], meaning: str) -> None:
    def compute(lhs: Any, rhs: Any) -> Any:
        for value in (lhs, rhs):
            if not _is_array(value) and not isinstance(value, _NUMBER):
                raise TypeError(f"type {type(value)} not supported")
        return function(lhs, rhs)

    _noted(name, compute, meaning)


def _by_operators(
    name: str, function: Callable[[Any, Any], Any], arrays: str, scalar: str, reverse: str
) -> None:
    of_arrays, with_scalar, of_scalar = (
        OPERATORS[known] for known in (f"broadcast_{arrays}", f"_{scalar}_scalar", f"_{reverse}_scalar")
    )

    def compute(lhs: Any, rhs: Any) -> Any:
        if isinstance(rhs, _NUMBER):
            return function(lhs, rhs) * 1 if isinstance(lhs, _NUMBER) else with_scalar(lhs, rhs)
        if isinstance(lhs, _NUMBER):
            return of_scalar(rhs, lhs)
        if not _is_array(rhs):
            raise TypeError(f"type {type(rhs)} not supported")
        return of_arrays(lhs, rhs)

    _noted(name, compute, (of_arrays.__doc__ or "").partition(", of arrays")[0])


for _name, (_plain, _meaning) in _PYTHON.items():
    _by_python(_name, _plain, _meaning)
for _name, _row in _MODULE.items():
    _by_operators(_name, *_row)


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
