"""Losses of how near things are to each other."""

from __future__ import annotations

from typing import Any

import torch

from ...base import MXNetError
from ...ndarray.arguments import joined
from .base import Loss, like
from .classes import KLDivLoss

__all__ = [
    "CosineEmbeddingLoss",
    "SDMLLoss",
    "TripletLoss",
]

Tensor = torch.Tensor


class TripletLoss(Loss):
    """max(0, Σ ((pred − positive)² − (pred − negative)²) + margin), the sum over each example.

    Called with pred, positive and negative.
    """

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def compute(self, pred: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of each example."""
        near, far = (like(other, pred) - pred for other in (positive, negative))
        loss = torch.relu(self._sum(near.square() - far.square()) + self._margin)
        return self._weighted(loss, self._weight, None)


class CosineEmbeddingLoss(Loss):
    """1 − cos(input1, input2) where the label is 1, max(0, cos(input1, input2) − margin) where it is −1.

    Of shape (examples, 1). Called with input1, input2, label and sample_weight; the angle
    is that along the last axis.
    """

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def compute(
        self, input1: Tensor, input2: Tensor, label: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """The loss of each example."""
        input1 = like(input1, input2)
        lengths = (input1.norm(dim=-1) * input2.norm(dim=-1)).reshape(-1, 1)
        cosine = (input1 * input2).sum(-1).reshape(-1, 1) / lengths.clamp(min=1e-12)
        label = label.reshape(-1, 1)
        if label.shape != cosine.shape:
            raise MXNetError(
                f"operands could not be broadcast together with shapes {joined(cosine.shape)} "
                f"{joined(label.shape)}"
            )
        loss = torch.where(label == 1, 1.0 - cosine, (cosine - self._margin).clamp(min=0))
        return self._weighted(loss, self._weight, sample_weight)


class SDMLLoss(Loss):
    """Batchwise smoothed deep metric learning: of two aligned batches, rows of equal place are near.

    Bonadiman, Kumar and Mittal (2019), "Large scale question paraphrase retrieval with smoothed deep metric
    learning". Called with two arrays of shape (examples, features).

    Args:
        smoothing_parameter: the share of probability that the other rows get.
        weight: what the loss is multiplied by; None is 1.
        batch_axis: that of the examples.
    """

    def __init__(
        self, smoothing_parameter: float = 0.3, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self.kl_loss = KLDivLoss(from_logits=True)
        self.smoothing_parameter = smoothing_parameter

    def compute(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The loss of each example."""
        size = x1.shape[0]
        distances = (x1.unsqueeze(1) - x2.unsqueeze(0)).square().sum(2)
        share = self.smoothing_parameter / (size - 1)
        gold = torch.eye(size, dtype=x1.dtype, device=x1.device)
        labels = gold * (1 - self.smoothing_parameter) + (1 - gold) * share
        return self.kl_loss.compute(torch.log_softmax(-distances, 1), labels)
