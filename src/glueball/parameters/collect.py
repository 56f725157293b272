"""Collecting the parameters of a model, and initialising a model in one call."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ..frameworks import adapter_for, adapter_named
from ..patterns import Pattern
from .collection import Collection
from .dictionary import ParameterDict

__all__ = ["collect_params", "initialize", "meta"]

Model = TypeVar("Model")


def collect_params(model: Any, select: Pattern | None = None, *, buffers: bool = False) -> ParameterDict:
    """The parameters of a model, by name, in the framework's own order.

    Args:
        model: a `torch.nn.Module` (wrappers, such as DDP, FSDP and `torch.compile`, leave no prefix), a Keras
            layer or model, a Flax NNX module, or a tree of arrays (dicts, lists, dataclasses, Equinox).
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
    params = ParameterDict(Collection(adapter_for(model).walk(model, buffers)))
    return params if select is None else params.select(select)


def initialize(
    model: Model,
    rules: Any = None,
    *,
    seed: int | None = None,
    device: Any = None,
    buffers: Mapping[str, Any] | None = None,
    prefix: str = "",
    allow_empty: bool = False,
) -> Model:
    """Initialise a model's parameters by rule and return the model; see `ParameterDict.initialize`.

    Args:
        model: the model.
        rules: {pattern: initializer}, or one initializer for all, or none: what each layer's own
            constructor would draw; or the plan of another model with the same names, or its recipe.
        seed: an integer; without one a fresh seed is drawn.
        device: where parameters on the meta device get memory; they are filled in the same pass.
        buffers: values for buffers that lie on the meta device too, by name. Those of torch's own layers
            are computed again; a model built under `glueball.meta()` has all of its buffers.
        prefix: put before each name, so that a part gets the whole's values.
        allow_empty: let a rule take nothing.

    Raises:
        DeferredError: something on the meta device would be left without values. Nothing was changed.

    >>> import glueball as gb
    >>> from torch import nn
    >>> with gb.meta():
    ...     net = nn.Linear(4, 8)
    >>> net = gb.initialize(net, {"weight": gb.init.Xavier(), "bias": 0}, seed=0, device="cpu")
    """
    params = collect_params(model)
    params._carry_out(params._plan(rules, seed, device, buffers, prefix, allow_empty))
    root: Model = params.root
    return root


def meta() -> AbstractContextManager[None]:
    """Build a model without memory: parameters are on the meta device, buffers are computed and real.

    `gb.initialize(model, rules, device=…)` then gives it memory and values in one pass. For PyTorch; only
    the thread that opens it is concerned. One parameter in several places stays one, and parameters that
    share memory on the meta device share it afterwards; two that are cut from one tensor before they are
    put into a module do not.

    >>> import glueball as gb
    >>> from torch import nn
    >>> with gb.meta():
    ...     net = nn.Sequential(*(nn.Linear(2**15, 2**15) for _ in range(256)))     # a tebibyte
    >>> gb.collect_params(net)["9.weight"]
    Parameter 9.weight (shape=(32768, 32768), dtype=float32, device=meta)
    """
    return adapter_named("torch").meta()
