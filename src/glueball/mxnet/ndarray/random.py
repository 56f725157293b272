"""`nd.random`: MXNet's own random numbers, bit for bit, wherever the array then goes.

Parameters are numbers, or arrays: then `shape` is what is drawn for each of their elements. The numbers
come from `generators`, which know nothing of devices, so a GPU's are those of the CPU. No gradient goes
back through them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import generators
from ..base import MXNetError
from ..context import Context
from .arguments import joined
from .creation import _made
from .graph import raw
from .ndarray import NDArray, wrap
from .register import OPERATORS

__all__ = [
    "exponential",
    "exponential_like",
    "gamma",
    "gamma_like",
    "generalized_negative_binomial",
    "generalized_negative_binomial_like",
    "multinomial",
    "negative_binomial",
    "negative_binomial_like",
    "normal",
    "normal_like",
    "poisson",
    "poisson_like",
    "randint",
    "randn",
    "shuffle",
    "uniform",
    "uniform_like",
]

Draw = Callable[..., Any]


def _no_more(options: dict[str, Any], name: str) -> None:
    options.pop("name", None)
    for key in options:
        raise MXNetError(
            f"Cannot find argument '{key}', Possible Arguments:\n----------------\nthe distribution's own, "
            f"shape, dtype, ctx and out\n, in operator _random_{name}"
        )


def _shape_of(shape: Any, out: NDArray | None, name: str) -> tuple[int, ...] | None:
    """What is drawn, or for arrays of parameters what for each element; None where nobody said it.

    Raises:
        MXNetError: it is no shape, or some size is not known, which 0 and −1 mean to MXNet.
    """
    if shape is None:
        return None if out is None else out.shape
    given = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not all(isinstance(size, (int, np.integer)) for size in given):
        raise MXNetError(
            f"Invalid Parameter format for shape expect Shape(tuple) but value='{shape}', in operator "
            f"_random_{name}"
        )
    sizes = tuple(map(int, given))
    if not sizes or min(sizes) <= 0:
        raise MXNetError(f"Operator _random_{name} inferring shapes failed.\nshape : {tuple(sizes)}")
    return sizes


def _context(ctx: Any) -> Context | None:
    if isinstance(ctx, str):
        found = re.fullmatch(r"(\w+)\((\d+)\)", ctx)
        return Context(found[1], int(found[2])) if found else Context(ctx)
    return ctx  # type: ignore[no-any-return]


def _given(values: Any, ctx: Any, out: NDArray | None) -> NDArray:
    """What was drawn, in a context or in an array."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if out is None:
        return _made(tensor, _context(ctx))
    if tuple(tensor.shape) != out.shape:
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(out.shape)}, inferred shape={joined(tensor.shape)}"
        )
    out._write(tensor)
    return out


def _drawn(
    name: str,
    draw: Draw,
    parameters: tuple[Any, ...],
    shape: Any,
    dtype: Any,
    ctx: Any,
    out: NDArray | None,
    options: dict[str, Any],
) -> NDArray:
    _no_more(options, name)
    arrays = [isinstance(parameter, NDArray) for parameter in parameters]
    for parameter, array in zip(parameters, arrays, strict=True):
        if array != arrays[0]:
            raise AssertionError(
                "Distribution parameters must all have the same type, but got both "
                f"{type(parameters[0])} and {type(parameter)}."
            )
        if not array and not isinstance(parameter, (int, float, np.generic)):
            raise ValueError(
                f"Distribution parameters must be either NDArray or numbers, but got {type(parameter)}."
            )
    if arrays[0]:
        each = _shape_of(shape, None, name)
        kind = dtype or (np.float32 if out is None else out.dtype)
        values = draw(*(parameter.asnumpy() for parameter in parameters), shape=each, dtype=kind)
        return _given(values, ctx or parameters[0].context, out)
    if out is not None:
        if dtype is not None and np.dtype(dtype) != np.dtype(out.dtype):
            raise MXNetError("dtype_out == param.dtype: Output type does not match requested type")
        dtype = out.dtype
    sizes = _shape_of(shape, out, name)
    return _given(
        draw(*parameters, shape=(1,) if sizes is None else sizes, dtype=dtype or "float32"), ctx, out
    )


def uniform(
    low: Any = 0, high: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Even between `low` and `high`.

    Args:
        low: a number, or an array of them.
        high: likewise.
        shape: of the result, (1,) by default; for arrays, what is drawn for each element.
        dtype: "float16", "float32" (by default) or "float64".
        ctx: where; by default the current context.
        out: an array to be filled.
        options: none.

    >>> from glueball import mxnet as mx
    >>> mx.random.seed(1)
    >>> mx.nd.random.uniform(-1, 1, shape=(2, 2))
    <BLANKLINE>
    [[ 0.04766667 -0.8899727 ]
     [-0.92007405  0.1890645 ]]
    <NDArray 2x2 @cpu(0)>
    """
    return _drawn("uniform", generators.uniform, (low, high), shape, dtype, ctx, out, options)


def normal(
    loc: Any = 0, scale: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Normal with mean `loc` and deviation `scale`; arguments as for `uniform`."""
    return _drawn("normal", generators.normal, (loc, scale), shape, dtype, ctx, out, options)


def randn(*shape: int, **options: Any) -> NDArray:
    """Normal numbers of a shape, by default with mean 0 (`loc`) and deviation 1 (`scale`)."""
    loc, scale = options.pop("loc", 0), options.pop("scale", 1)
    return normal(loc, scale, shape, **options)


def randint(
    low: Any, high: Any, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Integers from `low` up to and without `high`, of type int32 or int64."""
    _no_more(options, "randint")
    if isinstance(low, NDArray) or isinstance(high, NDArray):
        raise TypeError("randint takes numbers and no arrays for low and high")
    if out is not None:
        dtype = out.dtype
    sizes = _shape_of(shape, out, "randint")
    return _given(generators.randint(low, high, sizes or (1,), dtype or "int32"), ctx, out)


def exponential(
    scale: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Exponential with mean `scale`; arguments as for `uniform`."""
    return _drawn("exponential", generators.exponential, (scale,), shape, dtype, ctx, out, options)


def _known(name: str) -> Draw:
    """One of the generators, whichever are there."""

    def draw(*parameters: Any, **options: Any) -> Any:
        function = getattr(generators, name, None)
        if function is None:
            raise NotImplementedError(
                f"nd.random.{name} is not there; draw with torch.distributions and take nd.array(…)"
            )
        return function(*parameters, **options)

    return draw


def gamma(
    alpha: Any = 1, beta: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Gamma with shape `alpha` and scale `beta`; arguments as for `uniform`."""
    return _drawn("gamma", _known("gamma"), (alpha, beta), shape, dtype, ctx, out, options)


def poisson(
    lam: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Poisson with mean `lam`, as floats; arguments as for `uniform`."""
    return _drawn("poisson", _known("poisson"), (lam,), shape, dtype, ctx, out, options)


def negative_binomial(
    k: Any = 1, p: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Failures before the `k`-th success of probability `p`, as floats; arguments as for `uniform`."""
    return _drawn("negative_binomial", _known("negative_binomial"), (k, p), shape, dtype, ctx, out, options)


def generalized_negative_binomial(
    mu: Any = 1, alpha: Any = 1, shape: Any = None, dtype: Any = None, ctx: Any = None,
    out: NDArray | None = None, **options: Any,
) -> NDArray:  # fmt: skip
    """Poisson whose mean is gamma with mean `mu` and dispersion `alpha`; arguments as for `uniform`."""
    name = "generalized_negative_binomial"
    return _drawn(name, _known(name), (mu, alpha), shape, dtype, ctx, out, options)


def multinomial(
    data: NDArray, shape: Any = None, get_prob: bool = False, out: NDArray | None = None,
    dtype: Any = "int32", **options: Any,
) -> Any:  # fmt: skip
    """Choices of 0, 1, … by the probabilities in the last axis.

    Args:
        data: probabilities.
        shape: of the choices for each row; by default one, without an axis of its own.
        get_prob: whether the logarithms of the choices' probabilities are given too, in a list; gradients
            go back through these.
        out: an array to be filled.
        dtype: of the choices.
        options: none.
    """
    options.pop("name", None)
    assert isinstance(data, NDArray), f"Argument data must have NDArray type, but got {data}"
    sizes = None if shape is None else _shape_of(shape, None, "multinomial")
    chosen = np.asarray(generators.multinomial(data.asnumpy(), sizes, False, np.dtype(dtype).name))
    choices = _given(chosen, data.context, out)
    if not get_prob:
        return choices
    places = torch.from_numpy(chosen.astype(np.int64)).to(data._tensor.device)
    rows = raw(data)
    flat = places.reshape(*rows.shape[:-1], -1)
    likely = rows.gather(-1, flat.clamp_max(rows.shape[-1] - 1)).log().reshape(places.shape)
    return [choices, wrap(likely, data._context)]


def shuffle(data: NDArray, out: NDArray | None = None, **options: Any) -> NDArray:
    """A copy with the elements of the first axis in another order."""
    options.pop("name", None)
    assert isinstance(data, NDArray), f"Argument data must have NDArray type, but got {data}"
    tensor = raw(data)
    order = torch.from_numpy(generators.shuffled(tensor.shape[0], rows=tensor.dim() > 1))
    mixed = tensor.index_select(0, order.to(tensor.device))
    if out is None:
        return wrap(mixed, data._context)
    out._write(mixed)
    return out


# ---- shaped like others, and the older names ---------------------------------------------------------


def _like(function: Draw, name: str, parameters: tuple[str, ...]) -> Draw:
    def draw(data: NDArray, *values: Any, out: NDArray | None = None, **options: Any) -> Any:
        named = dict(zip(parameters, values, strict=False))
        for key in parameters:
            if key in options:
                named[key] = options.pop(key)
        if "lam" in named and name == "exponential":
            named["scale"] = 1 / named.pop("lam")
        return function(shape=data.shape, dtype=data.dtype, ctx=data.context, out=out, **named, **options)

    draw.__name__ = draw.__qualname__ = f"{name}_like"
    draw.__doc__ = f"`{name}` in the shape and type of another array."
    return draw


uniform_like = _like(uniform, "uniform", ("low", "high"))
normal_like = _like(normal, "normal", ("loc", "scale"))
exponential_like = _like(exponential, "exponential", ("lam",))
gamma_like = _like(gamma, "gamma", ("alpha", "beta"))
poisson_like = _like(poisson, "poisson", ("lam",))
negative_binomial_like = _like(negative_binomial, "negative_binomial", ("k", "p"))
generalized_negative_binomial_like = _like(
    generalized_negative_binomial, "generalized_negative_binomial", ("mu", "alpha")
)


def _renamed(function: Draw, name: str, renames: dict[str, str]) -> Draw:
    """The operator of an older name: `nd.random_exponential(lam=2)`, `nd.sample_normal(mu, sigma)`."""

    def draw(*values: Any, **options: Any) -> Any:
        if name.endswith("exponential"):
            rate = options.pop("lam", None) if not values else values[0]
            values = (1.0 / (1.0 if rate is None else rate), *values[1:])
        for old, new in renames.items():
            if old in options:
                options[new] = options.pop(old)
        return function(*values, **options)

    draw.__name__ = draw.__qualname__ = name
    draw.__doc__ = f"`nd.random.{function.__name__}` under its older name."
    return draw


for _name, _function, _renames in (
    ("uniform", uniform, {}),
    ("normal", normal, {"mu": "loc", "sigma": "scale"}),
    ("exponential", exponential, {}),
    ("gamma", gamma, {}),
    ("poisson", poisson, {}),
    ("negative_binomial", negative_binomial, {}),
    ("generalized_negative_binomial", generalized_negative_binomial, {}),
):
    for _kind in ("random", "sample"):
        OPERATORS[f"{_kind}_{_name}"] = _renamed(_function, f"{_kind}_{_name}", _renames)
OPERATORS["random_randint"] = randint
OPERATORS["sample_multinomial"] = multinomial
OPERATORS["shuffle"] = shuffle
OPERATORS["uniform"] = OPERATORS["random_uniform"]
OPERATORS["normal"] = OPERATORS["random_normal"]
