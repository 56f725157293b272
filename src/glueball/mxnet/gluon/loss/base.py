"""What all losses share."""

from __future__ import annotations

import numbers
from typing import Any, ClassVar

import numpy as np
import torch

from ...base import MXNetError
from ...ndarray import NDArray
from ...ndarray.arguments import joined
from ...ndarray.graph import raw
from ..nn.layer import Layer, type_name

__all__ = ["Loss", "like", "log_softmax", "times"]

Tensor = torch.Tensor


def _apply_weighting(F: Any, loss: Any, weight: Any = None, sample_weight: Any = None) -> Any:
    """A loss times the examples' weights and the whole's.

    Raises:
        AssertionError: `weight` is no number.
    """
    if sample_weight is not None:
        loss = (
            times(loss, sample_weight) if isinstance(loss, Tensor) else F.broadcast_mul(loss, sample_weight)
        )
    if weight is not None:
        assert isinstance(weight, (numbers.Number, np.generic)), "weight must be a number"
        loss = loss * weight
    return loss


def _reshape_like(F: Any, x: Any, y: Any) -> Any:
    """The elements of `x` in the shape of `y`."""
    return like(x, y) if isinstance(x, Tensor) else x.reshape(y.shape)


def times(loss: Tensor, weights: Tensor) -> Tensor:
    """The product, the weights spread over the loss.

    Raises:
        MXNetError: they cannot be.
    """
    try:
        return loss * weights
    except RuntimeError as error:
        raise MXNetError(
            f"operands could not be broadcast together with shapes {joined(loss.shape)} "
            f"{joined(weights.shape)}"
        ) from error


def like(label: Tensor, pred: Tensor) -> Tensor:
    """The labels in the shape of the predictions.

    Raises:
        MXNetError: they are fewer.
        ValueError: they are more.
    """
    if label.shape == pred.shape:
        return label
    if label.numel() < pred.numel():
        raise MXNetError("target shape size is larger than the current shape")
    if label.numel() != pred.numel():
        raise ValueError(f"Cannot reshape array of size {label.numel()} into shape {tuple(pred.shape)}")
    return label.reshape(pred.shape)


def log_softmax(pred: Tensor, axis: int) -> Tensor:
    """Log softmax along an axis.

    Raises:
        MXNetError: there is no such axis.
    """
    if not -pred.dim() <= axis < pred.dim():
        raise MXNetError(f"axis {axis} exceeds the input dimension of {pred.dim()}")
    return torch.log_softmax(pred, axis)


class Loss(Layer):
    """Base of the losses; write `hybrid_forward(self, F, pred, label)` for one of your own.

    Args:
        weight: what the loss is multiplied by; None is 1.
        batch_axis: that of the examples.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon.loss import Loss
    >>> class Distance(Loss):
    ...     def hybrid_forward(self, F, pred, label):
    ...         return (pred - label).abs()
    >>> Distance(None, 0)
    Distance(batch_axis=0, w=None)
    """

    _takes_tensors = True
    _mixes_types: ClassVar[bool] = False

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def forward(self, x: Any, *args: Any) -> Any:
        """The loss of arrays or of tensors."""
        if type(x) is NDArray:
            pred = raw(x)
            tensors = []
            for arg in args:
                if arg is not None and not isinstance(arg, (int, float)):
                    if not isinstance(arg, NDArray):
                        raise AssertionError(f"Argument lhs must have NDArray type, but got {arg}")
                    arg = raw(arg)
                    if arg.dtype is not pred.dtype and not self._mixes_types:
                        raise MXNetError(
                            f"Incompatible attr in node  at 1-th input: expected {type_name(arg)}, got "
                            f"{type_name(pred)}"
                        )
                tensors.append(arg)
            return NDArray(self.compute(pred, *tensors), x._context)
        return self.compute(x, *args)

    def _weighted(self, loss: Tensor, weight: Any, sample_weight: Tensor | None) -> Tensor:
        if sample_weight is None and weight is None:
            return loss
        weighted: Tensor = _apply_weighting(None, loss, weight, sample_weight)
        return weighted

    def _mean(self, loss: Tensor) -> Tensor:
        """The mean for each example."""
        batch, axes = self._batch_axis, loss.dim()
        if not -axes <= batch < axes:
            raise MXNetError(f"Reduction axis {batch} Exceeds input dimensions {joined(loss.shape)}")
        if axes == 1:
            return loss
        batch %= axes
        return loss.mean([axis for axis in range(axes) if axis != batch])

    def _sum(self, loss: Tensor) -> Tensor:
        """The sum for each example."""
        batch = self._batch_axis % loss.dim()
        return loss.sum([axis for axis in range(loss.dim()) if axis != batch]) if loss.dim() > 1 else loss
