"""Pooling by MXNet's conventions, of one to three dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from ..arguments import choice, joined
from ..ndarray import Tensor
from ..register import operator
from .convolutions import axes_of_layout

__all__ = ["pooled"]

Sizes = int | Sequence[int]

_LARGEST: dict[int, Any] = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_MEAN: dict[int, Any] = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


def _count(size: int, window: int, step: int, pad: int, convention: str) -> int:
    """How many windows there are along an axis."""
    if convention == "same":
        return math.ceil((size + 2 * pad) / step)
    room = size + 2 * pad - window
    return (math.ceil(room / step) if convention == "full" else room // step) + 1


def pooled(
    data: Tensor,
    kernel: tuple[int, ...],
    kind: str,
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    convention: str = "valid",
    count_include_pad: bool = True,
    power: int = 2,
) -> Tensor:
    """Windows over (N, C, …) made into one number each.

    Args:
        data: channels in the second place.
        kernel: the windows' sizes.
        kind: "max", "avg", "sum" or "lp".
        stride: steps.
        pad: places put on both sides.
        convention: "valid" counts whole windows, "full" those that begin inside too, "same" all steps.
        count_include_pad: whether the mean counts the places of `pad`.
        power: p, for "lp".
    """
    dims = len(kernel)
    sizes = data.shape[2:]
    counts = [
        _count(size, window, step, p, convention)
        for size, window, step, p in zip(sizes, kernel, stride, pad, strict=True)
    ]
    # What the last windows reach beyond the padded array is in no mean.
    after = [
        max((count - 1) * step + window - size - p, p)
        for count, step, window, size, p in zip(counts, stride, kernel, sizes, pad, strict=True)
    ]
    plain = all(a == p and 2 * p <= window for a, p, window in zip(after, pad, kernel, strict=True))
    if kind == "max":
        if plain:
            largest: Tensor = _LARGEST[dims](data, kernel, stride, pad)
            return largest
        least = torch.finfo(data.dtype).min if data.is_floating_point() else torch.iinfo(data.dtype).min
        return _LARGEST[dims](_widened(data, pad, after, float(least)), kernel, stride)  # type: ignore[no-any-return]
    if kind == "avg" and plain:
        mean: Tensor = _MEAN[dims](data, kernel, stride, pad, False, bool(count_include_pad))
        return mean
    if kind == "lp":
        data = data**power
    volume = math.prod(kernel)
    total: Tensor = _MEAN[dims](_widened(data, pad, after, 0.0), kernel, stride) * volume
    if kind == "sum":
        return total
    if kind == "lp":
        return total ** (1 / power)
    for axis in range(dims):
        low, high = (-pad[axis], sizes[axis] + pad[axis]) if count_include_pad else (0, sizes[axis])
        starts = torch.arange(counts[axis], device=data.device) * stride[axis] - pad[axis]
        inside = (starts + kernel[axis]).clamp_max(high) - starts.clamp_min(low)
        shape = [1] * data.dim()
        shape[2 + axis] = -1
        total = total / inside.clamp_min(1).reshape(shape)
    return total


def _widened(data: Tensor, before: Sequence[int], after: Sequence[int], value: float) -> Tensor:
    ends = [end for pair in zip(reversed(before), reversed(after), strict=True) for end in pair]
    return functional.pad(data, ends, value=value) if any(ends) else data


@operator(names=("Pooling_v1",))
def Pooling(
    data: Tensor,
    kernel: Sizes = (),
    pool_type: str = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: str = "valid",
    stride: Sizes = (),
    pad: Sizes = (),
    p_value: int | None = None,
    count_include_pad: bool = True,
    layout: str | None = None,
) -> Tensor:
    """One number for each window.

    Args:
        data: (N, C, [[D,] H,] W), or as `layout` says.
        kernel: the windows' sizes; as many numbers as space has dimensions.
        pool_type: "max", "avg", "sum", or "lp" (the p-th root of the sum of p-th powers).
        global_pool: whether the window is all of space.
        cudnn_off: MXNet's hint; without effect here.
        pooling_convention: "valid" counts whole windows only, "full" those too that reach beyond the end.
        stride: steps, 1 by default.
        pad: places on both sides, that no maximum takes; 0 by default.
        p_value: p, for "lp": 1, 2 or 3.
        count_include_pad: whether the mean counts the places of `pad`.
        layout: "NCW", "NCHW", "NCDHW" or with the channels last.
    """
    choice("Pooling", "pool_type", pool_type, ("avg", "lp", "max", "sum"))
    choice("Pooling", "pooling_convention", pooling_convention, ("full", "same", "valid"))
    dims = data.dim() - 2
    if dims not in (1, 2, 3):
        raise MXNetError(
            "Pooling: Input data should be  3D in (batch, channel, x) Or 4D in (batch, channel, y, x)  Or 5D "
            "in (batch, channel, d, y, x)"
        )
    if pool_type == "lp" and p_value is None:
        raise MXNetError("param.p_value.has_value(): ")
    last = axes_of_layout(layout, dims)
    x = data.movedim(-1, 1) if last else data
    power = int(p_value or 1)
    if global_pool:
        along = tuple(range(2, x.dim()))
        reduced = {
            "max": lambda: x.flatten(2).max(2).values.reshape(*x.shape[:2], *[1] * dims),
            "avg": lambda: x.mean(along, True),
            "sum": lambda: x.sum(along, True),
            "lp": lambda: (x**power).sum(along, True) ** (1 / power),
        }[pool_type]()
        return reduced.movedim(1, -1) if last else reduced
    window = _as_tuple(kernel)
    if len(window) != dims:
        forms = {1: "(batch, channel, x)", 2: "(batch, channel, y, x)", 3: "(batch, channel, d, y, x)"}
        if len(window) not in forms:
            raise MXNetError(f"{len(window)}D pooling not supported")
        raise MXNetError(f"Pooling: Input data should be {len(window) + 2}D in {forms[len(window)]}")
    if pooling_convention == "same" and dims != 1:
        raise MXNetError(
            "Pooling: Input data should be 3D in (batch, channel, x). Currently 'same' "
            "supports Max Pooling 1-D"
        )
    steps = _as_tuple(stride) or (1,) * dims
    ends = _as_tuple(pad) or (0,) * dims
    if len(steps) != dims or len(ends) != dims:
        raise MXNetError(
            f"stride and kernel should have the same length: stride is {joined(steps)}, kernel is "
            f"{joined(window)}, pad is {joined(ends)}"
        )
    for at, (size, reach, end) in enumerate(zip(x.shape[2:], window, ends, strict=True)):
        if end >= reach:
            raise MXNetError(f"pad_l[{at}] < kernel[{at}] ({end} vs. {reach}) : ")
        if reach > size + 2 * end:
            raise MXNetError(f"kernel size ({reach}) exceeds input ({size} padded to {size + 2 * end})")
    result = pooled(x, window, pool_type, steps, ends, pooling_convention, bool(count_include_pad), power)
    return result.movedim(1, -1) if last else result


def _as_tuple(value: Any) -> tuple[int, ...]:
    return tuple(map(int, value)) if isinstance(value, (list, tuple)) else (int(value),)
