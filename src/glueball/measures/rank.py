"""The effective rank of a matrix: how many directions its singular values are spread over."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MeasureError

__all__ = ["effective_rank"]


def effective_rank(array: NDArray[Any]) -> float:
    """exp(H(p)), where p are the singular values divided by their sum and H is Shannon's entropy.

    From O. Roy, M. Vetterli, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007. It is
    at most the rank, which it is where all singular values are equal; 1 for a matrix of rank 1, and 0 for one
    of zeros or without elements. NaN where an element is not finite.

    Args:
        array: of two dimensions or more; the first is the rows, all others together the columns, as in a
            convolution's kernel. It is copied to float64 (complex128).

    Raises:
        MeasureError: it has fewer than two dimensions.

    >>> import numpy as np
    >>> round(effective_rank(np.diag([1.0, 1.0, 0.0])), 9)
    2.0
    """
    if array.ndim < 2:
        raise MeasureError(f"an effective rank is a matrix's, and this array has the shape {array.shape}")
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    matrix = array.astype(wide).reshape(len(array), -1) if array.size else np.empty((0, 0))
    if not np.isfinite(matrix).all():
        return math.nan
    largest = np.abs(matrix).max(initial=0.0)
    if not largest:
        return 0.0
    values = np.linalg.svd(matrix / largest, compute_uv=False)
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))
