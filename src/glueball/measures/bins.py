"""Counts by value, where there are few values, or by a float's upper bits: what quantiles are read from.

The 16 upper bits of a float32 are its sign, its exponent and seven bits of its fraction. Read as an integer,
with those of negative numbers turned round, they rise with the number, so equal upper bits are a bin, and the
bins are in order. A bin is at most 1/128 as wide as the numbers in it are large.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MeasureError

__all__ = ["HISTOGRAM", "Bins", "Histogram", "check_shares", "spread"]

HISTOGRAM = 64
"""Bins of a histogram."""

_BITS = 16
_NORMAL = 2.0**-126  # float32 loses its precision below
_INFINITE = 0x7F80  # the upper bits of infinity
_ZERO = 1 << 15  # the key of the smallest number that is not negative


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of elements in bins of equal width.

    Attributes:
        counts: of each bin; the last bin has its upper edge too.
        low: the lower edge of the first bin.
        high: the upper edge of the last.
    """

    counts: NDArray[np.integer[Any]]
    low: float
    high: float

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges, one more than there are bins."""
        return _edges(self.low, self.high, len(self.counts))

    def below(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many elements lie below each of some numbers, as if those of a bin lay evenly in it."""
        return _interpolated(at, self.edges, np.concatenate(([0], self.counts.cumsum())))


def _edges(low: float, high: float, bins: int) -> NDArray[np.float64]:
    if np.isfinite(high - low):  # as np.linspace has it, in a tenth of the time
        edges: NDArray[np.float64] = np.arange(bins + 1.0) * ((high - low) / bins) + low
        edges[-1] = high
        return edges
    share = np.linspace(0, 1, bins + 1)
    return low * (1 - share) + high * share


def _interpolated(
    at: NDArray[np.float64], points: NDArray[np.float64], below: NDArray[Any]
) -> NDArray[np.float64]:
    """`numpy.interp` from 0 to the last count; also where float64 cannot hold the slopes between points."""
    wide = points[-1] / 4 - points[0] / 4
    scale = 2.0**500 if wide < 1e-280 else 0.25 if wide > 1e307 else 1.0
    if scale != 1:
        with np.errstate(over="ignore"):
            at, points = at * scale, points * scale
    found: NDArray[np.float64] = np.interp(at, points, below, 0.0, float(below[-1]))
    return found


def span(low: float, high: float) -> tuple[float, float]:
    """The range of a histogram: NumPy's choice, which widens one of a single value."""
    if low != high:
        return low, high
    wing = max(0.5, 2 * float(np.spacing(abs(low))))
    return low - wing, high + wing


def spread(
    values: NDArray[Any], low: float, high: float, weights: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """How many of the values, all from low to high, lie in each bin: what `numpy.histogram` gives.

    >>> spread(np.array([0.0, 0.5, 1.0]), 0.0, 1.0).nonzero()[0]
    array([ 0, 32, 63])
    """
    low, high = span(low, high)
    if not np.isfinite(high - low):
        values, low, high = values / 2, low / 2, high / 2
    edges = _edges(low, high, HISTOGRAM)
    at = np.clip((values - low) / (high - low) * HISTOGRAM, 0, HISTOGRAM - 1).astype(np.intp)
    # A quotient is rounded; the edges decide, as they do in NumPy.
    at[values < edges[at]] -= 1
    at[(values >= edges[at + 1]) & (at != HISTOGRAM - 1)] += 1
    counts = np.bincount(at, weights, HISTOGRAM)
    return counts.astype(np.int64) if weights is None else np.rint(counts).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Counts of the finite elements, in rising order.

    Attributes:
        keys: of the bins that are not empty: values themselves where `dropped` is None, else the ordered
            upper bits of float32.
        counts: of each.
        dropped: how many of the sixteen bits are left out, None where keys are values.
    """

    keys: NDArray[Any]
    counts: NDArray[np.integer[Any]]
    dropped: int | None

    @property
    def resolution(self) -> float:
        """How wide a bin is at most, as a share of the numbers in it; 0 where bins are single values."""
        return 0.0 if self.dropped is None else 2.0 ** (self.dropped - 7)

    def edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where each bin begins and ends, as float64."""
        if self.dropped is None:
            values = self.keys.astype(np.float64)
            return values, values
        edges = _all_edges()
        keys = self.keys.astype(np.intp) << self.dropped
        return edges[keys], edges[keys + (1 << self.dropped)]

    def coarse(self, most: int) -> Bins:
        """At most so many bins, neighbours added up until they are so few; itself where that is so.

        Bins of single values stay as they are.
        """
        found = self
        while found.dropped is not None and len(found.keys) > most and found.dropped < 7:
            keys, at = np.unique(found.keys >> 1, return_inverse=True)
            counts = small(np.bincount(at, found.counts).astype(np.int64))
            found = Bins(keys, counts, found.dropped + 1)
        return found

    def at_ranks(self, ranks: NDArray[np.int64], low: float, high: float) -> NDArray[np.float64]:
        """The elements at these places in the sorted row, counted from 0; low and high are its ends."""
        ends = np.cumsum(self.counts.astype(np.int64))
        bins = np.searchsorted(ends, ranks, "right")
        begin, end = self.edges()
        begin, end = np.clip(begin, low, high)[bins], np.clip(end, low, high)[bins]
        inside = (ranks - ends[bins] + self.counts[bins] + 0.5) / self.counts[bins]
        found = begin + (end - begin) * inside
        found[np.abs(found) < _NORMAL] = min(max(0.0, low), high)  # most of these are zeros
        found[ranks == 0] = low
        found[ranks == ends[-1] - 1] = high
        return found + 0.0  # no minus zero

    def below(self, at: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
        """How many elements lie below each of some numbers, as if those of a bin lay evenly in it.

        Args:
            at: the numbers.
            low: the smallest element.
            high: the largest.
        """
        ends = np.cumsum(self.counts, dtype=np.int64)
        if self.dropped is None:
            return np.concatenate(([0.0], ends))[np.searchsorted(self.edges()[0], at)]
        points = np.empty(2 * len(self.keys))
        points[::2], points[1::2] = self.edges()
        np.clip(points, low, high, out=points)
        below = np.empty(len(points), np.int64)
        below[::2], below[1::2] = ends - self.counts, ends
        return _interpolated(at, points, below)

    def histogram(self, low: float, high: float) -> NDArray[np.int64]:
        """The counts of a histogram from low to high; a bin across one of its edges is divided."""
        if self.dropped is None:
            return spread(self.keys.astype(np.float64), low, high, self.counts)
        upto = np.rint(self.below(_edges(*span(low, high), HISTOGRAM), low, high)).astype(np.int64)
        upto[0], upto[-1] = 0, self.counts.sum(dtype=np.int64)
        between: NDArray[np.int64] = np.diff(upto)
        return between


@cache
def _all_edges() -> NDArray[np.float64]:
    """Where the bin of each key begins, and where the last one ends."""
    values = np.full(_ZERO + 1, np.inf)  # above the largest finite number there are no bins
    size = np.arange(_INFINITE, dtype=np.uint32) << np.uint32(_BITS)
    values[:_INFINITE] = size.view(np.float32)
    return np.concatenate((-values[:0:-1], values))


def runs(tops: NDArray[np.uint16]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """The keys of the upper bits of float32 and how often each is there, in the order of the numbers.

    Args:
        tops: at least one; they are sorted in place.
    """
    tops.sort()
    ends = np.append(np.flatnonzero(tops[1:] != tops[:-1]), len(tops) - 1)
    keys, counts = tops[ends], ends + 1
    counts[1:] -= ends[:-1] + 1
    first = int(np.searchsorted(keys, np.uint16(_ZERO)))  # negative numbers are above, the smallest last
    return (
        np.concatenate((~keys[first:][::-1], keys[:first] | np.uint16(_ZERO))),
        np.concatenate((counts[first:][::-1], counts[:first])),
    )


def ordered_counts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts by upper bits, in the order of the numbers."""
    return np.concatenate((counts[: _ZERO - 1 : -1], counts[:_ZERO]))


def small(counts: NDArray[Any]) -> NDArray[Any]:
    """Counts in the fewest bytes that hold each."""
    return counts.astype(np.min_scalar_type(int(counts.max()))) if len(counts) else counts.astype(np.uint8)


def check_shares(q: Any) -> NDArray[np.float64]:
    """Shares from 0 to 1, as an array.

    Raises:
        MeasureError: one is not.
    """
    try:
        shares = np.asarray(q, np.float64)
    except (TypeError, ValueError):
        shares = np.array(np.nan)
    if not ((shares >= 0) & (shares <= 1)).all():
        raise MeasureError(f"a quantile is asked for by a share from 0 to 1, not by {q!r}")
    return shares
