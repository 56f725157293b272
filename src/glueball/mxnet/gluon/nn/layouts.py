"""What Gluon's layers hold, in the form that all frameworks share (`glueball.layouts`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ....frameworks.torch.layouts import kernel_last
from ....layouts import Held, Layout, convolving, transposed
from .activations import ELU, GELU, SELU, Activation, LeakyReLU, PReLU, Swish
from .basic_layers import Dense, Dropout, Embedding, Flatten
from .batch_norm import _BatchNorm
from .containers import _Stack
from .convolution import _Conv
from .normalization import GroupNorm, InstanceNorm, LayerNorm
from .pooling import _Pooling

__all__ = ["layout"]

Array: TypeAlias = np.ndarray[Any, Any]


def _outputs_first(array: Array) -> Array:
    """(outputs, *sizes, inputs), of layers whose channels come last, as (*sizes, inputs, outputs)."""
    return array.transpose(*range(1, array.ndim), 0)


def _with_bias(layer: Any, kernel: Held) -> dict[str, Held]:
    return {"kernel": kernel} | ({} if layer.bias is None else {"bias": Held("bias")})


def _dense(layer: Dense) -> Sequence[Layout]:
    arrays = _with_bias(layer, Held("weight", transposed, "out, in"))
    return [Layout("dense", arrays, settings={"flattens": layer._flatten})]


def _conv(layer: _Conv) -> Sequence[Layout]:
    options = layer._kwargs
    last = layer._channels_last
    first = "in" if layer._transposed else "out"
    second = "out" if layer._transposed else "in"
    form = f"{first}, …, {second}" if last else f"{first}, {second}, …"
    settings = convolving(
        options["kernel"], options["stride"], options["dilate"], options["pad"],
        groups=options["num_group"], channels="last" if last else "first", transposed=layer._transposed,
    )  # fmt: skip
    if layer._transposed:
        settings["output padding"] = tuple(options["adj"])
    arrays = _with_bias(layer, Held("weight", _outputs_first if last else kernel_last, form))
    return [
        Layout("transposed convolution" if layer._transposed else "convolution", arrays, settings=settings)
    ]


def _embedding(layer: Embedding) -> Sequence[Layout]:
    return [Layout("embedding", {"table": Held("weight")})]


def _norm(kind: str) -> Callable[[Any], Sequence[Layout]]:
    def norm(layer: Any) -> Sequence[Layout]:
        arrays = {"scale": Held("gamma"), "bias": Held("beta")}
        settings = {"epsilon": layer._kwargs["eps"]}
        if kind == "batch norm":
            arrays |= {"mean": Held("running_mean"), "variance": Held("running_var")}
            settings["momentum"] = layer._kwargs["momentum"]
            if layer._kwargs["fix_gamma"]:
                del arrays["scale"]  # the layer takes 1, whatever lies there
        if isinstance(layer, GroupNorm):
            settings["groups"] = layer._num_groups
        return [Layout(kind, arrays, settings=settings)]

    return norm


def _prelu(layer: PReLU) -> Sequence[Layout]:
    return [Layout("prelu", {"slope": Held("alpha")})]


def _named(kind: str, **settings: Any) -> Callable[[Any], Sequence[Layout]]:
    return lambda layer: [Layout(kind, settings=settings)]


_KNOWN: list[tuple[Any, Callable[[Any], Sequence[Layout]]]] = [
    (Dense, _dense),
    (_Conv, _conv),
    (Embedding, _embedding),
    (_BatchNorm, _norm("batch norm")),
    (LayerNorm, _norm("layer norm")),
    (InstanceNorm, _norm("instance norm")),
    # As in MXNet it scales each group, not each channel.
    (GroupNorm, _norm("group norm (a scale for each group)")),
    (PReLU, _prelu),
    (_Stack, _named("sequence")),
    (Flatten, _named("flatten")),
    (GELU, _named("gelu", approximate=False)),
    ((Activation, Dropout, ELU, SELU, LeakyReLU, Swish, _Pooling), _named("channelwise")),
]


def layout(owner: Any) -> Sequence[Layout]:
    """The layouts of a block, () where it is none of Gluon's layers."""
    for kinds, of in _KNOWN:
        if isinstance(owner, kinds):
            return of(owner)
    return ()
