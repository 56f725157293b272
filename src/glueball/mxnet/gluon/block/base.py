"""Block: a `torch.nn.Module` with Gluon's names, and Gluon's ways to collect and initialise."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, NoReturn

import torch

from ... import initializer
from ... import ndarray as nd
from ..._mode import mode
from ...ndarray import NDArray
from ..parameter import Parameter, ParameterDict
from ..parameter.parameter import Contexts
from . import collecting, hooks, saving, summary
from .inference import outline
from .node import Node

__all__ = ["Block"]

_run = torch.nn.Module.__call__


class Block(Node):
    """Base of all layers and networks: give it children and Parameters, and write `forward`.

    Args:
        prefix: stands before the names of its Parameters and children; by default the class's name in
            lower case and a number.
        params: another block's `params`, to be shared.

    >>> from glueball import mxnet as mx
    >>> from glueball.mxnet.gluon import nn
    >>> class Net(nn.Block):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         with self.name_scope():
    ...             self.hidden = nn.Dense(4)
    ...     def forward(self, x):
    ...         return self.hidden(x) * 2
    >>> net = Net(prefix="net_")
    >>> net.initialize()
    >>> net(mx.nd.ones((2, 3))).shape
    (2, 4)
    >>> list(net.collect_params().keys())
    ['net_dense0_weight', 'net_dense0_bias']
    """

    _takes_tensors: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # A built-in layer computes on tensors itself; what a user writes is written for NDArrays.
        if "_takes_tensors" not in cls.__dict__ and (
            "forward" in cls.__dict__ or "hybrid_forward" in cls.__dict__
        ):
            cls._takes_tensors = False
        if "forward" in cls.__dict__ and not cls._takes_tensors:
            cls.forward = _on_arrays(cls.forward)  # type: ignore[method-assign]

    # ---- Parameters ---------------------------------------------------------------------------------

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """Its Parameters and those of all blocks in it.

        Args:
            select: a regular expression; only Parameters whose name begins with a match (`re.match`).

        >>> from glueball.mxnet.gluon import nn
        >>> nn.Dense(2, in_units=3, prefix="fc_").collect_params(".*weight")
        fc_ (
          Parameter fc_weight (shape=(2, 3), dtype=float32)
        )
        """
        return collecting.collect(self, select)

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        """Its Parameters and those of all blocks in it by their places, such as `0.weight`."""
        return collecting.collect_by_place(self, prefix)

    def initialize(
        self,
        init: Any = None,
        ctx: Contexts = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Initialise all its Parameters, in order; those without a shape at the first forward pass.

        Args:
            init: an initializer; `Uniform()`, which draws from ±0.07, by default.
            ctx: where.
            verbose: whether the initializer logs what it does.
            force_reinit: whether to fill again what is filled already.
        """
        init = _UNIFORM if init is None else init
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def save_parameters(self, filename: str | os.PathLike[str], deduplicate: bool = False) -> None:
        """Write all Parameters into a `.params` file, by their places (`0.weight`).

        Args:
            filename: of the file, which MXNet reads too.
            deduplicate: whether a shared Parameter is written under the last of its places only.

        Raises:
            RuntimeError: a Parameter has no values yet.
        """
        saving.save(self, filename, deduplicate)

    def load_parameters(
        self,
        filename: str | os.PathLike[str],
        ctx: Contexts = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Load Parameters from a `.params` file: all of them, or none where something is wrong.

        Args:
            filename: what `save_parameters` wrote, here or in MXNet; or a file of whole names.
            ctx: where to load Parameters that were not initialised.
            allow_missing: whether a Parameter may not be in the file.
            ignore_extra: whether an array of the file may have no Parameter.
            cast_dtype: whether to take an array of another dtype.
            dtype_source: then "current" casts the array, "saved" the Parameter.

        Raises:
            AssertionError: a Parameter is missing in the file, or an array does not fit.
            ValueError: an array has no Parameter.
            MXNetError: there is no such file, or it is damaged.
        """
        saving.load(self, filename, ctx, allow_missing, ignore_extra, cast_dtype, dtype_source)

    def save_params(self, filename: str | os.PathLike[str]) -> None:
        """Write all Parameters by their names without the block's prefix; `save_parameters` is better."""
        warnings.warn(
            "save_params is deprecated. Please use save_parameters. Note that if you want load from "
            "SymbolBlock later, please use export instead. For details, see "
            "https://mxnet.apache.org/tutorials/gluon/save_load_params.html",
            stacklevel=2,
        )
        self.collect_params().save(filename, strip_prefix=self.prefix)

    def load_params(
        self,
        filename: str | os.PathLike[str],
        ctx: Contexts = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> None:
        """Load what `save_params` wrote; `load_parameters` is better, and does the same."""
        warnings.warn("load_params is deprecated. Please use load_parameters.", stacklevel=2)
        self.load_parameters(filename, ctx, allow_missing, ignore_extra)

    def save(self, prefix: str) -> NoReturn:
        """Write a network with its structure; there are no graphs here to write."""
        raise NotImplementedError(
            "a block's structure is its Python code: save_parameters writes the values, torch.save all of it."
        )

    def load(self, prefix: str) -> NoReturn:
        """Read what `save` wrote."""
        raise NotImplementedError(
            "a block's structure is its Python code: load_parameters reads the values, torch.load all of it."
        )

    def cast(self, dtype: Any) -> None:
        """Give all its Parameters another dtype."""
        for child in self._modules.values():
            if isinstance(child, Block):
                child.cast(dtype)
            elif child is not None:
                child.to(nd.dtypes.torch_dtype(dtype))
        for parameter in self.params.values():
            parameter.cast(dtype)

    # ---- running ------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it: NDArrays under MXNet's rules, tensors under torch's."""
        if mode.inferring:
            return outline(self, args)
        if _any_tensor(args, kwargs):
            return _run(self, *args, **kwargs)
        if kwargs:
            raise TypeError(f"__call__() got an unexpected keyword argument '{next(iter(kwargs))}'")
        if mode.recording or not torch.is_grad_enabled():
            return _run(self, *args)
        torch._C._set_grad_enabled(False)
        try:
            return _run(self, *args)
        finally:
            torch._C._set_grad_enabled(True)

    def forward(self, *args: Any) -> Any:
        """What the block computes; to be written by each."""
        raise NotImplementedError

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Accepted for MXNet's sake: every block computes the same, hybridized or not."""
        for child in self._modules.values():
            if isinstance(child, Block):
                child.hybridize(active, **kwargs)

    def register_forward_hook(self, hook: Callable[..., Any], **options: Any) -> Any:
        """Call `hook(block, inputs, output)` after each forward; gives a handle with `detach()`.

        Args:
            hook: what it returns counts only where tensors came in.
            options: torch's; with any of them it is torch's own method.
        """
        if options:
            return super().register_forward_hook(hook, **options)
        return hooks.HookHandle.of(super().register_forward_hook(hooks.after(hook)))

    def register_forward_pre_hook(self, hook: Callable[..., Any], **options: Any) -> Any:
        """Call `hook(block, inputs)` before each forward; gives a handle with `detach()`.

        Args:
            hook: what it returns counts only where tensors came in.
            options: torch's; with any of them it is torch's own method.
        """
        if options:
            return super().register_forward_pre_hook(hook, **options)
        return hooks.HookHandle.of(super().register_forward_pre_hook(hooks.before(hook)))

    def register_op_hook(self, callback: Callable[..., Any], monitor_all: bool = False) -> None:
        """Watch each operator in it; there is no graph here in which one could."""
        raise NotImplementedError(
            "operators are torch's here and not watched one by one: register_forward_hook watches blocks, "
            "torch.utils._python_dispatch.TorchDispatchMode every operator."
        )

    def summary(self, *inputs: Any) -> None:
        """Print each layer's output shape and number of Parameters for some inputs.

        Args:
            inputs: as the block is called; it is run once on them.

        Raises:
            AssertionError: a block in it is hybridized.

        >>> from glueball import mxnet as mx
        >>> net = mx.gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.summary(mx.nd.ones((1, 3)))
        --------------------------------------------------------------------------------
                Layer (type)                                Output Shape         Param #
        ================================================================================
                       Input                                      (1, 3)               0
                     Dense-1                                      (1, 2)               8
        ================================================================================
        Parameters in forward computation graph, duplicate included
           Total params: 8
           Trainable params: 8
           Non-trainable params: 0
        Shared params in forward computation graph: 0
        Unique parameters in model: 8
        --------------------------------------------------------------------------------
        """
        summary.summarize(self, inputs)


_UNIFORM = initializer.Uniform()


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return True
    parts = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
    return any(map(_holds_tensor, parts))


def _any_tensor(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    for arg in args:
        if type(arg) is not NDArray and _holds_tensor(arg):
            return True
    return bool(kwargs) and _holds_tensor(kwargs)


def _on_arrays(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A forward that is written for NDArrays, for tensors too: it gets NDArrays around them."""

    @wraps(forward)
    def either(self: Block, *args: Any, **kwargs: Any) -> Any:
        if not _any_tensor(args, kwargs):
            return forward(self, *args, **kwargs)
        before = mode.recording, mode.training
        mode.recording, mode.training = torch.is_grad_enabled(), self.training
        own = self._put_in()
        try:
            result = forward(self, *_each(_into, args), **_each(_into, kwargs))
        finally:
            mode.recording, mode.training = before
            for parameter, array in own:
                parameter._array = array
        return _each(_out, result)

    return either


def _each(function: Callable[[Any], Any], value: Any) -> Any:
    """A nest of lists, tuples and dicts with a function's results for what lies in it."""
    if type(value) in (list, tuple):
        return type(value)(_each(function, part) for part in value)
    if type(value) is dict:
        return {name: _each(function, part) for name, part in value.items()}
    return function(value)


def _into(value: Any) -> Any:
    return NDArray(value) if isinstance(value, torch.Tensor) else value


def _out(value: Any) -> Any:
    return value._tensor if isinstance(value, NDArray) else value
