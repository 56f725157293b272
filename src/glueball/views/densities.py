"""Counts of an array's elements between any edges, from its statistics alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..measures import Stats

__all__ = ["counts_between", "inner_range"]


def inner_range(stats: Stats, ends: tuple[float, float] | None = None) -> tuple[float, float]:
    """Where to draw: from min to max, or without the outermost thousandths where a few lie far out.

    `ends` are the quantiles of 0.001 and 0.999, where they are known already.
    """
    low, high = stats.min, stats.max
    first, last = stats.quantile([0.001, 0.999]) if ends is None else ends
    if 0 < 3 * (last - first) < high - low:
        margin = 0.1 * (last - first)
        low, high = max(low, first - margin), min(high, last + margin)
    return (float(low), float(high)) if low < high else (low - 0.5, low + 0.5)


def counts_between(stats: Stats, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many finite elements lie between neighbouring edges; what is beyond the ends is left out.

    A bin that lies across an edge is divided, as if its elements lay evenly in it.

    >>> from glueball.measures import measure
    >>> counts_between(measure(np.arange(100.0)), np.array([-1.0, 49.5, 200.0])).tolist()
    [50.0, 50.0]
    """
    inner = edges[np.isfinite(edges)]
    # Equal bins from min to max are too coarse for a narrow part of them; those of the floats' bits are where
    # all elements lie near a number that is far from 0.
    narrow = len(inner) and inner[-1] - inner[0] < 0.5 * (stats.max - stats.min)
    if stats.resolution == 0 or narrow:
        return np.diff(stats.bins.below(edges, stats.min, stats.max))
    return np.diff(stats.histogram.below(edges))
