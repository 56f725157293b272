"""Small draws: the first state, read ahead, so that a draw of up to 64 numbers is a slice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mersenne import LENGTH, Twisters, temper
from .variates import Variate

__all__ = ["Ahead"]

_FIRST, _MOST = 227, 16 * 227  # words that are read ahead: few at first, more each time


class Ahead:
    """The first generator of states, which nobody else may use until `leave`."""

    def __init__(self, states: Twisters) -> None:
        self._states = states
        self._length = _FIRST
        self._read(0)

    def _read(self, count: int) -> None:
        """Read on: at least count words from the next one."""
        self._tape = self._states.tape(0, 1, max(count, self._length))
        self._length = min(2 * self._length, _MOST)
        self._next = int(self._states.places(0, 1)[0])
        self._end = self._tape.shape[1]
        # Variates of all attempts ahead that begin at a place of this remainder, and the place where
        # each begins.
        self._made: dict[tuple[Variate, int], tuple[NDArray[Any], NDArray[np.intp] | None, int]] = {}

    def leave(self) -> None:
        """Take what was drawn from the generator; the reader is of no use afterwards."""
        self._states.leave(0, 1, self._tape, np.array([self._next]))

    def draw(self, variate: Variate, count: int) -> NDArray[Any]:
        """`count` variates, in a new array."""
        while True:
            key = variate, self._next % variate.words
            made = self._made.get(key)
            if made is None:
                made = self._made[key] = self._make(variate)
            values, places, start = made
            if places is None:
                first = (self._next - start) // variate.words
                if first + count <= len(values):
                    self._next += count * variate.words
                    return values[first : first + count].copy()
            else:
                first = int(places.searchsorted(self._next))
                if first + count <= len(values):
                    if count:
                        self._next = int(places[first + count - 1]) + variate.words
                    return values[first : first + count].copy()
            self.leave()
            self._read(int(count * variate.words / variate.rate) + LENGTH)

    def _make(self, variate: Variate) -> tuple[NDArray[Any], NDArray[np.intp] | None, int]:
        """All variates ahead, the places of their words (None: each behind the last), and the first place."""
        start = self._next
        attempts = (self._end - start) // variate.words
        words = temper(self._tape[0, start : start + attempts * variate.words])
        if variate.finish is None:
            (values,) = variate.propose(words)
            return values, None, start
        accepted, *parts = variate.propose(words)
        places = np.flatnonzero(accepted)
        values = variate.finish(*(part[places] for part in parts))
        places *= variate.words
        places += start
        return values, places, start
