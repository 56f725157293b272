"""Each thread has generators of its own; they begin as if seeded with 0."""

from __future__ import annotations

import threading
from functools import cached_property

import numpy as np

from .parallel import ParallelGenerator
from .serial import SerialGenerator

__all__ = ["current", "seed"]


class Generators:
    """The two generators of a thread, made when first drawn on.

    Attributes:
        parallel: what elementwise distributions and Dropout draw on.
        serial: what shuffle and multinomial draw on.
    """

    def __init__(self, parallel_seed: int, serial_seed: int) -> None:
        self._seeds = parallel_seed, serial_seed

    @cached_property
    def parallel(self) -> ParallelGenerator:
        return ParallelGenerator(self._seeds[0])

    @cached_property
    def serial(self) -> SerialGenerator:
        return SerialGenerator(self._seeds[1])


class _Thread(threading.local):
    def __init__(self) -> None:
        self.generators = Generators(0, 0)


_thread = _Thread()


def current() -> Generators:
    """The generators of this thread."""
    return _thread.generators


def seed(seed_state: int, *, context: bool = False) -> None:
    """Start this thread's generators anew; other threads' stay as they are.

    Args:
        seed_state: an int, `numpy.int32` or `numpy.int64`; taken modulo 2^32.
        context: whether the seed was given for one context, whichever. The serial generator is then
            seeded with seed_state itself.

    Raises:
        ValueError: seed_state is no integer.

    >>> from glueball.mxnet import generators
    >>> seed(1)
    >>> generators.uniform(shape=2)
    array([0.52383333, 0.05501367], dtype=float32)
    """
    if not isinstance(seed_state, int | np.int32 | np.int64):
        raise ValueError("seed_state must be int")
    number = int(seed_state) % 2**32
    base = 127 * number % 2**32
    _thread.generators = Generators(base, number if context else base)
