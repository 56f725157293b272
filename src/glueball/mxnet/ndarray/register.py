"""Operators: functions on torch tensors, dressed for NDArrays.

    @operator
    def square(data: Tensor) -> Tensor:
        return data * data

is then called with NDArrays and gives NDArrays; called with torch tensors it gives tensors, so that a
block's own code runs in both worlds. The arguments that are arrays are those annotated `Tensor`; what
else is given them is refused as MXNet refuses it. `out=` writes the result into an array.

A result is never a scalar tensor, because MXNet's smallest shape is (1,), and it never shares memory with
an argument unless MXNet's does (`views=True`). What torch refuses becomes an MXNetError that names the
operator.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, overload

import numpy as np
import torch

from ..base import MXNetError
from .arguments import Form, joined, no_array
from .graph import raw, shares_memory
from .ndarray import NDArray, Tensor

__all__ = ["OPERATORS", "operator", "unwrapped"]

Function = TypeVar("Function", bound=Callable[..., Any])

OPERATORS: dict[str, Callable[..., Any]] = {}
"""Every operator by name; `nd` has all of them, and NDArray as methods those that MXNet gives it."""


def unwrapped(value: Any, contexts: list[Any]) -> Any:
    """A value with tensors for arrays, looking into lists and tuples; notes each array's context."""
    if isinstance(value, NDArray):
        contexts.append(value._context)
        return raw(value)
    if type(value) in (list, tuple):
        return type(value)(unwrapped(part, contexts) for part in value)
    return value


def _tensors(values: Any, found: list[Tensor]) -> list[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif type(value) in (list, tuple):
            _tensors(value, found)
    return found


def _settled(value: Tensor, inputs: list[Tensor], views: bool) -> Tensor:
    """A result in MXNet's form: of at least one dimension, unbroken, in memory of its own."""
    if value.dim() == 0:
        value = value.reshape(1)
    if not views and shares_memory(value, *inputs):
        return value.clone(memory_format=torch.contiguous_format)
    return value if value.is_contiguous() else value.contiguous()


def _into(out: Any, result: Any) -> Any:
    """Write results into the arrays given by `out=`."""
    targets = list(out) if isinstance(out, (list, tuple)) else [out]
    values = list(result) if isinstance(result, (list, tuple)) else [result]
    for target, value in zip(targets, values, strict=False):
        tensor = value._tensor if isinstance(value, NDArray) else value
        if isinstance(target, Tensor):
            target.copy_(tensor)
            continue
        if target.shape != tuple(tensor.shape):
            raise MXNetError(
                f"Incompatible attr in node  at 0-th output: expected {joined(tensor.shape)}, "
                f"got {joined(target.shape)}"
            )
        if target._tensor.dtype is not tensor.dtype:
            kinds = [np.dtype(x.dtype).name for x in (NDArray(tensor), target)]
            raise MXNetError(
                f"Incompatible attr in node  at 0-th output: expected {kinds[0]}, got {kinds[1]}"
            )
        target._write(raw(value) if isinstance(value, NDArray) else value)
    return out


@overload
def operator(function: Function) -> Function: ...
@overload
def operator(
    *, views: bool = False, fresh: bool = False, names: tuple[str, ...] = (), method: bool | str = False
) -> Callable[[Function], Function]: ...
def operator(
    function: Function | None = None,
    *,
    views: bool = False,
    fresh: bool = False,
    names: tuple[str, ...] = (),
    method: bool | str = False,
) -> Function | Callable[[Function], Function]:
    """Make an operator of a function on tensors.

    Args:
        views: results may share memory with arguments.
        fresh: the function never gives an argument's memory back, so that nobody has to look.
        names: other names that it is known by.
        method: whether it is a method of NDArray too, or the name of that method.
    """

    def dress(function: Function) -> Function:
        form = Form(function)
        arrays = len(form.arrays)
        array_names = frozenset(form.arrays)

        def at_once(args: tuple[Any, ...]) -> NDArray | None:
            """The result where only arrays are given and nothing goes wrong: the common case."""
            for value in args:
                if type(value) is not NDArray:
                    return None
            if not args or (len(args) > arrays and not form.several):
                return None
            try:
                result = function(*map(raw, args))
            except Exception:  # `call` comes to it again and says what it is
                return None
            if type(result) is not Tensor:
                return None
            return NDArray(result if result.dim() else result.reshape(1), args[0]._context)

        @wraps(function)
        def call(*args: Any, out: Any = None, name: str | None = None, **kwargs: Any) -> Any:
            if fresh and not kwargs and out is None:
                quick = at_once(args)
                if quick is not None:
                    return quick
            context: Any = None
            dressed = False
            plain: list[Any] = []
            inputs: list[Tensor] = []
            contexts: list[Any] = []
            for at, value in enumerate(args):
                if type(value) is NDArray:
                    context = context or value._context
                    dressed = True
                    value = raw(value)
                    inputs.append(value)
                elif isinstance(value, Tensor):
                    inputs.append(value)
                elif at < arrays:
                    if isinstance(value, NDArray):
                        contexts.append(value._context)
                        value = raw(value)
                        inputs.append(value)
                    elif value is not None:
                        no_array(form.arrays[at], value)
                elif form.several:
                    raise AssertionError(f"Positional arguments must have NDArray type, but got {value}")
                elif type(value) in (list, tuple):
                    value = unwrapped(value, contexts)
                    _tensors(value, inputs)
                plain.append(value)
            if kwargs:
                for key, value in kwargs.items():
                    if isinstance(value, NDArray):
                        contexts.append(value._context)
                        kwargs[key] = value = raw(value)
                        inputs.append(value)
                    elif isinstance(value, Tensor):
                        inputs.append(value)
                    elif key in array_names and value is not None:
                        no_array(key, value)
                    elif type(value) is str and key not in form.text:
                        form.read(kwargs)
            try:
                result = function(*plain, **kwargs)
            except (RuntimeError, IndexError) as error:
                if isinstance(error, MXNetError):
                    raise
                if isinstance(error, IndexError) and not str(error).startswith("Dimension"):
                    raise
                raise MXNetError(f"Error in operator {form.name}: {str(error).splitlines()[0]}") from error
            except TypeError:
                if not form.attributes and any(key not in form.names for key in kwargs):
                    # Where MXNet has no attributes to read, it does not look at what is given.
                    known = {key: value for key, value in kwargs.items() if key in form.names}
                    return call(*args, out=out, **known)
                if len(args) > len(form.names) and not form.several and out is None:
                    return call(*args[: len(form.names)], out=args[len(form.names)], **kwargs)
                form.refuse(args, kwargs)
                raise
            if dressed or contexts or not inputs:
                context = context or next(filter(None, contexts), None)
                if type(result) is Tensor:
                    result = NDArray(_settled(result, inputs, views or fresh), context)
                elif isinstance(result, (list, tuple)):
                    result = [NDArray(_settled(part, inputs, views), context) for part in result]
            return result if out is None else _into(out, result)

        known = (form.name, *names)
        OPERATORS.update(dict.fromkeys(known, call))
        if method:
            known_as = method if isinstance(method, str) else form.name
            if known_as not in NDArray.__dict__:
                setattr(NDArray, known_as, call)
        return call  # type: ignore[return-value]

    return dress if function is None else dress(function)
