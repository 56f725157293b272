"""The loops of `meter` compiled by numba, for float32 and for two-byte dtypes.

Nothing but `compiled` imports this module, and only when it pays. What the loops are written for:

- Floats are read as their bits. Integers have a least and a most that whole vectors find, zeros and what is
  not finite are comparisons, and the upper bits are the bin.
- Sums are of float64, of the distance to the first element of a block, and may be reordered (`reassoc`):
  only so does LLVM make vectors of them. Each block of 4096 elements stays in the first cache, and is put to
  the others as `moments` puts parts together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["count", "take"]

_i32, _i64, _u32, _u64, _f64 = np.int32, np.int64, np.uint32, np.uint64, np.float64
_SIZE, _INFINITE = _i32(0x7FFFFFFF), _i32(0x7F800000)
_BLOCK = 4096


@intrinsic
def _float(context: Any, bits: Any) -> Any:
    """The float32 with these bits."""
    return types.float32(types.int32), lambda _, builder, __, arguments: builder.bitcast(
        arguments[0], ir.FloatType()
    )


def _kernel(function: Any) -> Any:
    """Compile at the first call, and keep the result on disk: beside this file or in the user's cache."""
    try:
        return njit(error_model="numpy", nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no directory that it may write to
        return njit(error_model="numpy", nogil=True)(function)


@njit(error_model="numpy", fastmath={"reassoc", "nsz"})
def _sums(bits, begin, end, first):
    """The sums of x - first and of its square."""
    total, squares = 0.0, 0.0
    for j in range(begin, end):
        apart = _f64(_float(bits[j])) - first
        total += apart
        squares += apart * apart
    return total, squares


@njit(error_model="numpy")
def _sums_of_finite(bits, begin, end):
    """(how many are finite, the first of them, the sums) of those that are."""
    number, first, total, squares = 0, 0.0, 0.0, 0.0
    for j in range(begin, end):
        if _i32(bits[j] & _SIZE) < _INFINITE:
            x = _f64(_float(bits[j]))
            if number == 0:
                first = x
            number += 1
            total += x - first
            squares += (x - first) * (x - first)
    return number, first, total, squares


@njit(error_model="numpy")
def _look(bits, begin, end):
    """(zeros, least, most, largest size) of ordered bits."""
    zeros, least, most, largest = _i32(0), _i32(0x7FFFFFFF), _i32(-0x80000000), _i32(0)
    for j in range(begin, end):
        raw = bits[j]
        size = _i32(raw & _SIZE)
        key = _i32(raw ^ _i32(_i32(raw >> _i32(31)) & _SIZE))
        zeros += _i32(size == _i32(0))
        least = min(least, key)
        most = max(most, key)
        largest = max(largest, size)
    return zeros, least, most, largest


@_kernel
def take(bits, counts):
    """Measure float32 by their bits; the finite ones are counted by their upper bits."""
    zeros, nan, inf = 0, 0, 0
    least, most = _i32(0x7FFFFFFF), _i32(-0x80000000)
    seen, mean, deviations = 0, 0.0, 0.0
    for begin in range(0, len(bits), _BLOCK):
        end = min(begin + _BLOCK, len(bits))
        some, low, high, largest = _look(bits, begin, end)
        zeros += some
        if largest < _INFINITE:
            number, first = end - begin, _f64(_float(bits[begin]))
            total, squares = _sums(bits, begin, end, first)
            for j in range(begin, end):
                counts[_u64(_u32(bits[j]) >> _u32(16))] += 1
        else:
            number, first, total, squares = _sums_of_finite(bits, begin, end)
            low, high = _i32(0x7FFFFFFF), _i32(-0x80000000)
            for j in range(begin, end):
                raw = bits[j]
                size = _i32(raw & _SIZE)
                if size > _INFINITE:
                    nan += 1
                elif size == _INFINITE:
                    inf += 1
                else:
                    key = _i32(raw ^ _i32(_i32(raw >> _i32(31)) & _SIZE))
                    low, high = min(low, key), max(high, key)
                    counts[_u64(_u32(raw) >> _u32(16))] += 1
        if number:
            least, most = min(least, low), max(most, high)
            here = first + total / number
            apart = here - mean
            seen += number
            deviations += (
                squares - total * (total / number) + apart * apart * ((seen - number) * (number / seen))
            )
            mean += apart * (number / seen)
    low_bits = _i32(least ^ _i32(_i32(least >> _i32(31)) & _SIZE))
    high_bits = _i32(most ^ _i32(_i32(most >> _i32(31)) & _SIZE))
    return zeros, nan, inf, _f64(_float(low_bits)), _f64(_float(high_bits)), mean, max(deviations, 0.0)


@_kernel
def count(bits, counts):
    """Count patterns of 16 bits."""
    for j in range(len(bits)):
        counts[_u64(bits[j])] += 1
