"""Changing what a tensor is, in place: its dtype, its device, whether it trains.

The object stays, so that optimizers and ties still hold it. What can be refused is refused first: `caster`
and `mover` check, and return what does the work.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from ...errors import DeferredError, DTypeError
from .arrays import dtype_name, lazy, no_values, sharded

__all__ = ["as_dtype", "caster", "mover", "set_trainable", "usable_device"]


def as_dtype(dtype: Any) -> torch.dtype:
    """A torch dtype from a torch dtype, its name or a NumPy dtype.

    Raises:
        DTypeError: it names none.
    """
    if isinstance(dtype, torch.dtype):
        return dtype
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", str(dtype))
    found = getattr(torch, name.removeprefix("torch."), None)
    if isinstance(found, torch.dtype):
        return found
    raise DTypeError(f'{dtype!r} is no dtype of torch. Write torch.bfloat16 or "bfloat16".')


def caster(tensor: Any, dtype: Any, name: str) -> Callable[[], None] | None:
    """What changes a tensor's dtype in place; None where nothing is to do (integers stay integers)."""
    wanted = as_dtype(dtype)
    if not (wanted.is_floating_point or wanted.is_complex):
        raise DTypeError(f"{name!r} cannot be cast to {dtype_name(wanted)}: write a floating dtype.")
    if tensor.dtype == wanted or not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    if tensor.is_complex() and not wanted.is_complex:
        raise DTypeError(f"{name!r} is {dtype_name(tensor.dtype)}: {dtype_name(wanted)} would lose a part.")
    return lambda: _become(tensor, lambda part: part.to(wanted))


def mover(tensor: Any, device: Any, name: str) -> Callable[[], None] | None:
    """What moves a tensor to a device in place; None where it lies there."""
    wanted = _usable_device(device)
    if tensor.device == wanted:
        return None
    if tensor.is_meta:
        raise DeferredError(f"{name!r} cannot be moved: {no_values(tensor)}.")
    if wanted.type == "meta" and weakref.getweakrefs(tensor):
        raise DTypeError(
            f"{name!r} cannot be moved to {wanted} in place: its layer keeps a weak reference to it. "
            f"Move the model: model.to({str(wanted)!r})."
        )
    return lambda: _become(tensor, lambda part: part.to(wanted))


def usable_device(device: Any) -> torch.device:
    """The device that a user names, tried with an empty tensor.

    Raises:
        DeferredError: it is none of this machine, or the meta device, which has no memory.
    """
    try:
        found = _usable_device(device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise DeferredError(f"device {device!r} cannot be used: {error}") from None
    if found.type == "meta":
        raise DeferredError("the meta device has no memory: write a device that has, such as 'cpu'.")
    return found


@lru_cache(maxsize=32)
def _usable_device(device: Any) -> torch.device:
    # An empty tensor tells whether the device is there, before anything is moved, and which index
    # a plain "cuda" means.
    return torch.empty(0, device=device).device


@torch.no_grad()
def _become(tensor: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Give a tensor object another dtype or device, its gradient with it."""
    if lazy(tensor):
        tensor.data = change(tensor.data)
        return
    changed = change(tensor.detach())
    held, tensor.grad = tensor.grad, None
    if sharded(tensor) or not torch._has_compatible_shallow_copy_type(tensor, changed):
        if isinstance(tensor, nn.Parameter):
            changed = nn.Parameter(changed, tensor.requires_grad)
        torch.utils.swap_tensors(tensor, changed)  # type: ignore[no-untyped-call]
    else:
        tensor.data = changed
        torch.autograd.graph.increment_version(tensor)
    if held is not None:
        tensor.grad = change(held)


def set_trainable(tensor: Any, trainable: bool, name: str, check: bool) -> None:
    """Check, or set, whether autograd follows a tensor.

    Raises:
        DTypeError: an integer tensor cannot be trained.
    """
    if not check:
        tensor.requires_grad = trainable  # not requires_grad_(), which lazy parameters refuse
    elif trainable and not (tensor.is_floating_point() or tensor.is_complex()):
        raise DTypeError(f"{name!r} is {dtype_name(tensor.dtype)}: only floating parameters train.")
    elif lazy(tensor):
        return
    elif not tensor.is_leaf:
        raise DTypeError(f"{name!r} is computed from other tensors, so it cannot be frozen or unfrozen.")
    elif tensor.is_inference():
        raise DTypeError(f"{name!r} was made in inference mode, so it takes no gradients.")
