"""What Equinox's layers hold, in the form that all frameworks share (`glueball.layouts`).

Equinox keeps matrices and kernels as torch does, outputs first; a bias of a convolution with axes of length 1
for the places; gates i f g o and r z n with one bias, beside which a GRU has one for its new state's product.
Equinox is not imported: a layer brings its class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...layouts import Held, Layout, convolving, flat, gates, inside, transposed

__all__ = ["layout"]

Array: TypeAlias = np.ndarray[Any, Any]
Layouts: TypeAlias = Sequence[Layout]


def _has(layer: Any, **held: Held) -> dict[str, Held]:
    """Those of the arrays that the layer was made with."""
    return {name: one for name, one in held.items() if getattr(layer, one.site, None) is not None}


def _linear(layer: Any) -> Layouts:
    if "scalar" in (layer.in_features, layer.out_features):
        return ()
    return [Layout("dense", _has(layer, kernel=Held("weight", transposed, "out, in"), bias=Held("bias")))]


def _kernel_last(array: Array) -> Array:
    return array.transpose(*range(2, array.ndim), 1, 0)


def _mirrored(array: Array) -> Array:
    """(outputs, inputs, *sizes), mirrored along the sizes, as (*sizes, outputs, inputs)."""
    turned = array.transpose(*range(2, array.ndim), 0, 1)
    return turned[(slice(None, None, -1),) * (array.ndim - 2)]


def _conv(layer: Any) -> Layouts:
    across = hasattr(layer, "output_padding")
    if across and layer.groups > 1:
        return ()
    settings = convolving(
        layer.kernel_size, layer.stride, layer.dilation, layer.padding,
        groups=layer.groups, channels="first", transposed=across,
    )  # fmt: skip
    kernel = (
        Held("weight", _mirrored, "mirrored, out, in, …")
        if across
        else Held("weight", _kernel_last, "out, in, …")
    )
    arrays = _has(layer, kernel=kernel, bias=Held("bias", flat))
    return [Layout("transposed convolution" if across else "convolution", arrays, settings=settings)]


def _embedding(layer: Any) -> Layouts:
    return [Layout("embedding", {"table": Held("weight")})]


def _norm(kind: str) -> Callable[[Any], Layouts]:
    def norm(layer: Any) -> Layouts:
        settings = {"epsilon": layer.eps}
        if kind == "group norm":
            settings["groups"] = layer.groups
        return [Layout(kind, _has(layer, scale=Held("weight"), bias=Held("bias")), settings=settings)]

    return norm


def _cell(kind: str, order: str) -> Callable[[Any], Layouts]:
    def cell(layer: Any) -> Layouts:
        form = " ".join(order)
        arrays = gates("kernel", "weight_ih", order, axis=0, turn=True, form=form)
        arrays |= gates("recurrent", "weight_hh", order, axis=0, turn=True, form=form)
        if layer.use_bias:
            arrays |= gates("bias", "bias", order, axis=0, turn=False, form=form)
            if kind == "gru":
                arrays["recurrent_bias.n"] = Held("bias_n")
        return [Layout(kind, arrays)]

    return cell


def _attention(layer: Any) -> Layouts:
    found = []
    for role in ("query", "key", "value", "output"):
        settings = {"heads": layer.num_heads} if role != "output" else {}
        for part in _linear(getattr(layer, f"{role}_proj")):
            found.append(inside(f"{role}_proj", part, role)._replace(role=role, settings=settings))
    return found


def _prelu(layer: Any) -> Layouts:
    return [Layout("prelu", {"slope": Held("negative_slope", flat)})]


_KNOWN: Mapping[str, Callable[[Any], Layouts]] = {
    "Linear": _linear,
    "Conv": _conv,
    "ConvTranspose": _conv,
    "Embedding": _embedding,
    "LayerNorm": _norm("layer norm"),
    "RMSNorm": _norm("rms norm"),
    "GroupNorm": _norm("group norm"),
    "LSTMCell": _cell("lstm", "ifgo"),
    "GRUCell": _cell("gru", "rzn"),
    "MultiheadAttention": _attention,
    "PReLU": _prelu,
    "Sequential": lambda layer: [Layout("sequence")],
    "Dropout": lambda layer: [Layout("channelwise")],
}


def layout(owner: Any) -> Layouts:
    """The layouts of one of Equinox's layers, () for anything else."""
    for cls in type(owner).__mro__:
        if cls.__module__.startswith("equinox.nn.") and cls.__name__ in _KNOWN:
            return _KNOWN[cls.__name__](owner)
    return ()
