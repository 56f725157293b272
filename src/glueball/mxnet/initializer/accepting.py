"""All else that a user may give for an initializer where MXNet raised: numbers, arrays, other kinds.

What draws on glueball's own streams (an initializer of glueball's, a function of torch.nn.init, …) draws
under a seed that is taken from MXNet's generator: `mx.random.seed` decides, and the next parameter gets
other values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...errors import InitializerError
from ...init import as_initializer
from ...parameters.initialising.filling import Later
from ..ndarray import NDArray, random
from ..ndarray.graph import writable
from .base import Initializer
from .basic import Constant
from .choosing import Load, Mixed
from .registry import create

__all__ = ["chosen"]


def chosen(init: Any) -> Initializer:
    """An initializer from whatever stands for one.

    Args:
        init: one of MXNet's (or its name), a number, an array, an initializer of
            glueball's or another framework's, a function that fills an array.

    Raises:
        AssertionError: a name that nothing is registered by, or nothing of these.
    """
    if isinstance(init, Initializer):
        return init
    if isinstance(init, str):
        return create(init)
    if isinstance(init, (NDArray, np.ndarray, np.generic, int, float, list, tuple)):
        return Constant(init)
    if isinstance(init, torch.Tensor):
        return Constant(NDArray(init.detach()))
    # `Mixed` and `Load` are called with a name, and Gluon's initializers are not: MXNet refuses them here.
    assert init is not None and not isinstance(init, (type, Mixed, Load)), (
        "initializer must be of string type"
    )
    return _Streamed(init)


class _Streamed(Initializer):
    """What glueball takes for an initializer, filled as glueball fills."""

    def __init__(self, how: Any) -> None:
        super().__init__()
        try:
            self._how = as_initializer(how)
        except InitializerError as error:
            raise AssertionError(
                f"initializer must be of string type, or what stands for one: {error}"
            ) from error

    def _init_weight(self, name: str, arr: NDArray) -> None:
        seed = int.from_bytes(random.uniform(shape=(2,)).asnumpy().tobytes(), "little")
        holder = torch.nn.Module()
        holder.weight = torch.nn.Parameter(writable(arr), requires_grad=False)
        Later(self._how, "*", seed, str(name))(holder.weight, holder, "weight")
