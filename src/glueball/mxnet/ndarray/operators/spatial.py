"""Operators on planes: enlarging, sampling at other places."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from ...base import MXNetError
from ..arguments import choice, joined
from ..ndarray import Tensor
from ..register import operator

__all__: list[str] = []


@operator
def UpSampling(
    *data: Tensor,
    scale: int,
    sample_type: str,
    num_filter: int = 0,
    multi_input_mode: str = "concat",
    num_args: int | None = None,
    workspace: int = 512,
) -> Tensor:
    """Planes enlarged.

    Args:
        data: (N, C, H, W); several are enlarged to the size of the first and joined. For "bilinear" the
            second is the weight of the transposed convolution that does it.
        scale: how many times.
        sample_type: "nearest" or "bilinear".
        num_filter: channels, for "bilinear".
        multi_input_mode: how several are joined: "concat" along the channels, or "sum".
        num_args: how many arrays.
        workspace: MXNet's hint; without effect here.
    """
    choice("UpSampling", "sample_type", sample_type, ("bilinear", "nearest"))
    factor = int(scale)
    if sample_type == "bilinear":
        plane, weight = data
        size = 2 * factor - factor % 2
        pad = -(-(factor - 1) // 2)
        if tuple(weight.shape[2:]) != (size, size):
            raise MXNetError(
                f"Shape inconsistent, Provided = {joined(weight.shape)}, inferred shape="
                f"({plane.shape[1]},1,{size},{size})"
            )
        return functional.conv_transpose2d(plane, weight, None, factor, pad, 0, plane.shape[1])
    height = data[0].shape[2] * factor
    parts = [functional.interpolate(x, scale_factor=height // x.shape[2], mode="nearest") for x in data]
    if len(parts) == 1:
        return parts[0]
    return sum(parts[1:], parts[0]) if multi_input_mode == "sum" else torch.cat(parts, 1)


@operator
def BilinearSampler(data: Tensor, grid: Tensor, cudnn_off: bool = False) -> Tensor:
    """Values between pixels: `grid` (N, 2, H, W) says x and y of each, from −1 to 1; 0 beyond."""
    places = grid.permute(0, 2, 3, 1)
    return functional.grid_sample(data, places, "bilinear", "zeros", align_corners=True)


@operator
def GridGenerator(data: Tensor, transform_type: str, target_shape: Sequence[int] = (0, 0)) -> Tensor:
    """A grid for `BilinearSampler`: of an affine map (N, 6), or of a flow (N, 2, H, W) ("warp")."""
    choice("GridGenerator", "transform_type", transform_type, ("affine", "warp"))
    if transform_type == "affine":
        height, width = map(int, target_shape)
        base = _plane(height, width, data)
        matrix = data.reshape(-1, 2, 3)
        return (matrix @ base.reshape(3, -1)).reshape(-1, 2, height, width)
    height, width = data.shape[2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=data.device, dtype=data.dtype),
        torch.arange(width, device=data.device, dtype=data.dtype),
        indexing="ij",
    )
    moved = data + torch.stack([x, y])
    halves = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=data.device, dtype=data.dtype)
    return moved / halves.reshape(1, 2, 1, 1) - 1


def _plane(height: int, width: int, like: Tensor) -> Tensor:
    """x, y and 1 of each pixel, from −1 to 1."""
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, height, device=like.device, dtype=like.dtype),
        torch.linspace(-1, 1, width, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return torch.stack([x, y, torch.ones_like(x)])


@operator
def SpatialTransformer(
    data: Tensor,
    loc: Tensor,
    target_shape: Sequence[int] = (0, 0),
    transform_type: str = "affine",
    sampler_type: str = "bilinear",
    cudnn_off: bool = False,
) -> Tensor:
    """Planes seen through an affine map (N, 6); Jaderberg et al. (2015)."""
    height, width = (int(new) or old for new, old in zip(target_shape, data.shape[2:], strict=True))
    grid = (loc.reshape(-1, 2, 3) @ _plane(height, width, loc).reshape(3, -1)).reshape(-1, 2, height, width)
    return functional.grid_sample(data, grid.permute(0, 2, 3, 1), "bilinear", "zeros", align_corners=True)


@operator
def im2col(
    data: Tensor,
    kernel: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    dilate: int | Sequence[int] = 1,
    pad: int | Sequence[int] = 0,
) -> Tensor:
    """The windows of planes (N, C, H, W) as columns (N, C·kernel, windows)."""
    return functional.unfold(data, _pair(kernel), _pair(dilate), _pair(pad), _pair(stride))


@operator
def col2im(
    data: Tensor,
    output_size: Sequence[int],
    kernel: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    dilate: int | Sequence[int] = 1,
    pad: int | Sequence[int] = 0,
) -> Tensor:
    """Columns added up where their windows lay: what `im2col` has as its transpose."""
    return functional.fold(data, _pair(output_size), _pair(kernel), _pair(dilate), _pair(pad), _pair(stride))


def _pair(value: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(map(int, value)) if isinstance(value, (list, tuple)) else (int(value),) * 2  # type: ignore[arg-type]
