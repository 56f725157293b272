"""A bar for what takes long: only on a terminal, and only where there is much to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

__all__ = ["Progress", "shown"]

Progress: TypeAlias = "Callable[[int, int, str], object]"
"""Called as `progress(done, total, name)`: bytes so far, bytes in all, and the array they belong to."""

LARGE = 1 << 28
"""Bytes from which on a bar is shown by itself."""


@contextmanager
def shown(verb: str, total: int, progress: bool | Progress | None) -> Iterator[Progress | None]:
    """What to tell how far it is, or None where nobody listens.

    Args:
        verb: what is done, such as "saving".
        total: the bytes in all.
        progress: True for a bar, False for none, None for one on a terminal where there is much to do; or
            a function that is told instead.
    """
    if callable(progress):
        yield progress
        return
    wanted = total >= LARGE and sys.stderr.isatty() if progress is None else progress
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", style="dim", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=total, name="")
        yield lambda done, total, name: bar.update(task, completed=done, total=total, name=name)
