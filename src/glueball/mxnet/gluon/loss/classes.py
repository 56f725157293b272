"""Losses of probabilities of classes."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from ...ndarray.arguments import joined
from ..nn.layer import type_name
from .base import Loss, like, log_softmax

__all__ = [
    "CTCLoss",
    "KLDivLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
]

Tensor = torch.Tensor


class SoftmaxCrossEntropyLoss(Loss):
    """−log softmax(pred) at the label, or −Σ label · log softmax(pred) where labels are probabilities.

    Args:
        axis: that of the classes.
        sparse_label: whether labels are the classes' numbers; one outside takes the nearest class.
        from_logits: whether the predictions are log-probabilities already.
        weight: what the loss is multiplied by; None is 1.
        batch_axis: that of the examples.

    >>> from glueball.mxnet import gluon, nd
    >>> loss = gluon.loss.SoftmaxCrossEntropyLoss()
    >>> loss(nd.zeros((2, 4)), nd.array([0, 3])).shape
    (2,)
    """

    _mixes_types = True

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        axis = self._axis
        if (
            self._sparse_label
            and not self._from_logits
            and sample_weight is None
            and pred.dim() == 2
            and label.dim() == 1
            and (axis == -1 or axis == 1)
            and self._batch_axis == 0
            and label.shape[0] == pred.shape[0]
            and not pred.is_cuda
        ):
            try:
                # What torch ignores is a number that no label is.
                loss = _cross_entropy(pred, label.long(), None, 0, _NO_LABEL, 0.0)
            except IndexError:
                pass
            else:
                return self._weighted(loss, self._weight, None)
        if not self._from_logits:
            pred = log_softmax(pred, axis)
        if self._sparse_label:
            loss = -_pick(pred, label, axis)
        else:
            label = like(label, pred)
            if label.dtype is not pred.dtype and not label.is_floating_point():
                raise MXNetError(
                    f"Incompatible attr in node  at 1-th input: expected {type_name(pred)}, got "
                    f"{type_name(label)}"
                )
            loss = -(pred * label).sum(axis, keepdim=True)
        return self._mean(self._weighted(loss, self._weight, sample_weight))


SoftmaxCELoss = SoftmaxCrossEntropyLoss

_NO_LABEL = -(2**62)
_cross_entropy: Any = torch._C._nn.cross_entropy_loss  # its types have 0 for "none" wrong


def _pick(pred: Tensor, label: Tensor, axis: int) -> Tensor:
    """The elements at the labels along an axis, which stays with length 1.

    Raises:
        MXNetError: there is not one label for each.
    """
    there = list(pred.shape)
    there[axis] = 1
    without = there[:axis] + there[axis:][1:] if axis != -1 else there[:-1]
    if list(label.shape) == without:
        label = label.unsqueeze(axis)
    elif list(label.shape) != there:
        inferred = there if label.dim() == len(there) else without
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(label.shape)}, inferred shape={joined(inferred)}"
        )
    return pred.gather(axis, label.long().clamp(0, pred.shape[axis] - 1))


class KLDivLoss(Loss):
    """label · (log label − pred), the predictions being log-probabilities: Kullback-Leibler's divergence.

    The sum for each example, not the mean.

    Args:
        from_logits: whether the predictions are log-probabilities; else their log-softmax is taken.
        axis: that of the log-softmax.
        weight: what the loss is multiplied by; None is 1.
        batch_axis: that of the examples.
    """

    def __init__(
        self,
        from_logits: bool = True,
        axis: int = -1,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis

    def compute(self, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of each example."""
        if not self._from_logits:
            pred = log_softmax(pred, self._axis)
        loss = label * (torch.log(label + 1e-12) - pred)
        return self._sum(self._weighted(loss, self._weight, sample_weight))


class CTCLoss(Loss):
    """Connectionist temporal classification; the last class is the blank. Graves et al. (2006).

    Called with pred, label, pred_lengths, label_lengths and sample_weight. Without lengths all of `pred`
    counts, and a label ends before its first -1.

    Args:
        layout: of the predictions, which are not normalised: "NTC" or "TNC".
        label_layout: of the labels: "NT" or "TN".
        weight: what the loss is multiplied by; None is 1.
    """

    _mixes_types = True

    def __init__(
        self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any
    ) -> None:
        assert layout in ("NTC", "TNC"), f"Only 'NTC' and 'TNC' layouts for pred are supported. Got: {layout}"
        assert label_layout in ("NT", "TN"), (
            f"Only 'NT' and 'TN' layouts for label are supported. Got: {label_layout}"
        )
        super().__init__(weight, label_layout.find("N"), **kwargs)
        self._layout = layout
        self._label_layout = label_layout

    def compute(
        self,
        pred: Tensor,
        label: Tensor,
        pred_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """The loss of each example."""
        if self._layout == "NTC":
            pred = pred.swapaxes(0, 1)
        if label.dim() != 2:
            raise MXNetError("The number of dimensions of labels array must be 2.")
        if self._batch_axis == 1:
            label = label.swapaxes(0, 1)
        length, batch, classes = pred.shape
        if label.shape[0] != batch:
            raise MXNetError("The batch size for the labels and data arrays must be the same.")
        if label.shape[1] > length:
            raise MXNetError(
                "The max number of labels cannot exceed the maximum sequence length of the data."
            )
        label = label.long()
        if label_lengths is None:
            label_lengths = (label >= 0).cumprod(1).sum(1)
        if pred_lengths is None:
            pred_lengths = torch.full((batch,), length)
        loss = functional.ctc_loss(
            torch.log_softmax(pred, 2), label.clamp(0, classes - 1), pred_lengths.long(),
            label_lengths.long(), blank=classes - 1, reduction="none",
        )  # fmt: skip
        return self._weighted(loss, self._weight, sample_weight)
