"""Other shapes of the same elements: reshape, transpose, joining, repeating."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from ...base import MXNetError
from ..dtypes import numpy_type
from ..ndarray import NDArray, Tensor, raw, wrap
from ..register import OPERATORS, choice, joined, operator
from .binary import same_shapes, same_types
from .followed import flat

__all__ = ["new_shape"]

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


@operator(names=("flatten",))
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


def _in_range(axes: tuple[int, ...], count: int) -> None:
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
    _in_range(order, data.dim())
    return data.permute(order)


@operator(names=("swapaxes",))
def SwapAxis(data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
    """With two axes in each other's place."""
    for number, axis in enumerate((dim1, dim2), 1):
        if not -data.dim() <= axis < data.dim():
            raise MXNetError(
                f"axis{number} >= 0 && axis{number} < shape0.ndim(): axis {axis} is out of bounds for array "
                f"of ndim {data.dim()}"
            )
    return data.transpose(int(dim1), int(dim2))


@operator(names=("flip",))
def reverse(data: Tensor, axis: Sizes) -> Tensor:
    """Turned around along an axis or several."""
    axes = as_sizes(axis)
    if max(axes) >= data.dim():
        raise MXNetError(f"axis < ishape.ndim() ({max(axes)} vs. {data.dim()}) : ")
    _in_range(axes, data.dim())
    return data.flip(axes)


@operator(method=True)
def tile(data: Tensor, reps: Sizes) -> Tensor:
    """The array beside itself, `reps` times along each of the last axes."""
    return data.tile(as_sizes(reps)) if as_sizes(reps) else data.clone()


@operator(method=True)
def repeat(data: Tensor, repeats: int, axis: int | None = None) -> Tensor:
    """Each element several times, along an axis or (by default) flattened."""
    if axis is None:
        return data.reshape(-1).repeat_interleave(int(repeats))
    if not -data.dim() <= axis < data.dim():
        raise MXNetError(f"axis >= 0 && axis < ndims: axis = {axis} out of bounds")
    return data.repeat_interleave(int(repeats), int(axis))


# ---- broadcasting ------------------------------------------------------------------------------------


@operator
def broadcast_to(data: Tensor, shape: Sizes = ()) -> Tensor:
    """Axes of size 1 repeated to the sizes of `shape`, in which 0 stands for the present size."""
    sizes = as_sizes(shape)
    if len(sizes) != data.dim():
        raise MXNetError(f"Operand of shape {joined(data.shape)} cannot be broadcasted to {joined(sizes)}")
    sizes = tuple(new or old for new, old in zip(sizes, data.shape, strict=True))
    if any(old not in (1, new) for new, old in zip(sizes, data.shape, strict=True)):
        raise MXNetError(f"Array cannot be broadcasted from {joined(data.shape)} to {joined(sizes)}")
    return data.expand(sizes)


def _broadcast_to(self: NDArray, shape: Sizes) -> NDArray:
    """Axes of size 1, and new ones before them, repeated to a shape: a copy."""
    sizes = as_sizes(shape)
    missing = len(sizes) - self.ndim
    try:
        if missing < 0:
            raise RuntimeError
        wanted = tuple(new or old for new, old in zip(sizes, (1,) * missing + self.shape, strict=True))
        return wrap(raw(self).expand(wanted).clone(memory_format=torch.contiguous_format), self._context)
    except RuntimeError:
        raise ValueError(
            f"operands could not be broadcast together with remapped shapes[original->remapped]: "
            f"{self.shape} and requested shape {sizes}"
        ) from None


@operator(names=("broadcast_axes",), method=True)
def broadcast_axis(data: Tensor, axis: Sizes = (), size: Sizes = ()) -> Tensor:
    """Axes of size 1 repeated to the sizes given."""
    sizes = list(data.shape)
    chosen, wanted = as_sizes(axis), as_sizes(size)
    if len(chosen) != len(wanted):
        raise MXNetError(f"param.axis.ndim() == param.size.ndim() ({len(chosen)} vs. {len(wanted)}) : ")
    _in_range(chosen, data.dim())
    for at, new in zip(chosen, wanted, strict=True):
        if data.shape[at] != 1:
            raise MXNetError(f"Broadcasting axis must have size 1 ({data.shape[at]} vs. 1)")
        sizes[at] = new
    return data.expand(sizes)


@operator(method=True)
def broadcast_like(
    lhs: Tensor, rhs: Tensor, lhs_axes: Sizes | None = None, rhs_axes: Sizes | None = None
) -> Tensor:
    """Axes of size 1 repeated to the sizes that another array has, in all axes or in those given."""
    if lhs_axes is None or rhs_axes is None:
        if lhs.dim() != rhs.dim():
            raise MXNetError(
                f"Operand of shape {joined(lhs.shape)} cannot be broadcasted to {joined(rhs.shape)}"
            )
        wanted = list(rhs.shape)
    else:
        wanted = list(lhs.shape)
        for mine, its in zip(as_sizes(lhs_axes), as_sizes(rhs_axes), strict=True):
            wanted[mine] = rhs.shape[its]
    if any(old not in (1, new) for new, old in zip(wanted, lhs.shape, strict=True)):
        raise MXNetError(f"Array cannot be broadcasted from {joined(lhs.shape)} to {joined(wanted)}")
    return flat_of(lhs.expand(wanted), rhs)


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


# ---- joining and splitting ---------------------------------------------------------------------------


@operator(names=("concat",))
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


@operator
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


@operator(names=("split",))
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


# ---- blocks of space ---------------------------------------------------------------------------------


@operator(method=True)
def depth_to_space(data: Tensor, block_size: int) -> Tensor:
    """(N, C, H, W) to (N, C/b², H·b, W·b); the depth's slowest part counts the rows of a block."""
    if data.dim() != 4:
        raise MXNetError("Operation Depth To Space requires exactly 4D tensor")
    n, c, h, w = data.shape
    b = int(block_size)
    return (
        data.reshape(n, b, b, c // b**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b**2, h * b, w * b)
    )


@operator(method=True)
def space_to_depth(data: Tensor, block_size: int) -> Tensor:
    """(N, C, H, W) to (N, C·b², H/b, W/b); what `depth_to_space` undoes."""
    if data.dim() != 4:
        raise MXNetError("Operation Space To Depth requires exactly 4D tensor")
    n, c, h, w = data.shape
    b = int(block_size)
    return (
        data.reshape(n, c, h // b, b, w // b, b)
        .permute(0, 3, 5, 1, 2, 4)
        .reshape(n, c * b**2, h // b, w // b)
    )


@operator(names=("pad",))
def Pad(data: Tensor, mode: str, pad_width: Sequence[int], constant_value: float = 0.0) -> Tensor:
    """More elements before and after, along all axes but the first two.

    Args:
        data: of 4 or 5 dimensions.
        mode: "constant", "edge" (the nearest element) or "reflect" (mirrored, the edge not repeated).
        pad_width: before and after, for each axis; zeros for the first two.
        constant_value: what "constant" puts there.
    """
    if data.dim() not in (4, 5):
        raise MXNetError("Current implementation only supports 4-D or 5-D input.")
    widths = as_sizes(pad_width)
    if any(widths[:4]):
        raise MXNetError("Current implementation expects padding on the first two axes to be zero.")
    names = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}
    choice("Pad", "mode", mode, names, pad_width=tuple(pad_width))
    pairs = [widths[at : at + 2] for at in range(len(widths) - 2, 2, -2)]
    ends = [width for pair in pairs for width in pair]
    value = constant_value if mode == "constant" else None
    return torch.nn.functional.pad(data, ends, names[mode], value)


# ---- shapes themselves, and arrays shaped like others ------------------------------------------------


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
    ("broadcast_to", _broadcast_to),
    ("flatten", OPERATORS["flatten"]),
    ("flip", OPERATORS["flip"]),
    ("pad", OPERATORS["pad"]),
    ("split", OPERATORS["split"]),
    ("swapaxes", OPERATORS["swapaxes"]),
    ("T", property(_turned, doc="A copy with its axes in reverse order.")),
):
    if _name not in NDArray.__dict__:
        setattr(NDArray, _name, _method)
