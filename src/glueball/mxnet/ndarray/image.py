"""`nd.image`: pictures (H, W, C) of whole numbers, and (C, H, W) of floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import torch

from ..base import MXNetError
from .missing import say_missing
from .ndarray import Tensor
from .register import OPERATORS, operator

__all__: list[str] = []


def __getattr__(name: str) -> NoReturn:
    say_missing("mxnet.ndarray.image", name)


@operator
def _image_to_tensor(data: Tensor) -> Tensor:
    """(H, W, C) or (N, H, W, C) of 0 to 255 as (…, C, H, W) of 0 to 1."""
    return data.movedim(-1, -3).to(torch.float32) / 255


@operator
def _image_normalize(
    data: Tensor, mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0
) -> Tensor:
    """(x − mean) / std for each channel of (…, C, H, W)."""
    if data.dim() not in (3, 4):
        raise MXNetError(f"Input tensor must have 3 or 4 dimensions, but got {data.dim()}")
    parts = [torch.tensor(x, dtype=data.dtype, device=data.device).reshape(-1, 1, 1) for x in (mean, std)]
    return (data - parts[0]) / parts[1]


@operator
def _image_flip_left_right(data: Tensor) -> Tensor:
    """(…, H, W, C) seen in a mirror."""
    return data.flip(-2)


@operator
def _image_flip_top_bottom(data: Tensor) -> Tensor:
    """(…, H, W, C) upside down."""
    return data.flip(-3)


@operator
def _image_crop(data: Tensor, x: int, y: int, width: int, height: int) -> Tensor:
    """The rectangle of (…, H, W, C) that begins at column `x` and row `y`."""
    if x + width > data.shape[-2] or y + height > data.shape[-3]:
        raise MXNetError("the rectangle reaches beyond the picture")
    return data[..., y : y + height, x : x + width, :]


_PREFIX = "_image_"
globals().update({name[len(_PREFIX) :]: f for name, f in OPERATORS.items() if name.startswith(_PREFIX)})
