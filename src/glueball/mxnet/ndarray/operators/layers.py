"""The operators that networks are made of, except convolutions, norms and losses."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ... import generators
from ..._mode import mode
from ...base import MXNetError
from ..arguments import choice, count_arrays, joined
from ..dtypes import numpy_type
from ..ndarray import Tensor
from ..register import operator
from .binary import floats_only, same_types

__all__: list[str] = []


@operator(fresh=True)
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
    count_arrays("FullyConnected", 2, bias, not no_bias)
    same_types(data, weight)
    floats_only(data)
    if flatten and data.dim() != 2:
        data = data.reshape(data.shape[0], -1)
    wanted = (int(num_hidden), data.shape[-1])
    if tuple(weight.shape) != wanted:
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(weight.shape)}, inferred shape=({wanted[0]},{wanted[1]})"
        )
    if bias is not None and tuple(bias.shape) != wanted[:1]:
        raise MXNetError(f"Unexpected shape for bias {joined(bias.shape)}")
    return functional.linear(data, weight, bias)


_ACTIVATIONS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": functional.softplus,
    "softsign": functional.softsign,
}


@operator(fresh=True)
def Activation(data: Tensor, act_type: str) -> Tensor:
    """One of "relu", "sigmoid", "softrelu" (log(1 + eˣ)), "softsign" and "tanh"."""
    choice("Activation", "act_type", act_type, _ACTIVATIONS)
    floats_only(data)
    return _ACTIVATIONS[act_type](data)


_SELU_SLOPE, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@operator(fresh=True)
def LeakyReLU(
    data: Tensor,
    gamma: Tensor | None = None,
    act_type: str = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
) -> Tensor:
    """The values where they are above 0, and below 0 something that does not quite vanish.

    Args:
        data: any shape.
        gamma: the slopes of "prelu": one for each channel, or one.
        act_type: "leaky" (slope·x), "prelu" (gamma·x), "elu" (slope·(eˣ − 1)), "selu", "gelu" (x·Φ(x)) or
            "rrelu" (a slope drawn between the bounds while training, their mean else).
        slope: of "leaky" and "elu".
        lower_bound: of "rrelu".
        upper_bound: of "rrelu".
    """
    choice("LeakyReLU", "act_type", act_type, ("elu", "gelu", "leaky", "prelu", "rrelu", "selu"))
    count_arrays("LeakyReLU", 1, gamma, act_type == "prelu")
    if act_type == "gelu":
        return functional.gelu(data)
    if act_type == "selu":
        return _selu(data)
    if act_type == "elu":
        return _elu(data, slope)
    if gamma is not None:
        if gamma.numel() > 1 or data.dim() > 1:
            shape = [1] * data.dim()
            shape[1 if data.dim() > 1 else 0] = -1
            gamma = gamma.reshape(shape)
        return torch.where(data > 0, data, gamma * data)
    if act_type == "rrelu":
        if mode.training:
            drawn = generators.uniform(lower_bound, upper_bound, tuple(data.shape), numpy_type(data.dtype))
            return torch.where(data > 0, data, torch.from_numpy(drawn).to(data.device) * data)
        slope = (lower_bound + upper_bound) / 2
    return torch.where(data > 0, data, slope * data)


class _Selu(torch.autograd.Function):
    """MXNet's SELU: its gradient below 0 is scale·(slope + y), with y for the result."""

    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor) -> Tensor:
        return _SELU_SCALE * torch.where(data > 0, data, _SELU_SLOPE * torch.expm1(data))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        data, result = ctx.saved_tensors
        return gradients[0] * _SELU_SCALE * torch.where(data > 0, 1.0, _SELU_SLOPE + result)


def _selu(data: Tensor) -> Tensor:
    result: Tensor = _Selu.apply(data)  # type: ignore[no-untyped-call]
    return result


def _elu(data: Tensor, slope: float) -> Tensor:
    return torch.where(data > 0, data, slope * torch.expm1(data.clamp_max(0)))
