"""Hooks in Gluon's manner on torch's: what a hook returns is MXNet's business or torch's, by what went in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils.hooks import RemovableHandle

from ...ndarray import NDArray

__all__ = ["HookHandle", "after", "before"]


class HookHandle(RemovableHandle):
    """Takes a hook away again: by `detach()`, or at the end of a `with`."""

    @classmethod
    def of(cls, handle: RemovableHandle) -> HookHandle:
        """Torch's handle with MXNet's manners."""
        made = cls.__new__(cls)
        made.__dict__.update(handle.__dict__)
        return made

    def detach(self) -> None:
        """Take the hook away."""
        self.remove()


def after(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A forward hook `hook(block, inputs, output)`; with NDArrays what it returns counts for nothing."""
    return partial(_after, hook)


def before(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A hook before forward, `hook(block, inputs)`; with NDArrays what it returns counts for nothing."""
    return partial(_before, hook)


def _after(hook: Callable[..., Any], block: Any, inputs: Any, output: Any) -> Any:
    given = hook(block, inputs, output)
    return given if _of_torch(inputs) else None


def _before(hook: Callable[..., Any], block: Any, inputs: Any) -> Any:
    given = hook(block, inputs)
    return given if _of_torch(inputs) else None


def _of_torch(inputs: tuple[Any, ...]) -> bool:
    return any(isinstance(x, torch.Tensor) for x in inputs) and not any(
        isinstance(x, NDArray) for x in inputs
    )
