"""What all convolutions share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...base import MXNetError
from ...ndarray.arguments import joined
from .activations import Activated, Activation
from .layer import type_name

__all__ = ["each"]

Tensor = torch.Tensor

_CONVOLUTIONS: dict[tuple[str, int], Any] = {
    ("Convolution", 1): torch.conv1d,
    ("Convolution", 2): torch.conv2d,
    ("Convolution", 3): torch.conv3d,
    ("Deconvolution", 1): torch.conv_transpose1d,
    ("Deconvolution", 2): torch.conv_transpose2d,
    ("Deconvolution", 3): torch.conv_transpose3d,
}
_AXES = {1: "x", 2: "y-x", 3: "depth-y-x"}


def each(size: Any, count: int) -> Any:
    """A number for each of the axes; what is a sequence already stays as it is."""
    if isinstance(size, np.generic):
        size = size.item()
    return (size,) * count if isinstance(size, (int, float)) else size


class _Conv(Activated):
    """A convolution or its transpose; see `Conv2D`."""

    def __init__(
        self,
        channels: int,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        layout: str,
        in_channels: int = 0,
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        adj: Any = None,
        op_name: str = "Convolution",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        with self.name_scope():
            self._channels = channels
            self._in_channels = in_channels
            axes = len(kernel_size)
            self._op_name = op_name
            self._kwargs: dict[str, Any] = {
                "kernel": kernel_size,
                "stride": each(strides, axes),
                "dilate": each(dilation, axes),
                "pad": each(padding, axes),
                "num_filter": channels,
                "num_group": groups,
                "no_bias": not use_bias,
                "layout": layout,
            }
            if adj is not None:
                self._kwargs["adj"] = adj
            self._ndim = axes + 2
            self._transposed = op_name == "Deconvolution"
            self._channels_last = layout.endswith("C")
            self._convolve = _CONVOLUTIONS[op_name, axes]
            self._check_arguments()
            self.weight: Any = self.params.get(
                "weight", shape=self._weight_shape(in_channels), init=weight_initializer,
                allow_deferred_init=True,
            )  # fmt: skip
            self.bias: Any = None
            if use_bias:
                self.bias = self.params.get(
                    "bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True
                )
            self.act = Activation(activation, prefix=activation + "_") if activation is not None else None

    def _alias(self) -> str:
        return "conv"

    def _weight_shape(self, in_channels: int) -> tuple[int, ...]:
        """(out, in / groups, kernel…); the transpose's: (in, out / groups, kernel…)."""
        groups = self._kwargs["num_group"]
        kernel = tuple(self._kwargs["kernel"])
        if self._transposed:
            first, second = in_channels, self._channels // groups
        else:
            first, second = self._channels, in_channels // groups
        return (first, *kernel, second) if self._channels_last else (first, second, *kernel)

    def _check_arguments(self) -> None:
        """Refuse what the operator would, when the layer is made.

        Raises:
            MXNetError: sizes of another length than the kernel's, of zero, or groups that do not divide.
        """
        options = self._kwargs
        kernel = options["kernel"]
        if not all(isinstance(size, (int, np.integer)) for size in kernel):
            raise MXNetError(
                f"Invalid Parameter format for kernel expect Shape(tuple) but value='{kernel}', in "
                f"operator {self._op_name}"
            )
        for name, key, short in (
            ("Stride", "stride", "stride"),
            ("Dilate", "dilate", "dilate"),
            ("Padding", "pad", "padding"),
        ):
            if len(options[key]) != len(kernel):
                raise MXNetError(
                    f"{name} must have the same number of dimensions with kernel_size,but kernel_size is "
                    f"set to {joined(kernel)} while {short} is {joined(options[key])}"
                )
        if self._channels < 1:
            meaning = (
                "Number of output filters." if self._transposed else "Convolution filter(channel) number"
            )
            raise MXNetError(
                f"value {self._channels} for Parameter num_filter should be greater equal to 1\n"
                f"num_filter: {meaning}"
            )
        groups = options["num_group"]
        if groups < 1:
            raise MXNetError(f"value {groups} for Parameter num_group should be greater equal to 1")
        if self._transposed and self._in_channels % groups:
            raise MXNetError("input num_filter must divide group size")
        if self._transposed and self._in_channels == 0 and groups > 1:
            # MXNet tries a first input of one channel.
            raise MXNetError("input num_filter must divide group size")
        if self._channels % groups:
            raise MXNetError("output num_filter must divide group size")
        for key in ("kernel", "stride", "dilate"):
            if 0 in options[key]:
                raise MXNetError(f"incorrect {key} size: {joined(options[key])}")
        if self._transposed:
            self._check_transpose()

    def _check_transpose(self) -> None:
        options = self._kwargs
        if len(options["kernel"]) == 3 and math.prod(options["dilate"]) != 1:
            raise MXNetError("Dilate is not supported in 3d deconvolution")
        names = ("x",) if len(options["kernel"]) == 1 else ("d", "y", "x")[-len(options["kernel"]) :]
        for at, (name, adj, stride) in enumerate(zip(names, options["adj"], options["stride"], strict=False)):
            if adj > stride - 1:
                raise MXNetError(f"adj({name}) must be samller than stride[{at}]")

    def shapes(self, x: Tensor) -> Mapping[str, tuple[int, ...]]:
        """The weight's, by the input's channels."""
        options = self._kwargs
        if x.dim() != self._ndim:
            axes = _AXES[self._ndim - 2]
            raise MXNetError(f"Input data should be {self._ndim}D in batch-num_filter-{axes}")
        channels = x.shape[-1 if self._channels_last else 1]
        if channels % options["num_group"]:
            raise MXNetError("input num_filter must divide group size")
        if not self._transposed:
            sizes = x.shape[1:-1] if self._channels_last else x.shape[2:]
            for size, kernel, dilate, pad in zip(
                sizes, options["kernel"], options["dilate"], options["pad"], strict=True
            ):
                if (kernel - 1) * dilate + 1 > size + 2 * pad:
                    raise MXNetError("kernel size exceed input")
        return {"weight": self._weight_shape(channels)}

    def check_types(self, x: Tensor) -> None:
        """Refuse an input of another dtype than the weight's."""
        weight = self.weight._tensor
        if weight.dtype is not x.dtype:
            raise MXNetError(
                f"This layer requires uniform type. Expected '{type_name(x)}' v.s. given "
                f"'{type_name(weight)}' at 'weight'"
            )

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The convolution."""
        if x.dim() != self._ndim:
            self.shapes(x)
        options = self._kwargs
        if self._channels_last:
            x, weight = x.movedim(-1, 1), weight.movedim(-1, 1)
        if self._transposed:
            y: Tensor = self._convolve(
                x, weight, bias, options["stride"], options["pad"], options["adj"], options["num_group"],
                options["dilate"],
            )  # fmt: skip
        else:
            y = self._convolve(
                x, weight, bias, options["stride"], options["pad"], options["dilate"], options["num_group"]
            )
        return y.movedim(1, -1).contiguous() if self._channels_last else y

    def __repr__(self) -> str:
        options = self._kwargs
        axes = len(options["kernel"])
        shape = self.weight.shape
        parts = [
            f"{shape[1] or (0 if self._transposed else None)} -> {shape[0]}",
            f"kernel_size={options['kernel']}",
            f"stride={options['stride']}",
        ]
        if options["pad"] != (0,) * axes:
            parts.append(f"padding={options['pad']}")
        if options["dilate"] != (1,) * axes:
            parts.append(f"dilation={options['dilate']}")
        if options["num_group"] != 1:
            parts.append(f"groups={options['num_group']}")
        if self.bias is None:
            parts.append("bias=False")
        act = self._modules.get("act")
        if act is not None:
            parts.append(str(act))
        return f"{type(self).__name__}({', '.join(parts)})"
