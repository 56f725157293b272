"""Operators of MXNet's older networks whose gradient is that of a loss, and losses themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from ..arguments import choice, joined
from ..ndarray import Tensor
from ..register import operator
from .selecting import whole

__all__: list[str] = []


class _Output(torch.autograd.Function):
    """A result whose gradient is known already; what comes back is not looked at, unless as a factor."""

    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor, label: Tensor, result: Tensor, gradient: Tensor, factor: bool) -> Tensor:
        return result.view_as(result)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, label, _, gradient, ctx.factor = inputs
        ctx.save_for_backward(gradient, label)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        gradient, label = ctx.saved_tensors
        gradient = gradient * gradients[0] if ctx.factor else gradient
        return gradient, torch.zeros_like(label), None, None, None


def _output(
    data: Tensor, label: Tensor, result: Tensor, gradient: Callable[[], Tensor], factor: bool = False
) -> Tensor:
    if not (torch.is_grad_enabled() and data.requires_grad):
        return result
    with torch.no_grad():
        known = gradient().reshape(data.shape)
    followed: Tensor = _Output.apply(data, label, result.detach(), known, factor)  # type: ignore[no-untyped-call]
    return followed


@operator(names=("Softmax",))
def SoftmaxOutput(
    data: Tensor,
    label: Tensor,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: str = "null",
    out_grad: bool = False,
    smooth_alpha: float = 0.0,
) -> Tensor:
    """Softmax, whose gradient is that of the cross-entropy with the label: softmax − one-hot.

    Args:
        data: scores, (N, classes).
        label: each row's class, or of the shape of `data` each class's probability.
        grad_scale: a factor of the gradient.
        ignore_label: with `use_ignore`, rows of this label get no gradient.
        multi_output: whether the classes are on the second axis and all the others are rows.
        use_ignore: whether `ignore_label` counts.
        preserve_shape: whether the classes are on the last axis of any number.
        normalization: what the gradient is divided by: "null" (nothing), "batch" (N) or "valid" (the rows
            that are not ignored).
        out_grad: whether the gradient is multiplied by what comes back.
        smooth_alpha: how much of the label's probability is given to the other classes.
    """
    choice("SoftmaxOutput", "normalization", normalization, ("batch", "null", "valid"))
    if multi_output:
        axis, rows = 1, (data.shape[0], *data.shape[2:])
    elif preserve_shape or data.dim() == 2:
        axis, rows = data.dim() - 1, tuple(data.shape[:-1])
    else:
        axis, rows = 1, (data.shape[0],)
    scores = data if axis < data.dim() and (multi_output or preserve_shape) else data.flatten(1)
    result = torch.softmax(scores, axis).reshape(data.shape)
    by_class = label.shape != data.shape
    if by_class and label.numel() != _product(rows):
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(label.shape)}, inferred shape={joined(rows)}"
        )

    def gradient() -> Tensor:
        known = result.reshape(scores.shape).detach()
        if not by_class:
            return (known - label.reshape(scores.shape)) * grad_scale
        target = whole(label).reshape(rows)
        classes = scores.shape[axis]
        other = smooth_alpha / (classes - 1) if smooth_alpha else 0.0
        share = torch.full_like(known, other)
        share.scatter_(axis, target.clamp(0, classes - 1).unsqueeze(axis), 1.0 - smooth_alpha)
        found = known - share
        kept = torch.ones_like(target, dtype=torch.bool)
        if use_ignore:
            kept = target != int(ignore_label)
            found = found * kept.unsqueeze(axis)
        scale = float(grad_scale)
        if multi_output and normalization != "valid":
            scale /= max(1, _product(rows[1:]))
        if normalization == "batch":
            scale /= data.shape[0]
        elif normalization == "valid":
            scale /= max(1, int(kept.sum()))
        return found * scale

    return _output(data, label, result, gradient, bool(out_grad))


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _regression(
    data: Tensor, label: Tensor, scale: float, result: Tensor, slope: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """A result whose gradient is `slope(result, label)` divided by the numbers in a row."""
    if label.numel() != data.numel() or label.shape[0] != data.shape[0]:
        raise MXNetError(
            f"Shape inconsistent, Provided={joined(label.shape)}, inferred shape={joined(data.shape)}"
        )

    def gradient() -> Tensor:
        in_row = label.numel() // label.shape[0]
        return slope(result.detach(), label.reshape(data.shape)) * (scale / in_row)

    return _output(data, label, result, gradient)


@operator
def LinearRegressionOutput(data: Tensor, label: Tensor, grad_scale: float = 1.0) -> Tensor:
    """The values; their gradient is that of half the squared distance to the label, for each row's number."""
    return _regression(data, label, grad_scale, data.clone(), torch.sub)


@operator
def LogisticRegressionOutput(data: Tensor, label: Tensor, grad_scale: float = 1.0) -> Tensor:
    """The sigmoid; its gradient is that of the cross-entropy with the label: sigmoid − label."""
    return _regression(data, label, grad_scale, torch.sigmoid(data), torch.sub)


@operator
def MAERegressionOutput(data: Tensor, label: Tensor, grad_scale: float = 1.0) -> Tensor:
    """The values; their gradient is that of the distance to the label: the sign of the difference."""

    def sign(result: Tensor, label: Tensor) -> Tensor:
        return (result - label).sign()

    return _regression(data, label, grad_scale, data.clone(), sign)


@operator
def SVMOutput(
    data: Tensor,
    label: Tensor,
    margin: float = 1.0,
    regularization_coefficient: float = 1.0,
    use_linear: bool = False,
) -> Tensor:
    """The scores; their gradient is that of the hinge loss (squared unless `use_linear`)."""

    def gradient() -> Tensor:
        sign = torch.ones_like(data)
        sign.scatter_(1, whole(label).reshape(-1, 1), -1.0)
        short = (margin + sign * data).clamp_min(0)
        slope = (short > 0).to(data.dtype) if use_linear else 2 * short
        return regularization_coefficient * sign * slope

    return _output(data, label, data.clone(), gradient)


@operator
def softmax_cross_entropy(data: Tensor, label: Tensor) -> Tensor:
    """The sum of all rows' cross-entropies, of shape (1,)."""
    if label.shape[0] != data.shape[0]:
        raise MXNetError("SoftmaxCrossEntropy: data label shape mismatch")
    return functional.cross_entropy(data, whole(label), reduction="sum").reshape(1)


@operator(names=("ctc_loss",))
def CTCLoss(
    data: Tensor,
    label: Tensor,
    data_lengths: Tensor | None = None,
    label_lengths: Tensor | None = None,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
) -> Tensor:
    """Connectionist temporal classification's loss of each sequence; Graves et al. (2006).

    Args:
        data: scores, (time, batch, classes), not normalized.
        label: classes, (batch, longest); what is left is 0, or -1 where the blank is the last class.
        data_lengths: each sequence's, where `use_data_lengths` is set.
        label_lengths: each label's, where `use_label_lengths` is set; else a label ends where what is left
            begins.
        use_data_lengths: whether `data_lengths` counts.
        use_label_lengths: whether `label_lengths` counts.
        blank_label: which class is the blank: "first" or "last".
    """
    choice("CTCLoss", "blank_label", blank_label, ("first", "last"))
    time, batch, classes = data.shape
    first = blank_label == "first"
    target = whole(label)
    if use_label_lengths and label_lengths is not None:
        lengths = whole(label_lengths)
    else:
        ended = target == (0 if first else -1)
        lengths = torch.where(ended.any(1), ended.int().argmax(1), target.shape[1])
    steps = (
        whole(data_lengths)
        if use_data_lengths and data_lengths is not None
        else torch.full((batch,), time, dtype=torch.int64, device=data.device)
    )
    return functional.ctc_loss(
        torch.log_softmax(data, 2),
        target.clamp_min(0),
        steps,
        lengths,
        blank=0 if first else classes - 1,
        reduction="none",
        zero_infinity=True,
    )
