"""How far two arrays of one shape are apart, found piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from .parts import PIECE, parts
from .threads import in_threads, usable

__all__ = ["Comparison", "compare"]

_BLOCK = 1 << 15  # elements whose float64 stay in a core's second cache


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far b is from a.

    Attributes:
        count: of elements in each.
        changed: elements that are not equal; a NaN equals a NaN.
        relative: `|b - a| / |a|`, norms over the elements that are finite in both; 0 where nothing changed,
            infinite where a is zero and b is not.
        cosine: of the angle between a and b, over the same elements; NaN where one of them is zero.
        largest: the largest `|b - a|` of one element, over the same elements.
        broken: elements that are finite in one of them and not in the other, or differently infinite.
    """

    count: int
    changed: int
    relative: float
    cosine: float
    largest: float
    broken: int

    @property
    def equal(self) -> bool:
        """Whether all elements are equal."""
        return not self.changed


def compare(a: NDArray[Any], b: NDArray[Any]) -> Comparison:
    """Compare two arrays, which may differ in dtype and in how they lie in memory.

    Sums are taken in float64 (complex128), with numbers that are scaled where their squares would not fit.

    Raises:
        ShapeError: they have not the same shape.

    >>> import numpy as np
    >>> found = compare(np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    >>> found.changed, found.relative, found.largest, round(found.cosine, 4)
    (1, 0.1, 0.5, 0.9985)
    """
    if a.shape != b.shape:
        raise ShapeError(f"arrays of shapes {a.shape} and {b.shape} cannot be compared element by element")
    if a.dtype == b.dtype and _same_bits(a, b):
        cosine = 1.0 if a.size and _has_nonzero(a) else math.nan
        return Comparison(a.size, 0, 0.0, cosine, 0.0, 0)
    scale = _scale(a, b)
    threads = usable() if a.size > 4 * PIECE else 1

    def work(take: Callable[[], tuple[NDArray[Any], NDArray[Any]] | None]) -> _Sums:
        mine = _Sums()
        while (pair := take()) is not None:
            mine.add(_compared(*pair, scale))
        return mine

    sums = _Sums()
    for found in in_threads(_pairs(a, b), work, threads):
        sums.add(found)
    if not sums.changed:
        relative = 0.0
    elif not sums.aa:
        relative = math.inf if sums.dd else 0.0
    else:
        relative = math.sqrt(sums.dd / sums.aa)
    both = math.sqrt(sums.aa) * math.sqrt(sums.bb)
    cosine = min(1.0, max(-1.0, sums.ab / both)) if both else math.nan
    return Comparison(a.size, sums.changed, relative, cosine, sums.largest / scale, sums.broken)


@dataclass(slots=True)
class _Sums:
    changed: int = 0
    broken: int = 0
    aa: float = 0.0
    bb: float = 0.0
    ab: float = 0.0
    dd: float = 0.0
    largest: float = 0.0

    def add(self, other: _Sums) -> None:
        self.changed += other.changed
        self.broken += other.broken
        self.aa, self.bb, self.ab = self.aa + other.aa, self.bb + other.bb, self.ab + other.ab
        self.dd += other.dd
        self.largest = max(self.largest, other.largest)


def _compared(a: NDArray[Any], b: NDArray[Any], scale: float) -> _Sums:
    sums = _Sums()
    wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    exact = a.dtype.kind in "iub" and b.dtype.kind in "iub"
    with np.errstate(all="ignore"):
        for start in range(0, len(a), _BLOCK):
            first, second = a[start : start + _BLOCK], b[start : start + _BLOCK]
            x, y = first.astype(wide), second.astype(wide)
            changed = first != second if exact else x != y
            finite = np.isfinite(x) & np.isfinite(y)
            if not finite.all():
                changed &= ~(np.isnan(x) & np.isnan(y))
                sums.broken += int(np.count_nonzero(changed & ~finite))
                x, y = x[finite], y[finite]
            sums.changed += int(np.count_nonzero(changed))
            if scale != 1:
                x, y = x * scale, y * scale
            apart = y - x
            sums.largest = max(sums.largest, float(np.abs(apart).max(initial=0.0)))
            if wide is np.complex128:
                x, y, apart = x.view(np.float64), y.view(np.float64), apart.view(np.float64)
            sums.aa += float((x * x).sum())
            sums.bb += float((y * y).sum())
            sums.ab += float((x * y).sum())
            sums.dd += float((apart * apart).sum())
    return sums


def _scale(a: NDArray[Any], b: NDArray[Any]) -> float:
    """A power of two that brings numbers whose squares no float64 holds near 1; 1 for all others."""
    if all(one.dtype.kind not in "fc" or one.dtype.itemsize <= 4 for one in (a, b)):
        return 1.0
    largest = 0.0
    with np.errstate(all="ignore"):
        for first, second in _pairs(a, b):
            for part in (first, second):
                size = np.abs(part)
                largest = max(largest, float(size[np.isfinite(size)].max(initial=0.0)))
    if not largest or 1e-140 < largest < 1e140:
        return 1.0
    return 2.0 ** -max(-1000, min(1000, math.frexp(largest)[1]))


def _pairs(a: NDArray[Any], b: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Both in rows of the same elements, in one order."""
    both = a.flags.f_contiguous and b.flags.f_contiguous
    for first, second in parts(a.T, b.T) if both else parts(a, b):  # noqa: UP028 - pairs for mypy
        yield first, second


def _same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if a.dtype.itemsize not in (1, 2, 4, 8):
        return False
    bits = f"u{a.dtype.itemsize}"
    return all(np.array_equal(first.view(bits), second.view(bits)) for first, second in _pairs(a, b))


def _has_nonzero(a: NDArray[Any]) -> bool:
    return any(bool(np.any(first)) for first, _ in _pairs(a, a))
