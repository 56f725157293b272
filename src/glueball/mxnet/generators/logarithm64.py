"""The natural logarithm of float64, to the bit that glibc's log gives on a processor with fused operations.

It is the algorithm of Arm's optimized routines (MIT licence), which glibc has since 2.28. Near 1 it is a
polynomial in r = x − 1, else x = 2^k z with z in [0.6875, 1.375), c one of 128 numbers near z, r = z/c − 1,

    log x = k ln 2 + log c + r + r² (A0 + A1 r + A2 r² + A3 r³ + A4 r⁴).

A product and a sum that such a processor rounds once are rounded once here too (`_fma`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["log"]

Doubles: TypeAlias = NDArray[np.float64]

# 1/c and log c = -log(1/c) for each c; the logarithm is a multiple of 2^-43. Bytes of float64, low first.
_INVERSE_C, _LOG_C = np.array(
    np.frombuffer(
        bytes.fromhex("""
    9fdee0c3f034f73f 0090e6797fccd7bf 1fe92c6a7813f73f 00000dc2ee6fd7bf a0b5fa0860f2f63f 00e05113e313d7bf
    7d8c131fa6d1f63f 007828385bb8d6bf d1b4c50b49b1f63f 00788090555dd6bf ba0c2f334791f63f 00001876d002d6bf
    234222189f71f63f 00909086caa8d5bf d91ea5994f52f63f 00500356434fd5bf c4248faa5633f63f 00406bc337f6d4bf
    14dc9d6bb314f63f 0050a8fda79dd4bf 4c5cc65264f6f53f 00a889399245d4bf 4f2c91b567d8f53f 00b8b039f4edd3bf
    de905bcbbcbaf53f 00708f44ce96d3bf 781ad9f2619df53f 00a0bd171e40d3bf 875646125680f53f 008046efe2e9d2bf
    d36be7ce9763f53f 00e030381b94d2bf 937fa7e22547f53f 0088da8cc53ed2bf 83450642ff2af53f 00902729e1e9d1bf
    dfbdb2db220ff53f 00f8482b6d95d1bf d7de34478ff3f43f 00f8b99a6741d1bf 4028decf43d8f43f 0098ef94d0edd0bf
    c8a378c03ebdf43f 0010db18a59ad0bf 8a25e0c37fa2f43f 00b86352e647d0bf 3484d4240588f43f 00f0864522ebcfbf
    0b2d191bce6df43f 00b017754a47cfbf 541839d3d953f43f 0030103d44a4cebf 5a84b444273af43f 00b0e9440d02cebf
    fbf81541b520f43f 00f07729a260cdbf b1f43eda8207f43f 0090950401c0ccbf 8ffe575d8feef33f 001089562920ccbf
    e94c0ba0d9d5f33f 0010818d1781cbbf 2bc110c060bdf33f 00d0d3ccc9e2cabf b8da752b24a5f33f 0090122e4045cabf
    02d09fcd228df33f 00f01d6877a8c9bf 1c7a84c55b75f33f 003048696d0cc9bf e236ad49ce5df33f 00c045a62071c8bf
    40d44d987946f33f 003014b48fd6c7bf 24cbffce5c2ff33f 0070623cb83cc7bf 490da1757718f33f 0060379b9aa3c6bf
    90393e37c801f33f 00a0b754310bc6bf 41f895bb4eebf23f 003024767d73c5bf d1a919020ad5f23f 0030c28f7bdcc4bf
    2afdb7a8f9bef23f 0000d2512c46c4bf ab1b0c7a1ca9f23f 000083bc8ab0c3bf 30b514607293f23f 0000496b991bc3bf
    f5a15757fa7df23f 0040a4905487c2bf bf3b1d9bb368f23f 00a079f8b9f3c1bf bdf58f839d53f23f 00a02c25c860c1bf
    3b08c9aab73ef23f 0020f7577fcec0bf b640a92b012af23f 00a0fe49dc3cc0bf 3241cc967915f23f 00804bbcbd57bfbf
    9bfcd21d2001f23f 004040960837bebf 0b484d49f4ecf13f 0040f93e9817bdbf 69658f52f5d8f13f 00a0d84e67f9bbbf
    7c7e571123c5f13f 00602f2079dcbabf e926cb747cb1f13f 008028e7c3c0b9bf b61a2c0c019ef13f 00c072b346a6b8bf
    bd70b67bb08af13f 0000acb3018db7bf b6bcef258a77f13f 00003845f174b6bf da314c358d64f13f 0080876d0e5eb5bf
    dd5f2790b951f13f 00e0a1de5c48b4bf 4cd232a40e3ff13f 00a06a4dd933b3bf daf910728b2cf13f 0060c5f87920b2bf
    31b5ec28301af13f 00206298460eb1bf af3484dafb07f13f 0000d26a6cfaafbf b36b4e0feef5f03f 0040774a8ddaadbf
    ce9f2a5d06e4f03f 000085e4ecbcabbf 21a52c6344d2f03f 00c0124089a1a9bf 1a98e27ca7c0f03f 00c002335888a7bf
    d136c6832faff03f 0080d6675e71a5bf 3913a098db9df03f 008065498a5ca3bf dfe752afab8cf03f 00401564e349a1bf
    fb284e2f9f7bf03f 0080eb82c0729ebf 198f358cb56af03f 00805252f1559abf 2cf9eca5ee59f03f 008081cf623d96bf
    902cd1cd4949f03f 0000aa8cfb2892bf a9adf0c6c638f03f 0000f9207b318cbf a93279136528f03f 0000aa5d351984bf
    4873ea272418f03f 0000ecc2031278bf 95b114060408f03f 00002479090460bf 1afa26f71fe0ef3f 00009084f3ef6f3f
    74ea61c21ca1ef3f 00003d3541dc873f 2e9981b01063ef3f 0080c2c4a3ce933f cdadee3cf625ef3f 00008914c19f9b3f
    e7139103c8e9ee3f 000011ced8b0a13f abb1cb7880aeee3f 00c001d05b8aa53f 9b0c9da21a74ee3f 0080d840835ca93f
    b5990a83913aee3f 008057ef6a27ad3f 569a6009e001ee3f 00c098e59875b03f 98bb77e501caed3f 00200de3f553b23f
    03917c0bf292ed3f 0000388bdd2eb43f ce5cfb66ac5ced3f 00c057875906b63f 9dde5eaa2c27ed3f 00006a3576dab73f
    cd2c6b3e6ef2ec3f 00601c4e43abb93f 0279a7a26dbeec3f 00600dbbc778bb3f 6d08376d268bec3f 0020e7321343bd3f
    04585dbd9458ec3f 0060de71310abf3f 8c9fbb33b526ec3f 0040912b1567c03f 3fe7ecee83f5eb3f 00b092828547c13f
    c196db75fdc4eb3f 0030cacd6e26c23f 284a860c1e95eb3f 0050c5a6d703c33f 2c3eefc5e265eb3f 0010333cc3dfc33f
    8b88c9674837eb3f 00807a6b36bac43f 4a301d214b09eb3f 00f0d1283993c53f 7eeff285e8dbea3f 00f01824cd6ac63f
    a23d60311dafea3f 009066ecf840c73f a758d33fe682ea3f 00f01af5c015c83f 8b7309ef4057ea3f 0080f65429e9c83f
    274bab902a2cea3f 0040f80236bbc93f d1f29313a001ea3f 00002c1ced8bca3f 1b3cdb249fd7e93f 00d0015c515bcb3f
    90b1c70525aee93f 00c0bccc6729cc3f 2fce97f22e85e93f 006048d535f6cc3f 754ba4eeba5ce93f 00c04634bdc1cd3f
    3848e79dc634e93f 00e0cfb8018cce3f e652672f4f0de93f 009017c00955cf3f 9dd7ff8e52e6e83f 00b81f126c0ed03f
    7c00cc9fcebfe83f 00d0930eb871d03f 0ec3bedac099e83f 0070869e6bd4d03f fb1723aa2774e83f 00d04b338736d13f
    089ab3ac004fe83f 004823670d98d13f 553e65e8492ae83f 0080cce0fff8d13f 6002f4950106e83f 006863d75f59d23f
    29a3e06325e2e73f 00a8140930b9d23f adb5dc77b3bee73f 006043107218d33f c2259767aa9be73f 0018ec6d2677d33f
    570617f20779e73f 0030affb4fd5d33f 0c13d6dbca56e73f 00e02fe3ee32d43f
    """),
        "<f8",
    ).reshape(128, 2),
    np.float64,
    order="F",
).T

_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45")
_A = [
    float.fromhex("-0x1.0000000000001p-1"),
    float.fromhex("0x1.555555551305bp-2"),
    float.fromhex("-0x1.fffffffeb4590p-3"),
    float.fromhex("0x1.999b324f10111p-3"),
    float.fromhex("-0x1.55575e506c89fp-3"),
]
_B = [
    float.fromhex("-0x1p-1"),
    float.fromhex("0x1.5555555555577p-2"),
    float.fromhex("-0x1.ffffffffffdcbp-3"),
    float.fromhex("0x1.999999995dd0cp-3"),
    float.fromhex("-0x1.55555556745a7p-3"),
    float.fromhex("0x1.24924a344de30p-3"),
    float.fromhex("-0x1.fffffa4423d65p-4"),
    float.fromhex("0x1.c7184282ad6cap-4"),
    float.fromhex("-0x1.999eb43b068ffp-4"),
    float.fromhex("0x1.78182f7afd085p-4"),
    float.fromhex("-0x1.5521375d145cdp-4"),
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
    result: Doubles = _fma(r * square, tail, low) + high
    return result


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
    result: Doubles = high + _fma(tail, cube, low)
    return result


def _fma(a: Doubles, b: Doubles | float, c: Doubles | float) -> Doubles:
    """a·b + c, rounded once (Dekker's product, Knuth's sum; the two errors are added to the sum)."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = a_low * b_low - (product - a_high * b_high - a_low * b_high - a_high * b_low)
    total = product + c
    part = total - product
    result: Doubles = total + ((product - (total - part)) + (c - part) + error)
    return result


def _split(x: Doubles | float) -> tuple[Doubles | float, Doubles | float]:
    """Two numbers of 26 bits whose sum is x (Veltkamp)."""
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high
