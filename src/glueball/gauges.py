"""Gauges: what watching training asks of a framework at each step, and the numbers that it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

__all__ = ["Gauges", "Measures"]


class Measures(NamedTuple):
    """Statistics of several arrays: columns of float64 with an entry for each.

    Of complex arrays they are those of the magnitudes. NaN where an array has no elements; a NaN or an
    infinity among the elements shows in `norm` at least.
    """

    norm: np.ndarray[Any, Any]
    mean: np.ndarray[Any, Any]
    std: np.ndarray[Any, Any]
    max_abs: np.ndarray[Any, Any]
    zeros: np.ndarray[Any, Any]


class Gauges(Protocol):
    """What `watch` asks of a framework at each step. Nothing here changes an array or draws a number.

    Arrays are as `Adapter.get` gives them; gradients are the framework's own arrays.

    Attributes:
        keeps_gradients: whether arrays keep their gradients, so that none is one that is missing.
    """

    keeps_gradients: bool

    def norms(self, arrays: Sequence[Any]) -> np.ndarray[Any, Any]:
        """The Euclidean norm of each, 0 of an empty one; waits for the device once."""

    def measure(self, arrays: Sequence[Any]) -> Measures:
        """The statistics of each; waits for the device once."""

    def nonfinite(self, array: Any) -> tuple[int, int]:
        """How many elements are NaN, and how many infinite."""

    def sample(self, arrays: Sequence[Any], most: int) -> Any:
        """A copy of at most so many elements of each, spread evenly; for `moved`."""

    def moved(self, before: Any, arrays: Sequence[Any]) -> Callable[[], np.ndarray[Any, Any]]:
        """How far each is from its sample, over the sample's norm; what returns it waits for the device."""

    def on_step(
        self,
        optimizer: Any,
        begin: Callable[[], None],
        look: Callable[[float], None],
        end: Callable[[], None],
    ) -> Callable[[], None]:
        """Call these at each step of an optimizer, in this order; what is returned takes them off again.

        `look(scale)` when gradients are there, which are `scale` times what they should be; it comes before
        the update, or after it where the step computes gradients itself. A step that gradient scaling
        skips is none.
        """

    def arrivals(self, root: Any, arrays: Sequence[Any]) -> tuple[list[int], Callable[[], None]]:
        """The places of arrays in the order in which the next backward reaches them; and what ends it.

        It stays empty where that cannot be told.
        """
