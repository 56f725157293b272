"""MXNet's parallel generator: 1024 × MT19937 that share the outputs of a call.

N outputs, in C order, are shared by threads = min(⌈N/64⌉, 1024) states in runs of step = ⌈N/threads⌉:
state t makes the outputs t·step … (t+1)·step − 1. States keep their place from call to call.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ahead import Ahead
from .lanes import Lanes, Rows
from .mersenne import Twisters, rows_of, temper
from .variates import Variate

__all__ = ["ParallelGenerator"]

STATES = 1024
SHARE = 64  # outputs for which another state is taken

_BLOCK = 1 << 17  # words of all rows that are worked on together: arrays of the cache's size
_COLUMNS = 1 << 11  # words of each row at most: the window of 624 is then a small part
_MANY = 1 << 21  # outputs that are worth threads

Finish = Callable[[NDArray[Any]], None]


class ParallelGenerator:
    """The generator of `nd.random`'s elementwise distributions and of Dropout, for one thread.

    State i is seeded with base + i.

    >>> from glueball.mxnet.generators.variates import UNIFORM32
    >>> ParallelGenerator(127 * 1).draw(UNIFORM32, 2)
    array([0.52383333, 0.05501367], dtype=float32)
    """

    def __init__(self, base: int) -> None:
        self._states = Twisters(base, STATES)
        self._ahead: Ahead | None = None

    def draw(self, variate: Variate, count: int, finish: Finish | None = None) -> NDArray[Any]:
        """`count` variates in one new array, changed in place by `finish`, which may see them in pieces."""
        if count <= SHARE:
            if self._ahead is None:
                self._ahead = Ahead(self._states)
            out = self._ahead.draw(variate, count)
            if finish is not None:
                finish(out)
            return out
        self.catch_up()
        out = np.empty(count, variate.dtype)
        step = _step(count)
        full, rest = divmod(count, step)
        self._states.prepare(full + (rest > 0))
        rows = max(1, min(_BLOCK // min(step, _COLUMNS), 128))
        matrix = out[: full * step].reshape(full, step)
        jobs = [(first, matrix[first : first + rows]) for first in range(0, full, rows)]
        if rest:
            jobs.append((full, out[full * step :].reshape(1, rest)))

        def run(job: tuple[int, NDArray[Any]]) -> None:
            first, values = job
            for start in range(0, values.shape[1], _COLUMNS):
                piece = values[:, start : start + _COLUMNS]
                self._fill(variate, first, piece)
                if finish is not None:
                    finish(piece)

        workers = min(_cores(), len(jobs)) if count >= _MANY else 1
        if workers > 1:
            # Threads that live for one call: a pool would not survive a fork.
            with ThreadPoolExecutor(workers) as pool:
                for _ in pool.map(run, jobs):
                    pass
        else:
            for job in jobs:
                run(job)
        return out

    def draw_one_by_one(
        self, count: int, dtype: type[np.floating[Any]], make: Callable[[Lanes, Rows, Rows], NDArray[Any]]
    ) -> NDArray[Any]:
        """Numbers that take as many words as their own values ask for, in one new array.

        Args:
            count: of the numbers.
            dtype: of the numbers.
            make: from lanes, rows of them, and which output each makes, to the numbers.
        """
        out = np.empty(count, dtype)
        if count == 0:
            return out
        self.catch_up()
        step = _step(count)
        lanes = Lanes(self._states, ceil(count / step), 4 * step)
        starts = np.arange(0, count, step)
        for i in range(step):
            outputs = starts[starts + i < count] + i
            out[outputs] = make(lanes, np.arange(len(outputs)), outputs)
        lanes.leave()
        return out

    def catch_up(self) -> None:
        """Throw away what was read ahead of small draws; it will be drawn again."""
        if self._ahead is not None:
            self._ahead.leave()
            self._ahead = None

    def _fill(self, variate: Variate, first: int, values: NDArray[Any]) -> None:
        """Fill the rows of values, the first of them from the generator `first`, the next from the next."""
        rows, count = values.shape
        last = first + rows
        places = self._states.places(first, last)
        if variate.finish is None:
            words = count * variate.words
            tape = self._states.tape(first, last, words)
            (proposed,) = variate.propose(temper(rows_of(tape, places, words)))
            values[...] = proposed
            self._states.leave(first, last, tape, places + words)
            return
        # Enough attempts for nearly every row at once: five deviations more than the mean.
        attempts = ceil(count / variate.rate + 5 * sqrt(count * (1 - variate.rate)) / variate.rate) + 4
        while True:
            words = attempts * variate.words
            tape = self._states.tape(first, last, words)
            accepted, *parts = variate.propose(temper(rows_of(tape, places, words)))
            counted = accepted.cumsum(axis=1, dtype=np.int32)
            if counted[:, -1].min() >= count:
                break
            attempts += attempts // 4 + 4
        # In each row, the attempts up to the last that is wanted.
        taken = (counted < count).sum(axis=1)
        taken += 1
        accepted &= counted <= count
        finished = variate.finish(*(part[accepted] for part in parts))
        values[...] = finished.reshape(rows, count)
        self._states.leave(first, last, tape, places + taken * variate.words)


def _step(count: int) -> int:
    """Outputs that each state makes."""
    return ceil(count / min(ceil(count / SHARE), STATES))


def _cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
