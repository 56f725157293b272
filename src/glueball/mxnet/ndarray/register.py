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

import ast
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar, overload

import numpy as np
import torch

from ..base import MXNetError
from .graph import shares_memory
from .ndarray import NDArray, Tensor, raw

__all__ = ["OPERATORS", "choice", "count_arrays", "joined", "method_names", "operator", "unwrapped"]

Function = TypeVar("Function", bound=Callable[..., Any])

OPERATORS: dict[str, Callable[..., Any]] = {}
"""Every operator by name; `nd` has all of them, and NDArray as methods those that MXNet gives it."""

method_names: set[str] = set()
"""The operators that are methods of NDArray too."""


def joined(shape: Any) -> str:
    """A shape as MXNet's messages write it: `[2,3]`."""
    return f"[{','.join(map(str, shape))}]"


def choice(operator_name: str, parameter: str, value: str, known: Any, **others: Any) -> None:
    """Refuse a value that is none of those known.

    Raises:
        MXNetError: says which there are.
    """
    if value not in known:
        shown = ", ".join(f"'{name}'" for name in sorted(known))
        before = "".join(f', {name}="{other}"' for name, other in others.items())
        raise MXNetError(
            f"Invalid Input: '{value}', valid values are: {{{shown}}}, in operator "
            f'{operator_name}(name=""{before}, {parameter}="{value}")'
        )


def count_arrays(operator_name: str, sure: int, last: Any, wanted: bool) -> None:
    """Refuse a last array that an attribute does not want, and the lack of one that it does.

    Raises:
        MXNetError: says how many arrays the operator takes.
    """
    if wanted is (last is None):
        expects, got = sure + wanted, sure + (last is not None)
        raise MXNetError(f"Operator {operator_name} expects {expects} inputs, but got {got} instead.")


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


class _Form:
    """What an operator's arguments are: which are arrays, which are needed, which are attributes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(function).parameters.values())
        self.name = function.__name__.rstrip("_")
        self.several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        parameters = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        self.arrays = [p.name for p in parameters if str(p.annotation).startswith("Tensor")]
        self.needed = [p.name for p in parameters if p.default is p.empty]
        self.attributes = {p.name: p for p in parameters if p.name not in self.arrays}
        self.names = [p.name for p in parameters]
        self.text = {p.name for p in parameters if str(p.annotation).startswith(("str", "Any"))}

    def read(self, given: dict[str, Any]) -> None:
        """Attributes that were written as text, as MXNet itself passes them on: `kernel="(3, 3)"`."""
        for name, value in given.items():
            if isinstance(value, str) and name in self.attributes and name not in self.text:
                try:
                    given[name] = ast.literal_eval(value)
                except (ValueError, SyntaxError):
                    written = self.kind(name)
                    kind = {"bool": "boolean", "int | None": "int or None"}.get(written, written)
                    raise MXNetError(
                        f"Invalid Parameter format for {name} expect {kind} but value='{value}', in "
                        f'operator {self.name}(name="", {name}="{value}")'
                    ) from None

    def refuse(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Say what is wrong with arguments that Python refused; return where it is not they."""
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        for name in kwargs:
            if name not in self.names:
                shown = "\n".join(
                    f"{p.name} : {p.annotation}"
                    + ("" if p.default is p.empty else f", optional, default={p.default}")
                    for p in self.attributes.values()
                )
                raise MXNetError(
                    f"Cannot find argument '{name}', Possible Arguments:\n----------------\n{shown}\n"
                    f", in operator {self.name}"
                )
        shown = "".join(f', {name}="{value}"' for name, value in given.items() if name in self.attributes)
        for name in sorted(self.attributes):
            if name in self.needed and name not in given:
                raise MXNetError(
                    f"Required parameter {name} of {self.kind(name)} is not presented, in operator "
                    f'{self.name}(name=""{shown})'
                )
        count = sum(given.get(name) is not None for name in self.arrays)
        needed = [name for name in self.arrays if name in self.needed]
        if not self.several and count < len(needed):
            raise MXNetError(f"Operator {self.name} expects {len(needed)} inputs, but got {count} instead.")

    def kind(self, name: str) -> str:
        """MXNet's word for what an attribute is."""
        written = str(self.attributes[name].annotation)
        return {"Sizes": "Shape(tuple)", "Axes": "Shape or None", "str": "int", "Any": "int"}.get(
            written, written
        )


def _no_array(name: str, value: Any) -> NoReturn:
    raise AssertionError(f"Argument {name} must have NDArray type, but got {value}")


@overload
def operator(function: Function) -> Function: ...
@overload
def operator(
    *, views: bool = False, names: tuple[str, ...] = (), method: bool = False
) -> Callable[[Function], Function]: ...
def operator(
    function: Function | None = None,
    *,
    views: bool = False,
    names: tuple[str, ...] = (),
    method: bool = False,
) -> Function | Callable[[Function], Function]:
    """Make an operator of a function on tensors.

    Args:
        views: results may share memory with arguments.
        names: other names that it is known by.
        method: whether it is a method of NDArray too, under all its names.
    """

    def dress(function: Function) -> Function:
        form = _Form(function)
        arrays = len(form.arrays)
        array_names = frozenset(form.arrays)

        @wraps(function)
        def call(*args: Any, out: Any = None, name: str | None = None, **kwargs: Any) -> Any:
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
                        _no_array(form.arrays[at], value)
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
                        _no_array(key, value)
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
                    result = NDArray(_settled(result, inputs, views), context)
                elif isinstance(result, (list, tuple)):
                    result = [NDArray(_settled(part, inputs, views), context) for part in result]
            return result if out is None else _into(out, result)

        known = (form.name, *names)
        OPERATORS.update(dict.fromkeys(known, call))
        if method:
            method_names.update(known)
            for each in known:
                if each not in NDArray.__dict__:
                    setattr(NDArray, each, call)
        return call  # type: ignore[return-value]

    return dress if function is None else dress(function)
