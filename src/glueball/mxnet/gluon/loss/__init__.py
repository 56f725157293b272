"""Losses: how far predictions are from labels, a number for each example.

Every loss is called with predictions and labels, and most with weights for the examples as a last
argument, which have to be spread over the loss by broadcasting. `weight` multiplies the whole. The loss is
the mean over all axes but `batch_axis`, where nothing else is said.
"""

from __future__ import annotations

from .base import Loss, _apply_weighting, _reshape_like  # noqa: F401  # losses of users import them
from .classes import CTCLoss, KLDivLoss, SoftmaxCELoss, SoftmaxCrossEntropyLoss
from .elementwise import (
    HingeLoss,
    HuberLoss,
    L1Loss,
    L2Loss,
    LogisticLoss,
    PoissonNLLLoss,
    SigmoidBCELoss,
    SigmoidBinaryCrossEntropyLoss,
    SquaredHingeLoss,
)
from .pairs import CosineEmbeddingLoss, SDMLLoss, TripletLoss

__all__ = [
    "CTCLoss",
    "CosineEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "L2Loss",
    "LogisticLoss",
    "Loss",
    "PoissonNLLLoss",
    "SDMLLoss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
    "SquaredHingeLoss",
    "TripletLoss",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # where a user finds them, and what MXNet prints
