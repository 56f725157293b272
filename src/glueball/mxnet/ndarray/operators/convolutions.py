"""Convolutions and their transposes, of one to three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.nn import functional

from ...base import MXNetError
from ..arguments import count_arrays, joined
from ..ndarray import Tensor
from ..register import operator
from .binary import same_kind

__all__ = ["axes_of_layout", "channels_first"]

Sizes = int | Sequence[int]

_CONVOLVE: dict[int, Any] = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED: dict[int, Any] = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}
_FORMS = {
    1: "Input data should be 3D in batch-num_filter-x",
    2: "Input data should be 4D in batch-num_filter-y-x",
    3: "Input data should be 5D in batch-num_filter-depth-y-x",
}


def axes_of_layout(layout: str | None, count: int) -> bool:
    """Whether a layout has its channels last.

    Raises:
        MXNetError: there is no such layout of that many dimensions.
    """
    space = "DHW"[3 - count :]
    if layout in (None, "None", f"NC{space}"):
        return False
    if layout == f"N{space}C":
        return True
    raise MXNetError(f"Unsupported layout {layout} for {count} dimensions of space: take NC{space}")


def channels_first(data: Tensor, last: bool) -> Tensor:
    """The array with its channels in the second place."""
    return data.movedim(-1, 1) if last else data


def _sizes(
    value: Sizes | None, count: int, default: int, name: str, kernel: Sequence[int]
) -> tuple[int, ...]:
    sizes = tuple(map(int, value)) if isinstance(value, (list, tuple)) else (value,)
    if sizes in ((), (None,)):
        return (default,) * count
    if len(sizes) != count:
        raise MXNetError(
            f"{name} must have the same number of dimensions with kernel_size,but kernel_size is set to "
            f"{joined(kernel)} while {name.lower()} is {joined(sizes)}"
        )
    return tuple(map(int, sizes))  # type: ignore[arg-type]


def _checked(
    operator_name: str, data: Tensor, bias: Tensor | None, kernel: Any, num_filter: int | None,
    no_bias: bool,
) -> tuple[int, ...]:  # fmt: skip
    """The kernel's sizes, once all fits.

    Raises:
        MXNetError: something is missing, or the shapes do not fit.
    """
    if kernel is None:
        raise MXNetError(
            f"Required parameter kernel of Shape(tuple) is not presented, in operator {operator_name}"
        )
    if num_filter is None:
        raise MXNetError(
            "Required parameter num_filter of int (non-negative) is not presented, in operator "
            f"{operator_name}"
        )
    count_arrays(operator_name, 2, bias, not no_bias)
    sizes = tuple(map(int, kernel)) if isinstance(kernel, (list, tuple)) else (int(kernel),)
    if len(sizes) not in _FORMS or data.dim() != len(sizes) + 2:
        raise MXNetError(_FORMS.get(len(sizes), f"{len(sizes)}-D convolution not supported"))
    return sizes


def _fits(weight: Tensor, wanted: tuple[int, ...]) -> None:
    if tuple(weight.shape) != wanted:
        inferred = ",".join(map(str, wanted))
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(weight.shape)}, inferred shape=({inferred})"
        )


@operator(names=("Convolution_v1",))
def Convolution(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    kernel: Sizes | None = None,
    stride: Sizes = (),
    dilate: Sizes = (),
    pad: Sizes = (),
    num_filter: int | None = None,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: str | None = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Tensor:
    """The cross-correlation of data with filters.

    Args:
        data: (N, C, [[D,] H,] W), or as `layout` says.
        weight: (num_filter, C / num_group, …kernel).
        bias: (num_filter,).
        kernel: the filters' sizes; as many numbers as space has dimensions.
        stride: steps, 1 by default.
        dilate: distances between a filter's elements, 1 by default.
        pad: zeros put on both sides, 0 by default.
        num_filter: how many filters.
        num_group: groups of channels, each with its own filters.
        workspace: MXNet's hint; without effect here.
        no_bias: whether there is no bias.
        cudnn_tune: MXNet's hint; without effect here.
        cudnn_off: MXNet's hint; without effect here.
        layout: "NCW", "NCHW", "NCDHW" or with the channels last.
    """
    same_kind(data, weight=weight, bias=bias)
    sizes = _checked("Convolution", data, bias, kernel, num_filter, bool(no_bias))
    count = len(sizes)
    last = axes_of_layout(layout, count)
    x, w = channels_first(data, last), channels_first(weight, last)
    groups = int(num_group)
    wanted = (int(num_filter or 0), x.shape[1] // groups, *sizes)
    _fits(weight, (wanted[0], *sizes, wanted[1]) if last else wanted)
    steps = _sizes(stride, count, 1, "Stride", sizes)
    spread = _sizes(dilate, count, 1, "Dilate", sizes)
    ends = _sizes(pad, count, 0, "Padding", sizes)
    for at in range(count):
        reach = spread[at] * (sizes[at] - 1) + 1
        padded = x.shape[2 + at] + 2 * ends[at]
        if reach > padded:
            raise MXNetError(
                f"kernel size exceed input: {reach} against {x.shape[2 + at]} padded to {padded}"
            )
    result: Tensor = _CONVOLVE[count](x, w, bias, steps, ends, spread, groups)
    return result.movedim(1, -1) if last else result


@operator
def Deconvolution(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    kernel: Sizes | None = None,
    stride: Sizes = (),
    dilate: Sizes = (),
    pad: Sizes = (),
    adj: Sizes = (),
    target_shape: Sizes = (),
    num_filter: int | None = None,
    num_group: int = 1,
    workspace: int = 512,
    no_bias: bool = True,
    cudnn_tune: str | None = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Tensor:
    """The transpose of a convolution: what a convolution's gradient does to its input.

    Args:
        data: (N, C, [[D,] H,] W), or as `layout` says.
        weight: (C, num_filter / num_group, …kernel).
        bias: (num_filter,).
        kernel: the filters' sizes; as many numbers as space has dimensions.
        stride: steps, 1 by default.
        dilate: distances between a filter's elements, 1 by default.
        pad: what is cut off on both sides, 0 by default.
        adj: what is added at the ends, less than the stride; 0 by default.
        target_shape: the result's sizes; `pad` and `adj` are then found.
        num_filter: how many filters.
        num_group: groups of channels, each with its own filters.
        workspace: MXNet's hint; without effect here.
        no_bias: whether there is no bias, as by default.
        cudnn_tune: MXNet's hint; without effect here.
        cudnn_off: MXNet's hint; without effect here.
        layout: "NCW", "NCHW", "NCDHW" or with the channels last.
    """
    same_kind(data, weight=weight, bias=bias)
    sizes = _checked("Deconvolution", data, bias, kernel, num_filter, bool(no_bias))
    count = len(sizes)
    last = axes_of_layout(layout, count)
    x, w = channels_first(data, last), channels_first(weight, last)
    groups = int(num_group)
    wanted = (x.shape[1], int(num_filter or 0) // groups, *sizes)
    _fits(weight, (wanted[0], *sizes, wanted[1]) if last else wanted)
    steps = _sizes(stride, count, 1, "Stride", sizes)
    spread = _sizes(dilate, count, 1, "Dilate", sizes)
    ends = list(_sizes(pad, count, 0, "Padding", sizes))
    more = list(_sizes(adj, count, 0, "Adj", sizes))
    target = _sizes(target_shape, count, 0, "Target_shape", sizes)
    if any(target):
        for at in range(count):
            whole = (x.shape[2 + at] - 1) * steps[at] + spread[at] * (sizes[at] - 1) + 1
            if whole < target[at]:
                raise MXNetError("too big target shape")
            surplus = whole - target[at]
            more[at] = surplus % 2
            ends[at] = (surplus + 1) // 2
    result: Tensor = _TRANSPOSED[count](x, w, bias, steps, ends, more, groups, spread)
    return result.movedim(1, -1) if last else result
