"""Arrays in the memory of other libraries: NumPy, torch, and whoever speaks DLPack."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.dlpack import from_dlpack as dlpack_of

from .creation import array
from .ndarray import NDArray

__all__ = ["from_dlpack", "from_numpy", "from_torch", "to_dlpack_for_read", "to_dlpack_for_write"]


def from_numpy(ndarray: np.ndarray[Any, Any], zero_copy: bool = True) -> NDArray:
    """An array in the memory of a NumPy array, which can then no longer be written to by NumPy.

    Args:
        ndarray: unbroken in C order.
        zero_copy: whether to share the memory; a copy without.

    Raises:
        ValueError: it is not in C order, or MXNet has no such type.
    """
    if not ndarray.flags["C_CONTIGUOUS"] and zero_copy:
        raise ValueError("Only c-contiguous arrays are supported for zero-copy")
    if ndarray.dtype.name not in _KINDS:
        raise ValueError(f"{ndarray.dtype.name} is not supported.")
    if not zero_copy:
        return array(ndarray, dtype=ndarray.dtype)
    shared = torch.from_numpy(ndarray) if ndarray.flags.writeable else _of_read_only(ndarray)
    ndarray.flags.writeable = False
    return NDArray(shared)


_KINDS = {"float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool"}


def _of_read_only(ndarray: np.ndarray[Any, Any]) -> torch.Tensor:
    """Torch's tensor in memory that NumPy holds for read-only, as after an earlier `from_numpy`."""
    pointer = ndarray.__array_interface__
    holder = type("Holder", (), {"__array_interface__": {**pointer, "data": (pointer["data"][0], False)}})()
    holder.kept = ndarray
    return torch.from_numpy(np.asarray(holder))


def from_torch(tensor: torch.Tensor) -> NDArray:
    """An array around a torch tensor: the same memory, and the same graph where it has one.

    >>> import torch
    >>> from glueball.mxnet import nd
    >>> tensor = torch.zeros(2)
    >>> nd.from_torch(tensor)[:] = 3
    >>> tensor
    tensor([3., 3.])
    """
    return NDArray(tensor)


def from_dlpack(dlpack: Any) -> NDArray:
    """An array in memory of another library.

    Args:
        dlpack: a DLPack capsule that nobody took yet, or anything that gives one (`__dlpack__`).

    >>> import numpy as np
    >>> from glueball.mxnet import nd
    >>> numbers = np.zeros(2)
    >>> nd.from_dlpack(numbers)[:] = 3
    >>> numbers
    array([3., 3.])
    """
    assert hasattr(dlpack, "__dlpack__") or 'capsule object "dltensor"' in repr(dlpack), (
        "Invalid DLPack Tensor. DLTensor capsules can be consumed only once."
    )
    return NDArray(dlpack_of(dlpack))


def to_dlpack_for_read(data: NDArray) -> Any:
    """A DLPack capsule of an array's memory, to be read once by another library."""
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: NDArray) -> Any:
    """A DLPack capsule of an array's memory, to be read once by another library, which may write to it."""
    return data.to_dlpack_for_write()
