"""Orders and choices, drawn on the serial generator: shuffle and multinomial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import DTypeLike, Shape, dtype_of, shape_of, traced
from .logarithm import logf
from .threads import current

__all__ = ["multinomial", "shuffle", "shuffled"]

_CHUNK = 1 << 12  # choices made at once; one word of 2^32/n is refused, and its chunk's rest made again

_CHOICES = ("float16", "float32", "float64", "int32", "uint8")


def shuffled(count: int, *, rows: bool = False) -> NDArray[np.intp]:
    """Where each element of a shuffled array was before.

    Args:
        count: of elements, or of rows.
        rows: whether the array has more than one dimension: its rows are shuffled, by the same
            exchanges in another order.

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.shuffled(5)
    array([3, 1, 4, 2, 0])
    """
    order = list(range(count))
    places = range(count - 1, 0, -1) if rows else range(1, count)
    for place, other in zip(places, _places_up_to(places), strict=True):
        order[place], order[other] = order[other], order[place]
    return np.array(order, np.intp)


def shuffle(data: NDArray[Any]) -> NDArray[Any]:
    """A copy of data with its elements, or its rows, in another order.

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.shuffle(np.array([[1, 2], [3, 4], [5, 6]]))
    array([[5, 6],
           [1, 2],
           [3, 4]])
    """
    return data[shuffled(len(data), rows=data.ndim > 1)]


def multinomial(
    data: NDArray[np.floating[Any]],
    shape: Shape = None,
    get_prob: bool = False,
    dtype: DTypeLike = "int32",
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
    """Choices of 0 … k − 1 with the probabilities data, for each of its rows.

    Where the probabilities add up to less than 1, k can be chosen, as in MXNet.

    Args:
        data: probabilities, of shape (k,) or (n, …, k), in float16, float32 or float64.
        shape: of the choices for one row; None is one choice, without a dimension of its own.
        get_prob: whether to give the logarithms of the choices' probabilities too.
        dtype: of the choices: int32, uint8, float16, float32 or float64.

    Returns:
        The choices, of shape (n, …, *shape), or (1,) for one row and one choice; with get_prob the
        logarithms too, in the dtype of data. That of a choice of k is minus infinity (MXNet reads
        what lies behind the row).

    Raises:
        MXNetError: data is not of floats, or the dtype is another.

    >>> from glueball.mxnet import generators
    >>> generators.seed(1)
    >>> generators.multinomial(np.array([[0.1, 0.9], [0.5, 0.5]]), shape=4)
    array([[1, 0, 0, 1],
           [0, 1, 1, 1]], dtype=int32)
    """
    name = dtype_of(dtype, _CHOICES, "_sample_multinomial")
    if data.dtype.name not in ("float16", "float32", "float64"):
        reason = f"This operation only support floating point types, not {data.dtype.name}"
        raise traced("operator/random/./sample_multinomial_op.h", 174, reason)
    sizes = () if shape is None else shape_of(shape)
    probabilities = data.reshape(-1, data.shape[-1])
    each = prod(sizes)
    u = current().serial.take(len(probabilities) * each).astype(np.float32)
    u *= np.float32(2.0**-32)
    # The sums are rounded to float32, and everything to float16 where data is.
    rounded = np.dtype(np.float16 if data.dtype == np.float16 else np.float32)
    ends = probabilities.cumsum(axis=1, dtype=np.float64).astype(rounded).astype(np.float32)
    points = u.astype(rounded).astype(np.float32).reshape(-1, each)
    chosen = np.stack([_count_below(row, row_points) for row, row_points in zip(ends, points, strict=True)])
    whole = (*data.shape[:-1], *sizes) or (1,)
    choices = chosen.astype(name).reshape(whole)
    if not get_prob:
        return choices
    padded = np.concatenate([probabilities, np.zeros((len(probabilities), 1), data.dtype)], axis=1)
    likely = np.take_along_axis(padded, chosen, axis=1).astype(np.float32).reshape(-1)
    logarithms = np.full(likely.shape, -np.inf, np.float32)
    positive = likely > 0
    logarithms[positive] = logf(likely[positive])
    return choices, logarithms.astype(data.dtype).reshape(whole)


def _count_below(ends: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.intp]:
    """How many ends lie below each point, by halving: also where the ends do not rise."""
    return np.searchsorted(ends, points, side="left").astype(np.intp)


def _places_up_to(places: Sequence[int]) -> Iterator[int]:
    """For each place a number from 0 to it, both included, all of them equally likely."""
    serial = current().serial
    for start in range(0, len(places), _CHUNK):
        bounds = np.array(places[start : start + _CHUNK], np.int64) + 1
        shares = (2**32 - 1) // bounds
        while len(bounds):
            words = serial.peek(len(bounds))[: len(bounds)]
            refused = words >= shares * bounds
            accepted = int(refused.argmax()) if refused.any() else len(bounds)
            serial.take(min(accepted + 1, len(bounds)))
            yield from (words[:accepted] // shares[:accepted]).tolist()
            bounds, shares = bounds[accepted:], shares[accepted:]
