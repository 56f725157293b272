"""Arrays in files: MXNet's `.params`, which real MXNet reads and writes too."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch

from ..base import MXNetError
from ..context import cpu
from .ndarray import NDArray

__all__ = ["load", "load_frombuffer", "save"]


def save(fname: str | os.PathLike[str], data: NDArray | list[NDArray] | dict[str, NDArray]) -> None:
    """Write arrays into a file, with names or without.

    Args:
        fname: the file; one that is there is replaced.
        data: an array, a list of arrays, or arrays by name.

    Raises:
        ValueError: `data` is none of these.
        TypeError: something in it is no array, or a name is no string.
        MXNetError: the system cannot write the file.
    """
    from ...checkpoints import params

    if isinstance(data, NDArray):
        data = [data]
    if not isinstance(data, (dict, list)):
        raise ValueError(
            "data needs to either be a NDArray, dict of str, NDArray pairs or a list of NDarrays."
        )
    names = data if isinstance(data, dict) else []
    arrays = data.values() if isinstance(data, dict) else data
    if not all(isinstance(name, str) for name in names) or not all(isinstance(x, NDArray) for x in arrays):
        raise TypeError("save only accept dict str->NDArray or list of NDArray")
    values: Any = [array._as_numpy() for array in arrays]
    try:
        params.save(fname, dict(zip(names, values, strict=True)) if names else values)
    except OSError as error:
        raise MXNetError(f'Open "{fname}": {error.strerror}') from error


def load(fname: str | os.PathLike[str]) -> list[NDArray] | dict[str, NDArray]:
    """The arrays of a file: by name, or a list where there are no names.

    Raises:
        MXNetError: there is no such file, or it is none of these files, or a damaged one.
    """
    if not isinstance(fname, (str, os.PathLike)):
        raise TypeError("fname required to be a string")
    try:
        return _read(fname)
    except OSError as error:
        raise MXNetError(f'Open "{fname}": {error.strerror}') from error


def load_frombuffer(buf: bytes | bytearray | str) -> list[NDArray] | dict[str, NDArray]:
    """The arrays of a file whose content was read already.

    Raises:
        MXNetError: it is no such content, or a damaged one.
    """
    if not isinstance(buf, (bytes, bytearray, str)):
        raise TypeError("buf required to be a string or bytes")
    return _read(buf.encode("latin-1", "replace") if isinstance(buf, str) else buf)


def _read(source: Any) -> list[NDArray] | dict[str, NDArray]:
    from ...checkpoints import params
    from ...errors import FileFormatError

    try:
        found = params.load(source)
    except FileFormatError as error:
        refused = MXNetError("Invalid NDArray file format")
        refused.add_note(str(error))
        raise refused from error
    if isinstance(found, dict):
        return {name: NDArray(_tensor(values, name), cpu()) for name, values in found.items()}
    return [NDArray(_tensor(values, f"array {at}"), cpu()) for at, values in enumerate(found)]


def _tensor(values: Any, name: str) -> torch.Tensor:
    if values is None:
        refused = MXNetError("Invalid NDArray file format")
        refused.add_note(f"{name} has no values")
        raise refused
    if not isinstance(values, np.ndarray):
        raise NotImplementedError(
            f"{name} is sparse, and there are no sparse arrays here: read the file with "
            "glueball.checkpoints.params.load, and make a torch.sparse tensor of it"
        )
    if values.dtype.name == "bfloat16":
        return torch.from_numpy(values.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(values)


def of_handle(handle: bytes) -> torch.Tensor:
    """The values of an array that real MXNet pickled: one record of a `.params` file."""
    head = np.array([0x112, 0, 1], "<u8").tobytes()
    (array,) = _read(head + bytes(handle) + bytes(8))
    assert isinstance(array, NDArray)
    return array._tensor
