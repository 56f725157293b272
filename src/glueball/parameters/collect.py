"""Collecting the parameters of a model, and initialising a model in one call."""

from __future__ import annotations

from typing import Any, TypeVar

from ..frameworks import adapter_for
from ..patterns import Pattern
from .dictionary import ParameterDict

__all__ = ["collect_params", "initialize"]

Model = TypeVar("Model")


def collect_params(model: Any, select: Pattern | None = None, *, buffers: bool = False) -> ParameterDict:
    """The parameters of a model, by name, in the framework's own order.

    Args:
        model: any `torch.nn.Module`. Wrappers (`DataParallel`, DDP, FSDP, `torch.compile`) leave no prefix.
        select: take only what this pattern takes (see `glueball.patterns`).
        buffers: collect buffers too (running statistics), each marked as one.

    Raises:
        UnknownModelError: no adapter knows the model's class.
        NothingSelectedError: `select` takes nothing.

    >>> import glueball as gb
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> gb.collect_params(net).names()
    ['0.weight', '0.bias', '2.weight', '2.bias']
    >>> gb.collect_params(net, ".*weight")["2.weight"].shape
    (1, 8)
    """
    params = ParameterDict(adapter_for(model).walk(model, buffers))
    return params if select is None else params.select(select)


def initialize(
    model: Model, rules: Any = None, *, seed: int | None = None, allow_empty: bool = False
) -> Model:
    """Initialise a model's parameters by rule and return the model; see `ParameterDict.initialize`.

    Without rules every layer gets what its own constructor would draw, from our streams.

    >>> import glueball as gb
    >>> from torch import nn
    >>> net = gb.initialize(nn.Linear(4, 8), {"weight": gb.init.Xavier(), "bias": 0}, seed=0)
    >>> net = gb.initialize(nn.Linear(4, 8), seed=0)
    """
    collect_params(model).initialize(rules, seed=seed, allow_empty=allow_empty, _depth=1)
    return model
