"""A header rewritten in place, so that whatever stops it the next reader finds the old one or the new one.

Before the first byte of the file changes, a journal with both headers stands beside it under the name
`.NAME.glueball-journal`, and it goes when the new header has reached the disk:

    one line that says what it is | u64 size of the file | u64 length | old header | new header | BLAKE2b

A reader that finds one waits for whoever holds the file's lock. If it is still there then, its writer was
stopped: a file whose header is partly the old and partly the new one gets the new one; the whole old or new
one stays; any other was replaced meanwhile, and the journal is of no use.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from io import FileIO
from typing import BinaryIO

import numpy as np

from ..atomic import replacing, sync_folder
from ..remote import is_remote
from .layout import HEAD

__all__ = ["recovered", "rewrite", "settled"]

_MAGIC = b"glueball header journal 1\n"
_SIZES = struct.Struct("<2Q")
_DIGEST = 16  # bytes


def rewrite(path: str, old: bytes, new: bytes) -> None:
    """Put a new header into the place of the old one, which has as many bytes.

    Args:
        path: of the file.
        old: the JSON that is there, padding included.
        new: the JSON that is to be there.

    Raises:
        OSError: the system cannot write it, or the file has another header by now.
    """
    path = os.path.realpath(path)
    journal = _beside(path)
    with open(path, "r+b", buffering=0) as file, _locked(file.fileno()):
        size = os.fstat(file.fileno()).st_size
        file.seek(HEAD.size)
        if file.read(len(old)) != old:
            raise OSError(f"{path} has changed since it was opened")
        body = _MAGIC + _SIZES.pack(size, len(old)) + old + new
        with replacing(journal) as beside:
            beside.write(body + blake2b(body, digest_size=_DIGEST).digest())
        _put(file, new)
        os.unlink(journal)
        sync_folder(os.path.dirname(path))


def settled(path: str | os.PathLike[str], read: Callable[[], bytes]) -> bytes:
    """A header's JSON, when nobody is writing it.

    Args:
        path: of the file.
        read: gives the JSON as it is in the file.
    """
    whole = recovered(path)
    text = read()
    if whole is None and os.path.exists(_beside(os.path.realpath(path))):  # one began to write meanwhile
        whole = recovered(path)
        text = read()
    return text if whole is None else whole


def recovered(path: str | os.PathLike[str]) -> bytes | None:
    """Finish what a writer was stopped at, if there is anything; nearly always there is not.

    Returns:
        The header's JSON where it could be made whole only in memory, since the file cannot be written to.
    """
    if is_remote(path):
        return None
    path = os.path.realpath(path)
    journal = _beside(path)
    if not os.path.exists(journal):
        return None
    with open(path, "rb") as file, _locked(file.fileno()):
        try:
            with open(journal, "rb") as stream:
                content = stream.read()
        except FileNotFoundError:
            return None  # its writer has finished
        size = os.fstat(file.fileno()).st_size
        file.seek(HEAD.size)
        new = _torn(content, size, file)
        if new is not None:
            try:
                with open(path, "r+b", buffering=0) as writable:
                    _put(writable, new)
            except OSError:
                return new
        with suppress(OSError):  # where nothing can be removed it does no harm
            os.unlink(journal)
            sync_folder(os.path.dirname(path))
    return None


def _torn(content: bytes, size: int, file: BinaryIO) -> bytes | None:
    """The new header if the file has neither the old one nor this, but parts of both."""
    body, digest = content[:-_DIGEST], content[-_DIGEST:]
    begin = len(_MAGIC) + _SIZES.size
    if not body.startswith(_MAGIC) or blake2b(body, digest_size=_DIGEST).digest() != digest:
        return None
    whole, length = _SIZES.unpack_from(body, len(_MAGIC))
    old, new = body[begin : begin + length], body[begin + length :]
    there = file.read(length)
    if whole != size or len(there) != length or there in (old, new):
        return None
    first, second, found = (np.frombuffer(part, np.uint8) for part in (old, new, there))
    return new if bool(((found == first) | (found == second)).all()) else None


def _put(file: FileIO, header: bytes) -> None:
    file.seek(HEAD.size)
    with memoryview(header) as view:
        at = 0
        while at < len(header):
            at += file.write(view[at:])
    os.fsync(file.fileno())


def _beside(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.glueball-journal")


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Alone with an open file, among those that ask; the system lets go when a process dies."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
