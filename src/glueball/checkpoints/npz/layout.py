"""The header of one `.npy`."""

from __future__ import annotations

import io
import warnings
from typing import Any, NamedTuple

import numpy as np

from glueball.errors import FileFormatError

from ..base import array_bytes

__all__ = ["MAGIC", "MOST", "Npy", "parse"]

MAGIC = b"\x93NUMPY"
MOST = 16_384  # bytes of a header; NumPy itself takes no more than 10,000 of text
_TEXT = 10_000


class Npy(NamedTuple):
    """What a header says: the array, and where in the `.npy` its elements begin."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    begin: int

    @property
    def unreadable(self) -> str | None:
        """Why its elements cannot be a parameter's, if so."""
        if self.dtype.hasobject:
            return f"an array of Python objects of shape {self.shape}, which only unpickling could read"
        if self.dtype.names is not None:
            return f"an array of records of shape {self.shape}"
        if self.dtype.kind not in "biufc":
            note = " (NumPy writes bfloat16 and float8 so)" if self.dtype.kind == "V" else ""
            return f"an array of dtype {self.dtype.str} of shape {self.shape}{note}"
        return None


def parse(head: bytes, size: int, where: str, at: int = 0) -> Npy:
    """The header of an `.npy`, checked against its size.

    Args:
        head: its first bytes, at least MOST of them if there are as many.
        size: of the whole `.npy`.
        where: the file and the array, for messages.
        at: the byte of the file where it begins, for messages.

    Raises:
        FileFormatError: it is none, or a damaged one.
    """
    stream = io.BytesIO(head)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            version = np.lib.format.read_magic(stream)
            reader = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }
            # Version 3 is version 2 whose field names are UTF-8; it has records only, which are just listed.
            reader[3, 0] = np.lib.format.read_array_header_2_0
            shape, fortran, dtype = reader[version](stream, _TEXT)
        wanted = array_bytes(dtype, shape) if min(shape, default=0) >= 0 else -1
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
        why = str(error).partition("\n")[0] if not isinstance(error, KeyError) else "an unknown version"
        raise FileFormatError(f"{where}, byte {at}: the header of the array is damaged: {why}") from None
    found = Npy(shape, fortran, dtype, stream.tell())
    if wanted < 0:
        raise FileFormatError(f"{where}, byte {at}: no array has the shape {shape}")
    if found.unreadable is None and size - found.begin != wanted:
        raise FileFormatError(
            f"{where}, byte {at + found.begin}: {dtype} of shape {shape} takes {wanted} bytes, and"
            f" {size - found.begin} are there"
        )
    return found
