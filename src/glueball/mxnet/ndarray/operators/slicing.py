"""Parts of arrays by bounds: always copies; `x[1:3]` is the way to a view."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...base import MXNetError
from ..arguments import joined
from ..ndarray import NDArray, Tensor
from ..register import operator
from .shaping import as_sizes, flat_of

__all__: list[str] = []

Bounds = int | None | Sequence[int | None]


def _bounds(value: Bounds) -> tuple[int | None, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,)


def _part(data: Tensor, begin: Bounds, end: Bounds, step: Bounds) -> tuple[tuple[slice, ...], list[int]]:
    """Slices with steps above 0, and the axes to be turned around for those below."""
    starts, stops = _bounds(begin), _bounds(end)
    if len(starts) != len(stops):
        raise MXNetError("begin and end must have the same length")
    steps = _bounds(step) if step not in (None, ()) else (None,) * len(starts)
    parts, turned = [], []
    for axis, bounds in enumerate(zip(starts, stops, steps, strict=True)):
        start, stop, stride = slice(*bounds).indices(data.shape[axis])
        if stride < 0:
            count = len(range(start, stop, stride))
            turned.append(axis)
            parts.append(slice(start + (count - 1) * stride, start + 1, -stride) if count else slice(0, 0))
        else:
            parts.append(slice(start, stop, stride))
    return tuple(parts), turned


@operator(names=("crop",), method=True)
def slice_(data: Tensor, begin: Bounds, end: Bounds, step: Bounds = ()) -> Tensor:
    """The part between `begin` and `end` of the first axes, every `step`-th; None is as far as it goes."""
    parts, turned = _part(data, begin, end, step)
    part = data[parts]
    return part.flip(turned) if turned else part


@operator(method=True)
def slice_axis(data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
    """The part between `begin` and `end` of one axis; negative ones count from its end."""
    axis = int(axis)
    if not -data.dim() <= axis < data.dim():
        raise MXNetError(
            "Transformed axis must be smaller than the source ndim and larger than zero! Recieved "
            f"axis={axis}, src_ndim={data.dim()}, transformed axis={axis}"
        )
    size = data.shape[axis]
    start = int(begin) + size if begin < 0 else int(begin)
    stop = size if end is None else int(end) + size if end < 0 else int(end)
    if stop > size:
        raise MXNetError(f"Invalid end for end={end} as axis_size is {size}")
    if start < 0 or start >= stop:
        raise MXNetError(f"Invalid begin, end, get begin={start}, end={stop}")
    return data.narrow(axis, start, stop - start)


@operator(method=True)
def slice_like(data: Tensor, shape_like: Tensor, axes: int | Sequence[int] = ()) -> Tensor:
    """The part from the beginning that is as large as another array, in all axes or in those given."""
    chosen = [x % data.dim() for x in as_sizes(axes)] or range(data.dim())
    part = data
    for axis in chosen:
        if shape_like.dim() <= axis or shape_like.shape[axis] > data.shape[axis]:
            size = shape_like.shape[axis] if axis < shape_like.dim() else 0
            raise MXNetError(
                f"Slice axis {axis} with size {size}exceeds limit of input with size {data.shape[axis]}"
            )
        part = part.narrow(axis, 0, shape_like.shape[axis])
    return flat_of(part, shape_like)


@operator
def diag(data: Tensor, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The `k`-th diagonal of two axes; a vector's is the matrix that has it there."""
    return torch.diag(data, k) if data.dim() == 1 else data.diagonal(k, axis1, axis2)


setattr(NDArray, "diag", diag)  # noqa: B010


@operator
def Crop(
    *data: Tensor,
    num_args: int = 1,
    offset: Sequence[int] = (0, 0),
    h_w: Sequence[int] = (0, 0),
    center_crop: bool = False,
) -> Tensor:
    """A rectangle of (N, C, H, W): of size `h_w`, or as large as the second array."""
    source = data[0]
    height, width = data[1].shape[2:] if len(data) > 1 else map(int, h_w)
    top, left = map(int, offset)
    if center_crop:
        top, left = (source.shape[2] - height) // 2, (source.shape[3] - width) // 2
    if top + height > source.shape[2] or left + width > source.shape[3]:
        raise MXNetError(f"offset + size exceeds the array of shape {joined(source.shape)}")
    return source[:, :, top : top + height, left : left + width]
