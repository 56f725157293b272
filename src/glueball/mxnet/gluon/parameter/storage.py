"""Where a Parameter's values lie: one torch tensor for its whole life, and what MXNet hangs on it.

The tensor is made with the Parameter and stays the same object, so that a block's table, an optimizer and
every block that shares it hold the same one: uninitialised (torch's own `UninitializedParameter`) at first,
filled in place later. What is not differentiable (running statistics) is a torch buffer instead.

The exception are torch's own tools that put another tensor into a block (`load_state_dict(assign=True)`,
`fully_shard`, a move to the meta device): the Parameter then adopts that one.
"""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from ...context import Context, context_of
from ...ndarray import NDArray
from ...ndarray.dtypes import numpy_type, torch_dtype

__all__ = ["Stored"]

_WAITING = (UninitializedParameter, UninitializedBuffer)


class Stored:
    """The part of a Parameter that holds arrays.

    Attributes:
        _tensor: the torch tensor.
        _array: it as the NDArray that `data()` gives; None while it has no values.
        _gradient: the NDArray that `grad()` gives; None where there is none.
        _context: where it lies, None while it does not.
        _sharded: torch keeps it in shards (`fully_shard`) and puts other tensors in its place as it runs.
    """

    _dtype: Any
    _shape: tuple[int, ...] | None
    _grad_req: str
    _deferred_init: tuple[Any, ...]

    def __init__(self, differentiable: bool, dtype: Any) -> None:
        try:
            kind = torch_dtype(dtype)
        except TypeError:  # MXNet says so when the values are made
            kind = torch.float32
        follows = differentiable and kind.is_floating_point
        self._tensor: torch.Tensor = (
            UninitializedParameter(requires_grad=follows, device="cpu", dtype=kind)  # type: ignore[call-arg]
            if differentiable
            else UninitializedBuffer(device="cpu", dtype=kind)  # type: ignore[call-arg]
        )
        self._array: NDArray | None = None
        self._gradient: NDArray | None = None
        self._context: Context | None = None
        self._sharded = False

    def _take(self, values: torch.Tensor, context: Context) -> None:
        """Give the tensor these values, and what hangs on it: the array and the gradient."""
        self._release()
        tensor: Any = self._tensor
        frozen = self._frozen()
        if tensor.requires_grad and not values.is_floating_point():  # torch does not follow integers
            tensor.requires_grad = False
        tensor.data = values
        if type(tensor) in _WAITING:  # only now: another thread must not take it for filled before it is
            tensor.__class__ = tensor.cls_to_become
        self._array = NDArray(tensor, context)
        self._context = context
        self._deferred_init = ()
        self._attach(frozen)

    def _release(self) -> None:
        """Leave the values that there are to whoever holds their array: new ones are coming."""
        if self._array is not None:
            self._array._tensor = self._tensor.detach()
            self._array = self._gradient = None

    def _frozen(self) -> bool:
        """Whether torch does not follow it, though `grad_req` would have it so."""
        tensor = self._tensor
        return self._grad_req != "null" and not tensor.requires_grad and tensor.is_floating_point()

    def _attach(self, frozen: bool = False) -> None:
        """Give the values a gradient, as `grad_req` says; what was frozen stays so."""
        array = self._array
        assert array is not None
        if self._grad_req == "null":
            array.follow("null", None)
            array._gradient = self._gradient = None
            return
        buffer = torch.zeros_like(self._tensor.data)
        array.follow(self._grad_req, buffer)
        self._gradient = NDArray(buffer, self._context)
        if frozen:
            self._tensor.requires_grad_(False)

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> NoReturn:
        """Say to who gives it to a function of torch's what to give instead."""
        raise TypeError(
            f"{getattr(function, '__name__', function)} takes tensors, and a Gluon Parameter is none: its "
            "tensor is parameter.data().as_torch(). Torch's parametrizations (weight_norm, prune) replace "
            "the tensors of torch's layers; those of a Block cannot be replaced."
        )

    # ---- what torch's own tools do ------------------------------------------------------------------

    def adopt(self, tensor: torch.Tensor) -> None:
        """Take a tensor that one of torch's own tools put into the block."""
        if tensor is self._tensor:
            return
        sharding = type(tensor).__name__ == "DTensor" or type(tensor.data).__name__ == "DTensor"
        self._tensor = tensor
        if type(tensor) in _WAITING:
            return
        self._sharded = self._sharded or sharding
        if self._array is None:
            self._array = NDArray(tensor)
        self._array._tensor = tensor
        self._array._context = None
        self._note_kind()
        if self._sharded:  # gradients are gathered and reduced by torch, which wants to find none at first
            self._array._gradient = self._gradient = None
        else:
            self._attach(self._frozen())

    def _note_kind(self) -> None:
        """Say of the tensor what it has become: torch changed its dtype, its shape or its device."""
        tensor = self._tensor
        if self._dtype is not None and torch_dtype(self._dtype) is not tensor.dtype:
            self._dtype = numpy_type(tensor.dtype)
        if type(tensor) in _WAITING:
            return
        assert self._array is not None
        self._shape = tuple(tensor.shape)
        self._deferred_init = ()
        there = context_of(tensor.device)
        if self._context is None or self._array._context is None:
            self._context = there
        elif there != self._context if tensor.is_cuda else self._context.device_type == "gpu":
            self._context = self._array._context = there
        if self._gradient is not None:
            self._gradient._context = self._context

    # ---- copies -------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        filled = state.pop("_array") is not None
        gradient = state.pop("_gradient")
        state["_trained_by"] = None
        state["_filled"] = filled
        state["_gradient_values"] = None if gradient is None else self._settled().detach()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        filled, values = state.pop("_filled"), state.pop("_gradient_values")
        self.__dict__.update(state)
        self._array = self._gradient = None
        if filled:
            self._array = NDArray(self._tensor, self._context)
            if not self._sharded:
                self._attach(self._frozen())
            gradient: NDArray | None = self._gradient
            if values is not None and gradient is not None:
                gradient._tensor.copy_(values)

    def _settled(self) -> torch.Tensor:
        """The gradient's memory, with what torch's own tools computed brought into it."""
        assert self._array is not None
        return self._array.settle()
