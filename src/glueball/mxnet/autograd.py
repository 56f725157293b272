"""Recording what is computed, and going back through it for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ._mode import mode
from .base import MXNetError
from .ndarray.ndarray import NDArray, backward_state

__all__ = [
    "backward",
    "is_recording",
    "is_training",
    "pause",
    "predict_mode",
    "record",
    "set_recording",
    "set_training",
    "train_mode",
]


def is_recording() -> bool:
    """Whether this thread follows what it computes."""
    return mode.recording


def is_training() -> bool:
    """Whether this thread trains: Dropout drops, BatchNorm takes the batch's statistics."""
    return mode.training


def set_recording(is_recording: bool) -> bool:
    """Switch recording; returns what it was. `record()` switches it back by itself."""
    before = mode.recording
    mode.recording = bool(is_recording)
    torch.set_grad_enabled(mode.recording)
    return before


def set_training(train_mode: bool) -> bool:
    """Switch training; returns what it was."""
    before = mode.training
    mode.training = bool(train_mode)
    return before


class _Scope:
    """A `with` that sets the switches and puts them back."""

    __slots__ = ("_before", "_recording", "_training")

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording = recording
        self._training = training

    def __enter__(self) -> None:
        self._before = mode.recording, mode.training, torch.is_grad_enabled()
        if self._recording is not None:
            mode.recording = self._recording
            torch._C._set_grad_enabled(self._recording)
        if self._training is not None:
            mode.training = self._training

    def __exit__(self, *raised: Any) -> None:
        mode.recording, mode.training, followed = self._before
        torch._C._set_grad_enabled(followed)


def record(train_mode: bool = True) -> _Scope:
    """A `with` in which what is computed is followed, so that `backward` can go through it.

    >>> from glueball.mxnet import autograd, nd
    >>> x = nd.array([1, 2, 3])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    <BLANKLINE>
    [2. 4. 6.]
    <NDArray 3 @cpu(0)>
    """
    return _Scope(True, train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """A `with` in which nothing is followed."""
    return _Scope(False, train_mode)


def train_mode() -> _Scope:
    """A `with` in which layers train."""
    return _Scope(None, True)


def predict_mode() -> _Scope:
    """A `with` in which layers predict."""
    return _Scope(None, False)


def backward(
    heads: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool = False,
    train_mode: bool = True,
) -> None:
    """Write the gradients of the sum of `heads` into the variables that they were computed from.

    Args:
        heads: arrays that were recorded.
        head_grads: the gradient of each, of its shape; ones for None.
        retain_graph: whether what was recorded can be gone through again.
        train_mode: what `is_training()` says meanwhile.

    Raises:
        MXNetError: a head was not recorded, or was gone through already.
    """
    if isinstance(heads, NDArray):
        heads = [heads]
    if head_grads is None or isinstance(head_grads, NDArray):
        head_grads = [head_grads] * len(heads)
    tensors = [head._tensor for head in heads]
    for tensor in tensors:
        if not tensor.requires_grad:
            raise MXNetError(
                "Cannot differentiate node because it is not in a computational graph. You need to set "
                "is_recording to true or use autograd.record() to save computational graphs for backward. "
                "If you want to differentiate the same graph twice, you need to pass retain_graph=True to "
                "backward."
            )
    grads = [
        torch.ones_like(tensor) if grad is None else grad._tensor
        for tensor, grad in zip(tensors, head_grads, strict=True)
    ]
    before = mode.training
    mode.training = train_mode
    backward_state.running += 1
    try:
        torch.autograd.backward(tensors, grads, retain_graph=retain_graph)
    finally:
        backward_state.running -= 1
        mode.training = before
    if not retain_graph:
        for head in heads:
            if head._gradient is None:
                head._tensor = head._tensor.detach()
