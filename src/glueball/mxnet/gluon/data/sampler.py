"""Samplers: in which order a dataset is gone through, and in which batches.

Random orders are drawn from NumPy's global generator, as MXNet draws them: `numpy.random.seed` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Any

import numpy as np

from ...base import MXNetType

__all__ = ["BatchSampler", "FilterSampler", "RandomSampler", "Sampler", "SequentialSampler"]


class Sampler(metaclass=MXNetType):
    """Base: gives places in a dataset, in some order; says how many."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError


class SequentialSampler(Sampler):
    """The places from `start` to `start + length`, in order."""

    def __init__(self, length: int, start: int = 0) -> None:
        self._length = length
        self._start = start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """Every place below `length` once, in another order each time it is gone through.

    >>> import numpy as np
    >>> from glueball.mxnet.gluon.data import RandomSampler
    >>> np.random.seed(3)
    >>> [int(place) for place in RandomSampler(5)]
    [3, 4, 1, 0, 2]
    """

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[Any]:
        places = np.arange(self._length)
        np.random.shuffle(places)
        return iter(places)

    def __len__(self) -> int:
        return self._length


class FilterSampler(Sampler):
    """The places of the samples for which `fn` is true; it is asked once, now."""

    def __init__(self, fn: Callable[[Any], Any], dataset: Any) -> None:
        self._fn = fn
        self._dataset = dataset
        self._indices = [place for place in range(len(dataset)) if fn(dataset[place])]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class BatchSampler(Sampler):
    """Lists of `batch_size` places that another sampler gives.

    Args:
        sampler: gives the places.
        batch_size: how many make a batch.
        last_batch: what becomes of places left over: "keep" gives a smaller batch, "discard" none,
            "rollover" begins the next round with them.

    >>> from glueball.mxnet.gluon.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(5), 2, "keep"))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Any, batch_size: int, last_batch: str = "keep") -> None:
        self._sampler = sampler
        self._batch_size = batch_size
        self._last_batch = last_batch
        self._left: list[Any] = []

    def __iter__(self) -> Iterator[list[Any]]:
        batch, self._left = self._left, []
        for place in self._sampler:
            batch.append(place)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if not batch:
            return
        if self._last_batch == "rollover":
            self._left = batch
        elif self._last_batch == "keep":
            yield batch
        elif self._last_batch != "discard":
            raise self._unknown()

    def __len__(self) -> int:
        sampler: Sized = self._sampler
        if self._last_batch == "keep":
            return (len(sampler) + self._batch_size - 1) // self._batch_size
        if self._last_batch == "discard":
            return len(sampler) // self._batch_size
        if self._last_batch == "rollover":
            return (len(self._left) + len(sampler)) // self._batch_size
        raise self._unknown()

    def _unknown(self) -> ValueError:
        return ValueError(
            f"last_batch must be one of 'keep', 'discard', or 'rollover', but got {self._last_batch}"
        )
