"""Counts of an array's elements between any edges, from its statistics alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..measures import Stats

__all__ = ["counts_between", "inner_range"]


def inner_range(stats: Stats) -> tuple[float, float]:
    """Where to draw: from min to max, or without the outermost thousandths where a few lie far out."""
    low, high = stats.min, stats.max
    first, last = stats.quantile([0.001, 0.999])
    if 0 < 3 * (last - first) < high - low:
        margin = 0.1 * (last - first)
        low, high = max(low, first - margin), min(high, last + margin)
    return (float(low), float(high)) if low < high else (low - 0.5, low + 0.5)


def counts_between(stats: Stats, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many finite elements lie between neighbouring edges; what is beyond the ends is left out.

    A bin that lies across an edge is divided, as if its elements lay evenly in it.

    >>> from glueball.measures import measure
    >>> counts_between(measure(np.arange(100.0)), np.array([-1.0, 49.5, 200.0])).round().tolist()
    [50.0, 50.0]
    """
    begin, end, counts = _bins(stats)
    upto = np.zeros(len(edges))
    # A single value, which has no width, counts from its place on.
    single = begin == end
    order = np.argsort(begin[single], kind="stable")
    values, below = begin[single][order], np.concatenate([[0.0], np.cumsum(counts[single][order])])
    upto += below[np.searchsorted(values, edges, "right")]
    if not single.all():
        points = np.column_stack((begin[~single], end[~single])).ravel()
        ends = np.cumsum(counts[~single])
        upto += np.interp(edges, points, np.column_stack((ends - counts[~single], ends)).ravel())
    return np.diff(upto)


def _bins(stats: Stats) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(begin, end, count) of bins: equal ones, or those of the floats' bits where the range is wide.

    Equal bins from min to max are too coarse where few elements lie far from all others; those of the bits
    are where all elements lie near a number that is far from 0.
    """
    low, high = inner_range(stats)
    if high - low < 0.5 * (stats.max - stats.min) or stats.bins.resolution == 0:
        begin, end = stats.bins.edges()
        return np.maximum(begin, stats.min), np.minimum(end, stats.max), stats.bins.counts.astype(np.float64)
    edges = stats.histogram.edges
    if not stats.min < stats.max:
        edges = np.full(2, stats.min)
        return edges[:1], edges[1:], np.array([float(stats.finite)])
    return edges[:-1], edges[1:], stats.histogram.counts.astype(np.float64)
