"""A tensor's values for NumPy, piece by piece: what lies on the host without a copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from ...errors import DTypeError
from . import arrays

__all__ = ["pieces"]


def pieces(array: Any, elements: int) -> Iterator[np.ndarray[Any, Any]]:
    """The values that lie in this process; from a device so many elements at a time.

    Raises:
        DTypeError: they are no numbers that NumPy could read (quantised, made of other tensors).
    """
    part: Any = array.detach()
    if arrays.sharded(part):
        part = part.to_local()
    if part.layout != torch.strided:
        part = part.to_dense()
    if part.is_quantized or is_traceable_wrapper_subclass(part):
        raise DTypeError(f"a {type(array).__name__} of {part.dtype} cannot be read element by element")
    return _pieces(part, elements)


def _pieces(part: torch.Tensor, elements: int) -> Iterator[np.ndarray[Any, Any]]:
    part = part.resolve_conj().resolve_neg()
    if part.is_cpu:
        memory = arrays.fill_target(part)
        assert memory is not None  # plain, on the host
        yield memory
        return
    flat = part.reshape(-1)
    for start in range(0, len(flat), elements):
        memory = arrays.fill_target(flat[start : start + elements].cpu())
        assert memory is not None
        yield memory
