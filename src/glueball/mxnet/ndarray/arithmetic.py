"""What Python's operators do with NDArrays."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from .ndarray import NDArray, Tensor, raw, writable

__all__: list[str] = []


def _divide(left: Any, right: Any) -> Tensor:
    tensor: Tensor = left if isinstance(left, Tensor) else right
    if tensor.is_floating_point():
        quotient: Tensor = left / right
        return quotient
    return torch.div(left, right, rounding_mode="trunc")


def _compared(function: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    def compare(left: Any, right: Any) -> Tensor:
        return function(left, right).to((left if isinstance(left, Tensor) else right).dtype)

    return compare


_BINARY: dict[str, tuple[str, Callable[[Any, Any], Tensor]]] = {
    "add": ("broadcast_add", operator.add),
    "sub": ("broadcast_sub", operator.sub),
    "mul": ("broadcast_mul", operator.mul),
    "truediv": ("broadcast_div", _divide),
    "mod": ("broadcast_mod", operator.mod),
    "pow": ("broadcast_power", operator.pow),
    "eq": ("broadcast_equal", _compared(torch.eq)),
    "ne": ("broadcast_not_equal", _compared(torch.ne)),
    "lt": ("broadcast_lesser", _compared(torch.lt)),
    "le": ("broadcast_lesser_equal", _compared(torch.le)),
    "gt": ("broadcast_greater", _compared(torch.gt)),
    "ge": ("broadcast_greater_equal", _compared(torch.ge)),
}


def _scalar(number: Any, tensor: Tensor) -> Any:
    """A number as the array's own kind: an array of integers takes its whole part."""
    number = number.item() if isinstance(number, np.generic) else number
    return number if tensor.is_floating_point() else int(number)


def _operands(left: Any, right: Any) -> tuple[Any, Any] | None:
    if isinstance(right, NDArray):
        a, b = raw(left), raw(right)
        if a.dtype is not b.dtype:
            raise MXNetError(
                f"Incompatible attr in node  at 1-th input: expected {np.dtype(left.dtype).name}, "
                f"got {np.dtype(right.dtype).name}"
            )
        return a, b
    if isinstance(right, (numbers.Number, np.generic)):
        tensor = raw(left)
        return tensor, _scalar(right, tensor)
    return None


def _run(name: str, function: Callable[[Any, Any], Tensor], left: Any, right: Any) -> Tensor:
    try:
        return function(left, right)
    except RuntimeError as error:
        shapes = [f"[{','.join(map(str, x.shape))}]" for x in (left, right) if isinstance(x, Tensor)]
        if len(shapes) == 2:
            raise MXNetError(
                f"operands could not be broadcast together with shapes {' '.join(shapes)}"
            ) from error
        raise MXNetError(f"Error in operator {name}: {error}") from error


def _install() -> None:
    for method, (name, function) in _BINARY.items():

        def forward(self: NDArray, other: Any, name: Any = name, function: Any = function) -> Any:
            pair = _operands(self, other)
            return NotImplemented if pair is None else NDArray(_run(name, function, *pair), self._context)

        def backward(self: NDArray, other: Any, name: Any = name, function: Any = function) -> Any:
            pair = _operands(self, other)
            if pair is None:
                return NotImplemented
            return NDArray(_run(name, function, pair[1], pair[0]), self._context)

        def into(self: NDArray, other: Any, name: Any = name, function: Any = function) -> Any:
            pair = _operands(self, other)
            if pair is None:
                return NotImplemented
            target = writable(self)
            target.copy_(_run(name, function, *pair))
            return self

        setattr(NDArray, f"__{method}__", forward)
        if method in ("add", "sub", "mul", "truediv", "mod", "pow"):
            setattr(NDArray, f"__r{method}__", backward)
            setattr(NDArray, f"__i{method}__", into)


_install()
