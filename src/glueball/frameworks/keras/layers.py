"""What glueball knows of Keras's layers: the fans of their weights, and what lies packed in one variable.

Keras keeps weights as (*kernel, inputs, outputs). The fans here are the house's: the real connections
(docs/design.md), and not what Keras's own initializers read from the bare shape.
"""

from __future__ import annotations

import math
from typing import Any

from keras import layers as kl
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
from keras.src.layers.convolutional.base_separable_conv import BaseSeparableConv
from keras.src.layers.rnn.conv_lstm import ConvLSTMCell

__all__ = ["axes", "fans", "packing", "parts", "serves"]

Shape = tuple[int, ...]

_LSTM, _GRU = ("i", "f", "g", "o"), ("z", "r", "n")


def parts(owner: Any, attribute: str) -> tuple[str, ...]:
    """The names of the equal blocks that lie packed along a variable's last axis; () for a plain one.

    Gates stand in Keras's order: i, f, c, o of an LSTM (c is called g here, as in torch), z, r, h of a
    GRU (h, the new state, is called n).
    """
    if attribute in ("kernel", "recurrent_kernel", "bias"):
        if isinstance(owner, (kl.LSTMCell, ConvLSTMCell)):
            return _LSTM
        if isinstance(owner, kl.GRUCell):
            return _GRU
    return ()


def packing(owner: Any, attribute: str, shape: Shape) -> tuple[int, int]:
    """The axis along which parts lie, and how many such biases the layer adds up.

    A GRU with `reset_after` has two, as the rows of one variable; all others have one.
    """
    if not parts(owner, attribute):
        return 0, 2
    return len(shape) - 1, 2 if attribute == "bias" and len(shape) == 2 else 1


def serves(owner: Any, attribute: str) -> Any:
    """The layer that a variable is for: that in a `SpectralNormalization`, which lists its kernel too."""
    if isinstance(owner, kl.SpectralNormalization) and attribute != "vector_u":
        return owner.layer
    return owner


def fans(owner: Any, attribute: str, shape: Shape) -> tuple[int, int] | None:
    """(fan_in, fan_out): the inputs that one output sums over, the outputs that one input reaches.

    A convolution in groups connects each input with its group's outputs alone, and a depthwise one with
    `depth_multiplier` of them; of packed gates each is a matrix of its own; `EinsumDense` says by its
    equation which axes are summed. An embedding is counted as (width, words), as in every framework here.
    None below two dimensions.
    """
    if len(shape) < 2 or attribute == "bias":
        return None
    owner = serves(owner, attribute)
    if packed := parts(owner, attribute):
        shape = (*shape[:-1], shape[-1] // len(packed))
    kernel = math.prod(shape[:-2])
    inputs, outputs = shape[-2:]
    if isinstance(owner, kl.Embedding) and attribute == "embeddings":
        return outputs, inputs
    if isinstance(owner, BaseConvTranspose) and attribute == "kernel":
        return outputs * kernel, inputs * kernel
    if (isinstance(owner, BaseDepthwiseConv) and attribute == "kernel") or (
        isinstance(owner, BaseSeparableConv) and attribute == "depthwise_kernel"
    ):
        return kernel, outputs * kernel
    if isinstance(owner, BaseConv) and attribute == "kernel":
        return inputs * kernel, outputs // owner.groups * kernel
    if isinstance(owner, kl.EinsumDense) and attribute == "kernel":
        return _einsum(owner.equation, shape) or (inputs * kernel, outputs * kernel)
    return inputs * kernel, outputs * kernel


def _einsum(equation: str, shape: Shape) -> tuple[int, int] | None:
    """Fans by an equation such as `abc,cde->abde`: c is summed over, d and e come out."""
    terms, _, result = equation.replace(" ", "").replace("...", "").partition("->")
    given, _, kernel = terms.partition(",")
    if len(kernel) != len(shape):
        return None
    sizes = dict(zip(kernel, shape, strict=True))
    summed = math.prod(size for letter, size in sizes.items() if letter not in result)
    made = math.prod(size for letter, size in sizes.items() if letter not in given)
    return summed, made


def axes(owner: Any, attribute: str, shape: Shape) -> tuple[int, ...] | None:
    """The order of axes that makes (*kernel, inputs, outputs): theirs, but of transposed convolutions.

    None for an embedding, and below two dimensions.
    """
    order = tuple(range(len(shape)))
    owner = serves(owner, attribute)
    if len(shape) < 2 or attribute == "bias" or isinstance(owner, kl.Embedding):
        return None
    if isinstance(owner, BaseConvTranspose) and attribute == "kernel":
        return (*order[:-2], order[-1], order[-2])
    return order
