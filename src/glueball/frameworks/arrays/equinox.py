"""What glueball knows of Equinox's layers, by the names of their classes: fans, gates, first values.

Read from the constructors of Equinox 0.13. Equinox is not imported: a layer brings its class.
"""

from __future__ import annotations

import math
from typing import Any

from ...init import Constant, Initializer, Normal, One, Uniform, Zero

__all__ = ["axes", "default", "fans", "parts", "stacked"]

_GATES = {"LSTMCell": ("i", "f", "g", "o"), "GRUCell": ("r", "z", "n")}


def _kind(owner: Any) -> str:
    """The class of Equinox's own that a layer is of, "" for anything else.

    One that overrides the constructor may draw what it likes.
    """
    for cls in type(owner).__mro__:
        if cls.__module__.startswith("equinox.nn."):
            return cls.__name__
        if "__init__" in vars(cls) and not cls.__module__.startswith("equinox."):
            made_by_dataclass = getattr(vars(cls)["__init__"], "__qualname__", "").startswith("__create_fn__")
            if not made_by_dataclass:
                return ""
    return ""


def _layer(owner: Any) -> str:
    """The class of Equinox's own that a layer descends from."""
    for cls in type(owner).__mro__:
        if cls.__module__.startswith("equinox.nn."):
            return cls.__name__
    return ""


def parts(owner: Any, attribute: str) -> tuple[str, ...]:
    """The gates that lie packed along the first axis; a GRU's `bias_n` is one gate's alone."""
    if attribute in ("weight_ih", "weight_hh", "bias"):
        return _GATES.get(_layer(owner), ())
    return ()


def _natural(owner: Any, attribute: str) -> tuple[int, ...] | None:
    """The shape that a layer gives an array when it is built alone; None where it is not known."""
    layer = _layer(owner)
    shapes: dict[str, tuple[int, ...]]
    if layer == "Linear":
        sizes = owner.out_features, owner.in_features
        outputs, inputs = (1 if size == "scalar" else size for size in sizes)
        shapes = {"weight": (outputs, inputs), "bias": (outputs,)}
    elif layer.startswith("Conv"):
        inputs, outputs = owner.in_channels // owner.groups, owner.out_channels
        shapes = {
            "weight": (outputs, inputs, *owner.kernel_size),
            "bias": (outputs, *(1,) * owner.num_spatial_dims),
        }
    elif layer == "Embedding":
        shapes = {"weight": (owner.num_embeddings, owner.embedding_size)}
    elif layer in _GATES:
        units, packed = owner.hidden_size, owner.hidden_size * len(_GATES[layer])
        shapes = {
            "weight_ih": (packed, owner.input_size),
            "weight_hh": (packed, units),
            "bias": (packed,),
            "bias_n": (units,),
        }
    else:
        return None
    return shapes.get(attribute)


def stacked(owner: Any, attribute: str, shape: tuple[int, ...]) -> int:
    """How many axes `eqx.filter_vmap` put in front."""
    alone = _natural(owner, attribute)
    more = 0 if alone is None else len(shape) - len(alone)
    return more if more > 0 and shape[more:] == alone else 0


def fans(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(fan_in, fan_out) of one block; Equinox keeps (outputs, inputs, *kernel), transposed or not.

    None where `eqx.filter_vmap` put an axis elsewhere than in front.
    """
    alone = _natural(owner, attribute)
    if alone is not None and len(alone) != len(shape):
        return None
    layer = _layer(owner)
    if len(shape) < 2 or not attribute.startswith("weight"):
        return None
    if layer == "Embedding":
        return shape[1], shape[0]
    if layer not in ("Linear", *_GATES) and not layer.startswith("Conv"):
        return None
    outputs = shape[0] // (len(parts(owner, attribute)) or 1)
    kernel = math.prod(shape[2:])
    groups = getattr(owner, "groups", 1)
    return shape[1] * kernel, outputs // groups * kernel


def axes(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order that makes (*kernel, inputs, outputs); an embedding is kept so everywhere."""
    if fans(owner, attribute, shape) is None or _layer(owner) == "Embedding":
        return None
    return (*range(2, len(shape)), 1, 0)


def default(owner: Any, attribute: str, shape: tuple[int, ...]) -> Initializer | None:
    """What the layer's constructor would draw; None where it is not known."""
    kind = _kind(owner)
    bound: float | None = None
    if kind == "Linear":
        size = owner.in_features
        bound = 1.0 if size == "scalar" or not size else 1 / math.sqrt(size)
    elif kind.startswith("Conv"):
        bound = 1 / math.sqrt(owner.in_channels // owner.groups * math.prod(owner.kernel_size))
    elif kind in _GATES:
        bound = 1 / math.sqrt(owner.hidden_size)
    elif kind == "Embedding":
        return Normal(1.0) if attribute == "weight" else None
    elif kind in ("LayerNorm", "GroupNorm", "RMSNorm", "BatchNorm"):
        return {"weight": One(), "bias": Zero()}.get(attribute)
    elif kind == "PReLU":
        return Constant(0.25) if attribute == "negative_slope" else None
    if bound is None or not attribute.startswith(("weight", "bias")):
        return None
    return Uniform(bound)
