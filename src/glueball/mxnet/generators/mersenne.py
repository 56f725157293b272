"""Many MT19937 generators side by side: the same steps for each, made for all of them at once.

Matsumoto and Nishimura's recurrence makes each raw word from the 624 before it,

    x[n] = x[n - 227] ^ f(x[n - 624], x[n - 623]),  f(a, b) = g(upper bit of a | lower bits of b),

so 227 words at a time do not depend on each other, and rows of a matrix are generators. Any 624
neighbouring raw words are a whole state: a generator here is a window on its sequence and a place in
that window, and the words that a draw looked at without taking them are not lost.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["LENGTH", "Twisters", "Words", "rows_of", "temper", "twist"]

Words: TypeAlias = NDArray[np.uint32]

LENGTH = 624
"""Raw words of one state."""

STEP = 227
"""Words that do not depend on each other: the distance of the nearest one that the recurrence reads."""

_FEW = 128  # states that are seeded one by one in less time than all at once takes at least

_UPPER, _LOWER, _MATRIX = np.uint32(0x80000000), np.uint32(0x7FFFFFFF), np.uint32(0x9908B0DF)
_ONE, _MULTIPLIER = np.uint32(1), np.uint32(1812433253)
_B, _C = np.uint32(0x9D2C5680), np.uint32(0xEFC60000)
_7, _11, _15, _18, _30 = (np.uint32(shift) for shift in (7, 11, 15, 18, 30))


def temper(raw: Words) -> Words:
    """The output words of raw ones, in memory of their own.

    >>> generator = Twisters(5489, 1)
    >>> int(temper(generator.tape(0, 1, 1)[0, LENGTH:])[0])  # the first word of C++'s mt19937
    3499211612
    """
    y = raw >> _11
    y ^= raw
    other = y << _7
    other &= _B
    y ^= other
    np.left_shift(y, _15, out=other)
    other &= _C
    y ^= other
    np.right_shift(y, _18, out=other)
    y ^= other
    return y


def twist(tape: Words) -> None:
    """Fill the columns of tape from the 625th on; the first 624 hold the states of its rows."""
    rows, columns = tape.shape
    y_all, odd_all = np.empty((2, rows, STEP), np.uint32)
    for start in range(LENGTH, columns, STEP):
        stop = min(start + STEP, columns)
        y, odd = y_all[:, : stop - start], odd_all[:, : stop - start]
        following = tape[:, start - LENGTH + 1 : stop - LENGTH + 1]
        np.bitwise_and(following, _ONE, out=odd)
        odd *= _MATRIX
        np.bitwise_and(following, _LOWER, out=y)
        following = tape[:, start - LENGTH : stop - LENGTH]  # its upper bit only
        y |= following & _UPPER
        y >>= _ONE
        y ^= odd
        np.bitwise_xor(y, tape[:, start - STEP : stop - STEP], out=tape[:, start:stop])


def rows_of(tape: NDArray[np.uint32], starts: NDArray[np.intp], count: int) -> Words:
    """From each row of tape, `count` neighbours from its own start on."""
    first = int(starts[0])
    if not (starts != first).any():
        return tape[:, first : first + count]
    flat = tape.reshape(-1)
    places = np.arange(len(tape), dtype=np.intp)
    places *= tape.shape[1]
    places += starts
    windows: Words = sliding_window_view(flat, count)[places]
    return windows


class Twisters:
    """`count` generators, the i-th seeded with first_seed + i (modulo 2^32) by init_genrand.

    A generator is seeded when it, or one behind it, is first used.
    """

    def __init__(self, first_seed: int, count: int) -> None:
        self._first_seed = first_seed
        self._raw = np.empty((count, LENGTH), np.uint32)
        self._place = np.full(count, LENGTH, np.intp)  # of the next word in the window
        self._seeded = 0

    def _seed(self, count: int) -> None:
        """Make the first `count` generators ready."""
        first, self._seeded = self._seeded, count
        seeds = [(self._first_seed + i) % 2**32 for i in range(first, count)]
        if len(seeds) <= _FEW:
            state = np.random.RandomState(0)
            for i, seed in enumerate(seeds, first):
                state.seed(seed)
                self._raw[i] = state.get_state(legacy=False)["state"]["key"]
            return
        columns = np.empty((LENGTH, len(seeds)), np.uint32)
        columns[0] = seeds
        shifted = np.empty(len(seeds), np.uint32)
        for i in range(1, LENGTH):
            np.right_shift(columns[i - 1], _30, out=shifted)
            shifted ^= columns[i - 1]
            shifted *= _MULTIPLIER
            np.add(shifted, np.uint32(i), out=columns[i])
        self._raw[first:count] = columns.T

    def prepare(self, count: int) -> None:
        """Seed what is not seeded among the first `count`; threads may then use different rows."""
        if count > self._seeded:
            self._seed(count)

    def places(self, first: int, last: int) -> NDArray[np.intp]:
        """Where in their tape the generators first..last-1 stand."""
        return self._place[first:last]

    def tape(self, first: int, last: int, count: int) -> Words:
        """Raw words of the generators first..last-1, a row each: their window, and at least `count` to come.

        Nothing is taken; `leave` says how far each has come. Not to be written to.
        """
        self.prepare(last)
        raw = self._raw[first:last]
        missing = int(self._place[first:last].max()) + count - LENGTH
        if missing <= 0:
            return raw
        missing += -missing % STEP  # part of a step costs as much as the whole
        tape = np.empty((last - first, LENGTH + missing), np.uint32)
        tape[:, :LENGTH] = raw
        twist(tape)
        return tape

    def leave(self, first: int, last: int, tape: Words, places: NDArray[np.intp]) -> None:
        """Take the words of the tape up to each generator's place (not included)."""
        window = np.minimum(places, tape.shape[1] - LENGTH)
        if tape.shape[1] > LENGTH:
            self._raw[first:last] = rows_of(tape, window, LENGTH)
        np.subtract(places, window, out=self._place[first:last])
