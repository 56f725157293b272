"""What a command reads: a file, a folder, an address, standard input; and which arrays of it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..parameters.dictionary import ParameterDict
from ..parameters.files.opening import open as open_parameters

__all__ = ["chosen", "opened", "spooled"]

STDIN = "-"


@contextmanager
def spooled(file: str) -> Iterator[str]:
    """A path that can be opened: of standard input that of a copy on the disk, as long as it is needed."""
    if file != STDIN:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="glueball-") as folder:
        path = os.path.join(folder, "standard input")
        with open(path, "wb") as into:
            shutil.copyfileobj(sys.stdin.buffer, into, 1 << 20)
        yield path


@contextmanager
def opened(file: str) -> Iterator[ParameterDict]:
    """The parameters in a file."""
    with spooled(file) as path:
        params = open_parameters(path)
        try:
            yield params
        finally:
            params._tree.root.file.close()


def chosen(params: ParameterDict, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> ParameterDict:
    """What some pattern includes and none excludes; all where none includes.

    Raises:
        NothingSelectedError: a pattern takes nothing, or nothing is left.
    """
    taken = params
    if include:
        taken = params.select(include[0])
        for pattern in include[1:]:
            taken = taken | params.select(pattern)
    for pattern in exclude:
        taken = taken - params.select(pattern)
    return taken
