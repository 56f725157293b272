"""Constant: a Parameter whose values are given and stay."""

from __future__ import annotations

import warnings
from typing import Any

from ... import initializer
from ...ndarray import NDArray, array
from .parameter import Parameter

__all__ = ["Constant"]


class Constant(Parameter):
    """A Parameter that is not trained: its values are given and its grad_req is "null".

    Args:
        name: its whole name.
        value: what `nd.array` takes.

    >>> from glueball import mxnet as mx
    >>> scale = mx.gluon.Constant("scale", [1, 2])
    >>> scale.initialize()
    >>> scale.data()
    <BLANKLINE>
    [1. 2.]
    <NDArray 2 @cpu(0)>
    """

    def __init__(self, name: str, value: Any) -> None:
        if not isinstance(value, NDArray):
            value = array(value)
        self.value = value
        super().__init__(
            name,
            grad_req="null",
            shape=value.shape,
            dtype=value.dtype,
            init=_Values(value),
            differentiable=False,
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


class _Values(initializer.Initializer):
    def __init__(self, value: NDArray) -> None:
        super().__init__()
        self._value = value

    def _init_weight(self, name: str, arr: NDArray) -> None:
        self._value.copyto(arr)
