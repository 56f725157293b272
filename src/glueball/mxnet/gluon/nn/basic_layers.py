"""Containers and the plain layers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from ..block import Block, HybridBlock
from .layer import Layer

__all__ = ["Activation", "Dense", "HybridSequential", "Sequential"]


class Sequential(Block):
    """Blocks one after the other."""

    _takes_tensors = True
    _prints_all = True

    def add(self, *blocks: Any) -> None:
        """Put blocks at the end."""
        for block in blocks:
            self.register_child(block)

    def forward(self, x: Any, *args: Any) -> Any:
        """Each block on what the one before gave."""
        for block in self._modules.values():
            x = block(x, *args)  # type: ignore[misc]
            args = ()
            if isinstance(x, (tuple, list)):
                args = tuple(x[1:])
                x = x[0]
        return (x, *args) if args else x

    def __getitem__(self, key: Any) -> Any:
        layers = list(self._modules.values())[key]
        if isinstance(layers, list):
            part = type(self)(prefix=self._prefix)
            with part.name_scope():
                part.add(*layers)
            return part
        return layers

    def __len__(self) -> int:
        return len(self._modules)


class HybridSequential(Sequential, HybridBlock):
    """Blocks one after the other, for MXNet's graphs; here the same as Sequential."""

    _takes_tensors = True


class Activation(Layer):
    """One of "relu", "sigmoid", "tanh", "softrelu", "softsign"."""

    def __init__(self, activation: str, **kwargs: Any) -> None:
        self._act_type = activation
        super().__init__(**kwargs)
        self._act_type = activation

    def _alias(self) -> str:
        return str(self.__dict__["_act_type"])

    def compute(self, x: Any) -> Any:
        """Element by element."""
        return _ACTIVATIONS[self._act_type](x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"


_ACTIVATIONS: dict[str, Any] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": functional.softplus,
    "softsign": functional.softsign,
}


class Dense(Layer):
    """activation(x · weightᵀ + bias)."""

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_units: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._flatten = flatten
        with self.name_scope():
            self._units = units
            self._in_units = in_units
            self.weight: Any = self.params.get(
                "weight", shape=(units, in_units), init=weight_initializer, dtype=dtype,
                allow_deferred_init=True,
            )  # fmt: skip
            self.bias: Any = None
            if use_bias:
                self.bias = self.params.get(
                    "bias", shape=(units,), init=bias_initializer, dtype=dtype, allow_deferred_init=True
                )
            self.act = Activation(activation, prefix=activation + "_") if activation is not None else None

    def infer_shape(self, x: torch.Tensor, *args: Any) -> None:
        """(units, elements of one row)."""
        self.weight.shape = self._inferred(x)

    def _inferred(self, x: torch.Tensor) -> tuple[int, int]:
        return self._units, math.prod(x.shape[1:]) if self._flatten else x.shape[-1]

    def compute(
        self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The linear map and the activation."""
        if self._flatten and x.dim() != 2:
            x = x.flatten(1)
        y = functional.linear(x, weight, bias)
        act = self._modules.get("act")
        return y if act is None else act(y)

    def __repr__(self) -> str:
        shape = self.weight.shape
        act = self._modules.get("act")
        return f"{type(self).__name__}({shape[1] or None} -> {shape[0]}, {act or 'linear'})"
