"""softmax and its kin."""

from __future__ import annotations

from typing import Any

import torch

from ...base import MXNetError
from ..arguments import choice, count_arrays, joined
from ..dtypes import numpy_type, torch_dtype
from ..ndarray import Tensor
from ..register import operator

__all__: list[str] = []


def _scores(data: Tensor, axis: int, temperature: float | None, dtype: Any, length: Tensor | None) -> Tensor:
    if not data.is_floating_point():
        kind = numpy_type(data.dtype).__name__
        raise MXNetError(f"This operation only support floating point types, not {kind}")
    if not -data.dim() <= axis < data.dim():
        raise MXNetError(f"axis {axis} exceeds the input dimension of {data.dim()}")
    if dtype is not None:
        data = data.to(torch_dtype(dtype))
    if temperature is not None and temperature != 1.0:
        data = data / temperature
    if length is not None:
        expected = [size for at, size in enumerate(data.shape) if at != axis % data.dim()]
        if list(length.shape) != expected:
            raise MXNetError(
                f"Shape inconsistent, Provided = {joined(length.shape)}, inferred shape={joined(expected)}"
            )
        if length.is_floating_point():
            kind = numpy_type(length.dtype).__name__
            raise MXNetError(f"This operation only support integer types, not {kind}")
        places = torch.arange(data.shape[axis], device=data.device)
        shape = [1] * data.dim()
        shape[axis] = -1
        data = data.masked_fill(places.reshape(shape) >= length.unsqueeze(axis), -torch.inf)
    return data


def _without_nan(result: Tensor, length: Tensor | None, beyond: float) -> Tensor:
    """Rows of no elements, and what lies beyond a row's length, hold `beyond`."""
    if length is None:
        return result
    return torch.where(result.isnan() | result.isinf(), beyond, result)


@operator(fresh=True, method=True)
def softmax(
    data: Tensor,
    length: Tensor | None = None,
    axis: int = -1,
    temperature: float | None = None,
    dtype: Any = None,
    use_length: bool = False,
) -> Tensor:
    """eˣ / Σeˣ along an axis.

    Args:
        data: the scores.
        length: how many scores of each row count, where `use_length` is set; the others become 0.
        axis: along which they sum to 1.
        temperature: the scores are divided by it.
        dtype: of the result.
        use_length: whether `length` counts.
    """
    count_arrays("softmax", 1, length, bool(use_length))
    scores = _scores(data, int(axis), temperature, dtype, length)
    return _without_nan(torch.softmax(scores, int(axis)), length, 0.0)


@operator(fresh=True, method=True)
def log_softmax(
    data: Tensor,
    axis: int = -1,
    temperature: float | None = None,
    dtype: Any = None,
    use_length: bool = False,
) -> Tensor:
    """The logarithm of `softmax`."""
    return torch.log_softmax(_scores(data, int(axis), temperature, dtype, None), int(axis))


@operator(fresh=True, method=True)
def softmin(
    data: Tensor,
    axis: int = -1,
    temperature: float | None = None,
    dtype: Any = None,
    use_length: bool = False,
) -> Tensor:
    """`softmax` of −x."""
    return torch.softmax(-_scores(data, int(axis), temperature, dtype, None), int(axis))


@operator
def SoftmaxActivation(data: Tensor, mode: str = "instance") -> Tensor:
    """Softmax over the last axis, or ("channel") over the second."""
    choice("SoftmaxActivation", "mode", mode, ("channel", "instance"))
    return torch.softmax(data, 1 if mode == "channel" else -1)
