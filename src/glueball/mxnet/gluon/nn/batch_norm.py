"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ...base import MXNetError
from ...ndarray.arguments import joined
from ...ndarray.dtypes import torch_dtype
from .activations import must_be_floating
from .layer import ModalLayer, type_name
from .normalization import gamma_and_beta, written

__all__ = ["BatchNorm", "BatchNormReLU"]

Tensor = torch.Tensor


class _BatchNorm(ModalLayer):
    """Batch normalisation; see `BatchNorm`."""

    _writes_shape = staticmethod(joined)

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        fuse_relu: bool = False,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs: dict[str, Any] = {
            "axis": axis,
            "eps": epsilon,
            "momentum": momentum,
            "fix_gamma": not scale,
            "use_global_stats": use_global_stats,
        }
        self.fuse_relu = fuse_relu
        self.gamma, self.beta = gamma_and_beta(
            self, in_channels, scale, center, gamma_initializer, beta_initializer
        )
        self.running_mean, self.running_var = (
            self.params.get(
                name, grad_req="null", shape=(in_channels,), init=init, allow_deferred_init=True,
                differentiable=False,
            )
            for name, init in (
                ("running_mean", running_mean_initializer),
                ("running_var", running_variance_initializer),
            )
        )  # fmt: skip

    def cast(self, dtype: Any) -> None:
        """Give its Parameters another dtype; float32 ones go with inputs of half precision."""
        super().cast("float32" if torch_dtype(dtype) is torch.float16 else dtype)

    def shapes(self, x: Tensor) -> Mapping[str, tuple[int, ...]]:
        """The length of its axis, for each."""
        axis = self._kwargs["axis"]
        if not -x.dim() <= axis < x.dim():
            raise MXNetError(f"Channel axis out of range: {axis}")
        return dict.fromkeys(("gamma", "beta", "running_mean", "running_var"), (x.shape[axis],))

    def check_types(self, x: Tensor) -> None:
        """Refuse whole numbers, and float64 where the Parameters are float32."""
        must_be_floating(x)
        gamma = self.gamma._tensor
        if gamma.dtype is not x.dtype:
            raise MXNetError(
                f"This layer requires uniform type. Expected '{type_name(x)}' v.s. given "
                f"'{type_name(gamma)}' at 'gamma'"
            )

    def compute(self, x: Tensor, training: bool, **params: Tensor) -> Tensor:
        """Normalise; while it trains, the backward pass moves the running statistics, as in MXNet."""
        return self._normalize(x, training, True, **params)

    def compute_torch(self, x: Tensor, training: bool, **params: Tensor) -> Tensor:
        """Normalise; while it trains, the running statistics move at once, as in torch."""
        return self._normalize(x, training, False, **params)

    def _normalize(
        self,
        x: Tensor,
        training: bool,
        in_backward: bool,
        gamma: Tensor,
        beta: Tensor,
        running_mean: Tensor,
        running_var: Tensor,
    ) -> Tensor:
        options = self._kwargs
        axis, epsilon = options["axis"], options["eps"]
        weight: Tensor | None = gamma
        if options["fix_gamma"]:
            weight = None
            gamma.detach().fill_(1)  # MXNet writes it, too
        if axis != 1 or x.dim() < 2:
            self.shapes(x)
            x = x.movedim(axis, 1)
        if training and not options["use_global_stats"]:
            y, mean, scale = torch.native_batch_norm(x, weight, beta, None, None, True, 0.0, epsilon)
            share = 1 - options["momentum"]

            def move(_: Any = None) -> None:
                running_mean.lerp_(mean, share)
                running_var.lerp_(scale.pow(-2).sub_(epsilon), share)  # the biased variance

            if not in_backward:
                move()
            elif y.grad_fn is not None:
                y.grad_fn.register_prehook(move)
        else:
            y = torch.batch_norm(
                x, weight, beta, running_mean, running_var, False, 0.0, epsilon, torch.backends.cudnn.enabled
            )
        if axis != 1:
            y = y.movedim(1, axis).contiguous()
        return torch.relu(y) if self.fuse_relu else y

    def __repr__(self) -> str:
        return written(self, self._kwargs, in_channels=self.gamma.shape[0] or None)


class BatchNorm(_BatchNorm):
    """Batch normalisation: (x − mean) / √(variance + epsilon) · gamma + beta, for each channel.

    While it trains, mean and (biased) variance are the batch's and the running ones move towards them:
    in the backward pass for NDArrays, in the forward pass for tensors. Ioffe and Szegedy (2015).

    Args:
        axis: that of the channels.
        momentum: the share of the running statistics that stays at each step.
        epsilon: added to the variance.
        center: whether beta is trained; else it stays as it begins.
        scale: whether gamma is trained; else it is 1.
        use_global_stats: take the running statistics always.
        beta_initializer: "zeros" by default.
        gamma_initializer: "ones" by default.
        running_mean_initializer: "zeros" by default.
        running_variance_initializer: "ones" by default.
        in_channels: the number of channels; 0 takes it from the first input.

    >>> from glueball.mxnet import autograd, nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.BatchNorm(epsilon=0)
    >>> layer.initialize()
    >>> with autograd.record():
    ...     y = layer(nd.array([[1, 2], [3, 6]]))
    >>> y
    <BLANKLINE>
    [[-1. -1.]
     [ 1.  1.]]
    <NDArray 2x2 @cpu(0)>
    """

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis, momentum, epsilon, center, scale, False, use_global_stats, beta_initializer,
            gamma_initializer, running_mean_initializer, running_variance_initializer, in_channels, **kwargs,
        )  # fmt: skip


class BatchNormReLU(_BatchNorm):
    """BatchNorm, then relu."""

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis, momentum, epsilon, center, scale, True, use_global_stats, beta_initializer,
            gamma_initializer, running_mean_initializer, running_variance_initializer, in_channels, **kwargs,
        )  # fmt: skip
