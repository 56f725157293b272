"""Distributions as values, and how a 32-bit word becomes a float of one.

A distribution is a frozen value: its kind and its arguments, checked when it is made. It holds no
state and no seed. One word makes one element, whatever the kind, so no element waits for another
and nothing is rejected:

- uniform: u is the word's upper 24 bits as a fraction; x = low + (high - low) u.
- normal: z is the inverse distribution function at the middle of the word's cell; x = mean + std z.
- truncated normal: the bounds' probabilities are 64-bit integers A < B; the word picks a point
  between them, q = A + ((2w + 1)(B - A) >> 33), then as the normal, then clamped.

float64 takes a second word: m is the first word and the upper 21 bits of the second, 53 bits in all,
and takes the word's place (with >> 54). Arguments are rounded to the dtype first, then each operation
is rounded once.

Invariants: x is monotonic in w for the uniform; Uniform and TruncatedNormal stay in their closed
interval, with the bounds as the dtype has them; `TruncatedNormal`'s A and B come from decimal
arithmetic of 60 digits, whose results the standard of Python's `decimal` fixes, and so are the same
on every machine.
"""

from __future__ import annotations

import decimal
import math
import numbers
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from glueball.errors import InitializerError

from .normal import normal_from_bits
from .philox import Word

__all__ = [
    "Distribution",
    "Normal",
    "TruncatedNormal",
    "Uniform",
    "between",
    "constants",
    "values",
]

Columns: TypeAlias = tuple[Any, ...]  # a kind's constants: scalars, or one array element each

_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628621")
_CONTEXT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)


def _number(owner: object, field: str, *, finite: bool = True) -> None:
    """Make the field a float, or raise InitializerError."""
    value: object = getattr(owner, field)
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        number = float(value) + 0.0  # no negative zero: equal distributions give equal bits
        if math.isfinite(number) or not (finite or math.isnan(number)):
            object.__setattr__(owner, field, number)
            return
    wanted = "a finite number" if finite else "a number, or an infinity for no bound"
    raise InitializerError(
        f"{type(owner).__name__}: {field}={value!r} is not {wanted}; write {field} as {wanted}"
    )


def _ordered(owner: Uniform | TruncatedNormal) -> None:
    if owner.low > owner.high:
        raise InitializerError(f"{owner}: low lies above high; write low={owner.high!r}, high={owner.low!r}")


def _spread(owner: Normal | TruncatedNormal) -> None:
    if owner.std < 0:
        raise InitializerError(f"{owner}: std is negative; write std={-owner.std!r}")


@final
@dataclass(frozen=True, slots=True)
class Uniform:
    """Evenly spread over [low, high]; the upper end can be reached by rounding only.

    Raises InitializerError if low > high or one is not finite.

    >>> Uniform(-0.1, 0.1)
    Uniform(low=-0.1, high=0.1)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _number(self, "low")
        _number(self, "high")
        _ordered(self)


@final
@dataclass(frozen=True, slots=True)
class Normal:
    """The normal distribution; std is its standard deviation, 0 allowed.

    Raises InitializerError if std < 0 or an argument is not finite.

    >>> Normal(0, 0.02)
    Normal(mean=0.0, std=0.02)
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        _number(self, "mean")
        _number(self, "std")
        _spread(self)


@final
@dataclass(frozen=True, slots=True)
class TruncatedNormal:
    """The normal distribution of mean and std, conditioned on lying in [low, high].

    The bounds are absolute (not multiples of std), and either may be infinite; mean and std are
    those of the normal before it is cut. Raises InitializerError if an argument is wrong or the
    part holds less than 2^-53 of the normal's mass.

    >>> TruncatedNormal(0, 0.02, -0.04, 0.04)
    TruncatedNormal(mean=0.0, std=0.02, low=-0.04, high=0.04)
    """

    mean: float
    std: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _number(self, "mean")
        _number(self, "std")
        _number(self, "low", finite=False)
        _number(self, "high", finite=False)
        _spread(self)
        _ordered(self)
        between(self)


Distribution: TypeAlias = Uniform | Normal | TruncatedNormal


def _below(x: Decimal) -> Decimal:
    """The standard normal's mass below x, to an absolute 1e-57 or better; call in `_CONTEXT`.

    1/2 + density(x) * (x + x^3/3 + x^5/(3*5) + x^7/(3*5*7) + ...), Abramowitz and Stegun 26.2.11.
    """
    if abs(x) > 16:  # the other side's mass is below 1e-57
        return Decimal(int(x > 0))
    square, term, total, odd = x * x, x, x, 1
    while abs(term) > Decimal("1e-60"):
        odd += 2
        term = term * square / odd
        total += term
    return Decimal("0.5") + total * (-square / 2).exp() / (2 * _PI).sqrt()


@lru_cache(maxsize=4096)
def between(distribution: TruncatedNormal) -> tuple[int, int, bool]:
    """(A, B, mirrored): the bounds' probabilities in units of 2^-64, rounded to the nearest.

    A part that lies above the mean is mirrored: A and B are those of the reflected part, the word is
    complemented and the result's sign turned. So a part and its reflection give opposite values.

    >>> between(TruncatedNormal(0, 1, -math.inf, 0)) == (0, 2**63, False)
    True
    """
    d = distribution
    if d.std == 0:
        if d.low <= d.mean <= d.high:
            return 0, 2**64, False
        mass, mirrored = Decimal(0), False
        low = high = Decimal(0)
    else:
        with decimal.localcontext(_CONTEXT):
            low, high = ((Decimal(v) - Decimal(d.mean)) / Decimal(d.std) for v in (d.low, d.high))
            mirrored = low >= 0
            if mirrored:
                low, high = -high, -low
            low, high = _below(low), _below(high)
            mass = high - low
    if mass < Decimal(2) ** -53:
        raise InitializerError(
            f"{d}: the bounds hold {float(mass):.3g} of the normal's mass, less than 2^-53, too little"
            " to draw from; move low and high nearer to the mean, or write Uniform(low, high)"
        )
    with decimal.localcontext(_CONTEXT):
        a, b = (int((p * 2**64).to_integral_value()) for p in (low, high))
    return a, b, mirrored


def constants(distribution: Distribution, dtype: type[np.float32] | type[np.float64]) -> Columns:
    """What `values` needs of the distribution, rounded to the dtype: a tuple of scalars.

    Uniform: low and high - low. Normal: mean, std. TruncatedNormal: mean, std, low, high, the sign
    (-1 if mirrored), and as uint64 A, the halves of D = B - A, the halves of D // 2, and the word's
    complementing mask.
    """
    if isinstance(distribution, Uniform):
        low, high = dtype(distribution.low), dtype(distribution.high)
        return low, high - low
    mean, std = dtype(distribution.mean), dtype(distribution.std)
    if isinstance(distribution, Normal):
        return mean, std
    a, b, mirrored = between(distribution)
    span = min(b - a, 2**64 - 1)  # the whole axis has 2^64 cells; the last one is left out
    halves = (span >> 32, span & 0xFFFFFFFF, span >> 33, span >> 1 & 0xFFFFFFFF)
    flip = 0xFFFFFFFF if mirrored else 0
    with np.errstate(over="ignore"):  # a bound beyond the dtype is no bound
        low, high = dtype(distribution.low), dtype(distribution.high)
    return (
        *(mean, std, low, high),
        dtype(-1 if mirrored else 1),
        *(np.uint64(v) for v in (a, *halves, flip)),
    )


def values(
    kind: type[Distribution], first: Word, second: Word | None, columns: Columns
) -> NDArray[np.float32] | NDArray[np.float64]:
    """One float for each word: float32 from the first words alone, float64 with the second ones.

    columns are the `constants` of a distribution of this kind, or arrays of them, one for each word.

    >>> words = np.array([0, 2**31, 2**32 - 1], np.uint32)
    >>> values(Uniform, words, None, constants(Uniform(0, 2), np.float32))
    array([0.       , 1.       , 1.9999999], dtype=float32)
    """
    if kind is TruncatedNormal:
        return _truncated(first, second, columns)
    offset, factor = columns
    x: NDArray[Any]
    if second is not None:
        m = (first.astype(np.uint64) << np.uint64(21)) | (second >> np.uint32(11))
        if kind is Uniform:
            x = m.astype(np.float64)
            x *= 2.0**-53
        else:
            x = normal_from_bits(m, 53, np.float64)
    elif kind is Uniform:
        x = (first >> np.uint32(8)).astype(np.float32)
        x *= np.float32(2.0**-24)
    else:
        x = normal_from_bits(first, 32, np.float32)
    x *= factor
    x += offset
    return x


def quantile_bits(first: Word, second: Word | None, a: Any, *parts: Any) -> NDArray[np.uint64]:
    """The point q = A + ((2w + 1) D >> 33), or A + ((2m + 1) D >> 54) with 53 bits, in uint64.

    parts: the halves of D and of D // 2, and the complementing mask. The product has 97 bits (118), so
    it is put together of 32-bit halves: (2w + 1) D >> 33 equals (w D + D // 2) >> 32, since the half
    that D // 2 drops cannot carry.
    """
    d1, d0, h1, h0, flip = parts
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    w = first.astype(np.uint64) ^ flip
    if second is not None:  # the same with m = 2^21 w + v: add (v D + D // 2) >> 21 in D // 2's place
        v = (second ^ flip) >> np.uint64(11)
        carried = (v * d0 + h0) >> np.uint64(21)
        carried += (v * d1 + h1) << np.uint64(11)
        h1, h0 = carried >> half, carried & low
    q: NDArray[np.uint64] = w * d0
    q += h0
    q >>= half
    q += w * d1
    q += h1
    q += a
    return q


def _truncated(
    first: Word, second: Word | None, columns: Columns
) -> NDArray[np.float32] | NDArray[np.float64]:
    mean, std, low, high, sign, *parts = columns
    q = quantile_bits(first, second, *parts)
    dtype: Any = np.float32 if second is None else np.float64
    x: NDArray[Any] = normal_from_bits(q, 64, dtype)
    x *= sign
    x *= std
    x += mean
    # Not minimum and maximum: which of two zeros these give is left open.
    x = np.where(x < low, low, x)
    return np.where(x > high, high, x)
