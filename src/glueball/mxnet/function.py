"""Function: an operator with a backward of one's own."""

from __future__ import annotations

from typing import Any

import torch

from ._mode import mode
from .base import MXNetError, MXNetType
from .ndarray.graph import IN_GRAPH, graph_state, raw
from .ndarray.ndarray import NDArray

__all__ = ["Function"]


class Function(metaclass=MXNetType):
    """An operator that says itself how to compute its gradient; each instance is called once.

    >>> from glueball.mxnet import autograd, nd
    >>> class Sigmoid(autograd.Function):
    ...     def forward(self, x):
    ...         y = 1 / (1 + (-x).exp())
    ...         self.save_for_backward(y)
    ...         return y
    ...     def backward(self, dy):
    ...         (y,) = self.saved_tensors
    ...         return dy * y * (1 - y)
    >>> x = nd.zeros(1)
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = Sigmoid()(x)
    >>> y.backward()
    >>> x.grad
    <BLANKLINE>
    [0.25]
    <NDArray 1 @cpu(0)>
    """

    __module__ = "glueball.mxnet.autograd"  # where MXNet has it

    def __init__(self) -> None:
        self._used = False
        self.saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *args: Any) -> None:
        """Keep arrays for `backward`, where they are `saved_tensors`."""
        self.saved_tensors = args

    def forward(self, *inputs: NDArray) -> Any:
        """Compute the output, or a list of outputs; nothing in it is followed."""
        raise NotImplementedError

    def backward(self, *output_grads: NDArray) -> Any:
        """Compute the gradient of each input from those of the outputs."""
        raise NotImplementedError

    def __call__(self, *inputs: NDArray) -> Any:
        """Compute, and where this thread records make the result part of the graph."""
        assert not self._used, (
            "Each Function instance can only be called once. Please create another instance."
        )
        self._used = True
        recording = mode.recording
        followed = torch.is_grad_enabled()
        mode.recording = False
        torch._C._set_grad_enabled(False)
        try:
            outputs = self.forward(*inputs)
        finally:
            mode.recording = recording
            torch._C._set_grad_enabled(followed)
        if not recording:
            return outputs
        listed = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        for array in (*inputs, *listed):
            if not isinstance(array, NDArray):
                raise AttributeError(
                    f"'{type(array).__name__}' object has no attribute 'handle': it is no NDArray"
                )
        if any(output is array or output._tensor.requires_grad for output in listed for array in inputs):
            raise MXNetError(IN_GRAPH)
        tensors = _Bridge.apply(  # type: ignore[no-untyped-call]
            self, [array._tensor for array in listed], *map(raw, inputs)
        )
        for array, tensor in zip(listed, tensors, strict=True):
            array._tensor = tensor
            array._time = graph_state.time
        return outputs


class _Bridge(torch.autograd.Function):
    """What torch sees of a Function."""

    @staticmethod
    def forward(ctx: Any, function: Function, outputs: list[torch.Tensor], *inputs: torch.Tensor) -> Any:
        ctx.function = function
        ctx.inputs = [(x.shape, x.dtype) for x in inputs]
        results = tuple(output.view_as(output) for output in outputs)
        ctx.mark_non_differentiable(*(x for x in results if not x.is_floating_point()))
        return results

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        recording = mode.recording
        mode.recording = False
        try:
            found = ctx.function.backward(*(NDArray(gradient) for gradient in gradients))
        finally:
            mode.recording = recording
        given = list(found) if isinstance(found, (list, tuple)) else [found]
        name = type(ctx.function).__name__
        if len(given) != len(ctx.inputs):
            raise AssertionError(
                f"{name}.backward must return exactly the same number of NDArrays as the number of NDArrays "
                f"arguments to forward. Expecting {len(ctx.inputs)} got {len(given)}"
            )
        tensors = []
        for gradient, (shape, dtype) in zip(given, ctx.inputs, strict=True):
            if not isinstance(gradient, NDArray):
                raise AssertionError(f"autograd.Function.backward must return NDArrays. Got {type(gradient)}")
            tensors.append(raw(gradient).to(dtype).broadcast_to(shape))
        return None, None, *tensors
