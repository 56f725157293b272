"""Exact quantiles without sorting, and without a copy of the array: by its bits, sixteen at a time.

Read as an integer, with those of negative numbers turned round, a float's bits rise with the float. Counting
the upper sixteen bits says which of them the wanted element has; counting the next sixteen bits of the
elements that have those says more; and so on to the last bit. A float32 is read twice, a float64 four times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .meter import kind_of

__all__ = ["exact_quantiles"]

_BLOCK = 1 << 18


def exact_quantiles(
    chunks: Callable[[], Iterable[NDArray[Any]]], dtype: np.dtype[Any], q: Any
) -> NDArray[np.float64]:
    """The exact quantiles of the finite elements, by NumPy's default rule; NaN where there are none.

    Args:
        chunks: gives all elements, each time it is called.
        dtype: of the elements. Complex ones are taken by their magnitudes.
        q: shares from 0 to 1.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=9999).astype(np.float32)
    >>> exact_quantiles(lambda: [x], x.dtype, [0.5]) == np.median(x)
    array([ True])
    """
    shares = np.atleast_1d(np.asarray(q, np.float64))
    count = sum(len(keys) for keys in _keys(chunks, dtype))
    if not count:
        return np.full(shares.shape, np.nan)
    place = shares * (count - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, count - 1)
    wanted = np.unique(np.concatenate((below, above)))
    values = dict(zip(wanted.tolist(), _at_ranks(chunks, dtype, wanted), strict=True))
    first = np.array([values[rank] for rank in below.tolist()])
    second = np.array([values[rank] for rank in above.tolist()])
    found: NDArray[np.float64] = first + (second - first) * (place - below)
    return found


def _at_ranks(
    chunks: Callable[[], Iterable[NDArray[Any]]], dtype: np.dtype[Any], ranks: NDArray[np.int64]
) -> list[float]:
    width = 8 * _real(dtype).itemsize
    step = min(16, width)
    left = ranks.copy()  # the place of each among the elements that agree with it so far
    found = [0] * len(ranks)  # its bits so far
    for shift in range(width - step, -1, -step):
        counts = {prefix: np.zeros(1 << step, np.int64) for prefix in set(found)}
        for keys in _keys(chunks, dtype):
            for prefix, seen in counts.items():
                # The bits above this step's; shifting all of them out is not defined.
                inside = keys if shift + step >= width else keys[keys >> (shift + step) == prefix]
                bits = (inside >> shift) & ((1 << step) - 1)
                seen += np.bincount(bits.astype(np.intp), minlength=1 << step)
        for n, prefix in enumerate(found):
            ends = np.cumsum(counts[prefix])
            at = int(np.searchsorted(ends, left[n], "right"))
            left[n] -= ends[at] - counts[prefix][at]
            found[n] = prefix << step | at
    return [_value(bits, dtype) for bits in found]


def _real(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype.newbyteorder("=")


def _keys(chunks: Callable[[], Iterable[NDArray[Any]]], dtype: np.dtype[Any]) -> Iterable[NDArray[Any]]:
    """The finite elements as unsigned integers that rise with them."""
    kind_of(dtype)
    real = _real(dtype)
    top = 1 << 8 * real.itemsize - 1
    for chunk in chunks():
        flat = chunk.reshape(-1)
        for start in range(0, len(flat), _BLOCK):
            block = flat[start : start + _BLOCK].astype(dtype.newbyteorder("="), copy=False)
            with np.errstate(all="ignore"):
                if dtype.kind not in "iub":
                    block = block[np.isfinite(block)]
                if dtype.kind == "c":
                    block = np.abs(block)
            bits = np.ascontiguousarray(block, real).view(f"u{real.itemsize}")
            if dtype.kind in "ub":
                yield bits
            elif dtype.kind == "i":
                yield bits ^ bits.dtype.type(top)
            else:
                yield np.where(bits >= top, ~bits, bits | bits.dtype.type(top))


def _value(key: int, dtype: np.dtype[Any]) -> float:
    real = _real(dtype)
    top = 1 << 8 * real.itemsize - 1
    if dtype.kind == "i":
        key ^= top
    elif dtype.kind not in "ub":
        key = key ^ top if key >= top else ~key & (2 * top - 1)
    return float(np.array(key, f"u{real.itemsize}").view(real)) + 0.0
