"""`nd.contrib`: MXNet's contributed operators, and loops and branches written as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import operators as _operators  # noqa: F401  # they fill OPERATORS
from .missing import say_missing
from .ndarray import NDArray
from .register import OPERATORS

__all__ = ["cond", "foreach", "isfinite", "isinf", "isnan", "while_loop"]

_PREFIX = "_contrib_"
globals().update({name[len(_PREFIX) :]: f for name, f in OPERATORS.items() if name.startswith(_PREFIX)})


def __getattr__(name: str) -> NoReturn:
    say_missing("mxnet.ndarray.contrib", name)


def isnan(data: NDArray) -> NDArray:
    """1 where an element is no number, else 0."""
    found: NDArray = OPERATORS["not_equal"](data, data)
    return found


def isinf(data: NDArray) -> NDArray:
    """1 where an element is infinite, else 0."""
    found: NDArray = OPERATORS["equal"](OPERATORS["abs"](data), float("inf"))
    return found


def isfinite(data: NDArray) -> NDArray:
    """1 where an element is neither infinite nor no number, else 0."""
    found: NDArray = OPERATORS["lesser"](OPERATORS["abs"](data), float("inf"))
    return found


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def foreach(body: Callable[[Any, Any], tuple[Any, Any]], data: Any, init_states: Any) -> tuple[Any, Any]:
    """Run a function over the first axis, handing states on.

    Args:
        body: of one slice and the states; gives its output and the new states.
        data: an array, or a list of arrays that are gone through together.
        init_states: an array or a list.

    Returns:
        The outputs, stacked, and the last states.

    >>> from glueball.mxnet import nd
    >>> sums, last = nd.contrib.foreach(lambda x, s: (x + s, x + s), nd.array([1, 2, 3]), nd.zeros(1))
    >>> sums.reshape(-1)
    <BLANKLINE>
    [1. 3. 6.]
    <NDArray 3 @cpu(0)>
    """
    states = init_states
    outputs: list[list[Any]] = []
    single = True
    for at in range(_listed(data)[0].shape[0]):
        parts = data[at] if isinstance(data, NDArray) else [part[at] for part in data]
        output, states = body(parts, states)
        single = isinstance(output, NDArray)
        outputs.append(_listed(output))
    stacked = [OPERATORS["stack"](*column, axis=0) for column in zip(*outputs, strict=True)]
    return (stacked[0] if single else stacked), states


def while_loop(
    cond: Callable[..., Any],
    func: Callable[..., tuple[Any, Any]],
    loop_vars: Sequence[NDArray],
    max_iterations: int | None = None,
) -> tuple[Any, Any]:
    """Run a function on its own results while a condition of them holds.

    Args:
        cond: of the variables; whether to go on.
        func: of the variables; gives an output (or outputs, or none) and the new variables.
        loop_vars: the first variables.
        max_iterations: how often at most.

    Returns:
        The outputs, stacked and filled up with zeros to `max_iterations`, and the last variables.
    """
    if max_iterations is None:
        raise ValueError("max_iterations should be specified")
    variables = _listed(loop_vars)
    outputs: list[list[Any]] = []
    steps = 0
    while steps < max_iterations and float(cond(*variables).asscalar()):
        output, variables = func(*variables)
        variables = _listed(variables)
        outputs.append([] if output is None else _listed(output))
        steps += 1
    if not outputs:
        raise ValueError("the loop did not run once, so the shapes of its outputs are not known")
    stacked = []
    for column in zip(*outputs, strict=True):
        whole = OPERATORS["stack"](*column, axis=0)
        if steps < max_iterations:
            blank = OPERATORS["zeros_like"](column[0].expand_dims(0))
            rest = OPERATORS["repeat"](blank, max_iterations - steps, 0)
            whole = OPERATORS["concat"](whole, rest, dim=0)
        stacked.append(whole)
    return stacked, variables


def cond(pred: NDArray, then_func: Callable[[], Any], else_func: Callable[[], Any]) -> Any:
    """What one of two functions gives: the first where `pred` is not 0."""
    return then_func() if float(pred.asscalar()) else else_func()
