"""Other shapes of the same elements: reshape, flatten, transpose, flip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ...base import MXNetError
from ..arguments import joined
from ..followed import flat
from ..graph import raw
from ..ndarray import NDArray, Tensor, wrap
from ..register import OPERATORS, operator

__all__ = ["as_sizes", "flat_of", "in_range", "new_shape"]

Sizes = int | Sequence[int]


def as_sizes(value: Any) -> tuple[int, ...]:
    """One number or several as a tuple of whole numbers."""
    if isinstance(value, (list, tuple)):
        return tuple(map(int, value))
    return (int(value),)


def new_shape(shape: Sequence[int], codes: Sequence[int], reverse: bool = False) -> tuple[int, ...]:
    """The shape that MXNet's codes say.

    Args:
        shape: the present one.
        codes: sizes, and 0 (as it is), −1 (whatever is left), −2 (all the others as they are), −3 (the
            product of the next two), −4 (the next one split into the two that follow).
        reverse: whether the codes are read from the right.

    Raises:
        MXNetError: a code has nothing to stand for.

    >>> new_shape((2, 3, 4), (-4, 1, -1, -3))
    (1, 2, 12)
    """
    source, wanted = list(shape), list(codes)
    if reverse:
        source.reverse()
        wanted.reverse()
    sizes: list[int] = []
    open_at = -1
    at = place = 0

    def taken(count: int = 1) -> None:
        if at + count > len(source):
            raise MXNetError(f"src_idx < dshape_len ({at + count - 1} vs. {len(source)}) : ")

    while place < len(wanted):
        code = wanted[place]
        place += 1
        if code == 0:
            taken()
            sizes.append(source[at])
            at += 1
        elif code == -1:
            if open_at >= 0:
                raise MXNetError("One and only one dim can be inferred")
            open_at = len(sizes)
            sizes.append(1)
            at += 1
        elif code == -2:
            sizes.extend(source[at:])
            at = len(source)
        elif code == -3:
            taken(2)
            sizes.append(source[at] * source[at + 1])
            at += 2
        elif code == -4:
            taken()
            first, second = wanted[place], wanted[place + 1]
            place += 2
            if first == second == -1:
                raise MXNetError("Split dims cannot both be -1.")
            first = source[at] // second if first == -1 else first
            second = source[at] // first if second == -1 else second
            if first * second != source[at]:
                raise MXNetError(f"Split dims {first}, {second} do not divide original dim {source[at]}")
            sizes.extend((first, second))
            at += 1
        elif code < 0:
            raise MXNetError(f"shape dim size must be >= -1, while received {code}")
        else:
            sizes.append(code)
            at += 1
    if open_at >= 0:
        rest = math.prod(sizes)
        sizes[open_at] = math.prod(source) // rest if rest else 0
    if reverse:
        sizes.reverse()
    return tuple(sizes)


@operator(names=("Reshape",))
def reshape(
    data: Tensor,
    shape: Sizes = (),
    reverse: bool = False,
    target_shape: Sizes = (),
    keep_highest: bool = False,
) -> Tensor:
    """The elements in another shape, a copy; `x.reshape(…)` gives a view.

    Args:
        data: the elements.
        shape: sizes, or codes: 0 (as it is), −1 (what is left), −2 (all the others), −3 (two joined), −4
            (one split into the two that follow).
        reverse: whether `shape` is read from the right.
        target_shape: sizes of an older form, in which 0 is what is left.
        keep_highest: whether the first axis of the older form stays.
    """
    codes = as_sizes(shape)
    if not codes and target_shape:
        older = as_sizes(target_shape)
        codes = tuple(size or -1 for size in older)
        if keep_highest:
            codes = (data.shape[0], *codes[1:])
    if not codes:
        return data.reshape(data.shape)
    sizes = new_shape(data.shape, codes, reverse)
    if math.prod(sizes) != data.numel():
        raise MXNetError(
            f"Target shape size is different to source. Target: {joined(sizes)}\nSource: {joined(data.shape)}"
        )
    return data.reshape(sizes)


def _reshaped(self: NDArray, *shape: Any, **options: Any) -> NDArray:
    """The same memory in another shape; its codes are those of `nd.reshape`.

    >>> from glueball.mxnet import nd
    >>> nd.zeros((2, 3, 4)).reshape((0, -1)).shape
    (2, 12)
    """
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = tuple(shape[0])
    elif not shape:
        given = options.pop("shape", None)
        assert given is not None, "Shape must be provided."
        shape = as_sizes(given)
    options.pop("shape", None)
    reverse = options.pop("reverse", False)
    if options:
        raise TypeError(
            f"Got unknown keywords in reshape: {', '.join(options)}. Accepted keyword arguments are 'shape' "
            "and 'reverse'."
        )
    tensor = raw(self)
    codes = as_sizes(shape)
    sizes = new_shape(tensor.shape, codes, bool(reverse))
    if math.prod(sizes) > tensor.numel():
        raise MXNetError("target shape size is larger than the current shape")
    if math.prod(sizes) < tensor.numel():
        raise ValueError(f"Cannot reshape array of size {tensor.numel()} into shape {codes}")
    return wrap(tensor.reshape(sizes), self._context)


@operator(names=("flatten",), method="flatten")
def Flatten(data: Tensor) -> Tensor:
    """One row for each element of the first axis."""
    return data.reshape(data.shape[0], math.prod(data.shape[1:]))


@operator(method=True)
def expand_dims(data: Tensor, axis: int) -> Tensor:
    """With one more axis, of size 1, at `axis`."""
    axis = int(axis)
    if not -data.dim() - 1 <= axis <= data.dim():
        raise MXNetError(f"axis must be in the range [{-data.dim()}, {data.dim()}] ({axis} provided)")
    return data.unsqueeze(axis)


@operator(method=True)
def squeeze(data: Tensor, axis: Sizes | None = None) -> Tensor:
    """Without axes of size 1: all such, or those given."""
    if axis is None:
        return data.squeeze()
    axes = [int(x) % data.dim() if -data.dim() <= x < data.dim() else int(x) for x in as_sizes(axis)]
    for at in axes:
        if not 0 <= at < data.dim():
            raise MXNetError(f"axis {at} is out of bounds for array of dimension {data.dim()}")
        if data.shape[at] != 1:
            raise MXNetError(
                f"cannot select an axis to squeeze out which has size={data.shape[at]} not equal to one"
            )
    return data.reshape([size for at, size in enumerate(data.shape) if at not in axes])


def in_range(axes: tuple[int, ...], count: int) -> None:
    """Refuse axes that are not there."""
    for at in axes:
        if not 0 <= at < count:
            raise MXNetError(f"i >= 0 && i < ndim(): index = {at} must be in range [0, {count})")


@operator(method=True)
def transpose(data: Tensor, axes: Sizes | None = ()) -> Tensor:
    """Its axes in another order, by default the reverse one."""
    order = as_sizes(axes) if axes is not None else ()
    if not order:
        return data.permute(*range(data.dim() - 1, -1, -1))
    if len(order) != data.dim():
        raise MXNetError(
            f"the array has {data.dim()} axes and {len(order)} are given: "
            f"std: :max(shp.ndim(), out_shp.ndim()) == param.axes.ndim() ({data.dim()} vs. {len(order)}) : "
        )
    in_range(order, data.dim())
    return data.permute(order)


@operator(names=("swapaxes",), method="swapaxes")
def SwapAxis(data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
    """With two axes in each other's place."""
    for number, axis in enumerate((dim1, dim2), 1):
        if not -data.dim() <= axis < data.dim():
            raise MXNetError(
                f"axis{number} >= 0 && axis{number} < shape0.ndim(): axis {axis} is out of bounds for array "
                f"of ndim {data.dim()}"
            )
    return data.transpose(int(dim1), int(dim2))


@operator(names=("flip",), method="flip")
def reverse(data: Tensor, axis: Sizes) -> Tensor:
    """Turned around along an axis or several."""
    axes = as_sizes(axis)
    if max(axes) >= data.dim():
        raise MXNetError(f"axis < ishape.ndim() ({max(axes)} vs. {data.dim()}) : ")
    in_range(axes, data.dim())
    return data.flip(axes)


def flat_of(result: Tensor, other: Tensor) -> Tensor:
    """A result, followed to an array too that gave it nothing but its shape: zeros go back there."""
    if torch.is_grad_enabled() and other.requires_grad:
        return result + flat(torch.zeros_like(result), other)
    return result


@operator(method=True)
def reshape_like(
    lhs: Tensor,
    rhs: Tensor,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Tensor:
    """The elements in the shape of another array; with bounds, some axes in the shape of some of its."""
    mine, its = tuple(lhs.shape), tuple(rhs.shape)
    middle = its[slice(rhs_begin, rhs_end)]
    start, stop, _ = slice(lhs_begin, lhs_end).indices(len(mine))
    sizes = mine[:start] + middle + mine[stop:]
    if math.prod(sizes) != lhs.numel():
        raise MXNetError(
            f"Cannot reshape lhs with shape {joined(mine)}to new shape {joined(sizes)} because they have "
            "different size."
        )
    return flat_of(lhs.reshape(sizes), rhs)


def moveaxis(tensor: NDArray, source: Sizes, destination: Sizes) -> NDArray:
    """Some axes moved to other places, the others in their order.

    Raises:
        ValueError: there is no such axis or place, one comes twice, or there are more of the one than of the
            other.
    """
    count = tensor.ndim
    order = [at + count if at < 0 else at for at in as_sizes(source)]
    places = [at + count if at < 0 else at for at in as_sizes(destination)]
    for at in order:
        if not 0 <= at < count:
            raise ValueError(
                f"Source should verify 0 <= source < tensor.ndimGot {at - count if at < 0 else at}"
            )
    for at in places:
        if not 0 <= at < count:
            raise ValueError(
                f"Destination should verify 0 <= destination < tensor.ndim ({count}).",
                f"Got {at - count if at < 0 else at}",
            )
    if len(set(order)) < len(order) or len(set(places)) < len(places):
        raise ValueError("repeated axis")
    if len(order) != len(places):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    axes = [at for at in range(tensor.ndim) if at not in order]
    for place, at in sorted(zip(places, order, strict=True)):
        axes.insert(place, at)
    moved: NDArray = OPERATORS["transpose"](tensor, axes)
    return moved


OPERATORS["moveaxis"] = moveaxis


@operator(method=True)
def shape_array(data: Tensor) -> Tensor:
    """The shape, as an array of int64."""
    return torch.tensor(tuple(data.shape), dtype=torch.int64, device=data.device)


@operator(method=True)
def size_array(data: Tensor) -> Tensor:
    """The number of elements, as an array of int64."""
    return torch.tensor([data.numel()], dtype=torch.int64, device=data.device)


@operator(method=True)
def zeros_like(data: Tensor) -> Tensor:
    """Zeros of the same shape and type."""
    return flat(torch.zeros_like(data), data)


@operator(method=True)
def ones_like(data: Tensor) -> Tensor:
    """Ones of the same shape and type."""
    return flat(torch.ones_like(data), data)


def _turned(self: NDArray) -> NDArray:
    turned: NDArray = OPERATORS["transpose"](self)
    return turned


for _name, _method in (
    ("reshape", _reshaped),
    ("T", property(_turned, doc="A copy with its axes in reverse order.")),
):
    if _name not in NDArray.__dict__:
        setattr(NDArray, _name, _method)
