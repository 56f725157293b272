"""The natural logarithm of float32, to the bit that glibc's logf gives, on any platform.

MXNet's normal and exponential numbers go through it, and a correctly rounded logarithm differs in one
value of 300. It is the algorithm of Arm's optimized routines (MIT licence), which glibc has since 2.27:
x = 2^k z with z in [0.7, 1.4), c one of 16 numbers near z, r = z/c - 1,

    log x = k ln 2 + log c + r + r² (A2 + A1 r + A0 r²),

in float64, rounded to float32 at the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logf"]

_HEX = float.fromhex

_INVERSE_C = np.array(
    [
        *map(
            _HEX,
            ("0x1.661ec79f8f3bep+0", "0x1.571ed4aaf883dp+0", "0x1.49539f0f010bp+0", "0x1.3c995b0b80385p+0"),
        ),
        *map(
            _HEX,
            ("0x1.30d190c8864a5p+0", "0x1.25e227b0b8eap+0", "0x1.1bb4a4a1a343fp+0", "0x1.12358f08ae5bap+0"),
        ),
        *map(_HEX, ("0x1.0953f419900a7p+0", "0x1p+0", "0x1.e608cfd9a47acp-1", "0x1.ca4b31f026aap-1")),
        *map(
            _HEX,
            ("0x1.b2036576afce6p-1", "0x1.9c2d163a1aa2dp-1", "0x1.886e6037841edp-1", "0x1.767dcf5534862p-1"),
        ),
    ]
)
_LOG_C = np.array(
    [
        *map(
            _HEX,
            (
                "-0x1.57bf7808caadep-2",
                "-0x1.2bef0a7c06ddbp-2",
                "-0x1.01eae7f513a67p-2",
                "-0x1.b31d8a68224e9p-3",
            ),
        ),
        *map(
            _HEX,
            (
                "-0x1.6574f0ac07758p-3",
                "-0x1.1aa2bc79c81p-3",
                "-0x1.a4e76ce8c0e5ep-4",
                "-0x1.1973c5a611cccp-4",
            ),
        ),
        *map(_HEX, ("-0x1.252f438e10c1ep-5", "0x0p+0", "0x1.aa5aa5df25984p-5", "0x1.c5e53aa362eb4p-4")),
        *map(
            _HEX,
            ("0x1.526e57720db08p-3", "0x1.bc2860d22477p-3", "0x1.1058bc8a07ee1p-2", "0x1.4043057b6ee09p-2"),
        ),
    ]
)
_LN2 = _HEX("0x1.62e42fefa39efp-1")
_A0, _A1, _A2 = map(_HEX, ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2"))
_OFFSET = np.uint32(0x3F330000)  # the bits of the smallest z


def logf(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The natural logarithm of positive, normal, finite float32 numbers, of one dimension.

    >>> logf(np.array([1, 2, 0.1], np.float32))
    array([ 0.       ,  0.6931472, -2.3025851], dtype=float32)
    """
    bits = x.view(np.uint32)
    above = bits - _OFFSET
    cell = (above >> np.uint32(19)) & np.uint32(15)
    exponent = above.view(np.int32) >> np.int32(23)
    above &= np.uint32(0xFF800000)
    np.subtract(bits, above, out=above)
    r = above.view(np.float32).astype(np.float64)
    r *= _INVERSE_C.take(cell)
    r -= 1
    result = exponent * _LN2
    result += _LOG_C.take(cell)
    result += r
    square = r * r
    tail = square * _A0
    r *= _A1
    r += _A2
    tail += r
    tail *= square
    result += tail
    return result.astype(np.float32)
