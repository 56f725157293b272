"""The values that torch's own layers begin with, as initializers.

Each entry repeats what the constructor of a layer draws (torch 2.13), read from its
`reset_parameters`: the same distribution, drawn from our streams. A subclass that resets its parameters
in a way of its own is not known: what it would draw, nobody can tell without running it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.nn.utils.parametrizations import _SpectralNorm, _WeightNorm
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.weight_norm import WeightNorm

from ...init import Constant, Initializer, Normal, One, Padded, Uniform, Xavier, Zero
from . import arrays
from .own import itself

__all__ = ["default", "part"]

Shape: TypeAlias = tuple[int, ...]
Make: TypeAlias = Callable[[Any, str, Shape], Initializer | None]

_ZERO, _ONE = Zero(), One()
_STANDARD = Normal(1.0)


@lru_cache(maxsize=4096)
def _bounded(fan: int) -> Initializer:
    """Uniform in ±1/sqrt(fan): `kaiming_uniform_(a=sqrt(5))`, and every bias beside it."""
    return Uniform(1 / math.sqrt(fan)) if fan else _ZERO


def _linear(layer: nn.Linear, attribute: str, shape: Shape) -> Initializer | None:
    if attribute == "bias" and isinstance(layer, NonDynamicallyQuantizableLinear):
        return _ZERO  # the way out of MultiheadAttention, which puts it
    return _bounded(layer.in_features) if attribute in ("weight", "bias") else None


def _conv(layer: _ConvNd, attribute: str, shape: Shape) -> Initializer | None:
    # torch counts the second axis as inputs, transposed or not.
    second = (layer.out_channels if layer.transposed else layer.in_channels) // layer.groups
    fan = second * math.prod(layer.kernel_size)
    return _bounded(fan) if attribute in ("weight", "bias") else None


def _bilinear(layer: nn.Bilinear, attribute: str, shape: Shape) -> Initializer | None:
    return _bounded(layer.in1_features) if attribute in ("weight", "bias") else None


def _embedding(layer: Any, attribute: str, shape: Shape) -> Initializer | None:
    if attribute != "weight":
        return None
    row = layer.padding_idx
    return _STANDARD if row is None else Padded(_STANDARD, row)


def _recurrent(layer: Any, attribute: str, shape: Shape) -> Initializer | None:
    known = attribute.startswith(("weight_ih", "weight_hh", "weight_hr", "bias_ih", "bias_hh"))
    return _bounded(layer.hidden_size) if known else None


def _attention(layer: nn.MultiheadAttention, attribute: str, shape: Shape) -> Initializer | None:
    if attribute in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
        return Xavier(fan=(shape[1], shape[0]))  # torch takes the packed matrix as one
    if attribute == "in_proj_bias":
        return _ZERO
    if attribute in ("bias_k", "bias_v"):
        return Xavier("gaussian", magnitude=1.0, fan=(layer.embed_dim, layer.embed_dim))
    return None


def _norm(layer: Any, attribute: str, shape: Shape) -> Initializer | None:
    if attribute in ("weight", "running_var"):
        return _ONE
    return _ZERO if attribute in ("bias", "running_mean", "num_batches_tracked") else None


def _prelu(layer: Any, attribute: str, shape: Shape) -> Initializer | None:
    return Constant(layer.init) if attribute == "weight" else None


def part(owner: Any, attribute: str) -> Callable[[Any], None] | bool:
    """How a part of a computed weight begins: as the weight, as the norm of such a part, or nobody knows.

    `weight_norm`, old and new, splits the weight into its direction, which is the weight itself, and its
    magnitude, which is the direction's norm; so the weight begins as it would without. torch puts the
    weight itself where a parametrization has no `right_inverse`; what others make of it is not known.
    """
    if isinstance(owner, ParametrizationList):
        norm: Any = owner[0] if isinstance(owner[0], _WeightNorm) else None
        rest = list(owner)[1:] if norm else owner
        if any(hasattr(one, "right_inverse") and not isinstance(one, _SpectralNorm) for one in rest):
            return False
        if norm and attribute in ("original0", "original1"):
            return attribute == "original1" or partial(_magnitude, owner, "original1", norm.dim)
        return attribute == "original"
    name, _, end = attribute.rpartition("_")
    for hook in owner._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm) and hook.name == name and end in ("g", "v"):
            return end == "v" or partial(_magnitude, owner, f"{name}_v", hook.dim)
    return end == "orig"


def _magnitude(owner: Any, direction: str, dim: int, array: Any) -> None:
    value = getattr(owner, direction).detach()
    if arrays.sharded(value):
        value = value.full_tensor()
    arrays.write(array, torch.norm_except_dim(value, 2, dim))


_RESETS = ("reset_parameters", "_reset_parameters")
_KNOWN: list[tuple[type[nn.Module], Make]] = [
    (nn.Linear, _linear),
    (_ConvNd, _conv),
    (nn.Bilinear, _bilinear),
    (nn.Embedding, _embedding),
    (nn.EmbeddingBag, _embedding),
    (nn.RNNBase, _recurrent),
    (nn.RNNCellBase, _recurrent),
    (nn.MultiheadAttention, _attention),
    (_NormBase, _norm),
    (nn.LayerNorm, _norm),
    (nn.GroupNorm, _norm),
    (nn.RMSNorm, _norm),
    (nn.PReLU, _prelu),
]


@lru_cache(maxsize=1024)
def _maker(kind: type[nn.Module]) -> Make | None:
    for known, make in _KNOWN:
        if issubclass(kind, known):
            # Not `known` itself: Embedding's lies with Embedding, torch's subclasses may add their own.
            own = next(c for c in kind.__mro__ if c.__module__.startswith("torch.nn."))
            same = all(getattr(kind, name, None) is getattr(own, name, None) for name in _RESETS)
            return make if same else None
    return None


def default(
    owner: Any, attribute: str, shape: tuple[int, ...], above: Callable[[], Sequence[Any]]
) -> Initializer | None:
    """The initializer that makes what the layer's constructor would; None for what is not known.

    `above` gives the layers that hold it. `nn.Transformer` draws every matrix in it anew, Glorot's
    uniform by the bare shape.
    """
    says = itself(owner)
    if says is not None:
        own: Initializer | None = says.default(owner, attribute, shape)
        return own
    kind: Any = type(owner)
    make = _maker(kind)
    found = None if make is None else make(owner, attribute, shape)
    if found is not None and len(shape) > 1 and any(isinstance(one, nn.Transformer) for one in above()):
        kernel = math.prod(shape[2:])
        return Xavier(fan=(shape[1] * kernel, shape[0] * kernel))
    return found
