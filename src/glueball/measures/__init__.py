"""Measures: what one array of numbers is like, found in one pass, and how far two arrays are apart.

No model is known here, only NumPy's arrays and their dtypes, ml_dtypes' among them. Sums are taken in
float64 and merged as Chan, Golub and LeVeque do it ("Updating formulae and a pairwise algorithm for computing
sample variances", 1979), so neither the length of an array nor a large mean costs digits, and what one thread
found is added to what another did. An array is read in pieces that stay in a core's cache.

- min, max, mean, std, norm, histogram and quantiles are those of the **finite** elements; NaN and infinities
  are counted beside them. One NaN in ten million hides nothing else.
- of **complex** arrays, mean, std and norm are NumPy's; min, max, histogram and quantiles are those of the
  magnitudes.
- **quantiles** come from bins of the floats' bits. Of dtypes of one or two bytes, and of arrays of up to 256
  elements, every value has a bin of its own, so they are exact. Otherwise a bin is the upper 16 bits of the
  float32, and a quantile is within 1/128 of its own size.

The rooms inside: `stats` (what is found), `bins` (counts by bits), `meter` (one array, piece by piece),
`measuring` (arrays and many of them, on all cores), `parts` (what they are read in), `selection` (exact
quantiles), `rank` (effective rank), `comparison` (two arrays), `threads`, `compiled` and `kernels` (the loops
by numba, where the extra `fast` is installed).
"""

from .bins import Bins, Histogram, check_shares
from .comparison import Comparison, compare
from .measuring import Source, array_source, asked_for, measure, measure_many
from .meter import Meter
from .rank import effective_rank
from .selection import exact_quantiles
from .stats import Stats

__all__ = [
    "Bins",
    "Comparison",
    "Histogram",
    "Meter",
    "Source",
    "Stats",
    "array_source",
    "asked_for",
    "check_shares",
    "compare",
    "effective_rank",
    "exact_quantiles",
    "measure",
    "measure_many",
]
