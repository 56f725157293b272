"""Operators: functions on torch tensors, dressed for NDArrays.

    @operator
    def square(data):
        return data * data

is then called with NDArrays and gives NDArrays; called with torch tensors it gives tensors, so that a
block's own code runs in both worlds. `out=` writes the result into an array. A result never shares memory
with an argument unless MXNet's does (`@operator(views=True)`). What torch refuses becomes an MXNetError
that names the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, overload

import torch

from ..base import MXNetError
from .ndarray import NDArray, raw

__all__ = ["OPERATORS", "operator", "unwrapped"]

Function = TypeVar("Function", bound=Callable[..., Any])

OPERATORS: dict[str, Callable[..., Any]] = {}
"""Every operator by name; `nd` has all of them, and NDArray as methods those that MXNet gives it."""


def unwrapped(value: Any, contexts: list[Any]) -> Any:
    """A value with tensors for arrays, looking into lists and tuples; notes each array's context."""
    if type(value) is NDArray:
        contexts.append(value._context)
        return raw(value)
    if type(value) in (list, tuple):
        return type(value)(unwrapped(part, contexts) for part in value)
    if isinstance(value, NDArray):
        contexts.append(value._context)
        return raw(value)
    return value


def _dressed(value: Any, context: Any, bases: list[torch.Tensor], views: bool) -> Any:
    if isinstance(value, torch.Tensor):
        if not views and (value._is_view() or any(value is base for base in bases)):
            there = value.untyped_storage().data_ptr()
            if any(base.untyped_storage().data_ptr() == there for base in bases):
                value = value.clone(memory_format=torch.contiguous_format)
        return NDArray(value, context)
    if isinstance(value, (list, tuple)):
        return [_dressed(part, context, bases, views) for part in value]
    return value


def _tensors(values: Any, found: list[torch.Tensor]) -> list[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif type(value) in (list, tuple):
            _tensors(value, found)
    return found


@overload
def operator(function: Function) -> Function: ...
@overload
def operator(*, views: bool = False, names: tuple[str, ...] = ()) -> Callable[[Function], Function]: ...
def operator(
    function: Function | None = None, *, views: bool = False, names: tuple[str, ...] = ()
) -> Function | Callable[[Function], Function]:
    """Make an operator of a function on tensors, and note it under its name and its other `names`."""

    def dress(function: Function) -> Function:
        name = function.__name__.rstrip("_")

        @wraps(function)
        def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
            kwargs.pop("name", None)
            contexts: list[Any] = []
            plain = [unwrapped(value, contexts) for value in args]
            named = {key: unwrapped(value, contexts) for key, value in kwargs.items()}
            try:
                result = function(*plain, **named)
            except (RuntimeError, IndexError) as error:
                if isinstance(error, MXNetError):
                    raise
                raise MXNetError(f"Error in operator {name}: {str(error).splitlines()[0]}") from error
            if contexts or not _tensors([*plain, *named.values()], []):
                result = _dressed(
                    result,
                    next(filter(None, contexts), None),
                    _tensors([*plain, *named.values()], []),
                    views,
                )
            if out is None:
                return result
            for into, values in zip(
                out if isinstance(out, (list, tuple)) else [out],
                result if isinstance(result, list) else [result],
                strict=True,
            ):
                into._write(raw(values))
            return out

        for known in (name, *names):
            OPERATORS[known] = call
        return call  # type: ignore[return-value]

    return dress if function is None else dress(function)
