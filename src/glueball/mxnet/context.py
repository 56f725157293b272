"""Where an array lies: `cpu(0)`, `gpu(1)`, and the one taken where none is given."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import torch

from .base import MXNetError, MXNetType

__all__ = [
    "Context",
    "context_of",
    "cpu",
    "cpu_pinned",
    "current_context",
    "device_of",
    "gpu",
    "gpu_memory_info",
    "num_gpus",
]


class _Current(threading.local):
    stack: list[Context] | None = None


class Context(metaclass=MXNetType):
    """A device by MXNet's name; as a context manager, the one that new arrays are made on.

    cpu(1), cpu(2), … are the same memory as cpu(0) under other names, as in MXNet.

    >>> from glueball import mxnet as mx
    >>> mx.Context("gpu", 1), mx.cpu() == mx.cpu(0)
    (gpu(1), True)
    """

    devtype2str: ClassVar[dict[int, str]] = {1: "cpu", 2: "gpu", 3: "cpu_pinned", 5: "cpu_shared"}
    devstr2type: ClassVar[dict[str, int]] = {name: number for number, name in devtype2str.items()}
    _current = _Current()

    def __init__(self, device_type: str | Context, device_id: int = 0) -> None:
        if isinstance(device_type, Context):
            self.device_typeid: int = device_type.device_typeid
            self.device_id: int = device_type.device_id
        else:
            self.device_typeid = self.devstr2type[device_type]
            self.device_id = device_id

    @property
    def device_type(self) -> str:
        """Its name without the number, such as `"cpu"`."""
        return self.devtype2str[self.device_typeid]

    def __hash__(self) -> int:
        return hash((self.device_typeid, self.device_id))

    def __eq__(self, other: Any) -> bool:
        return (
            isinstance(other, Context)
            and self.device_typeid == other.device_typeid
            and self.device_id == other.device_id
        )

    def __str__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    __repr__ = __str__

    def __enter__(self) -> Context:
        if Context._current.stack is None:
            Context._current.stack = []
        Context._current.stack.append(self)
        return self

    def __exit__(self, *raised: Any) -> None:
        assert Context._current.stack
        Context._current.stack.pop()

    def empty_cache(self) -> None:
        """Give the memory that torch keeps for later arrays on a GPU back to the device."""
        if self.device_type == "gpu":
            torch.cuda.empty_cache()

    @classmethod
    def default_ctx(cls) -> Context:
        """The context in force: the innermost `with`, else cpu(0)."""
        return cls._current.stack[-1] if cls._current.stack else _CPU


_CPU = Context("cpu", 0)


def cpu(device_id: int = 0) -> Context:
    """The host's memory."""
    return Context("cpu", device_id) if device_id else Context("cpu")


def cpu_pinned(device_id: int = 0) -> Context:
    """The host's memory; torch pins it when it has to."""
    return Context("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Context:
    """A CUDA device."""
    return Context("gpu", device_id)


def num_gpus() -> int:
    """How many CUDA devices there are."""
    return torch.cuda.device_count()


def gpu_memory_info(device_id: int = 0) -> tuple[int, int]:
    """The free bytes and all bytes of a CUDA device.

    Raises:
        MXNetError: there is none, or not this one.
    """
    if not torch.cuda.is_available():
        raise MXNetError("This call is only supported for MXNet built with CUDA support.")
    device_of(gpu(device_id))
    free, total = torch.cuda.mem_get_info(device_id)
    return int(free), int(total)


def current_context() -> Context:
    """The context in force: the innermost `with`, else cpu(0)."""
    return Context.default_ctx()


def device_of(context: Context) -> torch.device:
    """Torch's device for a context.

    Raises:
        MXNetError: a GPU that is not there.
    """
    if context.device_type != "gpu":
        return _HOST
    there = num_gpus()
    if context.device_id >= there:
        raise MXNetError(
            f"{context} was asked for and there are {there} GPUs: take mx.cpu(), or ask "
            f"mx.context.num_gpus() first."
        )
    return torch.device("cuda", context.device_id)


_HOST = torch.device("cpu")


def context_of(device: torch.device) -> Context:
    """The context of a torch device; the host's where MXNet has no word for it, as for the meta device."""
    return Context("gpu", device.index or 0) if device.type == "cuda" else _CPU
