"""Functions as initializers, and initializers of other frameworks.

A function is called in one of two ways, told by its signature:

- `f(data)`, one argument without a default, fills the array in place, as `torch.nn.init.orthogonal_`;
  what it returns instead, another array or a number, is taken;
- `f(shape, dtype)`, whose first argument is called `shape` or whose second `dtype`, returns an array.
  `dtype` is the model framework's own.

It runs on a host copy, under global generators (its framework's, NumPy's, `random`'s) that are seeded
from (seed, name) and put back afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..errors import InitializerError
from .base import Initializer, Target, Whole, full_name

__all__ = ["Foreign", "Function"]


@dataclass(repr=False, eq=False)
class Function(Initializer):
    """A function that fills the array it is given, in place, or makes one of a shape and a dtype.

    What it draws from global generators is drawn under a seed made from (seed, name).

    Raises:
        InitializerError: a function with other arguments; when used, NaN among the values.
        ShapeError, DTypeError: when used, an array that does not fit.

    >>> import glueball as gb, torch
    >>> gb.init.Function(torch.nn.init.orthogonal_)
    orthogonal_
    >>> def arange(shape, dtype):
    ...     return torch.arange(8, dtype=dtype).reshape(shape)
    >>> gb.initialize(torch.nn.Linear(2, 4, bias=False), arange).weight[1].tolist()
    [2.0, 3.0]
    """

    fill: Callable[..., Any]
    makes: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given: Any = self.fill
        if not callable(given):
            raise InitializerError(f"Function takes a function, not {given!r}.")
        object.__setattr__(self, "makes", _makes(self.fill))

    def _init_weight(self, name: str, data: Any) -> Any:
        try:
            made = self.fill(tuple(data.shape), data.dtype) if self.makes else self.fill(data)
        except Exception as error:
            call = f"(shape, dtype={data.dtype})" if self.makes else "(data)"
            error.add_note(f"{self!r} was called as f{call} to initialise {name!r}; nothing was changed.")
            raise
        if self.makes and made is None:
            raise InitializerError(
                f"{self!r} returned nothing for {name!r}: a function of (shape, dtype) returns an array."
            )
        return made if not self.makes or hasattr(made, "shape") else np.asarray(made)

    def to_json(self) -> Any:
        """Its name; `from_json` asks for the function itself, since no code is imported by a name in data.

        Raises:
            InitializerError: no name leads to it: a lambda, a partial, a function made in another.
        """
        return {"kind": "Function", "function": full_name(self.fill)}

    @classmethod
    def _from_json(cls, form: Mapping[str, Any], known: Mapping[str, Any]) -> Initializer:
        name = form["function"]
        if name not in known:
            raise InitializerError(
                f"the function {name!r} is not known here: give it, known={{{name!r}: the function}}."
            )
        return cls(known[name])

    def __repr__(self) -> str:
        if isinstance(self.fill, partial):
            given = [*map(repr, self.fill.args), *(f"{k}={v!r}" for k, v in self.fill.keywords.items())]
            return f"{_name(self.fill.func)}({', '.join(given)})"
        return _name(self.fill)


def _name(function: Any) -> str:
    return getattr(function, "__name__", None) or repr(function)


def _makes(function: Callable[..., Any]) -> bool:
    """Whether a function makes an array of (shape, dtype), rather than fills one."""
    try:
        parameters = list(signature(function).parameters.values())
    except (TypeError, ValueError):
        return False  # compiled, and silent about its arguments
    given = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    asked = [p.name for p in given if p.default is Parameter.empty]
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    any_number = any(p.kind is Parameter.VAR_POSITIONAL for p in parameters)
    names = [p.name for p in given]
    shaped = names[:1] in (["shape"], ["size"]) or names[1:2] == ["dtype"]
    if shaped and not keywords and (len(names) > 1 or any_number) and len(asked) <= 2:
        return True
    if not keywords and len(asked) <= 1 and (names or any_number):
        return False
    fix = ", ".join(f"{name}=…" for name in (*asked[1:], *keywords)) or "…"
    raise InitializerError(
        f"{_name(function)} takes ({', '.join((*asked, *keywords))}): an initializer is called as f(data), "
        f"to fill data in place, or as f(shape, dtype). "
        + (
            f"Fix the others: functools.partial({_name(function)}, {fix})."
            if asked
            else "Give it an argument."
        )
    )


class Foreign(Whole):
    """Base of another framework's initializers, run under our seed; their adapters say how.

    `make(shape, key)` is called for each packed block in the layout `(*kernel, inputs, outputs)`, in which
    Keras and JAX count fans, and its result is turned to the parameter's own. With `bare` it is called once
    for the parameter's shape as it is, as a constructor does.
    """

    source: Any
    bare = False

    def make(self, shape: tuple[int, ...], key: streams.Key) -> Any:
        """An array, a function of the shape and the key alone."""
        raise NotImplementedError

    def values(self, target: Target, seed: int) -> NDArray[Any]:
        """Blocks made one by one, each under a key of its own."""
        if self.bare:
            target = target._replace(parts=(), axes=None)
        count = max(len(target.parts), 1)
        block = list(target.shape)
        if target.parts:
            block[target.along] //= count
        axes = tuple(range(len(block))) if target.axes is None else target.axes
        turned = tuple(block[axis] for axis in axes)
        made = []
        for at in range(count):
            key = streams.stream_key(seed, target.name, f"\0{at}" if target.parts else "")
            values = np.asarray(self.make(turned, key))
            if values.shape != turned:
                raise InitializerError(
                    f"{self!r} made an array of shape {values.shape} for {target.name!r}, where {turned} "
                    f"was asked for."
                )
            made.append(values.transpose(np.argsort(axes)))
        return np.concatenate(made, axis=target.along) if target.parts else made[0]
