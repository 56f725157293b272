"""States side by side, for numbers that take as many words as their own values ask for.

Gamma and Poisson numbers are found by attempts whose words cannot be told in advance. Every state has
its run of outputs to make, one after the other; here all states make their first, then their second…
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .logarithm import logf
from .logarithm64 import log
from .mersenne import Twisters, rows_of, temper
from .variates import UNIFORM32, UNIFORM64

__all__ = ["Lanes", "Rows"]

Rows: TypeAlias = NDArray[np.intp]

_LONGEST = 1 << 11  # words of each state that are held at once
_SHORTEST = 1 << 7


class Lanes:
    """The first `count` generators, each drawn from on its own, until `leave`.

    Args:
        states: the generators; nobody else may use them meanwhile.
        count: how many.
        words: that each will take, as a first guess.
    """

    def __init__(self, states: Twisters, count: int, words: int) -> None:
        self._states, self._count = states, count
        self._held = min(max(words, _SHORTEST), _LONGEST)
        states.prepare(count)
        self._read()

    def _read(self) -> None:
        first = self._states.places(0, self._count).copy()
        self._tape = self._states.tape(0, self._count, self._held)
        self._first = first
        self._words = temper(rows_of(self._tape, first, self._held))
        self._next = np.zeros(self._count, np.intp)
        self._left = self._held  # words that every lane has left at least

    def leave(self) -> None:
        """Take what was drawn from the generators; the lanes are of no use afterwards."""
        self._states.leave(0, self._count, self._tape, self._first + self._next)

    def _take(self, rows: Rows, count: int) -> NDArray[np.uint32]:
        """The next `count` words of these rows, each in a row."""
        if self._left < count:
            self._left = self._held - int(self._next.max())
            if self._left < count:
                self.leave()
                self._read()
        self._left -= count
        places = self._next[rows]
        self._next[rows] = places + count
        words: NDArray[np.uint32] = self._words[rows[:, None], places[:, None] + np.arange(count)]
        return words

    def uniform(self, rows: Rows, dtype: type[np.floating[Any]]) -> NDArray[Any]:
        """A uniform number from each of these rows, float32 or float64."""
        variate = UNIFORM32 if dtype is np.float32 else UNIFORM64
        (u,) = variate.propose(self._take(rows, variate.words))
        return u.reshape(-1)

    def normal(self, rows: Rows, dtype: type[np.floating[Any]]) -> NDArray[Any]:
        """A standard normal number from each of these rows, by the polar method."""
        variate = UNIFORM32 if dtype is np.float32 else UNIFORM64
        y, s = np.empty((2, len(rows)), dtype)
        waiting = np.arange(len(rows))
        while len(waiting):
            (u,) = variate.propose(self._take(rows[waiting], 2 * variate.words))
            point = dtype(2) * u - dtype(1)
            squares = point * point
            s[waiting] = squares[:, 0] + squares[:, 1]
            y[waiting] = point[:, 1]
            waiting = waiting[(s[waiting] > 1) | (s[waiting] == 0)]
        logarithm = logf(s) if dtype is np.float32 else log(s)
        result: NDArray[Any] = y * np.sqrt(dtype(-2) * logarithm / s)
        return result
