"""Orders and choices, drawn on the serial generator: shuffle and multinomial."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import MXNetError
from .arguments import DTypeLike, Shape, dtype_of, shape_of
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
    if count == 0:
        return np.empty(0, np.intp)
    return _exchanged_down(count) if rows else _exchanged_up(count)


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
        raise MXNetError(f"This operation only support floating point types, not {data.dtype.name}")
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


def _exchanged_up(count: int) -> NDArray[np.intp]:
    """0 … count − 1 after exchanging place i with one up to it, for i = 1, 2, …, all at once.

    Before step i, place i holds i. What step i finds at its other place j is what the last step before it
    with the same j brought there, and if there was none, what step j found.
    """
    other, place = _grouped(np.arange(count))
    follows = np.flatnonzero(other[1:] == other[:-1]) + 1
    found_by = other.copy()  # in the order of `place`: the step whose find it is
    found_by[follows] = place[follows]
    link = np.empty(count, np.intp)
    link[place] = found_by
    found = np.arange(count)
    found[place[follows]] = place[follows - 1]
    order = found[_followed(link)]
    last = np.append(other[1:] != other[:-1], True)
    order[other[last]] = place[last]
    return order


def _exchanged_down(count: int) -> NDArray[np.intp]:
    """0 … count − 1 after exchanging place i with one up to it, for i = count − 1, …, 2, 1, all at once.

    What place p holds at step i was brought by the step before it, the next larger, with the same other
    place: it is what that step's own place held.
    """
    other, place = _grouped(np.arange(count - 1, -1, -1))
    again = np.append(other[1:] == other[:-1], False)  # another step follows for the same place
    first = np.append(True, other[1:] != other[:-1])
    itself = first & (place == other)
    brings = (first & ~itself) | np.append(False, (itself & again)[:-1])
    link = np.arange(count)
    link[other[brings]] = place[brings]
    held = _followed(link)
    order = np.empty(count, np.intp)
    order[place[~again]] = other[~again]
    again_at = np.flatnonzero(again)
    order[place[again_at]] = held[place[again_at + 1]]
    return order


def _grouped(places: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The other place drawn for each place, and the place, sorted by the first and then the second."""
    count = len(places)
    keys = _places_up_to(places)
    keys *= count
    keys += places
    keys.sort()
    return np.divmod(keys, count)


def _followed(link: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each place comes to in the end by following its link."""
    while True:
        further = link[link]
        if (further == link).all():
            return link
        link = further


def _places_up_to(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each place a number from 0 to it, both included, all equally likely; for 0 none is drawn."""
    serial = current().serial
    drawn = np.zeros(len(places), np.intp)
    todo = np.flatnonzero(places)
    start, stop = (int(todo[0]), int(todo[-1]) + 1) if len(todo) else (0, 0)
    while start < stop:
        bounds = places[start : min(start + _CHUNK, stop)].astype(np.uint32) + np.uint32(1)
        shares = np.uint32(2**32 - 1) // bounds
        words = serial.peek(len(bounds))[: len(bounds)]
        refused = words >= shares * bounds
        accepted = int(refused.argmax()) if refused.any() else len(bounds)
        np.floor_divide(
            words[:accepted], shares[:accepted], out=drawn[start : start + accepted], casting="unsafe"
        )
        serial.take(min(accepted + 1, len(bounds)))
        start += accepted
    return drawn
