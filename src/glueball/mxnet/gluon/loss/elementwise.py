"""Losses that compare each number with its own label."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from .base import Loss, like, times

__all__ = [
    "HingeLoss",
    "HuberLoss",
    "L1Loss",
    "L2Loss",
    "LogisticLoss",
    "PoissonNLLLoss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SquaredHingeLoss",
]

Tensor = torch.Tensor


class L2Loss(Loss):
    """weight / 2 · (label − pred)².

    >>> from glueball.mxnet import gluon, nd
    >>> gluon.loss.L2Loss()(nd.array([[1, 3]]), nd.array([[1, 1]]))
    <BLANKLINE>
    [1.]
    <NDArray 1 @cpu(0)>
    """

    def __init__(self, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        loss = (like(label, pred) - pred).square()
        weight: Any = self._weight
        return self._mean(self._weighted(loss, weight / 2, sample_weight))


class L1Loss(Loss):
    """|label − pred|."""

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        loss = (like(label, pred) - pred).abs()
        return self._mean(self._weighted(loss, self._weight, sample_weight))


class SigmoidBinaryCrossEntropyLoss(Loss):
    """−(pos_weight · label · log p + (1 − label) · log(1 − p)) with p = sigmoid(pred).

    Called with pred, label, sample_weight and pos_weight (which weighs the labels that are 1).

    Args:
        from_sigmoid: whether the predictions are p already.
        weight: what the loss is multiplied by; None is 1.
        batch_axis: that of the examples.
    """

    def __init__(
        self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def compute(
        self,
        pred: Tensor,
        label: Tensor,
        sample_weight: Tensor | None = None,
        pos_weight: Tensor | None = None,
    ) -> Tensor:
        """The loss of each example."""
        label = like(label, pred)
        if self._from_sigmoid:
            little = 1e-12
            positive = torch.log(pred + little) * label
            if pos_weight is not None:
                positive = times(positive, pos_weight)
            loss = -(positive + torch.log(1.0 - pred + little) * (1.0 - label))
        elif pos_weight is None:
            # log(1 + e^-|x|) does not overflow
            loss = torch.relu(pred) - pred * label + functional.softplus(-pred.abs())
        else:
            weights = 1 + times(label, pos_weight - 1)
            loss = pred - pred * label + weights * (functional.softplus(-pred.abs()) + torch.relu(-pred))
        return self._mean(self._weighted(loss, self._weight, sample_weight))


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class HuberLoss(Loss):
    """(label − pred)² / (2 rho) where they are nearer than rho, else |label − pred| − rho / 2.

    Args:
        rho: where the one becomes the other.
        weight: what the loss is multiplied by; None is 1.
        batch_axis: that of the examples.
    """

    def __init__(
        self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        rho = self._rho
        far = (like(label, pred) - pred).abs()
        loss = torch.where(far > rho, far - 0.5 * rho, 0.5 / rho * far.square())
        return self._mean(self._weighted(loss, self._weight, sample_weight))


class HingeLoss(Loss):
    """max(0, margin − pred · label), labels being −1 and 1."""

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        loss = torch.relu(self._margin - pred * like(label, pred))
        return self._mean(self._weighted(loss, self._weight, sample_weight))


class SquaredHingeLoss(Loss):
    """max(0, margin − pred · label)², labels being −1 and 1."""

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        loss = torch.relu(self._margin - pred * like(label, pred)).square()
        return self._mean(self._weighted(loss, self._weight, sample_weight))


class LogisticLoss(Loss):
    """log(1 + exp(−pred · label)), labels being −1 and 1 ("signed") or 0 and 1 ("binary").

    Raises:
        ValueError: the label format is neither.
    """

    def __init__(
        self,
        weight: float | None = None,
        batch_axis: int = 0,
        label_format: str = "signed",
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._label_format = label_format
        if label_format not in ("signed", "binary"):
            raise ValueError(f"label_format can only be signed or binary, recieved {label_format}.")

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        label = like(label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        loss = torch.relu(pred) - pred * label + functional.softplus(-pred.abs())
        return self._mean(self._weighted(loss, self._weight, sample_weight))


class PoissonNLLLoss(Loss):
    """exp(pred) − target · pred, or pred − target · log pred: one number, the mean over everything.

    Called with pred, target, sample_weight and epsilon (added to what the logarithm is taken of).

    Args:
        weight: what the loss is multiplied by; None is 1.
        from_logits: whether the predictions are logarithms.
        batch_axis: that of the examples.
        compute_full: add Stirling's approximation of log(target!) where the target is above 1.
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    def compute(
        self, pred: Tensor, target: Tensor, sample_weight: Tensor | None = None, epsilon: float = 1e-8
    ) -> Tensor:
        """The mean loss, of shape (1,)."""
        target = like(target, pred)
        if self._from_logits:
            loss = torch.exp(pred) - target * pred
        else:
            loss = pred - target * torch.log(pred + epsilon)
        if self._compute_full:
            stirling = target * torch.log(target) - target + 0.5 * torch.log(2 * target * math.pi)
            loss = loss + stirling * (target > 1)  # a target of 0 gives NaN, as in MXNet
        return self._weighted(loss, self._weight, sample_weight).mean().reshape(1)
