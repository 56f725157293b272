"""The operators that networks are made of, except convolutions, norms and losses."""

from __future__ import annotations

import torch
from torch.nn import functional

from ..base import MXNetError
from .ndarray import Tensor
from .register import choice, joined, operator

__all__: list[str] = []


@operator
def FullyConnected(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    num_hidden: int = 0,
    no_bias: bool = False,
    flatten: bool = True,
) -> Tensor:
    """The linear map, data · weightᵀ + bias.

    Args:
        data: rows; with `flatten` all axes but the first make a row, else the last one does.
        weight: (num_hidden, elements of a row).
        bias: (num_hidden,).
        num_hidden: outputs of a row; has to be given.
        no_bias: whether there is no bias.
        flatten: what a row is.
    """
    if not num_hidden:
        raise MXNetError(
            'Required parameter num_hidden of int is not presented, in operator FullyConnected(name="")'
        )
    if not no_bias and bias is None:
        raise MXNetError("Operator FullyConnected expects 3 inputs, but got 2 instead.")
    if flatten and data.dim() != 2:
        data = data.reshape(data.shape[0], -1)
    wanted = (int(num_hidden), data.shape[-1])
    if tuple(weight.shape) != wanted:
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(weight.shape)}, inferred shape={joined(wanted)}"
        )
    return functional.linear(data, weight, None if no_bias else bias)


_ACTIVATIONS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": functional.softplus,
    "softsign": functional.softsign,
}


@operator
def Activation(data: Tensor, act_type: str) -> Tensor:
    """One of "relu", "sigmoid", "softrelu" (log(1 + eˣ)), "softsign" and "tanh"."""
    choice("Activation", "act_type", act_type, _ACTIVATIONS)
    return _ACTIVATIONS[act_type](data)
