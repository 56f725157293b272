"""Mean and sum of squares of a row of numbers, found in parts that are put together.

Formulas: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing
sample variances", 1979: with δ the difference of two means, the sum of squared deviations of both parts is
M_a + M_b + δ²·n_a·n_b / (n_a + n_b).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments", "moments"]

_NONE = -(1 << 14)  # below any exponent of a float64


@dataclass(slots=True)
class Moments:
    """A count, a mean and a sum of squared deviations, of numbers that were multiplied by 2**-exponent.

    Numbers whose squares a float64 cannot hold have an exponent; of all others it is 0.
    """

    count: int = 0
    mean: Any = 0.0  # a float, or a complex number
    squares: float = 0.0
    exponent: int = _NONE

    def add(self, other: Moments) -> None:
        """Put another part's to these."""
        if not other.count:
            return
        exponent = max(self.exponent, other.exponent)
        mean, squares = self._at(exponent)
        its_mean, its_squares = other._at(exponent)
        count = self.count + other.count
        apart = its_mean - mean
        self.squares = squares + its_squares + abs(apart) ** 2 * (self.count * (other.count / count))
        self.mean = mean + apart * (other.count / count)
        self.count, self.exponent = count, exponent

    def _at(self, exponent: int) -> tuple[Any, float]:
        by = self.exponent - exponent
        if not by:
            return self.mean, self.squares
        return _scaled(self.mean, by), float(np.ldexp(self.squares, max(2 * by, -(1 << 30))))

    def results(self) -> tuple[Any, float, float]:
        """(mean, std, norm); of nothing (NaN, NaN, 0)."""
        if not self.count:
            return np.nan, np.nan, 0.0
        std = math.sqrt(self.squares / self.count)
        norm = math.sqrt(self.squares + abs(self.mean) ** 2 * self.count)
        if self.exponent in (0, _NONE):  # of numbers of a usual size, and of zeros
            return self.mean, std, norm
        with np.errstate(over="ignore"):
            std, norm = (float(np.ldexp(one, self.exponent)) for one in (std, norm))
        return _scaled(self.mean, self.exponent), std, norm


def _scaled(number: Any, exponent: int) -> Any:
    if isinstance(number, complex):
        return complex(np.ldexp(number.real, exponent), np.ldexp(number.imag, exponent))
    return float(np.ldexp(number, exponent))


def moments(work: NDArray[Any], largest: float) -> Moments:
    """Those of finite numbers.

    Args:
        work: float64 or complex128, one dimension, at least one element; it is overwritten.
        largest: no magnitude is above it.
    """
    exponent = 0 if largest else _NONE
    if largest and not 1e-140 < largest < 1e140:
        exponent = int(np.frexp(largest)[1])
        # In two steps, since 2**-exponent itself may be too large for a float64.
        for half in (exponent // 2, exponent - exponent // 2):
            work *= 2.0**-half
    count = len(work)
    mean = (work.sum() / count).item()
    work -= mean
    if work.dtype.kind == "c":
        work = work.view(np.float64)
    np.multiply(work, work, out=work)
    return Moments(count, mean, float(work.sum()), exponent)
