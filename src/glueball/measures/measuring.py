"""Measuring arrays: one, or many of them on all cores, each read once in pieces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compiled
from .bins import check_shares
from .meter import Meter
from .parts import parts
from .rank import effective_rank
from .selection import exact_quantiles
from .stats import Stats
from .threads import in_threads, usable

__all__ = ["Source", "array_source", "asked_for", "measure", "measure_many"]

_ALONE = 1 << 20  # elements that are measured before a thread has begun


@dataclass(frozen=True, slots=True)
class Source:
    """An array that is read in chunks.

    Attributes:
        dtype: of the elements.
        count: how many there are.
        chunks: gives them all, as often as it is called, in any order; each chunk is left as it was until
            the next ones have been taken and measured.
    """

    dtype: np.dtype[Any]
    count: int
    chunks: Callable[[], Iterator[NDArray[Any]]]


def array_source(array: NDArray[Any]) -> Source:
    """An array in memory, read where it lies; of one with holes small copies are made."""
    return Source(array.dtype, array.size, lambda: _pieces(array))


def _pieces(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    flat = _flat(array)
    for (part,) in parts(array if flat is None else flat):
        yield part


def _flat(array: NDArray[Any]) -> NDArray[Any] | None:
    """All elements as one row, in any order, without a copy; None where they do not lie so."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    turned = array[tuple(slice(None, None, -1) if step < 0 else slice(None) for step in array.strides)]
    turned = turned.transpose(order)
    return turned.reshape(-1) if turned.flags.c_contiguous else None


def measure(array: ArrayLike, *, quantiles: float | Sequence[float] = (), rank: bool = False) -> Stats:
    """What an array is like: count, min, max, mean, std, norm, zeros, NaN, infinities, histogram, quantiles.

    Args:
        array: of floats of any width, integers, booleans or complex numbers, of any shape and strides.
        quantiles: shares (or one) that are to be exact; each takes the array's time once or twice more.
        rank: whether to find the effective rank, which takes a singular value decomposition in float64: of a
            matrix of 4096 × 4096 half a minute. See `effective_rank`.

    Raises:
        DTypeError: it holds no numbers.
        MeasureError: a share is not from 0 to 1.

    >>> import numpy as np
    >>> found = measure(np.array([[1, 0], [0, 1]], np.float16), rank=True)
    >>> found.mean, found.zeros, found.norm, round(found.rank, 9)
    (0.5, 2, 1.4142135623730951, 2.0)
    """
    given = np.asarray(array)
    source = array_source(given)
    more = asked_for(source, check_shares(quantiles), given if rank else None)
    return next(measure_many([source], [more]))


def asked_for(source: Source, shares: NDArray[np.float64], matrix: NDArray[Any] | None) -> dict[str, Any]:
    """What takes time of its own, as fields of `Stats`.

    Args:
        source: the array.
        shares: of quantiles that are to be exact.
        matrix: the array whole, for its effective rank; None where that is not asked for.
    """
    more: dict[str, Any] = {}
    shares = np.atleast_1d(shares)
    if len(shares):
        found = exact_quantiles(source.chunks, source.dtype, shares)
        more["exact"] = dict(zip(shares.tolist(), found.tolist(), strict=True))
    if matrix is not None and matrix.ndim >= 2:
        more["rank"] = effective_rank(matrix)
    return more


class _Job:
    """One array of many: its meter, and how many of its pieces are still out."""

    def __init__(self, source: Source, more: dict[str, Any], most_bins: int) -> None:
        self.source, self.more, self.most_bins = source, more, most_bins
        self.meter: Meter | None = None
        self.out, self.all_out = 0, False
        self.result: Stats | None = None

    def finish(self, meter: Meter) -> None:
        """All has been seen."""
        self.result = meter.stats(self.source.chunks, **self.more).coarse(self.most_bins)


def measure_many(
    sources: Iterable[Source],
    more: Iterable[dict[str, Any]] | None = None,
    *,
    threads: int | None = None,
    most_bins: int = 1 << 16,
) -> Iterator[Stats]:
    """The stats of many arrays, in their order, on all cores.

    Args:
        sources: taken one by one, by one thread at a time.
        more: for each, fields of `Stats` that were found elsewhere.
        threads: how many; all cores that the process may use, but 8 at most, if not given.
        most_bins: of each array, for quantiles; fewer take less memory (see `Stats.coarse`).

    Raises:
        DTypeError: an array holds no numbers.
    """
    sources = list(sources)
    total = sum(source.count for source in sources)
    compiled.announce(total)
    jobs = [
        _Job(source, one, most_bins) for source, one in zip(sources, more or [{}] * len(sources), strict=True)
    ]
    for job in jobs:
        job.meter = Meter(job.source.dtype)  # says so where there is nothing to measure
    threads = threads or usable()
    if threads == 1 or total < _ALONE:
        for job in jobs:
            assert job.meter is not None
            for chunk in job.source.chunks():
                job.meter.add(chunk)
            job.finish(job.meter)
            job.meter = None
    else:
        _share(jobs, threads)
    for job in jobs:
        assert job.result is not None
        yield job.result


def _share(jobs: list[_Job], threads: int) -> None:
    """Let threads take pieces, each with a meter of its own for the array that it is at."""
    # Whoever takes a job's None looks whether it is done, as does who brings pieces back.
    bring = threading.Lock()

    def pieces() -> Iterator[tuple[_Job, NDArray[Any] | None]]:
        for job in jobs:
            for chunk in job.source.chunks():
                with bring:
                    job.out += 1
                yield job, chunk
            with bring:
                job.all_out = True
            yield job, None

    def bring_back(job: _Job, meter: Meter | None, count: int) -> None:
        with bring:
            if meter is not None:
                assert job.meter is not None
                if job.meter.count:
                    job.meter.merge(meter)
                else:
                    job.meter = meter
            job.out -= count
            if not job.all_out or job.out or job.meter is None:
                return
            whole, job.meter = job.meter, None
        job.finish(whole)

    def work(take: Callable[[], tuple[_Job, NDArray[Any] | None] | None]) -> None:
        at: _Job | None = None
        meter: Meter | None = None
        count = 0
        while (taken := take()) is not None:
            job, chunk = taken
            if at is not None and at is not job:
                bring_back(at, meter, count)
                meter, count = None, 0
            at = job
            if chunk is None:
                bring_back(job, meter, count)
                at, meter, count = None, None, 0
            else:
                meter = meter or Meter(job.source.dtype)
                meter.add(chunk)
                count += 1
        if at is not None:
            bring_back(at, meter, count)

    in_threads(pieces(), work, threads)
