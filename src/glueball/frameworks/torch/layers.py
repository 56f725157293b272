"""What glueball knows of torch's layers: the fans of their weights, and what lies packed in one array."""

from __future__ import annotations

import math
from typing import Any

from torch import nn
from torch.nn.modules.conv import _ConvNd

from .own import Layer, itself

__all__ = ["axes", "fans", "parts"]

_QKV = ("q", "k", "v")
_GATES = {"LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n")}


def parts(owner: Any, attribute: str) -> tuple[str, ...]:
    """The names of the equal blocks that lie packed along an array's first axis; () for a plain one.

    Attention keeps q, k and v in one array; a recurrent layer the gates of its cell, in torch's order
    i, f, g, o of an LSTM and r, z, n of a GRU (a GRU's n is the new state).
    """
    if isinstance(owner, nn.MultiheadAttention):
        return _QKV if attribute in ("in_proj_weight", "in_proj_bias") else ()
    if isinstance(owner, (nn.RNNBase, nn.RNNCellBase)) and attribute.startswith(
        ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ):
        if isinstance(owner, (nn.LSTM, nn.LSTMCell)):
            return _GATES["LSTM"]
        if isinstance(owner, (nn.GRU, nn.GRUCell)):
            return _GATES["GRU"]
    return ()


def fans(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(fan_in, fan_out): the inputs that one output sums over, the outputs that one input reaches.

    torch keeps weights as (outputs, inputs, *kernel), a transposed convolution's as (inputs, outputs,
    *kernel); a convolution in groups connects each input with its group's outputs alone; of a packed
    array each block is a matrix of its own; the inputs of `nn.Bilinear` are the products of its two. None
    below two dimensions.

    This is `torch.nn.init`'s own count but for groups, transposition, packing and `nn.Bilinear`, where
    torch reads the bare shape. An embedding keeps torch's and MXNet's count, (width, words), although one
    of its outputs is joined to each word, (words, width) with Keras: only one word is there at a time,
    and a matrix that is tied to an output layer then has that layer's fans.
    """
    if len(shape) < 2:
        return None
    if packed := parts(owner, attribute):
        shape = (shape[0] // len(packed), *shape[1:])
    if isinstance(owner, nn.Bilinear) and len(shape) == 3:
        return shape[1] * shape[2], shape[0]
    kernel = math.prod(shape[2:])
    kind, groups = _layer(owner, attribute)
    if kind == "transposed":
        return shape[0] // groups * kernel, shape[1] * kernel
    return shape[1] * kernel, shape[0] // groups * kernel


def _layer(owner: Any, attribute: str) -> Layer:
    """What an array is to its layer, torch's own or one that says it itself."""
    says = itself(owner)
    if says is not None:
        return says.layer(owner, attribute)
    if attribute == "weight" and isinstance(owner, _ConvNd):
        return Layer("transposed" if owner.transposed else "", owner.groups)
    return Layer("embedding" if isinstance(owner, (nn.Embedding, nn.EmbeddingBag)) else "")


def axes(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order of axes that makes (*kernel, inputs, outputs) of a weight; None where it is that already.

    An embedding, (words, width), is kept so by Keras and JAX too.
    """
    kind = _layer(owner, attribute).kind
    if len(shape) < 2 or kind == "embedding":
        return None
    kernel = tuple(range(2, len(shape)))
    if kind == "transposed":
        return (*kernel, 0, 1)
    if isinstance(owner, nn.Bilinear):
        return (1, 2, 0)
    return (*kernel, 1, 0)
