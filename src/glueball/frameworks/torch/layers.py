"""What glueball knows of torch's layers: the fans of their weights."""

from __future__ import annotations

import math
from typing import Any

from torch.nn.modules.conv import _ConvNd

__all__ = ["fans"]


def fans(owner: Any, attribute: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(fan_in, fan_out): the inputs that one output sums over, the outputs that one input reaches.

    torch keeps weights as (outputs, inputs, *kernel), a transposed convolution's as (inputs, outputs,
    *kernel); a convolution in groups connects each input with its group's outputs alone. This is
    `torch.nn.init`'s own count for one group and no transposition. None below two dimensions.
    """
    if len(shape) < 2:
        return None
    kernel = math.prod(shape[2:])
    if attribute == "weight" and isinstance(owner, _ConvNd):
        if owner.transposed:
            return shape[0] // owner.groups * kernel, shape[1] * kernel
        return shape[1] * kernel, shape[0] // owner.groups * kernel
    return shape[1] * kernel, shape[0] * kernel
