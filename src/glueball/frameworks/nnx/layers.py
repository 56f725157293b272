"""What glueball knows of NNX's layers: the fans of their weights and the order of their axes.

NNX keeps (*kernel, inputs, outputs), which is the order that fans are counted in; an embedding is (words,
width). Layers that `nnx.vmap` made have an axis more in front: they are stacked, and each is as it is alone.
"""

from __future__ import annotations

import math
from typing import Any
from weakref import WeakKeyDictionary

from flax import nnx

__all__ = ["axes", "fans", "natural", "note_gates", "packing", "parts", "stacked"]

_gates: WeakKeyDictionary[Any, tuple[str, ...]] = WeakKeyDictionary()
"""The layers in recurrent cells whose outputs are those of several gates, and these."""

_CELLS = {nnx.OptimizedLSTMCell: ("i", "f", "g", "o"), nnx.GRUCell: ("r", "z", "n")}


def note_gates(owner: Any) -> None:
    """Remember the packed layers of a recurrent cell."""
    for cell, gates in _CELLS.items():
        if isinstance(owner, cell):
            for name in ("dense_i", "dense_h"):
                _gates[getattr(owner, name)] = gates


def parts(owner: Any, attribute: str) -> tuple[str, ...]:
    """The gates that lie packed along the last axis of a layer in a recurrent cell."""
    return _gates.get(owner, ()) if isinstance(owner, nnx.Linear) else ()


def packing(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """Along the last axis; a cell adds one bias."""
    return max(len(shape) - 1, 0), 1


def natural(owner: Any, attribute: str) -> tuple[int, ...] | None:
    """The shape that a layer gives an array when it is built alone; None where it is not known."""
    kernel: tuple[int, ...]
    if isinstance(owner, nnx.Embed):
        return (owner.num_embeddings, owner.features) if attribute == "embedding" else None
    if isinstance(owner, nnx.LinearGeneral):
        batch = tuple(owner.batch_axis.values())
        kernel, bias = (*batch, *owner.in_features, *owner.out_features), (*batch, *owner.out_features)
    elif isinstance(owner, nnx.Einsum):
        kernel, bias = tuple(owner.kernel_shape), tuple(owner.bias_shape or ())
    elif isinstance(owner, nnx.Linear):
        kernel, bias = (owner.in_features, owner.out_features), (owner.out_features,)
    elif isinstance(owner, (nnx.Conv, nnx.ConvTranspose)):
        kernel, bias = tuple(owner.kernel_shape), (owner.out_features,)
    else:
        return None
    return {"kernel": kernel, "bias": bias}.get(attribute)


def stacked(owner: Any, attribute: str, shape: tuple[int, ...]) -> int:
    """How many axes `nnx.vmap` put in front."""
    alone = natural(owner, attribute)
    more = 0 if alone is None else len(shape) - len(alone)
    return more if more > 0 and shape[more:] == alone else 0


def fans(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(fan_in, fan_out): the inputs that one output sums over, the outputs that one input reaches.

    Groups and packed gates count as one of them. Einsum's are read from its text: an axis of the kernel that
    is in the inputs and not in the result is summed over. An embedding's are (width, words), as everywhere
    in glueball. None where `nnx.vmap` put an axis elsewhere than in front.
    """
    alone = natural(owner, attribute)
    if alone is not None and len(alone) != len(shape):
        return None
    if attribute == "embedding" and isinstance(owner, nnx.Embed):
        return shape[1], shape[0]
    if attribute in ("lora_a", "lora_b") and isinstance(owner, nnx.LoRA):
        return shape[0], shape[1]
    if attribute != "kernel" or len(shape) < 2:
        return None
    if isinstance(owner, nnx.Linear):
        return shape[0], shape[1] // (len(parts(owner, attribute)) or 1)
    if isinstance(owner, nnx.LinearGeneral):
        start, stop = len(owner.batch_axis), len(shape) - len(owner.out_features)
        return math.prod(shape[start:stop]), math.prod(shape[stop:])
    if isinstance(owner, nnx.Einsum):
        return _einsum(owner.einsum_str, shape)
    if isinstance(owner, nnx.ConvTranspose):
        kernel = math.prod(shape[:-2])
        inputs, outputs = shape[-2:] if not owner.transpose_kernel else shape[:-3:-1]
        return inputs * kernel, outputs * kernel
    if isinstance(owner, nnx.Conv):
        kernel = math.prod(shape[:-2])
        return shape[-2] * kernel, shape[-1] // owner.feature_group_count * kernel
    return None


def _einsum(text: str, shape: tuple[int, ...]) -> tuple[int, int]:
    takes, result = text.split("->")
    inputs, kernel = takes.split(",")
    # "..." stands for batch axes of the inputs alone.
    sizes = dict(zip(kernel, shape, strict=True))
    summed = [size for axis, size in sizes.items() if axis in inputs and axis not in result]
    reached = [size for axis, size in sizes.items() if axis in result and axis not in inputs]
    return math.prod(summed), math.prod(reached)


def axes(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order that makes (*kernel, inputs, outputs): as it is, but for a kernel that is kept transposed.

    None for what has more axes of one kind (`LinearGeneral`, `Einsum`) and for an embedding.
    """
    if attribute in ("lora_a", "lora_b") and isinstance(owner, nnx.LoRA):
        return (0, 1)
    if attribute != "kernel" or not isinstance(owner, (nnx.Linear, nnx.Conv, nnx.ConvTranspose)):
        return None
    *kernel, inputs, outputs = range(len(shape))
    if isinstance(owner, nnx.ConvTranspose) and owner.transpose_kernel:
        inputs, outputs = outputs, inputs
    return (*kernel, inputs, outputs)
