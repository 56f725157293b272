"""What torch's layers hold, in the form that all frameworks share (`glueball.layouts`).

torch keeps matrices as (outputs, inputs), convolutions as (outputs, inputs / groups, *sizes), a transposed
one as (inputs, outputs / groups, *sizes); gates lie one after the other, i f g o and r z n, with two biases;
attention packs q, k and v.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from torch import nn
from torch.nn.modules import activation, dropout, padding, pooling, upsampling
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.instancenorm import _InstanceNorm

from ...layouts import Held, Layout, convolving, gates, transposed
from .own import itself

__all__ = ["kernel_last", "layout"]

Array: TypeAlias = np.ndarray[Any, Any]

_GATES = {"LSTM": "ifgo", "GRU": "rzn", "RNN": "h"}
_KINDS = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}


def kernel_last(array: Array) -> Array:
    """(outputs, inputs, *sizes) as (*sizes, inputs, outputs); a transposed one likewise."""
    return array.transpose(*range(2, array.ndim), 1, 0)


def _has(layer: Any, **held: Held) -> dict[str, Held]:
    """Those of the arrays that the layer was made with."""
    return {name: one for name, one in held.items() if getattr(layer, one.site, None) is not None}


def _linear(layer: Any) -> Sequence[Layout]:
    arrays = _has(layer, kernel=Held("weight", transposed, "out, in"), bias=Held("bias"))
    return [Layout("dense", arrays)]


def _conv(layer: Any) -> Sequence[Layout]:
    form = "in, out, …" if layer.transposed else "out, in, …"
    settings = convolving(
        layer.kernel_size, layer.stride, layer.dilation, layer.padding,
        groups=layer.groups, channels="first", transposed=layer.transposed,
    )  # fmt: skip
    settings["padding mode"] = layer.padding_mode
    if layer.transposed:
        settings["output padding"] = tuple(layer.output_padding)
    kind = "transposed convolution" if layer.transposed else "convolution"
    return [
        Layout(
            kind, _has(layer, kernel=Held("weight", kernel_last, form), bias=Held("bias")), settings=settings
        )
    ]


def _embedding(layer: Any) -> Sequence[Layout]:
    return [Layout("embedding", {"table": Held("weight")})]


def _norm(kind: str) -> Callable[[Any], Sequence[Layout]]:
    def norm(layer: Any) -> Sequence[Layout]:
        arrays = _has(
            layer, scale=Held("weight"), bias=Held("bias"), mean=Held("running_mean"),
            variance=Held("running_var"), batches=Held("num_batches_tracked"),
        )  # fmt: skip
        settings: dict[str, Any] = {"epsilon": layer.eps}
        if kind == "batch norm":
            settings["momentum"] = None if layer.momentum is None else 1 - layer.momentum
        if kind == "group norm":
            settings["groups"] = layer.num_groups
        return [Layout(kind, arrays, settings=settings)]

    return norm


def _recurrent(layer: Any) -> Sequence[Layout]:
    mode = layer.mode.partition("_")[0]
    settings: dict[str, Any] = {"activation": "relu" if layer.mode == "RNN_RELU" else "tanh"}
    found = []
    ways = ("", "_reverse") if layer.bidirectional else ("",)
    for number in range(layer.num_layers):
        for way in ways:
            part = f"l{number}" if layer.num_layers > 1 else ""
            side = ("backward" if way else "forward") if layer.bidirectional else ""
            arrays = _cell(layer, mode, f"_l{number}{way}")
            step = ".".join(filter(None, (part, side)))
            found.append(Layout(_KINDS[mode], arrays, step, side, settings))
    return found


def _recurrent_cell(layer: Any) -> Sequence[Layout]:
    mode = next(name for name in _GATES if isinstance(layer, getattr(nn, f"{name}Cell")))
    settings = {"activation": getattr(layer, "nonlinearity", "tanh")}
    return [Layout(_KINDS[mode], _cell(layer, mode, ""), settings=settings)]


def _cell(layer: Any, mode: str, end: str) -> dict[str, Held]:
    order, form = _GATES[mode], " ".join(_GATES[mode])
    arrays: dict[str, Held] = {}
    for name, site, turn in (
        ("kernel", "weight_ih", True),
        ("recurrent", "weight_hh", True),
        ("bias", "bias_ih", False),
        ("recurrent_bias", "bias_hh", False),
    ):
        if getattr(layer, site + end, None) is not None:
            arrays |= gates(name, site + end, order, axis=0, turn=turn, form=form)
    if getattr(layer, f"weight_hr{end}", None) is not None:
        arrays["projection"] = Held(f"weight_hr{end}", transposed, "out, in")
    return arrays


def _attention(layer: Any) -> Sequence[Layout]:
    found = []
    for at, role in enumerate(("query", "key", "value")):
        arrays: dict[str, Held] = {}
        if layer.in_proj_weight is not None:
            arrays["kernel"] = Held("in_proj_weight", _third(at), "q k v packed")
        else:
            arrays["kernel"] = Held(f"{role[0]}_proj_weight", transposed, "out, in")
        if layer.in_proj_bias is not None:
            arrays["bias"] = Held("in_proj_bias", _third(at), "q k v packed")
        settings = {"heads": layer.num_heads, "added zero": layer.add_zero_attn}
        found.append(Layout("dense", arrays, role, role, settings))
    out = {"kernel": Held("out_proj.weight", transposed, "out, in")}
    if layer.out_proj.bias is not None:
        out["bias"] = Held("out_proj.bias")
    found.append(Layout("dense", out, "output", "output"))
    return found


def _third(at: int) -> Callable[[Array], Array]:
    def view(array: Array) -> Array:
        width = array.shape[0] // 3
        return array[at * width : (at + 1) * width].T

    return view


def _prelu(layer: Any) -> Sequence[Layout]:
    return [Layout("prelu", {"slope": Held("weight")})]


def _bilinear(layer: Any) -> Sequence[Layout]:
    return [Layout("bilinear", _has(layer, kernel=Held("weight"), bias=Held("bias")))]


def _gelu(layer: Any) -> Sequence[Layout]:
    return [Layout("gelu", settings={"approximate": layer.approximate != "none"})]


def _named(kind: str) -> Callable[[Any], Sequence[Layout]]:
    return lambda layer: [Layout(kind)]


# The first that a layer is an instance of.
_KNOWN: list[tuple[Any, Callable[[Any], Sequence[Layout]]]] = [
    (nn.Linear, _linear),
    (_ConvNd, _conv),
    ((nn.Embedding, nn.EmbeddingBag), _embedding),
    (_BatchNorm, _norm("batch norm")),
    (_InstanceNorm, _norm("instance norm")),
    (nn.LayerNorm, _norm("layer norm")),
    (nn.GroupNorm, _norm("group norm")),
    (nn.RMSNorm, _norm("rms norm")),
    (nn.RNNBase, _recurrent),
    (nn.RNNCellBase, _recurrent_cell),
    (nn.MultiheadAttention, _attention),
    (nn.PReLU, _prelu),
    (nn.Bilinear, _bilinear),
    (nn.Sequential, _named("sequence")),
    (nn.Flatten, _named("flatten")),
    (nn.GELU, _gelu),
]
# Layers without parameters that keep the channels apart.
_CHANNELWISE = {module.__name__ for module in (activation, dropout, padding, pooling, upsampling)}


def layout(owner: Any) -> Sequence[Layout]:
    """The layouts of a module; one that says what it is (`own`) is asked itself."""
    says = itself(owner)
    if says is not None:
        return says.layout(owner)
    for kinds, of in _KNOWN:
        if isinstance(owner, kinds):
            return of(owner)
    if type(owner).__module__ in _CHANNELWISE or type(owner) is nn.Identity:
        return [Layout("channelwise")]
    return ()
