"""Operators that bring values to mean 0 and variance 1, and Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from ... import generators
from ..._mode import mode as switches
from ...base import MXNetError
from ..arguments import choice, joined
from ..dtypes import numpy_type
from ..ndarray import Tensor
from ..register import operator
from .binary import floats_only, same_types

__all__: list[str] = []


def _along(parameter: Tensor, data: Tensor, axis: int) -> Tensor:
    """One number for each place of an axis, in a shape that spreads over the data."""
    shape = [1] * data.dim()
    shape[axis] = -1
    return parameter.reshape(shape)


def _fits(parameter: Tensor, size: int) -> None:
    if tuple(parameter.shape) != (size,):
        raise MXNetError(f"Shape inconsistent, Provided = {joined(parameter.shape)}, inferred shape=[{size}]")


@operator
def BatchNorm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_var: Tensor,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Any:
    """Each channel normalized; while training by the batch's mean and variance, else by the moving ones.

    As in MXNet, the moving ones move when `backward` comes by.

    Args:
        data: any shape.
        gamma: scales, one for each channel.
        beta: shifts.
        moving_mean: of the batches' means; written in place.
        moving_var: of the batches' variances; written in place.
        eps: added to the variance.
        momentum: how much of the moving ones stays.
        fix_gamma: whether gamma is set to 1 and gets no gradient.
        use_global_stats: whether the moving ones are taken while training too.
        output_mean_var: whether the mean and 1/√(variance + eps) are given too, in a list.
        axis: the one of channels.
        cudnn_off: MXNet's hint; without effect here.
        min_calib_range: for quantized networks; without effect here.
        max_calib_range: for quantized networks; without effect here.
    """
    axis = int(axis) % data.dim()
    for parameter in (gamma, beta, moving_mean, moving_var):
        _fits(parameter, data.shape[axis])
    if fix_gamma:
        gamma.detach().fill_(1)
        gamma = gamma * 0 + 1 if gamma.requires_grad else gamma
    x = data if axis == 1 else data.movedim(axis, 1)
    taken = switches.training and not use_global_stats
    old = moving_mean.detach(), moving_var.detach()
    if taken:
        rest = tuple(at for at in range(x.dim()) if at != 1)
        mean, variance = x.mean(rest), x.var(rest, unbiased=False)
        result = functional.batch_norm(x, None, None, gamma, beta, True, 0.0, float(eps))
        if result.requires_grad:
            stay = float(momentum)
            new = mean.detach(), variance.detach()

            def move(_: Tensor) -> None:
                for moving, batch in zip(old, new, strict=True):
                    moving.mul_(stay).add_(batch * (1 - stay))

            result.register_hook(move)  # type: ignore[no-untyped-call]
    else:
        mean, variance = old
        result = functional.batch_norm(x, mean, variance, gamma, beta, False, 0.0, float(eps))
    result = result if axis == 1 else result.movedim(1, axis)
    return [result, mean, (variance + eps).rsqrt()] if output_mean_var else result


@operator
def LayerNorm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    axis: int = -1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
) -> Any:
    """Normalized along one axis.

    Args:
        data: any shape.
        gamma: scales, one for each place of the axis.
        beta: shifts.
        axis: along which the mean and the variance are taken.
        eps: added to the variance.
        output_mean_var: whether the mean and √(variance + eps) are given too, in a list.
    """
    axis = int(axis) % data.dim()
    size = data.shape[axis]
    _fits(gamma, size)
    _fits(beta, size)
    same_types(data, gamma)
    if axis == data.dim() - 1 and not output_mean_var:
        return functional.layer_norm(data, (size,), gamma, beta, float(eps))
    mean = data.mean(axis, True)
    spread = ((data - mean).square().mean(axis, True) + eps).sqrt()
    result = (data - mean) / spread * _along(gamma, data, axis) + _along(beta, data, axis)
    return [result, mean, spread] if output_mean_var else result


@operator
def InstanceNorm(data: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-3) -> Tensor:
    """Each channel of each instance normalized over space."""
    _fits(gamma, data.shape[1])
    _fits(beta, data.shape[1])
    rest = tuple(range(2, data.dim()))
    mean = data.mean(rest, True)
    variance = (data - mean).square().mean(rest, True)
    return (data - mean) / (variance + eps).sqrt() * _along(gamma, data, 1) + _along(beta, data, 1)


@operator
def GroupNorm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    num_groups: int = 1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
) -> Any:
    """Each group of channels of each instance normalized.

    Args:
        data: (N, C, …).
        gamma: scales, one for each group.
        beta: shifts, one for each group.
        num_groups: how many groups; their number divides the channels'.
        eps: added to the variance.
        output_mean_var: whether the mean and √(variance + eps) are given too, in a list.
    """
    groups = int(num_groups)
    if data.shape[1] % groups:
        raise MXNetError("# of channels must be divisible by # of groups")
    if gamma.numel() != groups or beta.numel() != groups:
        raise MXNetError(f"Shape size mismatch {gamma.numel()} v.s. {groups}")
    rows = data.reshape(data.shape[0], groups, -1)
    mean = rows.mean(2, True)
    spread = ((rows - mean).square().mean(2, True) + eps).sqrt()
    result = (rows - mean) / spread * gamma.reshape(1, -1, 1) + beta.reshape(1, -1, 1)
    result = result.reshape(data.shape)
    return [result, mean.squeeze(2), spread.squeeze(2)] if output_mean_var else result


@operator
def LRN(data: Tensor, nsize: int, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0) -> Tensor:
    """Quotients: x / (knorm + alpha/nsize · Σx² over `nsize` neighbouring channels)^beta."""
    squares = data.square().movedim(1, -1)
    half = int(nsize) // 2
    padded = functional.pad(squares, (half, half))
    near = padded.unfold(-1, 2 * half + 1, 1).sum(-1).movedim(-1, 1)
    return data * (knorm + alpha / nsize * near) ** -beta


@operator
def Dropout(
    data: Tensor,
    p: float = 0.5,
    mode: str = "training",
    axes: int | Sequence[int] = (),
    cudnn_off: bool = False,
) -> Tensor:
    """While training, elements replaced by 0 with probability `p`, the others divided by 1 − p.

    Args:
        data: any shape.
        p: the share that is dropped.
        mode: "training", or "always".
        axes: along which all elements are kept or dropped together.
        cudnn_off: MXNet's hint; without effect here.
    """
    choice("Dropout", "mode", mode, ("always", "training"))
    if not 0 <= p <= 1:
        raise MXNetError(
            f"value {p} for Parameter p exceed bound [0,1]\np: Fraction of the input that gets dropped out "
            f'during training time., in operator Dropout(name="", p="{p}")'
        )
    floats_only(data)
    if p == 0 or not (switches.training or mode == "always"):
        return data.clone()
    along = tuple(axes) if isinstance(axes, (list, tuple)) else (axes,)
    mask = generators.dropout_mask(tuple(data.shape), p, along, numpy_type(data.dtype))
    return data * torch.from_numpy(mask).to(data.device)
