"""Containers and the plain layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional

from ... import generators
from ... import ndarray as nd
from ...base import MXNetError
from ...ndarray import NDArray
from ..block import Block, HybridBlock
from .activations import Activated, Activation, must_be_floating
from .batch_norm import BatchNorm, BatchNormReLU, _BatchNorm
from .containers import HybridSequential, Sequential
from .layer import Layer, ModalLayer, fresh, rows
from .normalization import GroupNorm, InstanceNorm, LayerNorm

__all__ = [
    "BatchNorm",
    "BatchNormReLU",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupNorm",
    "HybridLambda",
    "HybridSequential",
    "InstanceNorm",
    "Lambda",
    "LayerNorm",
    "Sequential",
]

Tensor = torch.Tensor

for _moved in (
    Sequential, HybridSequential, _BatchNorm, BatchNorm, BatchNormReLU, InstanceNorm, LayerNorm, GroupNorm
):  # fmt: skip
    _moved.__module__ = __name__  # where a user finds them, and what MXNet prints


class Dense(Activated):
    """activation(x · weightᵀ + bias).

    Args:
        units: length of the output's last axis.
        activation: what `Activation` takes; None is none.
        use_bias: whether there is a bias.
        flatten: whether all axes but the first are made one before; else the last axis counts.
        dtype: of the Parameters.
        weight_initializer: None takes the one that `initialize` is given.
        bias_initializer: "zeros" by default.
        in_units: length of the input's last axis; 0 takes it from the first input.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.Dense(2)
    >>> layer.initialize()
    >>> layer(nd.ones((4, 3))).shape, layer.weight.shape
    ((4, 2), (2, 3))
    """

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

    def shapes(self, x: Tensor) -> Mapping[str, tuple[int, ...]]:
        """(units, elements of one row)."""
        if self._units < 1:
            raise MXNetError(
                f"value {self._units} for Parameter num_hidden should be greater equal to 1\n"
                "num_hidden: Number of hidden nodes of the output., in operator FullyConnected"
            )
        return {"weight": (self._units, math.prod(x.shape[1:]) if self._flatten else x.shape[-1])}

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """X · weightᵀ + bias."""
        if self._flatten and x.dim() != 2:
            x = rows(x)
        return functional.linear(x, weight, bias)

    def __repr__(self) -> str:
        shape = self.weight.shape
        act = self._modules.get("act")
        return f"{type(self).__name__}({shape[1] or None} -> {shape[0]}, {act or 'linear'})"


class Dropout(ModalLayer):
    """Sets a share of the elements to 0 while it trains, and divides the others by 1 - rate.

    NDArrays get MXNet's own masks; tensors get torch's. Srivastava et al. (2014).

    Args:
        rate: the share, from 0 to 1.
        axes: along which the mask is the same.
    """

    def __init__(self, rate: float, axes: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._axes = axes

    def _checked(self, x: Tensor) -> tuple[int, ...]:
        """Its axes; what MXNet refuses is refused whether it trains or not."""
        axes = (self._axes,) if isinstance(self._axes, int) else tuple(self._axes)
        if not self._rate <= 1:
            raise MXNetError(
                f"value {self._rate:g} for Parameter p exceed bound [0,1]\n"
                "p: Fraction of the input that gets dropped out during training time., in operator Dropout"
            )
        for axis in axes:
            if not 0 <= axis < x.dim():
                raise MXNetError(f"index = {axis} must be in range [0, {x.dim()})")
        must_be_floating(x)
        return axes

    def compute(self, x: Tensor, training: bool) -> Tensor:
        """X · MXNet's mask while it trains, else x."""
        if not self._rate > 0:
            return fresh(x.view_as(x), x)
        axes = self._checked(x)
        if not training:
            return fresh(x.view_as(x), x)
        mask = generators.dropout_mask(tuple(x.shape), self._rate, axes, _drawn(x))
        return x * torch.from_numpy(mask).to(x)

    def compute_torch(self, x: Tensor, training: bool) -> Tensor:
        """X · torch's mask while it trains, else x."""
        if not self._rate > 0:
            return x
        axes = self._checked(x)
        if not axes or not training:
            return functional.dropout(x, self._rate, training)
        ones = x.new_ones([1 if axis in axes else size for axis, size in enumerate(x.shape)])
        return x * functional.dropout(ones, self._rate)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"


def _drawn(x: Tensor) -> str:
    """The dtype that the mask is drawn in."""
    return {torch.float64: "float64", torch.float16: "float16"}.get(x.dtype, "float32")


class Embedding(Layer):
    """The rows of a matrix by their numbers; a number outside takes the nearest row.

    Args:
        input_dim: the number of rows.
        output_dim: their length.
        dtype: of the matrix.
        weight_initializer: None takes the one that `initialize` is given.
        sparse_grad: gradients of the rows that were taken alone; not here.

    Raises:
        NotImplementedError: a sparse gradient is asked for.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.Embedding(10, 3)
    >>> layer.initialize()
    >>> layer(nd.array([[1, 2], [3, 9]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        sparse_grad: bool = False,
        **kwargs: Any,
    ) -> None:
        if sparse_grad:
            raise NotImplementedError(
                "there are no sparse gradients here: leave sparse_grad out (the gradient is the same, "
                "dense), or take torch.nn.Embedding(..., sparse=True) with torch.optim.SparseAdam."
            )
        super().__init__(**kwargs)
        self._kwargs: dict[str, Any] = {
            "input_dim": input_dim,
            "output_dim": output_dim,
            "dtype": dtype,
            "sparse_grad": sparse_grad,
        }
        self.weight: Any = self.params.get(
            "weight", shape=(input_dim, output_dim), init=weight_initializer, dtype=dtype,
            allow_deferred_init=True,
        )  # fmt: skip

    def shapes(self, x: Tensor) -> Mapping[str, tuple[int, ...]]:
        """(rows, their length): both are known."""
        for name, meaning in (
            ("input_dim", "Vocabulary size of the input indices."),
            ("output_dim", "Dimension of the embedding vectors."),
        ):
            if self._kwargs[name] < 1:
                raise MXNetError(
                    f"value {self._kwargs[name]} for Parameter {name} should be greater equal to 1\n"
                    f"{name}: {meaning}, in operator Embedding"
                )
        return {}

    def compute(self, x: Tensor, weight: Tensor) -> Tensor:
        """The rows; fractions are cut off."""
        return functional.embedding(x.long().clamp(0, weight.shape[0] - 1), weight)

    def __repr__(self) -> str:
        return "{}({input_dim} -> {output_dim}, {dtype})".format(type(self).__name__, **self._kwargs)


class Flatten(Layer):
    """All axes but the first made one."""

    _takes_tensors = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def forward(self, x: Any, *args: Any) -> Any:
        """(N, all the rest)."""
        y = super().forward(x, *args)
        if type(y) is NDArray:
            y._tensor = fresh(y._tensor, x._tensor)
        return y

    def compute(self, x: Tensor) -> Tensor:
        """(N, all the rest)."""
        return rows(x)

    def __repr__(self) -> str:
        return type(self).__name__


class Lambda(Block):
    """A function of NDArrays as a Block.

    Args:
        function: the name of an operator in `nd`, or a function.
        prefix: the block's.

    Raises:
        AssertionError: `nd` has no such operator.
        ValueError: it is neither.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> nn.Lambda(lambda x: x * 2)(nd.ones(2))
    <BLANKLINE>
    [2. 2.]
    <NDArray 2 @cpu(0)>
    """

    def __init__(self, function: str | Callable[..., Any], prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            assert hasattr(nd, function), f"Function name {function} is not found in ndarray."
            self._func_impl: Callable[..., Any] = getattr(nd, function)
        elif callable(function):
            self._func_impl = function
        else:
            raise ValueError(f"Unrecognized function in lambda: {function} of type {type(function)}")

    def forward(self, *args: Any) -> Any:
        """The function's value."""
        return self._func_impl(*args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_impl.__name__})"


class HybridLambda(HybridBlock):
    """A function `f(F, x, …)` as a HybridBlock, F the module of operators.

    Args:
        function: the name of an operator, or a function.
        prefix: the block's.

    Raises:
        AssertionError: there is no such operator.
        ValueError: it is neither.
    """

    def __init__(self, function: str | Callable[..., Any], prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            assert hasattr(nd, function), f"Function name {function} is not found in symbol/ndarray."
            self._func: Callable[..., Any] = lambda F, *args: getattr(F, function)(*args)
            self._func_name = function
        elif callable(function):
            self._func = function
            self._func_name = function.__name__
        else:
            raise ValueError(f"Unrecognized function in lambda: {function} of type {type(function)}")

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """The function's value."""
        return self._func(F, x, *args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"
