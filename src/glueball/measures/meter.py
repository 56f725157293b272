"""Meter: what has been seen of one array so far, piece by piece, and put together from several threads."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DTypeError
from . import compiled
from .bins import HISTOGRAM, Bins, Histogram, ordered_counts, runs, small, span, spread
from .moments import Moments, moments
from .stats import Stats

__all__ = ["Meter"]

_HEAD = 1 << 15  # elements that are kept as they are, and looked at when all are there
_EACH = 256  # so many elements may have a bin each
_EXACT = 1 << 12  # so many get an exact histogram, if they can be read again
_BLOCK = 1 << 15  # elements whose float64 stay in a core's second cache
_BATCH = 1 << 18  # elements whose bins are counted in one call

Chunks = Callable[[], Iterable[NDArray[Any]]]


def kind_of(dtype: np.dtype[Any]) -> str:
    """How arrays of a dtype are measured: by "table", as "float", "integer" or "complex".

    Raises:
        DTypeError: it holds no numbers.
    """
    if dtype.kind == "b" or (dtype.itemsize <= 2 and (dtype.kind in "iuf" or _of_ml_dtypes(dtype))):
        return "table"
    if dtype.kind in "iu" and dtype.itemsize <= 8:
        return "integer"
    if dtype.kind == "f":
        return "float"
    if dtype.kind == "c":
        return "complex"
    raise DTypeError(f"an array of dtype {dtype} holds no numbers that could be measured")


def _of_ml_dtypes(dtype: np.dtype[Any]) -> bool:
    return bool(dtype.type.__module__ == "ml_dtypes")


@cache
def _table(dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """The value of every pattern of bits of a dtype of one or two bytes."""
    if dtype.kind == "b":
        whether: NDArray[np.float64] = np.minimum(np.arange(256.0), 1)
        return whether
    bits = np.arange(1 << 8 * dtype.itemsize, dtype=f"u{dtype.itemsize}")
    with np.errstate(invalid="ignore"):
        values: NDArray[np.float64] = bits.view(dtype).astype(np.float64)
    values.flags.writeable = False
    return values


class Meter:
    """What has been seen of an array so far.

    Args:
        dtype: of the array; a chunk of another one is refused.

    Raises:
        DTypeError: there is nothing to measure in such an array.

    >>> import numpy as np
    >>> meter = Meter(np.float32)
    >>> meter.add(np.array([3, -4], np.float32))
    >>> meter.add(np.array([0, np.nan], np.float32))
    >>> meter.stats()
    Stats(float32, 4 elements, min -4, max 3, mean -0.33333, std 2.8674, norm 5, 1 zeros, 1 NaN)
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype).newbyteorder("=")
        self.kind = kind_of(self.dtype)
        self.count = self.zeros = self.nan = self.inf = 0
        self._least: Any = math.inf
        self._most: Any = -math.inf
        self._moments = Moments()
        self._head: list[NDArray[Any]] | None = []
        self._counts: NDArray[np.int64] | None = None  # by bits, once there are too many for the head

    def add(self, chunk: NDArray[Any]) -> None:
        """Take in some elements, of any shape. Nothing of the chunk is kept but copies.

        Raises:
            DTypeError: they are of another dtype.
        """
        if chunk.dtype != self.dtype:
            if chunk.dtype.newbyteorder("=") != self.dtype:
                raise DTypeError(f"a chunk of {chunk.dtype} in the measuring of an array of {self.dtype}")
            chunk = chunk.astype(self.dtype)
        flat = chunk.ravel()  # a row without holes, whose bits can be looked at
        if self._head is not None:
            if self.count + len(flat) <= _HEAD:
                self._head.append(flat.copy())
                self.count += len(flat)
                return
            self._pour()
        self._take(flat)

    def merge(self, other: Meter) -> None:
        """Take in what another meter has seen of the same array."""
        if other._head is not None:
            for part in other._head:
                self.add(part)
            return
        if self._head is not None:
            self._pour()
        self.count += other.count
        self.zeros, self.nan, self.inf = self.zeros + other.zeros, self.nan + other.nan, self.inf + other.inf
        self._least, self._most = min(self._least, other._least), max(self._most, other._most)
        self._moments.add(other._moments)
        assert other._counts is not None
        if self._counts is None:
            self._counts = np.zeros_like(other._counts)
        self._counts += other._counts

    def stats(self, again: Chunks | None = None, **more: Any) -> Stats:
        """What has been seen.

        Args:
            again: gives the chunks a second time, for the histogram where bins of bits are too wide for it.
            more: fields of `Stats` that are found elsewhere: `rank`, `exact`.
        """
        if self._head is not None:
            head = np.concatenate([np.empty(0, self.dtype), *self._head])
            seen = Meter(self.dtype)
            return seen._result(seen._few(head, seen._take(head, few=True)), lambda: [head], more)
        return self._result(self._bins(), again, more)

    def _pour(self) -> None:
        head, self._head, self.count = self._head or [], None, 0
        for part in head:
            self._take(part)

    # ---- taking in -----------------------------------------------------------------------------------

    def _take(self, flat: NDArray[Any], few: bool = False) -> NDArray[Any]:
        """Take in a contiguous row, and count its bins; few: return what is to be counted instead."""
        self.count += len(flat)
        tops: NDArray[Any] = np.empty(0, np.uint16)
        if self._counts is None and not few:
            self._counts = np.zeros(256 if self.dtype.itemsize == 1 else 1 << 16, np.int64)
        if not few and compiled.takes(self.dtype):
            self._compiled(flat)
            return tops
        for start in range(0, len(flat), _BATCH):
            batch = flat[start : start + _BATCH]
            if self.kind == "table":
                tops = batch.view(f"u{self.dtype.itemsize}")
            else:
                tops = _scratch("tops", np.uint16, len(batch))
                used = 0
                with np.errstate(all="ignore"):
                    for at in range(0, len(batch), _BLOCK):
                        used += self._block(batch[at : at + _BLOCK], tops[used:])
                tops = tops[:used]
            if self._counts is not None and not few:
                self._counts += np.bincount(tops, minlength=len(self._counts)).astype(np.int64, copy=False)
        return tops

    def _block(self, block: NDArray[Any], tops: NDArray[np.uint16]) -> int:
        """Take in a few elements; write the upper bits of the finite ones, and say how many those are."""
        size = np.abs(block) if self.kind == "complex" else block
        least, most = size.min(), size.max()
        if self.kind != "integer" and not (np.isfinite(least) and np.isfinite(most)):
            nan = np.isnan(block)
            finite = np.isfinite(block)
            nans = int(np.count_nonzero(nan))
            self.nan += nans
            self.inf += len(block) - int(np.count_nonzero(finite)) - nans
            block, size = block[finite], size[finite]
            if not len(block):
                return 0
            least, most = size.min(), size.max()
        count = len(block)
        least, most = least.item(), most.item()
        self._least, self._most = min(self._least, least), max(self._most, most)
        self.zeros += int(np.count_nonzero(block == 0))  # five times as fast as counting floats
        work = _scratch("work", np.complex128 if self.kind == "complex" else np.float64, count)
        work[:] = block
        largest = max(abs(least), abs(most))
        if block.dtype == np.float32:
            narrow = block
        else:
            narrow = _scratch("narrow", np.float32, count)
            narrow[:] = np.clip(size, -_LARGEST, _LARGEST) if largest > _LARGEST else size
        tops[:count] = narrow.view(np.uint16)[_UPPER::2]
        self._moments.add(moments(work, largest))
        return count

    def _compiled(self, flat: NDArray[Any]) -> None:
        """The same by compiled loops."""
        assert self._counts is not None
        if self.kind == "table":
            compiled.count(flat.view(f"u{self.dtype.itemsize}"), self._counts)
            return
        zeros, nan, inf, least, most, mean, squares = compiled.take(flat, self._counts)
        self.zeros, self.nan, self.inf = self.zeros + zeros, self.nan + nan, self.inf + inf
        if len(flat) > nan + inf:
            self._least, self._most = min(self._least, least), max(self._most, most)
            self._moments.add(Moments(len(flat) - nan - inf, mean, squares, 0))

    # ---- what came out -------------------------------------------------------------------------------

    def _bins(self) -> Bins:
        assert self._counts is not None
        if self.kind == "table":
            at = np.flatnonzero(self._counts)
            return self._by_table(at, self._counts[at])
        counts = ordered_counts(self._counts)
        at = np.flatnonzero(counts)
        return Bins(at.astype(np.uint16), small(counts[at]), 0)

    def _few(self, head: NDArray[Any], tops: NDArray[Any]) -> Bins:
        """The bins of an array of few elements, whose bits are to be counted."""
        if self.kind == "table":
            return self._by_table(*np.unique(tops, return_counts=True))
        if self.count - self.nan - self.inf > _EACH:
            keys, counts = runs(tops)
            return Bins(keys, small(counts), 0)
        values = head[np.isfinite(head)] if self.nan or self.inf else head
        if self.kind == "complex":
            with np.errstate(all="ignore"):
                values = np.abs(values)
        keys, counts = np.unique(values, return_counts=True)
        return Bins(keys, small(counts), None)

    def _by_table(self, at: NDArray[Any], counts: NDArray[Any]) -> Bins:
        """All there is to know, from the patterns of bits and how often each is there."""
        values = _table(self.dtype)[at]
        self.nan = int(counts[np.isnan(values)].sum())
        self.inf = int(counts[np.isinf(values)].sum())
        self.zeros = int(counts[values == 0].sum())
        finite = np.flatnonzero(np.isfinite(values))
        finite = finite[np.argsort(values[finite], kind="stable")]
        values, counts, at = values[finite], counts[finite], at[finite]
        self._moments = Moments()
        if len(values):
            number = float if self.dtype.kind not in "iub" else int
            self._least, self._most = number(values[0]), number(values[-1])
            total = int(counts.sum())
            mean = float(values @ (counts / total))
            self._moments = Moments(total, mean, float((values - mean) ** 2 @ counts), 0)
        keys = at.astype(f"u{self.dtype.itemsize}").view(self.dtype)
        return Bins(keys, small(counts), None)

    def _result(self, bins: Bins, again: Chunks | None, more: dict[str, Any]) -> Stats:
        mean, std, norm = self._moments.results()
        finite = self.count - self.nan - self.inf
        least, most = (self._least, self._most) if finite else (math.nan, math.nan)
        return Stats(
            self.dtype.name, self.count, least, most, mean, std, norm, self.zeros, self.nan, self.inf,
            self._histogram(bins, again), bins, **more,
        )  # fmt: skip

    def _histogram(self, bins: Bins, again: Chunks | None) -> Histogram:
        if not len(bins.keys):
            return Histogram(np.zeros(HISTOGRAM, np.int32), 0.0, 1.0)
        low, high = float(self._least), float(self._most)
        narrow = max(abs(low), abs(high)) > 2 * (high - low)
        if again is None or bins.dropped is None or not (narrow or self.count <= _EXACT):
            counts = bins.histogram(low, high)
        else:
            counts = np.zeros(HISTOGRAM, np.int64)
            with np.errstate(all="ignore"):
                for chunk in again():
                    flat = chunk.reshape(-1)
                    for start in range(0, len(flat), _BLOCK):
                        block = flat[start : start + _BLOCK].astype(self.dtype, copy=False)
                        size = np.abs(block) if self.kind == "complex" else block
                        size = size[np.isfinite(block)] if self.kind != "integer" else size
                        counts += spread(size.astype(np.float64), low, high)
        return Histogram(small(counts), *span(low, high))


_LARGEST = float(np.finfo(np.float32).max)
_UPPER = int(sys.byteorder == "little")  # which half of a float32 has its upper bits


class _Scratch(threading.local):
    def __init__(self) -> None:
        self.held: dict[str, NDArray[Any]] = {}


_local = _Scratch()


def _scratch(what: str, dtype: Any, count: int) -> NDArray[Any]:
    """Memory that is used again and again by one thread; small as a core's second cache."""
    found = _local.held.get(what)
    if found is None or len(found) < count or found.dtype != dtype:
        found = _local.held[what] = np.empty(max(count, _HEAD), dtype)
    return found[:count]
