"""A save is the whole new file, or the old one is still there: written beside, synced, renamed.

Whatever stops a save (an exception, a full disk, the power), the name refers to the complete old file or to
the complete new one. Only a process that is killed leaves something behind: a file whose name begins with
`.glueball-`, beside the one that it was to become, which nothing reads.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

__all__ = ["creating", "replacing", "sync_folder"]

_BUFFER = 1 << 20  # bytes; headers and small arrays leave together, large arrays pass it by


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write; when the block ends it becomes `path`, and when it raises nothing has changed.

    As with `open(path, "wb")`, a link is followed, a new file has the mode that the umask leaves, and one
    that was there keeps its mode (a private checkpoint stays private). What is no regular file cannot be
    replaced (a pipe, `/dev/stdout`) and is written to as it is.

    Raises:
        OSError: as the system says it: no such directory, no permission, no space.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     target = Path(folder, "net.params")
    ...     with replacing(target) as file:
    ...         count = file.write(b"whole")
    ...         print(target.exists())
    ...     print(target.read_bytes())
    False
    b'whole'
    """
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:
            yield file
        return
    folder = os.path.dirname(target)
    beside = os.path.join(folder, f".glueball-{secrets.token_hex(8)}")
    try:
        with creating(beside) as file:
            if mode is not None:
                os.chmod(beside, stat.S_IMODE(mode))
            yield file
        os.replace(beside, target)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename == beside:
            error.filename, error.filename2 = os.fsdecode(path), None  # what the caller knows
        with suppress(FileNotFoundError):  # gone with what raised, or renamed just before an interrupt
            os.unlink(beside)
        raise
    sync_folder(folder)


@contextmanager
def creating(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A new binary file to write and to read: synced when the block ends, and gone when it raises.

    Raises:
        FileExistsError: there is one.
        OSError: as the system says it.
    """
    with open(path, "x+b", buffering=_BUFFER) as file:  # tempfile's would have mode 0600, whatever the umask
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            file.close()
        except BaseException:
            with suppress(OSError):  # closing writes what is buffered, and may find the disk full again
                file.close()
            with suppress(FileNotFoundError):
                os.unlink(path)
            raise


def sync_folder(folder: str) -> None:
    """Make renames and new files last: a file's name is its folder's data."""
    if os.name == "nt":
        return  # Windows opens no directory; its file systems log renames
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        # Some network and user-space file systems cannot do this to a directory; the rename stands.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(opened)
