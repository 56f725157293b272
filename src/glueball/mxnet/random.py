"""`mx.random`: the seed, and the distributions of `nd.random`."""

from __future__ import annotations

from typing import Any

from . import generators
from .context import Context
from .ndarray.random import (
    exponential,
    gamma,
    generalized_negative_binomial,
    multinomial,
    negative_binomial,
    normal,
    poisson,
    randint,
    randn,
    shuffle,
    uniform,
)

__all__ = [
    "exponential",
    "gamma",
    "generalized_negative_binomial",
    "multinomial",
    "negative_binomial",
    "normal",
    "poisson",
    "randint",
    "randn",
    "seed",
    "shuffle",
    "uniform",
]


def seed(seed_state: int, ctx: Any = "all") -> None:
    """Start this thread's random numbers anew; never seeded means `seed(0)`.

    Args:
        seed_state: any integer; taken modulo 2^32.
        ctx: "all", or one context, by which `shuffle` and `multinomial` are seeded differently.

    Raises:
        ValueError: the seed is no integer.

    >>> from glueball import mxnet as mx
    >>> mx.random.seed(1)
    >>> mx.nd.random.normal(0, 0.01, shape=(1, 2))
    <BLANKLINE>
    [[-0.00677651  0.00100739]]
    <NDArray 1x2 @cpu(0)>
    """
    if ctx == "all":
        generators.seed(seed_state)
        return
    context = Context(ctx)
    if context.device_type == "cpu":
        generators.seed(seed_state, context=True)
