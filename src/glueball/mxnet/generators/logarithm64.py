"""The natural logarithm of float64, to the bit that glibc's log gives where the processor multiplies and adds at once.

It is the algorithm of Arm's optimized routines (MIT licence), which glibc has since 2.28. Near 1 it is a
polynomial in r = x − 1, else x = 2^k z with z in [0.6875, 1.375), c one of 128 numbers near z, r = z/c − 1,

    log x = k ln 2 + log c + r + r² (A0 + A1 r + A2 r² + A3 r³ + A4 r⁴).

Products that glibc's code leaves unrounded until they are added are so here too (`_fma`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["log"]

Doubles: TypeAlias = NDArray[np.float64]

# 1/c, as the bits of a float64, and log c = -log(1/c), rounded to a multiple of 2^-43.
_INVERSE_C = np.array([int(bits, 16) for bits in """
3ff734f0c3e0de9f 3ff713786a2ce91f 3ff6f26008fab5a0 3ff6d1a61f138c7d 3ff6b1490bc5b4d1 3ff69147332f0cba
3ff6719f18224223 3ff6524f99a51ed9 3ff63356aa8f24c4 3ff614b36b9ddc14 3ff5f66452c65c4c 3ff5d867b5912c4f
3ff5babccb5b90de 3ff59d61f2d91a78 3ff5805612465687 3ff56397cee76bd3 3ff54725e2a77f93 3ff52aff42064583
3ff50f22dbb2bddf 3ff4f38f4734ded7 3ff4d843cfde2840 3ff4bd3ec078a3c8 3ff4a27fc3e0258a 3ff4880524d48434
3ff46dce1b192d0b 3ff453d9d3391854 3ff43a2744b4845a 3ff420b54115f8fb 3ff40782da3ef4b1 3ff3ee8f5d57fe8f
3ff3d5d9a00b4ce9 3ff3bd60c010c12b 3ff3a5242b75dab8 3ff38d22cd9fd002 3ff3755bc5847a1c 3ff35dce49ad36e2
3ff34679984dd440 3ff32f5cceffcb24 3ff3187775a10d49 3ff301c8373e3990 3ff2eb4ebb95f841 3ff2d50a0219a9d1
3ff2bef9a8b7fd2a 3ff2a91c7a0c1bab 3ff293726014b530 3ff27dfa5757a1f5 3ff268b39b1d3bbf 3ff2539d838ff5bd
3ff23eb7aac9083b 3ff22a012ba940b6 3ff2157996cc4132 3ff201201dd2fc9b 3ff1ecf4494d480b 3ff1d8f5528f6569
3ff1c52311577e7c 3ff1b17c74cb26e9 3ff19e010c2c1ab6 3ff18ab07bb670bd 3ff1778a25efbcb6 3ff1648d354c31da
3ff151b990275fdd 3ff13f0ea432d24c 3ff12c8b7210f9da 3ff11a3028ecb531 3ff107fbda8434af 3ff0f5ee0f4e6bb3
3ff0e4065d2a9fce 3ff0d244632ca521 3ff0c0a77ce2981a 3ff0af2f83c636d1 3ff09ddb98a01339 3ff08cabaf52e7df
3ff07b9f2f4e28fb 3ff06ab58c358f19 3ff059eea5ecf92c 3ff04949cdd12c90 3ff038c6c6f0ada9 3ff02865137932a9
3ff0182427ea7348 3ff008040614b195 3fefe01ff726fa1a 3fefa11cc261ea74 3fef6310b081992e 3fef25f63ceeadcd
3feee9c8039113e7 3feeae8078cbb1ab 3fee741aa29d0c9b 3fee3a91830a99b5 3fee01e009609a56 3fedca01e577bb98
3fed92f20b7c9103 3fed5cac66fb5cce 3fed272caa5ede9d 3fecf26e3e6b2ccd 3fecbe6da2a77902 3fec8b266d37086d
3fec5894bd5d5804 3fec26b533bb9f8c 3febf583eeece73f 3febc4fd75db96c1 3feb951e0c864a28 3feb65e2c5ef3e2c
3feb374867c9888b 3feb094b211d304a 3feadbe885f2ef7e 3feaaf1d31603da2 3fea82e63fd358a7 3fea5740ef09738b
3fea2c2a90ab4b27 3fea01a01393f2d1 3fe9d79f24db3c1b 3fe9ae2505c7b190 3fe9852ef297ce2f 3fe95cbaeea44b75
3fe934c69de74838 3fe90d4f2f6752e6 3fe8e6528effd79d 3fe8bfce9fcc007c 3fe899c0dabec30e 3fe87427aa2317fb
3fe84f00acb39a08 3fe82a49e8653e55 3fe8060195f40260 3fe7e22563e0a329 3fe7beb377dcb5ad 3fe79baa679725c2
3fe77907f2170657 3fe756cadbd6130c
""".split()], np.uint64).view(np.float64)
_LOG_C = np.array([int(digits) for digits in """
-3270884932818 -3221189312928 -3171772688956 -3122632525071 -3073765412879 -3025167893248 -2976837063186
-2928772038762 -2880966258024 -2833420104970 -2786129817909 -2739090699799 -2692303327726 -2645762963380
-2599468001488 -2553415140892 -2507601451857 -2462025327858 -2416684919071 -2371576092479 -2326699089395
-2282047609698 -2237624110199 -2193422047343 -2149440770427 -2105679270147 -2062135086747 -2018804668287
-1975686023513 -1932778629265 -1890078742545 -1847584410941 -1805295739177 -1763209282015 -1721322869891
-1679634883676 -1638143836483 -1596847277607 -1555745583990 -1514833005434 -1474110644803 -1433574898723
-1393226489120 -1353060173872 -1313078686864 -1273278040644 -1233655924634 -1194210775754 -1154942861170
-1115848744938 -1076928307804 -1038178628098 -999599241162 -961187313349 -922944602491 -884865972548
-846950931350 -809199574368 -771609995712 -734178536508 -696907134223 -659794062165 -622834206251
-586031612689 -549381581640 -512882977245 -476535034388 -440337236043 -404286917643 -368385302362
-332627781014 -297016332373 -261548475863 -226222056613 -191038332675 -155993971028 -121089237241
-86322273706 -51690725750 -17196801609 34292424996 102479508797 170142435717 237288696082
303925770308 370062344199 435705152354 500861484382 565539450054 629744277609 693484935616
756766489278 819595422544 881979977955 943923779691 1005435066169 1066519990003 1127182678292
1187430017323 1247267314851 1306701491285 1365735883569 1424375592872 1482628959519 1540497752463
1597988849257 1655106916783 1711856242536 1768240983940 1824267551424 1879938809885 1935260044236
1990236918918 2044871263340 2099167071486 2153131016569 2206766089207 2260075663994 2313065582798
2365736774010 2418094695529 2470142810512 2521883667565 2573323018901 2624464226412 2675308346755
2725861357030 2776123598332
""".split()]) * 2.0**-43

_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45")
_A = [
    float.fromhex(digits)
    for digits in """
    -0x1.0000000000001p-1 0x1.555555551305bp-2 -0x1.fffffffeb4590p-3 0x1.999b324f10111p-3 -0x1.55575e506c89fp-3
    """.split()
]
_B = [
    float.fromhex(digits)
    for digits in """
    -0x1p-1 0x1.5555555555577p-2 -0x1.ffffffffffdcbp-3 0x1.999999995dd0cp-3 -0x1.55555556745a7p-3
    0x1.24924a344de30p-3 -0x1.fffffa4423d65p-4 0x1.c7184282ad6cap-4 -0x1.999eb43b068ffp-4
    0x1.78182f7afd085p-4 -0x1.5521375d145cdp-4
    """.split()
]
_OFFSET = 0x3FE6000000000000  # the bits of the smallest z
_NEAR = 1 - 2.0**-4, 1 + float.fromhex("0x1.09p-4")  # where the polynomial around 1 is taken
_PIECE = 1 << 12  # numbers that are worked on together: some thirty arrays stay in the cache


def log(x: Doubles) -> Doubles:
    """The natural logarithm of positive, normal, finite float64 numbers, of one dimension.

    >>> log(np.array([1, 2, 0.1]))
    array([ 0.        ,  0.69314718, -2.30258509])
    """
    result = np.empty_like(x)
    for start in range(0, len(x), _PIECE):
        piece = x[start : start + _PIECE]
        values = _log_far(piece)
        near = np.flatnonzero((piece >= _NEAR[0]) & (piece < _NEAR[1]))
        values[near] = _log_near(piece[near])
        result[start : start + _PIECE] = values
    return result


def _log_far(x: Doubles) -> Doubles:
    bits = x.view(np.int64)
    above = bits - _OFFSET
    cell = (above >> 45) & 127
    exponent = above >> 52
    z = (bits - (exponent << 52)).view(np.float64)
    k = exponent.astype(np.float64)
    r = _fma(z, _INVERSE_C[cell], -1.0)
    whole = k * _LN2_HIGH + _LOG_C[cell]  # exact
    high = whole + r
    low = _fma(k, _LN2_LOW, whole - high + r)
    square = r * r
    low = _fma(square, _A[0], low)
    tail = _fma(_fma(r, _A[4], _A[3]), square, _fma(r, _A[2], _A[1]))
    return _fma(r * square, tail, low) + high


def _log_near(x: Doubles) -> Doubles:
    r = x - 1
    square = r * r
    cube = r * square
    first = _fma(square, _B[3], _fma(r, _B[2], _B[1]))
    second = _fma(square, _B[6], _fma(r, _B[5], _B[4]))
    third = _fma(cube, _B[10], _fma(square, _B[9], _fma(r, _B[8], _B[7])))
    tail = _fma(_fma(third, cube, second), cube, first)
    top = r * 2.0**27
    top = r + top - top  # the upper half of r's bits: its square is exact
    half = top * top * _B[0]
    high = r + half
    low = _fma(_B[0] * (r - top), r + top, r - high + half)
    return high + _fma(tail, cube, low)


def _fma(a: Doubles, b: Doubles | float, c: Doubles | float) -> Doubles:
    """a·b + c, rounded once (Dekker's product, Knuth's sum; the two errors are added to the sum)."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = a_low * b_low - (product - a_high * b_high - a_low * b_high - a_high * b_low)
    total = product + c
    part = total - product
    return total + ((product - (total - part)) + (c - part) + error)


def _split(x: Doubles | float) -> tuple[Doubles | float, Doubles | float]:
    """x as the sum of two numbers of 26 bits (Veltkamp)."""
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high
