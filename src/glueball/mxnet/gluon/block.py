"""Block: a `torch.nn.Module` with Gluon's names, and Gluon's ways to collect and initialise.

The torch parameters lie in the module's own tables, so everything of torch's works on a Block. The same
names give the Gluon Parameters: `block.weight` is not in the tables' way because it is looked for last.

What comes in decides whose rules hold. NDArrays: MXNet's (`autograd.record`, `is_training`). Tensors:
torch's (grad mode, `module.training`), and tensors come out; the code that a user wrote for NDArrays runs
then too, on NDArrays around those tensors.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch

from .. import initializer
from .. import ndarray as nd
from .._mode import mode
from ..base import MXNetType
from ..context import Context
from ..name import NameManager
from ..ndarray import NDArray
from .parameter import Parameter, ParameterDict

__all__ = ["Block", "HybridBlock"]


class _Current(threading.local):
    scope: NameScope | None = None


_current = _Current()


class NameScope:
    """A `with` in which new blocks are named as children of a block, counted by it alone."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._counts: dict[str, int] = {}
        self._before: list[NameScope | None] = []

    def __enter__(self) -> NameScope:
        self._before.append(_current.scope)
        if not self._block._empty_prefix:
            _current.scope = self
        return self

    def __exit__(self, *raised: Any) -> None:
        _current.scope = self._before.pop()

    def next(self, hint: str) -> str:
        """The next prefix for a child of this kind."""
        number = self._counts.get(hint, 0)
        self._counts[hint] = number + 1
        return f"{hint}{number}_"


def _named(prefix: str | None, params: ParameterDict | None, hint: str) -> tuple[str, ParameterDict]:
    """The whole prefix of a new block, and its dictionary."""
    scope = _current.scope
    if scope is None:
        prefix = NameManager.current().get(None, hint) + "_" if prefix is None else prefix
        shared = None
        whole = prefix
    else:
        above = scope._block
        prefix = scope.next(hint) if prefix is None else prefix
        shared = above.params._shared
        whole = above.params.prefix + prefix
        prefix = above.prefix + prefix
    if params is not None:
        return prefix, ParameterDict(params.prefix, params)
    return prefix, ParameterDict(whole, shared)


class Block(torch.nn.Module, metaclass=MXNetType):
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
    ...         return self.hidden(x).relu()
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

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__()
        self._empty_prefix = prefix == ""
        self._prefix, self._params = _named(prefix, params, self._alias())
        self._name = self._prefix.removesuffix("_")
        self._scope = NameScope(self)
        self._reg_params: dict[str, Parameter] = {}

    def _alias(self) -> str:
        return type(self).__name__.lower()

    # ---- names --------------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        """What stands before the names of its Parameters."""
        return self._prefix

    @property
    def name(self) -> str:
        """Its prefix without the underscore at the end."""
        return self._name

    @property
    def params(self) -> ParameterDict:
        """Its own Parameters, those of its children not among them."""
        return self._params

    @property
    def _children(self) -> dict[str, Any]:
        return self._modules

    def name_scope(self) -> NameScope:
        """A `with` in which new blocks are named as its children."""
        return self._scope

    def __repr__(self) -> str:
        lines = "\n".join(
            f"  ({key}): {_indented(repr(block))}" for key, block in self.__dict__["_modules"].items()
        )
        return f"{type(self).__name__}(\n{lines}\n)"

    # ---- attributes ---------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        registered = self.__dict__.get("_reg_params")
        if registered is not None and name in registered:
            return registered[name]
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        registered = self.__dict__.get("_reg_params")
        if registered is None:
            super().__setattr__(name, value)
            return
        if isinstance(value, torch.Tensor) and name in registered:
            self._adopt(name, value)
            return
        before = registered.get(name) or self._modules.get(name)
        if isinstance(before, (Parameter, Block)) and not isinstance(value, type(before)):
            raise TypeError(
                f"Changing attribute type for {name} from {type(before)} to {type(value)}is not allowed."
            )
        if isinstance(value, Block):
            self.__dict__.pop(name, None)
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            assert name not in registered, (
                f"Overriding Parameter attribute {name} is not allowed. If you want to share parameters "
                "between blocks, please set 'params' at Block construction instead."
            )
            self.__dict__.pop(name, None)
            registered[name] = value
            table = self._parameters if value._differentiable else self._buffers
            table[name] = value._tensor  # type: ignore[assignment]
        else:
            super().__setattr__(name, value)

    def _adopt(self, name: str, tensor: torch.Tensor) -> None:
        """Take a tensor that torch's own tools put in a Parameter's place."""
        self._reg_params[name].adopt(tensor)
        table = self._parameters if name in self._parameters else self._buffers
        table[name] = tensor  # type: ignore[assignment]

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, parameter in self._reg_params.items():
            there = self._buffers.get(name)
            if there is not None and there is not parameter._tensor:
                parameter._tensor.data = there
                self._buffers[name] = parameter._tensor
        return self

    def register_child(self, block: Any, name: str | None = None) -> None:
        """Make a block a child, under a name or the next number."""
        self._modules[str(len(self._modules)) if name is None else name] = block

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
        self._warn_of_hidden_blocks()
        found = ParameterDict(self._params.prefix)
        if select is None:
            found.update(self.params)
        else:
            pattern = re.compile(select)
            found._params.update({name: p for name, p in self.params.items() if pattern.match(name)})
        for child in self._modules.values():
            if isinstance(child, Block):
                found.update(child.collect_params(select))
        return found

    def _warn_of_hidden_blocks(self) -> None:
        inside = set(map(id, self._modules.values()))
        for name, value in self.__dict__.items():
            if name.startswith("_") or not isinstance(value, (list, tuple, dict)):
                continue
            parts = value.values() if isinstance(value, dict) else value
            if any(isinstance(part, Block) and id(part) not in inside for part in parts):
                warnings.warn(
                    f'"{type(self).__name__}.{name}" is an unregistered container with Blocks. Note that '
                    "Blocks inside the list, tuple or dict will not be registered automatically. Make sure "
                    "to register them using register_child() or switching to "
                    "nn.Sequential/nn.HybridSequential instead. ",
                    stacklevel=3,
                )

    def initialize(
        self,
        init: Any = None,
        ctx: Context | Sequence[Context] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Initialise all its Parameters, in order; those without a shape at the first forward pass.

        Args:
            init: an initializer; `Uniform()`, which draws from ±0.07, by default.
            ctx: where.
            verbose: whether the initializer prints what it does.
            force_reinit: whether to fill again what is filled already.
        """
        init = initializer.Uniform() if init is None else init
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def hybridize(self, active: bool = True, **options: Any) -> None:
        """Accepted for MXNet's sake: every block computes the same, hybridized or not."""
        for child in self._modules.values():
            if isinstance(child, Block):
                child.hybridize(active, **options)

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
        if any(isinstance(arg, torch.Tensor) for arg in args):
            if self._takes_tensors:
                return super().__call__(*args, **kwargs)
            return self._on_tensors(args, kwargs)
        if mode.recording or not torch.is_grad_enabled():
            return super().__call__(*args, **kwargs)
        torch._C._set_grad_enabled(False)
        try:
            return super().__call__(*args, **kwargs)
        finally:
            torch._C._set_grad_enabled(True)

    def _on_tensors(self, args: Any, kwargs: Any) -> Any:
        """Run a user's own forward, written for NDArrays, under torch's rules."""
        before = mode.recording, mode.training
        mode.recording, mode.training = torch.is_grad_enabled(), self.training
        try:
            result = super().__call__(*map(_into, args), **{k: _into(v) for k, v in kwargs.items()})
        finally:
            mode.recording, mode.training = before
        return _out(result)

    def forward(self, *args: Any) -> Any:
        """What the block computes; to be written by each."""
        raise NotImplementedError


def _into(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return NDArray(value)
    return type(value)(map(_into, value)) if type(value) in (list, tuple) else value


def _out(value: Any) -> Any:
    if isinstance(value, NDArray):
        return value._tensor
    return type(value)(map(_out, value)) if type(value) in (list, tuple) else value


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


class HybridBlock(Block):
    """A Block whose computation is written once, as `hybrid_forward(F, x, …)`, with F always `nd`.

    Its own Parameters come as arguments by their attributes' names.
    """

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **params: Any) -> Any:
        """What the block computes, with the operators of F."""
        raise NotImplementedError

    def forward(self, x: Any, *args: Any) -> Any:
        """Call `hybrid_forward` with the Parameters."""
        params = {name: parameter.data() for name, parameter in self._reg_params.items()}
        return self.hybrid_forward(nd, x, *args, **params)
