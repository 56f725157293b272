"""Stats: what is known of one array."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .bins import Bins, Histogram, check_shares

__all__ = ["Stats"]


@dataclass(frozen=True, slots=True, eq=False)
class Stats:
    """What is known of one array; all but `count`, `nan` and `inf` speak of its finite elements.

    Attributes:
        dtype: its name.
        count: all elements.
        min: the smallest; NaN where no element is finite, as max, mean and std then are.
        max: the largest.
        mean: their mean; complex of a complex array.
        std: the square root of the mean of `|x - mean|²`, as `numpy.std` has it (torch.std divides by n - 1).
        norm: the square root of the sum of `|x|²`.
        zeros: elements that are 0.
        nan: elements that are NaN.
        inf: elements that are infinite, of either sign.
        histogram: 64 bins of equal width from min to max. Counts are exact for up to 4,096 elements, for
            dtypes of one or two bytes, and where the range is narrow beside the numbers in it; else the bins
            of bits that lie across an edge are divided between its sides.
        bins: what quantiles are read from.
        rank: the effective rank, where it was asked for and the array is a matrix.
        exact: quantiles that were asked for exactly, by their shares.
    """

    dtype: str
    count: int
    min: float
    max: float
    mean: float | complex
    std: float
    norm: float
    zeros: int
    nan: int
    inf: int
    histogram: Histogram = field(repr=False)
    bins: Bins = field(repr=False)
    rank: float | None = None
    exact: Mapping[float, float] = field(default_factory=dict, repr=False)

    @property
    def finite(self) -> int:
        """How many elements are finite."""
        return self.count - self.nan - self.inf

    @property
    def share_zeros(self) -> float:
        """The share of the elements that are 0; 0 of an empty array."""
        return self.zeros / self.count if self.count else 0.0

    @property
    def rms(self) -> float:
        """The root of the mean square."""
        return self.norm / math.sqrt(self.finite) if self.finite else math.nan

    @property
    def median(self) -> float:
        """The quantile of 0.5."""
        return self.quantile(0.5)

    @property
    def resolution(self) -> float:
        """How far a quantile may be off, as a share of its own size; 0 where quantiles are exact.

        It is 1/128 where not more bins were left out to save memory (see `coarse`).
        """
        return self.bins.resolution

    @overload
    def quantile(self, q: float) -> float: ...
    @overload
    def quantile(self, q: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]: ...
    def quantile(self, q: Any) -> Any:
        """The value below which a share q of the finite elements lies, by NumPy's default rule.

        It is within `resolution` of the exact one, as a share of its own size; exact where that is 0, for
        q = 0 and 1, and where it was asked for when the array was measured. Numbers of float64 beyond the
        range of float32 (below 1e-38, above 3e38) share one bin on each side.

        Args:
            q: a share from 0 to 1, or several.

        Raises:
            MeasureError: not from 0 to 1.

        >>> import numpy as np
        >>> from glueball.measures import measure
        >>> measure(np.arange(11.0)).quantile([0.25, 0.5])
        array([2.5, 5. ])
        """
        shares = check_shares(q)
        if not self.finite:
            found = np.full(shares.shape, np.nan)
        else:
            place = np.atleast_1d(shares) * (self.finite - 1)
            below = np.floor(place).astype(np.int64)
            above = np.minimum(below + 1, self.finite - 1)
            first, second = (self.bins.at_ranks(rank, self.min, self.max) for rank in (below, above))
            found = (first + (second - first) * (place - below)).reshape(shares.shape)
        for share, value in self.exact.items():
            found = np.where(shares == share, value, found)
        return float(found) if shares.ndim == 0 else found

    def coarse(self, bins: int) -> Stats:
        """The same with at most so many bins for quantiles: less memory, larger `resolution`."""
        fewer = self.bins.coarse(bins)
        return self if fewer is self.bins else replace(self, bins=fewer)

    def as_dict(self) -> dict[str, Any]:
        """The numbers by name, for a data frame or JSON; without histogram and bins."""
        names = ("count", "min", "max", "mean", "std", "norm", "zeros", "nan", "inf")
        found = {name: getattr(self, name) for name in names}
        if self.rank is not None:
            found["rank"] = self.rank
        found.update({f"q{share:g}": value for share, value in self.exact.items()})
        return found

    def __repr__(self) -> str:
        parts = [f"{self.count:,} elements" if self.count != 1 else "1 element"]
        if self.finite:
            parts += [f"{name} {getattr(self, name):.5g}" for name in ("min", "max", "mean", "std", "norm")]
        parts += [f"{getattr(self, name):,} {word}" for name, word in _WORDS.items() if getattr(self, name)]
        if self.rank is not None:
            parts.append(f"effective rank {self.rank:.4g}")
        return f"Stats({self.dtype}, {', '.join(parts)})"


_WORDS = {"zeros": "zeros", "nan": "NaN", "inf": "infinite"}
