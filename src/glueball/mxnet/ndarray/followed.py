"""Gradients that are MXNet's and not torch's."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["all_ties", "flat"]

Tensor = torch.Tensor


class _Flat(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(result: Tensor, *inputs: Tensor) -> Tensor:
        return result.view_as(result)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.inputs = [(x.shape, x.dtype, x.device) for x in inputs[1:]]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        zeros = [torch.zeros(shape, dtype=dtype, device=device) for shape, dtype, device in ctx.inputs]
        return None, *zeros


def flat(result: Tensor, *inputs: Any) -> Tensor:
    """A result that does not change with its inputs: their gradients are zeros, where torch has none."""
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    if torch.is_grad_enabled() and result.is_floating_point() and any(x.requires_grad for x in tensors):
        followed: Tensor = _Flat.apply(result.detach(), *tensors)  # type: ignore[no-untyped-call]
        return followed
    return result


class _AllTies(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor, result: Tensor) -> Tensor:
        return result.view_as(result)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        data, result = inputs
        ctx.save_for_backward(data == result)

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
