"""tanf and lgammaf as the C library has them, for the arguments that Poisson numbers need.

Both are fdlibm's float functions (Sun Microsystems, freely usable), computed in float32 step by step, as
glibc has them: a correctly rounded function would now and then move a large number to its neighbour.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .logarithm import logf

__all__ = ["lgammaf", "tanf"]

Floats: TypeAlias = NDArray[np.float32]

_F = np.float32

_QUARTER_PI, _QUARTER_PI_REST = _F(7.8539812565e-01), _F(3.7748947079e-08)

_TANGENT = [
    _F(c)
    for c in (
        3.3333334327e-01, 1.3333334029e-01, 5.3968254477e-02, 2.1869488060e-02, 8.8632395491e-03,
        3.5920790397e-03, 1.4562094584e-03, 5.8804126456e-04, 2.4646313977e-04, 7.8179444245e-05,
        7.1407252108e-05, -1.8558637748e-05, 2.5907305826e-05,
    )
]  # fmt: skip
_STIRLING = [
    _F(c)
    for c in (
        4.1893854737e-01, 8.3333335817e-02, -2.7777778450e-03, 7.9365057172e-04, -5.9518753551e-04,
        8.3633989561e-04, -1.6309292987e-03,
    )
]  # fmt: skip


def tanf(x: Floats) -> Floats:
    """The tangent of numbers from 0 to float32(π), of one dimension.

    >>> tanf(np.array([0.5, 2, 3], np.float32))
    array([ 0.5463025 , -2.1850398 , -0.14254655], dtype=float32)
    """
    bits = x.view(np.int32)
    turned = bits > 0x3F490FDA  # beyond π/4
    n = ((x.astype(np.float64) * (2 / np.pi * 2.0**24)).astype(np.int32) + 0x800000) >> 24
    rest = x - n * (np.pi / 2)  # in float64, then as the sum of two floats
    high = rest.astype(_F)
    low = (rest - high).astype(_F)
    high = np.where(turned, high, x)
    low = np.where(turned, low, _F(0))
    return _tangent(high, low, turned & (n == 1))


def _tangent(x: Floats, y: Floats, inverse: NDArray[np.bool_]) -> Floats:
    """tan(x + y), or -1/tan(x + y), for abs(x) up to π/4."""
    argument, one = x, np.where(inverse, _F(-1), _F(1))
    sign = np.where(x < 0, _F(-1), _F(1))
    large = np.abs(x).view(np.int32) >= 0x3F2CA140
    x = np.where(large, (_QUARTER_PI - x * sign) + (_QUARTER_PI_REST - y * sign), x)
    y = np.where(large, _F(0), y)
    t = _TANGENT
    z = x * x
    w = z * z
    r = t[1] + w * (t[3] + w * (t[5] + w * (t[7] + w * (t[9] + w * t[11]))))
    v = z * (t[2] + w * (t[4] + w * (t[6] + w * (t[8] + w * (t[10] + w * t[12])))))
    s = z * x
    r = y + z * (s * (r + v) + y)
    r += t[0] * s
    w = x + r
    mirrored = sign * (one - _F(2) * (x - (w * w / (w + one) - r)))
    mirrored = np.where(np.abs(x) < _F(2.0**-13), sign * one * (_F(1) - _F(2) * one * x), mirrored)
    z = _upper(w)
    a = _F(-1) / w
    t_upper = _upper(a)
    reciprocal = t_upper + a * ((_F(1) + t_upper * z) + t_upper * (r - (z - x)))
    result = np.where(large, mirrored, np.where(inverse, reciprocal, w))
    tiny = np.where(inverse, _F(-1) / argument, argument)
    return np.where(np.abs(argument) < _F(2.0**-13), tiny, result)


def _upper(x: Floats) -> Floats:
    return (x.view(np.uint32) & np.uint32(0xFFFFF000)).view(np.float32)


def lgammaf(x: Floats) -> Floats:
    """The logarithm of Γ(x) for whole numbers from 1, and all numbers from 8, of one dimension.

    >>> lgammaf(np.array([1, 5, 100.5], np.float32))
    array([  0.       ,   3.1780539, 361.43552  ], dtype=float32)
    """
    factorial = np.ones_like(x)
    for i in range(2, 7):
        factorial *= np.where(x > i, _F(i), _F(1))
    t = logf(x)
    z = _F(1) / x
    y = z * z
    w0, w1, w2, w3, w4, w5, w6 = _STIRLING
    w = w0 + z * (w1 + y * (w2 + y * (w3 + y * (w4 + y * (w5 + y * w6)))))
    return np.where(x < 8, logf(factorial), (x - _F(0.5)) * (t - _F(1)) + w)
