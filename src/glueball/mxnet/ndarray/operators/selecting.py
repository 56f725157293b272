"""Elements chosen by indices and by masks, and indices made into elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ...base import MXNetError
from ..arguments import choice, count_arrays, joined
from ..dtypes import numpy_type, torch_dtype
from ..followed import flat
from ..graph import writable
from ..ndarray import NDArray, Tensor
from ..register import OPERATORS, operator
from .shaping import as_sizes

__all__ = ["whole"]


def whole(indices: Tensor) -> Tensor:
    """Indices as whole numbers; MXNet's are mostly floats."""
    return indices if indices.dtype is torch.int64 else indices.to(torch.int64)


def _inside(operator_name: str, indices: Tensor, size: int, mode: str) -> Tensor:
    """Indices brought between 0 and `size` by "clip", "wrap" or an error ("raise")."""
    choice(operator_name, "mode", mode, ("clip", "raise", "wrap"))
    places = whole(indices)
    if mode == "wrap":
        return places.remainder(size)
    if mode == "raise" and places.numel() and not bool(((places >= -size) & (places < size)).all()):
        raise MXNetError(f"is_valid: {operator_name} operator contains indices out of bound")
    return places.remainder(size) if mode == "raise" else places.clamp(0, size - 1)


def _axis(data: Tensor, axis: int) -> int:
    if not -data.dim() <= axis < data.dim():
        raise MXNetError("Axis should be in the range of [-r, r-1] where r is the rank of input tensor")
    return axis % data.dim()


@operator
def take(a: Tensor, indices: Tensor, axis: int = 0, mode: str = "clip") -> Tensor:
    """Slices of an array along an axis.

    Args:
        a: the array.
        indices: which slices; their axes stand in the place of `axis`.
        axis: along which.
        mode: what an index outside does: "clip" to the nearest, "wrap" around, "raise" an error.
    """
    at = _axis(a, int(axis))
    places = _inside("take", indices, a.shape[at], mode)
    chosen = a.index_select(at, places.reshape(-1))
    return flat_index(chosen.reshape(*a.shape[:at], *places.shape, *a.shape[at + 1 :]), indices)


def flat_index(result: Tensor, indices: Tensor) -> Tensor:
    """A result, followed to the indices too where they are variables: they get zeros."""
    if torch.is_grad_enabled() and indices.requires_grad and result.is_floating_point():
        return result + flat(torch.zeros_like(result), indices)
    return result


if "take" not in NDArray.__dict__:
    setattr(NDArray, "take", OPERATORS["take"])  # noqa: B010


@operator
def batch_take(a: Tensor, indices: Tensor) -> Tensor:
    """One element of each row."""
    if indices.dtype is not torch.int32:
        kind = numpy_type(indices.dtype).__name__
        raise MXNetError(f"Type inconsistent, Provided = {kind}, inferred type = int32")
    return a.gather(1, _inside("take", indices, a.shape[1], "clip").reshape(-1, 1)).reshape(-1)


@operator(names=("choose_element_0index",), method=True)
def pick(
    data: Tensor, index: Tensor, axis: int | None = -1, keepdims: bool = False, mode: str = "clip"
) -> Tensor:
    """One element along an axis for each place in the other axes.

    Args:
        data: the elements.
        index: which one; of the shape of `data` without `axis`, or with size 1 there.
        axis: along which.
        keepdims: whether the axis stays, with size 1.
        mode: what an index outside does: "clip" or "wrap".
    """
    if axis is None:
        raise MXNetError("axis=None is not supported by pick yet. Must specify an axis.")
    if not -data.dim() <= axis < data.dim():
        raise MXNetError(f"axis {axis} exceeds the input dimension of {data.dim()}")
    at = axis % data.dim()
    kept = [1 if x == at else size for x, size in enumerate(data.shape)]
    dropped = [size for x, size in enumerate(data.shape) if x != at]
    if list(index.shape) not in (kept, dropped) and not (not dropped and index.numel() == 1):
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(index.shape)}, inferred shape={joined(dropped)}"
        )
    places = _inside("pick", index, data.shape[at], mode).reshape(kept)
    chosen = data.gather(at, places)
    return flat_index(chosen if keepdims else chosen.squeeze(at), index)


@operator
def fill_element_0index(lhs: Tensor, mhs: Tensor, rhs: Tensor) -> Tensor:
    """`lhs` with one element of each row replaced: by `mhs`, in the column that `rhs` says."""
    return lhs.scatter(1, whole(rhs).reshape(-1, 1), mhs.reshape(-1, 1))


@operator
def gather_nd(data: Tensor, indices: Tensor) -> Tensor:
    """Elements or slices at places given by columns of indices; the k-th row indexes the k-th axis."""
    places = whole(indices)
    for axis in range(places.shape[0]):
        size = data.shape[axis]
        outside = (places[axis] < -size) | (places[axis] >= size)
        if bool(outside.any()):
            wrong = int(places[axis][outside][0])
            raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {size}")
    return data[tuple(places)]


def _flat_places(indices: Tensor, shape: tuple[int, ...]) -> Tensor:
    places = whole(indices)
    sizes = shape[: places.shape[0]]
    strides = [math.prod(sizes[at + 1 :]) for at in range(len(sizes))]
    total = torch.zeros(places.shape[1:], dtype=torch.int64, device=places.device)
    for row, stride in zip(places, strides, strict=True):
        total = total + row * stride
    return total.reshape(-1)


@operator
def scatter_nd(data: Tensor, indices: Tensor, shape: int | Sequence[int]) -> Tensor:
    """Zeros of a shape, with elements or slices put where columns of indices say; the last one stays."""
    sizes = as_sizes(shape)
    depth = indices.shape[0]
    rows, rest = math.prod(sizes[:depth]), sizes[depth:]
    values = data.reshape(-1, *rest)
    places = _flat_places(indices, sizes)
    into = torch.zeros((rows, *rest), dtype=data.dtype, device=data.device)
    return into.index_put((places,), values).reshape(sizes)


@operator(method=True)
def one_hot(
    indices: Tensor, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: Any = "float32"
) -> Tensor:
    """A new last axis with `on_value` at the index and `off_value` elsewhere; all off for one outside."""
    if depth < 0:
        raise MXNetError("Dimension size, depth, must be a non-negative integer")
    wanted = torch_dtype(dtype)
    columns = torch.arange(int(depth), device=indices.device)
    hit = whole(indices).unsqueeze(-1) == columns
    values = [torch.tensor(value, device=indices.device).to(wanted) for value in (on_value, off_value)]
    return flat(torch.where(hit, values[0], values[1]), indices)


@operator
def Embedding(
    data: Tensor,
    weight: Tensor,
    input_dim: int,
    output_dim: int,
    dtype: Any = "float32",
    sparse_grad: bool = False,
) -> Tensor:
    """Rows of a table: `weight[data]`; indices outside go to the nearest row.

    Args:
        data: which rows, of any shape.
        weight: the table, (input_dim, output_dim).
        input_dim: how many rows there are.
        output_dim: how long each is.
        dtype: of the table.
        sparse_grad: MXNet's hint; gradients are dense here.
    """
    wanted = (int(input_dim), int(output_dim))
    if tuple(weight.shape) != wanted:
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(weight.shape)}, inferred shape=({wanted[0]},{wanted[1]})"
        )
    places = whole(data).clamp(0, wanted[0] - 1)
    return flat_index(torch.nn.functional.embedding(places, weight), data)


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Write rows of zeros with a 1 at the index into `out`."""
    writable(out).copy_(OPERATORS["one_hot"](indices, out.shape[1])._tensor)
    return out


OPERATORS["onehot_encode"] = onehot_encode


# ---- sequences ---------------------------------------------------------------------------------------


def _within(data: Tensor, length: Tensor, axis: int) -> Tensor:
    """Which elements lie inside their sequence; time is axis 0 or 1, the batch is the other."""
    steps = torch.arange(data.shape[axis], device=data.device)
    mask = steps[:, None] < whole(length)[None, :] if axis == 0 else steps[None, :] < whole(length)[:, None]
    return mask.reshape(*mask.shape, *[1] * (data.dim() - 2))


def _sequences(data: Tensor, length: Tensor | None, axis: int, axes: tuple[int, ...] = (0, 1)) -> None:
    """Refuse what is no batch of sequences along an axis.

    Raises:
        MXNetError: there is no batch, the axis is not one of `axes`, or the lengths do not fit.
    """
    if data.dim() < 2:
        raise MXNetError("The data array must be of rank 2 or greater.")
    if axis not in axes:
        raise MXNetError(f"Current implementation expects axis to be {' or '.join(map(str, axes))}.")
    if length is not None and tuple(length.shape) != (data.shape[1 - axis],):
        raise MXNetError(
            f"Shape inconsistent, Provided = {joined(length.shape)}, inferred shape=({data.shape[1 - axis]},)"
        )


@operator
def SequenceMask(
    data: Tensor,
    sequence_length: Tensor | None = None,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
) -> Tensor:
    """Sequences with `value` from their ends on.

    Args:
        data: (time, batch, …), or with `axis` 1 (batch, time, …).
        sequence_length: each one's length, where `use_sequence_length` is set.
        use_sequence_length: whether the lengths count; else nothing changes.
        value: what is put there.
        axis: the one of time.
    """
    count_arrays("SequenceMask", 1, sequence_length, bool(use_sequence_length))
    _sequences(data, sequence_length, axis)
    if sequence_length is None:
        return data.clone()
    return data.masked_fill(~_within(data, sequence_length, int(axis)), value)


@operator
def SequenceLast(
    data: Tensor, sequence_length: Tensor | None = None, use_sequence_length: bool = False, axis: int = 0
) -> Tensor:
    """Each sequence's last element, the axis of time (0 or 1) gone."""
    axis = int(axis)
    count_arrays("SequenceLast", 1, sequence_length, bool(use_sequence_length))
    _sequences(data, sequence_length, axis)
    if sequence_length is None:
        return data.select(axis, data.shape[axis] - 1)
    batch = torch.arange(data.shape[1 - axis], device=data.device)
    last = whole(sequence_length) - 1
    return data[last, batch] if axis == 0 else data[batch, last]


@operator
def SequenceReverse(
    data: Tensor, sequence_length: Tensor | None = None, use_sequence_length: bool = False, axis: int = 0
) -> Tensor:
    """Each sequence (along the first axis) turned around, what lies beyond its end left there."""
    count_arrays("SequenceReverse", 1, sequence_length, bool(use_sequence_length))
    _sequences(data, sequence_length, axis, axes=(0,))
    if sequence_length is None:
        return data.flip(0)
    steps = torch.arange(data.shape[0], device=data.device)[:, None]
    length = whole(sequence_length)[None, :]
    source = torch.where(steps < length, length - 1 - steps, steps)
    return data[source, torch.arange(data.shape[1], device=data.device)[None, :]]


# ---- places ------------------------------------------------------------------------------------------


@operator
def unravel_index(data: Tensor, shape: int | Sequence[int]) -> Tensor:
    """Places in a flattened array as indices of a shape, one row for each axis."""
    sizes = as_sizes(shape)
    rest, rows = whole(data), []
    for at in range(len(sizes) - 1, 0, -1):
        rows.append(rest % sizes[at])
        rest = rest // sizes[at]
    rows.append(rest)
    return torch.stack(rows[::-1]).to(data.dtype)


@operator
def ravel_multi_index(data: Tensor, shape: int | Sequence[int]) -> Tensor:
    """Indices of a shape, one row for each axis, as places in the flattened array."""
    sizes = as_sizes(shape)
    return _flat_places(data, sizes).reshape(data.shape[1:]).to(data.dtype)
