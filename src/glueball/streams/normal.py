"""The inverse of the normal distribution function, from integers, in float32 and float64.

An integer v of n bits stands for the middle of its cell of the unit interval, p = (v + 1/2) 2^-n. It
is folded while it is an integer: where its top bit is set, v becomes its complement and the sign of
the result turns. The rest is smaller than 2^(n-1), and its conversion to a float keeps the tail's full
precision; and z(v) = -z(~v) to the last bit.

One formula without a branch serves centre and tails (`coefficients` has the numbers, and
`tools/fit_normal.py` the derivation):

    x = 2p, folded, 0 < x <= 1;  l = 2 ln x;  T = sqrt(shift - l);  z = l D(T) / (T D(T) + N(T))

Every step is one IEEE operation, rounded once in the dtype, in the order written here: that is what
another implementation has to repeat, and a fused multiply-add would break it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .coefficients import FLOAT32, FLOAT64, NormalTable

__all__ = ["normal_from_bits"]

Floats = TypeVar("Floats", np.float32, np.float64)

# The coefficients, the integers of the same size, and the bits of the mantissa.
_TABLES: dict[Any, tuple[NormalTable, Any, int]] = {
    np.float32: (FLOAT32, np.int32, 23),
    np.float64: (FLOAT64, np.int64, 52),
}


def normal_from_bits(
    bits: NDArray[np.uint32] | NDArray[np.uint64], width: int, dtype: type[Floats]
) -> NDArray[Floats]:
    """The standard normal quantile of (bits + 1/2) 2^-width, in `dtype`; same shape.

    bits holds integers of `width` bits: 32 or 64 for float32, 53 or 64 for float64. Error in float32:
    at most 4.4 units in the last place for abs(z) >= 1 and 2.8e-7 below (all words of 32 bits were
    measured); in float64: 4 units and 4e-16. Not quite monotonic: neighbours may change places by up
    to 5 units. The middle 128 words of 32 bits give zero, of either sign, in float32.

    >>> normal_from_bits(np.array([0, 2**30, 3 * 2**30, 2**32 - 1], np.uint32), 32, np.float32)
    array([-6.3379574, -0.6744898,  0.6744898,  6.3379574], dtype=float32)
    """
    size = 8 * bits.dtype.itemsize
    signed: NDArray[Any] = bits.view(f"i{bits.dtype.itemsize}")
    if width < size:
        signed = signed << (size - width) >> (size - width)
    side = signed >> (size - 1)  # -1 in the upper half, 0 in the lower
    x: NDArray[Floats] = (signed ^ side).astype(dtype)
    # Two roundings, the conversion's and this: where x has no bit left for the half, it stays as it is.
    x += dtype(0.5)
    x *= dtype(2.0 ** (1 - width))
    z = _lower_half(x, dtype)
    _, integer, _ = _TABLES[dtype]
    turned = z.view(integer)
    turned ^= side.astype(integer) << (8 * z.itemsize - 1)  # the sign bit
    return z


def _lower_half(x: NDArray[Floats], dtype: type[Floats]) -> NDArray[Floats]:
    """The quantile z <= 0 of the probability x/2, for 0 < x <= 1."""
    table, integer, mantissa = _TABLES[dtype]
    # x = 2^k m with m in [split, 2 split), so that l is small, and exact, where x is near 1.
    raw = x.view(integer)
    k = raw - dtype(table.split).view(integer)
    k >>= mantissa
    r = (raw - ((k - 1) << mantissa)).view(dtype)  # 2m
    r -= dtype(2)
    log = _horner(r, table.log, dtype)  # on its way to l, and to z
    log *= r * r
    log += r
    log += k.astype(dtype) * dtype(table.two_ln2)
    t = dtype(table.shift) - log
    np.sqrt(t, out=t)
    below = t + dtype(table.den[-1])
    for coefficient in table.den[-2::-1]:
        below *= t
        below += dtype(coefficient)
    above = _horner(t, table.num, dtype)
    log *= below
    below *= t
    below += above
    log /= below
    return log


def _horner(x: NDArray[Floats], coefficients: tuple[float, ...], dtype: type[Floats]) -> NDArray[Floats]:
    value = x * dtype(coefficients[-1])
    value += dtype(coefficients[-2])
    for coefficient in coefficients[-3::-1]:
        value *= x
        value += dtype(coefficient)
    return value
