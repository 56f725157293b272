"""What Python's operators do with NDArrays, and with an NDArray and a number.

Two arrays have one dtype and shapes that broadcast. A number is taken in the array's dtype, so that an array
of integers takes its whole part. A comparison gives ones and zeros in that dtype; while a thread records they
belong to the graph, with gradients of zeros.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from .dtypes import as_kind
from .followed import flat
from .graph import INPLACE, raw, writable
from .ndarray import NDArray, Tensor

__all__: list[str] = []

Function = Callable[[Any, Any], Tensor]


def _quotient(left: Any, right: Any) -> Tensor:
    tensor: Tensor = left if isinstance(left, Tensor) else right
    if not tensor.is_floating_point():
        return torch.div(left, right, rounding_mode="trunc")
    if left is not tensor:  # torch would multiply by the reciprocal, and round twice
        left = torch.full((), left, dtype=tensor.dtype, device=tensor.device)
    return left / right  # type: ignore[no-any-return]


def _remainder(left: Any, right: Any) -> Tensor:
    """With the sign of the divisor; 0 where that is 0."""
    if isinstance(right, Tensor):
        if not isinstance(left, Tensor):
            left = torch.full((), left, dtype=right.dtype, device=right.device)
        rest: Tensor = torch.remainder(left, right)
        return torch.where(right == 0, 0, rest) if right.is_floating_point() else rest
    if right == 0 and left.is_floating_point():
        return torch.where(flat(torch.zeros_like(left), left) == 0, 0, left)
    return torch.remainder(left, right)


def _power(left: Any, right: Any) -> Tensor:
    """Rounded once: MXNet's is the C library's, exact to the last digit but for one value in a thousand.

    Integers go through double precision, as MXNet's do.
    """
    tensor: Tensor = left if isinstance(left, Tensor) else right
    dtype = tensor.dtype
    if tensor.is_floating_point() and (dtype is torch.float64 or tensor.is_cuda):
        return torch.pow(left, right)
    if left is tensor and isinstance(right, float) and right in (1, 2):
        return torch.pow(left, right)
    left, right = (x.double() if isinstance(x, Tensor) else float(x) for x in (left, right))
    return torch.pow(left, right).to(dtype)


def _compared(function: Function) -> Function:
    def compare(left: Any, right: Any) -> Tensor:
        tensor: Tensor = left if isinstance(left, Tensor) else right
        truth = function(left, right).to(tensor.dtype)
        if tensor.requires_grad or (
            right is not tensor and isinstance(right, Tensor) and right.requires_grad
        ):
            return flat(truth, left, right)
        return truth

    return compare


def _swapped(function: Function) -> Function:
    return lambda left, right: function(right, left)


def _install(method: str, name: str, function: Function, assigns: bool = False) -> None:
    """Give NDArray `__method__`: `name` is that of MXNet's operator on two arrays."""

    def forward(self: NDArray, other: Any) -> NDArray:
        a = self._tensor
        if a.requires_grad:
            a = raw(self)
        if type(other) is NDArray:
            b: Any = other._tensor
            if b.requires_grad:
                b = raw(other)
            if a.dtype is not b.dtype or a.dtype is torch.bool:
                _refuse_dtypes(name, a, b)
        else:
            a, b = _with_number(self, a, other)
        try:
            return NDArray(function(a, b), self._context)
        except RuntimeError as error:
            raise _explained(error, name, a, b) from error

    forward.__name__ = forward.__qualname__ = f"__{method}__"
    setattr(NDArray, f"__{method}__", forward)
    if not assigns:
        return

    def into(self: NDArray, other: Any) -> NDArray:
        target = writable(self)
        if isinstance(other, NDArray):
            b: Any = raw(other)
            if b.requires_grad:
                raise MXNetError(INPLACE)
            if target.dtype is not b.dtype or target.dtype is torch.bool:
                _refuse_dtypes(name, target, b)
        else:
            a, b = _with_number(self, target, other)
            if a is not target:
                raise MXNetError("Type inconsistent, Provided = unknown, inferred type = int64")
        try:
            result = function(target, b)
        except RuntimeError as error:
            raise _explained(error, name, target, b) from error
        if result.shape != target.shape:
            raise MXNetError(
                f"Shape inconsistent, Provided = {_shown(target)}, inferred shape={_shown(result)}"
            )
        target.copy_(result)
        return self

    into.__name__ = into.__qualname__ = f"__i{method}__"
    setattr(NDArray, f"__i{method}__", into)


def _with_number(array: NDArray, tensor: Tensor, number: Any) -> tuple[Tensor, Any]:
    """The operands for an array and a number; truths count as 64-bit integers."""
    kind = type(number)
    if kind is int or kind is float:
        if tensor.dtype is torch.float32:
            return tensor, float(number)
    elif isinstance(number, NDArray):
        return tensor, raw(number)
    elif not isinstance(number, (numbers.Real, np.bool_)):
        raise TypeError(f"type {kind} not supported")
    if tensor.dtype is torch.bool:
        tensor = tensor.to(torch.int64)
    return tensor, as_kind(number, tensor.dtype)


def _refuse_dtypes(name: str, a: Tensor, b: Tensor) -> None:
    if a.dtype is not b.dtype:
        kinds = ["unknown" if x.dtype is torch.bool else str(x.dtype).removeprefix("torch.") for x in (a, b)]
        raise MXNetError(f"Incompatible attr in node  at 1-th input: expected {kinds[0]}, got {kinds[1]}")
    raise MXNetError(f"Operator {name} does not support boolean type")


def _shown(tensor: Tensor) -> str:
    return f"[{','.join(map(str, tensor.shape))}]"


def _explained(error: RuntimeError, name: str, a: Any, b: Any) -> MXNetError:
    """What torch refused, in MXNet's words."""
    if isinstance(error, MXNetError):
        return error
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        try:
            torch.broadcast_shapes(a.shape, b.shape)  # type: ignore[no-untyped-call]
        except RuntimeError:
            return MXNetError(f"operands could not be broadcast together with shapes {_shown(a)} {_shown(b)}")
    if "ZeroDivisionError" in str(error):
        return MXNetError(f"Error in operator {name}: integers were divided by zero")
    return MXNetError(f"Error in operator {name}: {str(error).splitlines()[0]}")


for _method, _name, _function in (
    ("add", "add", operator.add),
    ("sub", "sub", operator.sub),
    ("mul", "mul", operator.mul),
    ("truediv", "div", _quotient),
    ("div", "div", _quotient),
    ("mod", "mod", _remainder),
    ("pow", "power", _power),
):
    _install(_method, f"broadcast_{_name}", _function, assigns=True)
    _install(f"r{_method}", f"broadcast_{_name}", _swapped(_function))
for _method, _name in (
    ("eq", "equal"),
    ("ne", "not_equal"),
    ("gt", "greater"),
    ("ge", "greater_equal"),
    ("lt", "lesser"),
    ("le", "lesser_equal"),
):
    _install(_method, f"broadcast_{_name}", _compared(getattr(torch, _method)))


def _neg(self: NDArray) -> NDArray:
    tensor = raw(self)
    return NDArray(-tensor.to(torch.int64) if tensor.dtype is torch.bool else -tensor, self._context)


def _abs(self: NDArray) -> NDArray:
    tensor = raw(self)
    if tensor.dtype is torch.bool:
        raise MXNetError("Unknown type enum 7")
    return NDArray(tensor.abs(), self._context)


setattr(NDArray, "__neg__", _neg)  # noqa: B010  # its type knows it already
setattr(NDArray, "__abs__", _abs)  # noqa: B010
