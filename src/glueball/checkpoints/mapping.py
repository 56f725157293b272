"""A file's bytes without reading the file."""

from __future__ import annotations

import mmap
import os
import stat

from .remote import Remote, at, is_remote

__all__ = ["Content", "State", "mapped", "state_of"]

Content = mmap.mmap | bytes | Remote  # all are indexed, sliced and searched alike
State = tuple[int, ...]


def state_of(file: str | int) -> State:
    """What tells a file from one that was written later; () where it cannot be asked.

    Args:
        file: its path, or the descriptor of an open one.
    """
    try:
        found = os.stat(file)
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev


def mapped(path: str | os.PathLike[str]) -> Content:
    """The file's content, mapped into memory and read where it is looked at; of a pipe what comes out of it.

    Of a URL nothing is mapped; what is looked at is fetched.

    The mapping lives as long as what is taken from it. As with every mapped file, replacing the file is safe
    and cutting it is not.

    Raises:
        OSError: the system cannot open it.
    """
    if is_remote(path):
        return at(str(path))
    with open(path, "rb") as file:
        state = os.fstat(file.fileno())
        if stat.S_ISREG(state.st_mode) and state.st_size:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return file.read()
