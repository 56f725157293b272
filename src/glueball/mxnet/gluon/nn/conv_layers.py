"""Convolutions, their transposes, and padding by reflection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from . import pools
from .activations import must_be_floating
from .convolution import _Conv, each
from .layer import Layer
from .pooling import _Pooling
from .pools import (
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
)

__all__ = [
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "ReflectionPad2D",
]

Tensor = torch.Tensor
Sizes = int | Sequence[int]

for _moved in (_Conv, _Pooling, *(getattr(pools, name) for name in pools.__all__)):
    _moved.__module__ = __name__  # where a user finds them, and what MXNet prints


def _kernel(kernel_size: Any, axes: int, layout: str, layouts: tuple[str, ...]) -> Any:
    """The kernel's size for each axis.

    Raises:
        AssertionError: the layout is none of those, or the kernel has another number of axes.
    """
    names = " and ".join(f"'{name}'" for name in layouts)
    assert layout in layouts, f"Only supports {names} layout for now"
    kernel_size = each(kernel_size, axes)
    assert len(kernel_size) == axes, f"kernel_size must be a number or a list of {axes} ints"
    return kernel_size


class Conv1D(_Conv):
    """Convolution over one axis: as MXNet, torch and most others, without turning the kernel.

    Args:
        channels: of the output.
        kernel_size: a number, or one for each axis; so are strides, padding and dilation.
        strides: step of the kernel.
        padding: zeros at both ends.
        dilation: distance of the kernel's elements.
        groups: the channels are cut into as many groups, each with kernels of its own.
        layout: "NCW".
        activation: what `Activation` takes; None is none.
        use_bias: whether there is a bias.
        weight_initializer: None takes the one that `initialize` is given.
        bias_initializer: "zeros" by default.
        in_channels: of the input; 0 takes it from the first input.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.Conv1D(8, kernel_size=3)
    >>> layer.initialize()
    >>> layer(nd.ones((2, 3, 16))).shape
    (2, 8, 14)
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, _kernel(kernel_size, 1, layout, ("NCW",)), strides, padding, dilation, groups,
            layout, in_channels, activation, use_bias, weight_initializer, bias_initializer, **kwargs,
        )  # fmt: skip


class Conv2D(_Conv):
    """Convolution over two axes: as MXNet, torch and most others, without turning the kernel.

    Args:
        channels: of the output.
        kernel_size: a number, or one for each axis; so are strides, padding and dilation.
        strides: step of the kernel.
        padding: zeros at both ends.
        dilation: distance of the kernel's elements.
        groups: the channels are cut into as many groups, each with kernels of its own.
        layout: "NCHW" or "NHWC".
        activation: what `Activation` takes; None is none.
        use_bias: whether there is a bias.
        weight_initializer: None takes the one that `initialize` is given.
        bias_initializer: "zeros" by default.
        in_channels: of the input; 0 takes it from the first input.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.Conv2D(8, kernel_size=3)
    >>> layer.initialize()
    >>> layer(nd.ones((2, 3, 16, 16))).shape
    (2, 8, 14, 14)
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: Sizes = (0, 0),
        dilation: Sizes = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, _kernel(kernel_size, 2, layout, ("NCHW", "NHWC")), strides, padding, dilation, groups,
            layout, in_channels, activation, use_bias, weight_initializer, bias_initializer, **kwargs,
        )  # fmt: skip


class Conv3D(_Conv):
    """Convolution over three axes: as MXNet, torch and most others, without turning the kernel.

    Args:
        channels: of the output.
        kernel_size: a number, or one for each axis; so are strides, padding and dilation.
        strides: step of the kernel.
        padding: zeros at both ends.
        dilation: distance of the kernel's elements.
        groups: the channels are cut into as many groups, each with kernels of its own.
        layout: "NCDHW" or "NDHWC".
        activation: what `Activation` takes; None is none.
        use_bias: whether there is a bias.
        weight_initializer: None takes the one that `initialize` is given.
        bias_initializer: "zeros" by default.
        in_channels: of the input; 0 takes it from the first input.

    >>> from glueball.mxnet import nd
    >>> from glueball.mxnet.gluon import nn
    >>> layer = nn.Conv3D(8, kernel_size=3)
    >>> layer.initialize()
    >>> layer(nd.ones((2, 3, 8, 8, 8))).shape
    (2, 8, 6, 6, 6)
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1, 1),
        padding: Sizes = (0, 0, 0),
        dilation: Sizes = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            channels, _kernel(kernel_size, 3, layout, ("NCDHW", "NDHWC")), strides, padding, dilation, groups,
            layout, in_channels, activation, use_bias, weight_initializer, bias_initializer, **kwargs,
        )  # fmt: skip


class Conv1DTranspose(_Conv):
    """The transpose of `Conv1D`: its gradient with respect to the input, as a layer.

    The arguments are those of `Conv1D`; `output_padding` makes the output longer at the end, by less
    than the stride.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        kernel_size = _kernel(kernel_size, 1, layout, ("NCW",))
        output_padding = each(output_padding, 1)
        assert len(output_padding) == 1, "output_padding must be a number or a list of 1 ints"  # type: ignore[arg-type]
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, in_channels, activation,
            use_bias, weight_initializer, bias_initializer, op_name="Deconvolution", adj=output_padding,
            **kwargs,
        )  # fmt: skip
        self.outpad = output_padding


class Conv2DTranspose(_Conv):
    """The transpose of `Conv2D`: its gradient with respect to the input, as a layer.

    The arguments are those of `Conv2D`; `output_padding` makes the output longer at the end, by less
    than the stride.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: Sizes = (0, 0),
        output_padding: Sizes = (0, 0),
        dilation: Sizes = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        kernel_size = _kernel(kernel_size, 2, layout, ("NCHW", "NHWC"))
        output_padding = each(output_padding, 2)
        assert len(output_padding) == 2, "output_padding must be a number or a list of 2 ints"  # type: ignore[arg-type]
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, in_channels, activation,
            use_bias, weight_initializer, bias_initializer, op_name="Deconvolution", adj=output_padding,
            **kwargs,
        )  # fmt: skip
        self.outpad = output_padding


class Conv3DTranspose(_Conv):
    """The transpose of `Conv3D`: its gradient with respect to the input, as a layer.

    The arguments are those of `Conv3D`; `output_padding` makes the output longer at the end, by less
    than the stride.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1, 1),
        padding: Sizes = (0, 0, 0),
        output_padding: Sizes = (0, 0, 0),
        dilation: Sizes = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        kernel_size = _kernel(kernel_size, 3, layout, ("NCDHW", "NDHWC"))
        output_padding = each(output_padding, 3)
        assert len(output_padding) == 3, "output_padding must be a number or a list of 3 ints"  # type: ignore[arg-type]
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, in_channels, activation,
            use_bias, weight_initializer, bias_initializer, op_name="Deconvolution", adj=output_padding,
            **kwargs,
        )  # fmt: skip
        self.outpad = output_padding


class ReflectionPad2D(Layer):
    """Pads height and width (axes 2 and 3) with the mirror image of what is inside.

    Args:
        padding: a number for all four sides, or eight: two for each axis, of which the first four are 0.
    """

    def __init__(self, padding: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = (0, 0, 0, 0, padding, padding, padding, padding)
        assert isinstance(padding, tuple) and len(padding) == 8
        self._padding = padding

    def compute(self, x: Tensor) -> Tensor:
        """The padded images."""
        must_be_floating(x)
        padding = self._padding
        if x.dim() not in (4, 5):
            raise MXNetError("Current implementation only supports 4-D or 5-D input.")
        if any(padding[:4]):
            raise MXNetError("Current implementation expects padding on the first two axes to be zero.")
        if x.dim() != 4:
            raise MXNetError("Input shape vs padding spec mismatch.")
        if any(pad >= x.shape[2 + at // 2] for at, pad in enumerate(padding[4:])):
            raise MXNetError(
                "Current implementation of reflection padding only supports padding sizes smaller than "
                "the input size."
            )
        return functional.pad(x, (*padding[6:8], *padding[4:6]), mode="reflect")
