"""The heaps in which HDF5 keeps text of varying length, looked at before the library reads any of it.

    "GCOL" | version 1 | three bytes | u64 size of all
    | objects: u16 index, u16, u32, u64 size, its bytes up to a multiple of 8
    | what is free: index 0, and as its size all that is left

In a damaged heap the library (1.14) can stay at one object for ever: at free space of no size, or at an
object whose size wraps around. So every heap's objects are counted first. (HDF5's File Format Specification,
III.E.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

__all__ = ["damaged"]

_SIGNATURE = b"GCOL"
_HEAD = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HHIQ")
_PIECE = 1 << 20
_MOST = 1 << 24  # bytes of heaps; those of a model's names take some thousand


def damaged(file: BinaryIO, size: int, used: Iterable[tuple[int, int]] = ()) -> str | None:
    """What is wrong with the heaps of a file; None if nothing is.

    Args:
        file: it is read from where it is sought to.
        size: of the file.
        used: ranges of bytes, from and to, in which there are none: the arrays' own.
    """
    left = _MOST
    for begin, end in _gaps(size, used):
        for at in _found(file, begin, end):
            file.seek(at)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size or head[4] != 1:
                continue  # the library does not take it for one either
            whole = _HEAD.unpack(head)[2]
            if not _HEAD.size <= whole <= size - at:
                return f"byte {at}: a heap of {whole} bytes, which are not in the file"
            left -= whole
            if left < 0:
                return f"byte {at}: more than {_MOST} bytes of text of varying length"
            wrong = _wrong(head + file.read(whole - _HEAD.size))
            if wrong is not None:
                return f"byte {at + wrong}: a damaged heap"
    return None


def _wrong(heap: bytes) -> int | None:
    """Where a heap's objects do not follow each other up to its end."""
    at = _HEAD.size
    while at + _OBJECT.size <= len(heap):
        index, _, _, size = _OBJECT.unpack_from(heap, at)
        step = _OBJECT.size + (size + 7) // 8 * 8 if index else size
        if step < _OBJECT.size or step > len(heap) - at:
            return at
        at += step
    return None


def _found(file: BinaryIO, begin: int, end: int) -> Iterator[int]:
    """Where the signature stands in a range."""
    while begin < end:
        file.seek(begin)
        piece = file.read(min(_PIECE, end - begin))
        at = piece.find(_SIGNATURE)
        while at >= 0:
            yield begin + at
            at = piece.find(_SIGNATURE, at + 1)
        if begin + len(piece) >= end or not piece:
            return
        begin += len(piece) - len(_SIGNATURE) + 1  # it may lie across the end


def _gaps(size: int, used: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for begin, end in sorted(used):
        if begin > at:
            yield at, begin
        at = max(at, end)
    yield at, size
