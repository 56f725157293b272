"""Operators of `nd.contrib`; their names have the prefix `_contrib_`, as MXNet's own have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from ...base import MXNetError
from ..arguments import choice
from ..followed import flat
from ..ndarray import Tensor
from ..register import operator
from .outputs import CTCLoss
from .selecting import whole
from .shaping import as_sizes

__all__: list[str] = []


# ---- element by element ------------------------------------------------------------------------------


@operator
def _contrib_div_sqrt_dim(data: Tensor) -> Tensor:
    """Divided by the root of the last axis's size."""
    return data / math.sqrt(data.shape[-1])


@operator
def _contrib_quadratic(data: Tensor, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """a·x² + b·x + c."""
    return a * data * data + b * data + c


class _Scaled(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor, scalar: float) -> Tensor:
        return data.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.scalar = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0] * ctx.scalar, None


@operator
def _contrib_gradientmultiplier(data: Tensor, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    """The values; their gradient is multiplied by `scalar`."""
    result: Tensor = _Scaled.apply(data, float(scalar))  # type: ignore[no-untyped-call]
    return result


@operator
def _contrib_round_ste(data: Tensor) -> Tensor:
    """Rounded to the nearest integer, with the gradient of the identity."""
    whole_part = data.trunc()
    rounded = torch.where((data - whole_part).abs() >= 0.5, whole_part + data.sign(), whole_part)
    return _straight(data, rounded)


@operator
def _contrib_sign_ste(data: Tensor) -> Tensor:
    """The sign, with the gradient of the identity."""
    return _straight(data, data.sign())


class _Straight(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor, result: Tensor) -> Tensor:
        return result.view_as(result)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0], None


def _straight(data: Tensor, result: Tensor) -> Tensor:
    followed: Tensor = _Straight.apply(data, result.detach())  # type: ignore[no-untyped-call]
    return followed


@operator
def _contrib_allclose(
    a: Tensor, b: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True
) -> Tensor:
    """1 where |a − b| ≤ atol + rtol·|b| everywhere, else 0."""
    close = torch.allclose(a, b, rtol, atol, bool(equal_nan))
    return torch.tensor([int(close)], dtype=torch.uint8, device=a.device)


@operator
def _contrib_arange_like(
    data: Tensor,
    start: float = 0.0,
    step: float = 1.0,
    repeat: int = 1,
    ctx: Any = None,
    axis: int | None = None,
) -> Tensor:
    """`start`, `start` + `step`, … in the shape of an array, or as many as one of its axes has."""
    count = data.numel() if axis is None else data.shape[axis]
    numbers = torch.arange(-(-count // repeat), device=data.device).repeat_interleave(repeat)[:count]
    values = (start + step * numbers).to(data.dtype)
    return flat(values if axis is not None else values.reshape(data.shape), data)


# ---- selecting ---------------------------------------------------------------------------------------


@operator
def _contrib_boolean_mask(data: Tensor, index: Tensor, axis: int = 0) -> Tensor:
    """The slices of the first axis whose index is not 0."""
    if axis != 0:
        raise MXNetError(f"axis == 0 ({axis} vs. 0) : Not supported yet")
    if index.dim() != 1 or index.shape[0] != data.shape[0]:
        raise MXNetError(f"data.shape()[axis] == idx.shape()[0] ({data.shape[0]} vs. {index.shape[0]}) : ")
    return data[index != 0]


@operator
def _contrib_index_copy(old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor) -> Tensor:
    """The old array with some slices of its first axis replaced by those of a new one."""
    if index_vector.shape[0] != new_tensor.shape[0]:
        raise MXNetError(
            f"in_attrs->at(1)[0] == in_attrs->at(2)[0] ({index_vector.shape[0]} vs. {new_tensor.shape[0]}) : "
        )
    return old_tensor.index_copy(0, whole(index_vector), new_tensor)


@operator
def _contrib_index_array(data: Tensor, axes: int | Sequence[int] | None = None) -> Tensor:
    """Each element's own indices, in a new last axis; of all axes or of those given."""
    grids = torch.meshgrid(*(torch.arange(size, device=data.device) for size in data.shape), indexing="ij")
    chosen = range(data.dim()) if axes is None else as_sizes(axes)
    return torch.stack([grids[axis] for axis in chosen], -1)


# ---- planes ------------------------------------------------------------------------------------------


@operator
def _contrib_AdaptiveAvgPooling2D(data: Tensor, output_size: int | Sequence[int] = ()) -> Tensor:
    """Means over as many parts of the plane as wanted, one by default."""
    sizes = as_sizes(output_size) or (1, 1)
    return functional.adaptive_avg_pool2d(data, (sizes[0], sizes[-1]))


@operator
def _contrib_BilinearResize2D(
    data: Tensor,
    like: Tensor | None = None,
    height: int = 1,
    width: int = 1,
    scale_height: float | None = None,
    scale_width: float | None = None,
    mode: str = "size",
    align_corners: bool = True,
) -> Tensor:
    """Planes of another size, with values between the old ones.

    Args:
        data: (N, C, H, W).
        like: an array whose planes' size is taken, in the mode "like".
        height: of the new planes.
        width: likewise.
        scale_height: a factor instead of `height`.
        scale_width: likewise.
        mode: "size", or "like".
        align_corners: whether the corners' values stay.
    """
    choice("_contrib_BilinearResize2D", "mode", mode, ("like", "size"))
    size = (int(height), int(width))
    if mode == "like" and like is not None:
        size = (like.shape[2], like.shape[3])
    elif scale_height is not None and scale_width is not None:
        size = (int(data.shape[2] * scale_height), int(data.shape[3] * scale_width))
    return functional.interpolate(data, size, mode="bilinear", align_corners=bool(align_corners))


@operator
def _contrib_box_iou(lhs: Tensor, rhs: Tensor, format: str = "corner") -> Tensor:
    """The shared area of boxes divided by their joint area, each on the left with each on the right.

    Args:
        lhs: boxes, (…, 4).
        rhs: boxes, (…, 4).
        format: "corner" (left, top, right, bottom) or "center" (x, y, width, height).
    """
    choice("_contrib_box_iou", "format", format, ("center", "corner"))
    sides = []
    for boxes in (lhs, rhs):
        if boxes.dim() < 2:
            raise MXNetError(f"must have dim >= 2 {boxes.dim()} provided")
        if format == "center":
            boxes = torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)
        sides.append(boxes.reshape(-1, 4))
    a, b = sides[0][:, None], sides[1][None, :]
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp_min(0)
    inner = shared.prod(-1)
    areas = [(x[..., 2:] - x[..., :2]).clamp_min(0).prod(-1) for x in (a, b)]
    joint = areas[0] + areas[1] - inner
    ratio = torch.where(joint > 0, inner / joint, 0.0)
    return ratio.reshape(*lhs.shape[:-1], *rhs.shape[:-1])


operator(names=("_contrib_ctc_loss", "_contrib_CTCLoss"))(CTCLoss.__wrapped__)  # type: ignore[attr-defined]


# ---- attention ---------------------------------------------------------------------------------------


def _heads(joined_up: Tensor, heads: int, parts: int) -> list[Tensor]:
    """(length, batch, heads · parts · size) as parts of (batch · heads, length, size)."""
    length, batch, _ = joined_up.shape
    split = joined_up.reshape(length, batch, heads, parts, -1)
    return [split[:, :, :, at].permute(1, 2, 0, 3).reshape(batch * heads, length, -1) for at in range(parts)]


def _merged(values: Tensor, heads: int) -> Tensor:
    """(batch · heads, length, size) as (length, batch, heads · size)."""
    rows, length, size = values.shape
    split = values.reshape(rows // heads, heads, length, size)
    return split.permute(2, 0, 1, 3).reshape(length, rows // heads, heads * size)


@operator
def _contrib_interleaved_matmul_selfatt_qk(queries_keys_values: Tensor, heads: int) -> Tensor:
    """Scores of attention, q · kᵀ / √size, of projections that lie side by side."""
    query, key, _ = _heads(queries_keys_values, int(heads), 3)
    return query @ key.mT / math.sqrt(query.shape[-1])


@operator
def _contrib_interleaved_matmul_selfatt_valatt(
    queries_keys_values: Tensor, attention: Tensor, heads: int
) -> Tensor:
    """Attention's weights times the values of projections that lie side by side."""
    return _merged(attention @ _heads(queries_keys_values, int(heads), 3)[2], int(heads))


@operator
def _contrib_interleaved_matmul_encdec_qk(queries: Tensor, keys_values: Tensor, heads: int) -> Tensor:
    """Scores of attention to another sequence, q · kᵀ / √size."""
    query = _heads(queries, int(heads), 1)[0]
    return query @ _heads(keys_values, int(heads), 2)[0].mT / math.sqrt(query.shape[-1])


@operator
def _contrib_interleaved_matmul_encdec_valatt(keys_values: Tensor, attention: Tensor, heads: int) -> Tensor:
    """Attention's weights times the values of another sequence."""
    return _merged(attention @ _heads(keys_values, int(heads), 2)[1], int(heads))
