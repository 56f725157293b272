"""Sorting, and finding the largest and smallest."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from ...base import MXNetError
from ..arguments import choice
from ..dtypes import torch_dtype
from ..followed import flat
from ..graph import raw
from ..ndarray import NDArray, Tensor, wrap
from ..register import OPERATORS, operator

__all__: list[str] = []


def _line(data: Tensor, axis: int | None) -> tuple[Tensor, int]:
    """The elements and the axis to sort along; all in one line for None."""
    if axis is None:
        return data.reshape(-1), 0
    axis = int(axis)
    if not -data.dim() <= axis < data.dim():
        raise MXNetError(f"Invalid axis! axis should be between 0 and {data.dim()}, found axis={axis}")
    return data, axis


@operator(method=True)
def sort(data: Tensor, axis: int | None = -1, is_ascend: bool = True) -> Tensor:
    """The elements in order, along an axis or (None) all of them."""
    line, at = _line(data, axis)
    return line.sort(dim=at, descending=not is_ascend, stable=True).values


@operator(method=True)
def argsort(data: Tensor, axis: int | None = -1, is_ascend: bool = True, dtype: Any = "float32") -> Tensor:
    """Where each element of the sorted array is; equal ones in their order."""
    line, at = _line(data, axis)
    places = line.sort(dim=at, descending=not is_ascend, stable=True).indices
    return flat(places.to(torch_dtype(dtype)), data)


@operator(method=True)
def topk(
    data: Tensor,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: str = "indices",
    is_ascend: bool = False,
    dtype: Any = "float32",
) -> Any:
    """The `k` largest elements along an axis, or with `is_ascend` the smallest.

    Args:
        data: the elements.
        axis: along which; None takes all in one line.
        k: how many; 0 takes all.
        ret_typ: "indices", "value", "both" (values, then indices) or "mask" (1 for what is among them).
        is_ascend: whether the smallest are wanted.
        dtype: of the indices.
    """
    choice("topk", "ret_typ", ret_typ, ("both", "indices", "mask", "value"))
    line, at = _line(data, axis)
    size = line.shape[at]
    if not 0 <= k <= size:
        raise MXNetError(f"k must be smaller than {size}, get k = {k}")
    ordered = line.sort(dim=at, descending=not is_ascend, stable=True)
    count = int(k) or size
    places = ordered.indices.narrow(at, 0, count)
    if ret_typ == "mask":
        mask = torch.zeros_like(line).scatter(at, places, 1)
        return flat(mask.reshape(data.shape), data)
    indices = flat(places.to(torch_dtype(dtype)), data)
    if ret_typ == "indices":
        return indices
    values = ordered.values.narrow(at, 0, count)
    return values if ret_typ == "value" else [values, indices]


@operator(method=False)
def cumsum(a: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Sums of what came so far, along an axis or in one line."""
    if axis is not None and not -a.dim() <= axis < a.dim():
        raise MXNetError(f"axis value {axis} out of range")
    line, at = _line(a, axis)
    return line.cumsum(at, dtype=a.dtype if dtype is None else torch_dtype(dtype))


def histogram(a: NDArray, bins: Any = 10, range: Any = None) -> list[NDArray] | tuple[NDArray, NDArray]:
    """How many elements lie in each bin, and the bins' edges.

    Args:
        a: the elements.
        bins: how many bins of one width, or an array of edges.
        range: the first and the last edge; by default the smallest and the largest element.
    """
    values = raw(a).detach().cpu().numpy()
    if isinstance(bins, NDArray):
        counts, edges = np.histogram(values, bins=bins.asnumpy())
        return [wrap(torch.from_numpy(counts), a._context), wrap(torch.from_numpy(edges), a._context)]
    if not isinstance(bins, int):
        raise ValueError("bins argument should be either an integer or an NDArray")
    if range is None:
        warnings.warn(
            "range is not specified, using numpy's result to ensure consistency with numpy", stacklevel=2
        )
        counts, edges = np.histogram(values, bins=bins)
        return tuple(wrap(torch.from_numpy(part.astype(np.float32)), a._context) for part in (counts, edges))  # type: ignore[return-value]
    counts, edges = np.histogram(values, bins=bins, range=range)
    return [
        wrap(torch.from_numpy(counts), a._context),
        wrap(torch.from_numpy(edges.astype(values.dtype)), a._context),
    ]


OPERATORS["histogram"] = histogram
