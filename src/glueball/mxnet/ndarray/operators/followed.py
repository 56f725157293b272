"""Gradients that are MXNet's and not torch's."""

from __future__ import annotations

from typing import Any

import torch

from ..ndarray import Tensor

__all__ = ["all_ties", "flat"]


class _Flat(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, result: Tensor, *inputs: Tensor) -> Tensor:
        ctx.inputs = [(x.shape, x.dtype, x.device) for x in inputs]
        return result.view_as(result)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        zeros = [torch.zeros(shape, dtype=dtype, device=device) for shape, dtype, device in ctx.inputs]
        return None, *zeros


def flat(result: Tensor, *inputs: Tensor) -> Tensor:
    """A result that does not change with its inputs: their gradients are zeros, where torch has none."""
    if torch.is_grad_enabled() and result.is_floating_point() and any(x.requires_grad for x in inputs):
        followed: Tensor = _Flat.apply(result.detach(), *inputs)  # type: ignore[no-untyped-call]
        return followed
    return result


class _AllTies(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, data: Tensor, result: Tensor) -> Tensor:
        ctx.save_for_backward(data == result)
        return result.view_as(result)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (chosen,) = ctx.saved_tensors
        return gradients[0] * chosen, None


def all_ties(data: Tensor, result: Tensor) -> Tensor:
    """A maximum or minimum whose gradient goes in full to every element equal to it.

    Args:
        data: the elements.
        result: the maximum, of a shape that spreads over that of `data`.
    """
    if torch.is_grad_enabled() and data.requires_grad:
        followed: Tensor = _AllTies.apply(data, result.detach())  # type: ignore[no-untyped-call]
        return followed
    return result
