"""Gluon's Parameter: a torch parameter with a name, an initializer, and a shape that may come later."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from weakref import ref

import torch

from ... import autograd, initializer
from ..._mode import mode
from ...base import MXNetError, MXNetType, mx_real_t
from ...context import Context, cpu, current_context, device_of
from ...ndarray import NDArray
from ...ndarray.dtypes import torch_dtype
from .loading import Policy, load_into
from .storage import Stored

__all__ = ["DeferredInitializationError", "Parameter", "contexts", "shape_is_known"]

Shape = tuple[int, ...]
Contexts = Context | Sequence[Context] | None


class DeferredInitializationError(MXNetError):
    """The Parameter waits for its shape, which the first forward pass tells."""


def shape_is_known(shape: Shape | None) -> bool:
    """Whether every dimension of a shape is known (MXNet writes 0 for one that is not).

    Raises:
        AssertionError: the first that is not known is below 0.
    """
    if not shape:
        return False
    for size in shape:
        if size <= 0:
            assert size == 0, f"shape dimension size cannot be less than 0, while received {size}"
            return False
    return True


def contexts(ctx: Contexts) -> list[Context]:
    """The contexts that a user asks for; none given: the current one."""
    if ctx is None:
        return [current_context()]
    listed = [ctx] if isinstance(ctx, (Context, str)) else list(ctx)
    for each in listed:
        if not isinstance(each, Context):
            raise AttributeError(
                f"{each!r} is no context, write mx.cpu() or mx.gpu(): "
                f"'{type(each).__name__}' object has no attribute 'device_typeid'"
            )
    return listed


def _only(ctx: list[Context]) -> Context:
    if len(ctx) != 1:
        raise NotImplementedError(
            f"a Parameter lies in one context here, not in {len(ctx)}. To train on several "
            f"devices, wrap the block in torch.nn.parallel.DistributedDataParallel. Asked for: {ctx}"
        )
    return ctx[0]


class Parameter(Stored, metaclass=MXNetType):
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
        stype: how it is stored: "default", which is dense, is all that there is.
        grad_stype: how its gradient is stored; a sparse one is kept dense.

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
        for what, given in (("grad_stype", grad_stype), ("stype", stype)):
            assert given in ("default", "row_sparse", "csr"), (
                f"{what} for Parameter '{name}' must be one of 'default', 'row_sparse', or 'csr', "
                f"but got '{given}'"
            )
        super().__init__(differentiable, dtype)
        self.name = name
        self._dtype = dtype
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.init = init
        self._allow_deferred_init = allow_deferred_init
        self._differentiable = differentiable
        self._shape: Any = (shape,) if isinstance(shape, int) else shape
        self._stype = stype
        self._grad_stype = grad_stype
        self._deferred_init: tuple[Any, ...] = ()
        self._trained_by: ref[Any] | None = None
        self._grad_req = "null"
        self.grad_req = grad_req

    def __repr__(self) -> str:
        return f"Parameter {self.name} (shape={self.shape}, dtype={self.dtype})"

    # ---- what it is ---------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
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
        self._shape = new_shape

    @property
    def dtype(self) -> Any:
        """Its dtype as it was given; may be set, which casts it."""
        if self._array is not None and torch_dtype(self._dtype) is not self._tensor.dtype:
            self._note_kind()  # one of torch's tools has cast it
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def stype(self) -> str:
        """How it is stored: "default", which is dense."""
        return self._stype

    @property
    def grad_req(self) -> str:
        """What a backward does with its gradient: "write", "add" or "null"; may be set.

        "null" too while torch does not follow it: it was frozen.
        """
        return "null" if self._frozen() else self._grad_req

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        assert req in ("write", "add", "null"), (
            f"grad_req must be one of 'write', 'add', or 'null', but got '{req}'"
        )
        if not self._differentiable:
            req = "null"
        if req == self._grad_req and req == self.grad_req:
            return
        self._grad_req = req
        if self._array is not None:
            self._attach()

    # ---- values -------------------------------------------------------------------------------------

    def data(self, ctx: Any = None) -> NDArray:
        """The live values, the same array each time.

        Raises:
            DeferredInitializationError: it waits for its shape.
            RuntimeError: it was not initialised, or not in this context.
        """
        array = self._array
        if array is not None and (ctx is None or ctx == self._context):
            return array
        if self._stype != "default":
            raise RuntimeError(
                f"Cannot return a copy of Parameter '{self.name}' on ctx {ctx} via data() because its "
                f"storage type is {self._stype}. Please use row_sparse_data() instead."
            )
        if array is not None and ctx is list:
            return [array]  # type: ignore[return-value]  # how MXNet's own code asks for all
        self._must_be_there(ctx)
        assert array is not None
        return array

    def list_data(self) -> list[NDArray]:
        """The values in each context; there is one."""
        if self._stype != "default":
            raise RuntimeError(
                f"Cannot return copies of Parameter '{self.name}' on all contexts via list_data() because "
                f"its storage type is {self._stype}. Please use row_sparse_data() instead."
            )
        return [self.data()]

    def grad(self, ctx: Any = None) -> NDArray:
        """The live gradient, zeros before the first backward; raises what `data` raises, and for "null"."""
        if self._array is not None and self.grad_req == "null":
            raise RuntimeError(
                f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'"
            )
        self._must_be_there(ctx)
        assert self._array is not None
        if self._gradient is None:  # sharded: torch's own gradient
            if self._tensor.grad is None:
                raise RuntimeError(f"Parameter '{self.name}' is sharded, and has no gradient yet.")
            return NDArray(self._tensor.grad)
        self._gradient._tensor = self._settled()
        return self._gradient

    def list_grad(self) -> list[NDArray]:
        """The gradient in each context; there is one."""
        return [self.grad()]

    def list_ctx(self) -> list[Context]:
        """Where it is, or will be."""
        if self._array is None:
            if self._deferred_init:
                return list(self._deferred_init[1])
            raise RuntimeError(f"Parameter '{self.name}' has not been initialized")
        assert self._context is not None
        return [self._context]

    def zero_grad(self) -> None:
        """Set the gradient to zero; without one, nothing."""
        if self._gradient is not None:
            self._settled().zero_()

    def set_data(self, data: Any) -> None:
        """Put values in, in place; while it waits for its shape, keep them for then.

        Args:
            data: an NDArray, a NumPy array or a torch tensor of its shape; its own dtype stays.

        Raises:
            AssertionError: another shape, or it was never initialised.
            MXNetError: the thread records: what was computed with the old values would be wrong.
        """
        self.shape = tuple(data.shape)
        if self._array is None:
            assert self._deferred_init, f"Parameter '{self.name}' has not been initialized"
            self._deferred_init = (*self._deferred_init[:3], data)
            return
        self._array[:] = NDArray(data.detach()) if isinstance(data, torch.Tensor) else data

    def _must_be_there(self, ctx: Any) -> None:
        if self._array is not None:
            if ctx is None or ctx == self._context:
                return
            if not isinstance(ctx, Context):
                contexts([ctx])
            there = self._array.context
            if (ctx.device_type == "gpu", ctx.device_id) == (there.device_type == "gpu", there.device_id):
                return  # pinned and shared memory are the host's
            raise RuntimeError(
                f"Parameter '{self.name}' was not initialized on context {ctx}. "
                f"It was only initialized on {self.list_ctx()}."
            )
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
        ctx: Contexts = None,
        default_init: Any = None,
        force_reinit: bool = False,
    ) -> None:
        """Fill it, now or (where its shape is not known) at the first forward pass.

        Args:
            init: an initializer or its name, before its own `init` and `default_init`.
            ctx: where; by default the current context.
            default_init: for when neither `init` nor its own is given; `Uniform()`.
            force_reinit: whether to fill again what is filled already. The arrays that `data()` gave
                before keep the old values.
        """
        if self._array is not None and not force_reinit:
            warnings.warn(
                f"Parameter '{self.name}' is already initialized, ignoring. "
                "Set force_reinit=True to re-initialize.",
                stacklevel=2,
            )
            return
        default_init = _UNIFORM if default_init is None else default_init
        if init is None:
            init = default_init if self.init is None else self.init
        waiting = init, contexts(ctx), default_init, None
        if shape_is_known(self._shape):
            self._fill(*waiting)
        elif self._allow_deferred_init:
            self._release()
            self._deferred_init = waiting
        else:
            raise ValueError(
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}."
            )

    def _fill(self, init: Any, ctx: list[Context], default_init: Any, given: Any) -> None:
        """Make the values, and only then take them: an initializer that raises changes nothing."""
        context = _only(ctx)
        if self._stype != "default":
            raise MXNetError(
                f"Parameter '{self.name}' is of storage type {self._stype}; parameters are dense here. For "
                f"sparse gradients of an embedding take torch.nn.Embedding(sparse=True)."
            )
        dtype = self._dtype if self._dtype is not None or given is None else given.dtype
        values = torch.zeros(self._shape, dtype=torch_dtype(dtype), device=device_of(context))
        array = NDArray(values, context)
        if given is not None:
            array[:] = NDArray(given.detach()) if isinstance(given, torch.Tensor) else given
        else:
            start = initializer.chosen(_UNIFORM if default_init is None else default_init)
            desc = initializer.InitDesc(self.name, {"__init__": init})
            if mode.recording:
                with autograd.pause():
                    start(desc, array)
            else:
                start(desc, array)
        self._take(values, context)

    def _finish_deferred_init(self) -> None:
        """Fill it now that its shape is known, if it waits."""
        with _finishing:
            if not self._deferred_init:
                return
            assert shape_is_known(self._shape), (
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}. "
                "Please specify in_units, in_channels, etc for `Block`s."
            )
            self._fill(*self._deferred_init)

    def take_shape(self, shape: tuple[int, ...]) -> Callable[[], None]:
        """Be filled with zeros of a shape; returns the way back to how it waits now."""
        before, waiting, kind = self._shape, self._deferred_init, type(self._tensor)
        empty, follows = self._tensor.data, self._tensor.requires_grad
        self.shape = shape
        try:
            self._fill(initializer.Zero(), waiting[1] if waiting else contexts(None), None, None)
        except BaseException:
            self._shape = before
            raise

        def back() -> None:
            self._array = self._gradient = self._context = None
            self._tensor.data = empty
            self._tensor.__class__ = kind
            self._tensor.requires_grad = follows
            self._shape, self._deferred_init = before, waiting

        return back

    # ---- changing it --------------------------------------------------------------------------------

    def reset_ctx(self, ctx: Contexts) -> None:
        """Move it to another context.

        Raises:
            ValueError: it was never initialised.
        """
        listed = contexts(ctx)
        if self._array is not None:
            context = _only(listed)
            self._take(self._tensor.detach().to(device_of(context), copy=True), context)
        elif self._deferred_init:
            init, _, default_init, given = self._deferred_init
            self._deferred_init = (init, listed, default_init, given)
        else:
            raise ValueError(
                f"Cannot reset context for Parameter '{self.name}' because it has not been initialized."
            )

    def cast(self, dtype: Any) -> None:
        """Give it another dtype, values and gradient; the arrays that there were keep the old one."""
        wanted = torch_dtype(dtype)
        self._dtype = dtype
        if self._array is None:
            return
        assert self._context is not None
        grad = None if self._gradient is None else self._settled()
        self._take(self._tensor.detach().to(wanted, copy=True), self._context)
        if grad is not None:
            self._settled().copy_(grad)

    # ---- what other libraries for Gluon ask for, though its name says not to

    @property
    def _trainer(self) -> Any:
        # Not held, so that a network is freed with the last reference to it and not at a later collection.
        return None if self._trained_by is None else self._trained_by()

    def _set_trainer(self, trainer: Any) -> None:
        self._trained_by = None if trainer is None else ref(trainer)

    @property
    def _data(self) -> list[NDArray] | None:
        return None if self._array is None else [self._array]

    @property
    def _grad(self) -> list[NDArray] | None:
        return None if self._gradient is None else [self.grad()]

    def _reduce(self) -> NDArray:
        """The values in the host's memory, outside of any graph."""
        return self.list_data()[0].detach().as_in_context(cpu())

    def _load_init(
        self, data: Any, ctx: Contexts, cast_dtype: bool = False, dtype_source: str = "current"
    ) -> None:
        """Put a saved array in, and be initialised by it if it was not."""
        load_into([(self, data)], Policy(ctx, cast_dtype, dtype_source))

    # ---- what there is not --------------------------------------------------------------------------

    def row_sparse_data(self, row_id: NDArray) -> NoReturn:
        """Rows of a sparse Parameter; there is none here."""
        raise RuntimeError(
            f"Cannot return a copy of Parameter {self.name} via row_sparse_data() because its storage "
            f"type is {self._stype}. Please use data() instead."
        )

    def list_row_sparse_data(self, row_id: NDArray) -> NoReturn:
        """Rows of a sparse Parameter in each context; there is none here."""
        raise RuntimeError(
            f"Cannot return copies of Parameter '{self.name}' on all contexts via list_row_sparse_data() "
            f"because its storage type is {self._stype}. Please use data() instead."
        )

    def var(self) -> NoReturn:
        """The Parameter in a graph of symbols; there are none here."""
        raise NotImplementedError(
            f"Parameter '{self.name}' has no symbol: mx.sym is not here. Its values are data(); to compile a "
            f"network, torch.compile(block)."
        )


_UNIFORM = initializer.Uniform()
_finishing = threading.RLock()  # threads that call a block for the first time together: one fills it
