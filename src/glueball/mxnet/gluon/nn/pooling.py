"""What all pooling layers share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from ...ndarray.arguments import joined
from .activations import must_be_floating
from .convolution import each
from .layer import Layer

__all__: list[str] = []

Tensor = torch.Tensor

_MAXIMUM: dict[int, Any] = {1: torch.max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}
_MEAN: dict[int, Any] = {
    1: functional.avg_pool1d,
    2: functional.avg_pool2d,
    3: functional.avg_pool3d,
}
_AXES = {1: "x", 2: "y, x", 3: "d, y, x"}
_ANY = "3D in (batch, channel, x) Or 4D in (batch, channel, y, x)  Or 5D in (batch, channel, d, y, x)"


class _Pooling(Layer):
    """Pooling; see `MaxPool2D`."""

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: Any,
        ceil_mode: bool,
        global_pool: bool,
        pool_type: str,
        layout: str,
        count_include_pad: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        axes = len(pool_size)
        self._kwargs: dict[str, Any] = {
            "kernel": pool_size,
            "stride": each(pool_size if strides is None else strides, axes),
            "pad": each(padding, axes),
            "global_pool": global_pool,
            "pool_type": pool_type,
            "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
        }
        if count_include_pad is not None:
            self._kwargs["count_include_pad"] = count_include_pad

    def _alias(self) -> str:
        return "pool"

    def compute(self, x: Tensor) -> Tensor:
        """The pooled values, with the channels where they were."""
        options = self._kwargs
        pool = self._everything if options["global_pool"] else self._windows
        if options["layout"].endswith("C"):
            return pool(x.movedim(-1, 1)).movedim(1, -1).contiguous()
        return pool(x)

    def _everything(self, x: Tensor) -> Tensor:
        if not 3 <= x.dim() <= 5:
            raise MXNetError(f"Input data should be  {_ANY}")
        if self._kwargs["pool_type"] == "avg":
            must_be_floating(x)
            return x.mean(tuple(range(2, x.dim())), keepdim=True)
        greatest: Tensor = x.flatten(2).max(2).values
        return greatest.reshape(*x.shape[:2], *[1] * (x.dim() - 2))

    def _windows(self, x: Tensor) -> Tensor:
        options = self._kwargs
        kernel, stride, pad = options["kernel"], options["stride"], options["pad"]
        axes = len(kernel)
        if x.dim() != axes + 2:
            self._refuse(x)
        mean = options["pool_type"] == "avg"
        full = options["pooling_convention"] == "full"
        wide = any(2 * p > k for p, k in zip(pad, kernel, strict=False))
        if wide and any(p >= k for p, k in zip(pad, kernel, strict=False)):
            self._refuse(x)
        if wide or (full and not self._as_torch_counts(x)):
            return self._padded(x, mean)
        if mean:
            counted: Tensor = _MEAN[axes](
                x, kernel, stride, pad, full, options.get("count_include_pad", True)
            )
            return counted
        greatest: Tensor = _MAXIMUM[axes](x, kernel, stride, pad, 1, full)
        return greatest

    def _explain(self, error: Exception, inputs: Sequence[Any]) -> Any:
        if not isinstance(error, MXNetError) and isinstance(error, (RuntimeError, TypeError)):
            self._refuse(inputs[0])
        super()._explain(error, inputs)

    def _refuse(self, x: Tensor) -> None:
        """Raise MXNet's error for arguments or an input that it does not take; else nothing.

        Raises:
            MXNetError: there is something that it does not take.
        """
        options = self._kwargs
        kernel, stride, pad = options["kernel"], options["stride"], options["pad"]
        for name in ("stride", "kernel"):
            if not all(isinstance(size, int) for size in options[name]):
                raise MXNetError(
                    f"Invalid Parameter format for {name} expect Shape(tuple) but value='{options[name]}'"
                )
            if 0 in options[name]:
                raise MXNetError(
                    f"value {joined(options[name])}for Parameter {name} is invalid, the input shape must be "
                    "nonzero in all dimensions"
                )
        axes = len(kernel)
        if not 3 <= x.dim() <= 5:
            raise MXNetError(f"Input data should be  {_ANY}")
        if x.dim() != axes + 2:
            raise MXNetError(f"Input data should be {axes + 2}D in (batch, channel, {_AXES[axes]})")
        for at, (size, k, p) in enumerate(zip(x.shape[2:], kernel, pad, strict=False)):
            if p >= k > 0:  # windows of nothing but padding
                raise MXNetError(f"pad_l[{at}] < kernel[{at}] ({p} vs. {k}) : ")
            if k > size + 2 * p:
                if axes == 3:
                    raise MXNetError(f"({k} vs. {size + 2 * p}) : kernel size exceeds input")
                raise MXNetError(f"kernel size ({k}) exceeds input ({size} padded to {size + 2 * p})")
        if any(k < 1 or s < 1 for k, s in zip(kernel, stride, strict=False)):
            raise MXNetError("shape dim size must be >= -1")
        must_be_floating(x)

    def _counts(self, x: Tensor) -> list[int]:
        """How many windows there are along each axis, by MXNet's rule."""
        options = self._kwargs
        divide = math.ceil if options["pooling_convention"] == "full" else math.floor
        return [
            1 + divide((size + 2 * pad - kernel) / stride)
            for size, kernel, stride, pad in zip(
                x.shape[2:], options["kernel"], options["stride"], options["pad"], strict=False
            )
        ]

    def _as_torch_counts(self, x: Tensor) -> bool:
        """Whether torch has as many windows: it leaves out those that begin behind the input."""
        options = self._kwargs
        return all(
            (count - 1) * stride < size + pad
            for count, size, stride, pad in zip(
                self._counts(x), x.shape[2:], options["stride"], options["pad"], strict=False
            )
        )

    def _padded(self, x: Tensor, mean: bool) -> Tensor:
        """The pooled values of an input that is padded beforehand: wider than torch pads it itself."""
        self._refuse(x)
        options = self._kwargs
        kernel, stride, pad = options["kernel"], options["stride"], options["pad"]
        counts = self._counts(x)
        axes = len(kernel)
        inside: Any = (..., *(slice(count) for count in counts))
        sides: list[int] = []
        for size, k, s, p, count in zip(x.shape[2:], kernel, stride, pad, counts, strict=False):
            sides = [p, max((count - 1) * s + k - p - size, 0), *sides]
        if not mean:
            # The least number, not minus infinity, is what MXNet gives a window without elements.
            filled = functional.pad(x, sides, value=torch.finfo(x.dtype).min)
            greatest: Tensor = _MAXIMUM[axes](filled, kernel, stride)
            return greatest[inside]
        sums = _MEAN[axes](functional.pad(x, sides), kernel, stride) * math.prod(kernel)
        sums = sums[inside]
        sizes = reduce(
            lambda area, along: area[..., None] * along,
            (
                self._elements(axis, x.shape[2 + axis], counts[axis]).to(x)
                for axis in range(axes)
            ),
        )  # fmt: skip
        averaged: Tensor = sums / sizes
        return averaged

    def _elements(self, axis: int, size: int, count: int) -> Tensor:
        """How many elements each window is divided by, along one axis."""
        options = self._kwargs
        kernel, stride, pad = (options[name][axis] for name in ("kernel", "stride", "pad"))
        first = torch.arange(count) * stride - pad
        last = (first + kernel).clamp(max=size + pad)
        if not options.get("count_include_pad", True):
            first, last = first.clamp(min=0), last.clamp(max=size)
        elements: Tensor = (last - first).clamp(min=1)
        return elements

    def __repr__(self) -> str:
        o = self._kwargs
        return (
            f"{type(self).__name__}(size={o['kernel']}, stride={o['stride']}, padding={o['pad']}, "
            f"ceil_mode={o['pooling_convention'] == 'full'}, global_pool={o['global_pool']}, "
            f"pool_type={o['pool_type']}, layout={o['layout']})"
        )
