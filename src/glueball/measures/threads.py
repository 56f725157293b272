"""Threads that share pieces of work; NumPy's loops and the compiled ones hold no lock of Python's."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

__all__ = ["in_threads", "usable"]

_MOST = 8  # each takes some megabytes; memory would not let more of them read faster

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def usable() -> int:
    """How many threads are worth having: the cores that the process may run on, 8 at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST, cores)


def in_threads(
    pieces: Iterator[Piece], work: Callable[[Callable[[], Piece | None]], Result], threads: int
) -> list[Result]:
    """What each of some threads makes of pieces that they take in turn.

    Args:
        pieces: taken by one thread at a time.
        work: called once in each thread with a function that gives the next piece, None at the end.
        threads: how many.
    """
    turn = threading.Lock()

    def take() -> Piece | None:
        with turn:
            return next(pieces, None)

    if threads <= 1:
        return [work(take)]
    from concurrent.futures import ThreadPoolExecutor  # needed for large arrays only

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(work, take) for _ in range(threads)]]
