"""What Keras's layers hold, in the form that all frameworks share (`glueball.layouts`).

Keras keeps kernels as (*sizes, inputs, outputs), a transposed convolution's as (*sizes, outputs, inputs), a
depthwise one's as (*sizes, inputs, multiplier); attention by heads; gates i f c o, with one bias, and z r h,
with two of them as the rows of one array, or with one where the reset comes before the product, which is
another function than the other frameworks' GRU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
from keras.src.layers.convolutional.base_separable_conv import BaseSeparableConv

from ...layouts import Held, Layout, contracted, convolving, flat, gates, inside, matrix

__all__ = ["layout"]

Array: TypeAlias = np.ndarray[Any, Any]
Layouts: TypeAlias = Sequence[Layout]


def _has(layer: Any, **held: Held) -> dict[str, Held]:
    """Those of the arrays that the layer was made with."""
    return {name: one for name, one in held.items() if getattr(layer, one.site, None) is not None}


# ---- dense layers -------------------------------------------------------------------------------------


def _gelu(layer: Any) -> list[Layout]:
    """What an activation inside of a layer says, where it is GELU."""
    if getattr(layer, "activation", None) is keras.activations.gelu:
        return [Layout("gelu", settings={"approximate": False})]
    return []


def _dense(layer: Any) -> Layouts:
    arrays = _has(layer, kernel=Held("kernel", form="in, out"), bias=Held("bias"))
    channels = _flattened(layer)
    settings = {} if channels is None else {"flattened": channels}
    return [Layout("dense", arrays, settings=settings), *_gelu(layer)]


def _flattened(layer: Any) -> int | None:
    """The channels that a Flatten layer in front had, where Keras's graph tells it."""
    for _ in range(16):
        nodes = layer._inbound_nodes
        if len(nodes) != 1 or len(nodes[0].input_tensors) != 1:
            return None
        tensor = nodes[0].input_tensors[0]
        layer = tensor._keras_history.operation
        if isinstance(layer, layers.Flatten):
            before = layer._inbound_nodes[tensor._keras_history.node_index].input_tensors[0].shape
            # It puts the channels last before it flattens.
            channels = before[1 if layer.data_format == "channels_first" else -1] if len(before) > 2 else None
            return channels if isinstance(channels, int) else None
        if not _channelwise(layer) or isinstance(layer, layers.InputLayer):
            return None
    return None


def _einsum(layer: Any) -> Layouts:
    summed = contracted(layer.equation)
    if summed is None or (
        layer.bias is not None and tuple(layer.bias.shape) != tuple(layer.kernel.shape[summed:])
    ):
        return ()
    form = "in, out" if len(layer.kernel.shape) == 2 else "heads"
    arrays = _has(
        layer,
        kernel=Held("kernel", matrix(summed), form),
        bias=Held("bias", flat, "" if form != "heads" else form),
    )
    return [Layout("dense", arrays), *_gelu(layer)]


def _attention(layer: Any) -> Layouts:
    found = []
    for role in ("query", "key", "value", "gate", "output"):
        dense = getattr(layer, f"_{role}_dense", None)
        if dense is not None:
            (part, *_) = _einsum(dense) or (None,)
            if part is None:
                return ()
            settings = {"heads": dense.kernel.shape[1]} if role != "output" else {}
            found.append(inside(f"{role}_dense", part, role)._replace(role=role, settings=settings))
    return found


def _embedding(layer: Any) -> Layouts:
    return [Layout("embedding", {"table": Held("embeddings")})]


# ---- convolutions -------------------------------------------------------------------------------------


def _conv(layer: Any, kernel: Held, **options: Any) -> Layout:
    # The channels are always last where they are flattened: layers.Flatten puts them there.
    settings = convolving(
        layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, channels="last", **options
    )
    kind = "transposed convolution" if options.get("transposed") else "convolution"
    arrays = {"kernel": kernel, **_has(layer, bias=Held("bias"))}
    return Layout(kind, arrays, settings=settings)


def _plain(layer: Any) -> Layouts:
    return [_conv(layer, Held("kernel", form="…, in, out"), groups=layer.groups), *_gelu(layer)]


def _transposed(layer: Any) -> Layouts:
    return [_conv(layer, Held("kernel", form="…, out, in"), transposed=True), *_gelu(layer)]


def _merged(array: Array) -> Array:
    """(*sizes, inputs, multiplier) as (*sizes, 1, outputs)."""
    return array.reshape(*array.shape[:-2], 1, -1, copy=False)


def _depthwise(layer: Any) -> Layouts:
    kernel = Held("kernel", _merged, "…, in, multiplier")
    return [_conv(layer, kernel, groups=layer.kernel.shape[-2]), *_gelu(layer)]


def _separable(layer: Any) -> Layouts:
    deep = _conv(
        layer, Held("depthwise_kernel", _merged, "…, in, multiplier"), groups=layer.depthwise_kernel.shape[-2]
    )
    point = Layout(
        "convolution",
        {"kernel": Held("pointwise_kernel", form="…, in, out"), **_has(layer, bias=Held("bias"))},
        "pointwise",
        settings=convolving((1,) * len(layer.kernel_size), 1, 1, 0, channels="last"),
    )
    arrays = {"kernel": deep.arrays["kernel"]}
    return [deep._replace(arrays=arrays, step="depthwise"), point, *_gelu(layer)]


# ---- normalisation ------------------------------------------------------------------------------------


def _norm(kind: str) -> Callable[[Any], Layouts]:
    def norm(layer: Any) -> Layouts:
        arrays = _has(
            layer, scale=Held("gamma"), bias=Held("beta"), mean=Held("moving_mean"),
            variance=Held("moving_variance"),
        )  # fmt: skip
        if kind == "rms norm":
            arrays = _has(layer, scale=Held("scale"))
        settings = {"epsilon": layer.epsilon}
        if kind == "batch norm":
            settings["momentum"] = layer.momentum
        if kind == "group norm":
            settings["groups"] = layer.groups
        return [Layout(kind, arrays, settings=settings)]

    return norm


def _prelu(layer: Any) -> Layouts:
    shared = all(size == 1 for size in layer.alpha.shape[:-1])
    return [Layout("prelu", {"slope": Held("alpha", flat if shared else lambda array: array)})]


# ---- recurrent layers ---------------------------------------------------------------------------------


def _cell(cell: Any) -> Layouts:
    settings = {"activation": cell.activation.__name__}
    if hasattr(cell, "recurrent_activation"):
        settings["gates by"] = cell.recurrent_activation.__name__
    bias = getattr(cell, "bias", None)
    if isinstance(cell, layers.GRUCell):
        order, form, kind = "zrn", "z r h", "gru" if cell.reset_after else "gru (reset before the product)"
    elif isinstance(cell, layers.LSTMCell):
        order, form, kind = "ifgo", "i f c o", "lstm"
    else:
        order, form, kind = "h", "h", "rnn"
    arrays = gates("kernel", "kernel", order, axis=1, turn=False, form=form)
    arrays |= gates("recurrent", "recurrent_kernel", order, axis=1, turn=False, form=form)
    if bias is not None and len(bias.shape) == 2:
        for row, name in enumerate(("bias", "recurrent_bias")):
            for one, held in gates(name, "bias", order, axis=0, turn=False, form=form).items():
                arrays[one] = held._replace(view=_of_row(row, held.view))
    elif bias is not None:
        arrays |= gates("bias", "bias", order, axis=0, turn=False, form=form)
    return [Layout(kind, arrays, settings=settings)]


def _of_row(row: int, view: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda array: view(array[row])


_CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)


def _recurrent(layer: Any) -> Layouts:
    return [inside("cell", part) for part in _cell(layer.cell)] if isinstance(layer.cell, _CELLS) else ()


def _bidirectional(layer: Any) -> Layouts:
    found = []
    for role in ("forward", "backward"):
        below = getattr(layer, f"{role}_layer")
        if not isinstance(below, layers.RNN) or not isinstance(below.cell, _CELLS):
            return ()
        for part in _recurrent(below):
            settings = {**part.settings, "merge": layer.merge_mode}
            found.append(inside(f"{role}_layer", part, role)._replace(role=role, settings=settings))
    return found


def _activation(layer: Any) -> Layouts:
    return _gelu(layer) or [Layout("channelwise")]


def _named(kind: str) -> Callable[[Any], Layouts]:
    return lambda layer: [Layout(kind)]


# The first that a layer is an instance of.
_KNOWN: list[tuple[Any, Callable[[Any], Layouts]]] = [
    (layers.Dense, _dense),
    (layers.EinsumDense, _einsum),
    ((layers.MultiHeadAttention, layers.GroupQueryAttention), _attention),
    (layers.Embedding, _embedding),
    (BaseDepthwiseConv, _depthwise),
    (BaseSeparableConv, _separable),
    (BaseConvTranspose, _transposed),
    (BaseConv, _plain),
    (layers.BatchNormalization, _norm("batch norm")),
    (layers.LayerNormalization, _norm("layer norm")),
    (layers.GroupNormalization, _norm("group norm")),
    (layers.RMSNormalization, _norm("rms norm")),
    (layers.PReLU, _prelu),
    (_CELLS, _cell),
    (layers.RNN, _recurrent),
    (layers.Bidirectional, _bidirectional),
    (layers.Activation, _activation),
    (layers.Flatten, _named("flatten")),
    (keras.Sequential, _named("sequence")),
]
# Layers without parameters that keep the channels apart.
_CHANNELWISE = (
    "keras.src.layers.activations.",
    "keras.src.layers.pooling.",
    "keras.src.layers.regularization.",
    "keras.src.layers.reshaping.zero_padding",
    "keras.src.layers.reshaping.cropping",
    "keras.src.layers.reshaping.up_sampling",
    "keras.src.layers.core.identity",
    "keras.src.layers.core.input_layer",
)


def _channelwise(layer: Any) -> bool:
    return type(layer).__module__.startswith(_CHANNELWISE)


def layout(owner: Any) -> Layouts:
    """The layouts of a layer, () where it is not known, or not built."""
    if isinstance(owner, keras.random.SeedGenerator):
        return [Layout("random", {"state": Held("state")})]
    if not isinstance(owner, keras.Layer) or not owner.built:
        return ()
    for kinds, of in _KNOWN:
        if isinstance(owner, kinds):
            return of(owner)
    return [Layout("channelwise")] if _channelwise(owner) else ()
