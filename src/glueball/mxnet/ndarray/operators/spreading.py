"""The same elements at more places: tiles, repeats, broadcasts, padding, blocks of space."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...base import MXNetError
from ..arguments import choice, joined
from ..graph import raw
from ..ndarray import NDArray, Tensor, wrap
from ..register import operator
from .shaping import Sizes, as_sizes, flat_of, in_range

__all__: list[str] = []


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


@operator(names=("broadcast_axes",), method="broadcast_axes")
def broadcast_axis(data: Tensor, axis: Sizes = (), size: Sizes = ()) -> Tensor:
    """Axes of size 1 repeated to the sizes given."""
    sizes = list(data.shape)
    chosen, wanted = as_sizes(axis), as_sizes(size)
    if len(chosen) != len(wanted):
        raise MXNetError(f"param.axis.ndim() == param.size.ndim() ({len(chosen)} vs. {len(wanted)}) : ")
    in_range(chosen, data.dim())
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


if "broadcast_to" not in NDArray.__dict__:
    setattr(NDArray, "broadcast_to", _broadcast_to)  # noqa: B010


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


@operator(names=("pad",), method="pad")
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
