"""The values that NNX's own layers begin with, as initializers.

Each entry repeats what a constructor draws when it is given no initializer (Flax 0.12): the same
distribution, from our streams. A layer does not keep the initializer that it was given. A class of yours
that has a constructor of its own is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from flax import nnx

from ...init import Constant, HeUniform, Initializer, LecunNormal, Normal, One, Orthogonal, Zero
from . import layers

__all__ = ["buffer", "default"]

Shape = tuple[int, ...]

_NORMS = (nnx.BatchNorm, nnx.LayerNorm, nnx.RMSNorm, nnx.GroupNorm, nnx.InstanceNorm)
_CELLS = (nnx.LSTMCell, nnx.OptimizedLSTMCell, nnx.SimpleCell, nnx.GRUCell)


def _own(owner: Any) -> bool:
    """Whether the constructor is one of Flax's."""
    for cls in type(owner).__mro__:
        if cls.__module__.startswith("flax.nnx."):
            return True
        if "__init__" in vars(cls):
            return False
    return False


def default(
    owner: Any, attribute: str, shape: Shape, above: Callable[[], Sequence[Any]]
) -> Initializer | None:
    """What the layer's constructor would draw; None for what is not known."""
    if not _own(owner):
        return None
    if isinstance(owner, _NORMS):
        return {"scale": One(), "bias": Zero(), "mean": Zero(), "var": One()}.get(attribute)
    if attribute == "bias" and isinstance(owner, _WEIGHTED):
        return Zero()
    if attribute == "kernel" and isinstance(owner, _WEIGHTED):
        return _kernel(owner, layers.natural(owner, attribute) or shape, above)
    if attribute == "embedding" and isinstance(owner, nnx.Embed):
        return Normal(1 / math.sqrt(shape[1])) if shape[1] else Zero()
    if isinstance(owner, nnx.LoRA):
        return {"lora_a": HeUniform(), "lora_b": Zero()}.get(attribute)
    if attribute == "negative_slope" and isinstance(owner, nnx.PReLU):
        return Constant(0.01)
    return None


_WEIGHTED = (nnx.Linear, nnx.LinearGeneral, nnx.Einsum, nnx.Conv, nnx.ConvTranspose)


def _kernel(owner: Any, shape: Shape, above: Callable[[], Sequence[Any]]) -> Initializer:
    """LeCun's normal by the bare shape, as JAX counts it; orthogonal where a cell looks at its own state."""
    holder = next(iter(above()), None)
    if isinstance(holder, _CELLS) and any(
        getattr(holder, name, None) is owner for name in ("dense_h", "hi", "hf", "hg", "ho")
    ):
        return Orthogonal(whole=True)
    if isinstance(owner, nnx.LinearGeneral):  # it flattens the kernel, with its batch axes
        stop = len(shape) - len(owner.out_features)
        inputs, outputs = math.prod(shape[:stop]), math.prod(shape[stop:])
    else:
        inputs, outputs = math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]
    return LecunNormal(fan=(max(inputs, 1), max(outputs, 1)))


def buffer(owner: Any, attribute: str) -> float | None:
    """What a layer puts into a buffer when it is built; None for what is not known (random keys)."""
    if isinstance(owner, nnx.BatchNorm):
        return {"mean": 0.0, "var": 1.0}.get(attribute)
    return 0 if isinstance(owner, nnx.RngStream) and attribute == "count" else None
