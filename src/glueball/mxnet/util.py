"""MXNet's switches for NumPy's semantics, which are off here and stay off; and small things beside."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from ._missing import why
from .context import num_gpus

__all__ = [
    "get_gpu_count",
    "getenv",
    "is_np_array",
    "is_np_shape",
    "np_array",
    "np_shape",
    "reset_np",
    "set_np",
    "set_np_shape",
    "setenv",
    "use_np",
    "use_np_array",
    "use_np_shape",
]


class _Off:
    """A `with` that leaves a switch off."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *raised: Any) -> None:
        pass


def _refuse() -> NoReturn:
    raise NotImplementedError(why("np"))


def is_np_array() -> bool:
    """Whether blocks take and give mx.np arrays: never."""
    return False


def is_np_shape() -> bool:
    """Whether a shape may have no dimension, or one of no element: never; 0 is a dimension not known."""
    return False


def set_np_shape(active: bool) -> bool:
    """Leave NumPy's shapes off; returns what the switch was.

    Raises:
        NotImplementedError: they shall be on.
    """
    if active:
        _refuse()
    return False


def set_np(shape: bool = True, array: bool = True) -> None:
    """MXNet's switch to mx.np.

    Raises:
        NotImplementedError: there is no mx.np.
    """
    if shape or array:
        _refuse()


def reset_np() -> None:
    """Switch mx.np off, which it is."""


def np_shape(active: bool = True) -> _Off:
    """A `with` for NumPy's shapes; only False."""
    set_np_shape(active)
    return _Off()


def np_array(active: bool = True) -> _Off:
    """A `with` for mx.np arrays; only False."""
    set_np_shape(active)
    return _Off()


def use_np(func: Any) -> Any:
    """A decorator that switches mx.np on.

    Raises:
        NotImplementedError: there is no mx.np.
    """
    _refuse()


use_np_array = use_np_shape = use_np


def getenv(name: str) -> str | None:
    """A variable of the environment; None where it is not set."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set a variable of the environment, or remove it for None."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def get_gpu_count() -> int:
    """How many CUDA devices there are."""
    return num_gpus()
