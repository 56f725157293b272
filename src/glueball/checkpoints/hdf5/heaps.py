"""The heaps in which HDF5 keeps text of varying length, looked at before the library reads any of it.

    "GCOL" | version 1 | three bytes | u64 size of all
    | objects: u16 index, u16, u32, u64 size, its bytes up to a multiple of 8
    | what is free: index 0, and as its size all that is left

In a damaged heap the library (1.14) can stay at one object for ever: at free space of no size, or at an
object whose size wraps around; and it takes the memory that a text is said to need before it looks at its
heap. So every heap's objects are counted first, and the references to them. (HDF5's File Format
Specification, III.E.)
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

__all__ = ["damaged"]

_SIGNATURE = b"GCOL"
_HEAD = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HHIQ")
_PIECE = 1 << 20
_SHORT = 1 << 16  # bytes that a text may be said to have, whether it has them or not
_MOST = 1 << 24  # bytes of heaps; those of a model's names take some thousand


def damaged(file: BinaryIO, size: int, used: Iterable[tuple[int, int]] = ()) -> str | None:
    """What is wrong with the heaps of a file; None if nothing is.

    Args:
        file: it is read from where it is sought to.
        size: of the file.
        used: ranges of bytes, from and to, in which there are none: the arrays' own.
    """
    left = _MOST
    gaps = list(_gaps(size, used))
    heaps: dict[bytes, dict[int, int]] = {}
    for begin, end in gaps:
        for at in _found(file, begin, end, _SIGNATURE):
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
            objects: dict[int, int] = {}
            wrong = _wrong(head + file.read(whole - _HEAD.size), objects)
            if wrong is not None:
                return f"byte {at + wrong}: a damaged heap"
            heaps[at.to_bytes(8, "little")] = objects
    return _longer(file, gaps, heaps) if heaps else None


def _longer(file: BinaryIO, gaps: list[tuple[int, int]], heaps: dict[bytes, dict[int, int]]) -> str | None:
    """Where a text is said to be far longer than it is: the library would take so much memory at once.

    A text is u32 length | u64 heap | u32 index, wherever that stands.
    """
    for begin, end in gaps:
        for at in _found(file, begin, end, b"|".join(map(re.escape, heaps))):
            file.seek(max(at - 4, 0))
            reference = file.read(16)
            length, heap, index = reference[:4], reference[4:12], reference[12:]
            size = heaps.get(heap, {}).get(int.from_bytes(index, "little"))
            claimed = int.from_bytes(length, "little")
            if size is not None and claimed > max(size, _SHORT):
                return f"byte {at}: a text of {size} bytes that is said to have {claimed}"
    return None


def _wrong(heap: bytes, objects: dict[int, int]) -> int | None:
    """Where a heap's objects do not follow each other up to its end; their sizes by index are noted."""
    at = _HEAD.size
    while at + _OBJECT.size <= len(heap):
        index, _, _, size = _OBJECT.unpack_from(heap, at)
        step = _OBJECT.size + (size + 7) // 8 * 8 if index else size
        if step < _OBJECT.size or step > len(heap) - at:
            return at
        objects[index] = size
        at += step
    return None


def _found(file: BinaryIO, begin: int, end: int, what: bytes) -> Iterator[int]:
    """Where an expression of 8 bytes at most stands in a range."""
    pattern = re.compile(what, re.DOTALL)
    while begin < end:
        file.seek(begin)
        piece = file.read(min(_PIECE, end - begin))
        for found in pattern.finditer(piece):
            yield begin + found.start()
        if begin + len(piece) >= end or not piece:
            return
        begin += len(piece) - 7  # it may lie across the end


def _gaps(size: int, used: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for begin, end in sorted(used):
        if begin > at:
            yield at, begin
        at = max(at, end)
    yield at, size
