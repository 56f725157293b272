"""What Flax NNX's layers hold, in the form that all frameworks share (`glueball.layouts`).

NNX keeps kernels as (*sizes, inputs, outputs); a transposed convolution's kernel is mirrored, unless it was
made with `transpose_kernel`; attention by heads. Gates are i f g o, in layers of their own or in one, and
r z n, with biases at the input, or at the state, alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from flax import nnx

from ...layouts import Held, Layout, contracted, convolving, flat, gates, inside, matrix

__all__ = ["layout"]

Array: TypeAlias = np.ndarray[Any, Any]
Layouts: TypeAlias = Sequence[Layout]


def _has(layer: Any, **held: Held) -> dict[str, Held]:
    """Those of the arrays that the layer was made with."""
    return {name: one for name, one in held.items() if getattr(layer, one.site, None) is not None}


def _linear(layer: Any) -> Layouts:
    return [Layout("dense", _has(layer, kernel=Held("kernel", form="in, out"), bias=Held("bias")))]


def _heads(layer: Any, summed: int) -> Layout:
    form = "in, out" if len(layer.kernel.shape) == 2 else "heads"
    bias = getattr(layer, "bias", None)
    bias_form = "heads" if bias is not None and len(bias.shape) > 1 else ""
    arrays = _has(layer, kernel=Held("kernel", matrix(summed), form), bias=Held("bias", flat, bias_form))
    return Layout("dense", arrays)


def _general(layer: Any) -> Layouts:
    axes = [axis % 64 for axis in layer.axis]
    if layer.batch_axis or axes != sorted(axes):
        return ()
    return [_heads(layer, len(layer.in_features))]


def _einsum(layer: Any) -> Layouts:
    summed = contracted(layer.einsum_str)
    bias = layer.bias
    if summed is None or (bias is not None and tuple(bias.shape) != tuple(layer.kernel.shape[summed:])):
        return ()
    return [_heads(layer, summed)]


def _attention(layer: Any) -> Layouts:
    found = []
    for role, child in (("query", "query"), ("key", "key"), ("value", "value"), ("output", "out")):
        (part,) = _general(getattr(layer, child))
        heads = {"heads": getattr(layer, child).kernel.shape[1]} if role != "output" else {}
        found.append(inside(child, part, role)._replace(role=role, settings=heads))
    return found


def _embedding(layer: Any) -> Layouts:
    return [Layout("embedding", {"table": Held("embedding")})]


def _conv(layer: Any) -> Layouts:
    settings = convolving(
        layer.kernel_size, layer.strides, layer.kernel_dilation, layer.padding,
        groups=layer.feature_group_count, channels="last",
    )  # fmt: skip
    arrays = _has(layer, kernel=Held("kernel", form="…, in, out"), bias=Held("bias"))
    return [Layout("convolution", arrays, settings=settings)]


def _mirrored(array: Array) -> Array:
    """(*sizes, inputs, outputs), mirrored along the sizes, as (*sizes, outputs, inputs)."""
    back = (slice(None, None, -1),) * (array.ndim - 2)
    return array[back].swapaxes(-1, -2)


def _conv_transpose(layer: Any) -> Layouts:
    if layer.transpose_kernel:
        kernel = Held("kernel", form="…, out, in")
    else:
        kernel = Held("kernel", _mirrored, "mirrored, in, out")
    settings = convolving(
        layer.kernel_size,
        layer.strides,
        layer.kernel_dilation,
        layer.padding,
        channels="last",
        transposed=True,
    )
    if not isinstance(layer.padding, str):
        # JAX pads the spread input, the others cut from the whole output.
        full = [(size - 1) * far for size, far in zip(layer.kernel_size, settings["dilation"], strict=True)]
        settings["padding"] = tuple(
            (size - one, size - other) for size, (one, other) in zip(full, settings["padding"], strict=True)
        )
    return [
        Layout("transposed convolution", _has(layer, kernel=kernel, bias=Held("bias")), settings=settings)
    ]


def _norm(kind: str) -> Callable[[Any], Layouts]:
    def norm(layer: Any) -> Layouts:
        arrays = _has(layer, scale=Held("scale"), bias=Held("bias"), mean=Held("mean"), variance=Held("var"))
        settings = {"epsilon": layer.epsilon}
        if kind == "batch norm":
            settings["momentum"] = layer.momentum
        if kind == "group norm":
            settings["groups"] = layer.num_groups
        return [Layout(kind, arrays, settings=settings)]

    return norm


# ---- recurrent layers ---------------------------------------------------------------------------------


def _cell(cell: Any) -> Layouts:
    settings = {"activation": cell.activation_fn.__name__}
    if hasattr(cell, "gate_fn"):
        settings["gates by"] = cell.gate_fn.__name__
    arrays: dict[str, Held] = {}
    if isinstance(cell, nnx.LSTMCell):
        for gate, at in (("i", "ii"), ("f", "if_"), ("g", "ig"), ("o", "io")):
            state = "h" + gate
            arrays[f"kernel.{gate}"] = Held(f"{at}.kernel", form="a layer for each gate")
            arrays[f"recurrent.{gate}"] = Held(f"{state}.kernel", form="a layer for each gate")
            arrays[f"bias.{gate}"] = Held(f"{state}.bias", form="a layer for each gate")
        return [Layout("lstm", arrays, settings=settings)]
    if isinstance(cell, nnx.OptimizedLSTMCell):
        kind, order, side = "lstm", "ifgo", "dense_h"
    elif isinstance(cell, nnx.GRUCell):
        kind, order, side = "gru", "rzn", "dense_i"
    else:
        kind, order, side = "rnn", "h", "dense_i"
        settings["residual"] = cell.residual
    form = " ".join(order)
    arrays |= gates("kernel", "dense_i.kernel", order, axis=1, turn=False, form=form)
    arrays |= gates("recurrent", "dense_h.kernel", order, axis=1, turn=False, form=form)
    arrays |= gates("bias", f"{side}.bias", order, axis=0, turn=False, form=form)
    return [Layout(kind, arrays, settings=settings)]


_CELLS = (nnx.LSTMCell, nnx.OptimizedLSTMCell, nnx.GRUCell, nnx.SimpleCell)


def _recurrent(layer: Any) -> Layouts:
    if not isinstance(layer.cell, _CELLS):
        return ()
    parts = [inside("cell", part) for part in _cell(layer.cell)]
    return [part._replace(settings={**part.settings, "backwards": layer.reverse}) for part in parts]


def _bidirectional(layer: Any) -> Layouts:
    found = []
    for role in ("forward", "backward"):
        below = getattr(layer, f"{role}_rnn")
        if not isinstance(below, nnx.RNN) or not isinstance(below.cell, _CELLS):
            return ()
        for part in _recurrent(below):
            settings = {**part.settings, "backwards": False}  # it says itself which way each goes
            found.append(inside(f"{role}_rnn", part, role)._replace(role=role, settings=settings))
    return found


def _prelu(layer: Any) -> Layouts:
    return [Layout("prelu", {"slope": Held("negative_slope", flat)})]


def _random(stream: Any) -> Layouts:
    return [Layout("random", {"key": Held("key"), "count": Held("count")})]


def _named(kind: str) -> Callable[[Any], Layouts]:
    return lambda layer: [Layout(kind)]


# The first that a layer is an instance of.
_KNOWN: list[tuple[Any, Callable[[Any], Layouts]]] = [
    (nnx.Linear, _linear),
    (nnx.LinearGeneral, _general),
    (nnx.Einsum, _einsum),
    (nnx.MultiHeadAttention, _attention),
    (nnx.Embed, _embedding),
    (nnx.Conv, _conv),
    (nnx.ConvTranspose, _conv_transpose),
    (nnx.BatchNorm, _norm("batch norm")),
    (nnx.LayerNorm, _norm("layer norm")),
    (nnx.GroupNorm, _norm("group norm")),
    (nnx.InstanceNorm, _norm("instance norm")),
    (nnx.RMSNorm, _norm("rms norm")),
    (_CELLS, _cell),
    (nnx.RNN, _recurrent),
    (nnx.Bidirectional, _bidirectional),
    (nnx.PReLU, _prelu),
    (nnx.RngStream, _random),
    (nnx.Sequential, _named("sequence")),
    (nnx.Dropout, _named("channelwise")),
]


def layout(owner: Any) -> Layouts:
    """The layouts of a module, () where it is not known."""
    for kinds, of in _KNOWN:
        if isinstance(owner, kinds):
            return of(owner)
    return ()
