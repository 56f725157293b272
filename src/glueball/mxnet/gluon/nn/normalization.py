"""Layers that bring each example to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from ...ndarray.arguments import joined
from .layer import Layer, type_name

__all__ = ["GroupNorm", "InstanceNorm", "LayerNorm", "gamma_and_beta", "written"]

Tensor = torch.Tensor


def gamma_and_beta(
    layer: Layer, channels: int, scale: bool, center: bool, gamma_initializer: Any, beta_initializer: Any
) -> tuple[Any, Any]:
    """The two Parameters of a normalisation; one that is not asked for is there and is not trained."""
    gamma, beta = (
        layer.params.get(
            name, grad_req="write" if trained else "null", shape=(channels,), init=init,
            allow_deferred_init=True, differentiable=trained,
        )
        for name, trained, init in (
            ("gamma", scale, gamma_initializer),
            ("beta", center, beta_initializer),
        )
    )  # fmt: skip
    return gamma, beta


def written(layer: Layer, arguments: Mapping[str, Any], **more: Any) -> str:
    """A layer's class and its arguments, as it prints."""
    return f"{type(layer).__name__}({', '.join(f'{k}={v}' for k, v in {**arguments, **more}.items())})"


class InstanceNorm(Layer):
    """Normalises each channel of each example by itself. Ulyanov et al. (2016).

    Args:
        axis: that of the channels.
        epsilon: added to the variance.
        center: whether beta is trained.
        scale: whether gamma is trained.
        beta_initializer: "zeros" by default.
        gamma_initializer: "ones" by default.
        in_channels: the number of channels; 0 takes it from the first input.
    """

    _writes_shape = staticmethod(joined)

    def __init__(
        self,
        axis: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        self._axis = axis
        self._epsilon = epsilon
        self.gamma, self.beta = gamma_and_beta(
            self, in_channels, scale, center, gamma_initializer, beta_initializer
        )

    def shapes(self, x: Tensor) -> Mapping[str, tuple[int, ...]]:
        """The length of its axis."""
        if x.dim() < 2:
            raise MXNetError(f"index = 1 must be in range [0, {x.dim()})")
        if not -x.dim() <= self._axis < x.dim():
            raise MXNetError(f"axis2: axis {self._axis} is out of bounds for array of ndim {x.dim()}")
        return dict.fromkeys(("gamma", "beta"), (x.shape[self._axis],))

    def compute(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Normalise over all axes but the first and the channels'."""
        if x.dtype is not gamma.dtype and not torch.is_autocast_enabled(x.device.type):
            raise MXNetError(f"Unsupported data type {type_name(x)}")
        self._compare_shapes(x)
        if x.dim() < 3:
            raise MXNetError("InstanceNorm only supports input tensors of rank >= 3.")
        if self._axis == 1:
            return self._normalized(x, gamma, beta)
        return self._normalized(x.swapaxes(1, self._axis), gamma, beta).swapaxes(1, self._axis).contiguous()

    def _normalized(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        n, channels = x.shape[:2]
        rows = x.reshape(1, n * channels, -1)
        y = torch.native_batch_norm(
            rows, gamma.repeat(n), beta.repeat(n), None, None, True, 0.0, self._epsilon
        )[0]
        return y.reshape(x.shape)

    def __repr__(self) -> str:
        return written(self, self._kwargs, in_channels=self.gamma.shape[0])


class LayerNorm(Layer):
    """Normalises along one axis. Ba et al. (2016).

    Args:
        axis: the axis; the last by default.
        epsilon: added to the variance.
        center: whether beta is trained.
        scale: whether gamma is trained.
        beta_initializer: "zeros" by default.
        gamma_initializer: "ones" by default.
        in_channels: the axis's length; 0 takes it from the first input.
        prefix: the block's.
        params: another block's, to be shared.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.LayerNorm(epsilon=0)
    >>> layer.initialize()
    >>> layer(nd.array([[1, 3], [5, 9]]))
    <BLANKLINE>
    [[-1.  1.]
     [-1.  1.]]
    <NDArray 2x2 @cpu(0)>
    """

    _writes_shape = staticmethod(joined)

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        self._axis = axis
        self._epsilon = epsilon
        self._center = center
        self._scale = scale
        self.gamma, self.beta = gamma_and_beta(
            self, in_channels, scale, center, gamma_initializer, beta_initializer
        )

    def shapes(self, x: Tensor) -> Mapping[str, tuple[int, ...]]:
        """The length of its axis."""
        if not -x.dim() <= self._axis < x.dim():
            raise MXNetError(f"Channel axis out of range: axis={self._axis}")
        return dict.fromkeys(("gamma", "beta"), (x.shape[self._axis],))

    def compute(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Normalise along the axis."""
        if x.dtype is not gamma.dtype and not torch.is_autocast_enabled(x.device.type):
            self.check_types(x)
        axis = self._axis
        if axis == -1 or axis == x.dim() - 1:
            return functional.layer_norm(x, gamma.shape, gamma, beta, self._epsilon)
        self.shapes(x)
        y = functional.layer_norm(x.movedim(axis, -1), gamma.shape, gamma, beta, self._epsilon)
        return y.movedim(-1, axis).contiguous()

    def __repr__(self) -> str:
        return written(self, self._kwargs, in_channels=self.gamma.shape[0])


class GroupNorm(Layer):
    """Normalises groups of channels of each example. Wu and He (2018).

    As in MXNet 1.9.1 there is one gamma and one beta for each group, not for each channel.

    Args:
        num_groups: the number of groups; it divides the number of channels (axis 1).
        epsilon: added to the variance.
        center: whether beta is trained.
        scale: whether gamma is trained.
        beta_initializer: "zeros" by default.
        gamma_initializer: "ones" by default.
        prefix: the block's.
        params: another block's, to be shared.
    """

    def __init__(
        self,
        num_groups: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "num_groups": num_groups, "center": center, "scale": scale}
        self._num_groups = num_groups
        self._epsilon = epsilon
        self._center = center
        self._scale = scale
        self.gamma, self.beta = gamma_and_beta(
            self, num_groups, scale, center, gamma_initializer, beta_initializer
        )

    def compute(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Normalise each group."""
        if x.dtype is not gamma.dtype and not torch.is_autocast_enabled(x.device.type):
            self.check_types(x)
        if x.dim() < 3:
            raise MXNetError(f"dshape.ndim() >= 3U ({x.dim()} vs. 3)")
        groups = self._num_groups
        if x.shape[1] % groups:
            raise MXNetError("# of channels must be divisible by # of groups")
        y = functional.group_norm(x, groups, None, None, self._epsilon)
        rows = y.reshape(x.shape[0], groups, -1)
        return (rows * gamma.unsqueeze(1) + beta.unsqueeze(1)).reshape(x.shape)

    def __repr__(self) -> str:
        return written(self, self._kwargs)
