"""The header of one `.npy`."""

from __future__ import annotations

import ast
import re
import struct
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from glueball.errors import FileFormatError

from ..base import array_bytes

__all__ = ["MAGIC", "MOST", "Npy", "parse"]

MAGIC = b"\x93NUMPY"
MOST = 16_384  # bytes of a header; NumPy itself takes no more than 10,000 of text
_TEXT = 10_000
_LENGTHS = {
    b"\x01\x00": struct.Struct("<H"),
    b"\x02\x00": struct.Struct("<I"),
    b"\x03\x00": struct.Struct("<I"),
}


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
    try:
        text, begin = _text(head)
        shape, fortran, dtype = _fields(text)
        wanted = array_bytes(dtype, shape)
    except (ValueError, TypeError, LookupError, SyntaxError, RecursionError, MemoryError) as error:
        why = repr(str(error).partition("\n")[0])[1:-1]
        raise FileFormatError(f"{where}, byte {at}: the header of the array is damaged: {why}") from None
    found = Npy(shape, fortran, dtype, begin)
    if found.unreadable is None and size - found.begin != wanted:
        raise FileFormatError(
            f"{where}, byte {at + found.begin}: {dtype} of shape {shape} takes {wanted} bytes, and"
            f" {size - found.begin} are there"
        )
    return found


@lru_cache(1000)  # most arrays of a model have one of a few shapes
def _fields(text: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype that the text says: a literal of numbers, text and what holds them."""
    fields = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text))  # Python 2 wrote 3L
    shape = tuple(fields["shape"])
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"no array has the shape {shape}")
    return shape, bool(fields["fortran_order"]), np.lib.format.descr_to_dtype(fields["descr"])


def _text(head: bytes) -> tuple[str, int]:
    """The header's text and where it ends."""
    if head[: len(MAGIC)] != MAGIC:
        raise ValueError("it does not begin as one")
    form = _LENGTHS.get(head[len(MAGIC) :][:2])
    if form is None:
        raise ValueError(f"version {head[len(MAGIC) :][:2].hex('.')} is unknown")
    begin = len(MAGIC) + 2 + form.size
    if len(head) < begin:
        raise ValueError("it ends early")
    (length,) = form.unpack_from(head, len(MAGIC) + 2)
    if length > min(_TEXT, len(head) - begin):
        raise ValueError(f"{length} bytes of text, and there are {len(head) - begin}")
    # Only the names of fields are ever beyond ASCII, and records are just listed.
    return str(head[begin : begin + length], "latin-1"), begin + length
