"""Gluon's Parameter: a torch parameter with a name, an initializer, and a shape that may come later.

The torch tensor is made with the Parameter and stays the same object for its whole life, so that a block's
table, an optimizer and every block that shares it hold the same one: uninitialised (torch's own
`UninitializedParameter`) at first, filled in place later. `data()` is that tensor as an NDArray. A
Parameter that is not differentiable (running statistics) is a torch buffer instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from ... import autograd, initializer
from ...base import MXNetType, mx_real_t
from ...context import Context, current_context, device_of
from ...ndarray import NDArray, array
from ...ndarray.dtypes import numpy_type, torch_dtype

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "shape_is_known"]

Shape = tuple[int, ...]


class DeferredInitializationError(RuntimeError):
    """The Parameter waits for its shape, which the first forward pass tells."""


def shape_is_known(shape: Shape | None) -> bool:
    """Whether every dimension of a shape is known (MXNet writes 0 or -1 for one that is not)."""
    return shape is not None and all(size > 0 for size in shape)


class Parameter(metaclass=MXNetType):
    """One array of a network: its values, its gradient, and how it begins.

    Args:
        name: its whole name, such as `"dense0_weight"`.
        grad_req: "write" (each backward overwrites the gradient), "add" (each adds), "null" (none).
        shape: a tuple or an int; 0 for a dimension that is not known yet.
        dtype: a NumPy type or its name.
        lr_mult: what a Trainer multiplies the learning rate by.
        wd_mult: what a Trainer multiplies the weight decay by.
        init: its initializer; None takes the one that `initialize` is given.
        allow_deferred_init: whether it may be initialised before its shape is known.
        differentiable: whether it can have a gradient at all.

    >>> from glueball import mxnet as mx
    >>> weight = mx.gluon.Parameter("weight", shape=(2, 2))
    >>> weight.initialize(init=mx.init.One())
    >>> weight.data()
    <BLANKLINE>
    [[1. 1.]
     [1. 1.]]
    <NDArray 2x2 @cpu(0)>
    """

    def __init__(
        self,
        name: str,
        grad_req: str = "write",
        shape: int | Sequence[int] | None = None,
        dtype: Any = mx_real_t,
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: Any = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.init = init
        self._allow_deferred_init = allow_deferred_init
        self._differentiable = differentiable
        self._shape = (shape,) if isinstance(shape, int) else shape if shape is None else tuple(shape)
        self._stype = stype
        self._grad_stype = grad_stype
        self._array: NDArray | None = None
        self._gradient: NDArray | None = None
        self._context: Context | None = None
        self._deferred_init: tuple[Any, ...] = ()
        self._trainer: Any = None
        self._grad_req = "null"
        self._tensor: torch.Tensor = UninitializedParameter() if differentiable else UninitializedBuffer()
        self.grad_req = grad_req

    def __repr__(self) -> str:
        return f"Parameter {self.name} (shape={self.shape}, dtype={self.dtype})"

    # ---- what it is ---------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape | None:
        """Its shape, 0 for a dimension that is not known yet; None for a shape wholly unknown."""
        return self._shape

    @shape.setter
    def shape(self, new_shape: Shape) -> None:
        if self._shape is None:
            self._shape = new_shape
            return
        fits = len(self._shape) == len(new_shape) and all(
            old in (0, -1, new) for new, old in zip(new_shape, self._shape, strict=True)
        )
        assert fits, f"Expected shape {new_shape} is incompatible with given shape {self._shape}."
        self._shape = tuple(new_shape)

    @property
    def stype(self) -> str:
        """How it is stored: "default", which is dense."""
        return self._stype

    @property
    def grad_req(self) -> str:
        """What a backward does with its gradient: "write", "add" or "null"; may be set."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        assert req in ("write", "add", "null"), (
            f"grad_req must be one of 'write', 'add', or 'null', but got '{req}'"
        )
        if not self._differentiable:
            req = "null"
        if req == self._grad_req:
            return
        self._grad_req = req
        if self._array is not None:
            self._attach()

    # ---- values -------------------------------------------------------------------------------------

    def data(self, ctx: Context | None = None) -> NDArray:
        """The live values, the same array each time.

        Raises:
            DeferredInitializationError: it waits for its shape.
            RuntimeError: it was not initialised, or not in this context.
        """
        if self._array is not None and (ctx is None or ctx == self._context):
            return self._array
        self._must_be_there(ctx)
        assert self._array is not None
        return self._array

    def list_data(self) -> list[NDArray]:
        """The values in each context; there is one."""
        return [self.data()]

    def grad(self, ctx: Context | None = None) -> NDArray:
        """The live gradient, zeros before the first backward; what `data` raises, and for "null"."""
        if self._array is not None and self._grad_req == "null":
            raise RuntimeError(
                f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'"
            )
        self._must_be_there(ctx)
        assert self._array is not None and self._gradient is not None
        self._gradient._tensor = self._array.settle()
        return self._gradient

    def list_grad(self) -> list[NDArray]:
        """The gradient in each context; there is one."""
        return [self.grad()]

    def list_ctx(self) -> list[Context]:
        """Where it is, or will be."""
        if self._array is None:
            if self._deferred_init:
                return [self._deferred_init[1]]
            raise RuntimeError(f"Parameter '{self.name}' has not been initialized")
        assert self._context is not None
        return [self._context]

    def zero_grad(self) -> None:
        """Set the gradient to zero; without one, nothing."""
        if self._array is not None and self._gradient is not None:
            self._array.settle().zero_()

    def set_data(self, data: Any) -> None:
        """Put values in, in place; while it waits for its shape, keep them for then.

        Raises:
            AssertionError: another shape, or it was never initialised.
        """
        self.shape = tuple(data.shape)
        if self._array is None:
            assert self._deferred_init, f"Parameter '{self.name}' has not been initialized"
            self._deferred_init = (*self._deferred_init[:3], data)
            return
        with autograd.pause():
            self._array[:] = data

    def _must_be_there(self, ctx: Context | None) -> None:
        if self._array is not None:
            if ctx is not None and ctx != self._context:
                raise RuntimeError(
                    f"Parameter '{self.name}' was not initialized on context {ctx}. "
                    f"It was only initialized on {self.list_ctx()}."
                )
            return
        if self._deferred_init:
            raise DeferredInitializationError(
                f"Parameter '{self.name}' has not been initialized yet because initialization was "
                "deferred. Actual initialization happens during the first forward pass. Please pass one "
                "batch of data through the network before accessing Parameters. You can also avoid "
                "deferred initialization by specifying in_units, num_features, etc., for network layers."
            )
        raise RuntimeError(
            f"Parameter '{self.name}' has not been initialized. Note that you should initialize "
            "parameters and create Trainer with Block.collect_params() instead of Block.params because "
            "the later does not include Parameters of nested child Blocks"
        )

    # ---- how it begins ------------------------------------------------------------------------------

    def initialize(
        self,
        init: Any = None,
        ctx: Context | Sequence[Context] | None = None,
        default_init: Any = None,
        force_reinit: bool = False,
    ) -> None:
        """Fill it, now or (where its shape is not known) at the first forward pass.

        Args:
            init: an initializer or its name, before its own `init` and `default_init`.
            ctx: where; by default the current context.
            default_init: for when neither `init` nor its own is given; `Uniform()`.
            force_reinit: whether to fill again what is filled already.
        """
        if self._array is not None and not force_reinit:
            warnings.warn(
                f"Parameter '{self.name}' is already initialized, ignoring. "
                "Set force_reinit=True to re-initialize.",
                stacklevel=2,
            )
            return
        self._release()
        context = _one(ctx)
        if init is None:
            init = default_init if self.init is None else self.init
        waiting = (init, context, default_init, None)
        if not shape_is_known(self._shape):
            if self._allow_deferred_init:
                self._deferred_init = waiting
                return
            raise ValueError(
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}."
            )
        self._deferred_init = waiting
        self._finish_deferred_init()

    def _finish_deferred_init(self) -> None:
        if not self._deferred_init:
            return
        init, context, default_init, given = self._deferred_init
        self._deferred_init = ()
        assert shape_is_known(self._shape), (
            f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}. "
            "Please specify in_units, in_channels, etc for `Block`s."
        )
        assert self._shape is not None
        values = torch.zeros(self._shape, dtype=torch_dtype(self.dtype), device=device_of(context))
        filled = NDArray(values, context)
        if given is None:
            with autograd.pause():
                chosen = initializer.create(initializer.Uniform() if default_init is None else default_init)
                chosen(initializer.InitDesc(self.name, {"__init__": init}), filled)
        else:
            filled[:] = given
        self._take(values, context)

    def _take(self, values: torch.Tensor, context: Context) -> None:
        """Give the torch parameter these values, and what hangs on it: the array and the gradient."""
        self._release()
        tensor = self._tensor
        tensor.data = values
        if isinstance(tensor, (UninitializedParameter, UninitializedBuffer)):
            tensor.__class__ = tensor.cls_to_become  # type: ignore[union-attr]  # torch has no types for it
        self._array = NDArray(tensor, context)
        self._context = context
        self._attach()

    def _release(self) -> None:
        """Leave the values that there are to whoever holds their array: new ones are coming."""
        if self._array is not None:
            self._array._tensor = self._tensor.detach()
            self._array = self._gradient = None

    def _attach(self) -> None:
        """Give the values a gradient, as `grad_req` says."""
        assert self._array is not None
        if self._grad_req == "null":
            self._gradient = None
            self._array.follow("null", None)
            self._array._gradient = None
            return
        buffer = torch.zeros_like(self._tensor)
        self._array.follow(self._grad_req, buffer)
        self._gradient = NDArray(buffer, self._context)

    def adopt(self, tensor: torch.Tensor) -> None:
        """Another torch tensor takes the place of its own: torch's own tools put it into the block."""
        self._tensor = tensor
        self._shape = tuple(tensor.shape)
        self.dtype = numpy_type(tensor.dtype)
        if self._array is None:
            self._array = NDArray(tensor)
        self._array._tensor = tensor
        self._context = self._array.context
        self._deferred_init = ()
        self._attach()

    # ---- changing it --------------------------------------------------------------------------------

    def reset_ctx(self, ctx: Context | Sequence[Context] | None) -> None:
        """Move it to another context.

        Raises:
            ValueError: it was never initialised.
        """
        context = _one(ctx)
        if self._array is not None:
            values = self._tensor.detach().to(device_of(context), copy=True)
            self._take(values, context)
        elif self._deferred_init:
            init, _, default_init, given = self._deferred_init
            self._deferred_init = (init, context, default_init, given)
        else:
            raise ValueError(
                f"Cannot reset context for Parameter '{self.name}' because it has not been initialized."
            )

    def cast(self, dtype: Any) -> None:
        """Give it another dtype, values and gradient."""
        self.dtype = dtype
        if self._array is None:
            return
        assert self._context is not None
        grad = None if self._gradient is None else self._array.settle()
        self._take(self._tensor.detach().to(torch_dtype(dtype), copy=True), self._context)
        if grad is not None and self._gradient is not None:
            self._array.settle().copy_(grad)


def _one(ctx: Context | Sequence[Context] | None) -> Context:
    """The context to lie in."""
    if ctx is None:
        return current_context()
    if isinstance(ctx, Context):
        return ctx
    if len(ctx) != 1:
        raise NotImplementedError(
            f"a Parameter lies in one context here, not in {len(ctx)}. To train on several "
            f"devices, wrap the block in torch.nn.parallel.DistributedDataParallel. Asked for: {ctx}"
        )
    return ctx[0]


class Constant(Parameter):
    """A Parameter that is not trained: its values are given and its grad_req is "null".

    Args:
        name: its whole name.
        value: what `nd.array` takes.
    """

    def __init__(self, name: str, value: Any) -> None:
        if not isinstance(value, NDArray):
            value = array(value)
        self.value = value

        class Init(initializer.Initializer):
            def _init_weight(self, _: Any, arr: NDArray) -> None:
                value.copyto(arr)

        super().__init__(
            name, grad_req="null", shape=value.shape, dtype=value.dtype, init=Init(), differentiable=False
        )

    def __repr__(self) -> str:
        return f"Constant {self.name} (shape={self.shape}, dtype={self.dtype})"

    @property
    def grad_req(self) -> str:
        """Always "null"."""
        return "null"

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req != "null":
            warnings.warn(
                f'Constant parameter "{self.name}" does not support grad_req other than "null", '
                f'and new value "{req}" is ignored.',
                stacklevel=2,
            )
