"""MXNet's other generator: one MT19937 for what is drawn in order, shuffles and choices."""

from __future__ import annotations

import numpy as np

from .mersenne import Words

__all__ = ["SerialGenerator"]

_CHUNK = 1 << 12


class SerialGenerator:
    """The generator of shuffle and multinomial, for one thread.

    >>> SerialGenerator(5489).take(2)
    array([3499211612,  581869302], dtype=uint32)
    """

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)
        self._ahead = np.empty(0, np.uint32)

    def peek(self, count: int) -> Words:
        """At least `count` words to come, which stay to come. Not to be written to."""
        missing = count - len(self._ahead)
        if missing > 0:
            more = self._state.randint(0, 2**32, size=max(missing, _CHUNK), dtype=np.uint32)
            self._ahead = np.concatenate([self._ahead, more])
        return self._ahead

    def take(self, count: int) -> Words:
        """The next `count` words. Not to be written to."""
        words = self.peek(count)[:count]
        self._ahead = self._ahead[count:]
        return words
