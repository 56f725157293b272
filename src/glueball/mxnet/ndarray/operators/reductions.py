"""Sums, means, maxima, norms: what makes few numbers of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ...base import MXNetError
from ..arguments import joined
from ..dtypes import torch_dtype
from ..followed import all_ties, flat
from ..ndarray import Tensor
from ..register import operator

__all__ = ["axes_of"]

Axes = int | Sequence[int] | None


def axes_of(axis: Axes, data: Tensor, exclude: bool = False) -> tuple[int, ...]:
    """The axes meant by `axis`, in order: one, several, all (None or empty), or with `exclude` the others.

    Raises:
        MXNetError: the array has no such axis, or one is there twice.
    """
    count = data.dim()
    if axis is None:
        given: list[int] = []
    elif isinstance(axis, (list, tuple)):
        given = [int(x) for x in axis]
    else:
        given = [int(axis)]  # type: ignore[arg-type]
    axes = sorted(x + count if x < 0 else x for x in given)
    if axes and axes[-1] >= count:
        raise MXNetError(f"Reduction axis {axes[-1]} Exceeds input dimensions {joined(data.shape)}")
    if axes and axes[0] < 0:
        raise MXNetError(f"Reduction axis {joined(given)} Exceeds input dimensions {joined(data.shape)}")
    if len(set(axes)) < len(axes):
        raise MXNetError(f"Reduction axes have duplicates {joined(given)}")
    if exclude:
        return tuple(x for x in range(count) if x not in axes)
    return tuple(axes or range(count))


def _sum(data: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if data.is_floating_point():
        if not keepdims and len(axes) == data.dim():
            return data.sum()
        return data.sum(axes, keepdims) if axes else data.clone()
    if data.dtype is torch.bool:
        return data.any(axes, keepdims) if axes else data.clone()
    return data.sum(axes, keepdims, dtype=data.dtype) if axes else data.clone()


def _mean(data: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if data.is_floating_point():
        if not keepdims and len(axes) == data.dim():
            return data.mean()
        return data.mean(axes, keepdims) if axes else data.clone()
    if data.dtype is torch.bool:
        return data.any(axes, keepdims) if axes else data.clone()
    count = 1
    for axis in axes:
        count *= data.shape[axis]
    return torch.div(_sum(data, axes, keepdims), count, rounding_mode="trunc")


def _prod(data: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if not axes:
        return data.clone()
    for axis in reversed(axes):
        data = data.prod(axis, keepdims, dtype=data.dtype)
    return data


def _extreme(function: Callable[..., Tensor]) -> Callable[[Tensor, tuple[int, ...], bool], Tensor]:
    def compute(data: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
        if not axes:
            return data.clone()
        if not (torch.is_grad_enabled() and data.requires_grad):
            return function(data, axes, keepdims)
        kept = all_ties(data, function(data.detach(), axes, True))
        return kept if keepdims else kept.squeeze(axes)

    return compute


def _nan_sum(data: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    return _sum(torch.where(data != data, 0, data), axes, keepdims)


def _nan_prod(data: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    return _prod(torch.where(data != data, 1, data), axes, keepdims)


_REDUCTIONS: dict[str, tuple[Callable[[Tensor, tuple[int, ...], bool], Tensor], str, tuple[str, ...]]] = {
    "sum": (_sum, "The sum", ("sum_axis",)),
    "mean": (_mean, "The mean", ()),
    "prod": (_prod, "The product", ()),
    "nansum": (_nan_sum, "The sum of what is no NaN", ()),
    "nanprod": (_nan_prod, "The product of what is no NaN", ()),
    "max": (_extreme(torch.amax), "The largest one", ("max_axis",)),
    "min": (_extreme(torch.amin), "The smallest one", ("min_axis",)),
}


def _install(
    name: str,
    function: Callable[[Tensor, tuple[int, ...], bool], Tensor],
    meaning: str,
    names: tuple[str, ...],
) -> None:
    def reduce(data: Tensor, axis: Axes = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        if axis is None and not exclude:
            return function(data, tuple(range(data.dim())), bool(keepdims))
        return function(data, axes_of(axis, data, exclude), bool(keepdims))

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"{meaning} along `axis` (one, several, all by default; with `exclude` the others)."
    operator(fresh=True, names=names, method=True)(reduce)


for _name, (_function, _meaning, _names) in _REDUCTIONS.items():
    _install(_name, _function, _meaning, _names)


@operator(fresh=True, method=True)
def norm(
    data: Tensor, ord: int = 2, axis: Axes = None, out_dtype: Any = None, keepdims: bool = False
) -> Tensor:
    """The sum of |x| (`ord` 1) or the root of the sum of x² (`ord` 2), along `axis` or of all."""
    if ord not in (1, 2):
        raise MXNetError("norm only supports ord=1 and ord=2")
    axes = axes_of(axis, data)
    if not data.is_floating_point():
        return norm.__wrapped__(data.float(), ord, axis, out_dtype, keepdims).to(data.dtype)  # type: ignore[attr-defined,no-any-return]
    if out_dtype is not None:
        data = data.to(torch_dtype(out_dtype))
    if ord == 1:
        return data.abs().sum(axes, bool(keepdims))
    return data.square().sum(axes, bool(keepdims)).sqrt()


def _at(data: Tensor, axis: int | None, keepdims: bool, find: Callable[..., Tensor]) -> Tensor:
    """Where along an axis, as numbers of the array's own type."""
    if axis is None:
        place = find(data.reshape(-1), 0)
        found = place.reshape((1,) * (data.dim() if keepdims else 1))
    else:
        if isinstance(axis, (list, tuple, float)):
            raise MXNetError(
                f"Invalid Parameter format for axis expect int or None but value='{axis}', in operator "
                f'{find.__name__}(name="", axis="{axis}")'
            )
        axis = int(axis)
        if not -data.dim() <= axis < data.dim():
            raise MXNetError(f"axis {axis} exceeds the input dimension of {data.dim()}")
        found = find(data, axis, bool(keepdims))
    return flat(found.to(data.dtype), data)


@operator(fresh=True, method=True)
def argmax(data: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest one is, the first of equal ones, in the array's own type."""
    return _at(data, axis, keepdims, torch.argmax)


@operator(fresh=True, method=True)
def argmin(data: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest one is, the first of equal ones, in the array's own type."""
    return _at(data, axis, keepdims, torch.argmin)


@operator(fresh=True, method=True)
def argmax_channel(data: Tensor) -> Tensor:
    """Where along the second axis the largest one is."""
    return flat(data.argmax(1).to(data.dtype), data)


@operator
def moments(data: Tensor, axes: Axes = None, keepdims: bool = False) -> list[Tensor]:
    """The mean and the variance (over all, not one less) along `axes`."""
    if axes in (None, ()):
        raise MXNetError(
            "Empty axes is not supported, if you would like to do global moments, please pass all axes to "
            "axes argument"
        )
    along = axes_of(axes, data)
    mean = data.mean(along, True)
    variance = (data - mean).square().mean(along, bool(keepdims))
    return [mean if keepdims else mean.squeeze(along), variance]


@operator
def L2Normalization(data: Tensor, eps: float = 1e-10, mode: str = "instance") -> Tensor:
    """Divided by √(Σx² + eps), summed over an instance, over channels or over space.

    Args:
        data: arrays along the first axis.
        eps: keeps the root above 0.
        mode: "instance" (all axes but the first), "channel" (the second) or "spatial" (from the third on).
    """
    along = {"instance": range(1, data.dim()), "channel": (1,), "spatial": range(2, data.dim())}
    if mode not in along:
        raise MXNetError(
            f"Invalid Input: '{mode}', valid values are: {{'channel', 'instance', 'spatial'}}, in operator "
            f'L2Normalization(name="", mode="{mode}")'
        )
    return data / (data.square().sum(tuple(along[mode]), True) + eps).sqrt()
