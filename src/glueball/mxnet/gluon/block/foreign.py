"""A `torch.nn.Module` as a child of a Block: its tensors as Parameters, and its calls with NDArrays.

**Names.** A tensor's Parameter is called by the block's prefix and its way from the block, joined by `_`:
`net_body_0_weight` for `net.body[0].weight`; in files by its place, `body.0.weight`, as in a state dict.
A tensor that a block itself was given in torch's way (`self.scale = torch.nn.Parameter(…)`) has one too.
Buffers that torch saves are Parameters with `grad_req` "null" (but for scalars, such as BatchNorm's count of
batches). Blocks inside such a module keep their own names.

**Values.** Torch's constructors have filled them, so a first `initialize()` leaves them as they are, and
`force_reinit=True` fills them: 1-D ones as Gluon's layers would (a bias and a mean with zeros, others with
ones), all else as it is told.

**Calls.** Hooks on the module take the tensors out of NDArrays and wrap what comes out; meanwhile the module
trains if `autograd.is_training()` says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.parameter import is_lazy

from ..._mode import mode
from ...context import context_of
from ...ndarray import NDArray
from ...ndarray.dtypes import numpy_type
from ...ndarray.graph import raw
from ..parameter import Parameter

if TYPE_CHECKING:
    from .base import Block

__all__ = ["bridge", "own_of", "parameters_of", "places_of"]


class TorchParameter(Parameter):
    """The Parameter of a tensor in a torch module."""

    def __init__(self, name: str, tensor: torch.Tensor) -> None:
        differentiable = isinstance(tensor, torch.nn.Parameter)
        lazy = is_lazy(tensor)
        last = name.rpartition("_")[2]
        flat = not lazy and tensor.dim() < 2
        super().__init__(
            name,
            grad_req="write" if tensor.requires_grad else "null",
            shape=None if lazy else tuple(tensor.shape),
            dtype=numpy_type(tensor.dtype),
            init=("zeros" if last in ("bias", "mean") else "ones") if flat else None,
            allow_deferred_init=True,
            differentiable=differentiable,
        )
        self._tensor = tensor
        self._given = True
        self.follow_tensor()

    def follow_tensor(self) -> None:
        """See what torch has made of the tensor: a lazy module has run, its dtype or place has changed."""
        tensor = self._tensor
        if is_lazy(tensor):
            return
        if self._array is None:
            self._array = NDArray(tensor)
            self._shape = tuple(tensor.shape)
            self._dtype = numpy_type(tensor.dtype)
            self._context = context_of(tensor.device)
            before = tensor.grad
            self._attach()
            if before is not None and self._gradient is not None:
                self._gradient._tensor.copy_(before)
        self._note_kind()

    def initialize(
        self, init: Any = None, ctx: Any = None, default_init: Any = None, force_reinit: bool = False
    ) -> None:
        """Fill it; what torch's constructor put in stays at first."""
        if is_lazy(self._tensor) or (self._given and not force_reinit):
            self._given = False
            return
        super().initialize(init, ctx, default_init, force_reinit)


def places_of(block: Block, name: str, module: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    """(path, Parameter) of the tensors in a torch child, and (path, Block) of the blocks in it."""
    yield from _kept(block, _parts(name, module))


def own_of(block: Block) -> Iterator[tuple[str, Any]]:
    """(attribute, Parameter) of the tensors that were registered with a block itself in torch's way."""
    mine = block._reg_params
    yield from _kept(block, (found for found in _tensors("", block) if found[0] not in mine))


def _kept(block: Block, places: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Parameters for tensors, kept with the block, so that they are the same each time."""
    from .base import Block

    kept: dict[str, TorchParameter] = block.__dict__.setdefault("_torch_params", {})
    by_tensor = {id(parameter._tensor): parameter for parameter in kept.values()}
    for path, part in places:
        if isinstance(part, Block):
            yield path, part
            continue
        parameter = by_tensor.get(id(part))
        if parameter is None:
            parameter = kept.get(path)
            if parameter is None:
                parameter = TorchParameter(block.prefix + path.replace(".", "_"), part)
                kept[path] = parameter
            else:
                parameter.adopt(part)
            by_tensor[id(part)] = parameter
        parameter.follow_tensor()
        yield path, parameter


def parameters_of(block: Block, name: str, module: torch.nn.Module) -> Iterator[Any]:
    """Each Parameter and each Block in a torch child, once."""
    seen: set[int] = set()
    for _, part in places_of(block, name, module):
        if id(part) not in seen:
            seen.add(id(part))
            yield part


def _parts(path: str, module: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    from .base import Block

    if isinstance(module, Block):
        yield path, module
        return
    yield from _tensors(path + ".", module)
    for name, child in module._modules.items():
        if child is not None:
            yield from _parts(f"{path}.{name}", child)


def _tensors(prefix: str, module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    tensor: torch.Tensor | None
    for name, tensor in module._parameters.items():
        if tensor is not None:
            yield prefix + name, tensor
    for name, tensor in module._buffers.items():
        if tensor is None or name in module._non_persistent_buffers_set:
            continue
        if is_lazy(tensor) or tensor.dim():  # it may wait for its shape
            yield prefix + name, tensor


# ---- calls ----------------------------------------------------------------------------------------------


class _Calls(threading.local):
    """The calls with NDArrays that are under way in this thread: (module, whether it trained before)."""

    def __init__(self) -> None:
        self.open: list[tuple[torch.nn.Module, bool, Any]] = []


_calls = _Calls()


def bridge(module: torch.nn.Module) -> None:
    """Let a torch module be called with NDArrays."""
    if _take_out not in module._forward_pre_hooks.values():
        module.register_forward_pre_hook(_take_out, with_kwargs=True, prepend=True)
        module.register_forward_hook(_wrap_up, always_call=True)


def _take_out(module: torch.nn.Module, args: Any, kwargs: Any) -> Any:
    contexts: list[Any] = []
    args, kwargs = _raw(args, contexts), {name: _raw(value, contexts) for name, value in kwargs.items()}
    if not contexts:
        return None
    _calls.open.append((module, module.training, contexts[0]))
    if module.training != mode.training:
        module.train(mode.training)
    return args, kwargs


def _wrap_up(module: torch.nn.Module, args: Any, output: Any) -> Any:
    call = _close(module)
    return None if call is None else _wrapped(output, call[2])


def _close(module: torch.nn.Module) -> tuple[torch.nn.Module, bool, Any] | None:
    if not _calls.open or _calls.open[-1][0] is not module:
        return None
    call = _calls.open.pop()
    if module.training != call[1]:
        module.train(call[1])
    return call


def _raw(value: Any, contexts: list[Any]) -> Any:
    if isinstance(value, NDArray):
        contexts.append(value.context)
        return raw(value)
    return type(value)(_raw(part, contexts) for part in value) if type(value) in (list, tuple) else value


def _wrapped(value: Any, context: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return NDArray(value, context)
    return type(value)(_wrapped(part, context) for part in value) if type(value) in (list, tuple) else value
