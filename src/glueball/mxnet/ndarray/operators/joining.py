"""Arrays put together, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from ...base import MXNetError
from ..arguments import joined
from ..dtypes import numpy_type
from ..ndarray import NDArray, Tensor
from ..register import OPERATORS, operator
from .binary import same_shapes, same_types
from .shaping import Sizes, as_sizes

__all__: list[str] = []


@operator(fresh=True, names=("concat",))
def Concat(*data: Tensor, dim: int = 1, num_args: int | None = None) -> Tensor:
    """Arrays one after the other along an axis."""
    if not data:
        raise MXNetError("value 0 for Parameter num_args should be greater equal to 1")
    first = data[0]
    axis = int(dim)
    if not -first.dim() <= axis < first.dim():
        raise MXNetError(f"axis {axis} exceeds the input dimension of {first.dim()}")
    for at, part in enumerate(data):
        expected = [-1 if x == axis % first.dim() else size for x, size in enumerate(first.shape)]
        if part.dim() != first.dim() or any(
            want not in (-1, got) for want, got in zip(expected, part.shape, strict=True)
        ):
            raise MXNetError(
                f"Incompatible input shape: expected {joined(expected)}, got {joined(part.shape)}"
            )
        if part.dtype is not first.dtype:
            kinds = [np.dtype(numpy_type(x.dtype)).name for x in (first, part)]
            raise MXNetError(
                f"Non-uniform data type in Concat, expected data type {kinds[0]}, got data type {kinds[1]} "
                f"for input {at}"
            )
    return torch.cat(data, axis)


@operator(fresh=True)
def stack(*data: Tensor, axis: int = 0, num_args: int | None = None) -> Tensor:
    """Arrays of one shape along a new axis."""
    if not data:
        raise MXNetError("value 0 for Parameter num_args should be greater equal to 1")
    for at, part in enumerate(data):
        same_shapes(data[0], part, at)
        same_types(data[0], part, at)
    axes = data[0].dim() + 1
    if not -axes <= axis < axes:
        raise MXNetError(f"axis {axis} exceeds the input dimension of {axes}")
    return torch.stack(data, int(axis))


def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """A list of arrays as one along an axis; a single one itself unless `always_copy`."""
    assert isinstance(arrays, (list, tuple))
    assert len(arrays) > 0
    if not always_copy and len(arrays) == 1:
        return arrays[0]
    joined_up: NDArray = OPERATORS["concat"](*arrays, dim=axis)
    return joined_up


OPERATORS["concatenate"] = concatenate


@operator(names=("split",), method="split")
def SliceChannel(data: Tensor, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> Any:
    """Equal parts along an axis; a list of them, or the array where `num_outputs` is 1.

    Args:
        data: what is split.
        num_outputs: how many parts; their number divides the axis's size.
        axis: along which.
        squeeze_axis: whether the axis, then of size 1 in each part, goes away.
    """
    if num_outputs < 1:
        raise MXNetError(f"value {num_outputs} for Parameter num_outputs should be greater equal to 1")
    axis = int(axis)
    if not -data.dim() <= axis < data.dim():
        raise MXNetError(f"axis {axis} is out of bounds for array of dimension {data.dim()}")
    size = data.shape[axis]
    if size % num_outputs:
        raise MXNetError(
            f"You are trying to split the {axis % data.dim()}-th axis of input tensor with shape "
            f"{joined(data.shape)} into num_outputs={num_outputs} evenly sized chunks, but this is not "
            f"possible because {num_outputs} does not evenly divide {size}"
        )
    parts = list(data.chunk(num_outputs, axis)) if num_outputs > 1 else [data]
    if squeeze_axis:
        if size != num_outputs:
            raise MXNetError(
                "If squeeze axis is True, the size of the sliced axis must be the same as num_outputs. Input "
                f"shape={joined(data.shape)}, axis={axis % data.dim()}, num_outputs={num_outputs}."
            )
        parts = [part.squeeze(axis) for part in parts]
    return parts if num_outputs > 1 else parts[0]


@operator(method=True)
def split_v2(ary: Tensor, indices_or_sections: Sizes, axis: int = 0, squeeze_axis: bool = False) -> Any:
    """Parts along an axis: a number of equal ones, or those between the places given."""
    size = ary.shape[axis]
    if isinstance(indices_or_sections, (list, tuple)):
        places = [0, *map(int, indices_or_sections), size]
    else:
        count = as_sizes(indices_or_sections)[0]
        if size % count:
            raise ValueError("array split does not result in an equal division")
        step = size // count
        places = list(range(0, size + 1, step))
    parts = [ary.narrow(axis, start, max(stop - start, 0)) for start, stop in pairwise(places)]
    if squeeze_axis:
        parts = [part.squeeze(axis) for part in parts]
    return parts if len(parts) > 1 else parts[0]
