"""The streams compiled by numba: the loops of `philox`, `normal` and `distributions`, bit for bit.

Nothing but `compiled` imports this module, and only when it pays: importing it imports numba.

What the loops are written for, and what a change has to keep:

- Every operation on floats is one IEEE operation of the definition, in its order. numba fuses nothing
  unless it is asked to (`fastmath`), and nobody asks.
- The inner loops run over a tile at most, in arrays that stay in the first cache, without a branch, so
  that LLVM makes them of whole vectors. Indices are unsigned: a signed one may be negative in numba, and
  then each store becomes a scatter. Whole arrays are handed on, not slices: counting references to
  those, under a lock, took half of the time.
- numba widens what it calculates with: int32 becomes int64, and a mix of signed and unsigned becomes
  float64. So each integer step says its type.
- Coefficients are arguments. As globals they would be frozen in the cache on disk, which notices a
  change in this file only. For the same reason all compiled code is in this one file.

A call fills many runs: run n is x[ends[n - 1] : ends[n]], the stream of keys[rows[n]] from element
starts[n] on, of the distribution with the constants floats[rows[n]] and integers[rows[n]].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic, overload

__all__ = ["NORMAL", "TRUNCATED", "UNIFORM", "fill", "threads", "to_bfloat16", "to_float16"]

UNIFORM, NORMAL, TRUNCATED = 0, 1, 2

_f32, _f64, _i32, _i64, _u32, _u64 = np.float32, np.float64, np.int32, np.int64, np.uint32, np.uint64
_LOW, _HALF = _u64(0xFFFFFFFF), _u64(32)

_OTHER = {
    types.float32: (types.int32, ir.IntType(32)),
    types.int32: (types.float32, ir.FloatType()),
    types.float64: (types.int64, ir.IntType(64)),
    types.int64: (types.float64, ir.DoubleType()),
}


@intrinsic
def _bits(context: Any, x: Any) -> Any:
    """The same bits as an integer of the float's size, or as a float of the integer's."""
    result, llvm_type = _OTHER[x]
    return result(x), lambda _, builder, __, arguments: builder.bitcast(arguments[0], llvm_type)


# Division as IEEE has it, without a test for zero.
_OPTIONS: Any = {"error_model": "numpy", "forceinline": True}
_inlined = njit(**_OPTIONS)


def _kernel(function: Any) -> Any:
    """Compile at the first call, and keep the result on disk: beside this file or in the user's cache."""
    try:
        return njit(error_model="numpy", nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no directory that it may write to
        return njit(error_model="numpy", nogil=True)(function)


def threads() -> int:
    """As many as numba would use: NUMBA_NUM_THREADS, or the cores that the process may run on."""
    count: int = vars(config)["NUMBA_NUM_THREADS"]
    return count


# ------------------------------------------------------------------ words


@_inlined
def _philox(words, tile, first, count, keys, n, at):
    """Outputs of `count` counters of a tile, from number `first` on, to their places in `words`."""
    c = _u64(tile) << _u64(8)
    low, top = c & _LOW, c >> _HALF
    k0, k1, h2, h3 = keys[n, at], keys[n, at + 1], keys[n, at + 2], keys[n, at + 3]
    for step in range(count):
        j = first + step
        c0, c1, c2, c3 = low + j, top, h2, h3
        a, b = k0, k1
        for _ in range(10):
            # Vectors multiply 32 by 32 bits where LLVM sees the upper halves empty.
            left, right = (c0 & _LOW) * _u64(0xD2511F53), (c2 & _LOW) * _u64(0xCD9E8D57)
            c0, c2 = (right >> _HALF) ^ c1 ^ a, (left >> _HALF) ^ c3 ^ b
            c1, c3 = right & _LOW, left & _LOW
            a, b = (a + _u64(0x9E3779B9)) & _LOW, (b + _u64(0xBB67AE85)) & _LOW
        words[j] = _u32(c0)
        words[j + _u64(256)] = _u32(c1)
        words[j + _u64(512)] = _u32(c2)
        words[j + _u64(768)] = _u32(c3)


# ------------------------------------------------------------------ floats of words, in each dtype

# What they share: words begin at `a` in first (and second), floats at `at` in x, `count` of each.


@_inlined
def _horner(value, x, coefficients):
    """The polynomial at x from `value` on, the highest coefficient first; short ones are unrolled."""
    for n in range(len(coefficients)):
        value = value * x + coefficients[n]
    return value


@_inlined
def _lower_half32(x, table):
    shift, two_ln2, split, log, num, den = table
    raw = _bits(x)
    k = _i32(_i32(raw - split) >> _i32(23))
    r = _bits(_i32(raw - _i32(_i32(k - _i32(1)) << _i32(23)))) - _f32(2)
    ln = _horner(log[0], r, log[1:]) * (r * r) + r + _f32(k) * two_ln2
    t = np.sqrt(shift - ln)
    below = _horner(t + den[0], t, den[1:])
    above = _horner(num[0], t, num[1:])
    return ln * below / (below * t + above)


@_inlined
def _uniform32(first, a, count, x, at, floats, n):
    low, width = floats[n, 0], floats[n, 1]
    for j in range(count):
        x[at + j] = _f32(_i32(first[a + j] >> _u32(8))) * _f32(2.0**-24) * width + low


@_inlined
def _normal32(first, a, count, x, at, floats, n, table):
    mean, std = floats[n, 0], floats[n, 1]
    for j in range(count):
        signed = _i32(first[a + j])
        side = _i32(signed >> _i32(31))
        p = (_f32(_i32(signed ^ side)) + _f32(0.5)) * _f32(2.0**-31)
        z = _bits(_i32(_bits(_lower_half32(p, table)) ^ _i32(side << _i32(31))))
        x[at + j] = z * std + mean


@_inlined
def _truncated32(first, a, count, x, at, floats, integers, n, table):
    mean, std, low, high, sign = floats[n, 0], floats[n, 1], floats[n, 2], floats[n, 3], floats[n, 4]
    least, d1, d0 = integers[n, 0], integers[n, 1] & _LOW, integers[n, 2] & _LOW
    h1, h0, flip = integers[n, 3], integers[n, 4], _u32(integers[n, 5])
    for j in range(count):
        w = _u64(_u32(first[a + j] ^ flip))
        signed = _i64(((w * d0 + h0) >> _HALF) + w * d1 + h1 + least)
        side = signed >> _i64(63)
        p = (_f32(signed ^ side) + _f32(0.5)) * _f32(2.0**-63)
        z = _bits(_i32(_bits(_lower_half32(p, table)) ^ _i32(_i32(side) << _i32(31))))
        value = z * sign * std + mean
        value = low if value < low else value
        x[at + j] = high if value > high else value


@_inlined
def _lower_half64(x, table):
    shift, two_ln2, split, log, num, den = table
    raw = _bits(x)
    k = (raw - split) >> _i64(52)
    r = _bits(raw - ((k - _i64(1)) << _i64(52))) - 2.0
    poly = _horner(_horner(_horner(log[0], r, log[1:7]), r, log[7:14]), r, log[14:])
    ln = poly * (r * r) + r + _f64(k) * two_ln2
    t = np.sqrt(shift - ln)
    below = _horner(_horner(t + den[0], t, den[1:5]), t, den[5:])
    above = _horner(_horner(num[0], t, num[1:6]), t, num[6:])
    return ln * below / (below * t + above)


@_inlined
def _uniform64(first, second, a, count, x, at, floats, n):
    low, width = floats[n, 0], floats[n, 1]
    for j in range(count):
        m = _i64((_u64(first[a + j]) << _u64(21)) | (_u64(second[a + j]) >> _u64(11)))
        x[at + j] = _f64(m) * 2.0**-53 * width + low


@_inlined
def _normal64(first, second, a, count, x, at, floats, n, table):
    mean, std = floats[n, 0], floats[n, 1]
    for j in range(count):
        m = _i64((_u64(first[a + j]) << _u64(21)) | (_u64(second[a + j]) >> _u64(11)))
        signed = (m << _i64(11)) >> _i64(11)
        side = signed >> _i64(63)
        p = (_f64(signed ^ side) + 0.5) * 2.0**-52
        z = _bits(_bits(_lower_half64(p, table)) ^ (side << _i64(63)))
        x[at + j] = z * std + mean


@_inlined
def _truncated64(first, second, a, count, x, at, floats, integers, n, table):
    mean, std, low, high, sign = floats[n, 0], floats[n, 1], floats[n, 2], floats[n, 3], floats[n, 4]
    least, d1, d0 = integers[n, 0], integers[n, 1] & _LOW, integers[n, 2] & _LOW
    h1, h0, flip = integers[n, 3], integers[n, 4], _u32(integers[n, 5])
    for j in range(count):
        w, v = _u64(_u32(first[a + j] ^ flip)), _u64(_u32(second[a + j] ^ flip)) >> _u64(11)
        carried = ((v * d0 + h0) >> _u64(21)) + ((v * d1 + h1) << _u64(11))
        q = ((w * d0 + (carried & _LOW)) >> _HALF) + w * d1 + (carried >> _HALF) + least
        signed = _i64(q)
        side = signed >> _i64(63)
        p = (_f64(signed ^ side) + 0.5) * 2.0**-63
        z = _bits(_bits(_lower_half64(p, table)) ^ (side << _i64(63)))
        value = z * sign * std + mean
        value = low if value < low else value
        x[at + j] = high if value > high else value


def _make(kind, first, second, a, count, x, at, floats, integers, n, table):
    """Make floats of words; x's dtype says which of the two below stands here."""


@overload(_make, jit_options=_OPTIONS)
def _make_of(kind, first, second, a, count, x, at, floats, integers, n, table):
    def make32(kind, first, second, a, count, x, at, floats, integers, n, table):
        if kind == UNIFORM:
            _uniform32(first, a, count, x, at, floats, n)
        elif kind == NORMAL:
            _normal32(first, a, count, x, at, floats, n, table)
        else:
            _truncated32(first, a, count, x, at, floats, integers, n, table)

    def make64(kind, first, second, a, count, x, at, floats, integers, n, table):
        if kind == UNIFORM:
            _uniform64(first, second, a, count, x, at, floats, n)
        elif kind == NORMAL:
            _normal64(first, second, a, count, x, at, floats, n, table)
        else:
            _truncated64(first, second, a, count, x, at, floats, integers, n, table)

    return make32 if x.dtype == types.float32 else make64


# ------------------------------------------------------------------ what is called from outside


@_kernel
def fill(kind, x, starts, ends, rows, keys, floats, integers, table):
    """Fill float32 or float64 runs, tile by tile."""
    first, second = np.empty(1024, np.uint32), np.empty(1024, np.uint32)
    at = 0
    for run in range(len(starts)):
        n, i, end = rows[run], starts[run], ends[run]
        while at < end:
            a = i & 1023
            stop = min(1024, a + end - at)
            # Most short runs lie in one lane and take the counters that they need, no more.
            alone = a >> 8 == (stop - 1) >> 8
            j, calls = (_u64(a & 255), _u64(stop - a)) if alone else (_u64(0), _u64(256))
            _philox(first, i >> 10, j, calls, keys, n, 0)
            if keys.shape[1] > 4:
                _philox(second, i >> 10, j, calls, keys, n, 4)
            where = _u64(a), _u64(stop - a), x, _u64(at)
            _make(kind, first, second, *where, floats, integers, n, table)
            at += stop - a
            i += stop - a


@_kernel
def to_bfloat16(x, out):
    """Round float32 to the bits of bfloat16, to nearest even; no NaN."""
    for j in range(len(out)):
        raw = _u32(_bits(x[j]))
        out[j] = np.uint16(_u32(raw + _u32(0x7FFF) + ((raw >> _u32(16)) & _u32(1))) >> _u32(16))


@_kernel
def to_float16(x, out):
    """Round float32 to the bits of float16, to nearest even, subnormal ones too; below 65536, no NaN."""
    # Adding 1/2 leaves as many bits of a subnormal number as float16 has, rounded by the addition.
    for j in range(len(out)):
        raw = _i32(_bits(x[j]))
        size = _i32(raw & _i32(0x7FFFFFFF))
        tiny = _i32(_bits(_f32(_bits(size) + _f32(0.5))) - _i32(0x3F000000))
        odd = _i32(_i32(size >> _i32(13)) & _i32(1))
        normal = _i32(_i32(size - _i32(112 << 23) + _i32(0xFFF) + odd) >> _i32(13))
        rounded = tiny if size < _i32(113 << 23) else normal
        out[j] = np.uint16(rounded | ((raw >> _i32(16)) & _i32(0x8000)))
